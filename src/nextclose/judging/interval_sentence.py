"""What a reader is told of a model's intervals, in one sentence."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from nextclose.core.lang import Joined, Text
from nextclose.core.results import IntervalRow

TIMES = 2.0
"""Ratio of scores from which it is told as a multiple instead of in percent."""


def interval_sentence(row: IntervalRow, *, several: bool) -> Text:
    """How much is covered, what it costs beside a constant, and the worst session; only what is known is said."""
    parts = [_covered(row), _scored(row), _worst(row, several)]
    return Joined([part for part in parts if part is not None], " ")


def _covered(row: IntervalRow) -> Text:
    name = row.model if row.step == 1 else Text("{name}, step {step}", name=row.model, step=row.step)
    facts = {"name": name, "n": f"{row.n:,}", "coverage": _percent(row.coverage, 1)}
    if np.isnan(row.level):
        return Text("{name}: the intervals cover {coverage} % of {n} closes.", **facts)
    facts["level"] = f"{100.0 * row.level:.3g}"
    if not row.calm.n or not row.middle.n or not row.wild.n:
        return Text("{name}: {level} % intervals cover {coverage} % of {n} closes.", **facts)
    return Text(
        "{name}: {level} % intervals cover {coverage} % of {n} closes (calm {calm}, middle {middle}, wild {wild}).",
        **facts,
        calm=_percent(row.calm.coverage),
        middle=_percent(row.middle.coverage),
        wild=_percent(row.wild.coverage),
    )


def _scored(row: IntervalRow) -> Text | None:
    if np.isnan(row.score_ratio):
        return None
    gain = 100.0 * (1.0 - row.score_ratio)
    z = f"{float(ndtri((1.0 + row.level) / 2.0)):.2f}"
    if abs(gain) < 0.05:
        return Text("Their interval score is that of {z} EWMA volatilities either way.", z=z)
    if gain > 0.0:
        return Text(
            "Their interval score is {gain} % below that of {z} EWMA volatilities either way.", gain=f"{gain:.1f}", z=z
        )
    if row.score_ratio >= TIMES:
        return Text(
            "Their interval score is {ratio} times that of {z} EWMA volatilities either way.",
            ratio=f"{row.score_ratio:.1f}",
            z=z,
        )
    return Text(
        "Their interval score is {loss} % above that of {z} EWMA volatilities either way.", loss=f"{-gain:.1f}", z=z
    )


def _worst(row: IntervalRow, several: bool) -> Text | None:
    if row.worst is None:
        return None
    facts = {"date": row.worst.date}
    if several:
        return Text(
            "On the worst session ({date}) {share} % of the closes were inside.",
            **facts,
            share=_percent(row.worst.coverage),
        )
    facts["move"] = f"{row.worst.move:.1f}"
    if row.worst.coverage > 0.0:
        return Text("The largest move ({date}, {move} volatilities) ended inside.", **facts)
    return Text("The largest move ({date}, {move} volatilities) ended outside.", **facts)


def _percent(share: float, digits: int = 0) -> str:
    return f"{100.0 * share:.{digits}f}"
