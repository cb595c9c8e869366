"""Thousands of fits at once: each one's bits are those of `fit`, whatever runs beside it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from tests.engine.reference import make_net, same_bits, windows

from nextclose import engine
from nextclose.core.errors import FitError, SettingsError
from nextclose.core.fit import Task
from nextclose.engine import many, scratch

DTYPES = [np.float64, np.float32]
L, F, K, H = 3, 2, 2, 5
CALLS = [
    {"cell": "rnn", "lr": 0.05, "momentum": 0.5},
    {"cell": "rnn", "bias": True, "optimizer": "adam", "shuffle": True, "h0": "random"},
    {"cell": "gru", "num_layers": 2, "optimizer": "rmsprop", "lr": 0.001, "clip_norm": 0.1},
    {"cell": "lstm", "loss": "pinball", "quantiles": (0.1, 0.9), "lr": 0.01, "shuffle": True},
    {"cell": "mlp", "optimizer": "adamw", "weight_decay": 0.1, "init": "rnn", "zero_head": True},
]


def called(call):
    return "-".join(str(value) for value in call.values())


def shared(dtype, N=150):
    return windows(N, L, F, K, dtype, seed=4)


def many_tasks(dtype, call, count=200):
    """Tasks that differ in everything a task may differ in."""
    rng = np.random.default_rng(8)
    outputs = K * len(call.get("quantiles", (0,)))
    net = {name: call[name] for name in ("cell", "bias", "h0") if name in call}
    tasks = []
    for number in range(count):
        start = int(rng.integers(0, 100))
        task = {"start": start, "stop": start + int(rng.integers(1, 50)), "seed": int(rng.integers(-(2**60), 2**60))}
        if number % 3 == 0:
            task |= {"val_start": int(rng.integers(0, 50)), "patience": 1 + number % 2}
            task["val_stop"] = task["val_start"] + int(rng.integers(1, 40))
        if number % 4 == 1:
            task["init"] = make_net(
                dtype=dtype, L=L, F=F, H=H, K=outputs, layers=call.get("num_layers", 1), seed=number, **net
            ).params()
        if number % 5 == 2:
            task |= {"x_shift": rng.random(F), "x_scale": 0.5 + rng.random(F), "y_shift": 0.1, "y_scale": 3.0}
        task |= {"epochs": int(rng.integers(1, 7)), "batch_size": int(rng.integers(1, 40)) if number % 2 else None}
        task |= {"lr": float(rng.uniform(0.0005, 0.01)), "lr_step": 2 if number % 7 == 0 else None}
        task |= {"momentum": 0.3 if number % 6 == 0 else None, "clip_norm": 0.2 if number % 8 == 0 else None}
        tasks.append(task | {"weight_decay": 0.01 if number % 9 == 0 else None, "lr_gamma": 0.5})
    return tasks


def alone(X, y, task, call, dtype):
    """The same task through `fit`, its windows scaled beforehand."""
    own = {name: value for name, value in task.items() if value is not None}
    defaults = {"x_shift": 0.0, "x_scale": 1.0, "y_shift": 0.0, "y_scale": 1.0}
    scaling = [own.pop(name, default) for name, default in defaults.items()]
    X = ((X.astype(np.float64) - scaling[0]) / scaling[1]).astype(dtype)
    y = ((y.astype(np.float64) - scaling[2]) / scaling[3]).astype(dtype)
    start, stop, held_from, held_to = (own.pop(name, 0) for name in ("start", "stop", "val_start", "val_stop"))
    held_out = (X[held_from:held_to], y[held_from:held_to]) if held_to > held_from else None
    return engine.fit(X[start:stop], y[start:stop], validation=held_out, hidden_size=H, **call | own)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("call", CALLS, ids=called)
def test_every_task_has_the_bits_of_fit(dtype, call):
    X, y = shared(dtype)
    tasks = many_tasks(dtype, call)
    fits = engine.fit_many(X, y, tasks, hidden_size=H, **call)
    for task, fit in zip(tasks, fits, strict=True):
        assert fit.problem is None
        same_bits(fit, alone(X, y, task, call, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("call", CALLS, ids=called)
def test_threads_order_and_company_change_no_bit(dtype, call):
    X, y = shared(dtype)
    tasks = many_tasks(dtype, call)
    expected = engine.fit_many(X, y, tasks, hidden_size=H, threads=1, **call)
    order = np.random.default_rng(2).permutation(len(tasks))
    for threads in (2, 5):
        shuffled = engine.fit_many(X, y, [tasks[i] for i in order], hidden_size=H, threads=threads, **call)
        for place, i in enumerate(order):
            same_bits(shuffled[place], expected[i])
    for i in (0, 7, 199):
        same_bits(engine.fit_many(X, y, [Task(**tasks[i])], hidden_size=H, **call)[0], expected[i])


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_batches_have_the_bits_of_their_own_calls(threads):
    X, y = shared(np.float64)
    wide = np.concatenate([X, X], axis=2)[:90]
    batches = [
        {"X": X, "y": y, "tasks": [{"start": i, "stop": i + 20, "seed": i} for i in range(60)], "epochs": 4},
        {"X": X, "y": y, "tasks": []},
        {"X": wide, "y": y[:90], "tasks": [{"start": 0, "stop": 80}], "cell": "gru", "hidden_size": 3, "epochs": 2},
    ]
    told = []
    done = engine.fit_batches(batches, threads=threads, on_done=lambda fits: told.append(list(fits)))
    assert told[-1] == [60, 0, 1]
    assert [batch.seconds > 0.0 for batch in done] == [True, False, True]
    for batch, got in zip(batches, done, strict=True):
        expected = engine.fit_many(**batch)
        assert len(got.fits) == len(expected)
        for one, other in zip(got.fits, expected, strict=True):
            same_bits(one, other)


def test_batches_are_refused_before_any_work(monkeypatch):
    monkeypatch.setattr(many, "_work", None)
    X, y = shared(np.float64)
    good = {"X": X, "y": y, "tasks": [{"start": 0, "stop": 20}]}
    with pytest.raises(SettingsError, match="Did you mean 'adam'"):
        engine.fit_batches([good, good | {"optimizer": "adm"}])
    with pytest.raises(TypeError, match="sed"):
        engine.fit_batches([good | {"sed": 3}])


def test_a_start_of_one_task_is_no_other_tasks():
    X, y = shared(np.float64)
    init = make_net("rnn", np.float64, L=L, F=F, H=H, K=K, h0="random").params()
    without = {name: array for name, array in init.items() if name != "h_0"}
    tasks = [{"start": 0, "stop": 20, "init": start} for start in (init, without, None)]
    for task, fit in zip(tasks, engine.fit_many(X, y, tasks, hidden_size=H, epochs=3), strict=True):
        np.testing.assert_array_equal(fit.losses, alone(X, y, task, {"epochs": 3}, np.float64).losses)


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_given_to_all_tasks(dtype):
    X, y = shared(dtype)
    init = make_net("rnn", dtype, L=L, F=F, H=H, K=K, seed=8).params()
    weight = np.random.default_rng(1).random(len(X))
    tasks = [Task(start=i, stop=i + 20) for i in range(9)]
    call = {"hidden_size": H, "epochs": 4, "batch_size": 8, "h0": np.arange(5.0)}
    fits = engine.fit_many(X, y, tasks, init=init, sample_weight=weight, **call)
    for task, fit in zip(tasks, fits, strict=True):
        part = slice(task.start, task.stop)
        same_bits(fit, engine.fit(X[part], y[part], init=init, sample_weight=weight[part], **call))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("given", DTYPES)
def test_the_dtype_of_the_fits_may_differ_from_the_windows(dtype, given):
    X, y = shared(given)
    (fit,) = engine.fit_many(X, y, [{"start": 3, "stop": 40}], dtype=dtype, epochs=3)
    same_bits(fit, engine.fit(X[3:40].astype(dtype), y[3:40].astype(dtype), epochs=3))
    same_bits(fit, engine.fit_many(X, y, [{"start": 3, "stop": 40}], dtype=np.dtype(dtype).name, epochs=3)[0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shuffle", [False, True])
def test_scaling_is_done_in_float64_and_then_cast(dtype, shuffle):
    rng = np.random.default_rng(5)
    X, y = 60_000 + 1000 * rng.random((60, L, F)), 60_000 + 1000 * rng.random((60, K))
    scales = {"x_shift": X.min((0, 1)), "x_scale": np.ptp(X, (0, 1)), "y_shift": y.mean(0), "y_scale": y.std(0)}
    call = {"epochs": 4, "batch_size": 7, "shuffle": shuffle}
    task = {"start": 5, "stop": 40, "val_start": 40, "val_stop": 60} | scales
    (fit,) = engine.fit_many(X, y, [task], dtype=dtype, hidden_size=H, **call)
    same_bits(fit, alone(X, y, task, call, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_bad_task_harms_no_other(dtype):
    X, y = shared(dtype)
    X, y = X.copy(), y.copy()
    X[120, 1, 1], y[130, 0] = np.nan, np.inf
    good = [{"start": i, "stop": i + 30, "seed": i} for i in range(40)]
    bad = [
        ({"start": 0, "stop": 30, "lr": 1e6, "epochs": 300}, "training diverged: the loss of epoch .*lr is 1000000.0"),
        ({"start": 110, "stop": 121}, "X holds 1 values that are not finite"),
        ({"start": 0, "stop": 9, "val_start": 120, "val_stop": 121}, "X holds 1 values that are not finite"),
        ({"start": 125, "stop": 150}, "y holds 1 values that are not finite"),
        ({"start": 0, "stop": 9, "init": make_net("rnn", dtype, L=L, F=F, H=H, K=K).params() | {"b_y": [np.nan, 1]}},
         "the initial weights hold 1 values"),
    ]  # fmt: skip
    call = {"activation": "relu", "hidden_size": H, "epochs": 5}
    expected = engine.fit_many(X, y, good, **call)
    mixed = [task for i, task in enumerate(good) for task in ([bad[i // 8][0], task] if i % 8 == 0 else [task])]
    fits = iter(engine.fit_many(X, y, mixed, threads=2, **call))
    for i in range(40):
        if i % 8 == 0:
            assert re.search(bad[i // 8][1], str(next(fits).problem))
        same_bits(next(fits), expected[i])


def test_a_diverged_task_keeps_its_losses():
    X, y = shared(np.float64)
    call = {"activation": "relu", "lr": 1e6, "epochs": 300}
    (fit,) = engine.fit_many(X, y, [{"start": 0, "stop": 30}], **call)
    assert not np.isfinite(fit.losses[-1])
    assert np.isfinite(fit.losses[:-1]).all()
    assert len(fit.losses) < 300


def test_inputs_are_never_modified_and_results_are_the_callers_own():
    X, y = shared(np.float64)
    init = make_net("rnn", np.float64, L=L, F=F, H=H, K=K).params()
    scale = np.full(F, 2.0)
    arrays = [X, y, scale, *init.values()]
    before = [array.copy() for array in arrays]
    tasks = [{"start": i, "stop": i + 9, "init": init, "x_scale": scale} for i in range(5)]
    fits = engine.fit_many(X, y, tasks, hidden_size=H, epochs=3)
    for array, kept in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, kept)
    again = engine.fit_many(X, y, tasks, hidden_size=H, epochs=3)
    fits[0].params["w_x"][:] = 7.0
    same_bits(fits[1], again[1])


@pytest.mark.parametrize(
    ("task", "error", "message"),
    [
        ({"start": 0, "stop": 5, "sed": 1}, SettingsError, "task 1: unknown field 'sed'.*Did you mean 'seed'"),
        ({"stop": 5}, SettingsError, "task 1: 'start' is missing"),
        ({"start": 5}, SettingsError, "task 1: 'stop' is missing"),
        ({"start": 5, "stop": 5}, FitError, "task 1: expected 0 <= start < stop <= 150, got 5 and 5"),
        ({"start": -1, "stop": 5}, FitError, "task 1: expected 0 <= start < stop"),
        ({"start": 0, "stop": 151}, FitError, "task 1: expected 0 <= start < stop"),
        ({"start": 0, "stop": 9, "val_start": 9, "val_stop": 151}, FitError, "expected 0 <= val_start < val_stop"),
        ({"start": 0, "stop": 9, "val_start": 9, "val_stop": 8}, FitError, "expected 0 <= val_start < val_stop"),
        ({"start": 0, "stop": 9, "val_start": -1, "val_stop": 8}, FitError, "expected 0 <= val_start < val_stop"),
        ({"start": 0, "stop": 9, "x_scale": 0.0}, FitError, "x_scale: expected finite numbers, and none of 0"),
        ({"start": 0, "stop": 9, "y_scale": [1.0, 0.0]}, FitError, "y_scale: expected finite numbers"),
        ({"start": 0, "stop": 9, "x_shift": np.nan}, FitError, "x_shift: expected finite numbers"),
        ({"start": 0, "stop": 9, "x_shift": np.ones(3)}, FitError, "x_shift: expected 2 numbers"),
        ({"start": 0, "stop": 9, "lr": -1.0}, SettingsError, "lr: expected a number above 0"),
        ({"start": 0, "stop": 9, "epochs": 0}, SettingsError, "epochs: expected a whole number"),
        ({"start": 0, "stop": 9, "init": {"w_x": np.ones((5, 2))}}, SettingsError, "w_h: .*w_y: .*b_y"),
    ],
)
def test_a_task_that_cannot_be_meant_is_refused_before_any_work(monkeypatch, task, error, message):
    monkeypatch.setattr(many, "_work", None)
    with pytest.raises(error, match=message):
        engine.fit_many(*shared(np.float64), [{"start": 0, "stop": 5}, task], hidden_size=H, epochs=2)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"optimizer": "adm"}, SettingsError, "Did you mean 'adam'"),
        ({"h0": "randm"}, SettingsError, "Did you mean 'random'"),
        ({"h0": np.ones(3)}, SettingsError, "h0: expected shape"),
        ({"sample_weight": np.ones(3)}, FitError, "sample_weight: expected shape"),
        ({"threads": -1}, SettingsError, "threads"),
        ({"dtype": "float16"}, (FitError, SettingsError), "float16"),
    ],
)
def test_a_call_that_cannot_be_meant_is_refused(change, error, message):
    with pytest.raises(error, match=message):
        engine.fit_many(*shared(np.float64), [{"start": 0, "stop": 5}], hidden_size=H, **{"epochs": 2} | change)


def test_no_tasks_no_fits():
    assert engine.fit_many(*shared(np.float32), []) == ()
    with pytest.raises(SettingsError, match="Did you mean 'adam'"):
        engine.fit_many(*shared(np.float32), [], optimizer="adm")


@pytest.mark.parametrize("threads", [1, 2, None])
def test_progress_reaches_the_end(threads):
    told = []
    tasks = [{"start": 0, "stop": 20, "seed": seed} for seed in range(300)]
    engine.fit_many(*shared(np.float32), tasks, threads=threads, on_done=lambda *news: told.append(news))
    assert told[-1] == (300, 300)
    assert told == sorted(told)
    assert {total for _, total in told} == {300}


def test_what_on_done_raises_stops_the_work():
    def stop(done, total):
        raise KeyboardInterrupt

    before = threading.active_count()
    tasks = [{"start": 0, "stop": 150, "seed": seed} for seed in range(50)]
    with pytest.raises(KeyboardInterrupt):
        engine.fit_many(*shared(np.float32), tasks, epochs=1_000_000, threads=2, on_done=stop)
    assert threading.active_count() == before


SCRIPT = """
import numpy as np
from nextclose import engine
X, y = np.random.default_rng(0).random((600, 4, 4)).astype("f"), np.zeros((600, 1), "f")
class Pool:
    def take(self, rows):
        return X[rows % 600], y[rows % 600]
