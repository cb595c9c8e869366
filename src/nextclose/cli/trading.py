"""Options of `judge --trade`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from nextclose.core.errors import SettingsError
from nextclose.core.trading import TradingRules

Trade = Annotated[
    bool,
    typer.Option("--trade", help="Also say what trading the forecasts would have brought, beside buy-and-hold."),
]
EntryOption = Annotated[
    str | None,
    typer.Option(
        "--entry",
        metavar="open|close",
        help="With --trade: change positions at the next open, which takes --bars, or at the close that the forecast starts "
        "from, which no order can be sure of. Default: open.",
    ),
]
CostBp = Annotated[
    float | None,
    typer.Option(
        "--cost-bp", metavar="N", help="With --trade: cost of a trade in basis points of its value. Default: 5."
    ),
]
TaxBp = Annotated[
    float | None,
    typer.Option("--tax-bp", metavar="N", help="With --trade: tax on a sale in basis points of its value. Default: 0."),
]
Short = Annotated[
    bool, typer.Option("--short", help="With --trade: sell short where the forecast is below the last close.")
]
ThresholdBp = Annotated[
    float | None,
    typer.Option(
        "--threshold-bp",
        metavar="N",
        help="With --trade: announced change that a position takes, in basis points. Default: 0.",
    ),
]


def rules_asked(trade: bool, **options: Any) -> dict[str, Any]:
    """The options that were given. Raises SettingsError for a wrong one, and for any without --trade."""
    given = {name: value for name, value in options.items() if value is not None and value is not False}
    if given and not trade:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise SettingsError("{names}: these say how forecasts are traded, so give --trade too", names=names)
    TradingRules(**given)
    return given
