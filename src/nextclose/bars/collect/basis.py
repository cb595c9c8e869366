"""Rescaled history: by which ratio a symbol's older prices have to be multiplied, as two tellings of it show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nextclose.bars.bars import PRICES
from nextclose.bars.checks import JUMP, SPLITS
from nextclose.core.types import Bools, Float64s

if TYPE_CHECKING:
    import pyarrow as pa

ROUNDED = 2e-3
"""Relative difference that rounding of adjusted prices may cause."""
NEAR = 0.04
"""How near, as a share, a move must be to a split's ratio to look like one; a fall by KRX's limit of 30 % does not."""
MOST = 0.1
"""Share of a session's symbols beyond which their reference prices are something else, and are not believed."""
FEW = 20
"""Symbols below which that share tells nothing."""


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """A source's bars against the set's own, over the sessions that both hold."""

    compared: frozenset[str]
    """Symbols of which both hold a session."""
    ratios: Mapping[str, float]
    """Symbol -> newer over known price, where that is one constant other than 1."""
    others: Mapping[str, int]
    """Symbol -> sessions that differ, where no constant explains it."""


def overlap(known: pa.Table, newer: pa.Table) -> Overlap:
    """What the sessions in common tell; a suspended day counts by its close."""
    both = known.join(newer, keys=["symbol", "date"], join_type="inner", right_suffix=" newer").combine_chunks()
    symbols = both["symbol"].to_numpy(zero_copy_only=False)
    old, new = _prices(both, ""), _prices(both, " newer")
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.where((old > 0.0) & (new > 0.0), new / old, np.nan)
        off: Bools = np.any(np.abs(shares - 1.0) > ROUNDED, axis=0)
    ratios, others = {}, {}
    for symbol in np.unique(symbols[off].astype(str)).tolist():
        own = symbols == symbol
        ratio = float(np.nanmedian(shares[:, own]))
        if not _constant(old[:, own] * ratio, new[:, own]):
            others[symbol] = int(np.count_nonzero(off[own]))
        elif abs(ratio - 1.0) > ROUNDED:
            ratios[symbol] = ratio
    return Overlap(compared=frozenset(symbols.tolist()), ratios=ratios, others=others)


def by_reference(before: Mapping[str, float], references: Mapping[str, float]) -> dict[str, float]:
    """Symbol -> reference price over the close of the session before, where they differ by more than rounding."""
    both = {symbol: references[symbol] / before[symbol] for symbol in references if before.get(symbol, 0.0) > 0.0}
    return {symbol: ratio for symbol, ratio in both.items() if abs(ratio - 1.0) > ROUNDED}


def believable(ratios: Mapping[str, float], compared: int) -> bool:
    """Whether so few symbols are rescaled in one session as splits and issues are."""
    return compared < FEW or len(ratios) <= MOST * compared


def split_like(before: float, close: float) -> float | None:
    """The ratio of a split that a move from one close to the next looks like; None for an ordinary one."""
    ratio = before / close if before > 0.0 and close > 0.0 else 1.0
    if max(ratio, 1.0 / ratio) - 1.0 <= JUMP:
        return None
    for split in SPLITS:
        if abs(max(ratio, 1.0 / ratio) / split - 1.0) <= NEAR:
            return 1.0 / split if ratio > 1.0 else split
    return None


def _constant(expected: Float64s, found: Float64s) -> bool:
    """Whether prices (4, n) are those expected, up to rounding: to whole units where all of them are whole."""
    both = (expected > 0.0) & (found > 0.0)
    if np.count_nonzero(both) < 2:
        return False
    unit = 1.0 if (found[both] == np.round(found[both])).all() else 0.0
    return bool((np.abs(expected[both] - found[both]) <= np.maximum(ROUNDED * found[both], unit)).all())


def _prices(table: pa.Table, suffix: str) -> Float64s:
    prices: Float64s = np.stack([table[f"{name}{suffix}"].to_numpy() for name in PRICES])
    return prices
