"""The topics "envelope" and "open": who looked into the sealed quarter, and a look into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nextclose import __version__
from nextclose.core.errors import SettingsError
from nextclose.core.lang import LANGS
from nextclose.judging.splits import Split
from nextclose.lab.bars import days
from nextclose.lab.choices import SWITCHES, Choices
from nextclose.lab.desk import Desk
from nextclose.lab.envelope import Look, Record, seen_words
from nextclose.lab.experiment import Experiment, experiment
from nextclose.lab.frames import Frame
from nextclose.lab.job import Job
from nextclose.lab.judged import verdict
from nextclose.lab.tries import FORESEES

CHEATS = (*FORESEES, "pick")
"""Switches that let a net see what it is asked about, or choose among nets by it."""


class Unsealed(Desk):
    """A desk with the envelope open: nets learn up to the seal and are asked about what was behind it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.whole)
        self.bars = desk.whole

    def split(self, choices: Choices) -> Split:
        """As on the explored bars, with the sealed sessions as the test."""
        spans = {name: date for name, date in choices.spans.items() if name == "train_start"}
        spans |= {"test_start": str(self.bars.dates[self.explored]), "test_end": str(self.bars.dates[-1])}
        return super().split(replace(choices, spans=spans))


def state(desk: Desk, choices: Choices, ask: Mapping[str, Any], job: Job) -> Iterator[Frame]:
    """What the record says; the sealed closes only where they were seen."""
    record = Record.of(desk.whole, desk.explored)
    yield Frame(header=_told(record, job), arrays=_behind(desk) if record.looks else {})


def opened(desk: Desk, choices: Choices, ask: Mapping[str, Any], job: Job) -> Iterator[Frame]:
    """Fit the choices up to the seal, judge them on the sealed sessions, record that, and only then show it.

    Raises SettingsError for choices that see what they are asked about, and where the record cannot be written.
    """
    check_honest(choices)
    record = Record.of(desk.whole, desk.explored)
    unsealed = Unsealed(desk)
    found = experiment(unsealed, choices, job.check)
    told = _look(desk, unsealed, found, experiment(desk, choices, job.check).skill)
    job.check_newest()
    record.look(told)
    arrays = {"yhat": found.yhat, "rows": found.walked.origins.astype(np.int32) + 1}
    yield Frame(header=_told(record, job), arrays=_behind(desk) | arrays)


def check_honest(choices: Choices) -> None:
    """Raise SettingsError while a switch is on that would make the look worthless."""
    bent = [f"{name}={choices.switches[name]}" for name in CHEATS if choices.switches[name] != SWITCHES[name][0]]
    if bent:
        raise SettingsError(
            "the envelope judges what could have been known before, so it stays closed while {bent} is chosen. Switch that "
            "back first.",
            bent=", ".join(bent),
        )


def _look(desk: Desk, unsealed: Unsealed, found: Experiment, explored: float) -> Look:
    rows = {lang: verdict(unsealed, found, lang)[0] for lang in LANGS}
    row = rows["en"]
    return Look(
        settings=found.choices.values,
        tried=desk.tried,
        luck=desk.luck.seldom,
        explored=explored,
        n=row.n,
        skill=row.skill,
        skill_lo=row.skill_lo,
        skill_hi=row.skill_hi,
        verdict=row.verdict,
        sentence={lang: said.sentence for lang, said in rows.items()},
        version=__version__,
    )


def _told(record: Record, job: Job) -> dict[str, Any]:
    return {
        "looks": [
            {
                "when": look.when, "settings": dict(look.settings), "tried": look.tried, "luck": look.luck,
                "explored": look.explored, "n": look.n,
                "skill": look.skill, "skill_lo": look.skill_lo, "skill_hi": look.skill_hi, "verdict": look.verdict,
                "sentence": look.sentence.get(job.lang, look.sentence["en"]), "seen": look.seen,
                "mark": seen_words(look, job.lang),
            }
            for look in record.looks
        ],
        "known": record.known,
        "unreadable": record.unreadable,
        "path": str(record.path),
    }  # fmt: skip


def _behind(desk: Desk) -> dict[str, Any]:
    """The sealed closes and their dates."""
    return {"days": days(desk.whole.dates[desk.explored :]), "close": desk.whole.close[desk.explored :]}
