"""Splits and dividends: history goes into the newer basis where something proves it, and only then."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.bars.collect.market import BEGUN, DAYS, NEXT, PRICES, begin, csv, day_of, market, rows, tree, update, write
from tests.bars.collect.replay import Replay, fail, ok

FRAME = market()
SPLIT = "S03"


def split(frame, day, ratio=0.2, symbol=SPLIT):
    """Quoted prices of a market in which a symbol is split before a day: those of earlier days are as they were."""
    found = frame.copy()
    own = (found.symbol == symbol) & (found.date.astype(str) >= day)
    found.loc[own, PRICES] = (found.loc[own, PRICES] * ratio).round(6)
    return found


def with_references(frame, day, *, ratio=0.2, symbol=SPLIT, first=None):
    """A session's answer with reference prices; on the day of the split the last close in the new basis."""
    own = day_of(frame, day, reference=True)
    if first == day:
        own.loc[own.symbol == symbol, "reference"] *= ratio
    return own


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "set"


def served(frame, first, days=NEXT[:4], **more):
    return Replay({f"/{day}.csv": ok(csv(with_references(frame, day, first=first, **more))) for day in days})


def test_a_split_is_seen_by_the_reference_price(folder):
    quoted = split(FRAME, NEXT[1])
    with served(quoted, NEXT[1]) as replay:
        begin(folder, FRAME, f"{replay.url}/{{date}}.csv")
        assert update(folder, NEXT[0]).rescaled == {}
        before = rows(folder, SPLIT)
        found = update(folder, NEXT[1])
        assert found.rescaled == {SPLIT: pytest.approx(0.2)}
        assert (found.missing, found.failures) == ({}, ())
        done = tree(folder)
        assert update(folder, NEXT[1]).rescaled == {}
        assert tree(folder) == done
    after = rows(folder, SPLIT)
    np.testing.assert_allclose(after[PRICES].to_numpy()[:-1], before[PRICES].to_numpy() * 0.2)
    assert (
        after.volume.to_numpy()[:-1] == before.volume.to_numpy()
    ).all()  # as traded, as KRX's adjusted series have it
    np.testing.assert_allclose(after[PRICES].to_numpy()[-1], quoted_row(quoted, NEXT[1]))
    others = rows(folder)
    expected = FRAME[(FRAME.symbol == "S04") & (FRAME.date.astype(str) <= NEXT[1])][PRICES]
    np.testing.assert_array_equal(others[others.symbol == "S04"][PRICES], expected)


def quoted_row(frame, day, symbol=SPLIT):
    return frame[(frame.symbol == symbol) & (frame.date.astype(str) == day)][PRICES].to_numpy()[0]


def test_changes_tell_the_reference_price_as_krx_writes_them(folder):
    """종가 less 대비, whose sign is that of 등락률."""
    quoted = split(FRAME, NEXT[0]).round(2)
    own = with_references(quoted, NEXT[0], first=NEXT[0])
    own["등락률"] = (own.close / own.reference - 1.0) * 100.0
    own["대비"] = (own.close - own.reference).abs()
    names = {"symbol": "종목코드", "open": "시가", "high": "고가", "low": "저가", "close": "종가", "volume": "거래량"}
    body = own.drop(columns=["reference", "date"]).rename(columns=names)
    with Replay({f"/{NEXT[0]}.csv": ok(csv(body))}) as replay:
        begin(folder, FRAME, f"{replay.url}/{{date}}.csv")
        assert update(folder, NEXT[0]).rescaled == {SPLIT: pytest.approx(0.2, rel=1e-3)}


def test_a_suspended_symbol_comes_back_split(folder):
    """S01 does not trade, its close carried; on its return the reference price is a fiftieth of it."""
    back = FRAME.copy()
    own = (back.symbol == "S01") & (back.date.astype(str) >= NEXT[1])
    back.loc[own, PRICES] = [1.0, 1.1, 0.9, 1.05]
    with served(back, NEXT[1], ratio=0.02, symbol="S01") as replay:
        begin(folder, FRAME, f"{replay.url}/{{date}}.csv")
        assert update(folder, NEXT[0]).rescaled == {}
        assert update(folder, NEXT[1]).rescaled == {"S01": pytest.approx(0.02)}
    found = rows(folder, "S01")
    np.testing.assert_allclose(found.close.to_numpy()[:-1], 1.0)
    assert (found.open.to_numpy()[:-1] == 0.0).all()


def test_ordinary_moves_of_thirty_percent_are_no_splits(folder):
    moved = FRAME.copy()
    for symbol, factor in (("S04", 1.3), ("S05", 0.7)):
        own = (moved.symbol == symbol) & (moved.date.astype(str) >= NEXT[0])
        before = FRAME[(FRAME.symbol == symbol) & (FRAME.date.astype(str) == DAYS[BEGUN - 1])].close.item()
        moved.loc[own, PRICES] = before * factor
    with Replay({f"/{NEXT[0]}.csv": ok(csv(day_of(moved, NEXT[0])))}) as replay:
        begin(folder, FRAME, f"{replay.url}/{{date}}.csv")
        found = update(folder, NEXT[0])
        assert (found.rescaled, found.failures) == ({}, ())


