"""nextclose data: what bars there are, and what is wrong with them."""

from __future__ import annotations

from typing import Annotated

import typer

from nextclose.cli.options import Json, LangOption, language

app = typer.Typer(help="Check files of bars, and list the samples.", no_args_is_help=True, rich_markup_mode=None)


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
