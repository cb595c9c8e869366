"""What a run of a recipe with a series of its own is: frozen values, as `core.results` has them for bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nextclose.core.lang import Lang
from nextclose.core.results import NAN, UNTESTED, Information, Kind, LossCurve, Statistic, Verdict
from nextclose.core.types import Float64s


@dataclass(frozen=True, kw_only=True)
class SeriesData:
    """The series, under the names that `DataSummary` has for bars; what only bars have is None, with the reason."""

    symbol: str
    """The series' name."""
    formula: str
    rows: int
    """Points."""
    start: float
    stop: float
    """t of the first and of the last point."""
    sha256: str
    """Of the values."""
    source: str | None = None
    first: str | None = None
    last: str | None = None
    adjusted: bool = False
    dropped: int = 0
    notes: tuple[Mapping[str, Any], ...] = ()
    exchange: str | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Field name -> why it is None."""


@dataclass(frozen=True, kw_only=True)
class SeriesRow:
    """One model one step ahead, on the points that it was fitted to; what only unseen sessions could tell is NaN or None."""

    name: str
    kind: Kind
    step: int = 1
    n: int
    """Points forecast."""
    rmse: float
    mae: float
    skill: float
    """1 - sum (y - yhat)^2 / sum (y - last value)^2: the series crosses zero, so errors are not divided by the last value."""
    rmse_ratio: float
    """RMSE over persistence's."""
    sentence: str
    rmse_by_seed: tuple[float, ...] = ()
    rmse_ratio_by_seed: tuple[float, ...] = ()
    final_loss_by_seed: tuple[float, ...] = ()
    """Each seed's last training loss."""
    fits: int = 0
    fit_seconds: float = 0.0
    mape: float = NAN
    skill_lo: float = NAN
    skill_hi: float = NAN
    directional_accuracy: float = NAN
    always_up: float = NAN
    ties: float = NAN
    dm: Statistic = UNTESTED
    cw: Statistic = UNTESTED
    pt: Statistic = UNTESTED
    coverage: float = NAN
    level: float = NAN
    verdict: Verdict | None = None
    information: Information | None = None
    pvalue_adjusted: float = NAN
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Field name -> why it is NaN or None."""


@dataclass(frozen=True, kw_only=True)
class Alone:
    """One model that goes on alone from the first window: each prediction becomes the next input."""

    name: str
    kind: Kind
    rmse: float
    """Over all steps; of the mean of the seeds."""
    mae: float
    follows_steps: int
    """Steps before |error| first exceeds the threshold; all of them where it never does."""
    rmse_by_seed: tuple[float, ...] = ()
    follows_steps_by_seed: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """How far the models follow the series when left alone."""

    steps: int
    threshold: float
    """The series' standard deviation."""
    models: tuple[Alone, ...]
    """The recipe, then persistence (the first window's last value for ever) and the series' mean."""
    sentence: str

    @property
    def own(self) -> Alone:
        """The recipe's."""
        return self.models[0]


@dataclass(frozen=True, kw_only=True, eq=False)
class SeriesResult:
    """What a run computed and its page shows; enough to rebuild the page without refitting."""

    lang: Lang
    data: SeriesData
    recipes: Mapping[str, Mapping[str, Any]]
    """Recipe name -> every setting that means something to it."""
    shapes: Mapping[str, Mapping[str, tuple[int, ...]]]
    """Recipe name -> {X_train, y_train, X_test, y_test}; the test is the rollout."""
    models: tuple[SeriesRow, ...]
    """The recipe, then persistence and the series' mean."""
    rollout: Rollout
    losses: tuple[LossCurve, ...]
    engine: Mapping[str, str]
    """{chosen, reason}."""
    notes: tuple[str, ...]
    """What the reader must know, a sentence each."""
    versions: Mapping[str, str]
    reasons: Mapping[str, str]
    """What a run on bars has and this one has not -> why."""
    t: Float64s
    """(n,)"""
    y: Float64s
    """(n,) the series."""
    one_step: Float64s
    """(S, n - L) each seed's prediction of points L..n-1, every window true."""
    rolled: Float64s
    """(S, n - L) each seed's points L..n-1, every window but the first made of its own predictions."""

    @property
    def seq_len(self) -> int:
        """Points in a window (L)."""
        return len(self.y) - int(self.one_step.shape[1])
