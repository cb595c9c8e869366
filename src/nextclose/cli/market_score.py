"""nextclose market, after a run is finished: what each evening does with it, verb by verb."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nextclose.cli.options import Json, LangOption, language

_Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished market run.")]


def score(
    folder: _Run,
    *,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Look at no bar after this day. [the set's last session]")
    ] = None,
    expect: Annotated[
        str | None,
        typer.Option(
            metavar="HASH", help="Refuse unless an entry of the ledger has this hash, noted elsewhere before."
        ),
    ] = None,
    lang: LangOption = "",
    json: Json = False,
) -> None:
    """Fill in the truths that have come, and say what the ledger has shown so far."""
    from nextclose.cli.progress import stdout
    from nextclose.core.plain import to_json
    from nextclose.market.config import MarketConfig
    from nextclose.market.files import locked
    from nextclose.market.ledger.chain import Ledger
    from nextclose.market.ledger.score import score_run
    from nextclose.market.sets import open_set
    from nextclose.report.ledger_terminal import print_scored

    config = MarketConfig.read(folder)
    spoken = language(lang or config.lang)
    with locked(folder):
        if expect is not None:
            Ledger.open(folder).expect(expect)
        found = score_run(folder, config, open_set(config.source), as_of=as_of, lang=spoken)
    if json:
        print(to_json(found), end="")
    else:
        print_scored(found, folder, stdout(), spoken)
