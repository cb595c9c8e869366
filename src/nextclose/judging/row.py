"""One model at one step against persistence: metrics and tests, before any verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Text
from nextclose.core.results import Kind
from nextclose.core.types import Float64s
from nextclose.judging import metrics
from nextclose.judging.accuracy_tests import TestResult, clark_west, diebold_mariano, pesaran_timmermann
from nextclose.judging.bootstrap import skill_interval


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured of one model at one step."""

    name: str
    kind: Kind
    step: int
    n: int
    rmse: float
    mae: float
    mape: float
    skill: float
    skill_lo: float
    skill_hi: float
    directional_accuracy: float
    always_up: float
    ties: float
    dm: TestResult
    cw: TestResult
    pt: TestResult
    coverage: float
    level: float
    rmse_ratio: float
    """RMSE over persistence's."""
    rmse_by_seed: tuple[float, ...]
    rmse_ratio_by_seed: tuple[float, ...]

    def reasons(self) -> dict[str, Text]:
        """Field name -> why it is NaN."""
        undefined = {"dm": self.dm.undefined, "cw": self.cw.undefined, "pt": self.pt.undefined}
        found = {name: reason for name, reason in undefined.items() if reason is not None}
        if np.isnan(self.skill):
            found["skill"] = Text("persistence makes no error on these sessions, or there are none")
        if np.isnan(self.coverage):
            found["coverage"] = Text("no forecast has an interval: each needs 20 matured errors of its model")
        if "dm" in found:
            found["pvalue_adjusted"] = found["dm"]
        return found


def measure(rows: Forecasts, by_seed: Float64s, *, name: str, kind: Kind, step: int) -> Measured:
    """Measure one model's rows (n,), oldest first, all with a truth; `by_seed` (S, n) holds each seed's yhat."""
    y, yhat, last = rows.y, rows.yhat, rows.last_close
    error, naive = rows.error, (y - last) / last
    base = metrics.rmse(y, last)
    seeds = tuple(metrics.rmse(y, seed) for seed in by_seed)
    lo, hi = skill_interval(error, naive)
    levels = rows.level[np.isfinite(rows.level)]
    return Measured(
        name=name,
        kind=kind,
        step=step,
        n=len(rows),
        rmse=metrics.rmse(y, yhat),
        mae=metrics.mae(y, yhat),
        mape=metrics.mape(y, yhat),
        skill=metrics.skill(error, naive),
        skill_lo=lo,
        skill_hi=hi,
        directional_accuracy=metrics.directional_accuracy(y, yhat, last),
        always_up=metrics.always_up(y, last),
        ties=metrics.ties(y, last),
        dm=diebold_mariano(error, naive, step),
        cw=clark_west(error, naive, step),
        pt=pesaran_timmermann(metrics.rises(y, last), metrics.rises(yhat, last)),
        coverage=metrics.coverage(y, rows.lo, rows.hi),
        level=float(levels[0]) if len(levels) else float("nan"),
        rmse_ratio=_ratio(metrics.rmse(y, yhat), base),
        rmse_by_seed=seeds,
        rmse_ratio_by_seed=tuple(_ratio(seed, base) for seed in seeds),
    )


def _ratio(value: float, base: float) -> float:
    return value / base if base > 0.0 else float("nan")
