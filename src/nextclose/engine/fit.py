"""Training one net."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from nextclose.core.cells import InitScheme
from nextclose.core.errors import FitError, SettingsError
from nextclose.core.fit import Fit, OnEpoch, check_batches
from nextclose.core.seeds import uniform
from nextclose.core.types import Float64s, Params
from nextclose.engine.call import Problem, Tables, Training, make_fit, make_problem, make_results
from nextclose.engine.inputs import check_init, check_weights, check_windows, choice, fit_dtype, seed_of
from nextclose.engine.kernel import run_one
from nextclose.engine.layout import pack
from nextclose.engine.scratch import Sizes, kept_batch, laid_out
from nextclose.engine.spec import NetArguments, Spec, drawn_start, flatten, start_state

_HALF = 1 << 63


def fit(
    X: Any,
    y: Any,
    *,
    cell: str = "rnn",
    hidden_size: int = 10,
    num_layers: int = 1,
    bias: bool = False,
    output_bias: bool = True,
    activation: str = "tanh",
    memory: bool = True,
    h0: Any = None,
    zero_head: bool = False,
    init: InitScheme | Params | None = None,
    optimizer: str = "sgd",
    lr: float = 0.005,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    clip_norm: float | None = None,
    lr_step: int | None = None,
    lr_gamma: float = 0.1,
    epochs: int = 100,
    batch_size: int | None = None,
    shuffle: bool = False,
    loss: str = "mse",
    quantiles: tuple[float, ...] = (0.5,),
    sample_weight: Any = None,
    validation: tuple[Any, Any] | None = None,
    patience: int | None = None,
    seed: int = 0,
    on_epoch: OnEpoch | None = None,
    head: str = "linear",
    drop_last: bool = False,
    restore_best: bool = True,
) -> Fit:
    """Train one recurrent net; the same arguments give the same bits.

    Parameters
    ----------
    X : (N, L, F) windows, y : (N, K) targets; float32 or float64, and X's dtype is that of the fit.
    cell : rnn, gru, lstm, or mlp (the Elman cell with one step on the flattened window).
    hidden_size, num_layers, bias, output_bias : H, stacked layers, b_x and b_h in the cells, b_y in the head.
    activation : tanh, relu or identity, of rnn and mlp.
    memory : False holds w_h at zero.
    h0 : the state before the first step: None is zero, "random" draws it from the seed, or (num_layers, H) or (H,).
    init : "linear" (nn.Linear's bounds), "rnn" (nn.RNN's), or weights by name, never modified; None is "linear".
    zero_head : drawn weights start with w_y = b_y = 0.
    optimizer, lr, momentum, weight_decay, clip_norm : sgd, rmsprop, adam or adamw, as torch.optim's.
    lr_step, lr_gamma : multiply lr by lr_gamma after every lr_step epochs; None keeps it.
    batch_size : None is the full batch. shuffle : a new order every epoch, from the seed.
    loss : mse, or pinball with outputs ordered by target, then quantile: (N, K * Q).
    sample_weight : (N,), at least 0; validation windows count alike.
    validation : windows and targets; the weights after their best epoch are returned. patience : epochs without a
        better one before training stops, which needs validation.
    seed : of the drawn weights and the order of batches; any whole number.
    on_epoch : called with (epoch, loss) from the caller's thread: in the meantime where a fit takes long, else afterwards.
    head : linear, or batchnorm: batch normalisation, then two layers, H to H // 2 to K. It takes no sample_weight.
    drop_last : leave out an epoch's last batch where it is smaller than batch_size; its loss is the mean over the others.
    restore_best : False returns the weights of the last epoch, validation or not.

    Returns
    -------
    Fit : params in X's dtype, losses (epochs run,), val_losses, best_epoch.

    Raises
    ------
    FitError : windows of wrong shape, values that are not finite, or a loss that became so.
    SettingsError : settings or initial weights that do not fit the net, or windows that cannot be cut into its batches.
    """
    dtype = fit_dtype(X)
    X, y = check_windows(X, y)
    N, held_out, seed = len(X), 0, seed_of(seed)
    if validation is not None:
        X, y, held_out = _append(X, y, validation)
    if isinstance(h0, str):
        choice("h0", h0, ("random",))
    scheme, given = check_init(init)
    weight = None if sample_weight is None else check_weights(sample_weight, N, dtype)
    has_h0 = h0 is not None or (given is not None and "h_0" in given)
    net = NetArguments(
        cell, hidden_size, num_layers, bias, output_bias, activation, memory, has_h0, scheme, zero_head, head
    )
    training = Training.of(
        optimizer, lr, momentum, weight_decay, clip_norm, lr_step, lr_gamma, epochs, batch_size, shuffle, patience, loss,
        quantiles, drop_last, restore_best,
    )  # fmt: skip
    check_batches(N, training.batch_size, drop_last=drop_last, normalises=head == "batchnorm")
    problem = make_problem(X, y, weight, net, training, dtype, training.batch_size)
    if patience is not None and not held_out:
        raise SettingsError("patience needs validation windows: without them nothing can stop early")
    plan = problem.plan
    start = start_row(plan.spec, given, h0, seed)
    tables = one_task(problem, (0, N, N, N + held_out), training, seed, start)
    results = make_results(plan, 1, training.epochs)
    laid = laid_out(N, training.batch_size or 0, dtype)
    work = plan.spec.net.trained * plan.spec.net.seq_len * (laid + held_out) * training.epochs
    sizes = Sizes(N, laid, held_out, kept_batch(plan, N, training.batch_size or 0))
    run_one(problem, tables, results, sizes, work, on_epoch)
    fitted = make_fit(plan, results.params[0], results.record[0], lr, validates=held_out > 0)
    if fitted.problem is not None:
        raise FitError(fitted.problem.template, **fitted.problem.values)
    return fitted


def _append(X: Float64s, y: Float64s, validation: tuple[Any, Any]) -> tuple[Float64s, Float64s, int]:
    """Validation windows behind the train windows."""
    if not isinstance(validation, Sequence) or len(validation) != 2:
        raise FitError("validation: expected a pair of windows and targets")
    X_val, y_val = check_windows(*validation)
    if X_val.shape[1:] != X.shape[1:] or y_val.shape[1:] != y.shape[1:]:
        raise FitError(
            "validation windows and targets must have the shapes of the train ones, {X} and {y} a sample; got {X_val} "
            "and {y_val}",
            X=X.shape[1:], y=y.shape[1:], X_val=X_val.shape[1:], y_val=y_val.shape[1:],
        )  # fmt: skip
    return np.concatenate([X, X_val]), np.concatenate([y, y_val]), len(X_val)


def start_row(spec: Spec, given: Params | None, h0: Any, seed: int) -> Float64s | None:
    """A task's start as one vector, or None where the kernel draws it."""
    if given is None and (isinstance(h0, str) or not spec.net.starts):
        return None
    flat = drawn_start(spec, seed) if given is None else flatten(given, spec)
    if given is None or "h_0" not in given:
        flat[spec.net.start :] = _start_state(spec, h0, seed)
    elif h0 is not None and not isinstance(h0, str):
        flat[spec.net.start :] = start_state(h0, spec).ravel()
    return flat


