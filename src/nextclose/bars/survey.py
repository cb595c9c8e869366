"""What `nextclose data check` says: every symbol of a source, read and checked, nothing refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from nextclose.bars.bars import Bars, Finding
from nextclose.bars.calendars import guess_exchange, not_sessions
from nextclose.bars.checks import strange_dates
from nextclose.bars.load import load_bars, make_bars
from nextclose.bars.rows import read_sheet
from nextclose.bars.symbols import normal_symbol, split_path
from nextclose.bars.tables import read_file
from nextclose.core.errors import UserError

NO_EXCHANGE = ""
"""No calendar fits the first symbol, so no date is looked up."""


@dataclass(frozen=True, kw_only=True)
class SymbolSurvey:
    """One symbol: what can be used, and what was found."""

    symbol: str
    rows: int
    """Usable rows, faulty ones left out."""
    first: str | None
    last: str | None
    findings: tuple[Finding, ...]
    problem: str | None = None
    """Why no row can be used."""
    extra: tuple[str, ...] = ()
    """Further columns that can be features."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """A whole source."""

    source: str
    symbols: tuple[SymbolSurvey, ...]

    def counts(self) -> dict[str, int]:
        """Kind of finding -> rows, over all symbols, the most frequent first."""
        found = Counter[str]()
        for symbol in self.symbols:
            for finding in symbol.findings:
                found[finding.kind] += finding.count
        return dict(found.most_common())

    @property
    def extra(self) -> tuple[str, ...]:
        """Further columns of any symbol that can be features."""
        return tuple(dict.fromkeys(name for symbol in self.symbols for name in symbol.extra))

    @property
    def rows(self) -> int:
        """Usable rows of all symbols."""
        return sum(symbol.rows for symbol in self.symbols)


def survey(source: str) -> Survey:
    """Read and check everything in `source`, leaving faulty rows out.

    Raises
    ------
    SourceError : nothing readable there.
    """
    found: list[SymbolSurvey] = []
    exchange: str | None = None
    for name, got in iter_bars(source):
        if isinstance(got, Bars) and exchange is None:
            exchange = got.exchange or guess_exchange(got.dates)[0] or NO_EXCHANGE
        found.append(_survey(name, got, exchange))
    return Survey(source=source, symbols=tuple(found))


def iter_bars(source: str, *, faults: str = "drop") -> Iterator[tuple[str, Bars | UserError]]:
    """(symbol, its bars or why there are none) for every symbol of a file; the one symbol of any other SOURCE."""
    path, symbol = split_path(source)
    if symbol is not None or not path.is_file():
        bars = load_bars(source, faults=faults)
        yield bars.symbol, bars
        return
    sheet = read_sheet(read_file(path), source, extra=True)
    parts = sheet.each() if sheet.symbols is not None else iter([(Path(source).stem, sheet.rows)])
    for name, rows in parts:
        plain = normal_symbol(name, numeric=sheet.numeric)
        try:
            yield plain, make_bars(replace(rows, symbol=plain), faults, source, timed=sheet.timed, renamed_from=name)
        except UserError as error:
            yield plain, error


def _survey(symbol: str, got: Bars | UserError, exchange: str | None) -> SymbolSurvey:
    if isinstance(got, UserError):
        return SymbolSurvey(symbol=symbol, rows=0, first=None, last=None, findings=(), problem=str(got))
    strange = not_sessions(exchange, got.dates) if exchange else got.dates[:0]
    findings = (*got.findings, *strange_dates(strange))
    return SymbolSurvey(
        symbol=symbol, rows=len(got), first=str(got.dates[0]), last=str(got.dates[-1]), findings=findings,
        extra=tuple(got.extra),
    )  # fmt: skip
