"""What a run of `nextclose bench engine` compares: nets, updates, and how often each is timed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from nextclose.core.errors import SettingsError
from nextclose.core.suggest import did_you_mean
from nextclose.core.types import Floats

Part = Literal["parity", "peak", "fits", "overhead", "many", "start"]
PARTS: tuple[Part, ...] = ("parity", "peak", "fits", "overhead", "many", "start")


@dataclass(frozen=True, kw_only=True)
class Size:
    """One net on windows X (N, L, F), y (N, K)."""

    cell: str = "rnn"
    windows: int = 685
    """N; the tutorial's 685."""
    seq_len: int = 4
    """L."""
    input_size: int = 4
    """F: open, high, low, close."""
    hidden_size: int = 10
    """H."""
    output_size: int = 1
    """K."""
    bias: bool = False
    """b_x and b_h in the cell; the tutorial's has none."""

    @property
    def name(self) -> str:
        """The cell with H and L, such as `rnn 10, 4`."""
        return f"{self.cell} {self.hidden_size}, {self.seq_len}"

    def data(self, dtype: Any, seed: int = 0) -> tuple[Floats, Floats]:
        """X and y, uniform on [0, 1) as after min-max scaling."""
        rng = np.random.default_rng(seed)
        X = rng.random((self.windows, self.seq_len, self.input_size))
        return X.astype(dtype), rng.random((self.windows, self.output_size)).astype(dtype)


@dataclass(frozen=True, kw_only=True)
class Update:
    """How the weights are moved."""

    name: str
    optimizer: str
    lr: float
    batch_size: int | None = None
    """None is the full batch; batches keep the order of the windows."""


SGD = Update(name="SGD", optimizer="sgd", lr=0.005)
ADAM = Update(name="Adam 64", optimizer="adam", lr=0.001, batch_size=64)
CELLS = ("rnn", "gru", "lstm")
TUTORIAL = Size()
TIMED = (
    TUTORIAL,
    Size(hidden_size=10, seq_len=20),
    Size(hidden_size=32, seq_len=4),
    Size(hidden_size=32, seq_len=20),
    Size(hidden_size=64, seq_len=20),
    Size(cell="lstm", hidden_size=32, seq_len=20, bias=True),
    Size(cell="gru", hidden_size=32, seq_len=20, bias=True),
)
ODD = tuple(
    Size(cell=cell, windows=17, seq_len=3, input_size=5, hidden_size=7, output_size=2, bias=True) for cell in CELLS
)
"""Sizes that fill no vector and no tile."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One run."""

    timed: tuple[Size, ...] = TIMED
    """Nets that are timed, and checked before."""
    odd: tuple[Size, ...] = ODD
    """Nets that are checked beside them."""
    updates: tuple[Update, ...] = (SGD, ADAM)
    epochs: int = 100
    repeats: int = 5
    """Rounds a row: in each, the engine three times and every PyTorch contender once; for many fits three times as many."""
    tasks: int = 300
    """Fits of one call of engine.fit_many."""
    peaks: int = 40
    """Runs of 20 ms a precision, of which the best is the peak."""
    calls: int = 5000
    """Calls of engine.fit with next to no arithmetic."""
    starts: int = 5
    """Fresh processes."""
    only: Part | None = None
    """One part alone; parity comes first all the same."""

    def wants(self, part: Part) -> bool:
        """Whether the run measures `part`."""
        return self.only in (None, part)


def make_plan(repeats: int, only: str | None) -> Plan:
    """The plan of the command line's options. Raises SettingsError for an unknown part."""
    for part in PARTS:
        if only == part:
            return Plan(repeats=repeats, only=part)
    if only is not None:
        raise SettingsError(
            "unknown part '{only}': expected one of {known}.{hint}",
            only=only, known=", ".join(PARTS), hint=did_you_mean(only, PARTS),
        )  # fmt: skip
    return Plan(repeats=repeats)
