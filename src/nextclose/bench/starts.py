"""What a call costs beyond its arithmetic, and what a fresh process costs."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial

import numpy as np

from nextclose import engine
from nextclose.bench.plan import Plan
from nextclose.bench.timing import Spread, no_gc, seconds, spread

_BATCH = 100
_FIRST_FIT = """
import numpy as np
from nextclose import engine
rng = np.random.default_rng(0)
engine.fit(rng.random((685, 4, 4), np.float32), rng.random((685, 1), np.float32))
"""


@dataclass(frozen=True, kw_only=True)
class Overhead:
    """engine.fit of one unit on one window of one feature, one step, one epoch."""

    seconds: Spread
    """CPU time a call."""


@dataclass(frozen=True, kw_only=True)
class ColdStart:
    """Wall-clock seconds of fresh processes, from their start to their last line of Python."""

    first_fit: Spread
    """To the first finished fit of the tutorial, with kernels compiled before."""
    nothing: Spread
    """`python -c pass`."""
    numpy: Spread
    """`python -c "import numpy"`."""


def measure_overhead(plan: Plan) -> Overhead:
    """The median of batches of calls: one call is as short as a look at the clock of CPU time."""
    X, y = np.ones((1, 1, 1), np.float32), np.ones((1, 1), np.float32)
    call = partial(engine.fit, X, y, hidden_size=1, epochs=1)

    def batch() -> None:
        for _ in range(_BATCH):
            call()

    batch()
    with no_gc():
        return Overhead(seconds=spread([seconds(batch) / _BATCH for _ in range(max(plan.calls // _BATCH, 1))]))


def measure_start(plan: Plan) -> ColdStart:
    """Medians of several processes of each kind, started in turn after one that fills the cache."""
    codes = (_FIRST_FIT, "pass", "import numpy")
    _start(_FIRST_FIT)
    rounds = [[_start(code) for code in codes] for _ in range(plan.starts)]
    first_fit, nothing, numpy = (spread(column) for column in zip(*rounds, strict=True))
    return ColdStart(first_fit=first_fit, nothing=nothing, numpy=numpy)


def _start(code: str) -> float:
    """Seconds until a new process has done `code`; its shutdown does not count."""
    began = time.time()
    command = [sys.executable, "-c", f"{code}\nimport time; print(time.time())"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own code
    return float(done.stdout) - began
