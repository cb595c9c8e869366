"""What a reader is told: one paragraph a model, every claim with what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nextclose.core.lang import Lang, Text
from nextclose.core.results import Rejudged, SymbolRow
from nextclose.core.types import Float64s
from nextclose.judging.accuracy_tests import TestResult, diebold_mariano
from nextclose.judging.metrics import skill
from nextclose.judging.row import ALARM, Measured
from nextclose.judging.verdict import ALPHA, ENOUGH, Ruling

PLAINER = ("drift", "train-mean", "ar", "ridge")
"""Baselines that a model should beat besides persistence."""
CONSTANTS = ("drift", "train-mean")
KNOWS = 0.5
"""Skill that only a forecast that has seen its target reaches."""


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


def sentence(row: Measured, ruling: Ruling, plainer: Sequence[Measured], lang: Lang) -> str:
    """What was found about one row, in `lang`; `plainer` are the baselines judged on the same sessions."""
    parts = [_verdict(row, ruling)]
    if row.name == "persistence":
        return parts[0].render(lang)
    if len(row.rmse_ratio_by_seed) > 1:
        parts.append(_spread(row))
    if row.sessions >= ENOUGH:
        parts += [*_information(row, ruling), *_beside_the_plainer(row, ruling, plainer)]
    if row.skill > ALARM:
        parts += _alarm(row)
    return " ".join(part.render(lang) for part in parts)


def detectable_skill(n: int) -> float:
    """The skill that n sessions show four times in five, about 25 / n.

    A forecast that explains a share s of the variance of the change has a mean loss differential of s and a spread
    of about 2 sqrt(s), so the one-sided test at 5 % reaches a power of 0.8 where sqrt(n s) / 2 = 1.64 + 0.84.
    """
    return min(4.0 * (1.6449 + 0.8416) ** 2 / n, 1.0)


def _verdict(row: Measured, ruling: Ruling) -> Text:
    if row.name == "persistence":
        return Text(
            "{name} repeats the last close: the baseline that every other row is measured against.", name=row.name
        )
    if ruling.verdict == "too few to tell":
        return Text(
            "{name}: too few to tell; {n} sessions were judged and a verdict needs at least {enough}.",
            name=row.name,
            n=row.sessions,
            enough=ENOUGH,
        )
    facts = {
        "name": row.name,
        "skill": f"{row.skill:+.3f}",
        "lo": f"{row.skill_lo:+.3f}",
        "hi": f"{row.skill_hi:+.3f}",
        "sessions": _sessions(row),
        "ratio": f"{row.rmse_ratio:.2f}",
        "p": pvalue_words(ruling.pvalue),
    }
    if ruling.verdict == "beats persistence":
        return Text(
            "{name} beats persistence: skill {skill} (90 % interval {lo} to {hi}) over {sessions}, p {p}.", **facts
        )
    if ruling.verdict == "worse than persistence":
        return Text(
            "{name} is worse than persistence: its error is {ratio} times that of repeating the last close over "
            "{sessions}, p {p}.",
            **facts,
        )
    return Text(
        "{name}: no difference from persistence found; skill {skill} (90 % interval {lo} to {hi}) over {sessions}; so "
        "many sessions show a skill of about {least} four times in five.",
        **facts,
        least=f"{detectable_skill(row.sessions):.2g}",
    )


def _sessions(row: Measured) -> Text:
    if row.symbols <= 1:
        return Text("{n} sessions", n=f"{row.sessions:,}")
    return Text(
        "{n} forecasts of {symbols} symbols in {sessions} sessions",
        n=f"{row.n:,}",
        symbols=f"{row.symbols:,}",
        sessions=f"{row.sessions:,}",
    )


def _spread(row: Measured) -> Text:
    ratios = np.array(row.rmse_ratio_by_seed)
    return Text(
        "Over {seeds} seeds the median RMSE is {median} times that of repeating the last close ({least} to {most}).",
        seeds=len(ratios),
        median=f"{np.median(ratios):.2f}",
        least=f"{ratios.min():.2f}",
        most=f"{ratios.max():.2f}",
    )


def _information(row: Measured, ruling: Ruling) -> list[Text]:
    if np.isnan(ruling.cw_pvalue):
        return []
    p = pvalue_words(ruling.cw_pvalue)
    if ruling.information == "seen" and ruling.verdict == "beats persistence":
        return [Text("It carries information beyond the last close (Clark-West p {p}).", p=p)]
    if ruling.information == "seen":
        return [Text("It carries information beyond the last close (Clark-West p {p}), yet is not more accurate.", p=p)]
    said = [Text("No information beyond the last close was seen (Clark-West p {p}).", p=p)]
    if row.wanders and row.cw.above < ALPHA:
        said.append(
            Text(
                "The change it announces wanders like a walk, so its p-values are those of Dickey and Fuller; the normal "
                "one, {plain}, would believe it too easily.",
                plain=f"{row.cw.above:.3f}",
            )
        )
    return said


def _beside_the_plainer(row: Measured, ruling: Ruling, plainer: Sequence[Measured]) -> list[Text]:
    """How it stands against the plainer forecasts, by a test of its own where it claims anything."""
    if row.kind == "baseline" or ruling.verdict == "worse than persistence":
        return []
    rivals = [_rival(row, other) for other in plainer if other.name in PLAINER]
    claims = ruling.verdict == "beats persistence" or ruling.information == "seen"
    if not claims:
        as_good = [rival for rival in rivals if rival.skill >= row.skill]
        return [Text("Plainer forecasts with at least its skill: {names}.", names=_names(as_good))] if as_good else []
    constants = [rival for rival in rivals if rival.name in CONSTANTS] or [_hindsight(row)]
    said = []
    if not all(rival.beaten for rival in constants):
        best = max((rival for rival in constants if not rival.beaten), key=lambda rival: rival.skill)
        said.append(_constant(best))
    others = [rival for rival in rivals if rival.name not in CONSTANTS and not rival.beaten]
    if others:
        said.append(Text("It is not shown to be more accurate than {names}.", names=_names(others)))
    if said:
        return said
    if not rivals:
        return [Text("It is more accurate than any constant drift, known in hindsight.")]
    names = ", ".join(rival.name for rival in rivals)
    return [Text("It is more accurate than every plainer forecast beside it ({names}).", names=names)]


def _rival(row: Measured, other: Measured) -> Rival:
    return _against(row, other.name, other.panel.error)


def _hindsight(row: Measured) -> Rival:
    """The best constant of these very sessions: what a table without a train span has to stand against."""
    naive = row.panel.naive
    return _against(row, "", naive - np.mean(naive))


def _against(row: Measured, name: str, error: Float64s) -> Rival:
    dm = diebold_mariano(row.panel.error, error, row.step, sessions=row.panel.sessions)
    return Rival(name=name, skill=skill(error, row.panel.naive), dm=dm)


def _constant(rival: Rival) -> Text:
    facts = {"skill": f"{rival.skill:+.3f}", "p": pvalue_words(rival.dm.below)}
    if not rival.name:
        return Text(
            "It is no better than a constant drift: the mean change of these sessions, known in hindsight, has a skill of "
            "{skill} (Diebold-Mariano p {p}).",
            **facts,
        )
    return Text(
        "It is no better than a constant drift: {name} has a skill of {skill} (Diebold-Mariano p {p}).",
        name=rival.name,
        **facts,
    )


def _alarm(row: Measured) -> list[Text]:
    alarm = Text(
        "A skill above {alarm} on daily closes is an alarm, not a triumph: look for a leak or a date off by one.",
        alarm=ALARM,
    )
    known = {found.shift: found for found in row.rejudged if np.isfinite(found.skill)}
    if len(known) < len(row.rejudged):
        return [alarm]
    earlier, later = known[-1], known[1]
    said = Text(
        "Dated one session later its skill would be {later}, one session earlier {earlier}.",
        later=f"{later.skill:+.2f}",
        earlier=f"{earlier.skill:+.2f}",
    )
    return [alarm, said, *_likely(row, later)]


def _likely(row: Measured, later: Rejudged) -> list[Text]:
    """What such a pattern usually is."""
    if row.skill > KNOWS and abs(later.skill) <= ALARM:
        return [Text("So it looks like a copy of the last close whose dates are one session early.")]
    if row.skill > KNOWS:
        return [Text("So much skill is only reached by forecasts that have seen what they forecast.")]
    return []


def _names(rivals: Sequence[Rival]) -> str:
    return ", ".join(f"{rival.name} ({rival.skill:+.3f})" for rival in rivals)


def pvalue_words(p: float) -> str:
    """`= 0.034`, `< 0.001` or `n/a`."""
    if np.isnan(p):
        return "n/a"
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def symbols_sentence(rows: Sequence[SymbolRow]) -> Text:
    """On how many symbols a model is better and worse, at a false discovery rate."""
    verdicts = [row.verdict for row in rows]
    return Text(
        "Symbol by symbol, at a false discovery rate of {rate} %: better than persistence on {better} of {all}, worse on "
        "{worse}.",
        rate=f"{100.0 * ALPHA:.0f}",
        better=verdicts.count("beats persistence"),
        worse=verdicts.count("worse than persistence"),
        all=len(rows),
    )
