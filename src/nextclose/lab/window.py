"""A window that is looked at, as arrays: what its net reads, from which state, and what other inputs and weights would say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nextclose.core.types import Float64s, Params
from nextclose.engine.through_time import State, last_state
from nextclose.lab.choices import SWITCHES, Choices
from nextclose.lab.desk import Desk
from nextclose.lab.looked_at import Look
from nextclose.training.fold import closes_of
from nextclose.windows import Dataset
from nextclose.windows.dataset import relative


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """One window through one net."""

    desk: Desk
    choices: Choices
    look: Look

    @property
    def params(self) -> Params:
        """The net's weights, float64."""
        return self.look.explained.weights

    @property
    def call(self) -> dict[str, str]:
        """How the engine is asked about them."""
        net = self.choices.recipe.net
        return {"cell": net.cell, "activation": net.activation}

    @property
    def data(self) -> Dataset:
        """The windows that this one is of."""
        return self.look.bent.data

    @cached_property
    def x(self) -> Float64s:
        """(L, F) what the net reads."""
        return self._scaled(self.data.X[self.look.window])

    @cached_property
    def average(self) -> Float64s:
        """(L, F) the mean of the train span's windows, as the net reads them."""
        split = self.look.split
        return np.asarray(
            self._scaled(self.data.X[self.data.train_windows(split.train_start, split.train_stop)]).mean(axis=0)
        )

    @property
    def lead(self) -> Float64s | None:
        """(F,) the session before the window, as the net would read it; None where there is none, or the windows are bent."""
        first = self.look.origin - self.data.settings.seq_len
        bent = any(self.choices.switches[name] != SWITCHES[name][0] for name in ("days", "axes", "leak", "split"))
        if bent or first < 0 or np.isnan(self.data.columns[first]).any():
            return None
        longer = self.data.columns[None, first : self.look.origin + 1]
        return self._scaled(relative(longer, self.data.settings, self.data.volatility[[self.look.origin]])[0, 0])

    @property
    def days(self) -> list[str]:
        """The session of each step."""
        return [str(day) for day in self.desk.bars.dates[self.look.rows[:, 0]]]

    @property
    def carries(self) -> bool:
        """Whether a state could be carried over: not in a net without time, nor from windows that are in no order."""
        return self.call["cell"] != "mlp" and self.choices.switches["split"] == "time" and self.look.window > 0

    def left_behind(self, params: Params) -> State:
        """The state that the window before this one leaves behind with some weights; where states are carried over, it started
        from that of the one before it, and so on from the test span's first."""
        first = min(self._chain, self.look.window - 1) if self.look.carried else self.look.window - 1
        before = self._scaled(self.data.X[first : self.look.window])
        return last_state(params, before.reshape(-1, before.shape[-1]), **self.call)

    def start(self, params: Params) -> State | None:
        """Where the net starts in this window; None: where its weights say, from zero or from their h_0."""
        return self.left_behind(params) if self.look.carried and self.look.window > self._chain else None

    @property
    def _chain(self) -> int:
        """The test span's first window."""
        split = self.look.split
        return int(self.data.test_windows(split.test_first, split.test_last, split.test_first).start)

    def closes(self, outputs: Any) -> Float64s:
        """The prices that outputs (n,) for this window mean, (n,)."""
        one = slice(self.look.window, self.look.window + 1)
        values = np.asarray(outputs, dtype=np.float64).reshape(-1, 1, 1)
        return np.asarray(closes_of(values, self.look.whole.scaler, self.data, one)[:, 0, 0, 0])

    def _scaled(self, raw: Float64s) -> Float64s:
        return np.asarray(self.look.whole.scaler.x.forward(raw))
