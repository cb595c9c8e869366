"""What a reader is told: one paragraph a model, every claim with what it rests on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from nextclose.core.lang import Lang, Text
from nextclose.core.results import Rejudged, SymbolRow
from nextclose.judging.rivals import beside_the_plainer, pvalue_words
from nextclose.judging.row import ALARM, Measured
from nextclose.judging.verdict import ALPHA, ENOUGH, Ruling

KNOWS = 0.5
"""Skill that only a forecast that has seen its target reaches."""


def sentence(row: Measured, ruling: Ruling, plainer: Sequence[Measured], lang: Lang) -> str:
    """What was found about one row, in `lang`; `plainer` are the baselines judged on the same sessions."""
    parts = [_verdict(row, ruling)]
    if row.is_persistence or not np.isfinite(row.skill):
        return parts[0].render(lang)
    if len(row.rmse_ratio_by_seed) > 1:
        parts.append(_spread(row))
    if row.sessions >= ENOUGH:
        parts += [*_information(row, ruling), *beside_the_plainer(row, ruling, plainer)]
    if row.skill > ALARM:
        parts += _alarm(row)
    return " ".join(part.render(lang) for part in parts)


def detectable_skill(n: int, family: int = 1) -> float:
    """The skill that n sessions show four times in five, about 25 / n for one model one session ahead.

    A forecast that explains a share s of the variance of the change has a mean loss differential of s and a spread
    of about 2 sqrt(s), so the one-sided test at 5 % reaches a power of 0.8 where sqrt(n s) / 2 = 1.64 + 0.84. Of a
    family of models the first must pass at 5 % over their number (Holm). One symbol: many of them need less.
    """
    return min(4.0 * _distance(family) ** 2 / n, 1.0)


def found_by_many(row: Measured, family: int) -> float:
    """The skill over several symbols that a forecast which spreads as this one does shows four times in five.

    How far the symbols move as one decides it, so it comes from the standard error of this very skill.
    """
    return _distance(family) * abs(row.skill / row.dm.statistic) if row.dm.statistic else float("nan")


def _distance(family: int) -> float:
    """Standard errors from 0 at which the one-sided test at 5 % over a family has a power of 0.8."""
    return float(ndtri(1.0 - ALPHA / family) + ndtri(0.8))


def _verdict(row: Measured, ruling: Ruling) -> Text:
    name = row.name if row.step == 1 else Text("{name}, step {step}", name=row.name, step=row.step)
    if row.is_persistence:
        return Text("{name} repeats the last close: the baseline that every other row is measured against.", name=name)
    if ruling.verdict == "too few to tell":
        return Text(
            "{name}: too few to tell; {n} sessions were judged and a verdict needs at least {enough}.",
            name=name,
            n=row.sessions,
            enough=ENOUGH,
        )
    if not np.isfinite(row.skill):
        return Text("{name}: nothing can be told, since persistence makes no error on these sessions.", name=name)
    digits = 3 if row.symbols <= 1 else 4
    facts = {
        "name": name,
        "skill": f"{row.skill:+.{digits}f}",
        "lo": f"{row.skill_lo:+.{digits}f}",
        "hi": f"{row.skill_hi:+.{digits}f}",
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
    if row.step > 1:
        return Text(
            "{name}: no difference from persistence found; skill {skill} (90 % interval {lo} to {hi}) over {sessions}.",
            **facts,
        )
    if row.symbols > 1:
        return Text(
            "{name}: no difference from persistence found; skill {skill} (90 % interval {lo} to {hi}) over {sessions}; a skill "
            "of about {least} would have been found four times in five.",
            **facts,
            least=f"{found_by_many(row, ruling.family):.2g}",
        )
    return Text(
        "{name}: no difference from persistence found; skill {skill} (90 % interval {lo} to {hi}) over {sessions}; so "
        "many sessions show a skill of about {least} four times in five.",
        **facts,
        least=f"{detectable_skill(row.sessions, ruling.family):.2g}",
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


def _alarm(row: Measured) -> list[Text]:
    alarm = Text(
        "A skill above {alarm} on daily closes is an alarm, not a triumph: look for a leak or a date off by one.",
        alarm=ALARM,
    )
    known = {found.shift: found for found in row.rejudged if np.isfinite(found.skill)}
    if not known or len(known) < len(row.rejudged):
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


def symbols_sentence(rows: Sequence[SymbolRow]) -> Text:
    """On how many symbols a model is better and worse, at a false discovery rate."""
    verdicts = [row.verdict for row in rows]
    return Text(
        "Symbol by symbol, at a false discovery rate of {rate} %: better than persistence on {better} of {all}, worse on "
        "{worse}.",
        rate=f"{100.0 * ALPHA:.0f}",
        better=f"{verdicts.count('beats persistence'):,}",
        worse=f"{verdicts.count('worse than persistence'):,}",
        all=f"{len(rows):,}",
    )
