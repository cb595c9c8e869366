"""Numbers for names and forecasts against sets and dictionaries."""

from __future__ import annotations

import numpy as np
import pytest

from nextclose.core.forecasts import Forecasts
from nextclose.judging.keys import Keys, encode, groups, shared


def mixed(seed, n=200, models=3):
    """Rows of four symbols, two steps, some models and sixty sessions, none twice, in any order."""
    rng = np.random.default_rng(seed)
    cells = rng.permutation(4 * 2 * models * 60)[:n]
    symbol, step, model, day = np.unravel_index(cells, (4, 2, models, 60))
    dates = np.busday_offset(np.datetime64("2020-01-01"), np.arange(62))
    names = {
        "symbol": np.array(list("DBAC"), dtype=object)[symbol],
        "model": np.array(list("yxzwv"), dtype=object)[model],
    }
    dated = {"origin": dates[day], "target_date": dates[day + step + 1], "step": step + 1}
    return Forecasts.make(names | dated | {"yhat": rng.random(n), "last_close": np.ones(n), "y": rng.random(n)})


def forecasts_of(table):
    return list(zip(table.step.tolist(), table.target_date.tolist(), table.symbol.tolist(), strict=True))


def test_names_are_numbered_as_they_come():
    code, names = encode(np.array(["b", "a", "b", "c"], dtype=object))
    assert (code.tolist(), names) == ([0, 1, 0, 2], ("b", "a", "c"))


@pytest.mark.parametrize("code", [[], [4], [2, 0, 2, 2, 5, 0]])
def test_groups_are_a_plain_loops(code):
    expected = {}
    for row, number in enumerate(code):
        expected.setdefault(number, []).append(row)
    found = groups(np.array(code, dtype=np.int64))
    assert {number: rows.tolist() for number, rows in found.items()} == expected


@pytest.mark.parametrize("seed", [0, 1])
def test_numbers_stand_for_names_and_forecasts(seed):
    table = mixed(seed)
    keys, told = Keys(table), forecasts_of(table)
    assert keys.symbols == ("A", "B", "C", "D")
    assert [keys.symbols[number] for number in keys.symbol] == table.symbol.tolist()
    assert keys.models == tuple(dict.fromkeys(table.model.tolist()))
    assert [keys.models[number] for number in keys.model] == table.model.tolist()
    order = np.argsort(keys.forecast, kind="stable")
    assert [told[row] for row in order] == sorted(told)
    assert len(set(keys.forecast.tolist())) == len(set(told))


def test_the_later_of_two_equal_rows_is_the_repeated_one():
    table = mixed(2)
    assert len(Keys(table).repeated) == 0
    again = Keys(Forecasts.concat([table, table.where(np.array([7]))]))
    assert again.repeated.tolist() == [len(table)]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_shared_forecasts_are_a_sets_intersection(seed):
    table = mixed(seed, n=900, models=3)
    judged = (table.step == 1) & (np.random.default_rng(seed).random(900) < 0.9)
    keys, told = Keys(table), forecasts_of(table)
    own = [{told[row] for row in np.flatnonzero(judged & (keys.model == model))} for model in range(3)]
    expected = sorted(set.intersection(*own))
    assert 0 < len(expected) < min(map(len, own))
    for model, rows in enumerate(shared(keys, judged, [0, 1, 2])):
        assert [told[row] for row in rows] == expected
        assert set(keys.model[rows].tolist()) == {model}
        assert judged[rows].all()
