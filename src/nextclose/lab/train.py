"""The topic "train": the picture first, the judge's sentence after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from nextclose.core.lang import Lang
from nextclose.core.results import ModelRow
from nextclose.lab.choices import Choices
from nextclose.lab.desk import Desk
from nextclose.lab.diverged import DivergedError
from nextclose.lab.experiment import Experiment, experiment
from nextclose.lab.frames import Frame
from nextclose.lab.job import Job
from nextclose.lab.judged import verdict
from nextclose.lab.tries import count_try, tally

REST = 0.06
"""Seconds that a picture stands before it is judged: while a slider is dragged, the next picture need not wait for a verdict
that nobody reads."""


def answer(desk: Desk, choices: Choices, ask: Mapping[str, Any], job: Job) -> Iterator[Frame]:
    """Losses, forecasts and skill; then the verdict. Where training diverged, the losses up to there and nothing else."""
    began = perf_counter()
    try:
        found = experiment(desk, choices, job.check)
    except DivergedError as error:
        yield diverged(error, job.lang)
        return
    count_try(desk, found)
    yield picture(desk, found, perf_counter() - began)
    job.rest(REST)
    rows = verdict(desk, found, job.lang)
    yield Frame(header={"part": "verdict", "rows": [_row(row) for row in rows]})


def diverged(error: DivergedError, lang: Lang) -> Frame:
    """The losses of every seed, NaN from where they are no numbers, and what is said of it. They may be too large for f4."""
    assert error.losses is not None
    arrays = {
        name: np.where(np.isfinite(losses), losses, np.nan)
        for name, losses in (("losses", error.losses.losses), ("val_losses", error.losses.val_losses))
    }
    return Frame(header={"part": "diverged", "problem": error.message(lang)}, arrays=arrays, exact=tuple(arrays))


def picture(desk: Desk, found: Experiment, seconds: float) -> Frame:
    """What is drawn at once."""
    lo, hi = found.interval()
    first = found.fold.fits[0].params
    header = {
        "part": "picture",
        "skill": found.skill,
        "skill_lo": lo,
        "skill_hi": hi,
        "ratio": found.ratio,
        "ratios": found.ratios(),
        "best": found.best,
        "shapes": found.walked.shapes or {},
        "weights": sum(int(array.size) for array in first.values()),
        "ms": 1000.0 * seconds,
        **tally(desk),
        "split": [found.split.train_start, found.split.train_stop, found.split.test_first, found.split.test_last],
        "dates": {
            "train_start": str(desk.bars.dates[found.split.train_start]),
            "train_end": str(desk.bars.dates[found.split.train_stop - 1]),
            "test_start": str(desk.bars.dates[found.split.test_first]),
            "test_end": str(desk.bars.dates[found.split.test_last]),
        },
    }
    arrays: dict[str, npt.ArrayLike] = {
        "losses": found.losses.losses,
        "val_losses": found.losses.val_losses,
        "prices": found.prices,
        "yhat": found.yhat,
        "y": found.y,
        "last_close": found.last_close,
        "rows": found.walked.origins.astype(np.int32) + 1,
    }
    return Frame(header=header, arrays=arrays)


_TOLD = (
    "name", "kind", "n", "skill", "skill_lo", "skill_hi", "rmse", "rmse_ratio", "directional_accuracy", "always_up",
    "verdict", "information", "sentence", "pvalue_adjusted",
)  # fmt: skip


def _row(row: ModelRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _TOLD}
