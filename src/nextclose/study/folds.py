"""The folds of a walk: those of the test span, and the one that serves tomorrow."""

from __future__ import annotations

from dataclasses import replace

from nextclose.judging.splits import Fold, Split


def scheduled_folds(
    split: Split, sessions: int, refit_every: int, train_sessions: int | None, *, warm: bool = False
) -> tuple[Fold, ...]:
    """The folds of the test span, and behind them the one that serves the session after the last, if a refit is due.

    warm : each fold starts from the one before, so those between the test span and the last bar are needed too.
    """
    reached = replace(split, test_last=max(split.test_last, sessions - 1)) if warm and refit_every else split
    folds = reached.folds(refit_every, train_sessions)
    live = split.live_fold(refit_every, sessions, train_sessions)
    return folds if live.first_target == folds[-1].first_target else (*folds, live)
