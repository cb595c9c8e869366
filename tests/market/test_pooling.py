"""One net for a whole market."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.market.conftest import (
    InProcess,
    Killed,
    config_of,
    forecasts_of,
    market_bars,
    results,
    rows_of,
    table_of,
    write_set,
)

from nextclose.bars.load import load_bars
from nextclose.core.errors import BarsError, FitError
from nextclose.market import pooling
from nextclose.market.finish import outcome_of
from nextclose.market.nets import POOLED_MEAN, load_fold
from nextclose.market.run import resume, start
from nextclose.market.status import read_status
from nextclose.market.summary import summarise

SETTINGS = {"epochs": 2, "batch_size": 64}


def pooled(source, recipes=("default",), **wishes):
    return config_of(source, recipes, scope="market", **{"settings": SETTINGS} | wishes)


@pytest.fixture(scope="module")
def pooled_config(small_set):
    return pooled(small_set, ("default", "tutorial"))


@pytest.fixture(scope="module")
def pooled_run(pooled_config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pooled") / "run"
    start(pooled_config, folder, InProcess(), threads=1)
    return folder


@pytest.mark.parametrize("threads", [2, 3])
def test_any_number_of_threads_gives_the_same_bits(pooled_config, pooled_run, tmp_path, threads):
    start(pooled_config, tmp_path / "run", InProcess(), threads=threads)
    assert results(tmp_path / "run") == results(pooled_run)


@pytest.mark.parametrize("when", ["between fits", "in a fit"])
def test_a_run_that_is_killed_while_nets_are_fitted_goes_on(pooled_config, pooled_run, tmp_path, monkeypatch, when):
    calls = iter(range(4))
    name = "save_fold" if when == "between fits" else "load_fold"
    work = getattr(pooling, name)

    def dies(*arguments):
        if next(calls, None) is None:
            raise Killed
        return work(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(pooling, name, dies)
        with pytest.raises(Killed):
            start(pooled_config, tmp_path / "run", InProcess(), threads=1)
    fitted = []
    fit = pooling._fit_fold
    monkeypatch.setattr(pooling, "_fit_fold", lambda *arguments: fitted.append(1) or fit(*arguments))
    resume(tmp_path / "run", InProcess(), threads=1)
    assert len(fitted) == 2
    assert results(tmp_path / "run") == results(pooled_run)


def test_a_warm_start_goes_on_from_the_nets_on_disk(small_set, tmp_path, monkeypatch):
    config = pooled(small_set, settings={**SETTINGS, "warm_start": True, "warm_epochs": 1}, seeds=2)
    start(config, tmp_path / "whole", InProcess(), threads=1)
    save, calls = pooling.save_fold, iter(range(2))

    def dies(*arguments):
        if next(calls, None) is None:
            raise Killed
        save(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(pooling, "save_fold", dies)
        with pytest.raises(Killed):
            start(config, tmp_path / "halved", InProcess(), threads=1)
    resume(tmp_path / "halved", InProcess(), threads=1)
    assert results(tmp_path / "halved") == results(tmp_path / "whole")
    first, second = (load_fold(tmp_path / "whole", "default", number) for number in (0, 1))
    assert len(second.fits[0].losses) == 1
    assert not np.array_equal(first.fits[0].params["w_x"], first.fits[1].params["w_x"])


def test_what_is_held_out_is_the_latest_share_of_the_sessions():
    dates = np.array(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07"], dtype="datetime64[D]")
    rows, targets = np.arange(12), dates[[0, 1, 2, 3, 4, 0, 1, 3, 4, 4, 2, 2]]
    train, held_out, cut = pooling.hold_out(rows, targets, 0.4)
    assert cut == dates[3]
    assert sorted(held_out) == [3, 4, 7, 8, 9]
    assert sorted([*train, *held_out]) == rows.tolist()
    assert (targets[train] < cut).all()
    none = pooling.hold_out(rows, targets, 0.0)
    assert len(none[0]) == 12
    assert len(none[1]) == 0
    assert np.isnat(none[2])
    assert len(pooling.hold_out(rows, targets, 0.99)[0]) == 2


def test_the_pooled_mean_is_the_mean_return_that_was_known(pooled_run, pooled_config):
    table = forecasts_of(pooled_run)
    own = table.where(np.flatnonzero(table.model == POOLED_MEAN))
    starts = pooled_config.sessions[::10]
    used = [bars for bars in market_bars() if bars.symbol != "short"]
    for target in pooled_config.sessions[[0, 1, 9, 10, 25]]:
        rows = np.flatnonzero(own.target_date == target)
        known = starts[starts <= target][-1]
        returns = [bars.close[1:] / bars.close[:-1] - 1.0 for bars in used]
        mean = np.mean(np.concatenate([
            values[bars.dates[1:] < known] for values, bars in zip(returns, used, strict=True)
        ]))  # fmt: skip
        assert len(rows) == len(used)
        np.testing.assert_allclose(own.yhat[rows] / own.last_close[rows] - 1.0, mean, rtol=1e-9)


@pytest.mark.parametrize("scope", ["symbol", "market"])
def test_no_later_bar_moves_a_forecast(tmp_path, scope):
    """Every bar of every symbol behind a date is altered: no forecast with an earlier origin moves by a bit."""
    every = market_bars(("A", "B", "C"))
    date = every[0].dates[125]
    tables = []
    for name, factor in (("before", 1.0), ("after", 10.0)):
        frame = table_of(*every).to_pandas()
        later = frame["date"].to_numpy().astype("datetime64[D]") > date
        wild = 1.0 + 0.1 * np.random.default_rng(1).random(later.sum())
        for column in ("open", "high", "low", "close"):
            frame.loc[later, column] *= 1.0 if factor == 1.0 else factor * wild
        frame.loc[later, "volume"] *= factor
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
        config = config_of(path, ("default", "tutorial"), scope=scope, settings=SETTINGS, refit_every=7)
        start(config, tmp_path / name, InProcess(), threads=1)
        tables.append(forecasts_of(tmp_path / name))
    early = [np.flatnonzero(table.origin <= date) for table in tables]
    one, other = (table.where(rows) for table, rows in zip(tables, early, strict=True))
    assert len(one) > 100
    for name in ("symbol", "model", "origin", "step", "yhat", "lo", "hi", "p_up", "last_close"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    late = [table.where(np.flatnonzero(table.origin > date)) for table in tables]
    assert not np.array_equal(late[0].yhat, late[1].yhat)


def test_summary_sets_the_recipe_against_the_pooled_mean(pooled_run):
    found = summarise(pooled_run, "en")
    assert {(row.model, row.rival) for row in found.rivals} >= {("default", POOLED_MEAN), ("tutorial", POOLED_MEAN)}
    assert found.scope == "market"


def test_without_a_usable_symbol_there_is_no_market(small_set, tmp_path):
    with pytest.raises(BarsError, match="none of 7 symbols has bars"):
        start(pooled(small_set, min_bars=1000), tmp_path / "run", InProcess(), threads=1)


def test_a_pooled_fit_that_diverges_says_which(small_set, tmp_path):
    config = pooled(
        small_set, settings={**SETTINGS, "optimizer": "sgd", "lr": 1e30, "patience": None, "validation": 0.0}
    )
    with pytest.raises(FitError, match="recipe 'default' on the whole market, seed 0"):
        start(config, tmp_path / "run", InProcess(), threads=1)


def test_nets_on_disk_are_those_that_were_fitted(pooled_run, small_set):
    bars = load_bars(f"{small_set}#A")
    fold = load_fold(pooled_run, "default", 0)
    assert fold.held_out_from < np.datetime64(bars.dates[110])
    assert all(np.isfinite(array).all() for array in fold.fits[0].params.values())
    assert len(fold.fits[0].losses) == 2
    assert load_fold(pooled_run, "default", 99) is None


def test_who_is_learnt_from_does_not_hang_on_the_test_span(tmp_path):
    """A symbol that vanishes before the test span, and the same with one late bar: the others' forecasts are equal."""
    every = market_bars(("A", "B", "C", "gone"))
    tables = []
    for name, rows in (("vanished", range(105)), ("back", [*range(105), 139])):
        bars = [*every[:-1], rows_of(every[-1], np.array(rows))]
        config = pooled(write_set(tmp_path / f"{name}.parquet", *bars), test_start=str(every[0].dates[110]))
        start(config, tmp_path / name, InProcess(), threads=1)
        table = forecasts_of(tmp_path / name)
        tables.append(table.where(np.flatnonzero(table.symbol != "gone")))
    assert len(tables[0]) > 100
    np.testing.assert_array_equal(tables[0].model, tables[1].model)
    np.testing.assert_array_equal(tables[0].yhat, tables[1].yhat)
    without = pooled(write_set(tmp_path / "without.parquet", *every[:-1]), test_start=str(every[0].dates[110]))
    start(without, tmp_path / "without", InProcess(), threads=1)
    assert not np.array_equal(forecasts_of(tmp_path / "without").yhat, tables[0].yhat)


