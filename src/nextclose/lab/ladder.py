"""The topic "ladder": from the tutorial's net to repeating the last close, a frame a rung, on the chosen spans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import Any

import numpy as np

from nextclose.core.errors import BarsError
from nextclose.core.results import Rung
from nextclose.lab.choices import Choices, read_choices
from nextclose.lab.desk import Desk
from nextclose.lab.experiment import experiment
from nextclose.lab.frames import Frame
from nextclose.lab.job import Job
from nextclose.lab.tries import count_try, tally
from nextclose.recipes import LADDER
from nextclose.study.ladder import CHANGES, climb, measured_rung, shared_origins
from nextclose.study.walk import Walked


def answer(desk: Desk, choices: Choices, ask: Mapping[str, Any], job: Job) -> Iterator[Frame]:
    """What the rungs are called; each rung as soon as it is walked; then the sentence.

    Every rung has its recipe's own settings, and of `choices` the spans alone, so no fault.

    Raises
    ------
    BarsError : persistence makes no error in the test span.
    """
    yield Frame(header={"part": "plan", "rungs": [[name, CHANGES[name].render(job.lang)] for name in CHANGES]})
    plain = _plain(desk, choices)
    walked: dict[str, Walked] = {}
    for name in CHANGES:
        began = perf_counter()
        job.check_newest()
        walked[name] = _walk(name, desk, choices, job) if name in LADDER else plain[name]
        origins = shared_origins([walked[LADDER[0]], plain["ridge"]])
        rung = measured_rung(walked[name], desk.bars, origins, job.lang)
        told = _told(rung) | {"tally": tally(desk)}
        yield Frame(header={"part": "rung", "ms": 1000.0 * (perf_counter() - began), **told})
    ladder = climb(walked, desk.bars, job.lang)
    assert ladder is not None
    dates = desk.bars.dates[origins + 1]
    yield Frame(
        header={
            "part": "ladder",
            "decisive": ladder.decisive,
            "sentence": ladder.sentence,
            "n": len(origins),
            "first": str(dates[0]),
            "last": str(dates[-1]),
        }
    )


def _walk(name: str, desk: Desk, choices: Choices, job: Job) -> Walked:
    """One of the recipes, whose forecasts are shown and so count as a try."""
    found = experiment(desk, read_choices({"recipe": name, **choices.spans}), job.check)
    count_try(desk, found)
    return found.walked


def _plain(desk: Desk, choices: Choices) -> dict[str, Walked]:
    """The plainer forecasts beside the rungs, by name."""
    tutorial = read_choices({"recipe": LADDER[0], **choices.spans})
    split = desk.split(tutorial)
    if not np.diff(desk.bars.close[split.test_first - 1 : split.test_last + 1]).any():
        raise BarsError(
            "{symbol}: the closes of the test span never change, so nothing can be measured against persistence. Choose "
            "another span.",
            symbol=desk.bars.symbol,
        )
    return {walked.name: walked for walked in desk.baselines(tutorial.recipe.windows.seq_len, split)}


def _told(rung: Rung) -> dict[str, Any]:
    return {"name": rung.name, "ratio": rung.typical, "by_seed": rung.rmse_ratio_by_seed, "skill": rung.skill}
