"""The windows of many symbols under one number each, made when they are wanted.

The bars of all symbols lie one behind the other. Window number r is the one that ends at row r, so a window is an affine
map of L rows: x = (base[r - L + 1 .. r] - anchor) / unit, where anchor and unit belong to the window's last bar (what is
relative to the last close) or to its symbol (what is scaled by a train span).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.settings import WindowSettings
from nextclose.core.types import Dates, Float64s, Floats, Ints
from nextclose.windows.dataset import targets_ahead
from nextclose.windows.features import RELATIVE_TO_CLOSE, feature_matrix
from nextclose.windows.scalers import Affine, input_map
from nextclose.windows.volatility import ewma_volatility

BY_WINDOW = ("log-ratio", "log-ratio-volatility", "log1p-ratio")
"""Scalings that belong to each window's last bar."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """n bars of S symbols."""

    settings: WindowSettings
    base: Float64s
    """(n, F) features, in logs where windows are relative."""
    anchor: Float64s
    """(n, F) or (n, 1) of windows by their last bar; (0, F) where the symbol's train span scales them."""
    unit: Float64s
    """Alike."""
    target: Float64s
    """(n, K) what follows each bar, in the target's own unit; NaN where the session has not happened."""
    dates: Dates
    """(n,)"""
    symbol: Ints
    """(n,) number of each bar's symbol."""
    starts: Ints
    """(S + 1,) the first bar of each symbol; n."""
    first: Ints
    """(S,) the first bar of each symbol that a window may end at."""

    def train_rows(self, spans: Sequence[tuple[int, int]]) -> Ints:
        """The windows that lie in each symbol's train span, targets included; spans are row numbers of its own bars."""
        settings, parts = self.settings, []
        for number, (start, stop) in enumerate(spans):
            begin = self.starts[number]
            low = max(begin + start + settings.seq_len - 1, self.first[number])
            parts.append(np.arange(low, max(begin + stop - settings.horizon, low)))
        return np.concatenate(parts)

    def target_dates(self, rows: Ints) -> Dates:
        """The date of the last target of each window, (m,); the windows must have one."""
        return self.dates[rows + self.settings.horizon]

    def fitted(self, spans: Sequence[tuple[int, int]], dtype: str) -> PooledWindows:
        """The windows as a net takes them, scaled by each symbol's train span where that is the recipe's scaling."""
        if self.settings.scaling in BY_WINDOW:
            shift, scale = self.anchor, self.unit
        else:
            maps = [
                input_map(self.settings, self.base[self.starts[number] + start : self.starts[number] + stop])
                for number, (start, stop) in enumerate(spans)
            ]
            shift, scale = np.stack([own.shift for own in maps]), np.stack([own.scale for own in maps])
        y_maps = [self._target_map(number, span) for number, span in enumerate(spans)]
        return PooledWindows(
            pool=self,
            shift=shift,
            scale=scale,
            y_shift=np.stack([own.shift for own in y_maps]),
            y_scale=np.stack([own.scale for own in y_maps]),
            dtype=np.dtype(dtype),
        )

    def _target_map(self, number: int, span: tuple[int, int]) -> Affine:
        """How one symbol's targets are scaled, as `fit_scaler` has it."""
        settings, begin = self.settings, self.starts[number]
        if settings.target == "price":
            x = input_map(settings, self.base[begin + span[0] : begin + span[1]])
            close = settings.features.index("close")
            return Affine(shift=x.shift[close : close + 1], scale=x.scale[close : close + 1])
        if settings.target == "log-return":
            low = max(begin + span[0] + settings.seq_len - 1, self.first[number])
            own = self.target[low : begin + span[1] - settings.horizon].reshape(-1, 1)
            return Affine.standard(own) if len(own) else Affine.identity(1)
        return Affine.identity(1)


