"""nextclose sweep: many settings of one recipe, fitted, kept and judged as one family."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nextclose.cli.options import (
    Day,
    Engine,
    Exchange,
    Faults,
    Json,
    LangOption,
    RefitEvery,
    Refresh,
    Source,
    TrainSessions,
    language,
)


def sweep(
    source: Source = "sample:AAPL",
    *,
    recipe: Annotated[
        str, typer.Option(metavar="NAME", help="The recipe whose settings are changed (nextclose recipes lists them).")
    ] = "default",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=V1,V2",
            help="Values of a setting, such as lr=0.01,0.003; | between lists: features=close|open,close. Every combination is "
            "fitted; one value is a fixed change. A search takes ranges too: lr=1e-5..1e-2. Repeatable.",
        ),
    ] = None,
    search: Annotated[
        int | None,
        typer.Option(metavar="N", help="Draw N tries by their validation loss, instead of fitting every combination."),
    ] = None,
    seeds: Annotated[int | None, typer.Option(metavar="N", help="Nets a combination, averaged. [the recipe's]")] = None,
    train_start: Day = None,
    train_end: Day = None,
    test_start: Day = None,
    test_end: Day = None,
    refit_every: RefitEvery = None,
    train_sessions: TrainSessions = None,
    engine: Engine = "auto",
    exchange: Exchange = None,
    faults: Faults = "raise",
    lang: LangOption = "en",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where it is kept. [sweeps/<symbol>-<recipe>-<hash>]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Begin anew where a sweep is already.")] = False,
    refresh: Refresh = False,
    json: Json = False,
) -> None:
    """Fit a grid of a recipe's settings, or search among them; the same command goes on where it stopped."""
    from nextclose.cli.progress import stderr, stdout
    from nextclose.cli.sweep_progress import SweepBar, wait
    from nextclose.core.plain import to_json
    from nextclose.recipes.alternatives import parse_pairs
    from nextclose.report.sweep_terminal import print_sweep
    from nextclose.study.sweep import REPORT, run_sweep
    from nextclose.study.sweep_conclude import sweep_scores
    from nextclose.study.sweep_plan import plan_sweep

    spoken = language(lang)
    plan = plan_sweep(
        source,
        recipe=recipe,
        settings=parse_pairs(set_ or ()),
        search=search,
        seeds=seeds,
        train_start=train_start,
        train_end=train_end,
        test_start=test_start,
        test_end=test_end,
        refit_every=refit_every,
        train_sessions=train_sessions,
        engine=engine,
        exchange=exchange,
        faults=faults,
        lang=spoken,
        refresh=refresh,
        tell=wait(spoken),
    )
    folder = out or plan.folder()
    console = stderr() if json else stdout()
    with SweepBar(console, spoken) as watcher:
        result = run_sweep(plan, folder, force=force, watcher=watcher)
    if json:
        print(to_json(sweep_scores(result) | {"out": str(folder), "report": str(folder / REPORT)}), end="")
    else:
        print_sweep(result, console, report=folder / REPORT)
