"""nextclose explain: one window through the net, number by number."""

from __future__ import annotations

from typing import Annotated

import typer

from nextclose.cli.options import Exchange, Faults, Json, LangOption, Set, Source, language


def explain(
    source: Source = "sample:AAPL",
    *,
    date: Annotated[
        str | None, typer.Option(metavar="D", help="The session to forecast, or 'tomorrow'. [the last bar]")
    ] = None,
    recipe: Annotated[str | None, typer.Option(metavar="NAME", help="[tutorial, or the run's first]")] = None,
    epoch: Annotated[
        int | None, typer.Option(metavar="N", help="Epochs to train; 0 is the net before training.")
    ] = None,
    set_: Set = None,
    exchange: Exchange = None,
    faults: Faults = "raise",
    lang: LangOption = "en",
    json: Json = False,
) -> None:
    """Walk one window through the net: SOURCE may also be the folder of a saved run."""
    from nextclose.cli.progress import stdout
    from nextclose.core.plain import to_json
    from nextclose.recipes import parse_settings
    from nextclose.report.explanation import print_explanation
    from nextclose.study.explain import explain as take_apart

    spoken = language(lang)
    explained = take_apart(
        source,
        date=date,
        recipe=recipe,
        epoch=epoch,
        settings=parse_settings(set_ or ()),
        exchange=exchange,
        faults=faults,
    )
    if json:
        print(to_json(explained), end="")
    else:
        print_explanation(explained, stdout(), spoken)
