"""The recipes of the lineage: their settings, their shapes, and that they learn what can be learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

import nextclose as nc
from nextclose.bars import load_bars
from nextclose.judging.splits import make_split
from nextclose.recipes import load_recipe, recipe_names
from nextclose.study.spans import choose_dates
from nextclose.training.fold import learning_windows
from nextclose.training.resolve import resolve_engine
from nextclose.windows import make_dataset

SEQ2SEQ = {"cell": "gru", "horizon": 5, "decoder": "recurrent", "teacher_forcing": 0.5}
TRANSFORMER = {"cell": "transformer", "num_layers": 2, "num_heads": 2, "activation": "relu"}
FROM_DEFAULT = {
    "mlp": {"cell": "mlp"},
    "gru": {"cell": "gru"},
    "lstm": {"cell": "lstm"},
    "rnn-stacked": {"num_layers": 2},
    "rnn-bidirectional": {"bidirectional": True},
    "many-to-many": {"head": "every-step"},
    "seq2seq": SEQ2SEQ,
    "seq2seq-attention": SEQ2SEQ | {"decoder": "attention"},
    "transformer": TRANSFORMER,
    "bert": TRANSFORMER | {"causal": False, "pretrain_epochs": 30},
    "bert-scratch": TRANSFORMER | {"causal": False},
}
"""What each changes in `default`, by its summary; all else is default's."""
TORCH = ("seq2seq", "seq2seq-attention", "transformer", "bert", "bert-scratch")
"""Those that PyTorch fits in more than a second."""
PLAIN_START = {"activation": "tanh", "h0": "zero", "init": "rnn", "zero_head": False, "bidirectional": False}
LECTURE = PLAIN_START | {
    "seq_len": 5, "strategy": "direct", "context": "inside", "cell": "lstm", "hidden_size": 50, "num_layers": 1,
    "bias": True, "output_bias": True, "head": "batchnorm", "dropout": 0.0, "decoder": "none", "optimizer": "rmsprop",
    "momentum": 0.0, "weight_decay": 1e-5, "shuffle": True, "drop_last": True, "loss": "mse", "clip_norm": None,
    "patience": None, "restore_best": False, "refit_every": 0, "lr_step": None,
}  # fmt: skip
EXACT = {
    "lstm-3day": LECTURE | {
        "features": ["open", "high", "low", "close", "volume", "change"], "horizon": 3, "scaling": "min-max",
        "target": "price", "lr": 1e-4, "batch_size": 50, "epochs": 100, "train_start": "2019-01-01",
        "validation_start": "2022-01-01", "test_start": "2023-01-01", "test_end": "2023-09-15",
    },
    "lstm-log": LECTURE | {
        "features": ["open", "high", "low", "close", "adj_close", "volume"], "horizon": 5, "scaling": "log1p-ratio",
        "target": "log1p-return", "batch_size": 128, "train_start": "2000-01-01", "validation_start": "2012-01-01",
        "test_start": "2016-01-01", "test_end": "2019-01-31",
    },
}  # fmt: skip


def settled(bars, recipe):
    """The recipe's windows on these bars, and its split of them."""
    spans = choose_dates([recipe], bars.dates, dict.fromkeys(("train_start", "train_end", "test_start", "test_end")))
    return make_dataset(bars, recipe.windows), make_split(bars.dates, **spans.dates)


@pytest.mark.parametrize("name", FROM_DEFAULT)
def test_a_recipe_differs_from_the_default_in_what_it_says_alone(name):
    own, default = load_recipe(name).settings(), load_recipe("default").settings()
    assert {key: value for key, value in own.items() if value != default[key]} == FROM_DEFAULT[name]


def test_the_transformers_learn_to_fill_in_as_bert_does():
    assert load_recipe("bert").training.mask_share == 0.15
    assert load_recipe("bert").training.pretrain_bars == ""
    assert load_recipe("transformer").net.causal


@pytest.mark.parametrize("name", EXACT)
def test_the_lectures_recipes_have_its_numbers(name):
    settings = load_recipe(name).settings()
    assert {key: settings[key] for key in EXACT[name]} == EXACT[name]


@pytest.mark.parametrize("name", FROM_DEFAULT)
def test_shapes_on_three_hundred_bars(name):
    """The last 60 sessions are the test, and its first window may look back."""
    bars = walk_bars(300, seed=7)
    shapes = nc.run(replace(bars, exchange="XNYS"), recipes=[name], refit_every=0, settings=quick(name)).shapes[name]
    K = load_recipe(name).windows.horizon
    assert shapes == {
        "X_train": (240 - 10 - K + 1, 10, 4), "y_train": (240 - 10 - K + 1, K),
        "X_test": (60 - K + 1, 10, 4), "y_test": (60 - K + 1, K),
    }  # fmt: skip


