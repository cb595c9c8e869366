"""What a study, a judgement and a live forecast are: frozen values without lazy compute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang
from nextclose.core.trading import Trading
from nextclose.core.types import Dates, Float64s

Verdict = Literal["beats persistence", "worse than persistence", "no difference found", "too few to tell"]
Information = Literal["seen", "not seen"]
Kind = Literal["recipe", "baseline"]
NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """One hypothesis test. NaN where it is undefined; the reason is then in the row's `reasons`."""

    statistic: float
    pvalue: float
    """Two-sided for Diebold-Mariano and Pesaran-Timmermann, one-sided for Clark-West."""
    lag: int = 0
    """Autocovariances in the long-run variance: step - 1."""
    n: int = 0
    """Sessions that entered; forecasts of one session are summed over symbols first."""
    null: str = ""
    """What the p-value supposes."""
    alternative: str = ""


@dataclass(frozen=True, kw_only=True)
class Regression(Statistic):
    """Mincer-Zarnowitz: the change that came on the change announced, both over the last close.

    The statistic is Wald's of intercept 0 and slope 1, chi-squared with 2 degrees of freedom.
    """

    intercept: float
    slope: float
    """1 where announced changes come true as announced, 0 where nothing of them does."""
    slope_lo: float
    slope_hi: float
    """90 % interval of the slope."""


@dataclass(frozen=True, kw_only=True)
class ShiftDiagnosis:
    """How much of a forecast is a copy of a close already known, and of which."""

    offsets: tuple[int, ...]
    """Sessions between the target and the close compared with: -1 the session after it, 0 the target, `step` the last close."""
    distances: tuple[float, ...]
    """Root mean square of (forecast - that close) / last close, in units of the same for persistence's error."""
    nearest: int
    """The offset at the least distance."""
    copied: float
    """R^2 of the forecast curve's movement on the last close's: 1 for persistence."""
    size: float
    """Root mean square of the announced change over that of the change that came."""
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Rejudged:
    """The same forecasts, as if each were dated `shift` sessions later."""

    shift: int
    n: int
    skill: float


@dataclass(frozen=True, kw_only=True)
class SymbolRow:
    """One model on one symbol of a table of several."""

    symbol: str
    model: str
    step: int
    n: int
    rmse: float
    """Root mean squared error of the price."""
    mae: float
    """Mean absolute error of the price."""
    skill: float
    skill_lo: float
    skill_hi: float
    """90 % interval by the delta method."""
    directional_accuracy: float
    always_up: float
    dm: Statistic
    cw: Statistic
    verdict: Verdict
    information: Information
    pvalue_adjusted: float
    """One-sided p of the verdict's direction, after Benjamini-Hochberg over the model's symbols."""
    coverage: float = NAN
    """Share of the truths inside [lo, hi]."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Field name -> why it is NaN."""


@dataclass(frozen=True, kw_only=True)
class Contest:
    """Many models at once: is the best of them better than persistence, and which may be the best?"""

    step: int
    models: tuple[str, ...]
    spa: Statistic
    """Hansen's test of superior predictive ability: the best model's studentised gain, and its consistent p-value."""
    spa_lower: float
    spa_upper: float
    """p-values of the liberal and of the conservative version."""
    confidence_set: tuple[str, ...]
    """The model confidence set of Hansen, Lunde & Nason at `size`: models that may be the best."""
    pvalues: Mapping[str, float]
    """Model -> p-value at which it leaves the set."""
    size: float
    block: int
    """Sessions in a block of the bootstrap."""
    reps: int
    sentence: str


