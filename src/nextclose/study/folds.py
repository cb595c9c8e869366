"""The folds of a walk: those of the test span, and the one that serves tomorrow."""

from __future__ import annotations

from nextclose.judging.splits import Fold, Split


def scheduled_folds(split: Split, sessions: int, refit_every: int, train_sessions: int | None) -> tuple[Fold, ...]:
    """The folds of the test span, and behind them the one that serves the session after the last, if a refit is due."""
    folds = split.folds(refit_every, train_sessions)
    live = split.live_fold(refit_every, sessions, train_sessions)
    return folds if live.first_target == folds[-1].first_target else (*folds, live)
