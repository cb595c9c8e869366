"""nextclose lab: the live lab in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from nextclose.cli.options import Exchange, Faults, LangOption, Source, language


def lab(
    source: Source = "sample:AAPL",
    *,
    host: Annotated[
        str, typer.Option(metavar="HOST", help="The address to listen on; any but this machine's own takes a token.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, metavar="N", help="The port. [8471, or the next free one]")
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Leave the browser alone.")] = False,
    exchange: Exchange = None,
    faults: Faults = "raise",
    lang: LangOption = "en",
) -> None:
    """Open a page on SOURCE on which every change of a setting trains the net anew; Ctrl-C closes it."""
    from nextclose.cli.progress import stderr, stdout
    from nextclose.cli.stopping import say_when_stopped
    from nextclose.core.lang import Text
    from nextclose.lab.serve import open_lab, show

    spoken = language(lang)
    say_when_stopped(Text("The lab is closed."))
    console, waiting = stdout(), stderr()
    running = open_lab(
        source,
        host=host,
        port=port,
        exchange=exchange,
        faults=faults,
        lang=spoken,
        tell=lambda line: waiting.print(line.render(spoken), markup=False),
    )
    with running:
        line = Text("{symbol}: the lab is open at {url} (Ctrl-C closes it)", symbol=running.symbol, url=running.url)
        console.print(line.render(spoken), markup=False, soft_wrap=True)
        if not no_open:
            show(running.url)
        running.wait()
