"""Recipes that PyTorch alone fits, over a market: one net a symbol works, one net for all does not."""

from __future__ import annotations

import numpy as np
import pytest
from tests.market.conftest import config_of, forecasts_of, market_bars, run_market, write_set

import nextclose as nc
from nextclose.core.errors import SettingsError
from nextclose.market.summary import summarise
from nextclose.recipes import recipe_names

TORCH = (
    "bert",
    "bert-scratch",
    "lstm-3day",
    "lstm-log",
    "many-to-many",
    "rnn-bidirectional",
    "seq2seq",
    "seq2seq-attention",
    "transformer",
)


@pytest.fixture(scope="module")
def tiny_set(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("set") / "tiny.parquet", *market_bars(("A", "BB")))


@pytest.mark.parametrize("recipe", TORCH)
def test_one_net_for_all_is_refused_before_anything_is_written(tiny_set, recipe):
    with pytest.raises(SettingsError, match=f"cannot fit recipe '{recipe}': it has no .*Use --scope symbol") as caught:
        config_of(tiny_set, ("default", recipe), scope="market")
    assert "--scope symbol을 쓰십시오" in caught.value.message("ko")


def test_one_net_for_all_takes_every_other_recipe(tiny_set):
    for recipe in set(recipe_names()) - {*TORCH, "trigonometric"}:
        assert config_of(tiny_set, (recipe,), scope="market").engine == "fused"


@pytest.mark.parametrize("recipe", ["transformer", "rnn-bidirectional"])
def test_a_net_a_symbol_works(tiny_set, tmp_path, recipe):
    config = config_of(tiny_set, (recipe,), scope="symbol", refit_every=0)
    assert config.engine == "torch"
    run_market(config, tmp_path / "run")
    table = forecasts_of(tmp_path / "run")
    own = table.where(np.flatnonzero((table.model == recipe) & (table.symbol == "BB")))
    bars = market_bars(("A", "BB"))[1]
    alone = nc.run(
        bars, recipes=[recipe], seeds=1, refit_every=0, settings={"epochs": 2}, ladder=False,
        test_start=config.spans.test_start,
    )  # fmt: skip
    np.testing.assert_allclose(own.yhat, alone.table.of(recipe).yhat, rtol=1e-9)
    assert recipe in {row.name for row in summarise(tmp_path / "run", "en").models}


def test_spans_of_a_recipe_are_left_aside(tiny_set):
    (recipe,) = config_of(tiny_set, ("lstm-log",), settings={"epochs": 2, "seq_len": 3}).chosen()
    assert not recipe.spans
    with pytest.raises(SettingsError, match="test_start: the spans of a recipe belong to nextclose run and sweep"):
        config_of(tiny_set, ("default",), settings={"epochs": 2, "test_start": "2020-04-01"})


def test_beside_a_pretrained_recipe_stands_the_same_without(tiny_set):
    names = [recipe.name for recipe in config_of(tiny_set, ("bert",), settings={"pretrain_epochs": 1}).chosen()]
    assert names == ["bert", "bert-scratch"]
    with pytest.raises(SettingsError, match="pre-trains each symbol's net on its own bars"):
        config_of(tiny_set, ("bert",), settings={"pretrain_bars": tiny_set})
