"""The topic "breaks": the current settings without any fault, then with each fault that people commit, and what the judge
says of it; a frame a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nextclose.core.errors import NextcloseError, SettingsError
from nextclose.core.lang import Lang, Text
from nextclose.core.results import ModelRow
from nextclose.judging.row import ALARM
from nextclose.lab.choices import Choices
from nextclose.lab.desk import Desk
from nextclose.lab.experiment import Experiment, experiment
from nextclose.lab.faults import FAULTS, mended, switched_on, with_fault
from nextclose.lab.found import compare, luck_of, luck_told
from nextclose.lab.frames import Frame
from nextclose.lab.job import Job
from nextclose.lab.judged import verdict
from nextclose.lab.tries import count_try, tally

SHOWN = 60
"""Sessions in a row's picture, the latest."""
HONEST, TOGETHER = "honest", "together"
"""Names of the row without any fault, and of that with all that are on, where these are several."""


def answer(desk: Desk, choices: Choices, ask: Mapping[str, Any], job: Job) -> Iterator[Frame]:
    """The honest row, a row a fault, one for all that are switched on, and a note where none of it can show anything.

    What is shown as a fault is no try: nobody is led to keep it. The page may ask for the last of these alone, by
    "only": "together".

    Raises
    ------
    SettingsError : another "only".
    """
    if ask.get("only") not in (None, TOGETHER):
        raise SettingsError('only: expected "{known}" or nothing, got {got}', known=TOGETHER, got=repr(ask["only"]))
    plain = mended(choices)
    honest = experiment(desk, plain, job.check)
    count_try(desk, honest)
    yield _row(HONEST, desk, honest, None, job.lang)
    for name in () if ask.get("only") else FAULTS:
        job.check_newest()
        yield (frame := _faulty(name, desk, plain, honest, job))
        if name == "leak" and frame.header.get("skill", 1.0) <= 0.0:
            yield _note(frame.header["skill"], plain, job.lang)
    if len(switched_on(choices)) > 1:
        job.check_newest()
        yield _row(TOGETHER, desk, experiment(desk, choices, job.check), honest, job.lang)
    yield Frame(header={"part": "done"})


def _faulty(name: str, desk: Desk, plain: Choices, honest: Experiment, job: Job) -> Frame:
    """A fault's row, or what keeps these settings from having that fault."""
    try:
        found = experiment(desk, with_fault(plain, name), job.check)
    except NextcloseError as error:
        return Frame(header={"part": "row", "name": name, "problem": error.message(job.lang)})
    return _row(name, desk, found, honest, job.lang)


def _row(name: str, desk: Desk, found: Experiment, honest: Experiment | None, lang: Lang) -> Frame:
    """What is drawn and told of one experiment; `honest` is what it is held against, and none for the one that is a try."""
    judged = next(row for row in verdict(desk, found, lang) if row.kind == "recipe")
    lo, hi = found.interval()
    dates = desk.bars.dates[found.walked.origins + 1]
    header = {
        "part": "row",
        "name": name,
        "skill": found.skill,
        "skill_lo": lo,
        "skill_hi": hi,
        "n": len(found.y),
        "seeds": found.choices.recipe.seeds,
        "first": str(dates[-SHOWN:][0]),
        "last": str(dates[-1]),
        **_judged(judged),
    }
    if honest is None:
        header["tally"] = tally(desk)
    else:
        compared = compare(honest, found)
        header |= {"outcome": compared.outcome, "found": compared.told(judged, lang)}
    if found.choices.switches["pick"] == "best":
        luck = luck_of(found)
        header["luck"] = {"typical": luck.typical, "seldom": luck.seldom, "told": luck_told(luck, found.skill, lang)}
    shown = {"y": found.y, "yhat": found.yhat, "last_close": found.last_close}
    rows = found.walked.origins[-SHOWN:].astype(np.int32) + 1
    return Frame(header=header, arrays={"rows": rows, **{name: array[-SHOWN:] for name, array in shown.items()}})


def _judged(row: ModelRow) -> dict[str, Any]:
    """What the judge says, and its second look where the alarm rings."""
    return {
        "verdict": row.verdict,
        "sentence": row.sentence,
        "alarm": row.skill > ALARM,
        "rejudged": [[again.shift, again.n, again.skill] for again in row.rejudged],
    }


def _note(skill: float, plain: Choices, lang: Lang) -> Frame:
    """That a net which cannot use the answer itself shows no fault, and a recipe that can."""
    told = Text(
        "Even with the answer in its window this net errs more than repeating the last close, for want of training or because "
        "prices leave the range that it was trained on. So faults hardly show here."
    )
    better = "default" if plain.recipe.windows.target != "price" else "tutorial-return"
    return Frame(header={"part": "note", "note": told.render(lang), "recipe": better, "skill": skill})
