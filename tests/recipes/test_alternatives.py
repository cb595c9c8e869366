"""Several values a setting: how they are read, and what is wrong with them."""

from __future__ import annotations

import numpy as np
import pytest

from nextclose.core.errors import SettingsError
from nextclose.core.sweep import Span, combination_name, shown
from nextclose.recipes import load_recipe
from nextclose.recipes.alternatives import (
    check_combinations,
    combinations,
    corners,
    parse_pairs,
    read_alternatives,
)


def test_values_are_typed_by_their_setting():
    pairs = parse_pairs(["lr=1e-3, 1e-4", "num_layers=1,2", "memory=on,off", "batch_size=32,none", "cell=rnn,lstm"])
    assert read_alternatives(pairs, search=False) == {
        "lr": (1e-3, 1e-4), "num_layers": (1, 2), "memory": (True, False), "batch_size": (32, None),
        "cell": ("rnn", "lstm"),
    }  # fmt: skip


def test_lists_are_kept_apart_by_a_bar():
    found = read_alternatives({"features": "close|open, close", "quantiles": "0.1,0.5,0.9"}, search=False)
    assert found == {"features": (("close",), ("open", "close")), "quantiles": ((0.1, 0.5, 0.9),)}


def test_python_values_are_taken_as_they_are():
    given = {"lr": [0.1, np.float64(0.2)], "epochs": 3, "features": [["close"], ["open", "close"]]}
    found = read_alternatives(given, search=False)
    assert found == {"lr": (0.1, 0.2), "epochs": (3,), "features": (("close",), ("open", "close"))}
    assert type(found["lr"][1]) is float
    assert read_alternatives({"features": ["open", "close"]}, search=False) == {"features": (("open", "close"),)}


def test_ranges_belong_to_a_search():
    found = read_alternatives({"lr": "1e-5..1e-2", "num_layers": "1..3", "momentum": "0..0.9"}, search=True)
    assert found["lr"] == Span(low=1e-5, high=1e-2)
    assert found["num_layers"] == Span(low=1, high=3, whole=True)
    assert [found[name].log for name in ("lr", "num_layers", "momentum")] == [True, False, False]
    with pytest.raises(SettingsError, match="--search"):
        read_alternatives({"lr": "1e-5..1e-2"}, search=False)
    with pytest.raises(SettingsError, match="smaller number to a larger"):
        read_alternatives({"lr": "0.1..0.01"}, search=True)


def test_all_problems_are_told_at_once():
    given = {"hidden_sizes": "4", "lr": "0.1,x", "epochs": "3,3", "num_layers": []}
    with pytest.raises(SettingsError) as error:
        read_alternatives(given, search=False)
    for part in (
        "'hidden_size'?",
        "lr: expected a number, got 'x'",
        "epochs: 3 stands twice",
        "num_layers: expected at",
    ):
        assert part in str(error.value)
    with pytest.raises(SettingsError, match=r"got 'lr'; lr stands twice"):
        parse_pairs(["lr", "lr=1", "lr=2"])


def test_the_first_axis_is_the_slowest():
    assert combinations({"a": (1, 2), "b": (3, 4)}) == [
        {"a": 1, "b": 3}, {"a": 1, "b": 4}, {"a": 2, "b": 3}, {"a": 2, "b": 4},
    ]  # fmt: skip


def test_more_than_a_thousand_combinations_are_refused_with_their_number():
    assert len(combinations({"a": range(1000)})) == 1000
    with pytest.raises(SettingsError, match="1,002 combinations"):
        combinations({"a": range(501), "b": range(2)})


def test_every_faulty_combination_is_told_and_equal_faults_once():
    tried = combinations({"lr": (-1.0, 0.1), "epochs": (0, 5)})
    with pytest.raises(SettingsError) as error:
        check_combinations(load_recipe("tutorial"), tried)
    assert str(error.value).count("lr: expected a number above 0") == 2
    assert str(error.value).count("tutorial lr=0.1 epochs=0: epochs:") == 1


def test_corners_are_the_ends_of_every_range():
    space = {"lr": Span(low=0.1, high=0.9), "cell": ("rnn", "gru"), "epochs": Span(low=1, high=9, whole=True)}
    assert len(corners(space)) == 8
    assert {"lr": 0.9, "cell": "gru", "epochs": 9} in corners(space)
    assert all(isinstance(one["epochs"], int) for one in corners(space))


def test_a_name_says_what_differs_and_can_be_typed_again():
    settings = {"lr": 1e-5, "memory": False, "batch_size": None, "features": ("open", "close"), "momentum": 0.1234567}
    name = combination_name("tutorial", settings)
    assert name == "tutorial lr=1e-05 memory=off batch_size=none features=open,close momentum=0.1234567"
    assert read_alternatives(parse_pairs(name.split()[1:]), search=False) == {
        key: (value,) for key, value in settings.items()
    }
    assert shown(1) == "1"
