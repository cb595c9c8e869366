"""nextclose market: a study over every symbol of an exchange, begun, gone on with, and summed up."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nextclose.cli.options import Day, Engine, Json, LangOption, RefitEvery, Seeds, Set, TrainSessions, language
from nextclose.core.errors import SettingsError

if TYPE_CHECKING:
    from nextclose.core.lang import Lang
    from nextclose.core.market import MarketSummary
    from nextclose.market.backends import Backend
    from nextclose.market.finish import Outcome

TOO_MANY_FAILED = 3
BACKENDS = ("local", "ray")

app = typer.Typer(
    help="Forecast every symbol of an exchange, and judge them together.", no_args_is_help=True, rich_markup_mode=None
)

_Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a market run.")]
_Workers = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Processes, or cores of one fit over all symbols. [cores]")
]
_BackendName = Annotated[str, typer.Option("--backend", metavar="local|ray", help="Where shards are computed.")]
_Address = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="A Ray cluster, such as auto or HOST:6379. [a new one here]"),
]
_Recipes = Annotated[list[str] | None, typer.Option(metavar="NAME", help="A recipe; repeatable. [tutorial, default]")]
_Symbols = Annotated[list[str] | None, typer.Option(metavar="A,B,...", help="Only these symbols; repeatable. [all]")]
_Faults = Annotated[
    str, typer.Option(metavar="raise|drop|keep", help="What to do with faulty rows; raise leaves the symbol out.")
]
_MinBars = Annotated[
    int, typer.Option(metavar="N", help="Bars before the test span without which a symbol is left out.")
]
_Top = Annotated[
    int | None, typer.Option(metavar="N", help="Only the N symbols most traded before the test span. [all]")
]
_MaxFailures = Annotated[int | None, typer.Option(metavar="N", help="Exit with 3 if more symbols failed. [no limit]")]
_Scope = Annotated[str, typer.Option(metavar="symbol|market", help="Nets for each symbol, or one net for all of them.")]
_Pages = Annotated[bool, typer.Option("--pages/--no-pages", help="Write the run's pages when it is finished.")]


@app.command()
def run(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A .parquet file, or a folder or glob of Parquet or CSV files.")
    ],
    *,
    recipe: _Recipes = None,
    scope: _Scope = "symbol",
    train_start: Day = None,
    train_end: Day = None,
    test_start: Day = None,
    test_end: Day = None,
    refit_every: RefitEvery = None,
    train_sessions: TrainSessions = None,
    seeds: Seeds = None,
    engine: Engine = "auto",
    faults: _Faults = "drop",
    symbols: _Symbols = None,
    min_bars: _MinBars = 250,
    top_by_value: _Top = None,
    max_failures: _MaxFailures = None,
    set_: Set = None,
    shard_size: Annotated[int, typer.Option(metavar="N", help="Symbols that are computed together.")] = 16,
    workers: _Workers = None,
    backend: _BackendName = "local",
    address: _Address = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the run goes. [runs/<set>-<hash>]")] = None,
    pages: _Pages = True,
    lang: LangOption = "en",
    json: Json = False,
) -> None:
    """Forecast every symbol of SOURCE with some recipes, and judge them against 'tomorrow = today'."""
    from nextclose.cli.market_progress import MarketBar
    from nextclose.market.plan import Wishes, make_config
    from nextclose.market.run import check_empty, default_folder, start
    from nextclose.recipes import parse_settings
    from nextclose.study.run import DEFAULT_RECIPES

    spoken = language(lang)
    chosen = _backend(backend, address, workers)
    if out is not None:
        check_empty(out)
    config = make_config(
        Wishes(
            source=source,
            recipes=recipe or DEFAULT_RECIPES,
            scope=scope,
            train_start=train_start,
            train_end=train_end,
            test_start=test_start,
            test_end=test_end,
            refit_every=refit_every,
            train_sessions=train_sessions,
            seeds=seeds,
            engine=engine,
            faults=faults,
            symbols=[name.strip() for part in symbols or () for name in part.split(",") if name.strip()],
            min_bars=min_bars,
            top_by_value=top_by_value,
            max_failures=max_failures,
            settings=parse_settings(set_ or ()),
            shard_size=shard_size,
            lang=spoken,
            command=shlex.join(["nextclose", *sys.argv[1:]]),
        ),
        lambda line: print(line.render(spoken), file=sys.stderr, flush=True),
    )
    folder = out or default_folder(config)
    chosen.ready()
    with MarketBar(spoken, folder, quiet=json) as bar:
        outcome = start(config, folder, chosen, threads=workers or cores(), watcher=bar)
    _conclude(folder, outcome, spoken, pages=pages, json=json)


@app.command()
def resume(
    folder: _Run,
    *,
    workers: _Workers = None,
    backend: _BackendName = "local",
    address: _Address = None,
    pages: _Pages = True,
    lang: LangOption = "",
    json: Json = False,
) -> None:
    """Go on with a run that was stopped; a finished one is left as it is."""
    from nextclose.cli.market_progress import MarketBar
    from nextclose.market.config import MarketConfig
    from nextclose.market.finish import outcome_of
    from nextclose.market.run import resume as go_on

    config = MarketConfig.read(folder)
    spoken = language(lang) if lang else config.lang
    done = outcome_of(folder)
    if done is None:
        chosen = _backend(backend, address, workers)
        chosen.ready()
        with MarketBar(spoken, folder, quiet=json) as bar:
            done = go_on(folder, chosen, threads=workers or cores(), watcher=bar)
        _conclude(folder, done, spoken, pages=pages, json=json)
    else:
        _conclude(folder, done, spoken, pages=False, json=json)
        if pages and not json:
            _say_without_pages(folder, spoken)


@app.command()
def status(folder: _Run, *, lang: LangOption = "", json: Json = False) -> None:
    """Say how far a run is, and whether somebody is working on it."""
    from nextclose.cli.progress import stdout
    from nextclose.core.plain import to_json
    from nextclose.market.status import read_status
    from nextclose.report.market_terminal import print_status

    found = read_status(folder)
    if json:
        print(to_json(found), end="")
    else:
        print_status(found, stdout(), language(lang or found.lang))


@app.command()
def summary(
    folder: _Run,
    *,
    sql: Annotated[
        str | None,
        typer.Option(
            metavar="QUERY", help="Ask the run's tables yourself: forecasts, metrics, folds, sessions, symbols, faults."
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="Symbols that are listed at either end.")] = 5,
    write_pages: Annotated[bool, typer.Option("--pages", help="Write the run's pages anew.")] = False,
    lang: LangOption = "",
    json: Json = False,
) -> None:
    """What a finished run found: the verdict over all symbols, how skill spreads, the best and the worst."""
    from nextclose.cli.progress import stdout
    from nextclose.core.plain import to_json
    from nextclose.market.ask import answer_rows, ask
    from nextclose.market.config import MarketConfig
    from nextclose.market.summary import summarise
    from nextclose.report.market_terminal import MOST, print_answer

    spoken = language(lang) if lang else MarketConfig.read(folder).lang
    if sql is not None:
        answer = ask(folder, sql)
        if json:
            print(to_json({"columns": answer.column_names, "rows": answer_rows(answer)}), end="")
        else:
            print_answer(answer.column_names, answer_rows(answer, most=MOST), answer.num_rows, stdout(), spoken)
        return
    _tell(summarise(folder, spoken, top=top), spoken, json=json)
    if write_pages:
        _write_pages(folder, spoken, quiet=json)


def _conclude(folder: Path, outcome: Outcome, lang: Lang, *, pages: bool, json: bool) -> None:
    """Summary, pages, and the exit status."""
    from nextclose.market.config import MarketConfig
    from nextclose.market.summary import summarise

    _tell(summarise(folder, lang), lang, json=json)
    if pages:
        _write_pages(folder, lang, quiet=json)
    most = MarketConfig.read(folder).max_failures
    if most is not None and outcome.failed > most:
        raise typer.Exit(TOO_MANY_FAILED)


def _say_without_pages(folder: Path, lang: Lang) -> None:
    """How a finished run gets the pages that it may have been killed at."""
    from nextclose.core.lang import say
    from nextclose.market.pages import index_of

    if not index_of(folder).is_file():
        print(
            "\n"
            + say("It has no pages yet: nextclose market summary {folder} --pages writes them.", lang, folder=folder)
        )


def _tell(found: MarketSummary, lang: Lang, *, json: bool) -> None:
    from nextclose.cli.progress import stdout
    from nextclose.core.plain import to_json
    from nextclose.report.market_terminal import print_summary

    if json:
        print(to_json(found), end="")
    else:
        print_summary(found, stdout(), lang)


def _write_pages(folder: Path, lang: Lang, *, quiet: bool) -> None:
    """The pages last: whatever keeps them from being written, the summary has been told."""
    from nextclose.cli.progress import stdout
    from nextclose.market.pages import write_pages
    from nextclose.report.market_terminal import print_pages

    page = write_pages(folder, lang)
    if not quiet:
        print_pages(page, stdout(), lang)


def _backend(name: str, address: str | None, workers: int | None) -> Backend:
    from nextclose.core.suggest import did_you_mean
    from nextclose.market.backends import LocalBackend

    if name == "local":
        if address is not None:
            raise SettingsError("--address belongs to --backend ray")
        return LocalBackend(workers=workers or cores())
    if name == "ray":
        from nextclose.market.ray_backend import RayBackend

        return RayBackend(address=address, workers=workers)
    raise SettingsError(
        "--backend: expected local or ray, got '{got}'.{hint}", got=name, hint=did_you_mean(name, BACKENDS)
    )


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
