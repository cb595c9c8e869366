"""nextclose data: what bars there are, what is wrong with them, and a set of them that is kept up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nextclose.cli.options import Faults, Json, LangOption, Refresh, language

app = typer.Typer(
    help="Check files of bars, keep a set of them up to date, and list the samples.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_From = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        metavar="SOURCE",
        help="An address or path with {date}, a file or folder of bars, fdr or yahoo; repeatable, asked in this order. "
        "[those of the last time]",
    ),
]
_AsOf = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="Take nothing beyond this date. [the exchange's last session that is over]"),
]
_Exchange = Annotated[
    str | None,
    typer.Option(metavar="CODE", help="Exchange calendar, such as XKRX. [the one that fits the set's dates]"),
]
_Closures = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Dates, one a line, on which the exchange is shut unexpectedly.")
]


@app.command()
def check(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A .csv or .parquet file, or any other SOURCE.")],
    *,
    lang: LangOption = "en",
    json: Json = False,
) -> None:
    """Say what is in SOURCE, and what is faulty in it, symbol by symbol."""
    from nextclose.bars.survey import survey
    from nextclose.cli.progress import stdout
    from nextclose.core.plain import to_json
    from nextclose.report.survey import print_survey

    spoken = language(lang)
    found = survey(source)
    if json:
        counts = {"rows": found.rows, "counts": found.counts()}
        print(to_json({"source": found.source, **counts, "symbols": found.symbols}), end="")
    else:
        print_survey(found, stdout(), spoken)


@app.command()
def samples(*, lang: LangOption = "en", json: Json = False) -> None:
    """List the bundled series that sample:NAME reads."""
    from nextclose.bars.samples import SAMPLES
    from nextclose.cli.progress import stdout
    from nextclose.core.plain import to_json

    language(lang)
    if json:
        print(to_json(list(SAMPLES.values())), end="")
        return
    console = stdout()
    for sample in SAMPLES.values():
        console.print(f"[bold]sample:{sample.name:<8}[/] {sample.what}  [dim]{sample.exchange}, {sample.library}[/]")


@app.command()
def update(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the set; made if it is not there.")],
    *,
    as_of: _AsOf = None,
    from_: _From = None,
    exchange: _Exchange = None,
    closures: _Closures = None,
    lang: LangOption = "en",
    json: Json = False,
) -> None:
    """Bring a Parquet set of a whole market up to the last session; exit status 1 where a session could not be had."""
    from nextclose.bars.closures import read_closures
    from nextclose.bars.collect import update_set
    from nextclose.cli.progress import stdout
    from nextclose.cli.stopping import say_when_stopped
    from nextclose.core.lang import Text
    from nextclose.core.plain import to_json
    from nextclose.report.set_terminal import print_set_update

    spoken = language(lang)
    say_when_stopped(Text("Stopped. The sessions that came in are kept: run the same command again to go on."))
    shut = read_closures(closures) if closures else ()
    found = update_set(folder, as_of=as_of, sources=from_ or (), exchange=exchange, closures=shut, lang=spoken)
    if json:
        print(to_json(found), end="")
    else:
        print_set_update(found, stdout(), spoken)
    if any(day > found.as_of for day in found.missing):
        raise typer.Exit(1)


@app.command()
def fetch(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="Such as yahoo:AAPL or fdr:005930; any other SOURCE.")
    ],
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="A .csv or .parquet file, there whole or not at all.")],
    refresh: Refresh = False,
    faults: Faults = "raise",
    lang: LangOption = "en",
    json: Json = False,
) -> None:
    """Write the bars of one symbol into a file."""
    from nextclose.bars.load import load_bars
    from nextclose.bars.write import write_bars
    from nextclose.cli.progress import stdout
    from nextclose.core.plain import to_json
    from nextclose.report.set_terminal import print_fetched

    spoken = language(lang)
    bars = load_bars(source, faults=faults, refresh=refresh)
    write_bars(bars, out)
    if json:
        print(to_json(bars.summary()), end="")
    else:
        print_fetched(bars.summary(), out, stdout(), spoken)
