"""What the pages of a market run show: plain values, built by whoever holds the run's tables.

S used symbols, T sessions of the test span.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy.typing as npt

from nextclose.core.lang import Lang
from nextclose.core.results import Contest, ModelRow, RivalRow
from nextclose.core.types import Dates, Float64s, Ints

Scope = Literal["symbol", "market"]


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A symbol of the set that was not used."""

    symbol: str
    kind: str
    """Short code: 'too-short', 'faulty', 'no-test', 'failed'; another one is shown as it is."""
    reason: str
    """In the view's language."""


@dataclass(frozen=True, kw_only=True)
class FaultCount:
    """One kind of finding, counted over the set."""

    kind: str
    """Short code, as in faults.parquet."""
    severity: str
    """'error' or 'note'."""
    action: str
    """'dropped', 'kept', 'applied' or 'noted'."""
    text: str
    """What was found, in the view's language."""
    rows: int
    symbols: int


@dataclass(frozen=True, kw_only=True, eq=False)
class SymbolColumns:
    """One model on each of the view's S symbols, in the view's order, at the nearest step; NaN where not known."""

    n: Ints
    """(S,) judged forecasts; 0 where the symbol has none."""
    rmse: Float64s
    """(S,) root mean squared error of the price."""
    skill: Float64s
    """(S,) against persistence."""
    skill_lo: Float64s
    skill_hi: Float64s
    """(S,) 90 % interval."""
    directional_accuracy: Float64s
    """(S,) 0..1."""
    coverage: Float64s
    """(S,) 0..1, share of the truths inside [lo, hi]."""
    verdict: npt.NDArray[Any]
    """(S,) text: a `Verdict`, after Benjamini-Hochberg over the symbols; empty where the symbol has no forecast."""
    information: npt.NDArray[Any] | None = None
    """(S,) text: 'seen' or 'not seen'; None where that was not tested."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SessionSums:
    """One model's sums over the symbols of each session, oldest first, at the nearest step."""

    dates: Dates
    """(T,) target dates."""
    lost: Float64s
    """(T,) sum of e^2 of the model."""
    base: Float64s
    """(T,) sum of e^2 of persistence on the same forecasts."""
    n: Ints
    """(T,) forecasts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MarketView:
    """A market run as its pages show it; every text is in `lang` already."""

    lang: Lang
    source: str
    """As the user named it: a file or 'sample:...'."""
    train_start: str
    train_end: str
    test_start: str
    test_end: str
    """ISO dates."""
    sessions: int
    """T, target dates of the test span."""
    scope: Scope
    """'symbol': a net a symbol; 'market': one net for all of them."""
    recipes: Mapping[str, Mapping[str, Any]]
    """Recipe name -> every setting of it."""
    seeds: int
    refit_every: int | None
    """Sessions; None: fitted once."""
    folds: int
    symbols: tuple[str, ...]
    """(S,) the used symbols, sorted."""
    value: Float64s
    """(S,) median of close x volume a session before the test span, in the set's currency: liquidity."""
    volatility: Float64s
    """(S,) standard deviation of the daily log return before the test span."""
    left_out: tuple[LeftOut, ...]
    ended_early: int | None
    """Symbols whose bars end well before the set's last session; 0: survivors only; None: not known."""
    faults: tuple[FaultCount, ...]
    models: tuple[ModelRow, ...]
    """Judged over all symbols, clustered by session; recipes and baselines, every step."""
    contests: tuple[Contest, ...]
    """One a step; empty where there is only one model."""
    rivals: tuple[RivalRow, ...]
    by_symbol: Mapping[str, SymbolColumns]
    """Model -> its numbers symbol by symbol; 'persistence' may be missing."""
    by_session: Mapping[str, SessionSums]
    """Model -> its sums session by session; 'persistence' may be missing."""
    versions: Mapping[str, str]
    """Of nextclose, Python and the libraries that computed the numbers."""
    command: str = ""
    """The command that made the run; empty where it was no command."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What else fixes the numbers, label -> value: engine, SHA-256 of the data, shard size, ..."""
    notes: tuple[str, ...] = ()
    """What the reader must know, a sentence each."""
    filtered: int = 0
    """Symbols of the set that the run was told not to look at."""
    rolling: int | None = None
    """Sessions that a fold trains on, the latest; None: all since the train span's start."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ChartModel:
    """One model's forecasts of one symbol, on its chart's dates."""

    yhat: Float64s
    """(T,) forecast close; NaN where there is none."""
    lo: Float64s | None = None
    hi: Float64s | None = None
    """(T,) interval; None where no band is to be drawn: bands for the recipes alone keep the files small."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ChartData:
    """What the chart of one symbol draws, at the nearest step."""

    symbol: str
    dates: Dates
    """(T,) target dates, oldest first."""
    y: Float64s
    """(T,) the close that came."""
    last_close: Float64s
    """(T,) the close at the origin: persistence's forecast."""
    models: Mapping[str, ChartModel]
    """Model -> forecasts; recipes first. 'persistence' is not needed."""
    folds: Dates
    """First target date of each fold."""
