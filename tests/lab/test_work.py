"""A fit's length is known before it is begun."""

from __future__ import annotations

import re

import pytest

from nextclose.core.errors import SettingsError
from nextclose.lab.choices import read_choices
from nextclose.lab.desk import Desk
from nextclose.lab.experiment import experiment
from nextclose.lab.work import LONGEST, check_work, seconds, turn

WINDOWS = 685


def recipe(**values):
    return read_choices(values).recipe


@pytest.mark.parametrize(
    "more",
    [
        {"epochs": "200"}, {"seeds": "10"}, {"hidden_size": "20"}, {"seq_len": "8"}, {"num_layers": "2"}, {"cell": "lstm"},
        {"features": "open,high,low,close,volume"}, {"batch_size": "8"}, {"dtype": "float64"},
    ],
)  # fmt: skip
def test_more_of_anything_takes_longer(more):
    assert seconds(recipe(**more), WINDOWS) > seconds(recipe(), WINDOWS)
    assert seconds(recipe(), 2 * WINDOWS) > seconds(recipe(), WINDOWS)


def test_what_would_take_too_long_is_refused_before_it_is_begun(bars):
    values = {"hidden_size": "64", "seq_len": "20", "epochs": "2000", "seeds": "20", "cell": "lstm"}
    with pytest.raises(SettingsError, match="lower several of epochs"):
        experiment(Desk(bars), read_choices({**values, "num_layers": "3", "batch_size": "1"}))


def test_each_way_out_that_is_named_is_one_and_no_lower_than_needed():
    asked = {"hidden_size": "64", "seq_len": "20", "epochs": "1000", "seeds": "10"}
    with pytest.raises(SettingsError, match="lower one of") as refused:
        check_work(recipe(**asked), WINDOWS)
    ways = re.findall(r"(\w+) to (\d+)", str(refused.value))
    assert [name for name, _ in ways] == ["epochs", "seeds", "hidden_size"]
    for name, value in ways:
        check_work(recipe(**{**asked, name: value}), WINDOWS)
        assert seconds(recipe(**{**asked, name: str(int(value) + 1)}), WINDOWS) > LONGEST


class GoneError(Exception):
    pass


def test_long_fits_take_turns_and_short_ones_do_not_wait():
    wide = {"hidden_size": "32", "seq_len": "20"}
    long, middling = recipe(**wide, epochs="600"), recipe(**wide, seeds="4")

    def gone():
        raise GoneError

    with turn(long, WINDOWS, gone), turn(middling, WINDOWS, gone), turn(recipe(), WINDOWS, gone):
        with turn(recipe(), WINDOWS, gone):
            pass
        for other in (long, middling):
            with pytest.raises(GoneError), turn(other, WINDOWS, gone):
                pass
    with turn(long, WINDOWS, gone):
        pass
