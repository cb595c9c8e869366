"""One session's bars from several sources: each is asked for what those before it did not give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nextclose.bars.collect.answers import Tidy, is_of_before, tidy
from nextclose.bars.collect.basis import Overlap, overlap
from nextclose.bars.sources.market import Answer, Ask, MarketSource
from nextclose.core.errors import NextcloseError
from nextclose.core.lang import Text

if TYPE_CHECKING:
    import pyarrow as pa

FAR_FEWER = 0.9
"""Share of the symbols asked for below which an answer is said to be a part."""
PATIENCE = 2
"""Sessions in a row without an answer after which a source is not asked again in one update."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be had of one session."""

    session: str
    symbols: tuple[str, ...]
    """Those that lack a row; none: nobody knows which symbols there are."""
    new: bool
    """Whether symbols that the set does not know are taken, too."""
    known: pa.Table
    """The set's rows of the sessions around it."""
    before: str | None
    """The session before it."""
    since: str
    until: str
    latest: bool
    exchange: str
    columns: tuple[str, ...]


@dataclass(kw_only=True, eq=False)
class Gathered:
    """What the sources gave of one session."""

    tables: list[pa.Table] = field(default_factory=list)
    own_basis: set[str] = field(default_factory=set)
    """Symbols whose row is in today's prices, since their source tells the sessions before in them, too."""
    ratios: dict[str, float] = field(default_factory=dict)
    """Symbol -> what its history has to be multiplied by to be in its source's prices."""
    failures: list[tuple[str, str, Text]] = field(default_factory=list)
    """(source, session or symbol, why)"""
    quiet: list[tuple[str, str, Text]] = field(default_factory=list)
    """Of sources that do not reach so far: told only where nobody else does."""
    heard: bool = False
    """Whether a source that would know has no bar."""
    failed: bool = False

    @property
    def nobody_trades(self) -> bool:
        """Whether it is no session, as far as anybody knows."""
        return not self.tables and self.heard and not self.failed


class Gatherer:
    """The sources of one update, and how often each has failed in a row."""

    def __init__(self, sources: Sequence[MarketSource]) -> None:
        self.sources = tuple(sources)
        self._silent = Counter[int]()

    def gather(self, wanted: Wanted) -> Gathered:
        """Ask until nothing is lacking."""
        found = Gathered()
        lacking = set(wanted.symbols)
        for number, source in enumerate(self.sources):
            if found.tables and not lacking:
                break
            answer = self._ask(number, source, wanted, lacking, found)
            if answer is not None:
                lacking -= _take(answer, source.name, wanted, lacking, found)
        return found

    def _ask(
        self, number: int, source: MarketSource, wanted: Wanted, lacking: set[str], found: Gathered
    ) -> Answer | None:
        """A source's answer; None where it gave none."""
        if self._silent[number] >= PATIENCE:
            found.failed = True
            found.failures.append((source.name, wanted.session, Text("not asked: it gave no answer before")))
            return None
        ask = Ask(
            session=wanted.session, symbols=sorted(lacking), since=wanted.since, until=wanted.until, latest=wanted.latest,
            exchange=wanted.exchange,
        )  # fmt: skip
        try:
            answer = source.bars(ask)
        except NextcloseError as error:
            self._silent[number] += 1
            found.failed = True
            found.failures.append((source.name, wanted.session, Text(error.template, **error.values)))
            return None
        self._silent[number] = 0
        return answer


def _take(answer: Answer, name: str, wanted: Wanted, lacking: set[str], found: Gathered) -> set[str]:
    """Put what an answer holds to the rest; the symbols that are lacking no more."""
    told = found.failures if answer.reaches else found.quiet
    told.extend((name, wanted.session, problem) for problem in answer.problems)
    if answer.table is None or answer.table.num_rows == 0:
        found.heard |= answer.reaches and not answer.problems
        found.failed |= answer.reaches and bool(answer.problems)
        return set()
    try:
        got = tidy(answer.table, name, wanted.columns, wanted.session)
    except NextcloseError as error:
        found.failed = True
        found.failures.append((name, wanted.session, Text(error.template, **error.values)))
        return set()
    found.failures.extend((name, wanted.session, problem) for problem in got.problems)
    return _take_rows(answer, got, name, wanted, lacking, found)


def _take_rows(answer: Answer, got: Tidy, name: str, wanted: Wanted, lacking: set[str], found: Gathered) -> set[str]:
    rows = _of_session(got.table, wanted.session)
    others = got.table.num_rows - rows.num_rows
    if rows.num_rows == 0:
        _told_of_none(answer, got, name, wanted, found)
        return set()
    if wanted.before and is_of_before(rows, _of_session(wanted.known, wanted.before)):
        found.failed |= answer.reaches
        told = found.failures if answer.reaches else found.quiet
        told.append((name, wanted.session, Text("it gave the bars of {before} once more", before=wanted.before)))
        return set()
    wished = lacking if lacking or found.tables else set(rows["symbol"].to_pylist())
    taken = _pick(rows, wished, new=wanted.new and not found.tables, known=set(wanted.symbols))
    symbols = set(taken["symbol"].to_pylist())
    if answer.own_basis or others:
        found.own_basis |= symbols
        _compare(overlap(wanted.known, got.table), symbols, name, found)
    if taken.num_rows:
        found.tables.append(taken)
    few = len(symbols & lacking) < FAR_FEWER * len(lacking)
    if few and len(lacking) > (1.0 - FAR_FEWER) * len(wanted.symbols):
        why = Text("{got} of {asked} symbols came", got=f"{len(symbols & lacking):,}", asked=f"{len(lacking):,}")
        found.failures.append((name, wanted.session, why))
    return symbols


def _told_of_none(answer: Answer, got: Tidy, name: str, wanted: Wanted, found: Gathered) -> None:
    """No row of the session: one that tells of other days in today's prices would know it; a day's answer is a wrong one."""
    if answer.own_basis and not got.problems:
        found.heard |= answer.reaches and not answer.problems
        return
    found.failed = True
    if got.table.num_rows:
        held = got.table["date"][0].as_py()
        found.failures.append((name, wanted.session, Text("it gave bars of {other} instead", other=held)))


def _compare(seen: Overlap, symbols: set[str], name: str, found: Gathered) -> None:
    """Of the symbols taken: histories in another basis, and histories that are others altogether."""
    found.ratios |= {symbol: ratio for symbol, ratio in seen.ratios.items() if symbol in symbols}
    for symbol, sessions in seen.others.items():
        if symbol in symbols:
            why = Text(
                "{count} sessions differ from the set's, by no constant ratio; the set's are kept", count=sessions
            )
            found.failures.append((name, symbol, why))


def _pick(rows: pa.Table, wished: set[str], *, new: bool, known: set[str]) -> pa.Table:
    """The rows of the symbols that are wished for, and of new ones."""
    import pyarrow as pa

    own = [symbol in wished or (new and symbol not in known) for symbol in rows["symbol"].to_pylist()]
    return rows.filter(pa.array(own, pa.bool_()))


def _of_session(table: pa.Table, session: str) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    return table.filter(pc.equal(table["date"], pa.scalar(session).cast(pa.date32())))


def prices_of(table: pa.Table, session: str, column: str) -> Mapping[str, float]:
    """Symbol -> a column's value on a session, where there is one."""
    own = _of_session(table, session)
    pairs = zip(own["symbol"].to_pylist(), own[column].to_pylist(), strict=True)
    return {symbol: value for symbol, value in pairs if value is not None}
