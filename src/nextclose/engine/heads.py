"""The head over a block of samples, yhat = W_y h_L + b_y, and the losses.

    mse        mean over samples n and outputs k of w_n (yhat - y)^2
    pinball    mean of w_n max(q d, (q - 1) d), d = y - yhat, for each quantile q (Koenker & Bassett 1978)

w_n is a sample's weight over the mean weight of its batch. The head that normalises has its own in `norm`.
"""

from __future__ import annotations

from nextclose.engine import norm
from nextclose.engine.compile import jit
from nextclose.engine.net import head_of
from nextclose.engine.products import Product, dense, nothing, outer, plain, row_sums
from nextclose.engine.vectors import fill, fma, keep_positive, lane_sum, lanes_of, load, store


@jit
def sum_biases(net, theta):
    """Copy b_y to where the head's products start; a normalisation is by the running mean and variance again."""
    if net.normalises:
        norm.settle(net, theta)
    _, b_y = head_of(net)
    for k in range(net.output_size * net.output_bias):
        theta[net.trained + net.num_layers * 4 * net.hidden_size + k] = theta[b_y + k]


@jit
def forward(net, theta, memory, h, yhat, width):
    """K rows of outputs at memory[yhat] from the H rows at memory[h]."""
    w_y, _ = head_of(net)
    H, K = net.columns, net.output_size
    if net.normalises:
        h = norm.forward(net, theta, memory, h, yhat, width)
    from_h = Product(w_y, H, 1, h, H)
    goal = plain(K, net.trained + net.num_layers * 4 * net.hidden_size, 1, yhat)
    dense(theta, memory, from_h, nothing(), goal, width)


@jit
def squared(net, memory, block, yhat, dy, scale):
    """Sum of w (yhat - y)^2 over the block; dy becomes 2 scale w (yhat - y)."""
    total = fill(memory, 0.0)
    for k in range(net.output_size):
        row = k * block.width
        for first in range(0, block.width, lanes_of(memory)):
            error = load(memory, yhat + row + first) - load(memory, block.y + row + first)
            weighted = error * load(memory, block.weight + first)
            total = fma(weighted, error, total)
            store(weighted * fill(memory, 2.0 * scale), memory, dy + row + first)
    return lane_sum(total)


@jit
def pinball(net, quantiles, memory, block, yhat, dy, scale):
    """Sum of w max(q d, (q - 1) d), d = y - yhat, over the block; dy becomes its gradient times scale.

    Outputs are ordered by target, then quantile.
    """
    total = fill(memory, 0.0)
    Q = len(quantiles)
    for k in range(net.output_size):
        row, target = k * block.width, k // Q * block.width
        above, below = fill(memory, quantiles[k % Q]), fill(memory, quantiles[k % Q] - 1.0)
        for first in range(0, block.width, lanes_of(memory)):
            d = load(memory, block.y + target + first) - load(memory, yhat + row + first)
            slope = below + keep_positive(above - below, d)
            weight = load(memory, block.weight + first)
            total = fma(slope * d, weight, total)
            store(-(slope * weight) * fill(memory, scale), memory, dy + row + first)
    return lane_sum(total)


@jit
def gradients(net, memory, grads, h, dy, width):
    """The block's part of the gradients of w_y and b_y."""
    w_y, b_y = head_of(net)
    H, K = net.columns, net.output_size
    outer(memory, grads, w_y, dy, K, K, h, H, H, 1, width)
    if net.output_bias:
        row_sums(memory, grads, b_y, dy, K, K, 1, width)


@jit
def pass_down(net, theta, memory, dy, above, width):
    """The loss's gradient at h_L: H rows at memory[above] = W_y^T dy."""
    w_y, _ = head_of(net)
    from_dy = Product(w_y, 1, net.columns, dy, net.output_size)
    dense(theta, memory, from_dy, nothing(), plain(net.columns, net.zero, 0, above), width)
