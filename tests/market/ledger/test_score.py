"""Truths: which bar, when, in what price basis; and what waits."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.conftest import walk_bars
from tests.market.conftest import rows_of, table_of
from tests.market.ledger.conftest import at, bare_run, rows

from nextclose.bars.kept import Page, Rescaled, write_page
from nextclose.core.errors import SettingsError
from nextclose.core.plain import to_json
from nextclose.market.ledger import book
from nextclose.market.ledger.chain import Ledger, LedgerError
from nextclose.market.ledger.score import score_run
from nextclose.market.sets import open_set

CONFIG = SimpleNamespace(faults="drop")
SYMBOLS = ("A", "B", "C", "D", "E")
DAYS = walk_bars(40, seed=0).dates
"""Weekdays; forecasts begin with the 30th."""
FIRST = 29


class Market:
    """A set in files, and the evenings of a run on it."""

    def __init__(self, folder, kind="parquet"):
        self.folder, self.kind = folder, kind
        self.bars = {name: walk_bars(40, seed=number, symbol=name) for number, name in enumerate(SYMBOLS)}
        self.run = bare_run(folder / "run")
        Ledger.begin(self.run, now=at())

    def change(self, symbol, keep=None, factor=1.0, **columns):
        """Another history of a symbol: fewer rows, rescaled prices, other columns."""
        bars = self.bars[symbol]
        bars = replace(bars, **{name: getattr(bars, name) * factor for name in ("open", "high", "low", "close")})
        bars = replace(bars, **columns)
        self.bars[symbol] = bars if keep is None else rows_of(bars, keep)

    def without(self, symbol, *days):
        self.change(symbol, keep=~np.isin(self.bars[symbol].dates, DAYS[list(days)]))

    def said(self, origin, target=None, steps=(1,), symbols=SYMBOLS, models=("net", "persistence"), **more):
        """Forecasts from the bars as they are now, of every symbol that has a bar."""
        made = []
        for name in symbols:
            bars = self.bars[name]
            row = int(np.searchsorted(bars.dates, DAYS[origin]))
            if row == len(bars) or bars.dates[row] != DAYS[origin]:
                continue
            close = float(bars.close[row])
            for model in models:
                for step in steps:
                    day = DAYS[origin + step if target is None else target]
                    yhat = close if model == "persistence" else close * 1.001
                    own = {"lo": close * 0.95, "hi": close * 1.05, "level": 0.9, "p_up": 0.6, "last_close": close}
                    made.append(
                        {"symbol": name, "model": model, "origin": DAYS[origin].item(), "step": step, "yhat": yhat,
                         "target_date": day.item(), "status": "ok"} | own | more
                    )  # fmt: skip
        ledger = Ledger.open(self.run)
        ledger.append("forecasts", rows("forecasts", *made), as_of=str(DAYS[origin]), page={"in_time": True}, now=at())

    def source(self):
        """The set, written as it is now."""
        if self.kind == "csv":
            folder = self.folder / "csv"
            folder.mkdir(exist_ok=True)
            for name, bars in self.bars.items():
                columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
                lines = ["date," + ",".join(columns)]
                lines += [
                    f"{day}," + ",".join(repr(float(column[row])) for column in columns.values())
                    for row, day in enumerate(bars.dates)
                ]
                (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
            return str(folder)
        path = self.folder / "set" / "bars" / "all.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table_of(*self.bars.values()), path)
        return str(path)

    def noted(self, missing=None, rescaled=()):
        """What the set's own page says is missing, and was rescaled."""
        days = {str(DAYS[day]): tuple(symbols) for day, symbols in (missing or {}).items()}
        noted = tuple(Rescaled(symbol=name, session=str(DAYS[day]), ratio=ratio) for name, day, ratio in rescaled)
        self.source()
        write_page(self.folder / "set", Page(exchange="XKRX", missing=days, rescaled=noted))

    def score(self, day=None, **more):
        day = None if day is None else str(DAYS[day])
        return score_run(self.run, CONFIG, open_set(self.source()), as_of=day, now=at(), **more)

    def truths(self):
        """(symbol, origin's number, step) -> its row."""
        table = book.read(Ledger.open(self.run)).truths
        number = {day.item(): row for row, day in enumerate(DAYS)}
        return {(row["symbol"], number[row["origin"]], row["step"]): row for row in table.to_pylist()}

    def close(self, symbol, day):
        bars = self.bars[symbol]
        return float(bars.close[np.searchsorted(bars.dates, DAYS[day])])


