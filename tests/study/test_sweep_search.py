"""A search: chosen by validation alone, the same again, and resumable."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

import nextclose as nc
from nextclose.core.errors import SettingsError
from nextclose.study.sweep import SweepWatcher, sweep
from nextclose.study.sweep_search import rounded

pytest.importorskip("optuna", reason="the extra 'search' is not installed")

SPACE = {"lr": "1e-3..1e-1", "hidden_size": "2..4", "memory": [True, False], "epochs": 3}
SEARCH = {"recipe": "default", "settings": SPACE, "search": 8, "seeds": 2, "refit_every": 0, "engine": "fused"}


@pytest.fixture(scope="module")
def walk():
    return walk_bars(200, seed=5)


@pytest.fixture(scope="module")
def found(walk, tmp_path_factory):
    folder = tmp_path_factory.mktemp("search") / "s"
    return sweep(walk, out=folder, **SEARCH), folder


def test_tries_stay_in_their_ranges_and_all_of_them_count(found):
    result, _ = found
    assert len(result.tried) == 8
    assert set(result.tried) == {row.name for row in result.scores}
    for row in result.scores:
        assert 1e-3 <= row.settings["lr"] <= 1e-1
        assert row.settings["hidden_size"] in (2, 3, 4)
        assert isinstance(row.settings["memory"], bool)
    different = len(result.scores)
    assert f"after Holm over {different}" in result.sentence
    assert result.sentence.startswith("8 tries were made")
    assert f"Chosen of 8 tries by its validation loss: {result.chosen}" in result.sentences[-1]
    assert result.chosen == min(result.scores, key=lambda row: row.validation).name


def test_the_same_search_asks_the_same(found, walk):
    result, folder = found
    again = sweep(walk, **SEARCH)
    assert again.tried == result.tried
    assert again.scores == result.scores
    assert nc.load(folder).scores == result.scores


def test_nothing_of_the_test_span_enters_the_choice(found, walk):
    result, _ = found
    split = int(np.searchsorted(walk.dates, np.datetime64(result.split.test_start)))
    rng = np.random.default_rng(3)
    factor = np.ones(len(walk))
    factor[split:] = np.exp(np.cumsum(0.05 * rng.standard_normal(len(walk) - split)))
    altered = replace(walk, **{name: getattr(walk, name) * factor for name in ("open", "high", "low", "close")})
    other = sweep(altered, **SEARCH)
    assert other.tried == result.tried
    assert [row.validation_by_seed for row in other.scores] == [row.validation_by_seed for row in result.scores]
    assert other.chosen == result.chosen
    assert [row.skill for row in other.scores] != [row.skill for row in result.scores]


def test_a_search_that_was_stopped_goes_on_to_the_same_bytes(found, walk, tmp_path):
    _, folder = found

    class Stops(SweepWatcher):
        def reached(self, cells):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(walk, out=tmp_path / "s", watcher=Stops(), **SEARCH)
    (tmp_path / "s" / "cells" / "0003.safetensors").unlink()
    sweep(walk, out=tmp_path / "s", **SEARCH)
    for name in ("forecasts.parquet", "scores.json", "report.html", "sweep.json"):
        assert (tmp_path / "s" / name).read_bytes() == (folder / name).read_bytes(), name
    for path in (folder / "cells").iterdir():
        assert (tmp_path / "s" / "cells" / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_try_that_stands_twice_is_fitted_once(walk):
    asked = {**SEARCH, "settings": {"hidden_size": "2..3", "epochs": 2}, "search": 6}
    result = sweep(walk, **asked)
    assert len(result.tried) == 6
    assert len(result.scores) == len(set(result.tried)) == 2
    assert result.sentence.startswith("6 tries were made, 2 of them different; after Holm over 2")


def test_a_search_needs_validation_losses_that_can_be_compared(walk):
    with pytest.raises(SettingsError, match=r"--set validation=0\.2"):
        sweep(walk, recipe="tutorial", settings={"lr": "0.01..0.1"}, search=3)
    with pytest.raises(SettingsError, match="which target, validation would change"):
        sweep(walk, **{**SEARCH, "settings": {"target": ["log-return", "volatility-return"], "validation": [0.1, 0.2]}})
    with pytest.raises(SettingsError, match="1 to 1,000 tries"):
        sweep(walk, **{**SEARCH, "search": 1001})


def test_without_optuna_the_pip_line_is_told(walk, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(SettingsError, match=r'pip install .*"\.\[search\]"'):
        sweep(walk, out=tmp_path / "s", **SEARCH)
    assert list(tmp_path.iterdir()) == []


def test_numbers_are_drawn_in_three_digits():
    assert [rounded(value) for value in (0.00123456, 12345.6, 0.0, -0.0987654)] == [0.00123, 12300.0, 0.0, -0.0988]
