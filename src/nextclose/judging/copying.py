"""The shift diagnosis: how much of a forecast is a copy of a close already known, and what it adds.

The usual picture, a forecast curve that runs one session behind the truth, proves nothing alone: the best forecast of
a random walk looks just so. What decides is whether the change announced comes true (`mincer_zarnowitz`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nextclose.core.lang import Lang, Text
from nextclose.core.results import ShiftDiagnosis
from nextclose.core.types import Bools, Float64s
from nextclose.judging.mincer_zarnowitz import QUANTILE, Line
from nextclose.judging.panel import Panel

BEFORE = 3
"""Sessions before the last close that are compared too."""
AT_LEAST = 5
"""Sessions in a row without which nothing is compared."""
APART = 0.1
"""Distances that differ by less than this share of the least tell no close from the others."""
ONLY_COPY = 0.1
"""Announced changes below this share of those that come make hardly more than a copy."""


@dataclass(frozen=True, kw_only=True)
class Copying:
    """The numbers of a diagnosis, before any words."""

    offsets: tuple[int, ...]
    distances: tuple[float, ...]
    copied: float
    size: float
    step: int

    @property
    def nearest(self) -> int:
        """The offset at the least distance; the last close where several are as near."""
        near = min(self.distances)
        close = [offset for offset, distance in zip(self.offsets, self.distances, strict=True) if distance <= near]
        return self.step if self.step in close else close[0]

    def told(self, line: Line, lang: Lang) -> ShiftDiagnosis:
        """With a sentence."""
        parts = [_nearest(self), *([_adds(self, line)] if self.size > 0.0 else [])]
        return ShiftDiagnosis(
            offsets=self.offsets,
            distances=self.distances,
            nearest=self.nearest,
            copied=self.copied,
            size=self.size,
            sentence=" ".join(part.render(lang) for part in parts),
        )


def copying(panel: Panel) -> Copying | None:
    """Distances of the forecasts from the close they are for, from its neighbours and from closes before the origin.

    In units of persistence's root mean square error, over the rows for which all of these closes are in the table.
    None where persistence makes no error, where fewer than `AT_LEAST` sessions in a row are there, or where a number
    is too large to be squared.
    """
    order, rows = panel.by_symbol, panel.rows
    last, y, yhat = rows.last_close[order], rows.y[order], rows.yhat[order]
    known = _in_a_row(panel)
    typical = _size(panel.naive[order][known])
    sessions = np.count_nonzero(np.bincount(panel.sessions.of[order][known]))
    if sessions < AT_LEAST or not typical > 0.0:
        return None
    closes = {-1: np.roll(y, -1), 0: y}
    closes |= {panel.step + k: np.roll(last, k) for k in range(BEFORE + 1)}
    distances = tuple(float(_size(((yhat - close) / last)[known]) / typical) for close in closes.values())
    if not np.isfinite(distances).all():
        return None
    moved = known & np.roll(known, 1)
    return Copying(
        offsets=tuple(closes),
        distances=distances,
        copied=_r2((yhat - np.roll(yhat, 1))[moved] / last[moved], (last - np.roll(last, 1))[moved] / last[moved]),
        size=float(_size(panel.announced) / _size(panel.naive)),
        step=panel.step,
    )


def _in_a_row(panel: Panel) -> Bools:
    """Rows with `BEFORE` sessions before them and one after, without a gap; in the order of `by_symbol`.

    The first row follows none, so what `np.roll` brings round from the end counts for no row.
    """
    known = panel.followed.copy()
    for k in range(BEFORE):
        known &= np.roll(panel.follows, k)
    return known


def _size(values: Float64s) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else float("nan")


def _r2(x: Float64s, y: Float64s) -> float:
    """Squared correlation; NaN where either never varies."""
    if len(x) < 2 or not x.std() > 0.0 or not y.std() > 0.0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1] ** 2)


def _nearest(found: Copying) -> Text:
    if found.size == 0.0:
        return Text("It is the last close, repeated.")
    if max(found.distances) < (1.0 + APART) * min(found.distances):
        return Text(
            "The forecast curve follows no close: it lies {distance} usual daily moves away from each.",
            distance=f"{min(found.distances):.1f}",
        )
    where = found.nearest
    if where == found.step:
        return Text(
            "The forecast curve lies nearest to the last close, as an honest forecast of a walk does too; {copied} % of "
            "its movement is the last close's.",
            copied=f"{100.0 * found.copied:.0f}",
        )
    if where > found.step:
        return Text(
            "The forecast curve runs late: it lies nearest to the close {sessions} sessions before its target.",
            sessions=where,
        )
    if where == 0:
        return Text("The forecast curve lies nearest to the close that it is for.")
    return Text("The forecast curve lies nearest to the close after the one that it is for: dates off by one?")


def _adds(found: Copying, line: Line) -> Text:
    facts = {"size": f"{found.size:.2g}", "slope": f"{line.slope:.2g}"}
    if line.undefined is not None:
        return Text("The change that it announces is {size} times as large as those that come.", size=facts["size"])
    half = QUANTILE * line.slope_error
    facts |= {"lo": f"{line.slope - half:.2g}", "hi": f"{line.slope + half:.2g}"}
    if line.slope - half > 0.0:
        return Text(
            "The change that it announces is {size} times as large as those that come; for each 1 % announced, {slope} % "
            "came (Mincer-Zarnowitz slope, 90 % interval {lo} to {hi}; 1 is perfect).",
            **facts,
        )
    if line.slope + half < 0.0:
        return Text(
            "The change that it announces is {size} times as large as those that come, and where it announced more, less came "
            "(Mincer-Zarnowitz slope {slope}, 90 % interval {lo} to {hi}; 1 is perfect).",
            **facts,
        )
    if found.size < ONLY_COPY:
        return Text(
            "It is hardly more than a copy: the change that it announces is {size} times as large as those that come, "
            "and nothing of it is shown to come true (Mincer-Zarnowitz slope {slope}, 90 % interval {lo} to {hi}).",
            **facts,
        )
    return Text(
        "What it adds is not shown to be more than noise: the change that it announces is {size} times as large as those "
        "that come, with a Mincer-Zarnowitz slope of {slope} (90 % interval {lo} to {hi}; 1 is perfect, 0 is nothing).",
        **facts,
    )
