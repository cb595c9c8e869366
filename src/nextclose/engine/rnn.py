"""The Elman cell over a block of samples, forwards and backwards: `models/rnn.py` fused.

    h_t = act(W_x x_t + b_x + W_h h_{t-1} + b_h)

    delta_t = (above_t + W_h^T delta_{t+1}) * act'(h_t)      act' = 1 - h^2 for tanh, [h > 0] for relu
    dW_x = sum_t delta_t x_t^T     dW_h = sum_t delta_t h_{t-1}^T     db = sum_t delta_t

above_t is the loss's gradient at h_t as it comes from the head or the layer above. docs/backpropagation.md derives it.
What a step keeps: h; its delta has rows of its own, the gates'.
"""

from __future__ import annotations

from nextclose.engine.compile import jit
from nextclose.engine.layout import RELU, TANH
from nextclose.engine.products import AS_IS, TANH_BACK, Goal, Product, copy_sums, dense, nothing, outer, plain, row_sums
from nextclose.engine.vectors import fill, fma, keep_positive, lanes_of, load, store, tanh


@jit
def sum_biases(net, layer, theta):
    """What each row's sum starts with: b_x + b_h."""
    for row in range(layer.rows):
        theta[layer.sums + row] = theta[layer.b_x + row]
        if net.recurrent:
            theta[layer.sums + row] += theta[layer.b_h + row]


@jit
def forward(net, layer, theta, memory, x, width):
    """h_1 .. h_L of a layer whose inputs are L steps of rows at memory[x]."""
    H, F = net.hidden_size, layer.inputs
    for t in range(net.seq_len):
        remembers = net.memory and (t > 0 or net.starts)
        from_x = Product(layer.w_x, F, 1, x + t * F * width, F)
        from_h = Product(layer.w_h, H, 1, layer.h + t * H * width, H if remembers else 0)
        h = layer.h + (t + 1) * H * width
        dense(theta, memory, from_x, from_h, plain(H, layer.sums, 1, h), width)
        _step(net, memory, h, H * width)


@jit
def _step(net, memory, h, size):
    """h_t from the sums in its place."""
    if net.activation == TANH:
        for u in range(h, h + size, lanes_of(memory)):
            store(tanh(load(memory, u)), memory, u)
    elif net.activation == RELU:
        for u in range(h, h + size, lanes_of(memory)):
            total = load(memory, u)
            store(keep_positive(total, total), memory, u)


@jit
def backward(net, layer, theta, memory, above_from, width):
    """delta_L .. delta_1 into the gate rows; rows of `above` are there from step `above_from` on."""
    H, size = net.hidden_size, net.hidden_size * width
    for t in range(net.seq_len - 1, -1, -1):
        delta, h, later = layer.gates + t * size, layer.h + (t + 1) * size, net.memory and t + 1 < net.seq_len
        alone = later and t < above_from
        if later:
            from_later = Product(layer.w_h, 1, H, delta + size, H)
            finish = TANH_BACK if alone and net.activation == TANH else AS_IS
            dense(theta, memory, from_later, nothing(), Goal(H, net.zero, 0, delta, finish, h), width)
        if not (alone and net.activation != RELU):
            above = layer.above + t * size if t >= above_from else -1
            _step_back(net, memory, delta, later, above, h, size)


@jit
def _step_back(net, memory, delta, later, above, h, size):
    """delta_t, from W_h^T delta_{t+1} in its place where there is one, and from `above` unless that is -1."""
    one = fill(memory, 1.0)
    for u in range(0, size, lanes_of(memory)):
        if later and above >= 0:
            dh = load(memory, delta + u) + load(memory, above + u)
        elif later:
            dh = load(memory, delta + u)
        elif above >= 0:
            dh = load(memory, above + u)
        else:
            dh = fill(memory, 0.0)
        h_t = load(memory, h + u)
        if net.activation == TANH:
            dh = dh * fma(-h_t, h_t, one)
        elif net.activation == RELU:
            dh = keep_positive(dh, h_t)
        store(dh, memory, delta + u)


@jit
def gradients(net, layer, memory, grads, x, width):
    """The block's part of the gradients of w_x, w_h, b_x and b_h."""
    H, F, L = net.hidden_size, layer.inputs, net.seq_len
    outer(memory, grads, layer.w_x, layer.gates, H, H, x, F, F, L, width)
    if net.memory:
        first = 0 if net.starts else 1
        delta, h = layer.gates + first * H * width, layer.h + first * H * width
        outer(memory, grads, layer.w_h, delta, H, H, h, H, H, L - first, width)
    if net.bias:
        row_sums(memory, grads, layer.b_x, layer.gates, H, H, L, width)
        if net.recurrent:
            copy_sums(memory, grads, layer.b_h, layer.b_x, H)


@jit
def pass_down(net, layer, theta, memory, out, width):
    """The loss's gradient at the layer's inputs, L steps of rows at memory[out]: W_x^T delta_t."""
    H, F = net.hidden_size, layer.inputs
    for t in range(net.seq_len):
        from_delta = Product(layer.w_x, 1, F, layer.gates + t * H * width, H)
        dense(theta, memory, from_delta, nothing(), plain(F, net.zero, 0, out + t * F * width), width)
