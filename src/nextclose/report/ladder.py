"""The ladder: each rung's error over persistence's on a logarithmic scale, a ring a seed."""

from __future__ import annotations

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import Ladder, Rung
from nextclose.report.html import Markup, tag
from nextclose.report.strip import Scale, bar, dot, strip, ticks
from nextclose.report.words import DASH


def ladder_parts(ladder: Ladder, lang: Lang) -> list[Markup]:
    """The rungs from top to bottom, their axis, how to read it, and the sentence that names the decisive one."""
    scale = _scale(ladder)
    rungs = [_rung(rung, rung.name == ladder.decisive, scale) for rung in ladder.rungs]
    axis = tag("li", tag("span"), ticks(scale), class_="axis")
    key = say(
        "Error in multiples of repeating the last close, logarithmic; a ring is one seed, the diamond the median seed.",
        lang,
    )
    return [
        tag("p", ladder.sentence, class_="answer"),
        tag("ol", *rungs, axis, class_="ladder"),
        tag("p", key, class_="notes"),
    ]


def _rung(rung: Rung, decisive: bool, scale: Scale) -> Markup:
    ratio = rung.typical
    marks = [dot(scale, 1.0, "level")]
    if np.isfinite(ratio):
        rings = [dot(scale, value, "ring") for value in rung.rmse_ratio_by_seed if np.isfinite(value)]
        marks += [bar(scale, 1.0, ratio, "reach"), *rings, dot(scale, ratio, "diamond")]
    number = f"{ratio:.2f}" if np.isfinite(ratio) else DASH
    return tag(
        "li",
        tag("span", rung.change, class_="change"),
        strip(*marks),
        tag("span", number, class_="ratio"),
        class_="decisive" if decisive else "rung",
    )


def _scale(ladder: Ladder) -> Scale:
    values = [value for rung in ladder.rungs for value in (rung.typical, *rung.rmse_ratio_by_seed, 1.0)]
    known = [value for value in values if np.isfinite(value) and value > 0.0]
    low, high = min(known), max(*known, 1.05)
    margin = (high / low) ** 0.04
    return Scale(low=low / margin, high=high * margin, log=True)
