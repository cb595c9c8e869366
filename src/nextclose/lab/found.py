"""What a fault did to the result on these bars, in words: computed, whether it flatters, spoils or changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nextclose.core.lang import Joined, Lang, Text
from nextclose.core.results import ModelRow
from nextclose.judging.accuracy_tests import equal_losses
from nextclose.judging.luck import Luck
from nextclose.judging.rivals import pvalue_words
from nextclose.judging.row import ALARM
from nextclose.judging.verdict import ALPHA
from nextclose.lab.experiment import Experiment

Outcome = Literal["same", "better", "worse", "open"]
"""The forecasts are the same, or seem more or less accurate, or differ by no more than chance may do."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A result with a fault held against the one without."""

    outcome: Outcome
    before: float
    """Skill without the fault."""
    after: float
    sessions: int
    pvalue: float | None
    """Diebold and Mariano's, two-sided, on the same sessions; None where the fault is judged on others."""

    def told(self, row: ModelRow, lang: Lang) -> str:
        """What was found, and where the judge, whose row this is, does not see it."""
        said = _on_other_sessions(self) if self.pvalue is None else _on_the_same(self)
        return Joined([said, *_noticed(self, row)], " ").render(lang)


def compare(honest: Experiment, bent: Experiment) -> Found:
    """What `bent` did to the result; session by session where both forecast the same ones."""
    outcome: Outcome = "open"
    pvalue = None
    if np.array_equal(honest.walked.origins, bent.walked.origins):
        outcome, pvalue = _paired(honest, bent)
    elif bent.interval()[0] > honest.interval()[1]:
        outcome = "better"
    elif bent.interval()[1] < honest.interval()[0]:
        outcome = "worse"
    return Found(outcome=outcome, before=honest.skill, after=bent.skill, sessions=len(bent.y), pvalue=pvalue)


def luck_of(found: Experiment) -> Luck:
    """What luck alone gives the best of an experiment's nets, every one of which is a try."""
    luck = Luck(len(found.y))
    naive = (found.y - found.last_close) / found.last_close
    for prices in found.prices:
        luck.tried((found.y - prices) / found.last_close, naive, slice(0, len(naive)))
    return luck


def luck_told(luck: Luck, best: float, lang: Lang) -> str:
    """That in a sentence, and whether it explains the skill of the net that was kept."""
    chance = Text(
        "Of {count} nets that know nothing, luck alone gives the best a skill of {typical} in one of two cases, and more than "
        "{seldom} in one of twenty.",
        count=luck.count,
        typical=skill_words(luck.typical),
        seldom=skill_words(luck.seldom),
    )
    return Joined([chance, _beside_luck(luck, best)], " ").render(lang)


def _beside_luck(luck: Luck, best: float) -> Text:
    if best <= 0.0:
        return Text("The best of these, with {best}, errs more than repeating the last close.", best=skill_words(best))
    if best <= luck.seldom:
        return Text("The best of these has {best}: luck alone may do that.", best=skill_words(best))
    return Text("The best of these has {best}, which luck alone seldom gives.", best=skill_words(best))


def skill_words(skill: float) -> str:
    """Signed, three decimals, one where it is large; what rounds to nothing is +0."""
    return f"{round(skill, 3) + 0.0:+.3f}" if abs(skill) < 10.0 else f"{skill:+,.1f}"


def _paired(honest: Experiment, bent: Experiment) -> tuple[Outcome, float]:
    if np.array_equal(honest.yhat, bent.yhat):
        return "same", 1.0
    ones = np.ones(len(bent.y), dtype=np.int64)
    test = equal_losses(bent.lost - honest.lost, ones, 1).two_sided()
    if not test.pvalue < ALPHA:
        return "open", test.pvalue
    return ("better" if test.statistic < 0.0 else "worse"), test.pvalue


def _noticed(found: Found, row: ModelRow) -> list[Text]:
    """That the judge does not see a fault that flatters."""
    if found.outcome == "better" and 0.0 < row.skill <= ALARM:
        return [Text("No alarm rings: the judge sees forecasts alone, not how they were made.")]
    return []


def _on_the_same(found: Found) -> Text:
    facts = {**_facts(found), "p": pvalue_words(found.pvalue or 0.0), "n": found.sessions}
    if found.outcome == "same":
        return Text("Here it changes nothing: every forecast is the same to the last digit.")
    if found.outcome == "better":
        return Text("The result looks better: skill {after} instead of {before} (Diebold-Mariano p {p}).", **facts)
    if found.outcome == "worse":
        return Text("The result gets worse: skill {after} instead of {before} (Diebold-Mariano p {p}).", **facts)
    return Text(
        "Skill {after} instead of {before}: no difference that {n} sessions can tell (Diebold-Mariano p {p}).", **facts
    )


def _on_other_sessions(found: Found) -> Text:
    facts = _facts(found)
    if found.outcome == "better":
        return Text(
            "The result looks better, on other sessions: skill {after} instead of {before}; the intervals do not overlap.",
            **facts,
        )
    if found.outcome == "worse":
        return Text(
            "The result gets worse, on other sessions: skill {after} instead of {before}; the intervals do not overlap.",
            **facts,
        )
    return Text(
        "Skill {after} instead of {before}, on other sessions; the intervals overlap, so chance alone may do that.",
        **facts,
    )


def _facts(found: Found) -> dict[str, object]:
    return {"before": skill_words(found.before), "after": skill_words(found.after)}
