"""Each fault is exactly the one that people commit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

from nextclose.lab.bent import bend
from nextclose.lab.choices import read_choices
from nextclose.lab.desk import Desk
from nextclose.lab.experiment import experiment
from nextclose.lab.faults import FAULTS
from nextclose.lab.judged import verdict
from nextclose.training.fold import learning_windows
from nextclose.windows import fit_scaler

BASE = {"seq_len": "5", "features": "open,high,low,close,volume,change"}
"""L != F, so that an axis mistake shows; a change takes a bar before the first window."""


@pytest.fixture(scope="module")
def desk():
    return Desk(walk_bars(400, seed=3))


def _parts(desk, **values):
    choices = read_choices(BASE | values)
    split, data = desk.split(choices), desk.dataset(choices.recipe.windows)
    train = data.train_windows(split.train_start, split.train_stop)
    test = data.test_windows(split.test_first, split.test_last, split.test_first)
    return data, bend(data, choices, split), split, (train, test)


def test_nothing_is_bent_without_a_fault(desk):
    data, bent, _, _ = _parts(desk)
    assert bent.data is data
    assert bent.scaled_on is None
    np.testing.assert_array_equal(bent.rows, np.arange(len(desk.bars)))


@pytest.mark.parametrize("name", [name for name in FAULTS if name not in ("pick", "h0")])
def test_a_fault_bends_something_and_leaves_the_desk_as_it_was(desk, name):
    before = _parts(desk)[0]
    X, close = before.X.copy(), before.close.copy()
    data, bent, _, _ = _parts(desk, **FAULTS[name])
    assert bent.data is not data or bent.scaled_on is not None
    np.testing.assert_array_equal(data.X, X)
    np.testing.assert_array_equal(data.close, close)


def test_a_leak_ends_each_window_with_the_session_that_is_forecast(desk):
    data, bent, _, parts = _parts(desk, leak="on")
    for windows in parts:
        target = np.arange(windows.start, windows.stop) + data.first + 1
        np.testing.assert_array_equal(bent.data.X[windows, -1], data.columns[target])
        np.testing.assert_array_equal(bent.data.y[windows, 0], desk.bars.close[target])
    assert bent.data.X.shape == data.X.shape


def test_shuffled_days_are_the_same_days_in_other_orders(desk):
    data, bent, _, _ = _parts(desk, days="shuffled")
    order = np.argsort(bent.data.X[:, :, 3], axis=1)[:, :, None]
    known = np.argsort(data.X[:, :, 3], axis=1)[:, :, None]
    np.testing.assert_array_equal(
        np.take_along_axis(bent.data.X, order, axis=1), np.take_along_axis(data.X, known, axis=1)
    )
    moved = (bent.data.X != data.X).any(axis=(1, 2))
    assert moved.mean() > 0.9
    places = np.array([list(data.X[i, :, 3]).index(bent.data.X[i, 0, 3]) for i in range(len(data.X))])
    assert set(places) == set(range(5))


def test_a_shuffled_split_deals_the_same_windows_anew(desk):
    data, bent, _, (train, test) = _parts(desk, split="shuffled")
    windows = bent.rows[data.first :] - data.first
    learned, asked = set(windows[train].tolist()), set(windows[test].tolist())
    assert not learned & asked
    assert learned | asked == {*range(train.start, train.stop), *range(test.start, test.stop)}
    assert len(asked & set(range(train.start, train.stop))) > len(asked) / 2
    np.testing.assert_array_equal(bent.data.X, data.X[windows])
    np.testing.assert_array_equal(bent.data.y, data.y[windows])
    np.testing.assert_array_equal(bent.data.close, desk.bars.close[bent.rows])
    np.testing.assert_array_equal(np.sort(bent.rows), np.arange(len(desk.bars)))


@pytest.mark.parametrize("target", ["price", "log-return"])
def test_a_shuffled_split_asks_each_window_for_its_own_close(desk, target):
    """A net that says nothing of the change gives persistence's close: each forecast stands at its window's true date."""
    data, bent, _, (_, test) = _parts(desk, split="shuffled", target=target)
    rows = bent.rows[data.origins(test)]
    np.testing.assert_allclose(bent.data.prices(bent.data.y[test], test)[:, 0], desk.bars.close[rows + 1], rtol=1e-12)


@pytest.mark.parametrize("validation", ["0", "0.2"])
def test_reshape_is_numpys_on_every_batch(desk, validation):
    """The net walks time-major windows (L, N, F); `reshape` makes others of the same batch."""
    values = {"axes": "reshape", "validation": validation}
    data, bent, split, (_, test) = _parts(desk, **values)
    learned = learning_windows(read_choices(BASE | values).recipe, data, (split.train_start, split.train_stop))
    for batch in (*learned, test):
        N, L, F = data.X[batch].shape
        np.testing.assert_array_equal(bent.data.X[batch].swapaxes(0, 1), data.X[batch].reshape(L, N, F))
        assert N == 0 or not np.array_equal(bent.data.X[batch], data.X[batch])
    np.testing.assert_array_equal(bent.data.y, data.y)


def test_a_scaler_on_everything_knows_the_test_rows(desk):
    data, bent, split, _ = _parts(desk, scaler="everything")
    assert bent.scaled_on is not None
    scaler = fit_scaler(data, *bent.scaled_on)
    rows = data.columns[split.train_start : split.test_last + 1]
    np.testing.assert_array_equal(scaler.x.shift, np.nanmin(rows, axis=0))
    assert bent.scaled_on[1] - 1 == split.test_last


def test_a_scaler_on_everything_moves_with_the_test_closes():
    """The forecasts of the first test session depend on closes that come after it, and without the fault they do not."""
    bars = walk_bars(200, seed=5)
    last = bars.close.copy()
    last[149] *= 1.5
    wild = replace(bars, close=last, high=np.maximum(bars.high, last))
    for scaler, same in (("train", True), ("everything", False)):
        choices = read_choices({"scaler": scaler, "epochs": "3", "seeds": "1"})
        first = [experiment(Desk(one), choices).yhat[0] for one in (bars, wild)]
        assert bool(first[0] == first[1]) is same


def test_the_best_seed_is_the_one_that_errs_least(desk):
    found = experiment(desk, read_choices({"pick": "best", "seeds": "4", "epochs": "20"}))
    errors = np.sum(((found.y - found.prices) / found.last_close) ** 2, axis=1)
    assert found.best == int(np.argmin(errors))
    np.testing.assert_array_equal(found.yhat, found.prices[found.best])


def test_a_carried_state_changes_every_forecast_but_the_first(desk):
    own = {"epochs": "20", "seeds": "1", "dtype": "float64"}
    plain = experiment(desk, read_choices(own))
    carried = experiment(desk, read_choices(own | {"h0": "carried"}))
    assert carried.yhat[0] == pytest.approx(plain.yhat[0], rel=1e-12)
    assert np.all(carried.yhat[1:] != plain.yhat[1:])


def test_nothing_that_saw_its_sessions_stands_beside_a_shuffled_split(desk):
    found = experiment(desk, read_choices({"split": "shuffled", "epochs": "5", "seeds": "1"}))
    rows = {row.name: row for row in verdict(desk, found, "en")}
    assert set(rows) == {"tutorial", "persistence"}
    assert rows["tutorial"].n == len(found.y)
    assert rows["tutorial"].skill == pytest.approx(found.skill, rel=1e-9)