def quick(name):
    few = {"pretrain_epochs": 1} if load_recipe(name).training.pretrain_epochs else {}
    return {"epochs": 1, "seeds": 1, **few}


SPANNED = [
    pytest.param("lstm-3day", "samsung_005930_2019_2023", (742, 246, 177), 1, id="lstm-3day"),
    pytest.param("lstm-log", "samsung_005930_1990_2023", (2969, 988, 755), 0, id="lstm-log"),
]
"""Sessions that train, validate and test, as counted in the file; the first of 2019 has no change."""


@pytest.mark.parametrize(("name", "file", "sessions", "lead"), SPANNED)
def test_shapes_on_the_bars_that_the_lectures_recipes_were_made_for(shared_data, name, file, sessions, lead):
    recipe = load_recipe(name)
    data, split = settled(load_bars(str(shared_data / f"{file}.parquet")), recipe)
    lost = recipe.windows.seq_len + recipe.windows.horizon - 1
    train, held_out, test = sessions
    assert (split.train_stop - split.train_start, split.test_last - split.test_first + 1) == (train + held_out, test)
    whole = data.train_windows(split.train_start, split.train_stop)
    assert data.X[whole].shape == (train + held_out - lead - lost, 5, 6)
    assert data.y[whole].shape == (train + held_out - lead - lost, recipe.windows.horizon)
    tested = data.test_windows(split.test_first, split.test_last, split.test_first)
    assert data.X[tested].shape == (test - lost, 5, 6)
    assert data.y[tested].shape == (test - lost, recipe.windows.horizon)
    learn, validate = learning_windows(recipe, data, (split.train_start, split.train_stop))
    assert learn.stop - learn.start == train - lead - lost
    assert validate.stop - validate.start == held_out - lost


def test_every_recipe_of_the_lineage_can_be_run_by_name():
    named = {*FROM_DEFAULT, *EXACT, "tutorial", "default", "trigonometric"}
    assert named <= set(recipe_names())
    for name in named:
        assert resolve_engine("auto", load_recipe(name)).chosen in ("fused", "torch")


def bars_of(log_close, seed):
    """Bars whose closes are these; a session opens where the one before closed."""
    n, close = len(log_close), 100.0 * np.exp(log_close)
    opened = np.concatenate([close[:1], close[:-1]])
    return nc.Bars(
        symbol="PLANTED", dates=np.busday_offset(np.datetime64("2018-01-01"), np.arange(n)), open=opened,
        high=np.maximum(opened, close), low=np.minimum(opened, close), close=close, adj_close=close,
        volume=np.random.default_rng(seed).uniform(1e4, 2e4, n), exchange="XNYS",
    )  # fmt: skip


def echoing(n=420, phi=0.8, seed=1):
    """Log returns r_t = phi r_{t-1} + e_t: of the next one, phi^2 of the variance is known."""
    shocks, returns = 0.01 * np.random.default_rng(seed).standard_normal(n), np.zeros(n)
    for t in range(1, n):
        returns[t] = phi * returns[t - 1] + shocks[t]
    return bars_of(np.cumsum(returns), seed)


def returning(n=2000, seed=1):
    """Closes drawn anew round 100 each session: the mean has half the squared error of the last close."""
    return bars_of(0.1 * np.random.default_rng(seed).standard_normal(n), seed)


def learned(name, bars):
    """Its row of the first session ahead, and how much of the first epoch's training loss is left."""
    study = nc.run(bars, recipes=[name], seeds=1, refit_every=0, ladder=False)
    row = next(row for row in study.models if row.name == name and row.step == 1)
    losses = next(curve for curve in study.losses if curve.model == name).losses[0]
    return row, np.nanmin(losses) / losses[0]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in TORCH else []) for name in FROM_DEFAULT]
)
def test_an_echo_is_learned(name, seed):
    row, left = learned(name, echoing(seed=seed))
    assert row.skill > 0.05
    assert left < 0.9


@pytest.mark.slow
@pytest.mark.parametrize("name", EXACT)
def test_a_price_that_returns_is_learned_by_the_lectures_recipes(name):
    row, left = learned(name, returning())
    assert row.skill > 0.15
    assert left < 0.8
