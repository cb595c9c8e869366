"""nextclose predict: the next session's close from a saved run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nextclose.cli.options import Json, LangOption, TargetDate, language


def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A folder that nextclose run wrote.")],
    *,
    bars: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Newer bars of the same symbol. [those of the run]")
    ] = None,
    target_date: TargetDate = None,
    lang: LangOption = "en",
    json: Json = False,
) -> None:
    """Forecast the next close with the models of a saved run."""
    from nextclose.cli.progress import stdout
    from nextclose.core.plain import to_json
    from nextclose.report.terminal import print_tomorrow
    from nextclose.study.predict import predict_run

    spoken = language(lang)
    result = predict_run(run, bars, target_date=target_date, lang=spoken)
    if json:
        print(to_json(result), end="")
    else:
        print_tomorrow(result.tomorrow, result.notes, stdout(), spoken)