@pytest.fixture
def market(tmp_path):
    return Market(tmp_path)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_truth_is_the_next_bar_of_the_symbol(tmp_path, kind):
    market = Market(tmp_path, kind)
    market.said(FIRST)
    found = market.score(FIRST + 1)
    assert (found.truths, found.waiting, found.redated, found.rescaled) == (5, 0, {}, {})
    row = market.truths()["C", FIRST, 1]
    assert row["y"] == market.close("C", FIRST + 1)
    assert row["last_close"] == market.close("C", FIRST)
    assert row["actual_date"] == row["target_date"] == DAYS[FIRST + 1].item()
    assert (row["basis"], row["mark"]) == (1.0, "")


def test_before_the_bar_comes_nothing_is_written(market):
    market.said(FIRST)
    found = market.score(FIRST)
    assert (found.truths, found.entry, found.waiting) == (0, None, 0)
    assert found.verdict.pending == 10
    assert found.verdict.models == ()
    assert "no truth" in found.verdict.reasons["models"]


def test_an_entry_of_truths_says_up_to_when_it_looked(market):
    market.said(FIRST)
    assert market.score(FIRST + 2).entry == 3
    assert Ledger.open(market.run).entries[-1].as_of == str(DAYS[FIRST + 2])


def test_again_adds_nothing(market):
    market.said(FIRST)
    first = market.score(FIRST + 3)
    files = {path.name: path.read_bytes() for path in (market.run / "ledger").iterdir()}
    again = market.score(FIRST + 3)
    assert (first.truths, again.truths, again.entry) == (5, 0, None)
    assert to_json(again.verdict) == to_json(first.verdict)
    assert {path.name: path.read_bytes() for path in (market.run / "ledger").iterdir()} == files


def test_each_step_has_its_own_bar(market):
    market.said(FIRST, steps=(1, 2, 3))
    assert market.score(FIRST + 2).truths == 10
    assert market.score(FIRST + 3).truths == 5
    truths = market.truths()
    assert [truths["A", FIRST, step]["y"] for step in (1, 2, 3)] == [
        market.close("A", FIRST + step) for step in (1, 2, 3)
    ]


def test_several_evenings_may_wait(market):
    for origin in range(FIRST, FIRST + 5):
        market.said(origin)
    found = market.score(FIRST + 4)
    assert found.truths == 20
    assert found.verdict.sessions == 4
    assert found.verdict.as_of == str(DAYS[FIRST + 4])
    assert (found.verdict.scored, found.verdict.pending) == (40, 10)


def test_a_holiday_that_the_calendar_did_not_know(market):
    for name in SYMBOLS:
        market.without(name, FIRST + 1)
    market.said(FIRST, target=FIRST + 1)
    found = market.score(FIRST + 2)
    assert found.redated == {"holiday": 5}
    assert market.truths()["A", FIRST, 1]["mark"] == "holiday"
    assert market.truths()["A", FIRST, 1]["actual_date"] == DAYS[FIRST + 2].item()
    assert (found.verdict.redated, found.verdict.in_time) == (10, 10)


def test_a_session_that_the_calendar_did_not_know(market):
    market.said(FIRST, target=FIRST + 2)
    found = market.score(FIRST + 1)
    assert found.redated == {"holiday": 5}
    assert found.verdict.in_time == 0, "the session was over when it was thought to lie ahead"


def test_a_suspension(market):
    market.without("B", FIRST + 1, FIRST + 2)
    market.said(FIRST)
    first = market.score(FIRST + 2)
    assert (first.truths, first.waiting) == (4, 2)
    assert first.verdict.pending == 2
    found = market.score(FIRST + 3)
    assert found.redated == {"suspended": 1}
    assert market.truths()["B", FIRST, 1]["y"] == market.close("B", FIRST + 3)


def test_a_row_that_did_not_trade_is_no_bar(market):
    bars = market.bars["B"]
    still = bars.dates == DAYS[FIRST + 1]
    none = {name: np.where(still, 0.0, getattr(bars, name)) for name in ("open", "high", "low", "volume")}
    market.change("B", **none)
    market.said(FIRST)
    assert market.score(FIRST + 1).truths == 4
    assert market.score(FIRST + 2).redated == {"suspended": 1}


