"""Milliseconds a fit: the PyTorch loop, torch.nn's own layer, and the engine, in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from nextclose import engine
from nextclose.bench.flops import fit_flops
from nextclose.bench.loops import LibraryNet, LoopNet, train
from nextclose.bench.peak import PeakLoop
from nextclose.bench.plan import Plan, Size, Update
from nextclose.bench.timing import Spread, Work, in_turn, paired
from nextclose.core.types import Floats

_WARM_UP = 3
"""Epochs before timing."""


@dataclass(frozen=True, kw_only=True)
class FitRow:
    """One net under one update, in float32; seconds of CPU time a fit."""

    size: Size
    update: Update
    epochs: int
    loop: Spread | None
    """The cell by hand in PyTorch; None for gated cells."""
    library: Spread
    """nn.RNN, nn.LSTM or nn.GRU."""
    engine: Spread
    ratio: float
    """The loop (torch.nn's layer for gated cells) over the engine, within a round; the median of all rounds."""
    gflops: float
    """Of the engine, matrix products alone."""
    share: float
    """Of the core's peak in the same round, the median of all: what slows the core down slows both."""


def measure_fits(plan: Plan, tick: Callable[[str], None]) -> tuple[FitRow, ...]:
    """A row for each net and update."""
    torch.set_num_threads(1)
    rows, peak = [], PeakLoop()
    for size in plan.timed:
        for update in plan.updates:
            tick(f"{size.name} {update.name}")
            rows.append(_row(size, update, plan, peak))
    return tuple(rows)


def _row(size: Size, update: Update, plan: Plan, peak: PeakLoop) -> FitRow:
    X, y = size.data(np.float32)
    makers = [LibraryNet] if size.cell != "rnn" else [LoopNet, LibraryNet]
    rivals = [partial(train, make, size, update, X=X, y=y) for make in makers]
    for rival in rivals:
        rival(epochs=_WARM_UP)
    ours = partial(engine_fit, size, update, plan.epochs, X, y)
    ours()
    works: list[Work] = [ours, *(partial(rival, epochs=plan.epochs) for rival in rivals), peak]
    fused, *others, highest = in_turn(works, _order(len(rivals)), plan.repeats)
    flops = fit_flops(size, plan.epochs)
    return FitRow(
        size=size,
        update=update,
        epochs=plan.epochs,
        loop=others[0].spread if len(others) == 2 else None,
        library=others[-1].spread,
        engine=fused.spread,
        ratio=paired(others[0], fused),
        gflops=flops / fused.spread.median / 1e9,
        share=flops / peak.flops * paired(highest, fused),
    )


def _order(rivals: int) -> list[int]:
    """The engine (0) three times in a row, between two measurements of the peak, then the rivals."""
    peak = rivals + 1
    return [peak, 0, 0, 0, peak, *range(1, rivals + 1)]


def engine_fit(size: Size, update: Update, epochs: int, X: Floats, y: Floats) -> object:
    """The same fit by the engine."""
    return engine.fit(
        X,
        y,
        cell=size.cell,
        hidden_size=size.hidden_size,
        bias=size.bias,
        optimizer=update.optimizer,
        lr=update.lr,
        epochs=epochs,
        batch_size=update.batch_size,
    )
