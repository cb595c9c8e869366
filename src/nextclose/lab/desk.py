"""The desk: one symbol's bars in the lab, of which the last quarter is sealed.

rows     0 ..................... explored - 1 | explored ......... n - 1
         [= train =][-- test --]                [ the sealed envelope ]
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from nextclose.bars.bars import Bars, Finding
from nextclose.baselines import BASELINES
from nextclose.core.errors import BarsError
from nextclose.core.settings import WindowSettings
from nextclose.core.types import Float64s, Ints
from nextclose.judging.intervals import interval_scale
from nextclose.judging.luck import Luck, Searched
from nextclose.judging.splits import Split, make_split
from nextclose.lab.bent import Bent
from nextclose.lab.choices import Choices
from nextclose.lab.spans import check_spans
from nextclose.recipes import Recipe
from nextclose.study.walk import Walked, walk_baseline
from nextclose.training.resolve import Engine, resolve_engine
from nextclose.windows import Dataset, make_dataset

SEALED = 4
"""One in so many sessions, the latest, is sealed."""
LEAST = 60
"""Bars below which there is nothing to explore."""
TRAINED = 689
"""Sessions that train by default: the tutorial's."""
KEPT = 16
"""Datasets and baselines that are remembered."""
KEPT_BYTES = 128 * 1024 * 1024
"""Of their windows; long windows of many features over a century of sessions take that much at once."""
_Key = TypeVar("_Key")
_Made = TypeVar("_Made")


@dataclass(frozen=True, kw_only=True, eq=False)
class Tried:
    """What was tried on some bars."""

    keys: frozenset[str]
    """Of the choices whose forecasts were looked at."""
    searched: Searched
    """What luck remembers of the forecasts."""


class Desk:
    """One symbol's bars, and what was found on them so far; several pages may share it.

    opened : what `load_bars` was called with, source and options, where it was.

    Raises BarsError for fewer bars than the lab can use.
    """

    def __init__(self, whole: Bars, opened: Mapping[str, str] | None = None) -> None:
        if len(whole) < LEAST:
            raise BarsError(
                "{symbol}: the lab needs at least {least} bars, got {got}",
                symbol=whole.symbol,
                least=LEAST,
                got=len(whole),
            )
        self.whole, self.opened = whole, opened
        self.explored = len(whole) - len(whole) // SEALED
        self.bars = replace(whole[: self.explored], findings=_found_before(whole, self.explored))
        self.luck = Luck(self.explored)
        self._lock = threading.Lock()
        self._tried: set[str] = set()
        self.on_try: Callable[[Desk], None] | None = None
        """Called after every new try, in the thread that counts it."""
        self._datasets: dict[WindowSettings, Dataset] = {}
        self._made: dict[Hashable, Any] = {}
        self._plain: dict[tuple[int, int, int, int, int], tuple[Walked, ...]] = {}

    @cached_property
    def scale(self) -> Float64s:
        """(n,) what an interval's scores are measured in, of the explored bars."""
        return interval_scale(self.bars)

    @property
    def tried(self) -> int:
        """Different choices whose forecasts were looked at."""
        return len(self._tried)

    @property
    def tries(self) -> Tried:
        """All that was tried so far."""
        with self._lock:
            return Tried(keys=frozenset(self._tried), searched=self.luck.searched)

    def recall(self, tries: Tried) -> None:
        """Count what was tried on the same bars elsewhere as well; what is known counts once."""
        with self._lock:
            self._tried |= tries.keys
            self.luck.unite(tries.searched)

    def split(self, choices: Choices) -> Split:
        """The spans that the choices mean on the explored bars: by default as `make_split` has them, but for training on
        the latest TRAINED sessions. Raises SettingsError for dates that cannot be met."""
        check_spans(choices.spans, self.whole.dates, len(self.bars))
        split = make_split(self.bars.dates, **choices.spans)
        if "train_start" in choices.spans:
            return split
        return replace(split, train_start=max(split.train_start, split.train_stop - TRAINED))

    def engine(self, recipe: Recipe) -> Engine:
        """What fits the recipe."""
        return resolve_engine("auto", recipe)

    def dataset(self, settings: WindowSettings) -> Dataset:
        """Every window of the explored bars."""
        with self._lock:
            found = self._datasets.get(settings)
        return found or self._keep(self._datasets, settings, make_dataset(self.bars, settings))

    def baselines(self, seq_len: int, split: Split) -> tuple[Walked, ...]:
        """The plainer forecasts on the same spans, fitted once as the net is."""
        key = (seq_len, split.train_start, split.train_stop, split.test_first, split.test_last)
        with self._lock:
            found = self._plain.get(key)
        return found or self._keep(
            self._plain,
            key,
            tuple(walk_baseline(name, seq_len, self.bars, split, refit_every=0) for name in BASELINES),
        )

    def kept(self, key: Hashable, make: Callable[[], _Made]) -> _Made:
        """What `make` made under this key, made again only when it is forgotten."""
        with self._lock:
            found: _Made | None = self._made.get(key)
        return found if found is not None else self._keep(self._made, key, make())

    def looked_at(self, key: str, error: Float64s, naive: Float64s, rows: Ints) -> None:
        """Count choices whose forecasts were shown.

        error, naive : (S, n) and (n,) signed errors over the last close, of what could have been chosen and of repeating
        the last close. rows : (n,) of the closes forecast.
        """
        with self._lock:
            before = len(self._tried), self.luck.count
            self._tried.add(key)
            for one in error:
                self.luck.tried(one, naive, rows)
            new = before != (len(self._tried), self.luck.count)
        if new and self.on_try is not None:
            self.on_try(self)

    def _keep(self, kept: dict[_Key, _Made], key: _Key, made: _Made) -> _Made:
        """Remember what was made, and forget the oldest."""
        with self._lock:
            while kept and (len(kept) >= KEPT or sum(map(_bytes, [*kept.values(), made])) > KEPT_BYTES):
                kept.pop(next(iter(kept)))
            kept[key] = made
        return made


def _found_before(whole: Bars, row: int) -> tuple[Finding, ...]:
    """What was found in the rows, without what names a session from `row` on."""
    seal, known = str(whole.dates[row]), []
    for finding in whole.findings:
        days = tuple(day for day in finding.dates if day < seal)
        if days == finding.dates:
            known.append(finding)
        elif days:
            known.append(replace(finding, count=len(days), dates=days))
    return tuple(known)


def _bytes(made: Any) -> int:
    """About what something that is remembered takes, where that is much: its windows."""
    data = made.data if isinstance(made, Bent) else made
    return data.X.nbytes if isinstance(data, Dataset) else 0