def test_a_step_beyond_a_suspension(market):
    market.without("B", FIRST + 1)
    market.said(FIRST, steps=(1, 2))
    market.score(FIRST + 4)
    truths = market.truths()
    assert [truths["B", FIRST, step]["actual_date"] for step in (1, 2)] == [
        DAYS[FIRST + 2].item(),
        DAYS[FIRST + 3].item(),
    ]
    assert [truths["B", FIRST, step]["mark"] for step in (1, 2)] == ["suspended", "suspended"]


def test_without_a_date_there_is_nothing_to_change(market):
    market.said(FIRST, target_date=None)
    found = market.score(FIRST + 1)
    assert (found.truths, found.redated, found.verdict.redated) == (5, {}, 0)
    assert found.verdict.in_time == 10


def test_what_the_set_lacks_is_waited_for(market):
    market.said(FIRST)
    kept = market.bars["B"]
    market.without("B", FIRST + 1)
    market.noted({FIRST + 1: ["B"]})
    assert market.score(FIRST + 3).truths == 4
    market.bars["B"] = kept
    market.noted()
    assert market.score(FIRST + 3).truths == 1
    row = market.truths()["B", FIRST, 1]
    assert (row["actual_date"], row["mark"]) == (DAYS[FIRST + 1].item(), "")


@pytest.mark.parametrize(("day", "symbols"), [(FIRST, ["B"]), (FIRST + 2, ["B"]), (FIRST + 1, ["A?"])])
def test_what_it_lacks_elsewhere_is_not_waited_for(market, day, symbols):
    market.said(FIRST)
    market.noted({day: symbols})
    assert market.score(FIRST + 3).truths == 5


def test_a_bar_that_comes_in_late_supersedes_what_was_taken_for_it(market):
    market.said(FIRST)
    kept = market.bars["B"]
    market.without("B", FIRST + 1)
    assert market.score(FIRST + 2).redated == {"suspended": 1}
    market.bars["B"] = kept
    found = market.score(FIRST + 4)
    assert found.truths == 1
    row = market.truths()["B", FIRST, 1]
    assert (row["actual_date"], row["y"], row["mark"]) == (DAYS[FIRST + 1].item(), market.close("B", FIRST + 1), "")
    ledger = Ledger.open(market.run)
    assert ledger.entries[-1].page["superseding"] == 1
    assert book.read(ledger).superseded == 1
    assert found.verdict.redated == 0


def test_a_truth_stays_when_its_bar_is_corrected_or_taken_away(market):
    market.said(FIRST)
    market.score(FIRST + 1)
    before = market.truths()
    market.change("A", factor=1.5)
    market.without("B", FIRST + 1)
    assert market.score(FIRST + 4).truths == 0
    assert market.truths() == before


@pytest.mark.parametrize("evenings", [0, 1, 3])
def test_a_split_rescales_the_forecast(market, evenings):
    """Known from the first evening on; later ones have changes that stay, which say so."""
    for origin in range(FIRST - evenings, FIRST):
        market.said(origin)
        market.score(origin + 1)
    market.said(FIRST)
    before = market.close("C", FIRST)
    market.change("C", factor=0.02)
    found = market.score(FIRST + 1)
    assert found.rescaled == {"C": pytest.approx(0.02)}
    row = market.truths()["C", FIRST, 1]
    assert (row["basis"], row["mark"]) == (pytest.approx(0.02), "")
    joined = book.read(Ledger.open(market.run)).joined()
    own = (joined.symbol == "C") & (joined.model == "net") & (joined.origin == DAYS[FIRST])
    assert joined.yhat[own] == pytest.approx(before * 0.02 * 1.001)
    assert joined.last_close[own] == pytest.approx(before * 0.02)
    assert joined.y[own] == market.close("C", FIRST + 1)


def test_a_split_before_the_last_evening_is_no_correction(market):
    for origin in range(FIRST - 3, FIRST):
        market.said(origin)
        market.score(origin + 1)
        market.change("C", factor=0.5 if origin == FIRST - 2 else 1.0)
    market.said(FIRST)
    market.change("C", factor=0.2)
    assert market.score(FIRST + 1).rescaled == {"C": pytest.approx(0.2)}


