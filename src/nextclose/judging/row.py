"""One model at one step against persistence: metrics and tests, before any verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Text
from nextclose.core.results import Kind, Rejudged
from nextclose.core.types import Float64s, Ints
from nextclose.judging import metrics
from nextclose.judging.accuracy_tests import TestResult, equal_losses, information
from nextclose.judging.bootstrap import skill_interval
from nextclose.judging.copying import Copying, copying
from nextclose.judging.direction import independent_calls
from nextclose.judging.mincer_zarnowitz import Line, mincer_zarnowitz
from nextclose.judging.panel import Panel
from nextclose.judging.shifts import rejudge
from nextclose.judging.tally import Tally
from nextclose.judging.wandering import wanders

ALARM = 0.05
"""Skill on daily closes above which something is more likely wrong than right."""
NO_INTERVAL = Text("no forecast has an interval (lo and hi); our own begin after 20 matured errors of their model")
NO_LEVEL = Text("the intervals claim no level below 1")
NO_PROBABILITY = Text("no forecast has a probability (p_up)")
NO_QUANTILES = Text("it has no quantiles, in columns such as q0.05")
NO_ERROR = Text("persistence makes no error on these sessions, or there are none")
NOTHING = Text("no session has a forecast and its truth")
NO_ROWS = Text("the forecasts were added up session by session and are not at hand one by one")
ROWS_ALONE = ("rmse", "mae", "mape", "pinball")
"""Fields that no tally tells."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """What was measured of one model at one step."""

    name: str
    kind: Kind
    step: int
    tally: Tally
    from_rows: bool
    """Whether the rows themselves were there, not their tally alone."""
    rmse: float
    mae: float
    mape: float
    rmse_e: float
    mae_e: float
    skill: float
    skill_lo: float
    skill_hi: float
    relative_mae: float
    directional_accuracy: float
    always_up: float
    ties: float
    dm: TestResult
    dm_abs: TestResult
    cw: TestResult
    pt: TestResult
    mz: Line
    wanders: bool
    """The announced change wanders: one-sided p-values come from Dickey and Fuller's distribution."""
    copying: Copying | None
    rejudged: tuple[Rejudged, ...]
    coverage: float
    level: float
    interval_width: float
    interval_score: float
    pinball: float
    brier: float
    brier_base: float
    rmse_ratio: float
    """RMSE over persistence's: of the price, or of e where there are several symbols, whose prices differ in size."""
    rmse_by_seed: tuple[float, ...]
    rmse_ratio_by_seed: tuple[float, ...]

    @property
    def n(self) -> int:
        """Forecasts."""
        return self.tally.forecasts

    @property
    def sessions(self) -> int:
        """Target dates."""
        return self.tally.sessions

    @property
    def symbols(self) -> int:
        """Symbols."""
        return self.tally.symbols

    @property
    def is_persistence(self) -> bool:
        """Whether it is called so and repeats the last close."""
        return self.name == "persistence" and not np.any(self.tally.announced_squares)

    def reasons(self) -> dict[str, Text]:
        """Field name -> why it is NaN."""
        tested: dict[str, TestResult | Line] = {"dm": self.dm, "dm_abs": self.dm_abs, "cw": self.cw, "pt": self.pt}
        tested["mz"] = self.mz
        found = {name: result.undefined for name, result in tested.items() if result.undefined is not None}
        if self.n == 0:
            names = ("rmse", "mae", "mape", "rmse_e", "mae_e", "directional_accuracy", "always_up", "ties")
            found |= dict.fromkeys(names, NOTHING)
        elif not self.from_rows:
            found |= dict.fromkeys(ROWS_ALONE, NO_ROWS)
        why = {
            "skill": NO_ERROR, "skill_lo": NO_ERROR, "skill_hi": NO_ERROR, "relative_mae": NO_ERROR,
            "coverage": NO_INTERVAL, "interval_width": NO_INTERVAL,
            "level": NO_INTERVAL if np.isnan(self.coverage) else NO_LEVEL,
            "interval_score": NO_INTERVAL if np.isnan(self.coverage) else NO_LEVEL,
            "pinball": NO_QUANTILES, "brier": NO_PROBABILITY, "brier_base": NO_PROBABILITY,
        }  # fmt: skip
        found = {name: reason for name, reason in why.items() if np.isnan(getattr(self, name))} | found
        if "dm" in found:
            found["pvalue_adjusted"] = found["dm"]
        if "cw" in found:
            found["information_pvalue"] = found["cw"]
        return found


