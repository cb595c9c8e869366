"""What decides a sweep's numbers: written first, and compared when the same command is given again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nextclose.core.lang import Lang
from nextclose.core.plain import plain
from nextclose.core.results import DataSummary, SplitDates
from nextclose.core.sweep import Alternatives, Span

FORMAT = 1
"""Raised whenever an older nextclose could not read what this one writes."""
NAME = "sweep.json"
_TOLD = ("format", "lang", "data", "split", "summary", "at_once", "versions", "engine")
"""What is told or follows from the rest, and decides nothing by itself."""


@dataclass(frozen=True, kw_only=True)
class SweepManifest:
    """A sweep, before anything of it is computed."""

    lang: Lang
    """Of the sentences, unless another is asked for."""
    data: DataSummary
    split: SplitDates
    rows: tuple[int, int, int, int]
    """The split as row numbers: train start and stop, first and last test row."""
    recipe: str
    summary: str
    settings: Mapping[str, Any]
    """The recipe's, with what is fixed in all combinations."""
    axes: Mapping[str, Any]
    """Setting -> its values, or {low, high, whole} of a range."""
    tries: int | None
    """Of a search; None for a grid."""
    files: Mapping[str, str]
    """Path -> SHA-256 of each file that a setting names, such as initial weights."""
    baselines: Mapping[str, int | None]
    """{refit_every, train_sessions} of the plainer forecasts."""
    engine: Mapping[str, str]
    """{chosen, reason}."""
    at_once: int
    """Combinations that are fitted together: the same ones again when a sweep goes on."""
    versions: Mapping[str, str]
    """Of what computes the numbers: a sweep is only finished with what began it."""
    format: int = FORMAT

    def deciding(self) -> dict[str, Any]:
        """The part that two sweeps of equal numbers share."""
        page = {name: value for name, value in plain(self).items() if name not in _TOLD}
        page["axes"] = list(self.axes.items())  # their order names the combinations
        page |= {"symbol": self.data.symbol, "sha256": self.data.sha256, "engine": self.engine["chosen"]}
        return json.loads(json.dumps(page))  # type: ignore[no-any-return]

    def differs_from(self, other: SweepManifest) -> list[str]:
        """What decides these two and is not the same, by name."""
        own, others = self.deciding(), other.deciding()
        return [name for name in own if own[name] != others.get(name)]

    def alternatives(self) -> Alternatives:
        """The axes as they were given."""
        found: dict[str, tuple[Any, ...] | Span] = {}
        for name, values in self.axes.items():
            if isinstance(values, Mapping):
                found[name] = Span(**values)
            else:
                found[name] = tuple(tuple(value) if isinstance(value, list) else value for value in values)
        return found
