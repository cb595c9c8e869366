"""Dashes with a number, and the list that says why each number is missing."""

from __future__ import annotations

from collections.abc import Mapping

from nextclose.report.html import Markup, tag
from nextclose.report.words import DASH


class Footnotes:
    """Collects reasons in the order in which they are met; equal reasons share a number."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def explain(self, shown: str, reasons: Mapping[str, str], *fields: str) -> str:
        """`shown`, or where it is a dash, the dash with the number of the first reason given for `fields`."""
        why = next((reasons[field] for field in fields if field in reasons), None)
        if shown != DASH or why is None:
            return shown
        if why not in self.reasons:
            self.reasons.append(why)
        number = str(self.reasons.index(why) + 1)
        return Markup(DASH + tag("sup", number))

    def listed(self) -> Markup:
        """The reasons, numbered; nothing where there are none."""
        return tag("ol", *(tag("li", why) for why in self.reasons), class_="notes") if self.reasons else Markup("")
