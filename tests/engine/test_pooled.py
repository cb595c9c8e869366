"""One net on pooled windows: `fit`'s bits where a batch is one chunk, and the same bits on any number of threads."""

from __future__ import annotations

import random
import threading
import time

import numpy as np
import pytest
from tests.engine.reference import close, make_net, same_bits, same_fit, torch_fit, windows

from nextclose import engine
from nextclose.core.errors import FitError, SettingsError
from nextclose.core.seeds import permutation
from nextclose.engine import crew, store, turns

DTYPES = [np.float64, np.float32]
CELLS = ["rnn", "gru", "lstm", "mlp"]
L, F, K = 3, 2, 2
FALLING = {"weight_decay": 0.02, "clip_norm": 0.05, "lr_step": 2, "lr_gamma": 0.5}
OPTIMIZERS = [
    {"optimizer": "sgd", "lr": 0.05},
    {"optimizer": "sgd", "lr": 0.05, "momentum": 0.9} | FALLING,
    {"optimizer": "rmsprop", "lr": 0.001, "momentum": 0.9} | FALLING,
    {"optimizer": "adam", "lr": 0.001} | FALLING,
    {"optimizer": "adamw", "lr": 0.001} | FALLING,
]
BATCHES = [{}, {"batch_size": 7}, {"batch_size": 16, "shuffle": True}]


class Pool:
    """Windows that lie in memory, and what was asked of them."""

    def __init__(self, X, y):
        self.X, self.y, self.asked = X, y, []

    def take(self, rows):
        self.asked.append(rows)
        return self.X[rows], self.y[rows]


def pool(N, dtype=np.float64, seed=0):
    return Pool(*windows(N, L, F, K, dtype, seed))


def pooled(source, *train, **call):
    return engine.fit_pooled(source, *(train or (len(source.X),)), **{"dtype": source.X.dtype, "hidden_size": 5} | call)


def alone(source, **call):
    return engine.fit(source.X, source.y, **{"hidden_size": 5} | call)


@pytest.fixture
def small(monkeypatch):
    """Chunks of 16 windows, three to a turn: small fits have many of them."""
    monkeypatch.setattr(turns, "CHUNK", 16)
    monkeypatch.setattr(turns, "TURN", 3)


def name_of(case):
    return "-".join(str(value) for value in case.values()) or "full"


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=name_of)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("batch", BATCHES, ids=name_of)
@pytest.mark.parametrize("dtype", DTYPES)
def test_batches_of_one_chunk_give_the_bits_of_fit(optimizer, cell, batch, dtype):
    call = {"cell": cell, "bias": True, "epochs": 5, "seed": 3} | optimizer | batch
    same_bits(pooled(pool(37, dtype), threads=2, **call), alone(pool(37, dtype), **call))


@pytest.mark.parametrize(
    "call",
    [
        {"num_layers": 2, "output_bias": False},
        {"cell": "lstm", "num_layers": 2, "init": "rnn"},
        {"cell": "gru", "memory": False, "bias": True, "weight_decay": 0.1},
        {"memory": False},
        {"activation": "relu", "zero_head": True},
        {"loss": "pinball", "quantiles": (0.1, 0.5, 0.9), "shuffle": True, "batch_size": 10},
        {"seed": -(2**70)},
        {"batch_size": 1, "shuffle": True},
        {"batch_size": 1000},
    ],
    ids=name_of,
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_nets_and_losses_are_those_of_fit(call, dtype):
    call = {"epochs": 4, "lr": 0.05} | call
    same_bits(pooled(pool(37, dtype), **call), alone(pool(37, dtype), **call))


@pytest.mark.parametrize("cell", ["rnn", "gru"])
def test_given_weights_and_a_given_start_are_taken_and_left_alone(cell):
    init = make_net(cell, np.float32, L=L, F=F, H=5, K=K, h0="random").params()
    assert "h_0" in init
    before = {name: array.copy() for name, array in init.items()}
    call = {"cell": cell, "init": init, "epochs": 4, "lr": 0.05, "batch_size": 9}
    same_bits(pooled(pool(37, np.float32), **call), alone(pool(37, np.float32), **call))
    for name, array in before.items():
        np.testing.assert_array_equal(init[name], array)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=name_of)
