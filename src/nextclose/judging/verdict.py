"""From tests to words: one of four verdicts, and whether information was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nextclose.core.results import Information, Verdict
from nextclose.judging.multiple import holm
from nextclose.judging.row import Measured
from nextclose.judging.wandering import guarded

ALPHA = 0.05
"""Probability of a false 'beats persistence' in a family of models, and of a false 'information seen'."""
ENOUGH = 30
"""Sessions below which nothing is said."""


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """The verdict on one row, and the p-values it rests on."""

    verdict: Verdict
    information: Information
    pvalue: float
    """One-sided Diebold-Mariano p in the direction in which the skill points, after Holm."""
    cw_pvalue: float
    """Clark-West p, after Holm."""
    family: int
    """Models over which Holm's adjustment runs."""


def rule(family: Sequence[Measured]) -> tuple[Ruling, ...]:
    """Rule on rows of one kind and step together: Holm's adjustment runs over all of them."""
    better = holm([_guarded(row, row.dm.below, -row.dm.statistic) for row in family])
    worse = holm([row.dm.above for row in family])
    informed = holm([_guarded(row, row.cw.above, row.cw.statistic) for row in family])
    tested = max(sum(row.dm.undefined is None for row in family), 1)
    return tuple(_rule(*row, tested) for row in zip(family, better, worse, informed, strict=True))


def _guarded(row: Measured, pvalue: float, statistic: float) -> float:
    """The p-value of a gain: the larger tail where the announced change wanders."""
    return float(guarded(pvalue, statistic)) if row.wanders else pvalue


def _rule(row: Measured, better: float, worse: float, informed: float, family: int) -> Ruling:
    pvalue = better if row.skill > 0.0 else worse
    verdict: Verdict = "no difference found"
    if row.sessions < ENOUGH:
        verdict = "too few to tell"
    elif row.skill > 0.0 and better < ALPHA:
        verdict = "beats persistence"
    elif row.skill <= 0.0 and worse < ALPHA:
        verdict = "worse than persistence"
    seen = row.sessions >= ENOUGH and informed < ALPHA
    return Ruling(
        verdict=verdict,
        information="seen" if seen else "not seen",
        pvalue=pvalue,
        cw_pvalue=informed,
        family=family,
    )
