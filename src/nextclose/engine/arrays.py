"""Records of addresses become records of arrays."""

from __future__ import annotations

import numpy as np

from nextclose.engine.compile import jit, read, view
from nextclose.engine.layout import RATES, STATUS, WHOLES, Call, Scratch
from nextclose.engine.vectors import lanes_of

_ANY = 1 << 60
"""A length that nothing looks at."""


@jit
def scratch_arrays(net, place, kind):
    """`layout.Scratch` with arrays of the fit's kind."""
    at = read(place, Scratch)
    memory = view(at.memory, kind, _ANY)
    lanes = lanes_of(memory)
    padded = -(-net.trained // lanes) * lanes
    return Scratch(
        view(at.samples, kind, _ANY),
        memory,
        view(at.theta, kind, padded + net.behind),
        view(at.sums, kind, padded * lanes),
        view(at.grad, kind, padded),
        view(at.first, kind, padded),
        view(at.second, kind, padded),
        view(at.best, kind, net.start),
        view(at.drawn, np.float64, net.total),
        view(at.order, np.int64, _ANY),
    )


@jit
def call_arrays(net, job, place, kind):
    """`layout.Call` with arrays."""
    at = read(place, Call)
    return Call(
        view(at.X, np.float64, _ANY),
        view(at.y, np.float64, _ANY),
        view(at.weight, kind, _ANY if at.weight != 0 else 0),
        view(at.quantiles, np.float64, at.quantile_count),
        at.quantile_count,
        view(at.wholes, np.int64, (_ANY, WHOLES)),
        view(at.rates, np.float64, (_ANY, RATES)),
        view(at.scales, np.float64, (_ANY, 2 * (job.columns + job.targets))),
        view(at.init, np.float64, (_ANY, net.total)),
        view(at.params, kind, (_ANY, net.total)),
        view(at.record, np.float64, (_ANY, STATUS + 2 * at.epochs)),
        at.epochs,
        view(at.outputs, kind, (_ANY, net.output_size)),
        view(at.grads, kind, (_ANY, net.trained)),
        view(at.kept, kind, _ANY),
        view(at.control, np.int64, 2),
        view(at.windows, kind, _ANY),
        view(at.targets, kind, _ANY),
        view(at.totals, np.float64, net.trained),
    )
