"""Where a net's weights and a block's rows lie.

One compiled kernel serves every cell and size, so a net is a handful of integers (`layout.Net`). All of a block's
numbers are rows in one scratch array, `width` samples each; a layer's part of it, for every layer one after the other:

    h       L+1 steps of H rows     h[0] is h_0
    gates   L steps of G' rows      what the cell keeps of a step; backwards it becomes the gradients of the sums
    c, tanh(c)   L+1 and L steps of H rows, LSTM only

Behind the layers lie the rows `above`, the loss's gradient at each h that comes from the layer or head above: L steps
of H rows for every layer but the last, and one step for that. Then dh and dc, the outputs, their gradients, and what a
head that normalises keeps: the normalised states, as they are and scaled, the units behind them, and their gradients.
"""

from __future__ import annotations

from typing import NamedTuple

from nextclose.engine.compile import jit


class Layer(NamedTuple):
    """Where one layer's weights lie in the flat vector, and its rows in the scratch array."""

    w_x: int
    w_h: int
    b_x: int
    b_h: int
    inputs: int
    """Columns of w_x."""
    rows: int
    """Rows of w_x and w_h, G * H."""
    h: int
    gates: int
    above: int
    """Of step 0; the last layer's exists for the last step only."""
    c: int
    tanh_c: int
    sums: int
    """What the layer's products start with, 4H scalars behind the weights: its biases, summed where they are."""


class Block(NamedTuple):
    """One block of samples: `width` of them, its data and its scratch rows."""

    width: int
    x: int
    """L steps of F rows."""
    y: int
    """K rows of targets, without quantiles."""
    weight: int
    """One row; 0 where a lane holds no sample."""
    work: int
    """Where the scratch rows begin."""


class Passing(NamedTuple):
    """Rows that layers share."""

    dh: int
    dc: int
    yhat: int
    dy: int


class Norm(NamedTuple):
    """Where the parts of a head that normalises lie in theta, and its rows in the scratch array."""

    gain: int
    shift: int
    w_z: int
    b_z: int
    normal: int
    """H rows, (h - mean) / deviation."""
    scaled: int
    """H rows, gain * normal + shift."""
    units: int
    """H // 2 rows, relu(W_z scaled + b_z)."""
    d_units: int
    """H // 2 rows: the loss's gradient at the sums before the relu."""


@jit
def head_of(net):
    """Where w_y begins, and where b_y does."""
    b_y = net.trained - net.output_size * net.output_bias
    return b_y - net.output_size * net.columns, b_y


@jit
def norm_of(net, yhat, width):
    """The places of a head that normalises, whose outputs' rows begin at memory[yhat]."""
    H, units = net.hidden_size, net.columns
    w_y, _ = head_of(net)
    b_z = w_y - units
    w_z = b_z - units * H
    normal = yhat + 2 * net.output_size * width
    scaled = normal + H * width
    units_at = scaled + H * width
    return Norm(w_z - 2 * H, w_z - H, w_z, b_z, normal, scaled, units_at, units_at + units * width)


@jit
def layer_of(net, block, layer):
    """A layer's places; parameters in the canonical order of `core.cells`."""
    L, H, width = net.seq_len, net.hidden_size, block.width
    rows, w_x, inputs = net.gates * H, 0, net.input_size
    for _ in range(layer):
        w_x += rows * (inputs + (H + net.bias) * net.recurrent + net.bias)
        inputs = H
    w_h = w_x + rows * inputs
    b_x = w_h + rows * H * net.recurrent
    h = block.work + layer * net.layer_rows * width
    gates = h + (L + 1) * H * width
    c = gates + L * net.kept * width
    tanh_c = c + (L + 1) * H * width
    last = (L - 1) * H if layer == net.num_layers - 1 else 0
    above = block.work + (net.num_layers * net.layer_rows + layer * L * H - last) * width
    sums = net.trained + layer * 4 * H
    return Layer(w_x, w_h, b_x, b_x + rows, inputs, rows, h, gates, above, c, tanh_c, sums)


@jit
def passing_rows(net, block):
    """Where the rows lie that layers share: dh, dc, the outputs and their gradients."""
    H, width = net.hidden_size, block.width
    above = net.num_layers * net.layer_rows + (net.num_layers - 1) * net.seq_len * H + H
    dh = block.work + above * width
    yhat = dh + 2 * H * width
    return Passing(dh, dh + H * width, yhat, yhat + net.output_size * width)
