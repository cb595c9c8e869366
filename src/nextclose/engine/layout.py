"""What Python hands to a kernel: records of whole numbers, sizes and addresses; nothing here knows how they are used.

A record is a NamedTuple. Python packs its fields into 64-bit integers, the kernel reads them back (`compile.read`),
and puts arrays in the place of addresses. So a call costs a few microseconds, however much it describes.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Iterable
from typing import Any, NamedTuple

DONE, BAD_X, BAD_Y, BAD_INIT, DIVERGED, STOPPED = range(6)
"""How a task ended."""

PASS, TRAIN, START, CHUNK, UPDATE, ORDER = range(6)
"""What a kernel does for a task: one pass with given weights; a training run; and what `chunks` makes of one."""

MSE, PINBALL = 0, 1
SGD, RMSPROP, ADAM, ADAMW = 0, 1, 2, 3
AS_IS, TANH, RELU = 0, 1, 2

NO_BACKWARD, OF_LOSS, OF_OUTPUTS = 0, 1, 2
"""What a pass differentiates: nothing, the loss, or the sum of outputs times a cotangent that stands in y's place."""

STATUS = 4
"""Numbers at the start of a task's row in `Call.record`: how it ended; the number of bad values, or the epoch of
divergence; epochs run; best epoch. Then come the losses of all epochs, and the validation losses."""

WHOLES = 11
"""Columns of `Call.wholes`: start, stop, val_start, val_stop, seed, epochs, batch size (0 full), patience (0 none),
schedule step (0 none), row of `init` (-1 drawn), row of `scales`. Of a pass val_start is the first row of its outputs."""

RATES = 5
"""Columns of `Call.rates`: lr, momentum, weight decay, clip norm (0 none), schedule gamma."""

VECTOR_BYTES = 64
"""16 float32 or 8 float64 samples."""
MOST_IN_VECTOR = 16
STATE = 6
"""Numbers a hidden unit that a head that normalises keeps in theta."""

addressof = ctypes.addressof
buffer_of: Any = ctypes.c_char.from_buffer


class Net(NamedTuple):
    """A net's sizes and switches, and how its weights are drawn."""

    seq_len: int
    """Steps that are walked: 1 for a net without time."""
    input_size: int
    hidden_size: int
    output_size: int
    """Rows of the head: K, or K * Q with Q quantiles."""
    num_layers: int
    gates: int
    """Blocks of H rows in w_x: 1 Elman and mlp, 3 GRU, 4 LSTM."""
    recurrent: int
    """0 for the mlp, which has no w_h."""
    bias: int
    output_bias: int
    activation: int
    memory: int
    """0 holds w_h at zero."""
    starts: int
    """1 if there is an h_0, 0 if it is zero."""
    kept: int
    """Rows a step that a cell keeps: Elman H, GRU and LSTM 4H."""
    layer_rows: int
    """Scratch rows of one layer."""
    work_rows: int
    """Scratch rows of a block: its layers, two passing rows of H, the outputs and their gradients."""
    trained: int
    """Weights, P; in theta what products start with lies behind them: 4H scalars a layer, K for the head, one zero."""
    zero: int
    """Where the zero lies."""
    normalises: int
    """1: the head is that of `norm`, 0: it is linear."""
    columns: int
    """Of w_y: H, or H // 2 where the head normalises."""
    state: int
    """Where theta holds what the head normalises with: `norm` says what; only where it does."""
    behind: int
    """Numbers in theta behind its weights, which are filled up to whole vectors."""
    start: int
    """Where h_0 begins in the flat vector; between P and there lie the head's running mean and variance."""
    total: int
    """Weights, running mean and variance, and h_0."""
    parameters: int
    draws: int
    """Address: hash of each parameter's name, then their sizes, (2, parameters)."""
    bounds: int
    """Address: each parameter is drawn within, (parameters,) float64; one below 0 says what to be instead, negated."""
    shuffle_key: int


class Job(NamedTuple):
    """What all tasks of a call share."""

    mode: int
    """PASS, TRAIN, ..."""
    optimizer: int
    shuffle: int
    gathers: int
    """1: blocks are gathered anew in every epoch, since their samples change, or small batches would be mostly padding."""
    loss: int
    block: int
    """Samples in a block, whole vectors."""
    skip: int
    """Steps of a window that are not walked, from its start."""
    steps: int
    """Steps of a window, L."""
    columns: int
    """Features of a step, F."""
    targets: int
    """Columns of y, K."""
    backward: int
    """Of a pass, or a chunk."""
    keep: int
    """Of a pass: 1 keeps each block's rows, and the gradient at its inputs."""
    drop_last: int = 0
    """1 leaves out an epoch's last batch where it is smaller than the others."""
    restores: int = 1
    """1 returns the weights of the best epoch where there are validation windows, 0 those of the last."""


class Scratch(NamedTuple):
    """One thread's memory by address; nothing in it need be set."""

    samples: Any
    """Scaled samples, one after the other: inputs, targets, weight."""
    memory: Any
    """Blocks of train samples, blocks of validation samples, and the rows that a block works with."""
    theta: Any
    """Weights, padded, and behind them what products start with."""
    sums: Any
    """One vector a weight: a gradient by lane."""
    grad: Any
    first: Any
    second: Any
    best: Any
    """As `Call.params`, without h_0."""
    drawn: Any
    """float64: the task's initial weights, and what lies behind them in the flat vector."""
    order: Any
    """int64: the samples in the order of an epoch."""


class Call(NamedTuple):
    """Windows, tasks and results by address."""

    X: Any
    """(N, L, F) float64."""
    y: Any
    """(N, K) float64."""
    weight: Any
    """(N,), or no address where every sample counts alike."""
    quantiles: Any
    """(Q,) float64."""
    quantile_count: Any
    wholes: Any
    """(T, WHOLES) int64."""
    rates: Any
    """(T, RATES) float64."""
    scales: Any
    """(rows, 2F + 2K) float64: shift and scale of X's columns, then of y's."""
    init: Any
    """(rows, total) float64: weights in canonical order, then running mean and variance and h_0 where they are."""
    params: Any
    """(T, total)."""
    record: Any
    """(T, STATUS + 2 * epochs) float64."""
    epochs: Any
    outputs: Any
    """Of a pass: (N, K), the rows of its tasks."""
    grads: Any
    """Of a pass: (T, P), and of chunks."""
    kept: Any
    """Of a pass: each block's rows, one block after the other."""
    control: Any
    """(2,) int64: not 0 stops between blocks; finished epochs."""
    windows: Any = 0
    """Of a chunk: its windows (n, L, F), scaled."""
    targets: Any = 0
    """Of a chunk: (n, K), scaled."""
    totals: Any = 0
    """Of chunks: (P,) float64, the sum of their gradients."""


def pack(values: Iterable[int]) -> array[int]:
    """Whole numbers as 64-bit integers; `.buffer_info()[0]` is their address."""
    return array("q", values)


def address(numbers: Any) -> int:
    """Where the numbers of an array of numpy's or Python's lie."""
    if type(numbers) is array:
        return numbers.buffer_info()[0]
    try:
        return addressof(buffer_of(numbers))  # four times as fast as numpy's own ways
    except (TypeError, ValueError):  # read-only, or empty
        return numbers.__array_interface__["data"][0]  # type: ignore[no-any-return]