begun = []
def tell(*_):
    if not begun:
        begun.append(print("begun", flush=True))
"""
ENDLESS = {
    "fit": "engine.fit(X, y, epochs=20_000_000, on_epoch=tell)",
    "fit_many": "engine.fit_many(X, y, [dict(start=0, stop=600)] * 40, epochs=1_000_000, on_done=tell)",
    "fit_pooled": "engine.fit_pooled(Pool(), 10**9, batch_size=4096, threads=3, on_batch=tell)",
    "one pooled batch": "engine.fit_pooled(Pool(), 10**9, hidden_size=200, cell='lstm', on_batch=tell)",
    "a long order": "engine.fit_pooled(Pool(), 3 * 10**7, shuffle=True, on_batch=tell)",
    "one batch": "engine.fit(np.tile(X, (1500, 1, 1)), np.tile(y, (1500, 1)), hidden_size=40, epochs=2000, on_epoch=tell)",
}


@pytest.mark.parametrize("call", ENDLESS)
def test_ctrl_c_ends_a_process_that_fits(call):
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT + ENDLESS[call]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(engine.__file__).parents[2])},
    )
    try:
        assert child.stdout.readline() == "begun\n"
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=60)  # the fit alone would take hours
    finally:
        child.kill()
    assert child.returncode != 0
    assert errors.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("shuffle", [False, True])
def test_scratch_does_not_grow_with_the_tasks(monkeypatch, shuffle):
    made, make = [], scratch.make_room

    def counted(*arguments):
        made.append(make(*arguments))
        return made[-1]

    monkeypatch.setattr(scratch, "make_room", counted)

    def memory(tasks, threads):
        made.clear()
        spans = [{"start": 0, "stop": 150 - seed % 7, "seed": seed} for seed in range(tasks)]
        engine.fit_many(*shared(np.float64), spans, epochs=1, batch_size=9, shuffle=shuffle, threads=threads)
        assert len(made) <= threads
        return max(sum(array.nbytes for array in one.arrays) for one in made)

    assert memory(7, 1) == memory(700, 1) == memory(700, 2)
