"""One model at one step against persistence: metrics and tests, before any verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Text
from nextclose.core.results import Kind, Rejudged
from nextclose.core.types import Float64s
from nextclose.judging import metrics
from nextclose.judging.accuracy_tests import TestResult, clark_west, diebold_mariano
from nextclose.judging.bootstrap import skill_interval
from nextclose.judging.copying import Copying, copying
from nextclose.judging.direction import pesaran_timmermann
from nextclose.judging.mincer_zarnowitz import Line, mincer_zarnowitz
from nextclose.judging.panel import Panel
from nextclose.judging.shifts import rejudge
from nextclose.judging.wandering import wanders

ALARM = 0.05
"""Skill on daily closes above which something is more likely wrong than right."""
NO_INTERVAL = Text("no forecast has an interval (lo and hi); our own begin after 20 matured errors of their model")
NO_LEVEL = Text("the intervals claim no level below 1")
NO_PROBABILITY = Text("no forecast has a probability (p_up)")
NO_QUANTILES = Text("it has no quantiles, in columns such as q0.05")
NO_ERROR = Text("persistence makes no error on these sessions, or there are none")
NOTHING = Text("no session has a forecast and its truth")


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """What was measured of one model at one step."""

    name: str
    kind: Kind
    step: int
    panel: Panel
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
        return len(self.panel)

    @property
    def sessions(self) -> int:
        """Target dates."""
        return self.panel.sessions.count

    @property
    def symbols(self) -> int:
        """Symbols."""
        return self.panel.symbols

    @property
    def is_persistence(self) -> bool:
        """Whether it is called so and repeats the last close."""
        return self.name == "persistence" and not np.any(self.panel.announced)

    def reasons(self) -> dict[str, Text]:
        """Field name -> why it is NaN."""
        tested: dict[str, TestResult | Line] = {"dm": self.dm, "dm_abs": self.dm_abs, "cw": self.cw, "pt": self.pt}
        tested["mz"] = self.mz
        found = {name: result.undefined for name, result in tested.items() if result.undefined is not None}
        if self.n == 0:
            names = ("rmse", "mae", "mape", "rmse_e", "mae_e", "directional_accuracy", "always_up", "ties")
            found |= dict.fromkeys(names, NOTHING)
        why = {
            "skill": NO_ERROR, "skill_lo": NO_ERROR, "skill_hi": NO_ERROR, "relative_mae": NO_ERROR,
            "coverage": NO_INTERVAL, "interval_width": NO_INTERVAL,
            "level": NO_INTERVAL if np.isnan(self.coverage) else NO_LEVEL,
            "interval_score": NO_INTERVAL if np.isnan(self.coverage) else NO_LEVEL,
            "pinball": NO_QUANTILES, "brier": NO_PROBABILITY, "brier_base": NO_PROBABILITY,
        }  # fmt: skip
        found |= {name: reason for name, reason in why.items() if np.isnan(getattr(self, name))}
        if "dm" in found:
            found["pvalue_adjusted"] = found["dm"]
        if "cw" in found:
            found["information_pvalue"] = found["cw"]
        return found


def measure(panel: Panel, by_seed: Float64s, *, name: str, kind: Kind) -> Measured:
    """Measure one model's panel; `by_seed` (S, n) holds each seed's yhat."""
    rows, sessions, step = panel.rows, panel.sessions, panel.step
    y, yhat, last = rows.y, rows.yhat, rows.last_close
    error, naive = panel.error, panel.naive
    base = metrics.rmse(y, last)
    seeds = tuple(metrics.rmse(y, seed) for seed in by_seed)
    rose, called = metrics.rises(y, last), metrics.rises(yhat, last)
    skill = metrics.skill(error, naive)
    lo, hi = skill_interval(sessions.sums(error**2), sessions.sums(naive**2))
    levels = rows.level[np.isfinite(rows.level) & np.isfinite(rows.lo)]
    level = float(levels[0]) if len(levels) else metrics.NAN
    return Measured(
        name=name,
        kind=kind,
        step=step,
        panel=panel,
        rmse=metrics.rmse(y, yhat),
        mae=metrics.mae(y, yhat),
        mape=metrics.mape(y, yhat),
        rmse_e=metrics.rmse(naive, panel.announced),
        mae_e=metrics.mae(naive, panel.announced),
        skill=skill,
        skill_lo=lo,
        skill_hi=hi,
        relative_mae=metrics.relative_mae(error, naive),
        directional_accuracy=metrics.directional_accuracy(y, yhat, last),
        always_up=metrics.always_up(y, last),
        ties=metrics.ties(y, last),
        dm=diebold_mariano(error, naive, step, sessions=sessions),
        dm_abs=diebold_mariano(error, naive, step, sessions=sessions, loss="absolute"),
        cw=clark_west(error, naive, step, sessions=sessions),
        pt=pesaran_timmermann(rose, called, step, sessions=sessions),
        mz=mincer_zarnowitz(panel),
        wanders=wanders(panel),
        copying=copying(panel),
        rejudged=rejudge(panel) if skill > ALARM else (),
        coverage=metrics.coverage(y, rows.lo, rows.hi),
        level=level,
        interval_width=metrics.interval_width(rows.lo / last, rows.hi / last),
        interval_score=_interval_score(rows),
        pinball=_pinball(rows),
        brier=metrics.brier(rose, rows.p_up),
        brier_base=metrics.brier_base(rose, rows.p_up),
        rmse_ratio=_ratio(metrics.rmse(y, yhat), base) if panel.symbols < 2 else float(np.sqrt(1.0 - skill)),
        rmse_by_seed=seeds,
        rmse_ratio_by_seed=tuple(_ratio(seed, base) for seed in seeds),
    )


def _interval_score(rows: Forecasts) -> float:
    """Over the last close, each row at its own level."""
    last = rows.last_close
    return metrics.interval_score(rows.y / last, rows.lo / last, rows.hi / last, rows.level)


def _pinball(rows: Forecasts) -> float:
    """Mean over the quantile columns, over the last close."""
    losses = [
        metrics.pinball(rows.y / rows.last_close, column / rows.last_close, level)
        for level, column in rows.quantiles.items()
    ]
    return float(np.mean(losses)) if losses else metrics.NAN


def _ratio(value: float, base: float) -> float:
    return value / base if base > 0.0 else float("nan")
