"""What a run of `nextclose bench judge` finds: rows of rates, each with whether it is as it should be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nextclose.bench.rates import Rate


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One forecaster, judged alone, where nothing can be known."""

    world: str
    sessions: int
    """Of the test span."""
    forecaster: str
    beats: Rate
    """False 'beats persistence'."""
    seen: Rate
    """False 'information seen'."""
    unguarded: Rate
    """'Information seen' if the normal tail were believed everywhere."""
    worse: Rate
    """'Worse than persistence', which is true of whatever announces a change here."""
    wanders: Rate
    """Series in which the announced change was found to wander."""
    passed: bool
    """Neither false rate is too high."""


@dataclass(frozen=True, kw_only=True)
class FamilyRow:
    """Many forecasters in one table, where nothing can be known."""

    world: str
    sessions: int
    models: int
    beats: Rate
    """Families in which any model falsely beats persistence."""
    seen: Rate
    """Families in which information is falsely seen in any."""
    unguarded: Rate
    """The same if the normal tail were believed everywhere, after Holm."""
    passed: bool


@dataclass(frozen=True, kw_only=True)
class PowerRow:
    """A forecaster of AR(1) returns, judged alone."""

    phi: float
    """How much of a return comes again; 0 is a walk."""
    sessions: int
    seen: Rate
    """By AR(1) fitted on the train span."""
    beats: Rate
    true_seen: Rate
    """By the true coefficient."""
    true_beats: Rate
    aim: float | None
    """Share of 'information seen' to reach; None where there is no aim."""
    passed: bool | None
    """None where nothing is asked."""


@dataclass(frozen=True, kw_only=True)
class DriftRow:
    """A forecaster on a walk with drift."""

    forecaster: str
    sessions: int
    beside: bool
    """Whether the train mean stands in the table; else the best constant of the sessions judged takes its place."""
    beats: Rate
    seen: Rate
    unsaid: Rate
    """Of the series with a claim: those whose sentence lacks 'no better than a constant drift'."""
    passed: bool | None
    """None for the train mean itself."""


Row = Cell | FamilyRow | PowerRow | DriftRow


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """How the run ended."""

    checks: int
    failed: tuple[str, ...]
    """Rows that are not as they should be, in words."""


def conclude(rows: Iterable[Row]) -> Conclusion:
    """Which of the rows that are asked for anything failed."""
    asked = [row for row in rows if row.passed is not None]
    return Conclusion(checks=len(asked), failed=tuple(label(row) for row in asked if not row.passed))


def label(row: Row) -> str:
    """World, sessions and forecaster of a row."""
    if isinstance(row, Cell):
        return f"{row.world} {row.sessions} {row.forecaster}"
    if isinstance(row, FamilyRow):
        return f"families {row.world} {row.sessions}"
    if isinstance(row, PowerRow):
        return f"power {row.phi:.2f} {row.sessions}"
    return f"drift {row.sessions} {row.forecaster}"