UNTESTED = Statistic(statistic=NAN, pvalue=NAN)
UNFITTED = Regression(intercept=NAN, slope=NAN, slope_lo=NAN, slope_hi=NAN, statistic=NAN, pvalue=NAN)


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """One model at one step, judged on the dates that all models share."""

    name: str
    kind: Kind
    step: int
    n: int
    """Forecasts."""
    rmse: float
    """Root mean squared error of the price."""
    mae: float
    """Mean absolute error of the price."""
    mape: float
    """Mean of |y - yhat| / y, in percent."""
    skill: float
    """1 - sum e(model)^2 / sum e(persistence)^2 with e = (y - yhat) / last_close."""
    skill_lo: float
    skill_hi: float
    """90 % bootstrap interval of the skill."""
    directional_accuracy: float
    """Share of sessions whose rise or not-rise was called; a tie is not a rise."""
    always_up: float
    """The same for 'it always rises'."""
    ties: float
    """Share of sessions with y = last_close."""
    dm: Statistic
    """Diebold-Mariano on e^2 against persistence; below 0 where the model is better."""
    cw: Statistic
    """Clark-West: information beyond persistence."""
    pt: Statistic
    """Pesaran-Timmermann: direction beyond chance."""
    coverage: float
    """Share of the truths inside [lo, hi]."""
    level: float
    """The coverage that [lo, hi] claims."""
    verdict: Verdict
    information: Information
    pvalue_adjusted: float
    """One-sided p of the verdict's direction, after Holm over the rows of the same kind."""
    sentence: str
    rmse_by_seed: tuple[float, ...] = ()
    rmse_ratio_by_seed: tuple[float, ...] = ()
    """Each seed's RMSE over persistence's on the same dates."""
    final_loss_by_seed: tuple[float, ...] = ()
    """Each seed's last training loss, in the scaled target's units."""
    fits: int = 0
    fit_seconds: float = 0.0
    sessions: int = 0
    """Target dates: n is this times the symbols where every symbol has them all."""
    symbols: int = 0
    rmse_ratio: float = NAN
    """RMSE over persistence's on the same forecasts: of the price, or of e where there are several symbols."""
    rmse_e: float = NAN
    mae_e: float = NAN
    """RMSE and MAE of e = (y - yhat) / last_close."""
    relative_mae: float = NAN
    """Sum of |e| over persistence's; below 1 where the model is better."""
    interval_width: float = NAN
    """Mean of (hi - lo) / last_close."""
    interval_score: float = NAN
    """Mean interval score over last_close; lower is better."""
    pinball: float = NAN
    """Mean pinball loss of the quantile columns over last_close."""
    brier: float = NAN
    """Mean of (p_up - rise)^2."""
    brier_base: float = NAN
    """The same for the share of rises in these sessions."""
    dm_abs: Statistic = UNTESTED
    """Diebold-Mariano on |e|."""
    mz: Regression = UNFITTED
    """Mincer-Zarnowitz on the change."""
    shift: ShiftDiagnosis | None = None
    """None where persistence makes no error, where fewer than five sessions follow each other, or where only sums were given."""
    information_pvalue: float = NAN
    """Clark-West's one-sided p on which `information` rests, after Holm."""
    wanders: bool = False
    """The announced change wanders like a walk, so that the p-values of a gain are Dickey and Fuller's."""
    rejudged: tuple[Rejudged, ...] = ()
    """At shifts of one session either way, where the skill raised the alarm and the rows were given."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Field name -> why it is NaN."""


@dataclass(frozen=True, kw_only=True)
class RivalRow:
    """A model against a plainer forecast on the same forecasts: Diebold-Mariano on e^2, session by session."""

    model: str
    rival: str
    step: int
    skill: float
    """The model's, against persistence."""
    rival_skill: float
    statistic: float
    """Below 0 where the model is better."""
    pvalue_better: float
    """One-sided: small where the model is more accurate than the rival."""
    pvalue_worse: float
    """One-sided: small where it is less accurate."""
    n: int
    """Sessions that entered."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Field name -> why it is NaN."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """How many of some forecasts' truths lay inside their intervals."""

    n: int
    coverage: float
    """NaN where n is 0."""


@dataclass(frozen=True, kw_only=True)
class WorstSession:
    """One symbol: the session with the largest move in units of volatility. Several: that with the least coverage."""

    date: str
    """ISO date."""
    n: int
    """Intervals for that session."""
    coverage: float
    move: float
    """Mean |y / last_close - 1| in units of volatility; NaN where that is not known."""


@dataclass(frozen=True, kw_only=True)
class IntervalRow:
    """The intervals of one model at one step, on the dates that all models share.

    Volatility is an EWMA over the table's own last closes. What rests on it leaves out the forecasts that have fewer than 20
    returns behind them in the table.
    """

    model: str
    step: int
    level: float
    """The coverage that is claimed."""
    n: int
    """Forecasts with an interval and a truth."""
    coverage: float
    coverage_lo: float
    coverage_hi: float
    """90 % interval (Wilson); the forecasts of one session count as no more than they tell."""
    width: float
    """Mean of (hi - lo) / last_close."""
    score: float
    """Mean interval score over last_close; lower is better."""
    compared: int
    """Forecasts that have an interval and a volatility: those of the next three numbers and of the terciles."""
    compared_score: float
    """The interval score on them."""
    constant_score: float
    """That of last_close * (1 +- z * volatility), z the normal quantile of the level."""
    score_ratio: float
    """compared_score / constant_score; below 1 where the model is better."""
    calm: Share
    """The third of these forecasts with the lowest volatility."""
    middle: Share
    wild: Share
    """The third with the highest."""
    worst: WorstSession | None
    """None where no session has what it takes."""
    brier: float
    """Mean of (p_up - rise)^2."""
    brier_base: float
    """The same for the share of rises in these sessions, known in hindsight."""
    sentence: str
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Field name -> why it is NaN, empty or None."""


@dataclass(frozen=True, kw_only=True)
class Tomorrow:
    """A forecast of a session that has not happened."""

    symbol: str
    model: str
    origin: str
    """ISO date of the last bar seen."""
    step: int
    target_date: str | None
    """ISO date by the exchange's calendar; None with a reason."""
    yhat: float
    lo: float
    hi: float
    level: float
    p_up: float
    last_close: float
    reasons: Mapping[str, str] = field(default_factory=dict)

    def __float__(self) -> float:
        return self.yhat


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One step of the ladder: the rung before it with one thing changed."""

    name: str
    change: str
    """What was changed, in the study's language."""
    skill: float
    rmse_ratio: float
    """RMSE of the seeds' mean forecast over persistence's."""
    rmse_ratio_by_seed: tuple[float, ...]
    """Empty for rungs without seeds."""

    @property
    def typical(self) -> float:
        """RMSE over persistence's: the median seed's, or the rung's own where it has no seeds."""
        return median(self.rmse_ratio_by_seed or (self.rmse_ratio,))


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """From the tutorial to persistence, one change a rung, on the user's own bars."""

    rungs: tuple[Rung, ...]
    decisive: str
    """Name of the rung that gains most."""
    sentence: str


