"""A live run says what the study says of tomorrow, to the last bit."""

from __future__ import annotations

import pytest
from tests.conftest import walk_bars
from tests.market.conftest import config_of, run_market, write_set
from tests.market.live.conftest import assert_same, evening, studied, up_to


def bars_of(count=2, sessions=420):
    return [walk_bars(sessions, seed=number, symbol=symbol) for number, symbol in enumerate("ABCDE"[:count])]


def begun(folder, bars, first=110, last=365, **wishes):
    """A finished run whose test span ends before the bars do; its dates and configuration."""
    dates = bars[0].dates
    config = config_of(
        write_set(folder / "set.parquet", *bars),
        **{"recipes": ("tutorial", "default"), "test_start": str(dates[first]), "test_end": str(dates[last])} | wishes,
    )
    run_market(config, folder / "run")
    return config


def check(folder, bars, config, rows):
    for row in rows:
        day = str(bars[0].dates[row])
        said = evening(folder / "run", day)
        for own in bars:
            assert_same(said, own.symbol, studied(config, up_to(own, day)))


@pytest.mark.slow
def test_tomorrow_is_the_study_s_over_several_refits(tmp_path):
    """Evening after evening, over refits, and with evenings that were left out."""
    bars = bars_of()
    config = begun(tmp_path, bars, refit_every=20)
    check(tmp_path, bars, config, (365, 366, 369, 370, 371, 389, 391, 419))


@pytest.mark.slow
@pytest.mark.parametrize(
    "wishes",
    [
        {"recipes": ("quantile",), "settings": {"epochs": 2}},
        {"recipes": ("default",), "settings": {"epochs": 2, "warm_start": True, "warm_epochs": 1}},
        {"recipes": ("default",), "settings": {"epochs": 2, "horizon": 3}},
        {
            "recipes": ("default",),
            "settings": {"epochs": 2, "horizon": 3, "strategy": "recursive", "features": ["close"]},
        },
        {"recipes": ("default",), "settings": {"epochs": 2}, "train_sessions": 90},
        {"recipes": ("default",), "settings": {"epochs": 2}, "refit_every": 0},
        {"recipes": ("gru",), "settings": {"epochs": 1}, "seeds": 9},
    ],
    ids=("quantiles", "warm", "three days", "recursion", "rolling", "once", "nine seeds"),
)
def test_tomorrow_is_the_study_s_for_every_kind_of_recipe(tmp_path, wishes):
    bars = bars_of(1)
    config = begun(tmp_path, bars, **{"refit_every": 25} | wishes)
    check(tmp_path, bars, config, (365, 367, 386, 390))
