"""Anything that fits and predicts, walked through a test span on the same folds as a recipe.

A forecaster is one of

    an object   fit(bars) learns from a fold's train span and returns the fitted one (or None: itself);
                predict(bars) says the close of the session after the last of `bars`
    a function  f(bars) says that close; it sees every bar up to the origin, and learns, if at all, on its own

Bars are cut off at the origin and copied, so nothing that comes in through them can be of the future, and what is done to them
changes nobody else's. What it says is a number,
or a mapping or object with yhat and, if it has them, lo, hi, level and p_up.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.errors import NextcloseError, SettingsError, UserError
from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Text
from nextclose.core.types import Float64s, Ints
from nextclose.judging.intervals import interval_scale, rolling_conformal
from nextclose.judging.splits import Fold
from nextclose.study.scores import LEVEL

SAID = ("yhat", "lo", "hi", "level", "p_up")
"""What a forecaster may say of one session."""


def name_of(thing: Any) -> str:
    """What a forecaster is called in tables: its `name`, or that of its function or class."""
    name = getattr(thing, "name", None) or getattr(thing, "__name__", None)
    return str(name or type(thing).__name__)


def copied(bars: Bars) -> Bars:
    """The same bars in arrays of their own."""
    return bars.mapped(lambda values: values.copy())


def check_forecaster(thing: Any) -> None:
    """Raise SettingsError for what neither fits and predicts nor can be called."""
    if not fits(thing) and not callable(thing):
        raise SettingsError(
            "'{name}' ({kind}) is no forecaster: expected a recipe's name, an object with fit(bars) and predict(bars), or a "
            "function of bars",
            name=name_of(thing),
            kind=type(thing).__name__,
        )


def walk_object(thing: Any, bars: Bars, folds: tuple[Fold, ...], *, name: str) -> Forecasts:
    """Its one-step forecasts for the targets of `folds`; intervals from its own matured errors where it gives none.

    Raises
    ------
    UserError : it failed, or said something that is no forecast.
    """
    origins = np.concatenate([np.arange(fold.first_target - 1, fold.last_target) for fold in folds])
    said = np.array([row for fold in folds for row in _fold(thing, bars, fold, name)]).reshape(-1, len(SAID))
    return told_table(said, origins, bars, name)


def told_table(said: Float64s, origins: Ints, bars: Bars, name: str) -> Forecasts:
    """What was said of the sessions after `origins`, (n, 5) in the order of `SAID`, as a Forecasts table."""
    yhat, lo, hi, level, p_up = said.T
    last_close = bars.close[origins]
    y = np.where(origins + 1 < len(bars), bars.close[np.minimum(origins + 1, len(bars) - 1)], np.nan)
    volatility = interval_scale(bars)[origins]
    low, high, rises = rolling_conformal(yhat, last_close, y, volatility, origins, origins + 1, level=LEVEL)
    own = np.isfinite(lo) & np.isfinite(hi)
    lo, hi, level = np.where(own, lo, low), np.where(own, hi, high), np.where(own, level, LEVEL)
    p_up = np.where(np.isfinite(p_up), p_up, rises)
    return Forecasts.make(
        {
            "symbol": bars.symbol, "model": name, "origin": bars.dates[origins], "step": 1,
            "target_date": bars.dates[np.minimum(origins + 1, len(bars) - 1)], "yhat": yhat, "lo": lo, "hi": hi,
            "level": level, "p_up": p_up, "last_close": last_close, "y": y,
        }
    )  # fmt: skip


@dataclass(frozen=True)
class Calling:
    """Calls somebody's code, and says whose it was where it fails."""

    name: str

    def fit(self, thing: Any, bars: Bars) -> Any:
        """A fitted copy; a function as it is."""
        if not fits(thing):
            return thing
        copy = self.copy(thing)
        fitted = self._call(copy.fit, copied(bars))
        return fitted if hasattr(fitted, "predict") else copy

    def predict(self, fitted: Any, bars: Bars) -> Any:
        """What it says of the session after the last of `bars`."""
        return self._call(fitted.predict if hasattr(fitted, "predict") else fitted, copied(bars))

    def copy(self, thing: Any) -> Any:
        """An independent copy."""
        try:
            return deepcopy(thing)
        except Exception as error:
            raise UserError(
                "'{name}' cannot be copied for a fold: {kind}: {error}. Keep what cannot be copied out of it, or make it in fit.",
                name=self.name,
                kind=type(error).__name__,
                error=error,
            ) from error

    def _call(self, function: Any, bars: Bars) -> Any:
        try:
            return function(bars)
        except NextcloseError:
            raise
        except (Exception, SystemExit) as error:
            raise UserError(
                "'{name}' failed on the bars up to {last}: {kind}: {error}",
                name=self.name,
                last=bars.dates[-1],
                kind=type(error).__name__,
                error=error,
            ) from error


def read_said(said: Any, bars: Bars, name: str) -> list[float]:
    """One forecast as numbers in the order of `SAID`; of an array with a value a bar the last."""
    if np.shape(said) == (len(bars),):
        said = np.asarray(said)[-1]
    elif isinstance(said, np.ndarray) and said.size == 1:
        said = said.reshape(-1)[0]
    parts: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    if hasattr(said, "yhat"):
        parts = {part: getattr(said, part, np.nan) for part in SAID}
    try:
        return [float(value) for value in (parts.get("yhat", said), *(parts.get(part, np.nan) for part in SAID[1:]))]
    except (TypeError, ValueError):
        raise UserError(
            "'{name}' said {said} of the session after {last}: expected a number, or yhat with lo, hi, level and p_up",
            name=name,
            said=_short(said),
            last=bars.dates[-1],
        ) from None


def _fold(thing: Any, bars: Bars, fold: Fold, name: str) -> list[list[float]]:
    calling = Calling(name)
    fitted = calling.fit(thing, bars[fold.train_start : fold.train_stop])
    return ask_each(calling, fitted, bars, fold)


def ask_each(calling: Calling, fitted: Any, bars: Bars, fold: Fold) -> list[list[float]]:
    """What it says of each target of a fold, from bars cut off at the origin."""
    known = (bars[:target] for target in range(fold.first_target, fold.last_target + 1))
    return [read_said(calling.predict(fitted, seen), seen, calling.name) for seen in known]


def fits(thing: Any) -> bool:
    """Whether it has fit and predict."""
    return callable(getattr(thing, "fit", None)) and callable(getattr(thing, "predict", None))


def _short(said: Any) -> object:
    """What was said in a few words."""
    shape = np.shape(said) if isinstance(said, np.ndarray | list | tuple) else ()
    kind = type(said).__name__
    return Text("{kind} of shape {shape}", kind=kind, shape=shape) if shape else kind