@pytest.mark.parametrize("dtype", DTYPES)
def test_many_chunks_are_pytorchs_to_rounding(small, cell, optimizer, dtype):
    """Chunks are summed apart and then in float64, so the last bits are others: the design's tolerances hold."""
    source, held_out = pool(101, dtype), windows(40, L, F, K, dtype, seed=5)
    call = {"cell": cell, "hidden_size": 5, "epochs": 3, "batch_size": 70, "shuffle": True} | optimizer
    schedule = {name: call.pop(name) for name in ("lr_step", "lr_gamma") if name in call}
    expected = torch_fit(source.X, source.y, validation=held_out, **call)
    both = Pool(np.concatenate([source.X, held_out[0]]), np.concatenate([source.y, held_out[1]]))
    same_fit(pooled(both, 101, held_out=np.arange(101, 141), **call), expected, dtype)
    scheduled = pooled(both, 101, **call | schedule)
    same_fit(scheduled, alone(source, **call | schedule), dtype)


@pytest.mark.parametrize("batch_size", [None, 1500])
@pytest.mark.parametrize("dtype", DTYPES)
def test_chunks_of_their_own_size_are_fits_to_rounding(batch_size, dtype):
    call = {"epochs": 5, "batch_size": batch_size, "optimizer": "adam", "lr": 0.001, "shuffle": batch_size is not None}
    same_fit(pooled(pool(2_600, dtype), **call), alone(pool(2_600, dtype), **call), dtype)


class Slow(Pool):
    """Windows that come in any order."""

    def take(self, rows):
        time.sleep(random.choice([0.0, 0.0, 0.001]))
        return super().take(rows)


@pytest.mark.parametrize("train", [1, 16, 17, 100])
@pytest.mark.parametrize("call", [{}, {"batch_size": 37, "shuffle": True, "optimizer": "adam"}], ids=name_of)
@pytest.mark.parametrize("held_out", [0, 1, 60])
def test_the_bits_are_the_same_on_any_number_of_threads(small, train, call, held_out):
    call = {"cell": "gru", "epochs": 3, "held_out": np.arange(100, 100 + held_out) if held_out else None} | call
    first = pooled(pool(160, np.float32), train, threads=1, **call)
    for threads in (2, 3, 5):
        same_bits(pooled(Slow(*windows(160, L, F, K, np.float32)), train, threads=threads, **call), first)


@pytest.mark.parametrize("N", [turns.CHUNK + 1, 3 * turns.CHUNK])
def test_the_bits_are_the_same_in_chunks_of_their_own_size(N):
    call = {"epochs": 2, "shuffle": True}
    same_bits(pooled(pool(N, np.float32), threads=3, **call), pooled(pool(N, np.float32), threads=1, **call))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("patience", [2, None])
def test_early_stopping_is_that_of_fit(dtype, patience):
    source, held_out = pool(30, dtype), windows(70, L, F, K, dtype, seed=5)
    call = {"lr": 0.3, "momentum": 0.8, "epochs": 25, "batch_size": 7, "patience": patience}
    expected = alone(source, validation=held_out, **call)
    assert expected.best_epoch < len(expected.losses) - 1
    both = Pool(np.concatenate([held_out[0], source.X]), np.concatenate([held_out[1], source.y]))
    same_bits(pooled(both, np.arange(70, 100), held_out=np.arange(70), threads=3, **call), expected)


def test_train_and_held_out_windows_may_lie_anywhere():
    places = np.random.default_rng(2).permutation(90)
    train, held_out = places[:50], places[50:]
    source, call = pool(90), {"epochs": 4, "batch_size": 20, "shuffle": True}
    expected = alone(
        Pool(source.X[train], source.y[train]), validation=(source.X[held_out], source.y[held_out]), **call
    )
    same_bits(pooled(source, train, held_out=held_out.astype(np.int32), **call), expected)


def test_the_order_of_an_epoch_is_that_of_the_seed():
    source = pool(50)
    pooled(source, epochs=3, shuffle=True, seed=9, batch_size=8, threads=1)
    asked = np.concatenate(source.asked[1:])  # the first look tells the shape
    np.testing.assert_array_equal(asked, np.concatenate([permutation(9, epoch, 50) for epoch in range(3)]))


def test_who_holds_a_chunk_keeps_its_order_however_long_it_takes():
    shared = crew.Crew(None, None, None, None, None, turns.Cut(5000, 0, 5000, 4, True))
    drawn, needed = {}, {}
    while (taken := shared._next())[0] is not None:
        work, order = taken
        if isinstance(work, turns.Shuffle):
            drawn[work.epoch] = order
        else:
            needed.setdefault(work.turn.epoch, []).append(order)
    assert len(shared.orders) == 2
    for epoch in range(4):
        assert len(needed[epoch]) == 5
        assert all(order is drawn[epoch] for order in needed[epoch])


