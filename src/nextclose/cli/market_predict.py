"""nextclose market predict: the session to come for every symbol, into the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nextclose.cli.options import Exchange, Json, LangOption, TargetDate, language

_Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished market run.")]
_AsOf = Annotated[
    str | None, typer.Option(metavar="DATE", help="The last session that is known. [the snapshot's, and no other]")
]
_Closures = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Dates on which the exchange stays shut, whatever its calendar says, one a line."
    ),
]
_Workers = Annotated[int | None, typer.Option(min=1, metavar="N", help="Processes. [cores]")]


def predict(
    folder: _Run,
    *,
    as_of: _AsOf = None,
    target_date: TargetDate = None,
    closures: _Closures = None,
    exchange: Exchange = None,
    workers: _Workers = None,
    lang: LangOption = "",
    json: Json = False,
) -> None:
    """Forecast the next session of every symbol with the saved nets, and write it into the run's ledger."""
    from nextclose.bars.closures import read_closures
    from nextclose.bars.load import checked_exchange
    from nextclose.cli.market import cores
    from nextclose.cli.progress import stdout
    from nextclose.core.plain import to_json
    from nextclose.market.files import locked
    from nextclose.market.live.predict import predict_run
    from nextclose.market.live.state import read_run
    from nextclose.report.live_terminal import print_predicted

    spoken = language(lang or read_run(folder).lang)
    shut = read_closures(closures) if closures else ()
    code = None if exchange is None else checked_exchange(exchange)
    with locked(folder):
        found = predict_run(
            folder, as_of=as_of, target_date=target_date, closures=shut, exchange=code, workers=workers or cores(),
            lang=spoken,
        )  # fmt: skip
    if json:
        print(to_json(found), end="")
    else:
        print_predicted(found, folder, stdout(), spoken)
