"""A whole training run inside a kernel: epochs of batches of blocks, forward, loss, backward, update."""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np

from nextclose.engine import block as blocks
from nextclose.engine import heads, norm, samples
from nextclose.engine.compile import jit
from nextclose.engine.draws import shuffle
from nextclose.engine.layout import DIVERGED, DONE, MSE, STATUS
from nextclose.engine.net import passing_rows
from nextclose.engine.optimizers import update
from nextclose.engine.vectors import lane_sums, lanes_of, store


@jit
def train(net, job, call, scratch, task):
    """Run a task whose initial weights are in theta; its weights and losses go to its rows of `params` and `record`."""
    span = samples.span_of(net, job, call, scratch, task)
    finite = samples.lay_out(net, job, call, scratch, task, span)
    if call.control[0] != 0 or not finite:
        return
    record, epochs, patience = call.record[task], call.wholes[task, 5], call.wholes[task, 7]
    lr, drop_every = call.rates[task, 0], call.wholes[task, 8]
    blocks.sum_biases(net, scratch.theta)
    scratch.first[:] = 0.0
    scratch.second[:] = 0.0
    best_loss, best_epoch = np.inf, 0
    for epoch in range(epochs):
        if drop_every > 0 and epoch > 0 and epoch % drop_every == 0:
            lr *= call.rates[task, 4]
        loss = _epoch(net, job, call, scratch, task, span, epoch, lr)
        held_out_loss = np.nan
        if isfinite(loss) and span.held_out > 0:
            held_out_loss = _held_out_loss(net, job, call, scratch, span)
        if call.control[0] != 0:
            return
        record[STATUS + epoch], record[STATUS + call.epochs + epoch] = loss, held_out_loss
        record[2], record[3] = epoch + 1, epoch
        if not isfinite(loss):
            record[0], record[1] = DIVERGED, epoch
            return
        if span.held_out > 0 and job.restores:
            if epoch == 0 or held_out_loss <= best_loss:
                best_loss, best_epoch = held_out_loss if isfinite(held_out_loss) else np.inf, epoch
                for p in range(net.start):
                    scratch.best[p] = scratch.theta[weight_at(net, p)]
            record[3] = best_epoch
        call.control[1] += 1
        if patience > 0 and span.held_out > 0 and job.restores and epoch - best_epoch >= patience:
            break
    _finish(net, job, call, scratch, task, span)


@jit
def weight_at(net, p):
    """Where theta holds number p of the flat vector, p < `net.start`."""
    return p if p < net.trained else net.state + p - net.trained


@jit
def _finish(net, job, call, scratch, task, span):
    """The task's weights to its row; DIVERGED, after the last epoch, if one is not finite."""
    record, bad, restores = call.record[task], 0, span.held_out > 0 and job.restores
    for p in range(net.start):
        weight = scratch.best[p] if restores else scratch.theta[weight_at(net, p)]
        call.params[task, p] = weight
        bad += not isfinite(weight)
    record[0] = DIVERGED if bad > 0 else DONE
    if bad > 0:
        record[1] = record[2] - 1.0


@jit
def _epoch(net, job, call, scratch, task, span, epoch, lr):
    """One pass over all samples; the sample-weighted mean of the batch losses, each taken before its update."""
    if job.shuffle:
        shuffle(call.wholes[task, 4], net.shuffle_key, epoch, scratch.order[: span.train], call.control)
    batches = span.train // span.batch if job.drop_last else -(-span.train // span.batch)
    total, seen = 0.0, 0
    for batch in range(batches):
        first = batch * span.batch
        count = samples.smaller(span.batch, span.train - first)
        if net.normalises:
            loss = _batch_at_once(net, job, call, scratch, span, first, count)
        else:
            loss = _batch(net, job, call, scratch, span, first, count)
        total += loss * count
        seen += count
        if call.control[0] != 0:
            return total
        reduce(scratch.sums, scratch.grad, net.trained)
        move(net, job, call, scratch, task, epoch * batches + batch + 1, lr)
        blocks.sum_biases(net, scratch.theta)
    return total / seen


@jit
def _batch(net, job, call, scratch, span, batch_first, samples_in_batch):
    """A batch's loss; the gradients' sums by lane are in `sums`. All are 0 where the samples' weights are."""
    weight = samples.weight_of(call, scratch, span.start, batch_first, samples_in_batch, job.shuffle)
    share = 1.0 / (weight * net.output_size) if weight > 0.0 else 0.0
    scratch.sums[:] = 0.0
    loss = 0.0
    for first in range(0, samples_in_batch, job.block):
        if call.control[0] != 0:
            break
        count = samples.smaller(job.block, samples_in_batch - first)
        block = samples.train_block(net, job, scratch, span, batch_first + first, count)
        loss += judge(net, job, call, scratch, block, share)
        blocks.backward(net, scratch.theta, scratch.memory, scratch.sums, block)
    return loss * share


