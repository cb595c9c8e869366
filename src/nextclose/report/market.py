"""Writing the pages of a market run: an index, and beside it what it loads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nextclose.core.errors import SettingsError
from nextclose.report.document import drawing_library
from nextclose.report.market_charts import beside_script, write_charts
from nextclose.report.market_page import render_market
from nextclose.report.market_table import table_columns
from nextclose.report.market_view import ChartData, MarketView
from nextclose.report.write import write_text


def write_market_pages(view: MarketView, folder: Path, symbols: Iterable[ChartData]) -> Path:
    """Write the pages of a market run into `folder`; returns the path of its index.html.

    `symbols` is read once, one file's charts at a time, in any order. The folder holds

        index.html          the page; it opens from disk and needs nothing else than what lies beside it
        plotly.js           the drawing library
        symbols.js          the columns of the table
        charts/00000.js     the charts of 32 symbols each

    The index is written last, so that it never points at what is not there. The same view gives the same bytes.

    Raises
    ------
    SettingsError : a file cannot be written there.
    """
    try:
        (folder / "charts").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            "cannot write the report '{path}': {error}", path=folder, error=error.strerror or error
        ) from error
    charts = write_charts(symbols, folder)
    write_text(drawing_library(), folder / "plotly.js")
    write_text(beside_script("symbols", table_columns(view, charts)), folder / "symbols.js")
    return write_text(render_market(view), folder / "index.html")
