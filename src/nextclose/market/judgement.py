"""The verdict over a whole market, from a finished run's tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nextclose.core.lang import Lang
from nextclose.core.results import Judgement, Kind
from nextclose.judging.market import judge_tallies
from nextclose.judging.symbol_statistics import SymbolStatistics
from nextclose.judging.tally import Tally
from nextclose.market.ask import ask
from nextclose.market.config import MarketConfig
from nextclose.market.tables import arrays_of, by_model

if TYPE_CHECKING:
    from collections.abc import Mapping


def judge_run(folder: Path, config: MarketConfig, lang: Lang) -> Judgement:
    """Every model at every step, as `nextclose judge` would judge the run's forecasts; sessions are the observations."""
    sums = tallies(folder)
    statistics = _statistics(folder)
    steps = sorted({step for _, step in sums})
    judged = [
        judge_tallies(
            {name: tally for (name, own), tally in sums.items() if own == step},
            kinds=kinds(sums, config),
            symbols={name: found for (name, own), found in statistics.items() if own == step},
            lang=lang,
        )
        for step in steps
    ]
    return replace(
        judged[0],
        models=tuple(row for one in judged for row in one.models),
        symbols=tuple(row for one in judged for row in one.symbols),
        contests=tuple(found for one in judged for found in one.contests),
        rivals=tuple(row for one in judged for row in one.rivals),
    )


def tallies(folder: Path) -> dict[tuple[str, int], Tally]:
    """(model, step) -> its sums by session."""
    columns = arrays_of(ask(folder, "SELECT * FROM sessions"))
    return {key: Tally.make(own) for key, own in by_model(columns)}


def kinds(sums: Mapping[tuple[str, int], Tally], config: MarketConfig) -> dict[str, Kind]:
    """Which models are recipes of the run."""
    return {name: "recipe" if name in config.recipes else "baseline" for name, _ in sums}


def _statistics(folder: Path) -> dict[tuple[str, int], SymbolStatistics]:
    columns = arrays_of(ask(folder, "SELECT * FROM metrics"))
    return {key: SymbolStatistics.make(own) for key, own in by_model(columns)}