def measure(panel: Panel, by_seed: Float64s, *, name: str, kind: Kind) -> Measured:
    """Measure one model's panel; `by_seed` (S, n) holds each seed's yhat."""
    rows = panel.rows
    y, yhat, last = rows.y, rows.yhat, rows.last_close
    found = measure_tally(Tally.of(panel), name=name, kind=kind)
    rmse, base = metrics.rmse(y, yhat), metrics.rmse(y, last)
    seeds = tuple(metrics.rmse(y, seed) for seed in by_seed)
    return replace(
        found,
        from_rows=True,
        rmse=rmse,
        mae=metrics.mae(y, yhat),
        mape=metrics.mape(y, yhat),
        mz=mincer_zarnowitz(panel),
        copying=copying(panel),
        rejudged=rejudge(panel) if found.skill > ALARM else (),
        pinball=_pinball(rows),
        rmse_ratio=_over(rmse, base) if found.symbols < 2 else found.rmse_ratio,
        rmse_by_seed=seeds,
        rmse_ratio_by_seed=tuple(_over(seed, base) for seed in seeds),
    )


def measure_tally(tally: Tally, *, name: str, kind: Kind) -> Measured:
    """What the sessions' sums tell of one model; NaN, None or empty what only rows do."""
    step, lost, base = tally.step, tally.lost, tally.base
    skill = skill_of_sums(lost, base)
    lo, hi = skill_interval(lost, base)
    level = tally.level[np.isfinite(tally.level)]
    share = _mean(tally.stated_rises, tally.stated)
    return Measured(
        name=name,
        kind=kind,
        step=step,
        tally=tally,
        from_rows=False,
        rmse=metrics.NAN,
        mae=metrics.NAN,
        mape=metrics.NAN,
        rmse_e=float(np.sqrt(_mean(lost, tally.n))),
        mae_e=_mean(tally.lost_abs, tally.n),
        skill=skill,
        skill_lo=lo,
        skill_hi=hi,
        relative_mae=_over(float(np.sum(tally.lost_abs)), float(np.sum(tally.base_abs))),
        directional_accuracy=_mean(tally.hits, tally.n),
        always_up=_mean(tally.rises, tally.n),
        ties=_mean(tally.ties, tally.n),
        dm=equal_losses(lost - base, tally.n, step),
        dm_abs=equal_losses(tally.lost_abs - tally.base_abs, tally.n, step, "absolute"),
        cw=information(tally.clark_west, tally.n, step),
        pt=independent_calls(tally.n, tally.rises, tally.calls, tally.called_rises, step),
        mz=Line(lag=step - 1, n=tally.sessions, undefined=NO_ROWS),
        wanders=wanders(tally),
        copying=None,
        rejudged=(),
        coverage=_mean(tally.inside, tally.intervals),
        level=float(level[0]) if len(level) else metrics.NAN,
        interval_width=_mean(tally.width, tally.intervals),
        interval_score=_mean(tally.score, tally.scored),
        pinball=metrics.NAN,
        brier=_mean(tally.brier, tally.stated),
        brier_base=share * (1.0 - share),
        rmse_ratio=float(np.sqrt(1.0 - skill)),
        rmse_by_seed=(),
        rmse_ratio_by_seed=(),
    )


def skill_of_sums(lost: Float64s, base: Float64s) -> float:
    """1 - sum e^2 / sum p^2 from the sessions' sums (T,); NaN where persistence makes no error at all."""
    return 1.0 - _over(float(np.sum(lost)), float(np.sum(base)))


def _mean(sums: Float64s | Ints, counts: Ints) -> float:
    """NaN for nothing."""
    count = int(counts.sum())
    return float(np.sum(sums)) / count if count else metrics.NAN


def _pinball(rows: Forecasts) -> float:
    """Mean over the quantile columns, over the last close."""
    losses = [
        metrics.pinball(rows.y / rows.last_close, column / rows.last_close, level)
        for level, column in rows.quantiles.items()
    ]
    return float(np.mean(losses)) if losses else metrics.NAN


def _over(value: float, base: float) -> float:
    return value / base if base > 0.0 else metrics.NAN
