"""The dates of the spans, checked in the words of a page, which has no options."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nextclose.core.errors import SettingsError
from nextclose.core.lang import Text
from nextclose.core.types import Dates
from nextclose.judging.splits import parse_date

NAMES = {
    "train_start": Text("the start of the train span"),
    "test_start": Text("the start of the test span"),
    "test_end": Text("the end of the test span"),
}


def page_date(what: Text, text: str) -> np.datetime64:
    """The date that a page gives for something. Raises SettingsError for what is none."""
    try:
        return parse_date("", text)
    except SettingsError:
        raise SettingsError("{span}: expected a date such as 2023-04-01, got '{got}'", span=what, got=text) from None


def check_spans(spans: Mapping[str, str], dates: Dates, sessions: int) -> None:
    """Raise SettingsError for what is no date, lies outside `dates`, or under the seal: behind the first `sessions`."""
    for name, text in spans.items():
        date = page_date(NAMES[name], text)
        if sessions < len(dates) and dates[sessions] <= date <= dates[-1]:
            raise SettingsError(
                "{span}: {date} lies in the sealed quarter, which starts on {seal}. Choose a date up to {last}.",
                span=NAMES[name], date=date, seal=dates[sessions], last=dates[sessions - 1],
            )  # fmt: skip
        if not dates[0] <= date <= dates[sessions - 1]:
            raise SettingsError(
                "{span}: {date} lies outside the explored bars, which run from {first} to {last}",
                span=NAMES[name], date=date, first=dates[0], last=dates[sessions - 1],
            )  # fmt: skip
