"""The engine's numbers against PyTorch's, before any of its speed.

The reference is the project's own: `models.net` for a pass, `training.fit` for updates. A deviation is the largest
difference of an array, in units of the largest value that the reference has there.

engine.fit takes no optimiser's state, so an optimiser is compared after its first update from the reference's weights,
and after its third, in which momentum and moments take part: rmsprop, adam and adamw in float64 alone, since their first
steps divide a gradient by its own size and so amplify rounding, PyTorch's own float32 against its float64 most of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from nextclose import engine
from nextclose.bench.plan import ADAM, SGD, Size
from nextclose.core.errors import NextcloseError
from nextclose.core.fit import Fit
from nextclose.core.settings import Dtype, NetSettings, TrainingSettings
from nextclose.core.types import Floats, Params
from nextclose.models.net import Net, build_net
from nextclose.training.fit import DTYPES, fit

TOLERANCES: dict[Dtype, float] = {"float64": 1e-10, "float32": 1e-5}
KINDS = (
    "outputs", "loss", "gradients", "sgd", "rmsprop", "adam", "adamw", "100 sgd updates", "100 adam updates", "fit_many",
)  # fmt: skip
"""Kinds of comparison, in the order in which they are shown."""
_OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {"lr": 0.1, "momentum": 0.9},
    "rmsprop": {"lr": 0.0001, "momentum": 0.9},
    "adam": {"lr": 0.001},
    "adamw": {"lr": 0.001},
}
"""The first step of the three adaptive ones is 0.001 a weight (10 lr for rmsprop), whatever the gradient's size."""
_EXTRAS: tuple[dict[str, Any], ...] = ({}, {"weight_decay": 0.01, "clip_norm": 0.1})
"""Bare, and with weight decay and gradients scaled down: the norms here are 0.6 to 3."""
_UPDATES = 100


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """One array compared."""

    kind: str
    name: str
    """The array: outputs, loss, losses, or a weight."""
    size: Size
    dtype: Dtype
    worst: float
    """Largest difference over the largest value; infinite where shapes or names differ, NaN where a number is none."""

    @property
    def tolerance(self) -> float:
        """What `worst` may be."""
        return TOLERANCES[self.dtype]

    @property
    def red(self) -> bool:
        """Whether it is not within the tolerance; NaN is not."""
        return not self.worst <= self.tolerance


@dataclass(frozen=True, kw_only=True)
class Parity:
    """Everything that was compared."""

    passed: bool
    comparisons: int
    tolerances: dict[Dtype, float]
    worst: tuple[Deviation, ...]
    """The worst of each kind, cell and precision."""
    red: tuple[Deviation, ...]
    """All that are not within their tolerance, worst first."""

    def error(self) -> NextcloseError:
        """What to say where it is red."""
        worst = self.red[0]
        return NextcloseError(
            "{red} of {comparisons} comparisons with PyTorch differ, so no speed was measured; the worst is {name} of {size} "
            "({kind}, {dtype}): {worst} of its largest value, tolerance {tolerance}",
            red=len(self.red), comparisons=self.comparisons, name=worst.name, size=worst.size.name, kind=worst.kind,
            dtype=worst.dtype, worst=f"{worst.worst:.1e}", tolerance=f"{worst.tolerance:.0e}",
        )  # fmt: skip


class Pair(NamedTuple):
    """An array of the engine's and the reference's; either may be absent."""

    kind: str
    name: str
    got: Any
    expected: Any


def check_parity(sizes: Iterable[Size], tick: Callable[[str], None]) -> Parity:
    """Compare the engine with the reference at every size in both precisions."""
    torch.set_num_threads(1)
    found: list[Deviation] = []
    for size in sizes:
        for dtype in TOLERANCES:
            tick(f"{size.name} {dtype}")
            for kind, name, got, expected in _pairs(size, dtype):
                found.append(
                    Deviation(kind=kind, name=name, size=size, dtype=dtype, worst=deviation(got, expected))
                )  # fmt: skip
    red = sorted((one for one in found if one.red), key=_badness, reverse=True)
    return Parity(
        passed=not red,
        comparisons=len(found),
        tolerances=TOLERANCES,
        worst=tuple(_worst(found)),
        red=tuple(red),
    )


def deviation(got: Any, expected: Any) -> float:
    """The largest difference, relative to the largest expected value; infinite where the shapes differ."""
    if got is None or expected is None or np.shape(got) != np.shape(expected):
        return float("inf")
    wanted = np.asarray(expected, dtype=np.float64)
    scale = float(np.abs(wanted).max()) or 1.0
    return float(np.abs(np.asarray(got, dtype=np.float64) - wanted).max()) / scale