def test_windows_are_never_all_there(monkeypatch):
    made = []
    make = store.Store.__init__

    def watched(self, *arguments):
        make(self, *arguments)
        made.append(self)

    monkeypatch.setattr(store.Store, "__init__", watched)
    source = pool(200 * turns.CHUNK, np.float32)
    pooled(source, epochs=1, hidden_size=2)
    assert max(map(len, source.asked)) == turns.CHUNK
    assert len(made[0].grads) == turns.TURN + 1


class As(Pool):
    """Windows in another dress."""

    def __init__(self, X, y, dress):
        super().__init__(X, y)
        self.dress = dress

    def take(self, rows):
        return tuple(map(self.dress, super().take(rows)))


@pytest.mark.parametrize(
    "dress",
    [
        lambda array: array.astype(np.float64),
        lambda array: np.asfortranarray(array),
        lambda array: array.tolist(),
        lambda array: np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape),  # read-only
        lambda array: np.repeat(array, 2, axis=0)[::2],
    ],
    ids=["float64", "fortran", "lists", "read-only", "strided"],
)
def test_arrays_of_another_make_are_cast(dress):
    X, y = windows(37, L, F, K, np.float32)
    same_bits(pooled(As(X, y, dress), epochs=3, batch_size=9), pooled(Pool(X, y), epochs=3, batch_size=9))


def test_whole_numbers_are_windows_too():
    X, y = np.arange(24).reshape(4, L, F), np.arange(4).reshape(4, 1)
    same_bits(
        engine.fit_pooled(Pool(X, y), 4, epochs=2, lr=1e-4, dtype="float64"),
        engine.fit(X.astype(float), y.astype(float), epochs=2, lr=1e-4),
    )


@pytest.mark.parametrize("held_out", [None, np.arange(5)])
def test_a_fit_that_diverges_says_so_as_fit_does(held_out):
    call = {"activation": "relu", "lr": 1e6, "epochs": 300}
    source = pool(30)
    with pytest.raises(FitError) as expected:
        alone(source, **call)
    with pytest.raises(FitError, match="training diverged: the loss of epoch") as got:
        pooled(source, held_out=held_out, **call)
    assert str(got.value) == str(expected.value)


@pytest.mark.parametrize("held_out", [None, np.arange(5)])
def test_weights_that_are_not_finite_are_no_result(held_out):
    with pytest.raises(FitError, match="weights after epoch 0 are not finite"):
        pooled(pool(30, np.float32), epochs=1, lr=1e39, held_out=held_out)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("place", [0, 5, 20, 36])
@pytest.mark.parametrize("memory", [True, False])
def test_windows_that_are_not_finite_are_named(small, bad, dtype, place, memory):
    source = pool(37, dtype)
    source.X[place, 0, 1] = bad
    with pytest.raises(FitError, match=rf"X holds 1 values that are not finite, the first of them in window {place};"):
        pooled(source, shuffle=True, threads=2, memory=memory)


def test_targets_that_are_not_finite_are_named(small):
    source = pool(60)
    source.y[50, :] = np.nan
    with pytest.raises(FitError, match=r"y holds 2 values .* in window 50;"):
        pooled(source, 40, held_out=np.arange(40, 60))


def test_numbers_that_float32_cannot_hold_are_named():
    source = pool(9)
    source.X[4] = 1e40
    with pytest.raises(FitError, match=r"X holds 6 values .* in window 4;"):
        pooled(source, dtype="float32")


def test_initial_weights_that_are_not_finite_are_refused():
    init = make_net("rnn", np.float64, L=L, F=F, H=5, K=K).params()
    init["w_x"][0, 0] = np.nan
    with pytest.raises(FitError, match="initial weights hold 1 values"):
        pooled(pool(9), init=init)


class Broken(Pool):
    """Windows that fail after some time."""

    def take(self, rows):
        if len(self.asked) > 20:
            raise OSError("the disk is gone")
        return super().take(rows)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_what_take_raises_ends_the_fit_and_its_threads(small, threads):
    before = threading.active_count()
    with pytest.raises(OSError, match="the disk is gone"):
        pooled(Broken(*windows(200, L, F, K, np.float32)), threads=threads, epochs=10_000, shuffle=True)
    assert threading.active_count() == before


@pytest.mark.parametrize("threads", [1, 3])
def test_what_on_batch_raises_ends_the_fit_and_its_threads(threads):
    def stop(done, total):
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        pooled(pool(5000), epochs=10**7, threads=threads, on_batch=stop)
    assert threading.active_count() == before


@pytest.mark.parametrize("patience", [None, 1])
def test_progress_tells_the_updates(patience):
    told = []
    source = pool(50)
    call = {"epochs": 40, "batch_size": 7, "lr": 0.5, "momentum": 0.9, "patience": patience}
    got = pooled(source, 30, held_out=np.arange(30, 50), on_batch=lambda *news: told.append(news), **call)
    assert told[-1] == (len(got.losses) * 5, 200)
    assert told == sorted(told)
    assert (len(got.losses) < 40) == (patience is not None)


