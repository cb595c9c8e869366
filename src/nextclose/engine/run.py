"""The kernel that Python calls: tasks first..stop-1, each a training run, a single pass, or a part of a pooled fit.

What a task computes depends on its own inputs alone.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
from numba.core import types

from nextclose.engine import block as blocks
from nextclose.engine import chunks, samples
from nextclose.engine.arrays import call_arrays, scratch_arrays
from nextclose.engine.compile import compile_kernel, jit, read, view
from nextclose.engine.draws import initialise
from nextclose.engine.layout import (
    BAD_INIT,
    CHUNK,
    DONE,
    NO_BACKWARD,
    OF_LOSS,
    OF_OUTPUTS,
    ORDER,
    START,
    STATUS,
    STOPPED,
    TRAIN,
    UPDATE,
    Job,
    Net,
)
from nextclose.engine.machine import RECORDS, Target
from nextclose.engine.net import Block, layer_of, passing_rows
from nextclose.engine.train import loss_of, reduce, train, weight_at
from nextclose.engine.vectors import lanes_of

_KINDS = {"float32": types.float32, "float64": types.float64}


def compile_run(dtype: str, target: Target) -> bytes:
    """The kernel of one dtype as an object file."""
    return compile_kernel(_kernel(_KINDS[dtype]), RECORDS, target)


def _kernel(kind: Any) -> Any:
    @jit
    def run(net_at, job_at, scratch_at, call_at, first, stop):
        net, job = read(net_at, Net), read(job_at, Job)
        scratch = scratch_arrays(net, scratch_at, kind)
        call = call_arrays(net, job, call_at, kind)
        for task in range(first, stop):
            call.record[task, 0] = STOPPED
            if call.control[0] == 0:
                if job.mode == CHUNK:
                    chunks.learn(net, job, call, scratch, task)
                elif job.mode == UPDATE:
                    chunks.update(net, job, call, scratch, task)
                elif job.mode == ORDER:
                    chunks.order(net, call, scratch, task)
                elif _starts(net, call, scratch, task):
                    if job.mode == TRAIN:
                        train(net, job, call, scratch, task)
                    elif job.mode == START:
                        chunks.start(call, scratch, task)
                    else:
                        _pass(net, job, call, scratch, task)

    return run


@jit
def _starts(net, call, scratch, task):
    """The initial weights into theta and the results; False if one is not finite."""
    drawn, theta = scratch.drawn, scratch.theta
    if call.wholes[task, 9] >= 0:
        given = call.init[call.wholes[task, 9]]
        for i in range(net.total):
            drawn[i] = given[i]
    else:
        draws = view(net.draws, np.int64, (2, net.parameters))
        bounds = view(net.bounds, np.float64, net.parameters)
        initialise(call.wholes[task, 4], draws[0], draws[1], bounds, drawn)
    bad = 0
    theta[:] = 0.0
    for i in range(net.total):
        call.params[task, i] = drawn[i]
        bad += not isfinite(call.params[task, i])
        if i < net.trained:
            theta[i] = drawn[i]
    if net.recurrent and not net.memory:
        for index in range(net.num_layers):
            layer = layer_of(net, Block(0, 0, 0, 0, 0), index)
            theta[layer.w_h : layer.w_h + layer.rows * net.hidden_size] = 0.0
    for i in range(net.trained):
        call.params[task, i] = theta[i]
    for i in range(net.trained, net.start):
        theta[weight_at(net, i)] = drawn[i]
    record = call.record[task]
    record[1], record[2], record[3] = bad, 0, 0
    if bad > 0:
        record[0] = BAD_INIT
    return bad == 0


@jit
def _pass(net, job, call, scratch, task):
    """Outputs of windows start..stop-1, from row val_start on, and gradients and rows where they are wanted."""
    start, stop, row = call.wholes[task, 0], call.wholes[task, 1], call.wholes[task, 2]
    size, memory = samples.sample_size(net, job), scratch.memory
    weight = samples.weight_of(call, scratch, start, 0, stop - start, False)
    work, kept_at, loss = job.block * size, 0, 0.0
    blocks.sum_biases(net, scratch.theta)
    scratch.sums[:] = 0.0
    for first in range(start, stop, job.block):
        count = samples.smaller(job.block, stop - first)
        if call.control[0] != 0:
            return
        samples.scale(net, job, call, task, first, count, scratch.samples, True)
        width = samples.padded(count, lanes_of(memory))
        samples.gather(scratch, 0, width, 0, count, size, False)
        block = samples.block_at(net, job, 0, width, work)
        blocks.set_start(net, scratch.drawn[net.start :], memory, block)
        blocks.forward(net, scratch.theta, memory, block)
        _keep_outputs(net, call, memory, block, row + first - start, count)
        if job.backward == OF_LOSS:
            loss += loss_of(net, job, call, memory, block, 1.0 / (weight * net.output_size))
        elif job.backward == OF_OUTPUTS:
            dy = passing_rows(net, block).dy
            for i in range(net.output_size * width):
                memory[dy + i] = memory[block.y + i]
        if job.backward != NO_BACKWARD:
            blocks.backward(net, scratch.theta, memory, scratch.sums, block)
        if job.keep:
            kept_at += _keep_rows(net, job, call, scratch, block, kept_at)
    if not samples.all_finite(call, task):
        return
    if job.backward != NO_BACKWARD:
        reduce(scratch.sums, scratch.grad, net.trained)
        for p in range(net.trained):
            call.grads[task, p] = scratch.grad[p]
    call.record[task, STATUS] = loss / (weight * net.output_size)
    call.record[task, 0] = DONE


@jit
def _keep_outputs(net, call, memory, block, first, count):
    yhat = passing_rows(net, block).yhat
    for n in range(count):
        for k in range(net.output_size):
            call.outputs[first + n, k] = memory[yhat + k * block.width + n]


@jit
def _keep_rows(net, job, call, scratch, block, kept_at):
    """Copy the block's rows and the gradient at its inputs to `kept`; returns how many numbers."""
    memory, rows = scratch.memory, net.work_rows * block.width
    if job.backward != NO_BACKWARD:
        blocks.pass_down(net, layer_of(net, block, 0), scratch.theta, memory, block.work + rows, block.width)
    rows += net.seq_len * net.input_size * block.width
    for i in range(rows):
        call.kept[kept_at + i] = memory[block.work + i]
    return rows