def test_what_looks_like_a_split_is_told_where_nothing_proves_it(folder):
    own = day_of(FRAME, NEXT[0])
    own.loc[own.symbol == SPLIT, PRICES] = quoted_row(FRAME, DAYS[BEGUN - 1])[3] * 0.2 * 1.03
    with Replay({f"/{NEXT[0]}.csv": ok(csv(own))}) as replay:
        begin(folder, FRAME, f"{replay.url}/{{date}}.csv")
        found = update(folder, NEXT[0])
    assert found.rescaled == {}
    assert [(failure.what, "looks like a split" in failure.why) for failure in found.failures] == [(SPLIT, True)]


def test_reference_prices_that_fit_nothing_are_not_used(folder):
    own = day_of(FRAME, NEXT[0], reference=True)
    own["reference"] *= 1.5
    with Replay({f"/{NEXT[0]}.csv": ok(csv(own))}) as replay:
        begin(folder, FRAME, f"{replay.url}/{{date}}.csv")
        found = update(folder, NEXT[0])
    assert (found.rescaled, found.rows) == ({}, 30)
    assert "do not fit the closes" in found.failures[0].why
    assert rows(folder, day=NEXT[0]).reference.isna().all()


def test_a_file_in_newer_prices_is_recognised_by_the_sessions_in_common(folder, tmp_path):
    begin(folder, FRAME)
    adjusted = split(FRAME, DAYS[0], ratio=0.5)
    file = write(adjusted, tmp_path / "adjusted.parquet")
    found = update(folder, NEXT[1], str(file))
    assert found.rescaled == {SPLIT: pytest.approx(0.5)}
    expected = adjusted[(adjusted.symbol == SPLIT) & (adjusted.date.astype(str) <= NEXT[1])][PRICES]
    np.testing.assert_allclose(rows(folder, SPLIT)[PRICES], expected, rtol=1e-6)
    assert update(folder, NEXT[2]).rescaled == {}


def test_whole_prices_may_be_off_by_one_after_a_rescaling(folder, tmp_path):
    whole = FRAME.assign(**{name: (FRAME[name] * 10).round() for name in PRICES})
    begin(folder, whole)
    halved = split(whole, DAYS[0], ratio=0.31)
    halved[PRICES] = halved[PRICES].round()
    found = update(folder, NEXT[0], str(write(halved, tmp_path / "halved.parquet")))
    assert found.rescaled == {SPLIT: pytest.approx(0.31, rel=2e-3)}
    assert found.failures == ()


def test_a_revision_by_no_constant_ratio_leaves_the_history_and_is_told(folder, tmp_path):
    begin(folder, FRAME)
    before = rows(folder, SPLIT)
    revised = FRAME.copy()
    own = revised.index[(revised.symbol == SPLIT)]
    for at, factor in zip(own[BEGUN - 5 : BEGUN - 2], (1.1, 1.2, 0.9), strict=True):
        revised.loc[at, PRICES] *= factor
    found = update(folder, NEXT[0], str(write(revised, tmp_path / "revised.parquet")))
    assert found.rescaled == {}
    assert [(failure.what, failure.why.split(",")[0]) for failure in found.failures] == [
        (SPLIT, "3 sessions differ from the set's")
    ]
    np.testing.assert_array_equal(rows(folder, SPLIT)[PRICES][:-1], before[PRICES])
    assert len(rows(folder, SPLIT)) == BEGUN + 1


def test_a_row_that_comes_after_the_split_is_put_into_the_newer_prices(folder):
    """The row of the day before the split is missing at first, and then comes in the prices of its own day."""
    quoted = split(FRAME, NEXT[2])
    with served(quoted, NEXT[2]) as replay:
        begin(folder, FRAME, f"{replay.url}/{{date}}.csv")
        whole = with_references(quoted, NEXT[1])
        replay.answers[f"/{NEXT[1]}.csv"] = [ok(csv(whole[whole.symbol != "S09"]))] * 2 + [ok(csv(whole))]
        update(folder, NEXT[1])
        assert update(folder, NEXT[2]).rescaled == {SPLIT: pytest.approx(0.2)}
        assert update(folder, NEXT[3]).missing == {}
        page = json.loads((folder / "set.json").read_text())
        assert [(one["symbol"], one["session"]) for one in page["rescaled"]] == [(SPLIT, NEXT[2])]
    _one_basis(folder, quoted, NEXT[2])


@pytest.mark.parametrize("whole", [True, False], ids=["a session", "a symbol"])
def test_a_split_shows_when_the_day_before_it_comes_late(folder, whole):
    quoted = split(FRAME, NEXT[2])
    with served(quoted, NEXT[2]) as replay:
        begin(folder, FRAME, f"{replay.url}/{{date}}.csv")
        good = with_references(quoted, NEXT[1])
        early = fail(403) if whole else ok(csv(good[good.symbol != SPLIT]))
        replay.answers[f"/{NEXT[1]}.csv"] = [early, early, ok(csv(good))]
        update(folder, NEXT[1])
        assert update(folder, NEXT[2]).rescaled == {}
        assert update(folder, NEXT[3]).rescaled == {SPLIT: pytest.approx(0.2)}
    _one_basis(folder, quoted, NEXT[2])


def _one_basis(folder, quoted, first):
    """All of the symbol's rows are in the prices after the split."""
    expected = quoted[(quoted.symbol == SPLIT) & (quoted.date.astype(str) <= NEXT[3])].copy()
    early = expected.date.astype(str) < first
    expected.loc[early, PRICES] *= 0.2
    np.testing.assert_allclose(rows(folder, SPLIT)[PRICES], expected[PRICES], rtol=1e-5)
