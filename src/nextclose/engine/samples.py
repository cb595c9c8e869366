"""A task's samples: scaled, cast, and laid out in blocks whose rows are one feature or target of all samples.

    a block of `width` samples     L steps of F rows, K rows of targets, one row of weights

Where the order is fixed, blocks are laid out once for a whole run. Where batches are shuffled, or so small that they
would be mostly padding, scaled samples lie one after the other and each block is gathered anew.
"""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple

from nextclose.engine.compile import jit
from nextclose.engine.layout import BAD_X, BAD_Y
from nextclose.engine.net import Block
from nextclose.engine.vectors import lanes_of, scatter


class Span(NamedTuple):
    """One task's samples, and where they lie in memory."""

    start: int
    """First train window."""
    train: int
    """How many."""
    held_out_start: int
    held_out: int
    batch: int
    """Samples of an update."""
    size: int
    """Values of one sample: its window, its targets, its weight."""
    held_out_at: int
    """Where the validation blocks begin."""
    work: int
    """Where the rows begin that blocks work with."""


@jit
def sample_size(net, job):
    """Values of one sample."""
    return net.seq_len * net.input_size + job.targets + 1


@jit
def smaller(a, b):
    """min, which numba would compile in a context of its own."""
    return a if a < b else b


@jit
def padded(count, lanes):
    """Samples as whole vectors."""
    return -(-count // lanes) * lanes


@jit
def span_of(net, job, call, scratch, task):
    """A task's span."""
    start, stop, held_out_start, held_out_stop = call.wholes[task, :4]
    lanes, size = lanes_of(scratch.memory), sample_size(net, job)
    train, held_out, batch = stop - start, held_out_stop - held_out_start, call.wholes[task, 6]
    if not 0 < batch < train:
        batch = train
    gathered = padded(batch, lanes) if net.normalises else job.block
    room = gathered if job.gathers else -(-train // batch) * padded(batch, lanes)
    held_out_at = room * size
    work = held_out_at + padded(held_out, lanes) * size
    return Span(start, train, held_out_start, held_out, batch, size, held_out_at, work)


@jit
def lay_out(net, job, call, scratch, task, span):
    """Scale all samples of a task and lay them out; False, with their number in the record, if values are not finite."""
    _lay_out_batch(net, job, call, scratch, task, span, span.held_out_start, span.held_out, span.held_out_at, False)
    if job.gathers:  # last: batches are laid out by way of the same memory
        scale(net, job, call, task, span.start, span.train, scratch.samples, True)
    else:
        for first in range(0, span.train, span.batch):
            count = smaller(span.batch, span.train - first)
            place = first // span.batch * padded(span.batch, lanes_of(scratch.memory)) * span.size
            _lay_out_batch(net, job, call, scratch, task, span, span.start + first, count, place, True)
    return all_finite(call, task)


@jit
def _lay_out_batch(net, job, call, scratch, task, span, start, samples, place, weighted):
    """One batch as blocks from memory[place] on."""
    for first in range(0, samples, job.block):
        if call.control[0] != 0:
            return
        count = smaller(job.block, samples - first)
        scale(net, job, call, task, start + first, count, scratch.samples, weighted)
        width = padded(count, lanes_of(scratch.memory))
        gather(scratch, place + first * span.size, width, 0, count, span.size, False)


@jit
def train_block(net, job, scratch, span, first, count):
    """The block of train samples first.. ."""
    lanes = lanes_of(scratch.memory)
    width = padded(count, lanes)
    if job.gathers:
        gather(scratch, 0, width, first, count, span.size, job.shuffle)
        return block_at(net, job, 0, width, span.work)
    place = first // span.batch * padded(span.batch, lanes) + first % span.batch
    return block_at(net, job, place * span.size, width, span.work)


@jit
def batch_block(net, job, scratch, span, first, count):
    """As `train_block`, but nothing is gathered, and all blocks of a batch have data and rows of their own."""
    lanes = lanes_of(scratch.memory)
    width, within = padded(count, lanes), first % span.batch
    place = within + (0 if job.gathers else first // span.batch * padded(span.batch, lanes))
    return block_at(net, job, place * span.size, width, span.work + within * net.work_rows)


@jit
def held_out_block(net, job, scratch, span, first, count):
    """The block of validation samples first.. ."""
    width = padded(count, lanes_of(scratch.memory))
    return block_at(net, job, span.held_out_at + first * span.size, width, span.work)


@jit
def block_at(net, job, at, width, work):
    """The block whose data lie at memory[at]."""
    y = at + net.seq_len * net.input_size * width
    return Block(width, at, y, y + job.targets * width, work)


@jit
def scale(net, job, call, task, start, count, samples, weighted):
    """Windows start.. as (value - shift) / scale in float64, cast, one sample after the other.

    The task's record counts values that are not finite: those of X, then those of y.
    """
    L, F, K, size = job.steps, job.columns, job.targets, sample_size(net, job)
    scales = call.scales[call.wholes[task, 10]]
    bad_x, bad_y, as_is = 0, 0, _leaves(scales, F, K)
    for n in range(count):
        at, x, y = n * size, (start + n) * L * F, (start + n) * K
        for t in range(L):
            for f in range(F):
                value = call.X[x + t * F + f]
                if not as_is:
                    value = (value - scales[f]) / scales[F + f]
                samples[at] = value  # a step that is not walked is overwritten by the next
                bad_x += not isfinite(samples[at])
                at += t >= job.skip
        for k in range(K):
            value = call.y[y + k]
            if not as_is:
                value = (value - scales[2 * F + k]) / scales[2 * F + K + k]
            samples[at] = value
            bad_y += not isfinite(samples[at])
            at += 1
        samples[at] = call.weight[start + n] if weighted and len(call.weight) > 0 else 1.0
    call.record[task, 1] += bad_x
    call.record[task, 2] += bad_y


@jit
def all_finite(call, task):
    """Whether `scale` met finite values only; if not, the record becomes that of a task that ended with them."""
    record = call.record[task]
    if record[1] > 0.0:
        record[0], record[2] = BAD_X, 0.0
    elif record[2] > 0.0:
        record[0], record[1], record[2] = BAD_Y, record[2], 0.0
    return record[1] == 0.0


@jit
def _leaves(scales, F, K):
    """Whether every shift is 0 and every scale 1: then a value is itself, and need not be divided."""
    for f in range(F):
        if scales[f] != 0.0 or scales[F + f] != 1.0:
            return False
    for k in range(K):
        if scales[2 * F + k] != 0.0 or scales[2 * F + K + k] != 1.0:
            return False
    return True


@jit
def gather(scratch, at, width, first, count, size, ordered):
    """Samples as rows of a block at memory[at]; lanes without a sample are 0, their weight too."""
    memory = scratch.memory
    if count < width:
        memory[at : at + size * width] = 0.0
    for j in range(count):
        source = scratch.order[first + j] if ordered else first + j
        scatter(scratch.samples, source * size, memory, at + j, width, size)


@jit
def weight_of(call, scratch, start, first, count, ordered):
    """Sum of the weights of samples first.. of those that begin with window `start`."""
    if len(call.weight) == 0:
        return float(count)
    total = 0.0
    for j in range(first, first + count):
        total += call.weight[start + (scratch.order[j] if ordered else j)]
    return total
