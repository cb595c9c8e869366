"""The parts of a fit whose batches are shared by threads; `crew` says which thread does what and when.

    START     the initial weights into theta and `Call.params`
    CHUNK     the loss and the gradient of windows that lie in `Call.windows`, with the weights in `Call.params`
    UPDATE    the chunks' gradients, summed in their order in float64; then one update of theta, which `params` follows
    ORDER     the samples in the order of an epoch

Row 0 of a call's tables is the fit's, rows 1, 2, ... are its chunks'. A chunk's bits hang neither on the thread that
computes it nor on the chunks beside it.
"""

from __future__ import annotations

from math import isfinite

from nextclose.engine import block as blocks
from nextclose.engine import samples
from nextclose.engine.compile import jit
from nextclose.engine.draws import shuffle
from nextclose.engine.layout import BAD_X, BAD_Y, DONE, NO_BACKWARD, STATUS
from nextclose.engine.train import judge, move, reduce
from nextclose.engine.vectors import fill, fma, lane_sum, lanes_of, load, scatter


@jit
def start(call, scratch, task):
    """Nothing is summed yet, and the optimiser remembers nothing."""
    call.totals[:] = 0.0
    scratch.grad[:] = 0.0
    scratch.first[:] = 0.0
    scratch.second[:] = 0.0
    call.record[task, 0] = DONE


@jit
def order(net, call, scratch, task):
    """An epoch's order: wholes hold samples, seed and epoch in columns 1, 4 and 5."""
    wholes = call.wholes[task]
    shuffle(wholes[4], net.shuffle_key, wholes[5], scratch.order[: wholes[1]], call.control)
    call.record[task, 0] = DONE


@jit
def update(net, job, call, scratch, task):
    """Add the gradients of wholes[1] chunks to the totals; wholes[5] counts updates from 1, and 0 makes none yet."""
    chunks, step = call.wholes[task, 1], call.wholes[task, 5]
    for row in range(1, chunks + 1):
        for p in range(net.trained):
            call.totals[p] += call.grads[row, p]
    if step > 0:
        for p in range(net.trained):
            scratch.grad[p] = call.totals[p]
            call.totals[p] = 0.0
        move(net, job, call, scratch, task, step, call.rates[task, 0])
        for p in range(net.trained):
            call.params[task, p] = scratch.theta[p]
    call.record[task, 0] = DONE


@jit
def learn(net, job, call, scratch, task):
    """A chunk of wholes[1] windows from a batch of wholes[6]: its sum of losses, and its part of the batch's gradient."""
    count, share = call.wholes[task, 1], 1.0 / (call.wholes[task, 6] * net.output_size)
    if not _finite(call.windows, count * job.steps * job.columns):
        call.record[task, 0] = BAD_X
    elif not _finite(call.targets, count * job.targets):
        call.record[task, 0] = BAD_Y
    else:
        _read_weights(net, call, scratch)
        scratch.sums[:] = 0.0
        loss = 0.0
        for first in range(0, count, job.block):
            if call.control[0] != 0:
                return
            block = _block_of(net, job, call, scratch, first, samples.smaller(job.block, count - first))
            loss += judge(net, job, call, scratch, block, share)
            if job.backward != NO_BACKWARD:
                blocks.backward(net, scratch.theta, scratch.memory, scratch.sums, block)
        if job.backward != NO_BACKWARD:
            reduce(scratch.sums, scratch.grad, net.trained)
            for p in range(net.trained):
                call.grads[task, p] = scratch.grad[p]
        call.record[task, STATUS] = loss
        call.record[task, 0] = DONE


@jit
def _read_weights(net, call, scratch):
    """The fit's weights of the moment, and the state that it starts with."""
    scratch.theta[:] = 0.0
    for p in range(net.trained):
        scratch.theta[p] = call.params[0, p]
    for p in range(net.trained, net.total):
        scratch.drawn[p] = call.params[0, p]
    blocks.sum_biases(net, scratch.theta)


@jit
def _block_of(net, job, call, scratch, first, count):
    """Windows first.. of the chunk as a block; lanes without a window are 0, their weight too."""
    memory, size = scratch.memory, samples.sample_size(net, job)
    width, inputs = samples.padded(count, lanes_of(memory)), net.seq_len * net.input_size
    if count < width:
        memory[: size * width] = 0.0
    for n in range(count):
        window = (first + n) * job.steps * job.columns + job.skip * job.columns
        scatter(call.windows, window, memory, n, width, inputs)
        scatter(call.targets, (first + n) * job.targets, memory, inputs * width + n, width, job.targets)
        memory[(size - 1) * width + n] = 1.0
    return samples.block_at(net, job, 0, width, job.block * size)


@jit
def _finite(values, count):
    """Whether the first `count` values are: 0 times another is no number."""
    lanes = lanes_of(values)
    whole, bad = count // lanes * lanes, 0
    zero = fill(values, 0.0)
    total = zero
    for at in range(0, whole, lanes):
        total = fma(load(values, at), zero, total)
    for at in range(whole, count):
        bad += not isfinite(values[at])
    return bad == 0 and lane_sum(total) == 0.0
