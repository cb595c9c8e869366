"""What trading forecasts by stated rules would have brought: frozen values, beside buy-and-hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from nextclose.core.settings import Problems
from nextclose.core.types import Dates, Float64s

Entry = Literal["open", "close"]
BP = 1e-4
"""A basis point."""
DEAREST = 1_000.0
"""Basis points that a cost or tax may be, at most."""


@dataclass(frozen=True, kw_only=True)
class TradingRules:
    """How forecasts are traded: the signal is taken at the close that the forecast starts from."""

    entry: Entry = "open"
    """Where every change of position is traded. open: at the open of the session that the forecast is for. close: at the
    very close that the forecast starts from, which no order can be sure of."""
    cost_bp: float = 5.0
    """Fees, spread and slippage of each trade, in basis points of the value traded."""
    tax_bp: float = 0.0
    """Tax on the value sold, short sales included, in basis points."""
    short: bool = False
    """Whether a forecast below the last close is sold short; otherwise it means no position."""
    threshold_bp: float = 0.0
    """Announced change, in basis points, that must be exceeded for a position."""

    def __post_init__(self) -> None:
        problems = Problems()
        problems.one_of("entry", self.entry, get_args(Entry))
        problems.within("cost_bp", self.cost_bp, 0.0, DEAREST)
        problems.within("tax_bp", self.tax_bp, 0.0, DEAREST)
        problems.within("threshold_bp", self.threshold_bp, 0.0, 10.0 * DEAREST)
        problems.raise_any()

    @property
    def cost(self) -> float:
        """The cost as a share of the value traded."""
        return self.cost_bp * BP

    @property
    def tax(self) -> float:
        """The tax as a share of the value sold."""
        return self.tax_bp * BP


@dataclass(frozen=True, kw_only=True, eq=False)
class TradingRow:
    """One model's trades on T sessions, from an equity of 1; a return is a share of the equity before it."""

    name: str
    kind: Literal["recipe", "baseline"]
    sessions: int
    """T."""
    in_market: float
    """Share of the sessions that end with a position, a mean over the symbols."""
    trades: int
    """Orders; from long to short is one."""
    turnover: float
    """Value bought and sold in a year of 252 sessions, in multiples of the equity; in and out again is 2."""
    gross: float
    """Mean return of a session before costs and taxes."""
    net: float
    """Mean return of a session after them."""
    annual_gross: float
    """Yearly growth before costs and taxes."""
    annual: float
    """Yearly growth after them: final^(252 / T) - 1."""
    volatility: float
    """Standard deviation of the net returns, times sqrt(252)."""
    break_even_bp: float
    """The cost_bp, taxes as they are, at which the final equity is 1."""
    sharpe: float
    """Mean over standard deviation of the net returns, times sqrt(252); cash earns nothing."""
    sharpe_se: float
    """Its standard error for independent returns, sqrt((1 + SR^2 / 2) / T) sqrt(252) with SR of a session (Lo 2002)."""
    drawdown: float
    """Largest loss from a peak of the equity after costs, as a share of that peak."""
    drawdown_from: str
    """ISO date of that peak; empty where nothing was ever lost."""
    drawdown_to: str
    """ISO date of the trough."""
    final: float
    """Equity at the end, after costs and taxes."""
    excess: float
    """Mean of a session's net return less that of buy-and-hold."""
    excess_se: float
    """Its standard error for independent returns."""
    equity: Float64s
    """(T,) at the close of each session, after costs and taxes."""
    equity_gross: Float64s
    """(T,) before them."""
    sentence: str = ""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Field name -> why it is NaN."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trading:
    """Every model of a table traded by the same rules, on the sessions that all of them forecast."""

    rules: TradingRules
    told: str
    """The rules in words."""
    sentence: str
    """How many models end above buy-and-hold; of a single model, what its trades brought."""
    start: str
    """ISO date of the first signal, where the equity is 1; empty where the table does not tell."""
    dates: Dates
    """(T,) sessions."""
    symbols: int
    rows: tuple[TradingRow, ...]
    buy_and_hold: TradingRow
    """Bought where the first position could be, sold at the last close, at the same costs and taxes."""
    notes: tuple[str, ...] = ()
    """What was left out or assumed, a sentence each."""
