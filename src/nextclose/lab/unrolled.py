"""The topics "net" and "unit": a window through the net in full, and the arithmetic of one of its units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from nextclose.core.cells import cell_spec
from nextclose.core.errors import SettingsError
from nextclose.core.explanation import Explanation
from nextclose.lab.choices import Choices
from nextclose.lab.desk import Desk
from nextclose.lab.frames import Frame
from nextclose.lab.job import Job
from nextclose.lab.looked_at import Look, look_at, whole_number
from nextclose.report.explanation import price_sum
from nextclose.study.unit import Products, curve, head_sum, unit_sums

LEAST_REACH = 3.0
"""How far a curve is drawn to either side at least."""


def answer(desk: Desk, choices: Choices, ask: Mapping[str, Any], job: Job) -> Iterator[Frame]:
    """The weights, the window, every layer's terms at every step, and the price that comes of them."""
    look = look_at(desk, choices, ask, job.check)
    arrays = _window(look) | _terms(look.explained) | dict(look.explained.weights)
    fit = look.whole.fits[0]
    arrays |= {"losses": fit.losses, "val_losses": fit.val_losses}
    yield Frame(header=_told(desk, choices, look), arrays=arrays, exact=tuple(arrays))


def unit(desk: Desk, choices: Choices, ask: Mapping[str, Any], job: Job) -> Iterator[Frame]:
    """One unit's arithmetic at a step (`layer`, `step`, `unit`, from 0), or the output's (`part` = "output", `step`).

    Raises SettingsError for another part, or what is no number.
    """
    part = ask.get("part", "unit")
    if part not in ("unit", "output"):
        raise SettingsError("part: expected unit or output, got '{got}'", got=part)
    explained = look_at(desk, choices, ask, job.check).explained
    steps = 1 if explained.flat else len(explained.steps)
    step = whole_number(ask, "step", steps - 1)
    step = steps - 1 if step is None else step
    yield _output(explained, step) if part == "output" else _unit(explained, ask, step)


def _told(desk: Desk, choices: Choices, look: Look) -> dict[str, Any]:
    explained, data = look.explained, look.bent.data
    dates, first = desk.bars.dates, data.first
    return {
        "choices": choices.key,
        "cell": explained.cell,
        "gates": cell_spec(explained.cell).gates,
        "activation": explained.activation,
        "features": explained.features,
        "scaling": explained.scaling,
        "foreseen": look.bent.scaled_on is not None,
        "target": explained.target,
        "layers": len(explained.steps[0].layers),
        "hidden": len(explained.steps[0].layers[0]["h"]),
        "flat": explained.flat,
        "memory": choices.recipe.net.memory,
        "h0": "carried" if look.carried else "random" if "h_0" in explained.weights else "zero",
        "train_windows": explained.train_windows,
        "nets": choices.recipe.seeds,
        "net": look.net,
        "epoch": look.epoch,
        "ran": look.ran,
        "taken": look.taken,
        "at": explained.target_date,
        "first_at": str(dates[first + 1]),
        "last_at": str(dates[-1]),
        "role": _role(look, choices),
        "dates": [str(date) for date in dates[look.origin - len(explained.steps) + 1 : look.origin + 1]],
        "rows_dates": {int(row): str(dates[row]) for row in np.unique(look.rows)},
        "yhat": float(explained.yhat[0]),
        "y": explained.y,
        "last_close": explained.last_close,
        "price": price_sum(explained, explained.median),
    }


def _role(look: Look, choices: Choices) -> str:
    """What the window is to the net: it was learned, held out, tested, or none of these."""
    data, split, window = look.bent.data, look.split, look.window
    train = data.train_windows(split.train_start, split.train_stop)
    held_out = train.stop - (look.whole.held_out or 0)
    test = data.test_windows(split.test_first, split.test_last, split.test_first)
    if train.start <= window < train.stop:
        return "held out" if window >= held_out else "train"
    return "test" if test.start <= window < test.stop else "neither"


def _window(look: Look) -> dict[str, npt.ArrayLike]:
    """What the net reads, how a column is scaled, and where each number comes from: (row of the bars, feature)."""
    return {
        "raw": look.bent.data.columns[look.rows, look.columns],
        "scaled": np.stack([step.scaled for step in look.explained.steps]),
        "x_shift": look.whole.scaler.x.shift,
        "x_scale": look.whole.scaler.x.scale,
        "rows": look.rows.astype(np.float64),
        "columns": look.columns.astype(np.float64),
    }


def _terms(explained: Explanation) -> dict[str, npt.ArrayLike]:
    """Each layer's terms by step as "layer:name" (steps, size), its state before the first as "layer:start_h"; y (steps, K)."""
    steps = explained.steps[:1] if explained.flat else explained.steps
    arrays: dict[str, npt.ArrayLike] = {"y": np.stack([step.y for step in steps])}
    for layer, terms in enumerate(steps[0].layers):
        arrays |= {f"{layer}:{name}": np.stack([step.layers[layer][name] for step in steps]) for name in terms}
    for layer, start in enumerate(explained.start):
        arrays |= {f"{layer}:start_{name}": values for name, values in start.items()}
    return arrays


def _unit(explained: Explanation, ask: Mapping[str, Any], step: int) -> Frame:
    layers = explained.steps[0].layers
    layer = whole_number(ask, "layer", len(layers) - 1) or 0
    number = whole_number(ask, "unit", len(layers[layer]["h"]) - 1) or 0
    found = unit_sums(explained, layer, step, number)
    arrays: dict[str, npt.ArrayLike] = {}
    gates = []
    for gate in found.gates:
        arrays[f"{gate.name}:x"] = _stacked(gate.x)
        if gate.h is not None:
            arrays[f"{gate.name}:h"] = _stacked(gate.h)
        arrays[f"{gate.name}:curve"] = curve(gate.curve, max(LEAST_REACH, 1.25 * abs(gate.sum)))
        told = {"name": gate.name, "curve": gate.curve, "sum": gate.sum, "value": gate.value}
        gates.append(told | _sums("x", gate.x) | _sums("h", gate.h))
    states = {name: value for name, value in asdict(found).items() if name != "gates"}
    header = {"part": "unit", "layer": layer, "step": step, "unit": number, "gates": gates, **states}
    return Frame(header=header, arrays=arrays, exact=tuple(arrays))


def _output(explained: Explanation, step: int) -> Frame:
    said = head_sum(explained, step)
    header = {"part": "output", "step": step, **_sums("h", said), "price": price_sum(explained, explained.median)}
    return Frame(header=header, arrays={"h": _stacked(said)}, exact=("h",))


def _stacked(part: Products) -> npt.ArrayLike:
    """(3, n): weights, what they meet, and the products."""
    return np.stack([part.weights, part.values, part.products])


def _sums(of: str, part: Products | None) -> dict[str, float | None]:
    if part is None:
        return {}
    return {f"{of}_total": part.total, f"{of}_bias": part.bias}
