"""One step of each cell in plain numpy, with its derivatives: what the kernels fuse, kept apart to be looked at.

A step takes the sums that the weights give, from_x = W_x x_t + b_x and from_h = W_h h_{t-1} + b_h, and the state before it.
Every cell moves a unit by its own sums and its own state alone, so the derivatives are vectors, not matrices; the matrices
come in with the weights:

    d state_t / d state_{t-1}  =  diag(direct) + sum over gates of diag(by_h) W_h      d state_t / d x_t  =  sum of diag(by_x) W_x

S states (h, and of an LSTM c), G gates in the order of `core.cells`. docs/backpropagation.md derives the formulas.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nextclose.core.types import Float64s


class Step(NamedTuple):
    """The state after a step, and how it moves with what the step was given."""

    state: Float64s
    """(N, S, H)."""
    by_x: Float64s
    """(N, S, G, H) by from_x."""
    by_h: Float64s
    """(N, S, G, H) by from_h."""
    direct: Float64s
    """(N, S, S, H) by the state before, through no matrix."""
    h_by_c: Float64s
    """(N, H) h_t by c_t of an LSTM; 0 elsewhere."""


def step_of(cell: str, activation: str) -> Callable[[Float64s, Float64s, Float64s], Step]:
    """from_x (N, G, H), from_h (N, G, H), state (N, S, H) -> the step of this cell."""
    if cell == "lstm":
        return lstm_step
    if cell == "gru":
        return gru_step
    return lambda from_x, from_h, state: elman_step(from_x, from_h, state, activation)


def elman_step(from_x: Float64s, from_h: Float64s, state: Float64s, activation: str) -> Step:
    """h_t = act(from_x + from_h); a relu has the slope 0 at 0, as in training."""
    total = from_x + from_h
    if activation == "relu":
        h = np.maximum(total, 0.0)
        slope = np.where(h > 0.0, 1.0, 0.0)
    elif activation == "identity":
        h, slope = total, np.ones_like(total)
    else:
        h = np.tanh(total)
        slope = 1.0 - h * h
    by = slope[:, None]
    return Step(h, by, by, np.zeros_like(by), np.zeros_like(state[:, 0]))


def gru_step(from_x: Float64s, from_h: Float64s, state: Float64s) -> Step:
    """h_t = n + z * (h_{t-1} - n) with n = tanh(x_n + r * h_n)."""
    before = state[:, 0]
    r, z = (_sigmoid(from_x[:, gate] + from_h[:, gate]) for gate in (0, 1))
    h_n = from_h[:, 2]
    n = np.tanh(from_x[:, 2] + r * h_n)
    by_n = (1.0 - z) * (1.0 - n * n)
    by_r = by_n * h_n * r * (1.0 - r)
    by_z = (before - n) * z * (1.0 - z)
    return Step(
        (n + z * (before - n))[:, None],
        np.stack([by_r, by_z, by_n], axis=1)[:, None],
        np.stack([by_r, by_z, by_n * r], axis=1)[:, None],
        z[:, None, None],
        np.zeros_like(before),
    )


def lstm_step(from_x: Float64s, from_h: Float64s, state: Float64s) -> Step:
    """c_t = f * c_{t-1} + i * g and h_t = o * tanh(c_t)."""
    total, before = from_x + from_h, state[:, 1]
    i, f, o = (_sigmoid(total[:, gate]) for gate in (0, 1, 3))
    g = np.tanh(total[:, 2])
    c = f * before + i * g
    squashed = np.tanh(c)
    h_by_c = o * (1.0 - squashed * squashed)
    none = np.zeros_like(c)
    c_by = np.stack([g * i * (1.0 - i), before * f * (1.0 - f), i * (1.0 - g * g), none], axis=1)
    h_by = h_by_c[:, None] * c_by
    h_by[:, 3] = squashed * o * (1.0 - o)
    by = np.stack([h_by, c_by], axis=1)
    direct = np.stack([np.stack([none, h_by_c * f], axis=1), np.stack([none, f], axis=1)], axis=1)
    return Step(np.stack([o * squashed, c], axis=1), by, by, direct, h_by_c)


def _sigmoid(a: Float64s) -> Float64s:
    return 0.5 * (1.0 + np.tanh(0.5 * a))