@jit
def _batch_at_once(net, job, call, scratch, span, batch_first, samples_in_batch):
    """As `_batch`, where the head normalises over the batch: all blocks go one way before any goes the other."""
    theta, memory, sums = scratch.theta, scratch.memory, scratch.sums
    share = 1.0 / (samples_in_batch * net.output_size)
    stop, loss = batch_first + samples_in_batch, 0.0
    sums[:] = 0.0
    for first in range(batch_first, stop, job.block):
        if call.control[0] != 0:
            return loss
        count = samples.smaller(job.block, stop - first)
        block = samples.batch_block(net, job, scratch, span, first, count)
        if job.gathers:
            samples.gather(scratch, block.x, block.width, first, count, span.size, job.shuffle)
        if net.starts or net.gates == 3:
            blocks.set_start(net, scratch.drawn[net.start :], memory, block)
        blocks.walk(net, theta, memory, block)
    for unit in range(net.hidden_size):
        _take_statistics(net, job, scratch, span, batch_first, samples_in_batch, unit)
    for first in range(batch_first, stop, job.block):
        block = samples.batch_block(net, job, scratch, span, first, samples.smaller(job.block, stop - first))
        heads.forward(net, theta, memory, blocks.last_state(net, block), passing_rows(net, block).yhat, block.width)
        loss += loss_of(net, job, call, memory, block, share)
        blocks.leave_head(net, theta, memory, sums, block)
    norm.average(net, theta, sums, samples_in_batch)
    for first in range(batch_first, stop, job.block):
        if call.control[0] != 0:
            break
        block = samples.batch_block(net, job, scratch, span, first, samples.smaller(job.block, stop - first))
        blocks.walk_back(net, theta, memory, sums, block)
    return loss * share


@jit
def _take_statistics(net, job, scratch, span, batch_first, samples_in_batch, unit):
    """A unit's mean and variance over the batch."""
    memory, stop, total, spread = scratch.memory, batch_first + samples_in_batch, 0.0, 0.0
    for first in range(batch_first, stop, job.block):
        block = samples.batch_block(net, job, scratch, span, first, samples.smaller(job.block, stop - first))
        row = blocks.last_state(net, block) + unit * block.width
        total += norm.row_sum(memory, row, block.weight, block.width)
    mean = total / samples_in_batch
    for first in range(batch_first, stop, job.block):
        block = samples.batch_block(net, job, scratch, span, first, samples.smaller(job.block, stop - first))
        row = blocks.last_state(net, block) + unit * block.width
        spread += norm.row_spread(memory, row, mean, block.weight, block.width)
    norm.follow(net, scratch.theta, unit, mean, spread / samples_in_batch, samples_in_batch)


@jit
def _held_out_loss(net, job, call, scratch, span):
    """The loss on the validation samples."""
    loss = 0.0
    for first in range(0, span.held_out, job.block):
        if call.control[0] != 0:
            break
        block = samples.held_out_block(
            net, job, scratch, span, first, samples.smaller(job.block, span.held_out - first)
        )
        loss += judge(net, job, call, scratch, block, 0.0)
    return loss / (span.held_out * net.output_size)


@jit
def judge(net, job, call, scratch, block, share):
    """The block forwards: its sum of losses; the outputs' gradients, times share, go to their rows."""
    if net.starts or net.gates == 3:  # without a start no other cell reads h[0]
        blocks.set_start(net, scratch.drawn[net.start :], scratch.memory, block)
    blocks.forward(net, scratch.theta, scratch.memory, block)
    return loss_of(net, job, call, scratch.memory, block, share)


@jit
def move(net, job, call, scratch, task, step, lr):
    """Update number `step` of the weights, from 1 on, by the gradient in `grad`."""
    _, momentum, decay, clip, _ = call.rates[task]
    theta, grad = scratch.theta, scratch.grad
    if clip > 0.0:
        _clip(grad, net.trained, clip)
    update(job.optimizer, theta, grad, scratch.first, scratch.second, net.trained, step, lr, momentum, decay)


@jit
def loss_of(net, job, call, memory, block, scale):
    """The block's sum of losses; the outputs' gradients, times scale, go to their rows."""
    rows = passing_rows(net, block)
    if job.loss == MSE:
        return np.float64(heads.squared(net, memory, block, rows.yhat, rows.dy, scale))
    return np.float64(heads.pinball(net, call.quantiles, memory, block, rows.yhat, rows.dy, scale))


@jit
def reduce(sums, grad, count):
    """Each weight's gradient from its vector of partial sums."""
    lanes = lanes_of(sums)
    for p in range(0, count, lanes):
        store(lane_sums(sums, p * lanes), grad, p)


@jit
def _clip(grad, count, limit):
    """Scale all gradients down to a norm of `limit`, as torch's clip_grad_norm_."""
    total = 0.0
    for p in range(count):
        total += np.float64(grad[p]) * np.float64(grad[p])
    factor = limit / (sqrt(total) + 1e-6)
    if factor < 1.0:
        for p in range(count):
            grad[p] *= grad.dtype.type(factor)
