"""A run's tables: the same bytes whoever computed them in whatever order, judged as `judge` judges the forecasts."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.conftest import walk_bars
from tests.market.conftest import (
    InProcess,
    KillAt,
    Killed,
    config_of,
    forecasts_of,
    go_on,
    market_bars,
    results,
    run_market,
    table_of,
    write_set,
)

import nextclose as nc
from nextclose.core.errors import BarsError, NextcloseError, SavedRunError, SettingsError
from nextclose.market import keep as kept
from nextclose.market import run as runs
from nextclose.market.config import MarketConfig
from nextclose.market.files import locked
from nextclose.market.judgement import judge_run
from nextclose.market.status import read_status
from nextclose.market.summary import summarise


def rows(folder, name):
    return pq.ParquetFile(folder / f"{name}.parquet").read().to_pylist()


def test_the_order_of_the_shards_does_not_matter(small_config, small_run, tmp_path):
    run_market(small_config, tmp_path / "run", InProcess(order=[2, 0, 3, 1]))
    assert results(tmp_path / "run") == results(small_run)


@pytest.mark.parametrize("scope", ["symbol", "market"])
def test_a_column_of_the_users_own_is_refused_at_once(small_set, scope):
    with pytest.raises(SettingsError, match=r"no column 'volum' of its files. Did you mean 'volume'\?"):
        config_of(small_set, scope=scope, recipes=("default",), settings={"features": ("close", "volum")})


def test_the_size_of_the_shards_changes_no_verdict(small_set, small_run, tmp_path):
    run_market(config_of(small_set, shard_size=5), tmp_path / "run")
    for name in ("metrics", "folds", "faults"):
        assert sorted(map(str, rows(tmp_path / "run", name))) == sorted(map(str, rows(small_run, name)))


def test_every_symbol_is_there_once_with_its_reason(small_run):
    found = {row["symbol"]: row for row in rows(small_run, "symbols")}
    assert {name for name, row in found.items() if row["status"] == "used"} == {
        "A", "BB", "005930", "O'Neil", "삼성", "late",
    }  # fmt: skip
    assert found["short"]["kind"] == "too-short"
    assert "at least 60" in found["short"]["reason"]
    assert "적어도 60" in found["short"]["reason_ko"]
    assert len(rows(small_run, "symbols")) == 7


def test_no_forecast_is_lost_or_doubled(small_run, small_config):
    table = forecasts_of(small_run)
    keys = set(zip(table.symbol, table.model, table.origin.tolist(), table.step.tolist(), strict=True))
    assert len(keys) == len(table)
    assert set(table.symbol) == {"A", "BB", "005930", "O'Neil", "삼성", "late"}
    own = table.where(np.flatnonzero((table.symbol == "A") & (table.model == "persistence")))
    np.testing.assert_array_equal(own.target_date, small_config.sessions)


@pytest.fixture(scope="module")
def long_run(tmp_path_factory):
    """Two recipes on 60 sessions of five symbols."""
    folder = tmp_path_factory.mktemp("long")
    source = write_set(folder / "set.parquet", *market_bars(("A", "B", "C", "D", "E"), 200))
    config = config_of(source, ("tutorial", "default"), test_start="2020-07-15", refit_every=0)
    run_market(config, folder / "run")
    return folder / "run"


def test_the_verdict_is_that_of_judge_on_the_shared_forecasts(long_run):
    """Tables differ in what only rows tell, the sums in their last digits."""
    ours = judge_run(long_run, MarketConfig.read(long_run), "en")
    theirs = nc.judge(forecasts_of(long_run, shared=True))
    others = {(row.name, row.step): row for row in theirs.models}
    assert {row.name for row in ours.models} == {name for name, _ in others}
    for row in ours.models:
        other = others[row.name, row.step]
        assert (row.verdict, row.information, row.n) == (other.verdict, other.information, other.n)
        assert row.sentence == other.sentence
        for name in ("skill", "skill_lo", "skill_hi", "directional_accuracy", "coverage", "pvalue_adjusted"):
            assert getattr(row, name) == pytest.approx(getattr(other, name), rel=1e-9, abs=1e-15, nan_ok=True), name
        assert row.dm.statistic == pytest.approx(other.dm.statistic, rel=1e-9, nan_ok=True)
    mine = {(row.model, row.rival): row for row in ours.rivals}
    for row in theirs.rivals:
        assert mine[row.model, row.rival].pvalue_better == pytest.approx(row.pvalue_better, rel=1e-9, nan_ok=True)


def test_the_verdicts_by_symbol_are_those_over_all_symbols(long_run):
    stored = {(row["model"], row["symbol"]): row for row in rows(long_run, "metrics")}
    judged = nc.judge(forecasts_of(long_run, shared=True)).symbols
    assert len(judged) == len(stored)
    for row in judged:
        found = stored[row.model, row.symbol]
        assert (found["verdict"], found["information"], found["n"]) == (row.verdict, row.information, row.n)
        stated = np.nan if found["pvalue_adjusted"] is None else found["pvalue_adjusted"]
        assert stated == pytest.approx(row.pvalue_adjusted, rel=1e-12, nan_ok=True)


def test_folds_add_up_to_the_metrics(long_run):
    lost = {}
    for row in rows(long_run, "folds"):
        one = lost.setdefault((row["model"], row["symbol"]), [0.0, 0.0, 0])
        one[0], one[1], one[2] = one[0] + row["lost"], one[1] + row["base"], one[2] + row["n"]
    for row in rows(long_run, "metrics"):
        error, base, n = lost[row["model"], row["symbol"]]
        assert n == row["n"]
        assert 1.0 - error / base == pytest.approx(row["skill"], abs=1e-12)


def spoiled(tmp_path):
    """B has an infinite price, C ends before the test span, D has two bars in it."""
    every = market_bars(("A", "B", "C", "D", "E"))
    every[2] = replace(every[2], **{name: getattr(every[2], name)[:100] for name in ("dates", *PRICES)})
    every[3] = replace(every[3], **{name: getattr(every[3], name)[:114] for name in ("dates", *PRICES)})
    frame = table_of(*every).to_pandas()
    frame.loc[frame.symbol == "B", "close"] = -1.0
    path = tmp_path / "spoiled.parquet"
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    return path


PRICES = ("open", "high", "low", "close", "volume")


def test_a_symbol_that_cannot_be_used_changes_nothing_for_others(tmp_path):
    config = config_of(spoiled(tmp_path))
    outcome = run_market(config, tmp_path / "run")
    kinds = {row["symbol"]: row["kind"] for row in rows(tmp_path / "run", "symbols")}
    assert kinds == {"A": "", "B": "faulty", "C": "no-test", "D": "no-test", "E": ""}
    assert (outcome.used, outcome.left_out, outcome.failed) == (2, 3, 1)
    alone = write_set(tmp_path / "alone.parquet", *(bars for bars in market_bars(("A", "B", "C", "D", "E"))[::4]))
    run_market(config_of(alone), tmp_path / "other")
    here, there = forecasts_of(tmp_path / "run"), forecasts_of(tmp_path / "other")
    for name in ("symbol", "model", "target_date", "yhat", "lo", "hi"):
        np.testing.assert_array_equal(getattr(here, name), getattr(there, name))


def test_a_fit_that_diverges_leaves_its_symbol_out(tmp_path):
    """Closes from 1e-150 to 1e150, where squares overflow."""
    wild = walk_bars(140, seed=3, symbol="W")
    scale = np.exp(np.linspace(-345.0, 345.0, 140))
    wild = replace(wild, **{name: getattr(wild, name) * scale for name in ("open", "high", "low", "close")})
    source = write_set(tmp_path / "set.parquet", walk_bars(140, seed=1, symbol="A"), wild)
    config = config_of(source, settings={"epochs": 2, "scaling": "none"})
    run_market(config, tmp_path / "run")
    found = {row["symbol"]: row for row in rows(tmp_path / "run", "symbols")}
    assert found["A"]["status"] == "used"
    assert found["W"]["kind"] == "failed"
    assert found["W"]["reason"]
    assert set(forecasts_of(tmp_path / "run").symbol) == {"A"}


def test_when_none_can_be_used_the_run_ends_and_says_why(tmp_path):
    config = config_of(write_set(tmp_path / "set.parquet", *market_bars(("A", "B"))), min_bars=1000)
    outcome = run_market(config, tmp_path / "run")
    assert (outcome.used, outcome.left_out) == (0, 2)
    with pytest.raises(BarsError, match="none of 2 symbols could be used .too few bars 2."):
        summarise(tmp_path / "run", "en")
    assert go_on(tmp_path / "run", InProcess(most=0)) == outcome


def test_numbers_are_korean_codes_whether_used_or_left_out(tmp_path):
    table = table_of(*market_bars(("5930", "660", "20")))
    table = table.set_column(0, "code", pa.array([int(symbol) for symbol in table["symbol"].to_pylist()]))
    frame = table.to_pandas()
    frame.loc[frame.code == 660, "close"] = -1.0
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "set.parquet")
    config = config_of(tmp_path / "set.parquet", symbols=["005930", "660"])
    run_market(config, tmp_path / "run")
    found = {row["symbol"]: row["status"] for row in rows(tmp_path / "run", "symbols")}
    assert found == {"005930": "used", "000660": "left out"}


def test_one_symbol_is_a_market_too(tmp_path):
    config = config_of(write_set(tmp_path / "set.parquet", *market_bars(("A",))))
    run_market(config, tmp_path / "run")
    found = summarise(tmp_path / "run", "en")
    assert found.used == 1
    assert [row.symbol for row in found.best] == ["A"]


def test_a_run_that_is_killed_at_any_news_ends_as_if_nothing_had_happened(small_config, small_run, tmp_path):
    for at in range(7):
        folder = tmp_path / str(at)
        with pytest.raises(Killed):
            run_market(small_config, folder, watcher=KillAt(at))
        rest = InProcess()
        before = {record["number"] for record in kept.finished(folder)}
        go_on(folder, rest)
        assert not before & set(rest.computed)
        assert results(folder) == results(small_run)


@pytest.mark.parametrize("name", [pytest.param("write_bytes", marks=pytest.mark.slow), "write_folder", "write_text"])
def test_a_run_that_is_killed_at_any_write_goes_on(small_config, small_run, tmp_path, monkeypatch, name):
    """Before the manifest, between forecasts and shard folder, between two final tables, before the result."""
    from nextclose.market import config as config_room
    from nextclose.market import files, finish, watch

    monkeypatch.setattr(watch, "write_text", lambda path, content: None)
    rooms = [room for room in (files, kept, finish, config_room) if hasattr(room, name)]
    write = getattr(files, name)
    for at in range(30):
        folder = tmp_path / f"{name}-{at}"
        calls = iter(range(at))

        def dies(*arguments, calls=calls):
            if next(calls, None) is None:
                raise Killed
            return write(*arguments)

        with monkeypatch.context() as patched:
            for room in rooms:
                patched.setattr(room, name, dies)
            try:
                run_market(small_config, folder)
            except Killed:
                pass
            else:
                assert at >= 2
                return
        if (folder / "manifest.json").exists():
            go_on(folder)
        else:
            run_market(small_config, folder)
        assert results(folder) == results(small_run)
    raise AssertionError("no run went through")


def test_a_damaged_shard_is_computed_again(small_config, small_run, tmp_path):
    folder = tmp_path / "run"
    run_market(small_config, folder, watcher=None)
    (folder / "result.json").unlink()
    (folder / "shards" / "00001" / "record.json").write_text("{", encoding="utf-8")
    (folder / "forecasts" / "00002.parquet").write_bytes(b"half")
    rest = InProcess()
    go_on(folder, rest)
    assert rest.computed == [1, 2]
    assert results(folder) == results(small_run)


def test_going_on_with_a_finished_run_touches_nothing(small_run):
    before = {path: path.stat().st_mtime_ns for path in small_run.rglob("*")}
    go_on(small_run, InProcess(most=0))
    assert {path: path.stat().st_mtime_ns for path in small_run.rglob("*")} == before


def test_a_run_that_another_finished_meanwhile_is_left_as_it_is(small_run, monkeypatch):
    real, asked = runs.outcome_of, []

    def late(folder):
        asked.append(folder)
        return None if len(asked) == 1 else real(folder)

    monkeypatch.setattr(runs, "outcome_of", late)
    before = {path: path.stat().st_mtime_ns for path in small_run.rglob("*.parquet")}
    assert runs.resume(small_run, InProcess(most=0), threads=1) == real(small_run)
    assert {path: path.stat().st_mtime_ns for path in small_run.rglob("*.parquet")} == before


def test_a_changed_set_or_version_is_refused(tmp_path):
    source = write_set(tmp_path / "set.parquet", *market_bars(("A", "B", "C")))
    config = config_of(source)
    for folder in ("one", "two"):
        with pytest.raises(Killed):
            run_market(config, tmp_path / folder, watcher=KillAt(2))
    manifest = tmp_path / "two" / "manifest.json"
    page = json.loads(manifest.read_text(encoding="utf-8"))
    page["versions"]["numpy"] = "1.0"
    manifest.write_text(json.dumps(page), encoding="utf-8")
    with pytest.raises(SavedRunError, match=r"begun with numpy 1\.0"):
        go_on(tmp_path / "two")
    write_set(source, *market_bars(("A", "B", "D")))
    with pytest.raises(SettingsError, match="has changed since this run began"):
        go_on(tmp_path / "one")
    source.unlink()
    with pytest.raises(NextcloseError, match="holds no bars"):
        go_on(tmp_path / "one")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 1}', '{"format": 99}'])
def test_a_damaged_manifest_is_one_message(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(SavedRunError, match="damaged|newer"):
        go_on(tmp_path)


def test_a_damaged_result_is_one_message(small_config, tmp_path):
    small_config.write(tmp_path)
    (tmp_path / "result.json").write_text("{", encoding="utf-8")
    with pytest.raises(SavedRunError, match="Delete it and go on"):
        go_on(tmp_path)


def test_a_folder_that_holds_something_is_not_written_to(small_config, small_run, tmp_path):
    with pytest.raises(SettingsError, match="holds a market run already"):
        run_market(small_config, small_run)
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SettingsError, match="nothing is written over it"):
        run_market(small_config, tmp_path)
    with pytest.raises(SettingsError, match="it is a file"):
        run_market(small_config, tmp_path / "notes.txt")
    with pytest.raises(NextcloseError, match="cannot write"):
        run_market(small_config, tmp_path / "notes.txt" / "inside")


def test_two_at_once_are_refused(small_config, tmp_path):
    small_config.write(tmp_path)
    with locked(tmp_path), pytest.raises(SettingsError, match="another nextclose is working"):
        go_on(tmp_path)


def test_an_error_while_a_shard_is_kept_stops_the_workers(small_config, tmp_path, monkeypatch):
    """The backend is closed at once, not when Python gets round to it."""
    from nextclose.market import run as room

    ended = []

    class Watched(InProcess):
        def compute(self, config, numbers, nets):
            try:
                yield from super().compute(config, numbers, nets)
            finally:
                ended.append(True)

    def full(folder, result):
        raise NextcloseError("cannot write")

    monkeypatch.setattr(room, "keep", full)
    with pytest.raises(NextcloseError, match="cannot write") as caught:
        run_market(small_config, tmp_path / "run", Watched())
    assert ended == [True]
    assert caught.tb is not None
    assert read_status(tmp_path / "run").state == "stopped"
    assert json.loads((tmp_path / "run" / "heartbeat.json").read_text(encoding="utf-8"))["phase"] == "failed"


def test_status_of_a_finished_a_stopped_and_a_running_run(small_config, small_run, tmp_path):
    done = read_status(small_run)
    assert (done.state, done.done, done.symbols, done.shards_done, done.left_out) == ("finished", 7, 7, 4, 1)
    with pytest.raises(Killed):
        run_market(small_config, tmp_path / "run", watcher=KillAt(3))
    stopped = read_status(tmp_path / "run")
    assert stopped.state == "stopped"
    assert 0 < stopped.shards_done < 4
    with locked(tmp_path / "run"):
        assert read_status(tmp_path / "run").state == "running"


def test_clock_times_after_a_line_that_was_cut_short_stand_on_lines_of_their_own(tmp_path):
    kept.note_time(tmp_path, {"shard": 0})
    with (tmp_path / kept.TIMINGS).open("a", encoding="utf-8") as file:
        file.write('{"shard": ')
    kept.note_time(tmp_path, {"shard": 1})
    kept.note_time(tmp_path, {"shard": 2})
    lines = (tmp_path / kept.TIMINGS).read_text(encoding="utf-8").splitlines()
    assert lines == ['{"shard": 0}', '{"shard": ', '{"shard": 1}', '{"shard": 2}']


def test_an_interrupted_backend_leaves_what_it_finished(small_config, small_run, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run_market(small_config, tmp_path / "run", InProcess(most=2))
    assert len(list(kept.finished(tmp_path / "run"))) == 2
    rest = InProcess()
    go_on(tmp_path / "run", rest)
    assert rest.computed == [2, 3]
    assert results(tmp_path / "run") == results(small_run)
    with closing(rest.compute(small_config, [], None)) as nothing:
        assert list(nothing) == []


def test_later_steps_are_judged_as_judge_judges_them(small_set, tmp_path):
    config = config_of(small_set, settings={"epochs": 2, "horizon": 3})
    run_market(config, tmp_path / "run")
    ours = judge_run(tmp_path / "run", config, "en")
    theirs = {(row.name, row.step): row for row in nc.judge(forecasts_of(tmp_path / "run", shared=True)).models}
    own = {row.step: row for row in ours.models if row.name == "tutorial"}
    assert set(own) == {1, 2, 3}
    for step, row in own.items():
        assert row.n > 0
        assert row.skill == pytest.approx(theirs["tutorial", step].skill, rel=1e-9)


@pytest.mark.parametrize("harm", ["lost", "cut", "altered", "forecasts"])
def test_a_shard_with_a_damaged_file_is_computed_again(small_run, small_config, tmp_path, harm):
    folder = tmp_path / "run"
    shutil.copytree(small_run, folder)
    (folder / "result.json").unlink()
    file = folder / "shards/00001/sessions.parquet" if harm != "forecasts" else folder / "forecasts/00001.parquet"
    content = bytearray(file.read_bytes())
    if harm == "lost":
        file.unlink()
    else:
        content[100:120] = b"\0" * 20
        file.write_bytes(b"" if harm == "cut" else bytes(content))
    backend = InProcess()
    go_on(folder, backend)
    assert backend.computed == [1]
    assert results(folder) == results(small_run)
