"""One symbol of a market: its share of the spans, what was found in its rows, or why it is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.errors import BarsError, NextcloseError, UserError
from nextclose.core.lang import say
from nextclose.core.types import Dates
from nextclose.market.config import MarketConfig
from nextclose.market.spans import MarketSplit
from nextclose.windows.volatility import FLOOR

TOO_SHORT, NO_TEST, FAULTY, FAILED = "too-short", "no-test", "faulty", "failed"
EXPECTED = (TOO_SHORT, NO_TEST)
"""Kinds of symbols left out that are no failures: there are no bars where they are needed."""


class LeftOutError(BarsError):
    """A symbol that the run does not use, and the kind of its reason."""

    def __init__(self, template: str, /, *, kind: str, **values: object) -> None:
        super().__init__(template, **values)
        self.kind = kind

    @classmethod
    def of(cls, error: UserError, kind: str) -> LeftOutError:
        """What an error says, as a reason of that kind."""
        return cls(error.template, kind=kind, **error.values)

    def __reduce__(self) -> tuple[object, ...]:
        return (partial(LeftOutError, kind=self.kind, **self.values), (self.template,))


@dataclass(frozen=True, kw_only=True, eq=False)
class Member:
    """A symbol that can be used."""

    bars: Bars
    split: MarketSplit

    @property
    def volatility(self) -> float:
        """Standard deviation of the daily log return before the test span."""
        return float(np.std(np.diff(np.log(self.bars.close[: self.split.test_first]))))


def admit(bars: Bars, config: MarketConfig) -> Member:
    """The symbol with its spans. Raises LeftOutError where it has no bars where they are needed."""
    member, spans = train_member(bars, config), config.spans
    if member.split.test_last < member.split.test_first:
        raise LeftOutError(
            "no bar between {first} and {last}, the test span",
            kind=NO_TEST,
            first=spans.test_start,
            last=spans.test_end,
        )
    return member


def train_member(bars: Bars, config: MarketConfig) -> Member:
    """The symbol as a net of the whole market learns from it, whether or not it trades in the test span.

    What comes after the train span must not decide who is learnt from. Raises LeftOutError for too few bars before.
    """
    spans = config.spans
    start, stop = _rows(bars.dates, spans.train_start, spans.train_end)
    first, end = _rows(bars.dates, spans.test_start, spans.test_end)
    if stop - start < config.min_bars:
        raise LeftOutError(
            "{count} bars from {first} to {last}, before the test span; at least {least} are asked for (--min-bars)",
            kind=TOO_SHORT,
            count=stop - start,
            first=spans.train_start,
            last=spans.train_end,
            least=config.min_bars,
        )
    split = MarketSplit(
        train_start=start,
        train_stop=stop,
        test_first=first,
        test_last=end - 1,
        dates=bars.dates,
        sessions=config.sessions,
    )
    return Member(bars=bars, split=split)


def _rows(dates: Dates, first: str, last: str) -> tuple[int, int]:
    """The rows of a span, [start, stop)."""
    start = int(np.searchsorted(dates, np.datetime64(first, "D")))
    return start, max(start, int(np.searchsorted(dates, np.datetime64(last, "D"), side="right")))


def kind_of(error: NextcloseError) -> str:
    """Which kind of reason an error is."""
    if isinstance(error, LeftOutError):
        return error.kind
    return FAULTY if error.exit_status == 2 else FAILED


def used_row(member: Member, name: str, config: MarketConfig, shard: int) -> dict[str, Any]:
    """Its row in the table of symbols."""
    bars = member.bars
    return {
        "symbol": bars.symbol, "status": "used", "kind": "", "reason": "", "reason_ko": "", "shard": shard,
        "rows": len(bars), "first": bars.dates[0], "last": bars.dates[-1], "value": config.values.get(name, np.nan),
        "volatility": max(member.volatility, FLOOR), "sha256": bars.sha256,
    }  # fmt: skip


def left_out_row(
    symbol: str, error: NextcloseError, told: Mapping[str, str], bars: Bars | None, value: float, shard: int
) -> dict[str, Any]:
    """The row of a symbol that is not used; `told` is the reason by language."""
    nothing = np.datetime64("NaT", "D")
    return {
        "symbol": symbol, "status": "left out", "kind": kind_of(error), "reason": told["en"], "reason_ko": told["ko"],
        "shard": shard, "rows": 0 if bars is None else len(bars), "first": nothing if bars is None else bars.dates[0],
        "last": nothing if bars is None else bars.dates[-1], "value": value, "volatility": np.nan,
        "sha256": "" if bars is None else bars.sha256,
    }  # fmt: skip


def fault_rows(bars: Bars) -> Sequence[dict[str, Any]]:
    """What was found in a symbol's rows, a row a kind."""
    return [
        {
            "symbol": bars.symbol, "kind": found.kind, "severity": found.severity, "action": found.action,
            "text": say(found.text, "en", **found.values), "text_ko": say(found.text, "ko", **found.values),
            "count": found.count, "first": np.datetime64(found.dates[0] if found.dates else "NaT", "D"),
        }
        for found in bars.findings
    ]  # fmt: skip
