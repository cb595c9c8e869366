"""The GRU cell over a block of samples, forwards and backwards: `models/gru.py` fused.

    r, z = sigmoid(a_r), sigmoid(a_z)     a_r, a_z = W_x x_t + b_x + W_h h_{t-1} + b_h
    n = tanh(x_n + r h_n)                 x_n = W_xn x_t + b_xn     h_n = W_hn h_{t-1} + b_hn
    h_t = n + z (h_{t-1} - n)

    dh_t = above_t + dh_{t+1} z_{t+1} + W_h^T (delta_r, delta_z, delta_h_n)_{t+1}
    delta_n = dh (1 - z) (1 - n^2)        delta_h_n = delta_n r
    delta_r = delta_n h_n r (1 - r)       delta_z = dh (h_{t-1} - n) z (1 - z)

    dW_x = sum_t (delta_r, delta_z, delta_n) x_t^T           db_x = sum_t (delta_r, delta_z, delta_n)
    dW_h = sum_t (delta_r, delta_z, delta_h_n) h_{t-1}^T     db_h = sum_t (delta_r, delta_z, delta_h_n)

delta_n is the gradient at x_n and delta_h_n that at h_n. docs/backpropagation.md derives it. What a step keeps, in this
order: n r z h_n, which become their deltas; so the last three lie as the rows of w_h do.
"""

from __future__ import annotations

from nextclose.engine.compile import jit
from nextclose.engine.products import Product, copy_sums, dense, nothing, outer, plain, row_sums
from nextclose.engine.vectors import fill, fma, lanes_of, load, sigmoid, store, tanh


@jit
def sum_biases(net, layer, theta):
    """What each row's sum starts with: b_x + b_h for r and z, b_x for x_n, b_h for h_n."""
    H = net.hidden_size
    for row in range(2 * H):
        theta[layer.sums + row] = theta[layer.b_x + row] + theta[layer.b_h + row]
    for row in range(2 * H, 3 * H):
        theta[layer.sums + row] = theta[layer.b_x + row]
        theta[layer.sums + H + row] = theta[layer.b_h + row]


@jit
def forward(net, layer, theta, memory, x, width):
    """h_1 .. h_L of a layer whose inputs are L steps of rows at memory[x]."""
    H, F = net.hidden_size, layer.inputs
    for t in range(net.seq_len):
        x_t, h_before, n = x + t * F * width, layer.h + t * H * width, layer.gates + t * 4 * H * width
        remembered = H if net.memory and (t > 0 or net.starts) else 0
        from_x = Product(layer.w_x, F, 1, x_t, F)
        from_h = Product(layer.w_h, H, 1, h_before, remembered)
        dense(theta, memory, from_x, from_h, plain(2 * H, layer.sums, 1, n + H * width), width)
        from_x = Product(layer.w_x + 2 * H * F, F, 1, x_t, F)
        dense(theta, memory, from_x, nothing(), plain(H, layer.sums + 2 * H, 1, n), width)
        from_h = Product(layer.w_h + 2 * H * H, H, 1, h_before, remembered)
        dense(theta, memory, from_h, nothing(), plain(H, layer.sums + 3 * H, 1, n + 3 * H * width), width)
        _step(memory, n, h_before, H * width)


@jit
def _step(memory, gates, h, size):
    """n, r, z and h_t from the sums; `size` numbers a gate."""
    for u in range(0, size, lanes_of(memory)):
        r = sigmoid(load(memory, gates + size + u))
        z = sigmoid(load(memory, gates + 2 * size + u))
        n = tanh(fma(r, load(memory, gates + 3 * size + u), load(memory, gates + u)))
        store(n, memory, gates + u)
        store(r, memory, gates + size + u)
        store(z, memory, gates + 2 * size + u)
        store(fma(z, load(memory, h + u) - n, n), memory, h + size + u)


@jit
def backward(net, layer, theta, memory, above_from, dh, width):
    """The deltas of n, r, z and h_n, in their places; dh is 2H rows that pass from step to step.

    The first H of them keep what passed the update gate, the others W_h^T times the deltas of the step behind.
    """
    H, size = net.hidden_size, net.hidden_size * width
    memory[dh : dh + 2 * size] = 0.0
    for t in range(net.seq_len - 1, -1, -1):
        gates = layer.gates + t * 4 * size
        above = layer.above + t * size if t >= above_from else -1
        _step_back(memory, gates, layer.h + t * size, above, dh, size)
        if net.memory and t > 0:
            from_delta = Product(layer.w_h, 1, H, gates + size, 3 * H)
            dense(theta, memory, from_delta, nothing(), plain(H, net.zero, 0, dh + size), width)


@jit
def _step_back(memory, gates, h, above, dh_at, size):
    """delta_n, delta_r, delta_z, delta_h_n in the gates' places; above is -1 where nothing comes from there."""
    one = fill(memory, 1.0)
    for u in range(0, size, lanes_of(memory)):
        n, r = load(memory, gates + u), load(memory, gates + size + u)
        z, h_n = load(memory, gates + 2 * size + u), load(memory, gates + 3 * size + u)
        dh = load(memory, dh_at + u) + load(memory, dh_at + size + u)
        if above >= 0:
            dh = dh + load(memory, above + u)
        delta_n = dh * (one - z) * fma(-n, n, one)
        store(delta_n, memory, gates + u)
        store(delta_n * h_n * (r * (one - r)), memory, gates + size + u)
        store(dh * (load(memory, h + u) - n) * (z * (one - z)), memory, gates + 2 * size + u)
        store(delta_n * r, memory, gates + 3 * size + u)
        store(dh * z, memory, dh_at + u)


@jit
def gradients(net, layer, memory, grads, x, width):
    """The block's part of the gradients of w_x, w_h, b_x and b_h."""
    H, F, L = net.hidden_size, layer.inputs, net.seq_len
    n, rz = layer.gates, layer.gates + H * width
    outer(memory, grads, layer.w_x, rz, 4 * H, 2 * H, x, F, F, L, width)
    outer(memory, grads, layer.w_x + 2 * H * F, n, 4 * H, H, x, F, F, L, width)
    if net.memory:
        first = 0 if net.starts else 1
        delta, h = rz + first * 4 * H * width, layer.h + first * H * width
        outer(memory, grads, layer.w_h, delta, 4 * H, 3 * H, h, H, H, L - first, width)
    if net.bias:
        row_sums(memory, grads, layer.b_x, rz, 4 * H, 2 * H, L, width)
        row_sums(memory, grads, layer.b_x + 2 * H, n, 4 * H, H, L, width)
        row_sums(memory, grads, layer.b_h + 2 * H, n + 3 * H * width, 4 * H, H, L, width)
        copy_sums(memory, grads, layer.b_h, layer.b_x, 2 * H)


@jit
def pass_down(net, layer, theta, memory, out, width):
    """The loss's gradient at the layer's inputs, L steps of rows at memory[out]: W_x^T (delta_r, delta_z, delta_n)."""
    H, F = net.hidden_size, layer.inputs
    for t in range(net.seq_len):
        n = layer.gates + t * 4 * H * width
        from_rz = Product(layer.w_x, 1, F, n + H * width, 2 * H)
        from_n = Product(layer.w_x + 2 * H * F, 1, F, n, H)
        dense(theta, memory, from_rz, from_n, plain(F, net.zero, 0, out + t * F * width), width)
