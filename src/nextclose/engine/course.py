"""The course of a pooled fit: losses epoch by epoch, the best weights, when it ends; as `train` does it for one thread."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan

import numpy as np

from nextclose.core.types import Float64s, Floats
from nextclose.engine.call import Training
from nextclose.engine.layout import DIVERGED, DONE
from nextclose.engine.turns import Cut, Turn


class Course:
    """What is known of a fit after each turn."""

    def __init__(self, training: Training, cut: Cut, outputs: int) -> None:
        self.cut, self.outputs, self.patience = cut, outputs, training.patience or 0
        self.lr, self.lr_step, self.lr_gamma = training.lr, training.lr_step or 0, training.lr_gamma
        self.losses: list[float] = []
        self.held_out_losses: list[float] = []
        self.best_epoch, self.best_loss = 0, float("inf")
        self.best: Floats = np.empty(0)
        self.total, self.sum, self.updates = 0.0, 0.0, 0

    def add(self, turn: Turn, losses: Sequence[float]) -> None:
        """The sums of losses of a turn's chunks, in their order."""
        for loss in losses:
            self.sum += loss
        if turn.step > 0:
            self.updates = turn.step
            self.total += self.sum * (1.0 / (turn.samples * self.outputs)) * turn.samples
            self.sum = 0.0

    def close(self, turn: Turn, weights: Floats) -> bool:
        """A turn that ended its part of the epoch, after its update to `weights` (total,); whether the fit is over."""
        if not turn.held_out:
            self.losses.append(self.total / self.cut.train)
            self.held_out_losses.append(nan)
            self.total = 0.0
            if not isfinite(self.losses[-1]):
                return True
            if not self.cut.held_out:
                self.best_epoch = turn.epoch
                return self._next_epoch(turn.epoch + 1)
            return False
        loss = self.sum / (turn.samples * self.outputs)
        self.held_out_losses[-1], self.sum = loss, 0.0
        if turn.epoch == 0 or loss <= self.best_loss:
            self.best_loss, self.best_epoch = loss if isfinite(loss) else float("inf"), turn.epoch
            self.best = weights.copy()
        if 0 < self.patience <= turn.epoch - self.best_epoch:
            return True
        return self._next_epoch(turn.epoch + 1)

    def _next_epoch(self, epoch: int) -> bool:
        """Whether there is none; the learning rate falls where its schedule says so."""
        if self.lr_step and epoch % self.lr_step == 0:
            self.lr *= self.lr_gamma
        return epoch == self.cut.epochs

    def outcome(self, weights: Floats) -> tuple[Floats, Float64s]:
        """The weights that are returned, and the row of `layout.Call.record` that says how the fit ended."""
        kept = self.best if self.cut.held_out and isfinite(self.losses[-1]) else weights
        run = len(self.losses)
        good = isfinite(self.losses[-1]) and bool(np.isfinite(kept).all())
        head = (DONE, 0, run, self.best_epoch) if good else (DIVERGED, run - 1, run, -1)
        record = np.array([*head, *self.losses, *self.held_out_losses], dtype=np.float64)
        return kept, record
