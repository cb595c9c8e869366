"""A net over one block of samples: all layers forwards, the head, all layers backwards.

A block runs to its end before the next one starts, so what it keeps stays in the caches.
"""

from __future__ import annotations

from nextclose.engine import gru, heads, lstm, norm, rnn
from nextclose.engine.compile import jit
from nextclose.engine.net import Block, layer_of, norm_of, passing_rows


@jit
def sum_biases(net, theta):
    """Refresh what products start with, after the weights have changed."""
    heads.sum_biases(net, theta)
    if net.bias:
        for index in range(net.num_layers):
            layer = layer_of(net, Block(0, 0, 0, 0, 0), index)
            if net.gates == 3:
                gru.sum_biases(net, layer, theta)
            else:
                rnn.sum_biases(net, layer, theta)


@jit
def set_start(net, h0, memory, block):
    """h[0] of every layer: h0 (num_layers * H,) for every sample, or zero."""
    for index in range(net.num_layers):
        at = layer_of(net, block, index).h
        for unit in range(net.hidden_size):
            start = at + unit * block.width
            memory[start : start + block.width] = h0[index * net.hidden_size + unit] if net.starts else 0.0


@jit
def forward(net, theta, memory, block):
    """All layers, then the head; its outputs go to their rows."""
    walk(net, theta, memory, block)
    heads.forward(net, theta, memory, last_state(net, block), passing_rows(net, block).yhat, block.width)


@jit
def last_state(net, block):
    """Where the H rows of h_L of the last layer lie."""
    return layer_of(net, block, net.num_layers - 1).h + net.seq_len * net.hidden_size * block.width


@jit
def walk(net, theta, memory, block):
    """All layers."""
    x = block.x
    for index in range(net.num_layers):
        layer = layer_of(net, block, index)
        if net.gates == 1:
            rnn.forward(net, layer, theta, memory, x, block.width)
        elif net.gates == 3:
            gru.forward(net, layer, theta, memory, x, block.width)
        else:
            lstm.forward(net, layer, theta, memory, x, block.width)
        x = layer.h + net.hidden_size * block.width


@jit
def backward(net, theta, memory, grads, block):
    """From the outputs' gradients to the block's part of every weight's, added to `grads`."""
    leave_head(net, theta, memory, grads, block)
    walk_back(net, theta, memory, grads, block)


@jit
def leave_head(net, theta, memory, grads, block):
    """From the outputs' gradients to those of h_L; where the head normalises, of what it makes of h_L."""
    width = block.width
    _, _, yhat, dy = passing_rows(net, block)
    above = layer_of(net, block, net.num_layers - 1).above + (net.seq_len - 1) * net.hidden_size * width
    if net.normalises:
        at = norm_of(net, yhat, width)
        heads.gradients(net, memory, grads, at.units, dy, width)
        heads.pass_down(net, theta, memory, dy, at.d_units, width)
        norm.backward(net, theta, memory, grads, yhat, above, width)
    else:
        heads.gradients(net, memory, grads, last_state(net, block), dy, width)
        heads.pass_down(net, theta, memory, dy, above, width)


@jit
def walk_back(net, theta, memory, grads, block):
    """From where `leave_head` came to, through all layers."""
    width, H = block.width, net.hidden_size
    dh, dc, yhat, _ = passing_rows(net, block)
    last = net.seq_len - 1
    if net.normalises:
        above = layer_of(net, block, net.num_layers - 1).above + last * H * width
        norm.pass_down(net, theta, memory, yhat, above, block.weight, width)
    for index in range(net.num_layers - 1, -1, -1):
        layer = layer_of(net, block, index)
        above_from = last if index == net.num_layers - 1 else 0
        below = layer_of(net, block, index - 1 if index > 0 else 0)
        x = block.x if index == 0 else below.h + H * width
        if net.gates == 1:
            rnn.backward(net, layer, theta, memory, above_from, width)
            rnn.gradients(net, layer, memory, grads, x, width)
        elif net.gates == 3:
            gru.backward(net, layer, theta, memory, above_from, dh, width)
            gru.gradients(net, layer, memory, grads, x, width)
        else:
            lstm.backward(net, layer, theta, memory, above_from, dh, dc, width)
            lstm.gradients(net, layer, memory, grads, x, width)
        if index > 0:
            pass_down(net, layer, theta, memory, below.above, width)


@jit
def pass_down(net, layer, theta, memory, out, width):
    """The loss's gradient at a layer's inputs, once its deltas are there."""
    if net.gates == 1:
        rnn.pass_down(net, layer, theta, memory, out, width)
    elif net.gates == 3:
        gru.pass_down(net, layer, theta, memory, out, width)
    else:
        lstm.pass_down(net, layer, theta, memory, out, width)
