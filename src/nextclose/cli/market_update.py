"""nextclose market update: a finished run brought up to a session."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nextclose.cli.options import Json, LangOption, language

_Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished market run.")]
_AsOf = Annotated[
    str | None, typer.Option(metavar="DATE", help="Look at no bar after this day. [the set's last session]")
]
_Workers = Annotated[int | None, typer.Option(min=1, metavar="N", help="Processes. [cores]")]


def update(
    folder: _Run, *, as_of: _AsOf = None, workers: _Workers = None, lang: LangOption = "", json: Json = False
) -> None:
    """Ask saved nets for the new sessions, fit what is due, and save a snapshot of every symbol."""
    from nextclose.cli.market import cores
    from nextclose.cli.market_progress import LiveBar
    from nextclose.cli.progress import stdout
    from nextclose.core.plain import to_json
    from nextclose.market.files import locked
    from nextclose.market.live.state import read_run
    from nextclose.market.live.update import update_run
    from nextclose.report.live_terminal import print_update

    spoken = language(lang or read_run(folder).lang)
    with locked(folder), LiveBar(spoken, folder) as bar:
        found = update_run(folder, as_of=as_of, workers=workers or cores(), watcher=bar, lang=spoken)
    if json:
        print(to_json(found), end="")
    else:
        print_update(found, folder, stdout(), spoken)