def test_a_symbol_without_a_feature_stops_no_pooled_fit(tmp_path):
    every = market_bars(("A", "B", "dry"))
    frame = table_of(*every).to_pandas()
    frame.loc[frame["symbol"] == "dry", "volume"] = np.nan
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "set.parquet")
    config = pooled(tmp_path / "set.parquet", settings=SETTINGS | {"features": ("close", "volume")})
    outcome = start(config, tmp_path / "run", InProcess(), threads=1)
    assert (outcome.used, outcome.left_out, outcome.failed) == (2, 1, 1)
    (row,) = [row for row in symbols_of(tmp_path / "run") if row["status"] != "used"]
    assert (row["symbol"], row["kind"]) == ("dry", "faulty")


def test_a_symbol_with_too_few_bars_for_its_own_scaler_is_left_out(tmp_path):
    every = market_bars(("A", "B", "new"))
    every[-1] = rows_of(every[-1], slice(107, None))
    config = pooled(
        write_set(tmp_path / "set.parquet", *every),
        ("tutorial-return",),
        test_start=str(every[0].dates[110]),
        min_bars=1,
    )
    outcome = start(config, tmp_path / "run", InProcess(), threads=1)
    assert (outcome.used, outcome.left_out, outcome.failed) == (2, 1, 0)


def test_pooled_fits_count(pooled_config, pooled_run):
    fits = sum(
        recipe.seeds * -(-len(pooled_config.spans.sessions) // (recipe.refit_every or 1_000))
        for recipe in pooled_config.chosen()
    )
    assert outcome_of(pooled_run).fits == read_status(pooled_run).fits == fits


def symbols_of(folder):
    return pq.ParquetFile(folder / "symbols.parquet").read().to_pylist()
