"""nextclose judge: a verdict on anyone's forecasts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nextclose.cli.options import Json, LangOption, language
from nextclose.core.errors import SettingsError

if TYPE_CHECKING:
    from nextclose.core.results import Judgement


def judge(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .csv or .parquet file of forecasts.")],
    *,
    columns: Annotated[
        str | None, typer.Option(metavar="yhat=pred,y=actual,...", help="Names of the columns where they differ.")
    ] = None,
    bars: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Bars that fill in last_close and y where they are missing.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="OUT.html", help="Also write a page with pictures and every number there.")
    ] = None,
    lang: LangOption = "en",
    json: Json = False,
) -> None:
    """Judge forecasts from any library against repeating the last close."""
    from nextclose.cli.progress import stdout
    from nextclose.core.plain import to_json
    from nextclose.report import write_judgement
    from nextclose.report.terminal import print_judgement
    from nextclose.study.judging import judge as judge_forecasts

    spoken = language(lang)
    judged = judge_forecasts(file, columns=_columns(columns), bars=bars, lang=spoken)
    written = None if report is None else write_judgement(judged, report)
    if json:
        print(to_json(_found(judged, written)), end="")
    else:
        print_judgement(judged, stdout(), spoken, report=written)


def _found(judged: Judgement, report: Path | None) -> dict[str, Any]:
    """What `--json` prints."""
    found: dict[str, Any] = {
        name: getattr(judged, name) for name in ("models", "beside", "symbols", "contests", "notes")
    }
    return found if report is None else found | {"report": str(report)}


def _columns(text: str | None) -> dict[str, str]:
    """`yhat=pred,y=actual` as a mapping from our names to the file's."""
    pairs = [pair.partition("=") for pair in (text or "").split(",") if pair.strip()]
    for ours, found, theirs in pairs:
        if not found or not theirs.strip():
            raise SettingsError("--columns takes NAME=COLUMN,..., such as yhat=pred; got '{got}'", got=ours)
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}