@dataclass(frozen=True, kw_only=True, eq=False)
class LossCurve:
    """Training losses of one model: first fold, every seed."""

    model: str
    losses: Float64s
    """(S, epochs), NaN after an early stop."""
    val_losses: Float64s
    """(S, epochs) or (S, 0)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AttentionMap:
    """Where a model with attention looks: the mean over the seeds of its last fold."""

    model: str
    window: tuple[str, ...]
    """ISO dates of the window that tomorrow's forecast reads, oldest first; L of them."""
    tomorrow: Float64s
    """(K, L) weights of that window, a row a session ahead; each row sums to 1."""
    average: Float64s
    """(K, L) the mean over the windows of the test span."""


@dataclass(frozen=True, kw_only=True)
class SplitDates:
    """The spans of a study and its folds, as ISO dates."""

    train_start: str
    train_end: str
    test_start: str
    test_end: str
    train_sessions: int
    test_sessions: int
    refit_every: int | None
    """None: fitted once."""
    folds: tuple[tuple[str, str, str, str], ...]
    """(train start, train end, first target, last target) of each."""
    notes: tuple[str, ...] = ()
    rolling: int | None = None
    """Sessions that a fold trains on, the latest; None: all since the train span's start."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PriceHistory:
    """The bars of the study's spans, for pictures: columns of equal length."""

    dates: Dates
    open: Float64s
    high: Float64s
    low: Float64s
    close: Float64s
    volume: Float64s


@dataclass(frozen=True, kw_only=True)
class DataSummary:
    """What was read, what was found wrong with it, and what was done about that."""

    symbol: str
    source: str
    rows: int
    first: str
    last: str
    adjusted: bool
    """True: history was multiplied by adj_close / close, normalised to 1 at the last bar."""
    dropped: int
    """Rows that were left out."""
    notes: tuple[Mapping[str, Any], ...]
    """One a kind of finding: {kind, severity, count, action, text, dates (the first few)}."""
    sha256: str
    exchange: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Judgement:
    """What `judge` says of a Forecasts table, or `judge_tallies` of a market's sums."""

    models: tuple[ModelRow, ...]
    notes: tuple[str, ...]
    """What was assumed, left out or found odd, a sentence each."""
    table: Forecasts
    """Every forecast, the ones not judged too; empty where only sums were given."""
    symbols: tuple[SymbolRow, ...] = ()
    """Each model on each symbol, where there are several."""
    contests: tuple[Contest, ...] = ()
    """One a step at which several models were judged."""
    beside: tuple[ModelRow, ...] = ()
    """The plainer forecasts judged beside the table's models, where bars were given."""
    source: str = ""
    """The file that was judged; empty for a table in memory."""
    trading: Trading | None = None
    """What trading the models would have brought, where that was asked."""
    lang: Lang = "en"
    intervals: tuple[IntervalRow, ...] = ()
    """The intervals of each model that has some."""
    rivals: tuple[RivalRow, ...] = ()
    """Each recipe against each plainer forecast, where a market was judged by its sessions' sums."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyResult:
    """What a run computed and a report shows; enough to rebuild the report without refitting."""

    lang: Lang
    data: DataSummary
    split: SplitDates
    recipes: Mapping[str, Mapping[str, Any]]
    """Recipe name -> every setting of it."""
    shapes: Mapping[str, Mapping[str, tuple[int, ...]]]
    """Recipe name -> {X_train, y_train, X_test, y_test} of the first fold; X_val, y_val where validation has its own span."""
    table: Forecasts
    """Every forecast of every model in the test span."""
    models: tuple[ModelRow, ...]
    tomorrow: tuple[Tomorrow, ...]
    ladder: Ladder | None
    losses: tuple[LossCurve, ...]
    history: PriceHistory
    """All bars of the source, adjusted to quoted prices."""
    engine: Mapping[str, str]
    """{chosen, reason}."""
    notes: tuple[str, ...]
    """What the reader must know, a sentence each."""
    versions: Mapping[str, str]
    """Of nextclose, Python and the libraries that computed the numbers."""
    contests: tuple[Contest, ...] = ()
    """The recipes and baselines against each other, one a step."""
    intervals: tuple[IntervalRow, ...] = ()
    """The intervals of each model that has some."""
    attention: tuple[AttentionMap, ...] = ()
    """Of each model that has attention."""