def test_a_take_that_uses_the_engine_disturbs_nothing(monkeypatch):
    class Nested(Pool):
        def take(self, rows):
            engine.fit(self.X, self.y, epochs=2)
            return super().take(rows)

    X, y = windows(100, L, F, K, np.float32)
    call = {"epochs": 3, "batch_size": 20}
    same_bits(pooled(Nested(X, y), threads=2, **call), pooled(Pool(X, y), **call))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"optimizer": "adm"}, SettingsError, "Did you mean 'adam'"),
        ({"cell": "grue"}, SettingsError, "Did you mean 'gru'"),
        ({"loss": "mae"}, SettingsError, "loss: expected one of"),
        ({"lr": -1.0}, SettingsError, "lr: expected a number above 0"),
        ({"epochs": 0}, SettingsError, "epochs: expected a whole number"),
        ({"batch_size": 0}, SettingsError, "batch_size: expected a whole number"),
        ({"threads": 0}, SettingsError, "threads: expected a whole number"),
        ({"dtype": "float16"}, SettingsError, "float16"),
        ({"seed": 1.5}, SettingsError, "seed: expected a whole number"),
        ({"patience": 2}, SettingsError, "patience needs validation windows"),
        ({"init": {"w_x": np.ones((5, 2))}}, SettingsError, "w_h: .*w_y: .*b_y"),
        ({"init": "linea"}, SettingsError, "init: expected one of linear, rnn"),
        ({"held_out": []}, FitError, "held_out: expected the numbers of one or more windows"),
        ({"held_out": [0.5]}, FitError, "held_out: expected the numbers"),
        ({"held_out": [[1]]}, FitError, "held_out: expected the numbers"),
        ({"held_out": [3, -1]}, FitError, "held_out: expected the numbers"),
    ],
)
def test_a_call_that_cannot_be_meant_is_refused_before_any_work(monkeypatch, change, error, message):
    monkeypatch.setattr(crew.Crew, "run", None)
    with pytest.raises(error, match=message):
        pooled(pool(9), **change)


@pytest.mark.parametrize(
    ("train", "error", "message"),
    [
        (0, SettingsError, "train: expected a whole number of at least 1, got 0"),
        (2.5, SettingsError, "train: expected a whole number"),
        ([], FitError, "train: expected the numbers of one or more windows"),
        ([-1, 2], FitError, "train: expected the numbers"),
        ([True, False], FitError, "train: expected the numbers"),
    ],
)
def test_train_windows_that_are_none_are_refused(train, error, message):
    with pytest.raises(error, match=message):
        pooled(pool(9), train)


@pytest.mark.parametrize(
    ("take", "message"),
    [
        (lambda X, y: X, "take: expected a pair of windows and targets, got ndarray"),
        (lambda X, y: (X[:, 0], y), "expected windows"),
        (lambda X, y: (X, y[:, 0]), "expected windows"),
        (lambda X, y: (np.tile(X, (2, 1, 1)), np.tile(y, (2, 1))), r"of shape \(1, 3, 2\) and .*got \(2, 3, 2\)"),
        (lambda X, y: (X[:7], y[:7]), r"of shape \(9, 3, 2\) and targets of shape \(9, 2\), got \(7, 3, 2\)"),
        (lambda X, y: (X[:, : 1 + (len(X) == 1)], y), r"of shape \(9, 2, 2\).*got \(9, 1, 2\)"),
        (lambda X, y: (X, y if len(y) == 1 else y[:, :1]), r"got \(9, 3, 2\) and \(9, 1\)"),
        (lambda X, y: (X.astype(str), y), "X: expected an array of numbers"),
    ],
)
def test_windows_of_another_shape_are_refused(take, message):
    class Wrong(Pool):
        def take(self, rows):
            return take(*super().take(rows))

    with pytest.raises(FitError, match=message):
        pooled(Wrong(*windows(9, L, F, K, np.float64)), threads=1)


def test_what_has_no_take_holds_no_windows():
    with pytest.raises(FitError, match=r"windows: expected an object with take\(rows\), got list"):
        engine.fit_pooled([[1.0]], 5)


def test_predictions_are_those_of_the_fitted_net():
    source = pool(40)
    got = pooled(source, 30, held_out=np.arange(30, 40), epochs=4)
    outputs = engine.predict(got.params, source.X[30:])
    close(np.mean((outputs - source.y[30:]) ** 2), got.val_losses[got.best_epoch], np.float64)
