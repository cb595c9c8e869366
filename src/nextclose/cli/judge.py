"""nextclose judge: a verdict on anyone's forecasts."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nextclose.cli.options import Json, LangOption, language
from nextclose.cli.trading import CostBp, EntryOption, Short, TaxBp, ThresholdBp, Trade, rules_asked
from nextclose.core.errors import SettingsError

if TYPE_CHECKING:
    from nextclose.core.lang import Lang
    from nextclose.core.results import Judgement


def judge(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="A .csv or .parquet file of forecasts; with --future-test a SOURCE of bars."
        ),
    ],
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
    future_test: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:OBJECT",
            help="Test a forecaster or backtest for leaks instead: no forecast may move when later bars are altered. A recipe's "
            "or baseline's name will do too. Exit status 1 where one moves.",
        ),
    ] = None,
    trade: Trade = False,
    entry: EntryOption = None,
    cost_bp: CostBp = None,
    tax_bp: TaxBp = None,
    short: Short = False,
    threshold_bp: ThresholdBp = None,
    lang: LangOption = "en",
    json: Json = False,
) -> None:
    """Judge forecasts from any library against repeating the last close."""
    rules = rules_asked(trade, entry=entry, cost_bp=cost_bp, tax_bp=tax_bp, short=short, threshold_bp=threshold_bp)
    if future_test is not None:
        _refuse_beside(columns=columns, bars=bars, report=report, trade=trade or None)
        _test_future(future_test, file, language(lang), json=json)
        return
    from nextclose.cli.progress import stdout
    from nextclose.core.plain import to_json
    from nextclose.report import write_judgement
    from nextclose.report.terminal import print_judgement
    from nextclose.study.judging import judge as judge_forecasts
    from nextclose.study.trading import trade as trade_forecasts

    spoken = language(lang)
    judged = judge_forecasts(Path(file), columns=_columns(columns), bars=bars, lang=spoken)
    if trade:
        judged = replace(judged, trading=trade_forecasts(judged, bars, **rules, lang=spoken))
    written = None if report is None else write_judgement(judged, report)
    if json:
        print(to_json(_found(judged, written)), end="")
    else:
        print_judgement(judged, stdout(), spoken, report=written)


def _test_future(wish: str, source: str, lang: Lang, *, json: bool) -> None:
    from nextclose.cli.objects import find_object
    from nextclose.cli.progress import stdout
    from nextclose.core.plain import to_json
    from nextclose.report.terminal import print_future_test
    from nextclose.study.future_test import future_test

    with redirect_stdout(sys.stderr):  # what the user's own code prints
        tested = future_test(find_object(wish), source, lang=lang)
    if json:
        print(to_json(tested), end="")
    else:
        print_future_test(tested, stdout(), lang)
    if not tested.passed:
        raise typer.Exit(1)


def _refuse_beside(**options: object) -> None:
    """Raise SettingsError for an option that means nothing beside --future-test."""
    for name, value in options.items():
        if value is not None:
            raise SettingsError("--{name} and --future-test exclude each other: leave one out", name=name)


def _found(judged: Judgement, report: Path | None) -> dict[str, Any]:
    """What `--json` prints."""
    found: dict[str, Any] = {
        name: getattr(judged, name) for name in ("models", "beside", "symbols", "contests", "intervals", "notes")
    }
    if judged.trading is not None:
        found["trading"] = judged.trading
    return found if report is None else found | {"report": str(report)}


def _columns(text: str | None) -> dict[str, str]:
    """`yhat=pred,y=actual` as a mapping from our names to the file's."""
    pairs = [pair.partition("=") for pair in (text or "").split(",") if pair.strip()]
    for ours, found, theirs in pairs:
        if not found or not theirs.strip():
            raise SettingsError("--columns takes NAME=COLUMN,..., such as yhat=pred; got '{got}'", got=ours)
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}