@pytest.mark.parametrize(("factor", "mark"), [(1.05, "revised"), (1.0 + 1e-8, "")])
def test_a_close_that_was_corrected_is_no_split(market, factor, mark):
    market.said(FIRST - 1)
    market.score(FIRST)
    market.said(FIRST)
    bars = market.bars["C"]
    moved = np.where(bars.dates == DAYS[FIRST], bars.close * factor, bars.close)
    market.change("C", close=moved, high=np.maximum(bars.high, moved))
    found = market.score(FIRST + 1)
    row = market.truths()["C", FIRST, 1]
    assert (row["basis"], row["mark"], found.rescaled) == (1.0, mark, {})


@pytest.mark.parametrize(("day", "noted", "basis"), [(FIRST + 1, 0.1, 0.1), (FIRST + 1, 0.5, 1.0), (FIRST, 0.1, 1.0)])
def test_a_split_that_the_set_noted_needs_no_other_sign(market, day, noted, basis):
    """Rounded prices may change by more than a rescaling would; another ratio or an earlier session says nothing."""
    market.said(FIRST - 1)
    market.score(FIRST)
    market.said(FIRST)
    bars = market.bars["C"]
    rounded = np.where(bars.dates == DAYS[FIRST - 1], bars.close * 1.01, bars.close)
    market.change("C", factor=0.1, close=0.1 * rounded, high=bars.high)
    market.noted(rescaled=[("C", FIRST - 5, 3.0), ("A", FIRST + 1, 0.1), ("C", day, noted)])
    market.score(FIRST + 1)
    row = market.truths()["C", FIRST, 1]
    assert row["basis"] == pytest.approx(basis)
    assert (row["mark"] == "revised") == (basis == 1.0)


def test_a_symbol_that_cannot_be_read_waits(market):
    market.said(FIRST)
    bars = market.bars["D"]
    market.change("D", close=np.where(bars.dates >= DAYS[FIRST], np.nan, bars.close))
    found = market.score(FIRST + 1)
    assert (found.truths, found.waiting) == (4, 2)
    del market.bars["E"]
    market.said(FIRST + 1, symbols=("A",))
    assert market.score(FIRST + 2).truths == 1


def test_an_origin_that_is_gone_waits(market):
    market.said(FIRST)
    market.without("D", FIRST)
    assert market.score(FIRST + 2).truths == 4


def test_bars_after_the_day_asked_for_are_not_looked_at(market):
    market.said(FIRST)
    assert market.score(FIRST).truths == 0
    assert market.score().truths == 5
    assert Ledger.open(market.run).entries[-1].as_of == str(DAYS[-1])


def test_a_date_that_is_none(market):
    with pytest.raises(SettingsError, match="as-of"):
        score_run(market.run, CONFIG, open_set(market.source()), as_of="soon")


def test_a_damaged_ledger_is_not_scored(market):
    market.said(FIRST)
    (market.run / "ledger" / "000002-forecasts.parquet").write_bytes(b"other")
    with pytest.raises(LedgerError, match="entry 2"):
        market.score(FIRST + 1)


def test_codes_that_lost_their_zeros(tmp_path):
    market = Market(tmp_path)
    market.bars = {"005930": replace(market.bars["A"], symbol="005930")}
    market.said(FIRST, symbols=("005930",))
    path = tmp_path / "numbers.parquet"
    table = table_of(market.bars["005930"])
    pq.write_table(table.set_column(0, "symbol", pa.array([5930] * len(table))), path)
    assert score_run(market.run, CONFIG, open_set(str(path)), now=at()).truths == 1


def test_readers_are_told_after_the_verdict(market):
    market.said(FIRST)
    ledger = Ledger.open(market.run)
    (ledger.folder / "head.json").unlink()
    market.score(FIRST)
    assert json.loads((ledger.folder / "head.json").read_text())["entries"] == 2
    found = market.score(FIRST + 1)
    page = json.loads((ledger.folder / "verdict.json").read_text())
    assert page["head"] == found.verdict.head == json.loads((ledger.folder / "head.json").read_text())["hash"]


def test_old_rows_are_not_read(market, monkeypatch):
    asked = []
    market.said(FIRST)
    bars = open_set(market.source())
    monkeypatch.setattr(bars, "read", lambda names, faults, since: asked.append((names, since)) or iter(()))
    score_run(market.run, CONFIG, bars, as_of=str(DAYS[FIRST + 1]), now=at())
    assert asked == [(list(SYMBOLS), DAYS[FIRST] - 15)]
