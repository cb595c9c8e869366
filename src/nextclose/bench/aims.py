"""What the engine aims at, beside what it reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from nextclose.bench.fits import FitRow
from nextclose.bench.many import Many
from nextclose.bench.starts import ColdStart, Overhead

Quantity = Literal[
    "ratio", "share", "scaling", "overhead", "start", "walk", "seeds", "cores", "pipeline", "memory", "more", "picture",
    "sentence", "last", "predict", "score", "answer",
]  # fmt: skip
RATIOS = {
    ("rnn 10, 4", "SGD"): 25.0,
    ("rnn 10, 20", "SGD"): 18.0,
    ("rnn 32, 4", "SGD"): 5.5,
    ("rnn 32, 20", "SGD"): 4.2,
    ("rnn 64, 20", "SGD"): 2.5,
    ("rnn 10, 4", "Adam 64"): 120.0,
    ("rnn 32, 20", "Adam 64"): 16.0,
    ("lstm 32, 20", "SGD"): 2.4,
    ("gru 32, 20", "SGD"): 3.7,
}
"""PyTorch's time over the engine's, at least."""
SHARES = {
    ("rnn 10, 4", "SGD"): 0.58,
    ("rnn 32, 20", "SGD"): 0.75,
    ("lstm 32, 20", "SGD"): 0.70,
    ("gru 32, 20", "SGD"): 0.70,
}
"""Of the core's measured peak, at least."""
SCALING = 1.9
"""Two threads over one, at least."""
OVERHEAD = 20e-6
"""Seconds a call, less than this."""
START = 0.8
"""Seconds to the first fit of a fresh process, less than this."""


@dataclass(frozen=True, kw_only=True)
class Aim:
    """One aim and what this run reached."""

    quantity: Quantity
    where: str
    """The row of the fits; empty for the rest."""
    aim: float
    reached: float
    met: bool

    @property
    def at_most(self) -> bool:
        """Whether less is better."""
        return self.quantity in (
            "overhead", "start", "walk", "seeds", "memory", "more", "picture", "sentence", "predict", "score", "answer",
        )  # fmt: skip


def aims(found: Iterable[object]) -> tuple[Aim, ...]:
    """The aims of whatever parts were measured."""
    return tuple(aim for part in found for aim in _aims_of(part))


def _aims_of(part: object) -> Iterator[Aim]:
    if isinstance(part, tuple):
        rows = [row for row in part if isinstance(row, FitRow)]
        for row in rows:
            if (row.size.name, row.update.name) in RATIOS:
                yield _at_least("ratio", RATIOS[row.size.name, row.update.name], row.ratio, row)
        for row in rows:
            if (row.size.name, row.update.name) in SHARES:
                yield _at_least("share", SHARES[row.size.name, row.update.name], row.share, row)
    elif isinstance(part, Overhead):
        yield _below("overhead", OVERHEAD, part.seconds.median)
    elif isinstance(part, Many) and part.scaling is not None:
        yield _at_least("scaling", SCALING, part.scaling)
    elif isinstance(part, ColdStart):
        yield _below("start", START, part.first_fit.median)


def _at_least(quantity: Quantity, aim: float, reached: float, row: FitRow | None = None) -> Aim:
    where = "" if row is None else f"{row.size.name} {row.update.name}"
    return Aim(quantity=quantity, where=where, aim=aim, reached=reached, met=reached >= aim)


def _below(quantity: Quantity, aim: float, reached: float) -> Aim:
    return Aim(quantity=quantity, where="", aim=aim, reached=reached, met=reached < aim)
