"""The head that normalises over its batch, over a block of samples: `models/heads.py` BatchNormHead fused.

    n = (h_L - mean) / deviation     s = gain n + shift     u = relu(W_z s + b_z)     yhat = W_y u + b_y

    du = [u > 0] W_y^T dy            dW_z = sum du s^T      db_z = sum du             ds = W_z^T du
    dgain = sum ds n                 dshift = sum ds
    above_L = gain / deviation (ds - dshift / N - n dgain / N)

Ioffe & Szegedy 2015, "Batch normalization"; docs/backpropagation.md derives it. In training mean and deviation are those
of the N samples of the batch, and the running ones follow them; elsewhere they are the running ones, and the last two terms
of above_L are not there. What theta holds at `net.state`, H numbers each: the running mean and variance; the mean and
1 / deviation to normalise with; dshift / N and dgain / N.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from nextclose.engine.compile import jit
from nextclose.engine.net import norm_of
from nextclose.engine.products import Product, dense, nothing, outer, plain, row_sums
from nextclose.engine.vectors import fill, fma, keep_positive, lane_sum, lanes_of, load, store

MOMENTUM, EPSILON = 0.1, 1e-5
"""torch.nn.BatchNorm1d's."""


@jit
def settle(net, theta):
    """Normalise by the running mean and variance, which hang on no sample."""
    H, at = net.hidden_size, net.state
    for unit in range(at, at + H):
        theta[unit + 2 * H] = theta[unit]
        theta[unit + 3 * H] = 1.0 / sqrt(np.float64(theta[unit + H]) + EPSILON)
        theta[unit + 4 * H] = theta[unit + 5 * H] = 0.0


@jit
def follow(net, theta, unit, mean, variance, samples):
    """Normalise a unit by its mean and variance over a batch of so many samples; the running ones move towards them."""
    H, at = net.hidden_size, net.state + unit
    running, running_variance = np.float64(theta[at]), np.float64(theta[at + H])
    theta[at] = running + MOMENTUM * (mean - running)
    theta[at + H] = running_variance + MOMENTUM * (variance * (samples / (samples - 1.0)) - running_variance)
    theta[at + 2 * H] = mean
    theta[at + 3 * H] = 1.0 / sqrt(variance + EPSILON)


@jit
def row_sum(memory, row, weight, width):
    """The sum of a row over the samples, without lanes that hold none."""
    total = fill(memory, 0.0)
    for n in range(0, width, lanes_of(memory)):
        total = total + keep_positive(load(memory, row + n), load(memory, weight + n))
    return np.float64(lane_sum(total))


@jit
def row_spread(memory, row, mean, weight, width):
    """The sum of (value - mean)^2 over a row's samples."""
    total, middle = fill(memory, 0.0), fill(memory, mean)
    for n in range(0, width, lanes_of(memory)):
        off = keep_positive(load(memory, row + n) - middle, load(memory, weight + n))
        total = fma(off, off, total)
    return np.float64(lane_sum(total))


@jit
def forward(net, theta, memory, h, yhat, width):
    """The units that w_y reads, from the H rows at memory[h]; returns where they lie."""
    H, units, at = net.hidden_size, net.columns, norm_of(net, yhat, width)
    for unit in range(H):
        mean = fill(memory, theta[net.state + 2 * H + unit])
        inverse = fill(memory, theta[net.state + 3 * H + unit])
        gain, shift = fill(memory, theta[at.gain + unit]), fill(memory, theta[at.shift + unit])
        for n in range(unit * width, (unit + 1) * width, lanes_of(memory)):
            normal = (load(memory, h + n) - mean) * inverse
            store(normal, memory, at.normal + n)
            store(fma(normal, gain, shift), memory, at.scaled + n)
    dense(theta, memory, Product(at.w_z, H, 1, at.scaled, H), nothing(), plain(units, at.b_z, 1, at.units), width)
    for n in range(at.units, at.units + units * width, lanes_of(memory)):
        total = load(memory, n)
        store(keep_positive(total, total), memory, n)
    return at.units


@jit
def backward(net, theta, memory, grads, yhat, above, width):
    """From W_y^T dy in the rows `d_units` to ds at memory[above], and the block's part of the gradients on the way."""
    H, units, at = net.hidden_size, net.columns, norm_of(net, yhat, width)
    lanes = lanes_of(memory)
    for n in range(0, units * width, lanes):
        store(keep_positive(load(memory, at.d_units + n), load(memory, at.units + n)), memory, at.d_units + n)
    outer(memory, grads, at.w_z, at.d_units, units, units, at.scaled, H, H, 1, width)
    row_sums(memory, grads, at.b_z, at.d_units, units, units, 1, width)
    dense(theta, memory, Product(at.w_z, 1, H, at.d_units, units), nothing(), plain(H, net.zero, 0, above), width)
    row_sums(memory, grads, at.shift, above, H, H, 1, width)
    for unit in range(H):
        total = load(grads, (at.gain + unit) * lanes)
        for n in range(unit * width, (unit + 1) * width, lanes):
            total = fma(load(memory, above + n), load(memory, at.normal + n), total)
        store(total, grads, (at.gain + unit) * lanes)


@jit
def average(net, theta, grads, samples):
    """dshift / N and dgain / N, once all blocks of a batch of N samples have been through `backward`."""
    H, lanes, at = net.hidden_size, lanes_of(grads), norm_of(net, 0, 0)
    for unit in range(H):
        theta[net.state + 4 * H + unit] = np.float64(lane_sum(load(grads, (at.shift + unit) * lanes))) / samples
        theta[net.state + 5 * H + unit] = np.float64(lane_sum(load(grads, (at.gain + unit) * lanes))) / samples


@jit
def pass_down(net, theta, memory, yhat, above, weight, width):
    """above_L from ds in its place; 0 in lanes without a sample."""
    H, at = net.hidden_size, norm_of(net, yhat, width)
    for unit in range(H):
        slope = fill(memory, theta[at.gain + unit]) * fill(memory, theta[net.state + 3 * H + unit])
        shifts = fill(memory, theta[net.state + 4 * H + unit])
        gains = fill(memory, theta[net.state + 5 * H + unit])
        for n in range(0, width, lanes_of(memory)):
            place = unit * width + n
            moved = fma(-load(memory, at.normal + place), gains, load(memory, above + place) - shifts)
            store(keep_positive(slope * moved, load(memory, weight + n)), memory, above + place)