def _worst(found: list[Deviation]) -> Iterator[Deviation]:
    groups: dict[tuple[str, str, str], list[Deviation]] = {}
    for one in found:
        groups.setdefault((one.kind, one.size.cell, one.dtype), []).append(one)
    return (max(group, key=_badness) for group in groups.values())


def _badness(one: Deviation) -> float:
    return one.worst if np.isfinite(one.worst) else float("inf")


def _pairs(size: Size, dtype: Dtype) -> Iterator[Pair]:
    X, y = size.data(dtype)
    settings = NetSettings(cell=size.cell, hidden_size=size.hidden_size, bias=size.bias)
    net = build_net(
        settings, input_size=size.input_size, seq_len=size.seq_len, output_size=size.output_size, seed=1,
        dtype=DTYPES[dtype],
    )  # fmt: skip
    yield from _passes(net, size.cell, X, y)
    for kind, training in _trainings(len(X), dtype):
        reference = fit(X, y, net=settings, training=training, seed=0, init=net.params())
        for name, ours in _engine_fits(kind, size, training, net.params(), X, y):
            yield from _compare_fits(name, ours, reference)


def _passes(net: Net, cell: str, X: Floats, y: Floats) -> Iterator[Pair]:
    """Outputs, the loss, and every gradient under a random cotangent and of the loss."""
    params = net.params()
    cotangent = np.random.default_rng(2).standard_normal(y.shape).astype(y.dtype)
    outputs = net(torch.from_numpy(X))
    yield Pair("outputs", "outputs", engine.predict(params, X, cell=cell), outputs.detach().numpy())
    loss = torch.nn.functional.mse_loss(outputs, torch.from_numpy(y))
    got, of_loss = engine.gradients(params, X, y, cell=cell)
    yield Pair("loss", "loss", got, loss.item())
    _, of_outputs = engine.gradients(params, X, cell=cell, cotangent=cotangent)
    weights = net.weights()
    for value, gradients in ((loss, of_loss), ((outputs * torch.from_numpy(cotangent)).sum(), of_outputs)):
        expected = torch.autograd.grad(value, list(weights.values()), retain_graph=True)
        for name, gradient in zip(weights, expected, strict=True):
            yield Pair("gradients", name, gradients.get(name), gradient.numpy())


def _trainings(windows: int, dtype: Dtype) -> Iterator[tuple[str, TrainingSettings]]:
    """Each optimiser's first and third update, bare and with weight decay and clipping; then a hundred of two of them."""
    for optimizer, own in _OPTIMIZERS.items():
        for extra in _EXTRAS:
            for epochs in (1, 3) if dtype == "float64" or optimizer == "sgd" else (1,):
                yield optimizer, TrainingSettings(optimizer=optimizer, epochs=epochs, dtype=dtype, **own, **extra)  # type: ignore[arg-type]
    yield "100 sgd updates", TrainingSettings(lr=SGD.lr, epochs=_UPDATES, dtype=dtype)
    batch = ADAM.batch_size if windows > 64 else 5
    a_epoch = -(-windows // (batch or windows))
    epochs = -(-_UPDATES // a_epoch)
    yield (
        "100 adam updates",
        TrainingSettings(optimizer="adam", lr=ADAM.lr, epochs=epochs, batch_size=batch, dtype=dtype),
    )


def _engine_fits(
    kind: str, size: Size, training: TrainingSettings, init: Params, X: Floats, y: Floats
) -> Iterator[tuple[str, Fit]]:
    """The engine's own fit, and for a long run one of many fits too."""
    settings: dict[str, Any] = {
        "cell": size.cell, "hidden_size": size.hidden_size, "bias": size.bias, "init": init,
        "optimizer": training.optimizer, "lr": training.lr, "momentum": training.momentum,
        "weight_decay": training.weight_decay, "clip_norm": training.clip_norm, "epochs": training.epochs,
        "batch_size": training.batch_size,
    }  # fmt: skip
    yield kind, engine.fit(X, y, **settings)
    if kind == "100 sgd updates":
        task = engine.Task(start=0, stop=len(X))
        yield "fit_many", engine.fit_many(X, y, [task, task], threads=1, **settings)[1]


def _compare_fits(kind: str, got: Fit, expected: Fit) -> Iterator[Pair]:
    yield Pair(kind, "losses", got.losses, expected.losses)
    for name, weight in expected.params.items():
        yield Pair(kind, name, got.params.get(name), weight)
