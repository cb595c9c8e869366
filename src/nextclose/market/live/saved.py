"""What a snapshot holds of each symbol: nets, scalers and past scores of every recipe, the baselines, the bars as known."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.evening import Status
from nextclose.core.lang import Text
from nextclose.core.types import Dates, Float64s
from nextclose.judging.intervals import WINDOW
from nextclose.market.ledger.tables import HASH_LENGTH
from nextclose.study.scores import Scores
from nextclose.training.fold import FittedFold

KNOWN = 30
"""Latest bars that are kept, to recognise history that was rescaled."""
KEPT = WINDOW
"""Latest scores that are kept: as many as an interval rests on."""


@dataclass(frozen=True, kw_only=True)
class Basis:
    """Prices now over prices when a model was fitted."""

    price: float = 1.0
    adjusted: float = 1.0
    """Of adj_close, where the bars have one."""

    def then(self, later: Basis) -> Basis:
        """This rescaling and a later one."""
        return Basis(price=self.price * later.price, adjusted=self.adjusted * later.adjusted)

    def of(self, bars: Bars) -> Bars:
        """Bars as they are now, in the prices that the model knew; themselves where nothing was rescaled."""
        if self == SAME:
            return bars
        columns = {name: getattr(bars, name) / self.price for name in ("open", "high", "low", "close")}
        adj_close = None if bars.adj_close is None else bars.adj_close / self.adjusted
        return replace(bars, **columns, adj_close=adj_close)


SAME = Basis()


@dataclass(frozen=True, kw_only=True, eq=False)
class SavedNets:
    """One recipe's nets of one fold."""

    number: int
    """Of the fold."""
    nets: FittedFold
    trained_until: str
    """ISO date of the last bar that they were trained on."""
    digest: str
    """Hash of weights and scaler."""
    basis: Basis = SAME


@dataclass(frozen=True, kw_only=True, eq=False)
class Waiting:
    """Forecasts whose last session has not happened, in prices of the snapshot's day."""

    origins: Dates
    """(p,)"""
    yhat: Float64s
    """(p, K)"""
    ends: Float64s | None
    """(p, K, 2) outer quantiles, where the recipe has them."""

    def none(self) -> Waiting:
        """Not one of them."""
        return replace(
            self, origins=self.origins[:0], yhat=self.yhat[:0], ends=None if self.ends is None else self.ends[:0]
        )

    def times(self, ratio: float) -> Waiting:
        """The same after prices were multiplied by `ratio`."""
        if ratio == 1.0:
            return self
        return replace(self, yhat=self.yhat * ratio, ends=None if self.ends is None else self.ends * ratio)


@dataclass(frozen=True, kw_only=True, eq=False)
class Past:
    """What one recipe's forecasts of a symbol came to so far."""

    scores: Scores
    """(m, K), oldest first."""
    asked_until: np.datetime64
    """The last target that a net was asked for; NaT where none was."""
    waiting: Waiting


@dataclass(frozen=True, kw_only=True, eq=False)
class SavedBaseline:
    """What a baseline was fitted to."""

    number: int
    """Of the fold."""
    coefficients: Float64s
    """(n,) as `plainer` lays them out."""
    trained_until: str
    basis: Basis = SAME


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a model has no number for a symbol."""

    status: Status
    reason: Text


@dataclass(frozen=True, kw_only=True, eq=False)
class SavedSymbol:
    """One symbol of a snapshot."""

    name: str
    """As the set writes it."""
    known: Bars | None = None
    """Its latest bars, in prices of the snapshot's day."""
    nets: Mapping[str, SavedNets] = field(default_factory=dict)
    """By recipe; missing where none were fitted."""
    past: Mapping[str, Past] = field(default_factory=dict)
    baselines: Mapping[str, SavedBaseline] = field(default_factory=dict)
    problems: Mapping[str, Problem] = field(default_factory=dict)
    """By recipe: why it has no nets."""
    digest: str = ""
    """Of all its bars."""
    volatility: Float64s | None = None
    """(m, 2) `windows.volatilities` of its latest bars: of the same bars, they need not be computed again."""

    def rescaled(self, since: Basis) -> SavedSymbol:
        """The same after prices were rescaled."""
        past = {name: replace(own, waiting=own.waiting.times(since.price)) for name, own in self.past.items()}
        nets = {name: replace(own, basis=own.basis.then(since)) for name, own in self.nets.items()}
        baselines = {name: replace(own, basis=own.basis.then(since)) for name, own in self.baselines.items()}
        return replace(self, past=past, nets=nets, baselines=baselines)

    def forgotten(self) -> SavedSymbol:
        """Only what its forecasts came to, of a symbol whose history is another one now."""
        past = {name: replace(own, waiting=own.waiting.none()) for name, own in self.past.items()}
        return SavedSymbol(name=self.name, past=past)


def nothing_yet(steps: int, *, quantiles: bool) -> Past:
    """Of a recipe that has forecast nothing of a symbol."""
    missed = np.empty((0, steps)) if quantiles else None
    return Past(
        scores=Scores(errors=np.empty((0, steps)), missed=missed),
        asked_until=np.datetime64("NaT", "D"),
        waiting=no_waiting(steps, quantiles=quantiles),
    )


def no_waiting(steps: int, *, quantiles: bool) -> Waiting:
    """Nothing that has not happened."""
    return Waiting(
        origins=np.empty(0, dtype="datetime64[D]"),
        yhat=np.empty((0, steps)),
        ends=np.empty((0, steps, 2)) if quantiles else None,
    )


def digest_of(*arrays: object) -> str:
    """The first digits of a SHA-256 over arrays, little-endian, in order."""
    found = hashlib.sha256()
    for array in arrays:
        values = np.ascontiguousarray(array)
        found.update(f"{values.dtype.str}{values.shape}".encode())
        found.update(values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes())
    return found.hexdigest()[:HASH_LENGTH]


def nets_digest(nets: FittedFold) -> str:
    """What names some nets in the ledger: weights by name and seed, and the scaler."""
    weights = [fit.params[name] for fit in nets.fits for name in sorted(fit.params)]
    scaler = nets.scaler
    return digest_of(*weights, scaler.x.shift, scaler.x.scale, scaler.y.shift, scaler.y.scale)
