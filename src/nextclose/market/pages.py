"""A finished run as its pages show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nextclose.core.lang import Lang
from nextclose.core.results import Judgement
from nextclose.core.types import Dates
from nextclose.market.ask import ask
from nextclose.market.config import MarketConfig
from nextclose.market.judgement import judge_run, tallies
from nextclose.market.keep import forecasts_path
from nextclose.market.liquidity import by_liquidity, liquidity_notes
from nextclose.market.spans import fold_starts
from nextclose.market.summary import notes
from nextclose.market.tables import arrays_of, by_model, from_parquet
from nextclose.report.market import write_market_pages
from nextclose.report.market_view import (
    ChartData,
    ChartModel,
    FaultCount,
    LeftOut,
    MarketView,
    SessionSums,
    SymbolColumns,
)

PAGES = "pages"


def index_of(folder: Path) -> Path:
    """The first page of a run, if it is written."""
    return folder / PAGES / "index.html"


def write_pages(folder: Path, lang: Lang) -> Path:
    """Write the pages of a finished run, and return the path of the first."""
    config = MarketConfig.read(folder)
    return write_market_pages(make_view(folder, config, lang), folder / PAGES, charts(folder, config))


def make_view(folder: Path, config: MarketConfig, lang: Lang) -> MarketView:
    """Everything but the charts."""
    judged = judge_run(folder, config, lang)
    spans, recipes = config.spans, config.chosen()
    often = max(recipes, key=lambda recipe: len(fold_starts(config.sessions, recipe.refit_every)))
    used = arrays_of(ask(folder, "SELECT symbol, value, volatility FROM symbols WHERE status = 'used' ORDER BY symbol"))
    symbols = tuple(used["symbol"].tolist())
    return MarketView(
        lang=lang,
        source=config.source,
        train_start=spans.train_start,
        train_end=spans.train_end,
        test_start=spans.test_start,
        test_end=spans.test_end,
        sessions=len(spans.sessions),
        scope=config.scope,
        recipes={recipe.name: recipe.settings() for recipe in recipes},
        seeds=max(recipe.seeds for recipe in recipes),
        refit_every=often.refit_every or None,
        folds=len(fold_starts(config.sessions, often.refit_every)),
        symbols=symbols,
        value=used["value"].astype(np.float64),
        volatility=used["volatility"].astype(np.float64),
        left_out=_left_out(folder, lang),
        ended_early=config.ended_early,
        faults=_faults(folder, lang),
        models=judged.models,
        contests=judged.contests,
        rivals=judged.rivals,
        by_symbol=_by_symbol(folder, symbols),
        by_session={
            name: SessionSums(dates=own.dates, lost=own.lost, base=own.base, n=own.n)
            for (name, step), own in tallies(folder).items()
            if step == _nearest(judged)
        },
        versions=config.versions,
        settings={"engine": config.engine, "sha256": config.source_sha256, "faults": config.faults},
        command=config.command,
        filtered=config.in_set - config.symbols,
        notes=tuple(
            note.render(lang)
            for note in (
                *liquidity_notes(judged.models, by_liquidity(folder)),
                *notes(config)[0 if config.ended_early else 1 :],
            )
        ),
        rolling=often.train_sessions,
    )


def charts(folder: Path, config: MarketConfig) -> Iterator[ChartData]:
    """Every used symbol's chart, shard by shard."""
    every = max((recipe.refit_every for recipe in config.chosen()), default=0)
    starts = fold_starts(config.sessions, every)
    for number in range(len(config.shards)):
        table = from_parquet(forecasts_path(folder, number))
        columns = arrays_of(table)
        if len(columns["symbol"]) == 0:
            continue
        first = columns["step"] == columns["step"].min()
        columns = {name: column[first] for name, column in columns.items()}
        edges = np.flatnonzero(columns["symbol"][1:] != columns["symbol"][:-1]) + 1
        for rows in np.split(np.arange(len(columns["symbol"])), edges):
            yield _chart({name: column[rows] for name, column in columns.items()}, config, starts)


def _chart(columns: Mapping[str, npt.NDArray[Any]], config: MarketConfig, starts: Dates) -> ChartData:
    """One symbol's rows as a chart."""
    dates, first = np.unique(columns["target_date"], return_index=True)
    models = {}
    for name in dict.fromkeys(columns["model"].tolist()):
        own = columns["model"] == name
        at = np.searchsorted(dates, columns["target_date"][own])
        drawn = {}
        for field in ("yhat", "lo", "hi"):
            drawn[field] = np.full(len(dates), np.nan)
            drawn[field][at] = columns[field][own]
        if name in config.recipes:
            models[name] = ChartModel(**drawn)
        elif name != "persistence":
            models[name] = ChartModel(yhat=drawn["yhat"])
    return ChartData(
        symbol=str(columns["symbol"][0]),
        dates=dates,
        y=columns["y"][first].astype(np.float64),
        last_close=columns["last_close"][first].astype(np.float64),
        models=models,
        folds=starts,
    )


def _nearest(judged: Judgement) -> int:
    return min(row.step for row in judged.models)


def _by_symbol(folder: Path, symbols: tuple[str, ...]) -> dict[str, SymbolColumns]:
    """Model -> its numbers at the nearest step, in the symbols' order."""
    place = {symbol: number for number, symbol in enumerate(symbols)}
    columns = arrays_of(ask(folder, "SELECT * FROM metrics WHERE step = (SELECT min(step) FROM metrics)"))
    found = {}
    for (model, _), own in by_model(columns):
        at = np.array([place[symbol] for symbol in own["symbol"].tolist()], dtype=np.int64)
        found[model] = SymbolColumns(
            n=_placed(own["n"], at, len(symbols), 0),
            **{name: _placed(own[name], at, len(symbols), np.nan) for name in _NUMBERS},
            verdict=_placed(own["verdict"], at, len(symbols), ""),
            information=_placed(own["information"], at, len(symbols), ""),
        )
    return found


_NUMBERS = ("rmse", "skill", "skill_lo", "skill_hi", "directional_accuracy", "coverage")


def _placed(values: npt.NDArray[Any], at: npt.NDArray[np.int64], count: int, blank: Any) -> npt.NDArray[Any]:
    full = np.full(count, blank, dtype=object if isinstance(blank, str) else np.asarray(blank).dtype)
    full[at] = values
    return full


def _left_out(folder: Path, lang: Lang) -> tuple[LeftOut, ...]:
    reason = "reason_ko" if lang == "ko" else "reason"
    rows = ask(folder, f"SELECT symbol, kind, {reason} AS reason FROM symbols WHERE status <> 'used' ORDER BY symbol")
    return tuple(LeftOut(**row) for row in rows.to_pylist())


def _faults(folder: Path, lang: Lang) -> tuple[FaultCount, ...]:
    text = "text_ko" if lang == "ko" else "text"
    rows = ask(
        folder,
        f'SELECT kind, severity, "action", any_value({text} ORDER BY symbol) AS text, sum("count")::BIGINT AS "rows", '
        "count(DISTINCT symbol) AS symbols FROM faults GROUP BY 1, 2, 3 ORDER BY 5 DESC, 1",
    )
    return tuple(FaultCount(**row) for row in rows.to_pylist())
