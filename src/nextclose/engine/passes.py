"""One pass with given weights: outputs, gradients, and everything in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nextclose.core.cells import cell_spec, layer_suffix
from nextclose.core.errors import FitError, SettingsError
from nextclose.core.types import Floats, Params
from nextclose.engine.call import LOSSES, Problem, Results, Training, plan_of
from nextclose.engine.fit import one_task
from nextclose.engine.inputs import check_inputs, check_weights, check_windows, choice, fit_dtype
from nextclose.engine.inputs import levels as as_levels
from nextclose.engine.kernel import run_one
from nextclose.engine.layout import (
    BAD_INIT,
    BAD_X,
    BAD_Y,
    MSE,
    NO_BACKWARD,
    OF_LOSS,
    OF_OUTPUTS,
    PASS,
    STATUS,
    VECTOR_BYTES,
    Job,
)
from nextclose.engine.scratch import Sizes
from nextclose.engine.spec import NetArguments, Spec, block_size, flatten, make_spec, unflatten


def predict(params: Params, X: Any, *, cell: str = "rnn", activation: str = "tanh") -> Floats:
    """The outputs of a net on windows X (N, L, F) -> (N, K), in the weights' dtype; h_0 is taken from `params`.

    Raises
    ------
    FitError : windows of a wrong shape or with values that are not finite.
    SettingsError : weights that are no net of this cell.
    """
    return _pass(params, X, cell, activation).outputs


def gradients(
    params: Params,
    X: Any,
    y: Any = None,
    *,
    cell: str = "rnn",
    activation: str = "tanh",
    loss: str = "mse",
    quantiles: tuple[float, ...] = (0.5,),
    sample_weight: Any = None,
    cotangent: Any = None,
) -> tuple[float, dict[str, Floats]]:
    """The loss on X (N, L, F), y (N, K), and its gradient by each weight's name.

    With a cotangent (N, K) instead of y: the sum of outputs times cotangent, and the gradient of that.

    Raises
    ------
    FitError, SettingsError : as `predict`; neither y nor a cotangent, or both.
    """
    if (y is None) == (cotangent is None):
        raise FitError("gradients: expected either targets y or a cotangent")
    if cotangent is not None and sample_weight is not None:
        raise FitError("gradients: sample weights belong to a loss, and a cotangent takes its place")
    goal = y if cotangent is None else cotangent
    backward = OF_LOSS if cotangent is None else OF_OUTPUTS
    passed = _pass(
        params, X, cell, activation, goal, backward, loss=loss, quantiles=quantiles, sample_weight=sample_weight
    )
    value = passed.loss if cotangent is None else float(np.sum(passed.outputs * np.asarray(cotangent)))
    return value, passed.grads


class _Passed(NamedTuple):
    outputs: Floats
    loss: float
    grads: dict[str, Floats]
    spec: Spec
    kept: Floats
    block: int


def states(
    params: Params, X: Any, *, cell: str = "rnn", activation: str = "tanh", cotangent: Any = None
) -> dict[str, Floats]:
    """What every layer computes at every step of windows X (N, L, F).

    Returns arrays by name, with the suffix `_l1` for the second layer:

    h (N, L+1, H), h[:, 0] the start; of a GRU r, z, n and h_n = W_hn h + b_hn, of an LSTM i, f, g, o, each (N, L, H),
    and c (N, L+1, H); y (N, K). With a cotangent (N, K), the gradients of sum(y * cotangent): at the sums before the
    activations as d_h of an Elman cell, d_r, d_z, d_n, d_h_n of a GRU, d_i, d_f, d_g, d_o of an LSTM, and d_x (N, L, F)
    at the inputs.

    Raises
    ------
    FitError, SettingsError : as `predict`.
    """
    forwards = _pass(params, X, cell, activation, keep=True)
    found = {name: array for name, array in _unpack(forwards, cell, np.asarray(X).shape).items() if name[:2] != "d_"}
    found["y"] = forwards.outputs
    if cotangent is not None:
        back = _pass(params, X, cell, activation, cotangent, OF_OUTPUTS, keep=True)
        found |= {name: array for name, array in _unpack(back, cell, np.asarray(X).shape).items() if name[:2] == "d_"}
    return found


_KEPT = {"rnn": ("h",), "mlp": ("h",), "gru": ("n", "r", "z", "h_n"), "lstm": ("i", "f", "g", "o")}
"""Blocks of rows that a cell keeps of a step; backwards they become the gradients at their sums."""


def _unpack(passed: _Passed, cell: str, shape: tuple[int, ...]) -> dict[str, Floats]:
    """The blocks' rows as arrays (N, steps, units)."""
    net, lanes = passed.spec.net, VECTOR_BYTES // passed.kept.itemsize
    N, L, H = shape[0], net.seq_len, net.hidden_size
    pieces: dict[str, list[Floats]] = {}
    at = 0
    for first in range(0, N, passed.block):
        count = min(passed.block, N - first)
        width = -(-count // lanes) * lanes
        rows = net.work_rows + L * net.input_size
        table = passed.kept[at : at + rows * width].reshape(rows, width)[:, :count]
        at += rows * width
        for layer in range(net.num_layers):
            base, suffix = layer * net.layer_rows, layer_suffix(layer)
            pieces.setdefault("h" + suffix, []).append(_steps(table, base, L + 1, H))
            gates = table[base + (L + 1) * H : base + (L + 1) * H + L * net.kept]
            for place, name in enumerate(_KEPT[cell]):
                values = gates.reshape(L, -1, H, count)[:, place].transpose(2, 0, 1)
                if name != "h":
                    pieces.setdefault(name + suffix, []).append(values)
                pieces.setdefault(f"d_{name}{suffix}", []).append(values)
            if cell == "lstm":
                pieces.setdefault("c" + suffix, []).append(_steps(table, base + (L + 1) * H + L * net.kept, L + 1, H))
        inputs = table[net.work_rows :].reshape(L, net.input_size, count).transpose(2, 0, 1)
        pieces.setdefault("d_x", []).append(inputs.reshape(count, *shape[1:]))
    return {name: np.concatenate(parts) for name, parts in pieces.items()}


def _steps(table: Floats, base: int, steps: int, H: int) -> Floats:
    return table[base : base + steps * H].reshape(steps, H, -1).transpose(2, 0, 1)


def _pass(
    params: Params,
    X: Any,
    cell: str,
    activation: str,
    goal: Any = None,
    backward: int = NO_BACKWARD,
    *,
    loss: str = "mse",
    quantiles: tuple[float, ...] = (0.5,),
    sample_weight: Any = None,
    keep: bool = False,
) -> _Passed:
    """One pass in the weights' dtype."""
    levels = Training(loss=loss, quantiles=as_levels(quantiles)).levels() if backward == OF_LOSS else ()
    w_y = np.asarray(params["w_y"]) if "w_y" in params else np.empty((1, 0))
    dtype = fit_dtype(w_y)
    X, targets = (check_inputs(X), np.empty(0)) if goal is None else check_windows(X, goal)
    targets = np.zeros((len(X), 1)) if goal is None else targets
    expected, left = divmod(len(w_y), max(len(levels), 1))
    if left:
        raise FitError(
            "w_y has {rows} rows, which are no multiple of {levels} quantiles", rows=len(w_y), levels=len(levels)
        )
    if goal is not None and targets.shape[1] != expected:
        raise FitError(
            "expected targets of shape {expected}, got {got}", expected=(len(X), expected), got=targets.shape
        )
    spec = spec_of([params], X, cell, activation, keep or backward != NO_BACKWARD)
    block = block_size(spec, dtype.itemsize)
    job = pass_job(spec, block, X, targets.shape[1], LOSSES[choice("loss", loss, LOSSES)], backward, keep=keep)
    plan = plan_of(spec, job, levels, dtype)
    weight = None if sample_weight is None else check_weights(sample_weight, len(X), dtype)
    problem = Problem(plan, X, targets, weight)
    blocks = -(-len(X) // block) * block if keep else 0
    outputs, grads = np.empty((len(X), len(w_y)), dtype), np.empty(spec.net.trained, dtype)
    kept = np.empty(blocks * (spec.net.work_rows + spec.net.seq_len * spec.net.input_size), dtype)
    params_out, record = np.empty((1, spec.net.total), dtype), np.zeros((1, STATUS + 2))
    results = Results(params_out, record, 1, outputs, grads, kept)
    tables = one_task(problem, (0, len(X), 0, 0), Training(), 0, flatten(params, spec))
    run_one(problem, tables, results, Sizes(len(X)), spec.net.trained * spec.net.seq_len * len(X))
    check_record(results)
    return _Passed(outputs, float(record[0, STATUS]), unflatten(grads, spec) if backward else {}, spec, kept, block)


def pass_job(
    spec: Spec, block: int, X: Floats, targets: int, loss: int = MSE, backward: int = NO_BACKWARD, *, keep: bool = False
) -> Job:
    """What the tasks of a pass over windows X (N, L, F) share."""
    _, L, F = X.shape
    return Job(PASS, 0, 0, 0, loss, block, spec.skip, L, F, targets, backward, int(keep))


def check_record(results: Results) -> None:
    """Raise FitError for the first task that met a value that is not finite."""
    for ended, bad in results.record[:, :2].tolist():
        if ended in (BAD_X, BAD_Y, BAD_INIT):
            name = {BAD_X: "X", BAD_Y: "y", BAD_INIT: "params"}[int(ended)]
            raise FitError("{name} holds {bad} values that are not finite", name=name, bad=int(bad))


def spec_of(nets: Sequence[Params], X: Floats, cell: str, activation: str, whole: bool) -> Spec:
    """The net that weights by name belong to, of which all are alike."""
    known, params = cell_spec(cell), nets[0]
    if "w_x" not in params or "w_y" not in params:
        raise SettingsError(
            "expected weights by name, with w_x and w_y among them; got {names}", names=", ".join(params)
        )
    rows = len(params["w_x"])
    if rows % len(known.gates):
        raise SettingsError(
            "w_x has {rows} rows, which are not {gates} gates of equal size as cell '{cell}' has",
            rows=rows, gates=len(known.gates), cell=cell,
        )  # fmt: skip
    layers = 1
    while "w_x" + layer_suffix(layers) in params:
        layers += 1
    memory = not known.recurrent or any(
        np.any(own.get("w_h" + layer_suffix(layer), 0.0)) for own in nets for layer in range(layers)
    )
    net = NetArguments(
        cell, rows // len(known.gates), layers, "b_x" in params, "b_y" in params, activation, memory or whole,
        "h_0" in params, head="batchnorm" if "w_z" in params else "linear",
    )  # fmt: skip
    return make_spec(net, X.shape[1], X.shape[2], len(params["w_y"]), whole)
