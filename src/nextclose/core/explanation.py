"""One window's way through a net, number by number: plain values that a terminal or a page can draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nextclose.core.types import Float64s


@dataclass(frozen=True, kw_only=True, eq=False)
class ExplainedStep:
    """One session of the window."""

    date: str
    raw: Float64s
    """(F,) features as they are."""
    scaled: Float64s
    """(F,) what the net reads."""
    layers: tuple[Mapping[str, Float64s], ...]
    """Each layer's terms by name, "h" the last of them."""
    y: Float64s
    """(K * Q,): what the head would say after this step; only the last one is used."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """A forecast taken apart."""

    symbol: str
    recipe: str
    cell: str
    activation: str
    epoch: int | None
    """Epochs trained before the weights were taken; None: as they were saved."""
    features: tuple[str, ...]
    scaling: str
    target: str
    target_date: str | None
    """The session that the window forecasts; None where it has not happened."""
    train_windows: int
    """N of the train windows, for the shapes as nn.Linear writes them."""
    flat: bool
    """True for a net without time: one step on all sessions at once."""
    weights: Mapping[str, Float64s]
    """By canonical name, `h_0` among them where it is not zero."""
    start: tuple[Mapping[str, Float64s], ...]
    """Each layer's state before the first step: "h", and "c" of an lstm; none for a net without time."""
    steps: tuple[ExplainedStep, ...]
    output: Float64s
    """(K * Q,) what the head says of the last state, in the scaled target's unit: by session, then quantile."""
    quantiles: tuple[float, ...]
    """Levels of a session's Q outputs; empty where there is one, the forecast."""
    median: int
    """Which of a session's outputs is the forecast."""
    closes: Float64s
    """(K, Q) the price that each output means."""
    y: float
    """The close that came; NaN while it has not happened."""
    last_close: float
    y_shift: float
    y_scale: float
    """output * y_scale + y_shift is the target in its own unit."""
    volatility: float
    """Daily volatility known at the window's last close."""

    @property
    def yhat(self) -> Float64s:
        """(K,) the forecast prices."""
        return self.closes[:, self.median]