@dataclass(frozen=True, kw_only=True, eq=False)
class PooledWindows:
    """What a pooled fit takes its windows from."""

    pool: Pool
    shift: Float64s
    scale: Float64s
    y_shift: Float64s
    """(S, 1)"""
    y_scale: Float64s
    dtype: np.dtype[np.floating]

    def take(self, rows: Ints) -> tuple[Floats, Floats]:
        """Windows by number, rows (m,) -> X (m, L, F) and y (m, K), scaled."""
        pool, L = self.pool, self.pool.settings.seq_len
        symbol = pool.symbol[rows]
        own = rows if pool.settings.scaling in BY_WINDOW else symbol
        X = pool.base[rows[:, None] + np.arange(1 - L, 1)]
        X -= self.shift[own][:, None, :]
        X /= self.scale[own][:, None, :]
        y = (pool.target[rows] - self.y_shift[symbol]) / self.y_scale[symbol]
        return X.astype(self.dtype), y.astype(self.dtype)


def make_pool(bars: Iterable[Bars], settings: WindowSettings) -> Pool:
    """The windows of some symbols, a number each.

    Raises
    ------
    BarsError : a symbol that lacks a feature.
    """
    return join_parts([pool_part(own, settings) for own in bars], settings)


def join_parts(parts: Sequence[Part], settings: WindowSettings) -> Pool:
    """One pool of some symbols' shares, in their order."""
    lengths = [len(part.base) for part in parts]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Pool(
        settings=settings,
        base=np.concatenate([part.base for part in parts]),
        anchor=np.concatenate([part.anchor for part in parts]),
        unit=np.concatenate([part.unit for part in parts]),
        target=np.concatenate([part.target for part in parts]),
        dates=np.concatenate([part.dates for part in parts]),
        symbol=np.repeat(np.arange(len(parts)), lengths),
        starts=starts,
        first=starts[:-1] + np.array([part.lead for part in parts]) + settings.seq_len - 1,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """One symbol's share of a pool."""

    base: Float64s
    anchor: Float64s
    unit: Float64s
    target: Float64s
    dates: Dates
    lead: int
    """Bars at the start that lack a feature."""


def pool_part(bars: Bars, settings: WindowSettings) -> Part:
    """One symbol's share of a pool. Raises BarsError where it lacks a feature."""
    columns = feature_matrix(bars, settings.features)
    lead = int(np.isnan(columns).any(axis=1).sum())
    volatility = ewma_volatility(bars.close)
    base, anchor, unit = columns, np.empty((0, columns.shape[1])), np.empty((0, columns.shape[1]))
    if settings.scaling in BY_WINDOW:
        base, anchor, unit = _relative(columns, settings, volatility)
    return Part(
        base=base,
        anchor=anchor,
        unit=unit,
        target=targets_ahead(bars.close, volatility, 0, settings),
        dates=bars.dates,
        lead=lead,
    )


def _relative(columns: Float64s, settings: WindowSettings, volatility: Float64s) -> tuple[Float64s, Float64s, Float64s]:
    """Columns, anchors and units of windows that are relative to their last bar; one column where all features share them."""
    by_volatility = volatility if settings.scaling == "log-ratio-volatility" else np.ones(len(columns))
    close = np.log(columns[:, settings.features.index("close")]) if "close" in settings.features else None
    base, anchor, unit = np.array(columns), np.zeros(columns.shape), np.ones(columns.shape)
    for f, name in enumerate(settings.features):
        if settings.scaling == "log1p-ratio":
            base[:, f] = anchor[:, f] = np.log1p(columns[:, f])
        elif name in RELATIVE_TO_CLOSE:
            base[:, f] = np.log(columns[:, f])
            anchor[:, f] = base[:, f] if close is None else close
            unit[:, f] = by_volatility
        elif name == "adj_close":
            base[:, f] = anchor[:, f] = np.log(columns[:, f])
            unit[:, f] = by_volatility
        elif name == "volume":
            base[:, f] = anchor[:, f] = np.log1p(columns[:, f])
        else:
            unit[:, f] = by_volatility
    if settings.scaling != "log1p-ratio" and close is not None and RELATIVE_TO_CLOSE.issuperset(settings.features):
        return base, anchor[:, :1].copy(), unit[:, :1].copy()
    return base, anchor, unit
