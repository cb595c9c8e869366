"""The LSTM cell over a block of samples, forwards and backwards: `models/lstm.py` fused.

    i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)     g = tanh(a_g)     a = W_x x_t + b_x + W_h h_{t-1} + b_h
    c_t = f c_{t-1} + i g                                  h_t = o tanh(c_t)

    dh_t = above_t + W_h^T delta_{t+1}                     dc_t = dh_t o (1 - tanh(c_t)^2) + dc_{t+1} f_{t+1}
    delta_i = dc g i (1 - i)     delta_f = dc c_{t-1} f (1 - f)     delta_g = dc i (1 - g^2)
    delta_o = dh tanh(c_t) o (1 - o)
    dW_x = sum_t delta_t x_t^T     dW_h = sum_t delta_t h_{t-1}^T     db_x = db_h = sum_t delta_t

docs/backpropagation.md derives it. What a step keeps: i f g o, which become their deltas, c and tanh(c).
"""

from __future__ import annotations

from nextclose.engine import rnn
from nextclose.engine.compile import jit
from nextclose.engine.products import Product, copy_sums, dense, nothing, outer, plain, row_sums
from nextclose.engine.vectors import fill, fma, lanes_of, load, sigmoid, store, tanh

sum_biases = rnn.sum_biases


@jit
def forward(net, layer, theta, memory, x, width):
    """h_1 .. h_L and c_1 .. c_L of a layer whose inputs are L steps of rows at memory[x]."""
    H, F = net.hidden_size, layer.inputs
    memory[layer.c : layer.c + H * width] = 0.0
    for t in range(net.seq_len):
        remembers = net.memory and (t > 0 or net.starts)
        gates = layer.gates + t * 4 * H * width
        from_x = Product(layer.w_x, F, 1, x + t * F * width, F)
        from_h = Product(layer.w_h, H, 1, layer.h + t * H * width, H if remembers else 0)
        dense(theta, memory, from_x, from_h, plain(4 * H, layer.sums, 1, gates), width)
        _step(layer, memory, gates, t, H * width)


@jit
def _step(layer, memory, gates, t, size):
    """Gates, c_t and h_t from the sums; `size` numbers a gate."""
    c_before, c_after = layer.c + t * size, layer.c + (t + 1) * size
    for u in range(0, size, lanes_of(memory)):
        i = sigmoid(load(memory, gates + u))
        f = sigmoid(load(memory, gates + size + u))
        g = tanh(load(memory, gates + 2 * size + u))
        o = sigmoid(load(memory, gates + 3 * size + u))
        c = fma(f, load(memory, c_before + u), i * g)
        tanh_c = tanh(c)
        store(i, memory, gates + u)
        store(f, memory, gates + size + u)
        store(g, memory, gates + 2 * size + u)
        store(o, memory, gates + 3 * size + u)
        store(c, memory, c_after + u)
        store(tanh_c, memory, layer.tanh_c + t * size + u)
        store(o * tanh_c, memory, layer.h + (t + 1) * size + u)


@jit
def backward(net, layer, theta, memory, above_from, dh, dc, width):
    """The deltas of all gates, in their places; dh and dc are rows that pass from step to step."""
    H = net.hidden_size
    memory[dh : dh + H * width] = 0.0
    memory[dc : dc + H * width] = 0.0
    for t in range(net.seq_len - 1, -1, -1):
        gates = layer.gates + t * 4 * H * width
        _step_back(layer, memory, gates, t, t >= above_from, dh, dc, H * width)
        if net.memory and t > 0:
            from_delta = Product(layer.w_h, 1, H, gates, 4 * H)
            dense(theta, memory, from_delta, nothing(), plain(H, net.zero, 0, dh), width)


@jit
def _step_back(layer, memory, gates, t, has_above, dh_at, dc_at, size):
    """delta_i, delta_f, delta_g, delta_o in the gates' places; dc moves one step back."""
    one = fill(memory, 1.0)
    for u in range(0, size, lanes_of(memory)):
        i, f = load(memory, gates + u), load(memory, gates + size + u)
        g, o = load(memory, gates + 2 * size + u), load(memory, gates + 3 * size + u)
        tanh_c = load(memory, layer.tanh_c + t * size + u)
        dh = load(memory, dh_at + u)
        if has_above:
            dh = dh + load(memory, layer.above + t * size + u)
        dc = fma(dh * o, fma(-tanh_c, tanh_c, one), load(memory, dc_at + u))
        store(dc * g * (i * (one - i)), memory, gates + u)
        store(dc * load(memory, layer.c + t * size + u) * (f * (one - f)), memory, gates + size + u)
        store(dc * i * fma(-g, g, one), memory, gates + 2 * size + u)
        store(dh * tanh_c * (o * (one - o)), memory, gates + 3 * size + u)
        store(dc * f, memory, dc_at + u)


@jit
def gradients(net, layer, memory, grads, x, width):
    """The block's part of the gradients of w_x, w_h, b_x and b_h."""
    H, F, L = net.hidden_size, layer.inputs, net.seq_len
    outer(memory, grads, layer.w_x, layer.gates, 4 * H, 4 * H, x, F, F, L, width)
    if net.memory:
        first = 0 if net.starts else 1
        delta, h = layer.gates + first * 4 * H * width, layer.h + first * H * width
        outer(memory, grads, layer.w_h, delta, 4 * H, 4 * H, h, H, H, L - first, width)
    if net.bias:
        row_sums(memory, grads, layer.b_x, layer.gates, 4 * H, 4 * H, L, width)
        copy_sums(memory, grads, layer.b_h, layer.b_x, 4 * H)


@jit
def pass_down(net, layer, theta, memory, out, width):
    """The loss's gradient at the layer's inputs, L steps of rows at memory[out]: W_x^T delta_t."""
    H, F = net.hidden_size, layer.inputs
    for t in range(net.seq_len):
        from_delta = Product(layer.w_x, 1, F, layer.gates + t * 4 * H * width, 4 * H)
        goal = plain(F, net.zero, 0, out + t * F * width)
        dense(theta, memory, from_delta, nothing(), goal, width)
