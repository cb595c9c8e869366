"""How long a fit will take, told before it is begun: the lab refuses what nobody would wait for, and long fits take turns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import ceil

from nextclose.core.cells import cell_spec
from nextclose.core.errors import SettingsError
from nextclose.core.lang import Joined, Text
from nextclose.recipes import Recipe

LONGEST = 20.0
"""Seconds on one core that a request may take."""
A_PRODUCT = 65e-12
"""Seconds that a product of the cell takes in float32, its way back and its share of the rest included."""
ACTIVATION = 8
"""Products that a unit's activation is worth."""
AN_UPDATE = 1e-6
"""Seconds that an update takes beside its batch, and a thousandth of that for each weight."""
TOGETHER = 16
"""Windows that are computed together; a batch that does not fill them takes as long as one that does."""
LANES = ((2.0, threading.Lock()), (0.2, threading.Lock()))
"""Fits that take so many seconds or more go one at a time, each on all cores, so that short ones of other pages get theirs."""
A_LOOK = 0.05
"""Seconds between looks at whether a fit that waits for its turn is still wanted."""


def seconds(recipe: Recipe, windows: int) -> float:
    """About how long one core needs to fit a recipe's nets on so many windows once.

    Measured on the engine: within a factor of two wherever a fit takes longer than a few milliseconds.
    """
    training = recipe.training
    batch = min(training.batch_size or windows, max(windows, 1))
    updates = ceil(windows / batch)
    products = updates * ceil(batch / TOGETHER) * TOGETHER * _products(recipe)
    wide = 2.0 if training.dtype == "float64" else 1.0
    an_epoch = wide * A_PRODUCT * products + updates * AN_UPDATE * (1.0 + _products(recipe, steps=1) / 1000.0)
    return recipe.seeds * training.epochs * an_epoch


@contextmanager
def turn(recipe: Recipe, windows: int, check: Callable[[], None]) -> Iterator[None]:
    """The turn of a fit. Raises SettingsError as `check_work`, and what `check` raises while it waits."""
    check_work(recipe, windows)
    takes = seconds(recipe, windows)
    lane = next((lane for least, lane in LANES if takes >= least), None)
    while lane is not None and not lane.acquire(timeout=A_LOOK):
        check()
    try:
        yield
    finally:
        if lane is not None:
            lane.release()


def check_work(recipe: Recipe, windows: int) -> None:
    """Raise SettingsError for nets that would take longer than LONGEST to fit, naming what to lower."""
    takes = seconds(recipe, windows)
    if takes <= LONGEST:
        return
    ways = [Text("{name} to {value}", name=name, value=value) for name, value in _ways(recipe, windows)]
    told = {"seconds": f"{takes:,.0f}", "most": f"{LONGEST:.0f}"}
    if not ways:
        raise SettingsError(
            "this would take about {seconds} s on one core, and the lab waits for {most}: lower several of epochs, seeds, "
            "hidden_size, seq_len and num_layers",
            **told,
        )
    raise SettingsError(
        "this would take about {seconds} s on one core, and the lab waits for {most}: lower one of {ways}",
        **told,
        ways=Joined(ways, ", "),
    )


def _products(recipe: Recipe, steps: int | None = None) -> int:
    """Of one window on its way forward."""
    net, windows = recipe.net, recipe.windows
    L, F, H = steps or windows.seq_len, len(windows.features), net.hidden_size
    if net.cell == "mlp":
        return H * (windows.seq_len * F + ACTIVATION)
    layers = sum(H * (inputs + H + ACTIVATION) for inputs in [F, *[H] * (net.num_layers - 1)])
    return L * len(cell_spec(net.cell).gates) * layers


def _ways(recipe: Recipe, windows: int) -> Iterable[tuple[str, int]]:
    """Settings each of which would do when lowered to a tenth or more, and its largest value that does."""
    net, training = recipe.net, recipe.training
    changes: dict[str, tuple[int, Callable[[int], Recipe]]] = {
        "epochs": (training.epochs, lambda value: replace(recipe, training=replace(training, epochs=value))),
        "seeds": (recipe.seeds, lambda value: replace(recipe, seeds=value)),
        "hidden_size": (net.hidden_size, lambda value: replace(recipe, net=replace(net, hidden_size=value))),
    }
    for name, (got, changed) in changes.items():
        values = [value for value in range(ceil(got / 10), got) if seconds(changed(value), windows) <= LONGEST]
        if values:
            yield name, values[-1]
