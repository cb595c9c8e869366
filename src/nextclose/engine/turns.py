"""How the windows of a fit are cut for threads: by its sizes alone, so that its sums do not hang on who computes them.

epoch     batch | batch | batch | held-out windows
batch     chunk | chunk | chunk | chunk          of about equal size, whole vectors, CHUNK windows at most
turn      a batch's chunks, TURN at most         their gradients are kept side by side until they are summed
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count as counter
from typing import NamedTuple, TypeAlias

CHUNK = 1024
"""Windows in a chunk at most: few enough for the second-level cache, so many that handing them out costs little."""
TURN = 64
"""Chunks in a turn at most."""
_VECTOR = 16
"""Windows that a chunk is a multiple of."""


class Turn(NamedTuple):
    """Chunks that are summed together; a turn begins where the one before has ended."""

    number: int
    """From 0 on, over all epochs."""
    epoch: int
    held_out: bool
    """Whether its windows are held out: then they change nothing."""
    samples: int
    """Of its batch, or all that are held out."""
    chunks: int
    step: int
    """The update that it ends with, counted from 1; 0 for none."""
    ends: bool
    """Whether it is the last of the epoch's train windows, or of those held out."""


class Chunk(NamedTuple):
    """Samples first..stop-1 in the order of an epoch."""

    turn: Turn
    row: int
    """Its row in the tables of the turn, from 1 on."""
    first: int
    stop: int


class Shuffle(NamedTuple):
    """The order of an epoch is to be drawn."""

    epoch: int


class Cut(NamedTuple):
    """The sizes of a fit."""

    train: int
    held_out: int
    batch: int
    """Samples of an update."""
    epochs: int
    shuffle: bool

    @property
    def updates(self) -> int:
        """Updates of an epoch."""
        return -(-self.train // self.batch)

    @property
    def widest(self) -> int:
        """Chunks of the widest turn."""
        sizes = [self.batch] + [self.held_out] * (self.held_out > 0)
        return max(min(len(_pieces(0, size)), TURN) for size in sizes)


Work: TypeAlias = Chunk | Shuffle


def works(cut: Cut) -> Iterator[Work]:
    """All that is to be done, in the order in which it is begun; an epoch's order is drawn while the one before runs."""
    numbers = counter()
    if cut.shuffle:
        yield Shuffle(0)
    for epoch in range(cut.epochs):
        if cut.shuffle and epoch + 1 < cut.epochs:
            yield Shuffle(epoch + 1)
        for update in range(cut.updates):
            first = update * cut.batch
            samples = min(cut.batch, cut.train - first)
            step = epoch * cut.updates + update + 1
            yield from _chunks(numbers, epoch, first, samples, step, first + samples == cut.train)
        if cut.held_out:
            yield from _chunks(numbers, epoch, 0, cut.held_out, 0, True)


def _chunks(numbers: Iterator[int], epoch: int, first: int, samples: int, step: int, ends: bool) -> Iterator[Chunk]:
    """The turns of a batch, whose update is `step`, or of the windows that are held out, which have none."""
    pieces = _pieces(first, samples)
    for begin in range(0, len(pieces), TURN):
        taken, last = pieces[begin : begin + TURN], begin + TURN >= len(pieces)
        turn = Turn(next(numbers), epoch, step == 0, samples, len(taken), step if last else 0, ends and last)
        for row, piece in enumerate(taken, 1):
            yield Chunk(turn, row, *piece)


def _pieces(first: int, samples: int) -> list[tuple[int, int]]:
    """(first, stop) of the chunks of samples first.. ."""
    each = -(-samples // -(-samples // CHUNK))
    size, stop = -(-each // _VECTOR) * _VECTOR, first + samples
    return [(begin, min(begin + size, stop)) for begin in range(first, stop, size)]