def _start_state(spec: Spec, h0: Any, seed: int) -> Any:
    """h_0 in the flat vector: drawn, given, or zero, where another task of the call has one."""
    if h0 is None or not spec.net.starts:
        return 0.0
    return uniform(seed, "h_0", spec.shapes["h_0"]).ravel() if isinstance(h0, str) else start_state(h0, spec).ravel()


def one_task(
    problem: Problem, span: tuple[int, int, int, int], training: Training, seed: int, start: Float64s | None
) -> Tables:
    """The tables of a call with one task on unscaled windows."""
    F, K = problem.plan.job.columns, problem.plan.job.targets
    wholes = (*span, signed(seed), *training.counts(), -1 if start is None else 0, 0)
    return Tables(
        wholes=pack(wholes),
        rates=array("d", training.rates()),
        scales=_unscaled(F, K),
        init=start,
    )


def signed(seed: int) -> int:
    """A seed's lowest 64 bits, as the tables hold them."""
    return seed if -_HALF <= seed < _HALF else (seed + _HALF) % (2 * _HALF) - _HALF


@cache
def _unscaled(F: int, K: int) -> array[float]:
    """Shift 0 and scale 1 for every column."""
    return array("d", [0.0] * F + [1.0] * F + [0.0] * K + [1.0] * K)
