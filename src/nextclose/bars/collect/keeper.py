"""A kept set on its way to a date: each session asked for, put into its place, and its history into its prices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nextclose.bars.collect import parts
from nextclose.bars.collect.basis import believable, by_reference, split_like
from nextclose.bars.collect.days import Days
from nextclose.bars.collect.gather import Gathered, Gatherer, Wanted, prices_of
from nextclose.bars.kept import PAGE, Page, Rescaled, write_page
from nextclose.core.evening import SetUpdate, SourceFailure
from nextclose.core.lang import Lang, Text

if TYPE_CHECKING:
    import pyarrow as pa

OVERLAP = 10
"""Sessions before a wanted one that a source's history is compared over."""
UNIVERSE = 5
"""Sessions in which a symbol that trades has a row."""
SHUT = 5
"""Sessions in a row without a bar after which nobody believes in holidays, and later ones are not asked for."""
OPEN = 20
"""Sessions for which a row that is missing is asked for again."""
EVER = "9999-12-31"


class Keeper:
    """A set on its way to a date."""

    def __init__(self, folder: Path, page: Page, days: Days, gatherer: Gatherer, lang: Lang, *, fresh: bool) -> None:
        self.folder, self.page, self.days, self.gatherer, self.lang = folder, page, days, gatherer, lang
        symbols, self.sessions = parts.symbols_and_sessions(folder, page.files)
        self.before, self.symbols, self.old_symbols = page, set(symbols), frozenset(symbols)
        self.known = parts.schema(page.columns).empty_table()
        self.added = list(self.sessions) if fresh else []
        self.rows = sum(part.rows for part in page.files) if fresh else 0
        self.told: list[tuple[str, str, Text]] = []
        self.rescaled: dict[str, float] = {}
        self.silent: list[str] = []

    def run(self, closures: frozenset[str]) -> SetUpdate:
        """Every session that is wanted, then what is no longer missing."""
        wanted = self._wanted(closures)
        if wanted:
            self.known = parts.read_since(self.folder, self.page.files, self._since(wanted[0]), self.page.columns)
        for session in wanted:
            self._session(session)
            if len(self.silent) == SHUT:
                break
        self._forget(closures)
        self._commit()
        return self._result()

    def _wanted(self, closures: frozenset[str]) -> list[str]:
        """Sessions of which rows are missing, and those that came since; of a set without rows the last one alone."""
        coming = [day for day in self.days.sessions if day > self.page.as_of]
        coming = coming if self.page.as_of else coming[-1:]
        late = [day for day in self.page.missing if day <= self.days.limit]
        return [day for day in sorted({*late, *coming}) if day not in closures]

    def _since(self, session: str) -> str:
        """So many sessions before one."""
        earlier = [day for day in self.sessions if day < session]
        return earlier[-OVERLAP:][0] if earlier else session

    def _session(self, session: str) -> None:
        """Ask for one session, and put what came into the set."""
        fresh = session not in self.sessions
        lacking = self.page.missing.get(session) or self._trading(session)
        wanted = Wanted(
            session=session, symbols=tuple(lacking), new=fresh, known=self.known, before=self._neighbour(session, -1),
            since=self._since(session), until=self.days.limit, latest=session == self.days.latest,
            exchange=self.page.exchange, columns=self.page.columns,
        )  # fmt: skip
        got = self.gatherer.gather(wanted)
        self.told += got.failures
        if got.tables:
            self._put(session, got)
        came = {symbol for table in got.tables for symbol in table["symbol"].to_pylist()}
        left = tuple(symbol for symbol in lacking if symbol not in came)
        if left:
            self.told += got.quiet
        if fresh:
            self.silent = [] if got.tables else [*self.silent, session]
        shut = fresh and got.nobody_trades
        self.page = self.page.with_missing(session, () if shut else left)
        others = {day for day in self.page.no_session if day != session}
        self.page = replace(self.page, no_session=tuple(sorted(others | {session} if shut else others)))
        self._commit()

    def _put(self, session: str, got: Gathered) -> None:
        """Rows of a session into the set, its history in their basis."""
        import pyarrow as pa

        table = pa.concat_tables(got.tables)
        self._rescale(got.ratios, EVER, session)
        table = self._in_newer_prices(table, session, got.own_basis)
        table = self._by_reference(table, session, got.own_basis)
        self.page = replace(
            self.page,
            files=parts.add(self.folder, self.page.files, table, self.page.columns),
            as_of=max(self.page.as_of, session),
        )
        self.known = _from(pa.concat_tables([self.known, table]), self._since(session))
        self.symbols |= set(table["symbol"].to_pylist())
        self.rows += table.num_rows
        if session not in self.sessions:
            self.sessions = sorted([*self.sessions, session])
            self.added.append(session)
        self._check_next(session, table)

    def _in_newer_prices(self, table: pa.Table, session: str, own_basis: set[str]) -> pa.Table:
        """A row that came late is of its own day's prices: what was found since is applied to it, too."""
        for found in self.page.rescaled:
            if found.session > session and found.symbol not in own_basis:
                table = parts.scaled(table, {found.symbol: found.ratio}, found.session)
        return table

    def _by_reference(self, table: pa.Table, session: str, own_basis: set[str]) -> pa.Table:
        """History is rescaled where a reference price says so; prices that cannot be references are left out."""
        import pyarrow as pa

        before = self._neighbour(session, -1)
        if before is None:
            return table
        closes = prices_of(self.known, before, "close")
        references = {
            symbol: price for symbol, price in prices_of(table, session, "reference").items() if symbol not in own_basis
        }
        ratios = by_reference(closes, references)
        if believable(ratios, len(references.keys() & closes.keys())):
            self._rescale(ratios, session, session)
        else:
            why = Text(
                "reference prices of {count} symbols do not fit the closes of {before}: not used",
                count=len(ratios),
                before=before,
            )
            self.told.append((self._first_source(), session, why))
            at = table.column_names.index("reference")
            table = table.set_column(at, "reference", pa.nulls(table.num_rows, pa.float64()))
        self._warn_of_splits(table, session, closes, {*references, *own_basis})
        return table

    def _warn_of_splits(self, table: pa.Table, session: str, closes: Mapping[str, float], settled: set[str]) -> None:
        """Moves that look like splits where no reference price and no history tells."""
        for symbol, close in prices_of(table, session, "close").items():
            ratio = None if symbol in settled else split_like(closes.get(symbol, 0.0), close)
            if ratio is not None:
                why = Text(
                    "a move by {ratio} looks like a split, and nothing tells: its history is left as it is",
                    ratio=f"{ratio:g}",
                )
                self.told.append((self._first_source(), symbol, why))

    def _check_next(self, session: str, table: pa.Table) -> None:
        """Whether the session after a late row tells of a split between the two."""
        after = self._neighbour(session, 1)
        if after is not None:
            closes = prices_of(table, session, "close")
            references = prices_of(self.known, after, "reference")
            own = {symbol: references[symbol] for symbol in closes if symbol in references}
            self._rescale(by_reference(closes, own), after, after)

    def _rescale(self, ratios: Mapping[str, float], before: str, session: str) -> None:
        """Multiply some symbols' prices before a date; `session` is the first in the new basis."""
        if not ratios:
            return
        files = parts.rescale(self.folder, self.page.files, ratios, before, self.page.columns)
        log = (Rescaled(symbol=symbol, session=session, ratio=ratio) for symbol, ratio in sorted(ratios.items()))
        self.page = replace(self.page, files=files, rescaled=(*self.page.rescaled, *log))
        self.known = parts.scaled(self.known, ratios, before)
        for symbol, ratio in ratios.items():
            self.rescaled[symbol] = self.rescaled.get(symbol, 1.0) * ratio

    def _trading(self, session: str) -> tuple[str, ...]:
        """Symbols with a row in the sessions before."""
        import pyarrow as pa
        import pyarrow.compute as pc

        recent = [day for day in self.sessions if day < session][-UNIVERSE:]
        rows = pc.is_in(self.known["date"], value_set=pa.array(recent, pa.string()).cast(pa.date32()))
        return tuple(sorted(pc.unique(self.known.filter(rows)["symbol"]).to_pylist()))

    def _neighbour(self, session: str, way: int) -> str | None:
        """The session of the set before or after one, unless rows of a session between the two may come yet."""
        every = sorted({*self.sessions, *self.page.missing, session})
        at = every.index(session) + way
        return every[at] if 0 <= at < len(every) else None

    def _forget(self, closures: frozenset[str]) -> None:
        """What is asked for no longer: symbols that trade no more, rows of long ago, closures."""
        if not self.page.missing:
            return
        recent, since = self.sessions[-OPEN:], self.sessions[-UNIVERSE:]
        self.known = (
            parts.read_since(self.folder, self.page.files, since[0], self.page.columns) if since else self.known
        )
        trading = set(self.known["symbol"].to_pylist())
        kept = {}
        for day, symbols in self.page.missing.items():
            left = tuple(symbol for symbol in symbols if symbol in trading)
            if day not in closures and left and (day >= recent[0] or len(left) > len(trading) / 2):
                kept[day] = left
        self.page = replace(self.page, missing=kept)

    def _commit(self) -> None:
        """The page into its place; then whatever it does not list goes."""
        write_page(self.folder, self.page)
        parts.sweep(self.folder, self.page.files)

    def _first_source(self) -> str:
        return self.gatherer.sources[0].name if self.gatherer.sources else PAGE

    def _notes(self) -> Iterator[Text]:
        if self.days.note is not None:
            yield self.days.note
        if len(self.silent) == SHUT:
            yield Text(
                "no bar of {count} sessions in a row, {first} to {last}, so later ones were not asked for: give a source that "
                "has them, or, if the exchange was shut so long, their dates with --closures",
                count=SHUT,
                first=self.silent[0],
                last=self.silent[-1],
            )

    def _result(self) -> SetUpdate:
        return SetUpdate(
            folder=str(self.folder),
            as_of=max((day for day in self.sessions if day <= self.days.limit), default=""),
            added=tuple(self.added),
            rows=self.rows,
            symbols=len(self.symbols),
            new_symbols=tuple(sorted(self.symbols - self.old_symbols)),
            rescaled=dict(sorted(self.rescaled.items())),
            missing=self.page.missing,
            failures=tuple(
                SourceFailure(source=source, what=what, why=why.render(self.lang))
                for source, what, why in dict.fromkeys(self.told)
            ),
            no_session=tuple(day for day in self.page.no_session if day not in self.before.no_session),
            notes=tuple(note.render(self.lang) for note in self._notes()),
        )


def _from(table: pa.Table, session: str) -> pa.Table:
    """Rows from a session on: what a long catching up leaves behind is not needed again."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return table.filter(pc.greater_equal(table["date"], pa.scalar(session).cast(pa.date32())))
