"""The split drawn: a row a fold, what it was trained on and the sessions that its model served."""

from __future__ import annotations

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import SplitDates
from nextclose.report.html import Markup, tag
from nextclose.report.strip import Scale, bar, label, strip

MOST = 24
"""Folds that are drawn; more are thinned evenly, the first and the last among them."""


def fold_parts(split: SplitDates, lang: Lang) -> list[Markup]:
    """The key, the rows with their dates, and the axis."""
    folds = split.folds
    shown = sorted({int(i) for i in np.linspace(0, len(folds) - 1, min(len(folds), MOST)).round()})
    scale = Scale(low=_day(split.train_start), high=_day(split.test_end))
    rows = [_row(number, *folds[number], scale) for number in shown]
    names = tag("p", _key("train", say("train", lang)), _key("test", say("test", lang)), class_="notes key")
    parts = [names, tag("ol", *rows, tag("li", tag("span"), _years(scale), class_="axis"), class_="folds")]
    if len(shown) < len(folds):
        thinned = say("{shown} of {folds} folds are drawn.", lang, shown=len(shown), folds=len(folds))
        parts.append(tag("p", thinned, class_="notes"))
    return parts


def _row(number: int, train_start: str, train_end: str, first: str, last: str, scale: Scale) -> Markup:
    train = bar(scale, _day(train_start), _day(train_end), "train")
    test = bar(scale, _day(first), _day(last), "test")
    words = (tag("b", str(number + 1)), f" {first} .. {last}")
    return tag("li", tag("span", *words, class_="change"), strip(train, test))


def _key(kind: str, name: str) -> Markup:
    return tag("span", tag("i", class_=kind), name)


def _years(scale: Scale) -> Markup:
    """At most eight years under the rows, each at its first of January."""
    first, last = (
        np.datetime64(int(day), "D").astype("datetime64[Y]").astype(int) + 1970 for day in (scale.low, scale.high)
    )
    every = max(-(-(last - first) // 8), 1)
    years = [str(year) for year in range(first + 1, last + 1, every)]
    return strip(*(label(scale, _day(f"{year}-01-01"), year) for year in years), kind="ticks")


def _day(date: str) -> float:
    return float(np.datetime64(date, "D").astype(np.int64))
