"""Newer bars against those that a saved model knew: the same, rescaled by one ratio, or another history."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nextclose.bars.bars import PRICES, Bars
from nextclose.core.errors import BarsError
from nextclose.core.lang import Text
from nextclose.core.types import Float64s

EQUAL = 1e-6
"""Relative difference that storage may cause."""
ROUNDED = 2e-3
"""Relative difference that rounding of adjusted prices may cause around one common ratio."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rebased:
    """Newer bars in the price basis that the model was trained in."""

    bars: Bars
    ratio: float
    """Newer price over known price: multiply a forecast by it."""
    note: Text | None = None


def rebase(newer: Bars, known: Bars) -> Rebased:
    """`newer` in the basis of `known`, if both tell the same history up to one constant ratio.

    Raises
    ------
    BarsError : another symbol, no common session, older than the known bars, or a different history.
    """
    _same_symbol(newer, known)
    _, rows_newer, rows_known = np.intersect1d(newer.dates, known.dates, return_indices=True)
    if newer.dates[-1] < known.dates[-1]:
        raise BarsError(
            "these bars end on {newer}, before those the model already knew, which end on {known}. Give newer bars.",
            newer=newer.dates[-1],
            known=known.dates[-1],
        )
    if len(rows_newer) == 0:
        raise BarsError(
            "these bars ({first} to {last}) share no session with those the model was trained on ({known_first} to "
            "{known_last}), so nothing shows that they continue them. Give bars that overlap.",
            first=newer.dates[0],
            last=newer.dates[-1],
            known_first=known.dates[0],
            known_last=known.dates[-1],
        )
    ratios = np.concatenate([getattr(newer, name)[rows_newer] / getattr(known, name)[rows_known] for name in PRICES])
    ratio = float(np.median(ratios))
    if np.abs(ratios - 1.0).max() <= EQUAL:
        return Rebased(bars=replace(newer, adj_close=_adjusted(newer, known, 1.0)), ratio=1.0)
    off = np.abs(ratios / ratio - 1.0)
    if off.max() > ROUNDED or abs(ratio - 1.0) <= EQUAL:
        worst = int(off.argmax()) % len(rows_newer)
        raise BarsError(
            "these bars tell another history than those the model was trained on: {count} of {total} shared sessions "
            "differ, the most on {date} (close {newer} against {known}). A constant ratio (a split, a dividend) would "
            "be applied; this is none. Fit again with nextclose run.",
            count=int((off.reshape(len(PRICES), -1) > EQUAL).any(axis=0).sum()),
            total=len(rows_newer),
            date=newer.dates[rows_newer[worst]],
            newer=newer.close[rows_newer[worst]],
            known=known.close[rows_known[worst]],
        )
    columns = {name: getattr(newer, name) / ratio for name in PRICES}
    note = Text(
        "prices of these bars are {ratio} times those the model was trained on (a split or dividend since); the ratio "
        "is applied",
        ratio=f"{ratio:.6g}",
    )
    adj_close = _adjusted(newer, known, ratio)
    return Rebased(bars=replace(newer, **columns, adj_close=adj_close), ratio=ratio, note=note)


def _adjusted(newer: Bars, known: Bars, ratio: float) -> Float64s | None:
    """`newer`'s adj_close in the basis of `known`'s; from its close, of which it is a multiple, where it has none."""
    if known.adj_close is None:
        return None
    if newer.adj_close is None:
        return newer.close / ratio * float(known.adj_close[-1] / known.close[-1])
    _, rows_newer, rows_known = np.intersect1d(newer.dates, known.dates, return_indices=True)
    own = float(np.median(newer.adj_close[rows_newer] / known.adj_close[rows_known]))
    return newer.adj_close if abs(own - 1.0) <= EQUAL else newer.adj_close / own


def _same_symbol(newer: Bars, known: Bars) -> None:
    if newer.symbol != known.symbol:
        raise BarsError(
            "these are bars of {newer}, but the model was trained on {known}. Give bars of {known}.",
            newer=newer.symbol,
            known=known.symbol,
        )
