"""nextclose serve: the HTTP API over a market run's ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nextclose.cli.options import LangOption, language


def serve(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a market run with a ledger.")],
    *,
    host: Annotated[str, typer.Option(metavar="HOST", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="The port; 0 is any free one.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            envvar="NEXTCLOSE_TOKEN",
            show_envvar=False,
            help="What a request must bring as 'Authorization: Bearer TEXT'. [$NEXTCLOSE_TOKEN, else none is asked for]",
        ),
    ] = None,
    lang: LangOption = "en",
) -> None:
    """Answer requests for RUN's forecasts, its verdict and its health, from the ledger alone; Ctrl-C ends it."""
    from nextclose.cli.stopping import say_when_stopped
    from nextclose.core.lang import Text
    from nextclose.serve.run import open_api

    spoken = language(lang)
    say_when_stopped(Text("The API is closed."))
    api = open_api(run, host=host, port=port, token=token, lang=spoken)
    if not api.local and not token:
        warning = Text("Whoever reaches this machine can read it: give a --token, or leave --host out.")
        print(warning.render(spoken), file=typer.get_text_stream("stderr"), flush=True)
    print(Text("{run}: the API answers at {url} (Ctrl-C ends it)", run=run, url=api.url).render(spoken), flush=True)
    api.serve()
