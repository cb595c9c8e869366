"""How many settings were tried on the explored bars, and how good the best of so many looks by luck alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from nextclose.lab.choices import SWITCHES
from nextclose.lab.desk import Desk
from nextclose.lab.experiment import Experiment

FORESEES = ("leak", "scaler", "split", "axes")
"""Switches that let a net see what it is asked about: no luck is in that."""


def count_try(desk: Desk, found: Experiment) -> None:
    """Count an experiment whose forecasts are shown; where the best of several nets is kept, each is a try."""
    switches = found.choices.switches
    closes = found.prices if switches["pick"] == "best" else found.yhat[None]
    if any(switches[name] != SWITCHES[name][0] for name in FORESEES):
        closes = closes[:0]
    naive = (found.y - found.last_close) / found.last_close
    desk.looked_at(
        found.choices.key,
        (found.y - closes) / found.last_close,
        naive,
        np.asarray(found.walked.origins, dtype=np.int64) + 1,
    )


def tally(desk: Desk) -> dict[str, Any]:
    """How many choices were tried on the desk, and what is known of luck there."""
    luck = desk.luck
    told = {
        "forecasts": luck.count, "best": luck.best, "typical": luck.typical, "seldom": luck.seldom, "pvalue": luck.pvalue,
    }  # fmt: skip
    return {"tried": desk.tried, "luck": told}
