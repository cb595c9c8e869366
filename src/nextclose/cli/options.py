"""Options that several verbs share."""

from __future__ import annotations

from typing import Annotated

import typer

from nextclose.core.errors import SettingsError
from nextclose.core.lang import LANGS, Lang
from nextclose.core.suggest import did_you_mean

SOURCE = (
    "A .csv or .parquet path (path#SYMBOL where it holds several), sample:AAPL, yahoo:AAPL, fdr:005930 or walk:SEED."
)
Source = Annotated[str, typer.Argument(metavar="[SOURCE]", help=SOURCE)]
LangOption = Annotated[str, typer.Option("--lang", metavar="en|ko", help="Language of what is printed and written.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")]
Faults = Annotated[
    str, typer.Option(metavar="raise|drop|keep", help="What to do with faulty rows: refuse, leave out, or keep.")
]
Exchange = Annotated[
    str | None,
    typer.Option(
        metavar="CODE", help="Exchange calendar, such as XKRX or XNYS; otherwise the one that fits the dates."
    ),
]
TargetDate = Annotated[
    str | None, typer.Option(metavar="DATE", help="Date of the next session, where the exchange's calendar errs.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a setting of every recipe, such as lr=0.01; repeatable."),
]
Day = Annotated[str | None, typer.Option(metavar="DATE")]
RefitEvery = Annotated[
    int | None, typer.Option(metavar="N", help="Sessions that one fit serves; 0 fits once. [the recipe's]")
]
TrainSessions = Annotated[
    int | None,
    typer.Option(metavar="N", help="Sessions that a fold trains on, the latest. [all since the train span's start]"),
]
Seeds = Annotated[int | None, typer.Option(metavar="N", help="Nets a recipe, averaged. [the recipe's]")]
Engine = Annotated[
    str, typer.Option(metavar="auto|fused|torch", help="What computes the fits; auto: fused wherever it can.")
]
Refresh = Annotated[bool, typer.Option("--refresh", help="Fetch a live source anew instead of its snapshot.")]


def language(lang: str) -> Lang:
    """The language called `lang`; raises SettingsError for one that is not spoken."""
    for known in LANGS:
        if lang == known:
            return known
    raise SettingsError(
        "unknown language '{lang}': expected en or ko.{hint}", lang=lang, hint=did_you_mean(lang, LANGS)
    )
