"""Lines as inline SVG: what a reader without JavaScript sees of a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nextclose.core.types import Float64s
from nextclose.report.html import Markup, tag

WIDTH, HEIGHT = 1000.0, 260.0


def sketch(lines: Sequence[tuple[str, Float64s]]) -> Markup:
    """One polyline for each (colour, values), all on one scale; gaps are left out."""
    known = np.concatenate([values[np.isfinite(values)] for _, values in lines] or [np.empty(0)])
    if not len(known):
        return Markup("")
    low, high = float(known.min()), float(known.max())
    drawn = [_polyline(colour, values, low, high - low or 1.0) for colour, values in lines]
    return tag("svg", *drawn, viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}", class_="sketch", role="img")


def _polyline(colour: str, values: Float64s, low: float, height: float) -> Markup:
    x = WIDTH * np.arange(len(values)) / max(len(values) - 1, 1)
    y = HEIGHT * (1.0 - (values - low) / height)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True) if np.isfinite(b))
    return tag("polyline", points=points, fill="none", stroke=colour, stroke_width="1.5")
