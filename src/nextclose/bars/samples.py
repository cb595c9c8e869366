"""Sample prices that come with libraries and work offline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nextclose.core.errors import SourceError
from nextclose.core.suggest import did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One bundled series: its symbol, what it is of, and its first and last month or year."""

    name: str
    what: str
    first: str
    last: str
    library: str
    exchange: str = "XNYS"


SAMPLES: dict[str, Sample] = {
    sample.name: sample
    for sample in (
        Sample(name="AAPL", what="Apple", first="2000-03", last="2013-03", library="bokeh_sampledata"),
        Sample(name="GOOG", what="Google", first="2004-08", last="2013-03", library="bokeh_sampledata"),
        Sample(name="IBM", what="IBM", first="2000-03", last="2013-03", library="bokeh_sampledata"),
        Sample(name="MSFT", what="Microsoft", first="2000-03", last="2013-03", library="bokeh_sampledata"),
        Sample(name="NASDAQ", what="NASDAQ Composite", first="1999", last="2018", library="arch"),
        Sample(name="SP500", what="S&P 500", first="1999", last="2018", library="arch"),
    )
}


def load_sample(name: str) -> tuple[pa.Table, str, str]:
    """A sample's table, its exchange's calendar code and its symbol. Raises SourceError for an unknown one."""
    sample = SAMPLES.get(name.upper())
    if sample is None:
        raise SourceError(
            "unknown sample '{name}': expected one of {known}.{hint}",
            name=name,
            known=", ".join(SAMPLES),
            hint=did_you_mean(name, SAMPLES),
        )
    return (
        (_from_bokeh if sample.library == "bokeh_sampledata" else _from_arch)(sample.name),
        sample.exchange,
        sample.name,
    )


def _from_bokeh(name: str) -> pa.Table:
    import pyarrow as pa
    from bokeh_sampledata import stocks

    return pa.table(getattr(stocks, name))


def _from_arch(name: str) -> pa.Table:
    from importlib import import_module

    from nextclose.bars.tables import as_table

    return as_table(import_module(f"arch.data.{name.lower()}").load())
