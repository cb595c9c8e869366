"""What evenings meet: splits, suspensions, sessions without a forecast, listings, a kill; and who is refused."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.market.conftest import config_of, market_bars, rows_of, run_market, table_of, write_set
from tests.market.live.conftest import NOW, assert_same, evening, rows_of_ledger, studied, up_to

from nextclose.core.errors import NextcloseError, SavedRunError, SettingsError
from nextclose.market.files import write_text
from nextclose.market.ledger.chain import Ledger
from nextclose.market.live import update as updating
from nextclose.market.live.predict import predict_run
from nextclose.market.live.update import update_run

SYMBOLS = ("A", "BB", "005930")
SESSIONS = 200
LAST = 150
"""Row of the run's last session."""
NOTHING_HELD_OUT = {"epochs": 2, "validation": 0.0, "patience": None}
"""So a span of 50 sessions leaves all the scores there are."""
BARS = market_bars(SYMBOLS, sessions=SESSIONS)
DATES = BARS[0].dates


def day(row):
    return str(DATES[row])


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A run that ended on session 150 of 200, over refits of 20 sessions from session 100 on; nobody may write to it."""
    folder = tmp_path_factory.mktemp("live")
    source = write_set(folder / "set.parquet", *BARS)
    config = config_of(
        source, recipes=("default",), test_start=day(100), test_end=day(LAST), refit_every=20, settings=NOTHING_HELD_OUT
    )
    run_market(config, folder / "run")
    return folder, config


@pytest.fixture
def live(begun, tmp_path):
    """A copy of the run with a set of its own: (folder of the run, path of the set, configuration)."""
    origin, config = begun
    folder, source = tmp_path / "run", tmp_path / "set.parquet"
    shutil.copytree(origin / "run", folder)
    config = replace(config, source=str(source))
    config.write(folder)
    write_set(source, *BARS)
    return folder, source, config


def times(bars, ratio, before=SESSIONS):
    """Prices before a row multiplied."""
    factor = np.where(np.arange(len(bars)) < before, ratio, 1.0)
    return replace(bars, **{name: getattr(bars, name) * factor for name in ("open", "high", "low", "close")})


def files_of(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "live").rglob("*"))
        if path.is_file()
    }


def test_a_split_is_recognised_and_the_saved_nets_serve_on(live):
    folder, source, config = live
    evening(folder, day(LAST))
    split = [times(BARS[0], 0.2), *BARS[1:]]
    write_set(source, *split)
    done = update_run(folder, as_of=day(155), workers=0)
    assert done.rescaled == {"A": pytest.approx(0.2)}
    assert not done.fits
    assert not done.refitted
    rows = evening(folder, day(156))
    for own in BARS:
        ratio = 0.2 if own.symbol == "A" else 1.0
        expected = studied(config, up_to(own, day(156)))
        assert_same(rows, own.symbol, expected, ratio=ratio, rtol=1e-12 if ratio != 1.0 else 0.0)


def test_a_split_between_update_and_predict_is_recognised(live):
    folder, source, config = live
    update_run(folder, as_of=day(155), workers=0)
    write_set(source, times(BARS[0], 0.2), *BARS[1:])
    predict_run(folder, workers=0, now=lambda: NOW)
    rows = rows_of_ledger(folder, day(155))
    assert_same(rows, "A", studied(config, up_to(BARS[0], day(155))), ratio=0.2, rtol=1e-12)


def test_nets_fitted_after_a_split_are_those_of_the_new_prices(live):
    folder, source, config = live
    evening(folder, day(LAST))
    split = times(BARS[0], 0.2)
    write_set(source, split, *BARS[1:])
    rows = evening(folder, day(165))
    expected = studied(config, up_to(split, day(165)))
    for name in ("ridge", "default"):
        np.testing.assert_allclose(rows["A", name, 1]["yhat"], expected[name, 1].yhat, rtol=0.0)


def test_another_history_is_fitted_anew_and_told(live):
    folder, source, _ = live
    update_run(folder, as_of=day(LAST), workers=0)
    other = market_bars(("A",), sessions=SESSIONS + 1)[0]
    write_set(source, replace(rows_of(other, slice(1, None)), dates=DATES), *BARS[1:])
    stale = predict_run(folder, workers=0, now=lambda: NOW)
    assert stale.statuses == {"failed": 1, "ok": 2}
    assert "another" in stale.reasons["A"]
    done = update_run(folder, as_of=day(LAST + 1), workers=0)
    assert done.refitted == ("A",)
    assert done.fits > 0


def without(bars, *rows):
    return rows_of(bars, np.setdiff1d(np.arange(len(bars)), rows))


def test_who_has_no_bar_has_a_row_a_status_and_no_number(live):
    folder, source, config = live
    suspended = table_of(*(rows_of(BARS[0], slice(0, 152)),))
    still = {"symbol": ["A"], "date": pa.array(DATES[152:153]), "close": [100.0], "volume": [0.0]}
    still |= {name: [0.0] for name in ("open", "high", "low")}
    last = pa.table(still).select(suspended.column_names)
    pq.write_table(pa.concat_tables([suspended, last, table_of(rows_of(BARS[1], slice(0, 150)), BARS[2])]), source)
    rows = evening(folder, day(152))
    assert (rows["A", "default", 1]["status"], rows["BB", "persistence", 1]["status"]) == ("suspended", "stale")
    assert rows["A", "default", 1]["yhat"] is None
    assert day(151) in rows["A", "default", 1]["reason"]
    assert "거래" in rows["A", "default", 1]["reason_ko"]
    assert_same(rows, "005930", studied(config, up_to(BARS[2], day(152))))
    write_set(source, rows_of(BARS[0], np.delete(np.arange(SESSIONS), 152)), *BARS[1:])
    again = evening(folder, day(154))
    assert_same(again, "A", studied(config, up_to(without(BARS[0], 152), day(154))))


def test_a_bar_that_comes_later_adds_a_number_and_changes_none(live):
    folder, source, config = live
    write_set(source, without(rows_of(BARS[0], slice(0, 156)), 155), *(rows_of(own, slice(0, 156)) for own in BARS[1:]))
    before = evening(folder, day(155))
    assert before["A", "default", 1]["status"] == "stale"
    write_set(source, *(rows_of(own, slice(0, 156)) for own in BARS))
    after = evening(folder, day(155))
    assert_same(after, "A", studied(config, up_to(BARS[0], day(155))))
    assert {key: row for key, row in after.items() if key[0] != "A"} == {
        key: row for key, row in before.items() if key[0] != "A"
    }
    assert predict_run(folder, workers=0, now=lambda: NOW).already


def test_a_number_is_not_added_when_the_next_bar_is_there(live):
    folder, source, _ = live
    write_set(source, without(rows_of(BARS[0], slice(0, 156)), 155), *(rows_of(own, slice(0, 156)) for own in BARS[1:]))
    evening(folder, day(155))
    write_set(source, *BARS)
    update_run(folder, as_of=day(155), workers=0)
    again = predict_run(folder, workers=0, now=lambda: NOW, target_date="2031-01-01")
    assert again.already
    assert again.target_date != "2031-01-01"  # the ledger says what it said


def test_a_listing_is_fitted_when_it_has_bars_enough(live):
    folder, source, _ = live
    listed = replace(rows_of(BARS[0], slice(95, None)), symbol="new")
    write_set(source, *BARS, listed)
    assert update_run(folder, as_of=day(157), workers=0).statuses == {"ok": 3, "too-few-bars": 1}
    rows = evening(folder, day(161))
    assert rows["new", "default", 1]["status"] == "ok"
    assert rows["new", "default", 1]["fold"] == 3


def test_an_update_that_was_killed_goes_on_to_the_same_bytes(live, monkeypatch, tmp_path):
    folder, _, _ = live
    shutil.copytree(folder, tmp_path / "whole")
    update_run(tmp_path / "whole", as_of=day(LAST), workers=0)
    write, left = updating.write_bytes, [1]

    class KilledError(BaseException):
        pass

    def dying(path, content):
        if not left[0]:
            raise KilledError
        left[0] -= 1
        write(path, content)

    monkeypatch.setattr(updating, "write_bytes", dying)
    with pytest.raises(KilledError):
        update_run(folder, as_of=day(LAST), workers=0)
    assert not (folder / "live" / "state.json").exists()
    with pytest.raises(SavedRunError, match="no snapshot"):
        predict_run(folder, workers=0)
    monkeypatch.setattr(updating, "write_state", lambda *_: (_ for _ in ()).throw(KilledError))
    monkeypatch.setattr(updating, "write_bytes", write)
    with pytest.raises(KilledError):
        update_run(folder, as_of=day(LAST), workers=0)
    monkeypatch.undo()
    update_run(folder, as_of=day(LAST), workers=0)
    assert files_of(folder) == files_of(tmp_path / "whole")


def test_an_update_is_done_once(live):
    folder, _, _ = live
    update_run(folder, as_of=day(LAST + 2), workers=0)
    before = files_of(folder)
    again = update_run(folder, as_of=day(LAST + 2), workers=0)
    assert again.already
    assert again.statuses == {"ok": 3}
    assert files_of(folder) == before


def test_only_the_snapshot_s_session_is_forecast(live):
    folder, _, _ = live
    update_run(folder, as_of=day(LAST + 2), workers=0)
    with pytest.raises(SettingsError, match="seen later sessions"):
        predict_run(folder, as_of=day(LAST + 1), workers=0)
    with pytest.raises(SettingsError, match="Bring it up first"):
        predict_run(folder, as_of=day(LAST + 3), workers=0)
    with pytest.raises(SettingsError, match="cannot be taken back"):
        update_run(folder, as_of=day(LAST + 1), workers=0)
    with pytest.raises(SettingsError, match="after the last session"):
        predict_run(folder, target_date=day(LAST + 2), workers=0)


def test_a_damaged_snapshot_is_told(live):
    folder, _, _ = live
    update_run(folder, as_of=day(LAST), workers=0)
    path = next((folder / "live").rglob("*.safetensors"))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(SavedRunError, match="damaged"):
        predict_run(folder, workers=0)
    with pytest.raises(SavedRunError, match="damaged"):
        update_run(folder, as_of=day(LAST + 1), workers=0)
    write_text(folder / "live" / "state.json", "{}")
    with pytest.raises(SavedRunError, match="damaged"):
        predict_run(folder, workers=0)


def test_an_unfinished_run_is_refused(live):
    folder, _, _ = live
    (folder / "result.json").unlink()
    for work in (update_run, predict_run):
        with pytest.raises(NextcloseError, match="not finished"):
            work(folder, workers=0)


def test_closures_and_a_target_date_are_taken(live):
    folder, _, _ = live
    update_run(folder, as_of=day(LAST), workers=0)
    coming = predict_run(folder, exchange="XNYS", closures=(day(LAST + 1),), workers=0, now=lambda: NOW)
    assert coming.target_date > day(LAST + 1)
    assert coming.in_time
    entry = Ledger.open(folder).of_kind("forecasts")[0]
    assert entry.page["target_dates"] == [coming.target_date]
    assert entry.page["statuses"] == {"ok": 3}
    again = predict_run(folder, target_date=day(LAST + 3), workers=0)
    assert (again.entry, again.target_date) == (None, coming.target_date)  # what was written stays
    shutil.rmtree(folder / "ledger")
    assert predict_run(folder, target_date=day(LAST + 3), workers=0).target_date == day(LAST + 3)


@pytest.mark.slow
def test_the_same_bytes_whoever_computes(live, tmp_path):
    folder, _, _ = live
    shutil.copytree(folder, tmp_path / "other")
    update_run(folder, as_of=day(LAST), workers=0)
    update_run(tmp_path / "other", as_of=day(LAST), workers=2)
    assert files_of(folder) == files_of(tmp_path / "other")


@pytest.mark.slow
def test_the_whole_market_s_nets_go_on(tmp_path):
    source = write_set(tmp_path / "set.parquet", *BARS)
    wishes = {"recipes": ("default",), "scope": "market", "refit_every": 20, "test_start": day(100)}
    config = config_of(source, **wishes, test_end=day(LAST))
    run_market(config, Path(tmp_path / "run"))
    rows = evening(tmp_path / "run", day(160))
    longer = config_of(source, **wishes, test_end=day(161))
    run_market(longer, tmp_path / "longer")
    forecasts = pq.read_table(tmp_path / "longer" / "forecasts" / "00000.parquet").to_pylist()
    expected = {(row["symbol"], row["model"]): row["yhat"] for row in forecasts if str(row["origin"]) == day(160)}
    for model in ("default", "pooled-mean", "persistence", "ridge"):
        assert rows["A", model, 1]["yhat"] == expected["A", model]
