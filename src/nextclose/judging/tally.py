"""One model's forecasts at one step, added up over the symbols of each session.

Sessions are the observations of every market-wide test, so these sums are all that such a test needs: a market's rows
need not be in memory together. Shards of symbols are tallied one by one and the tallies added.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from nextclose.core.errors import ForecastsError
from nextclose.core.types import Bools, Dates, Float64s, Ints
from nextclose.judging import metrics
from nextclose.judging.panel import Panel
from nextclose.judging.stored import one_step, read_columns


@dataclass(frozen=True, kw_only=True, eq=False)
class Tally:
    """Sums over the symbols of each of T sessions; each column is (T,).

    e is the model's error and p persistence's, both over the last close; c is the change announced, (yhat - last_close)
    / last_close. A model's row *follows* another where that is the same symbol's row before it.
    """

    step: int
    dates: Dates
    """Target dates, increasing."""
    n: Ints
    """Forecasts."""
    entering: Ints
    """Symbols whose first forecast is of this session."""
    lost: Float64s
    base: Float64s
    """e^2 and p^2."""
    lost_abs: Float64s
    base_abs: Float64s
    """|e| and |p|."""
    change: Float64s
    """p: the change that came."""
    clark_west: Float64s
    """p^2 - e^2 + (p - e)^2."""
    announced: Float64s
    announced_squares: Float64s
    """c and c^2."""
    pairs: Ints
    """Rows that follow another."""
    pair_sums: Float64s
    pair_products: Float64s
    """c plus, and times, the c that it follows."""
    hits: Ints
    """Rises and other ends called as they came; a tie is no rise."""
    rises: Ints
    calls: Ints
    """Rises called."""
    called_rises: Ints
    """Rises that were called and came."""
    ties: Ints
    """Closes equal to the last close."""
    intervals: Ints
    inside: Ints
    """Intervals, and truths inside them."""
    width: Float64s
    """(hi - lo) / last_close."""
    scored: Ints
    score: Float64s
    """Intervals of a level below 1, and their interval scores over the last close."""
    level: Float64s
    """Not a sum: the level of the session's first interval; NaN where none has one."""
    stated: Ints
    """Forecasts with a probability of a rise."""
    brier: Float64s
    """(p_up - rise)^2 of these."""
    stated_rises: Ints
    """Rises among these."""

    @classmethod
    def of(cls, panel: Panel) -> Tally:
        """From rows."""
        sessions, rows = panel.sessions, panel.rows
        sums = {name: sessions.sums(values) for name, values in _rows(panel)}
        return cls(
            step=panel.step,
            dates=rows.target_date[sessions.starts],
            n=sessions.counts,
            level=_levels(panel),
            **sums,
        )

    @classmethod
    def sum(cls, tallies: Iterable[Tally]) -> Tally:
        """The tallies of shards that share no symbol, added in the order given on the union of their dates.

        Raises ForecastsError unless all are of one step.
        """
        parts = tuple(tallies)
        dates = np.unique(np.concatenate([part.dates for part in parts])) if parts else np.empty(0, "datetime64[D]")
        sums = {name: np.zeros(len(dates), dtype=kind) for name, kind in _SUMS.items()}
        level = np.full(len(dates), np.nan)
        for part in parts:
            at = np.searchsorted(dates, part.dates)
            level[at] = np.where(np.isnan(level[at]), part.level, level[at])
            for name, total in sums.items():
                total[at] += getattr(part, name)
        return cls(step=one_step(part.step for part in parts), dates=dates, level=level, **sums)

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Name -> (T,), `dates` as target_date and the step too: a table with a row a session, such as `make` reads."""
        keys = {"step": np.full(len(self.dates), self.step, dtype=np.int64), "target_date": self.dates}
        return keys | {name: getattr(self, name) for name in (*_SUMS, "level")}

    @classmethod
    def make(cls, columns: Mapping[str, Any], /) -> Tally:
        """From columns of one model and step, in any order of sessions; others than ours are ignored.

        Raises ForecastsError where one is missing, where the steps differ, or where a session stands twice.
        """
        kinds = {"step": np.int64, "target_date": "datetime64[D]", "level": np.float64} | _SUMS
        found = read_columns(columns, kinds)
        order = np.argsort(found["target_date"], kind="stable")
        step, dates = one_step(found.pop("step").tolist()), found.pop("target_date")[order]
        twice = np.flatnonzero(dates[1:] == dates[:-1])
        if len(twice):
            raise ForecastsError(
                "the table of sums has several rows for {date}: expected one a session, of one model and step",
                date=dates[twice[0]],
            )
        return cls(step=step, dates=dates, **{name: values[order] for name, values in found.items()})

    @cached_property
    def forecasts(self) -> int:
        """Rows that were added up."""
        return int(self.n.sum())

    @property
    def sessions(self) -> int:
        """T."""
        return len(self.dates)

    @cached_property
    def symbols(self) -> int:
        """Different symbols."""
        return int(self.entering.sum())


_OTHER = ("step", "dates", "level")
_SUMS: dict[str, Any] = {
    field.name: np.int64 if field.type == "Ints" else np.float64 for field in fields(Tally) if field.name not in _OTHER
}
"""Column -> its type."""


def _rows(panel: Panel) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """What is added up, one column (n,) after the other, so that few are in memory at once."""
    yield from _losses(panel)
    yield from _announced(panel)
    yield from _directions(panel)
    yield from _intervals(panel)
    yield from _probabilities(panel)


def _losses(panel: Panel) -> Iterator[tuple[str, Float64s]]:
    e, p = panel.error, panel.naive
    yield "lost", e**2
    yield "base", p**2
    yield "lost_abs", np.abs(e)
    yield "base_abs", np.abs(p)
    yield "change", p
    yield "clark_west", p**2 - e**2 + (p - e) ** 2


def _announced(panel: Panel) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    c, follows, earlier = panel.announced, panel.lines.before >= 0, panel.announced[panel.lines.before]
    yield "entering", _ones(~follows)
    yield "announced", c
    yield "announced_squares", c**2
    yield "pairs", _ones(follows)
    yield "pair_sums", np.where(follows, c + earlier, 0.0)
    yield "pair_products", np.where(follows, c * earlier, 0.0)


def _directions(panel: Panel) -> Iterator[tuple[str, Ints]]:
    y, last = panel.rows.y, panel.rows.last_close
    rose, called = metrics.rises(y, last), metrics.rises(panel.rows.yhat, last)
    yield "hits", _ones(rose == called)
    yield "rises", _ones(rose)
    yield "calls", _ones(called)
    yield "called_rises", _ones(rose & called)
    yield "ties", _ones(y == last)


def _intervals(panel: Panel) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    rows, last = panel.rows, panel.rows.last_close
    known = np.isfinite(rows.lo) & np.isfinite(rows.hi)
    yield "intervals", _ones(known)
    yield "inside", _ones(known & (rows.lo <= rows.y) & (rows.y <= rows.hi))
    y, lo, hi = rows.y / last, rows.lo / last, rows.hi / last
    yield "width", np.where(known, hi - lo, 0.0)
    scores = metrics.interval_scores(y, lo, hi, rows.level)
    yield "scored", _ones(~np.isnan(scores))
    yield "score", np.where(np.isnan(scores), 0.0, scores)


def _probabilities(panel: Panel) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    rows = panel.rows
    rose, stated = metrics.rises(rows.y, rows.last_close), np.isfinite(rows.p_up)
    yield "stated", _ones(stated)
    yield "brier", np.where(stated, (rows.p_up - rose) ** 2, 0.0)
    yield "stated_rises", _ones(stated & rose)


def _levels(panel: Panel) -> Float64s:
    """(T,) the level of each session's first interval that has one."""
    rows, levels = panel.rows, np.full(panel.sessions.count, np.nan)
    known = np.flatnonzero(np.isfinite(rows.level) & np.isfinite(rows.lo))
    sessions = panel.sessions.of[known]
    first = np.flatnonzero(np.diff(sessions, prepend=-1))
    levels[sessions[first]] = rows.level[known[first]]
    return levels


def _ones(marked: Bools) -> Ints:
    return marked.astype(np.int64)
