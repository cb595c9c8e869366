"""nextclose run: bars -> forecasts -> verdict -> report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nextclose.cli.options import (
    SOURCE,
    Day,
    Engine,
    Exchange,
    Faults,
    Json,
    LangOption,
    RefitEvery,
    Refresh,
    Seeds,
    Set,
    TrainSessions,
    language,
)


def run(
    source: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help=f"{SOURCE} [sample:AAPL]")] = None,
    *,
    recipe: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A recipe (nextclose recipes lists them), a file of your own (mine.toml), or ladder; repeatable. "
            "[tutorial, default]",
        ),
    ] = None,
    train_start: Day = None,
    train_end: Day = None,
    test_start: Day = None,
    test_end: Day = None,
    refit_every: RefitEvery = None,
    train_sessions: TrainSessions = None,
    seeds: Seeds = None,
    engine: Engine = "auto",
    exchange: Exchange = None,
    faults: Faults = "raise",
    set_: Set = None,
    ladder: Annotated[
        bool | None,
        typer.Option(
            "--ladder/--no-ladder", help="Climb from the tutorial to persistence, one change a rung. [with tutorial]"
        ),
    ] = None,
    lang: LangOption = "en",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the study goes. [runs/<symbol>-<hash>]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a study that is already there.")] = False,
    refresh: Refresh = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print shapes and the loss of every tenth epoch.")] = False,
    json: Json = False,
) -> None:
    """Forecast the next close of one stock, and judge the forecasts against 'tomorrow = today'."""
    from nextclose.cli.progress import RunWatcher, stderr, stdout
    from nextclose.core.plain import to_json
    from nextclose.recipes import parse_settings
    from nextclose.report.series_terminal import print_run
    from nextclose.study.run import DEFAULT_RECIPES
    from nextclose.study.run import run as run_study
    from nextclose.study.saving import check_free
    from nextclose.study.summary import run_summary

    spoken = language(lang)
    if out is not None:
        check_free(out, force=force)
    console = stderr() if json else stdout()
    with RunWatcher(console, spoken, verbose=verbose, out=out, force=force) as watcher:
        study = run_study(
            source,
            recipes=recipe or DEFAULT_RECIPES,
            train_start=train_start,
            train_end=train_end,
            test_start=test_start,
            test_end=test_end,
            refit_every=refit_every,
            train_sessions=train_sessions,
            seeds=seeds,
            engine=engine,
            exchange=exchange,
            faults=faults,
            settings=parse_settings(set_ or ()),
            ladder=ladder,
            lang=spoken,
            refresh=refresh,
            watcher=watcher,
        )
    folder = watcher.folder
    study.save(folder, force=force)
    if json:
        print(to_json(run_summary(study, folder)), end="")
    else:
        print_run(study, console, folder=folder)
