"""How a model stands against the plainer forecasts beside it, by a test of its own where it claims anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nextclose.core.lang import Text
from nextclose.core.types import Float64s
from nextclose.judging.accuracy_tests import TestResult, equal_losses
from nextclose.judging.row import Measured, skill_of_sums
from nextclose.judging.tally import Tally
from nextclose.judging.verdict import ALPHA, Ruling

PLAINER = ("drift", "train-mean", "pooled-mean", "ar", "ridge")
"""Baselines that a model should beat besides persistence; a pooled mean, over all symbols, is there for a market alone."""
CONSTANTS = ("drift", "train-mean", "pooled-mean")


@dataclass(frozen=True, kw_only=True)
class Rival:
    """A plainer forecast beside a row, and the test of the row against it."""

    name: str
    skill: float
    dm: TestResult

    @property
    def beaten(self) -> bool:
        """Whether the row is shown to be more accurate."""
        return self.dm.below < ALPHA


def beside_the_plainer(row: Measured, ruling: Ruling, plainer: Sequence[Measured]) -> list[Text]:
    """What is said of a row beside the baselines judged on the same sessions."""
    if row.kind == "baseline" or ruling.verdict == "worse than persistence":
        return []
    rivals = [_rival(row, other) for other in plainer if other.name in PLAINER and other.n == row.n]
    claims = ruling.verdict == "beats persistence" or ruling.information == "seen"
    if not claims:
        as_good = [rival for rival in rivals if rival.skill >= row.skill]
        return (
            [Text("Plainer forecasts with at least its skill: {names}.", names=_names(as_good, row))] if as_good else []
        )
    constants = [rival for rival in rivals if rival.name in CONSTANTS] or [_hindsight(row)]
    said = []
    if not all(rival.beaten for rival in constants):
        best = max((rival for rival in constants if not rival.beaten), key=lambda rival: rival.skill)
        said.append(_constant(best, row))
    others = [rival for rival in rivals if rival.name not in CONSTANTS and not rival.beaten]
    if others:
        said.append(Text("It is not shown to be more accurate than {names}.", names=_names(others, row)))
    if said:
        return said
    if not rivals:
        return [Text("It is more accurate than any constant drift, known in hindsight.")]
    names = ", ".join(rival.name for rival in rivals)
    return [Text("It is more accurate than every plainer forecast beside it ({names}).", names=names)]


def _rival(row: Measured, other: Measured) -> Rival:
    return against(row.tally, other.name, other.tally.lost)


def _hindsight(row: Measured) -> Rival:
    """The best constant of these very sessions: what a table without a train span has to stand against."""
    tally = row.tally
    mean = float(np.sum(tally.change)) / row.n
    return against(tally, "", tally.base - 2.0 * mean * tally.change + mean * mean * tally.n)


def against(tally: Tally, name: str, lost: Float64s) -> Rival:
    """A model against a rival on the same forecasts, of whose e^2 `lost` (T,) are the sessions' sums."""
    dm = equal_losses(tally.lost - lost, tally.n, tally.step)
    return Rival(name=name, skill=skill_of_sums(lost, tally.base), dm=dm)


def _constant(rival: Rival, row: Measured) -> Text:
    facts = {"skill": _skill(rival, row), "p": pvalue_words(rival.dm.below)}
    if not rival.name:
        return Text(
            "It is no better than a constant drift, as far as these sessions can tell: their mean change, known in "
            "hindsight, has a skill of "
            "{skill} (Diebold-Mariano p {p}).",
            **facts,
        )
    return Text(
        "It is no better than a constant drift, as far as these sessions can tell: {name} has a skill of {skill} "
        "(Diebold-Mariano p {p}).",
        name=rival.name,
        **facts,
    )


def _names(rivals: Sequence[Rival], row: Measured) -> str:
    return ", ".join(f"{rival.name} ({_skill(rival, row)})" for rival in rivals)


def _skill(rival: Rival, row: Measured) -> str:
    """With as many decimals as the row's own skill has: one more over many symbols."""
    return f"{rival.skill:+.{3 if row.symbols <= 1 else 4}f}"


def pvalue_words(p: float) -> str:
    """`= 0.034`, `< 0.001` or `n/a`."""
    if np.isnan(p):
        return "n/a"
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
