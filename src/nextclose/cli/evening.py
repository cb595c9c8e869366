"""nextclose evening: new bars, nets, forecasts and truths in one go, safe to be started again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nextclose.cli.options import Exchange, Json, LangOption, TargetDate, language

if TYPE_CHECKING:
    from nextclose.core.evening import Evening
    from nextclose.core.lang import Lang

WIDTH = 80
"""Columns of a mail."""


def evening(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished market run.")],
    *,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Look at no bar after this day. [the last session that is over]")
    ] = None,
    target_date: TargetDate = None,
    closures: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Dates on which the exchange stays shut, whatever its calendar says, one a line."
        ),
    ] = None,
    exchange: Exchange = None,
    max_failures: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Exit with 3 if more symbols failed. [the run's; else if all did]"),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, metavar="N", help="Processes. [cores]")] = None,
    lang: LangOption = "",
    json: Json = False,
) -> None:
    """Take the new bars, fit what is due, forecast the next session, score the past ones; started again, it goes on."""
    from nextclose.bars.closures import read_closures
    from nextclose.bars.load import checked_exchange
    from nextclose.cli.market import TOO_MANY_FAILED, cores
    from nextclose.cli.market_progress import LiveBar
    from nextclose.cli.stopping import say_when_stopped, stop_if_asked
    from nextclose.core.lang import Text
    from nextclose.market.config import MarketConfig
    from nextclose.market.evening import EveningWishes, RealSteps, run_evening, too_many_failed

    spoken = language(lang or MarketConfig.read(folder).lang)
    wishes = EveningWishes(
        as_of=as_of,
        target_date=target_date,
        closures=read_closures(closures) if closures else (),
        exchange=None if exchange is None else checked_exchange(exchange),
        max_failures=max_failures,
        workers=workers or cores(),
        lang=spoken,
    )
    with LiveBar(spoken, folder) as bar:
        say_when_stopped(Text("Stopped. What was finished is kept: the same command goes on with it."))
        found = run_evening(folder, wishes, RealSteps(watcher=bar), tell=lambda _step: stop_if_asked())
    _tell(found, spoken, json=json)
    if too_many_failed(found):
        raise typer.Exit(TOO_MANY_FAILED)


def _tell(found: Evening, lang: Lang, *, json: bool) -> None:
    """What somebody must look at on standard error, and first; the rest on standard output."""
    from nextclose.cli.progress import stdout
    from nextclose.core.plain import to_json
    from nextclose.market.evening import nothing_new, too_many_failed
    from nextclose.report.evening_terminal import alarms, print_evening

    for line in alarms(found, lang, too_many=too_many_failed(found)):
        print(f"nextclose: {line}", file=sys.stderr, flush=True)
    if json:
        print(to_json(found), end="")
        return
    console = stdout()
    console.width = console.width if console.is_terminal else WIDTH
    print_evening(found, console, lang, quiet=nothing_new(found))
