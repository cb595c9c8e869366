"""The plainer forecasts that a net must beat. All predict the next close from windows of open, high, low, close."""

from __future__ import annotations

from nextclose.baselines.ar import AutoRegression
from nextclose.baselines.baseline import Baseline
from nextclose.baselines.drift import Drift
from nextclose.baselines.persistence import Persistence
from nextclose.baselines.ridge import Ridge
from nextclose.baselines.train_mean import TrainMean
from nextclose.core.errors import SettingsError

BASELINES = ("persistence", "drift", "train-mean", "ar", "ridge")
"""Their names, plainest first."""

__all__ = ["BASELINES", "Baseline", "make_baseline"]


def make_baseline(name: str, seq_len: int) -> Baseline:
    """The unfitted baseline called `name` on windows of `seq_len` sessions. Raises SettingsError for an unknown one."""
    known: dict[str, Baseline] = {
        "persistence": Persistence(),
        "drift": Drift(),
        "train-mean": TrainMean(),
        "ar": AutoRegression(lags=max(seq_len - 1, 1)),
        "ridge": Ridge(seq_len=seq_len),
    }
    if name not in known:
        raise SettingsError("unknown baseline '{name}': expected one of {known}", name=name, known=", ".join(known))
    return known[name]
