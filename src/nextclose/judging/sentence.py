"""The verdict as sentences that an analyst could quote."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nextclose.core.lang import Lang, Text
from nextclose.judging.row import Measured
from nextclose.judging.verdict import ENOUGH, Ruling

ALARM = 0.05
"""Skill on daily closes above which something is more likely wrong than right."""
PLAINER = ("drift", "train-mean", "ar", "ridge")
"""Baselines that a model should beat besides persistence."""
CONSTANTS = ("drift", "train-mean")


def sentence(row: Measured, ruling: Ruling, plainer: Sequence[Measured], lang: Lang) -> str:
    """What was found about one row, in `lang`; `plainer` are the baselines judged on the same sessions."""
    parts = [_verdict(row, ruling)]
    if row.name == "persistence":
        return parts[0].render(lang)
    if len(row.rmse_ratio_by_seed) > 1:
        parts.append(_spread(row))
    if row.n >= ENOUGH:
        parts += [*_information(ruling), *_beside_the_plainer(row, ruling, plainer)]
    if row.skill > ALARM:
        parts.append(
            Text(
                "A skill above {alarm} on daily closes is an alarm, not a triumph: look for a leak or a date off by one.",
                alarm=ALARM,
            )
        )
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
            n=row.n,
            enough=ENOUGH,
        )
    facts = {
        "name": row.name,
        "skill": f"{row.skill:+.3f}",
        "lo": f"{row.skill_lo:+.3f}",
        "hi": f"{row.skill_hi:+.3f}",
        "n": row.n,
        "ratio": f"{row.rmse_ratio:.2f}",
        "p": _pvalue(ruling.pvalue),
    }
    if ruling.verdict == "beats persistence":
        return Text(
            "{name} beats persistence: skill {skill} (90 % interval {lo} to {hi}) over {n} sessions, p {p}.", **facts
        )
    if ruling.verdict == "worse than persistence":
        return Text(
            "{name} is worse than persistence: its error is {ratio} times that of repeating the last close over {n} "
            "sessions, p {p}.",
            **facts,
        )
    return Text(
        "{name}: no difference from persistence found; skill {skill} (90 % interval {lo} to {hi}) over {n} sessions; "
        "so many sessions show a skill of about {least} four times in five.",
        **facts,
        least=f"{detectable_skill(row.n):.2g}",
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


def _information(ruling: Ruling) -> list[Text]:
    if np.isnan(ruling.cw_pvalue):
        return []
    p = _pvalue(ruling.cw_pvalue)
    if ruling.information == "not seen":
        return [Text("No information beyond the last close was seen (Clark-West p {p}).", p=p)]
    if ruling.verdict == "beats persistence":
        return [Text("It carries information beyond the last close (Clark-West p {p}).", p=p)]
    return [Text("It carries information beyond the last close (Clark-West p {p}), yet is not more accurate.", p=p)]


def _beside_the_plainer(row: Measured, ruling: Ruling, plainer: Sequence[Measured]) -> list[Text]:
    """Which of the plainer forecasts do at least as well."""
    if row.kind == "baseline" or ruling.verdict == "worse than persistence":
        return []
    rivals = [other for other in plainer if other.name in PLAINER and other.step == row.step]
    if not rivals:
        return []
    as_good = [other.name for other in rivals if other.skill >= row.skill]
    said = []
    if any(name in CONSTANTS for name in as_good) and (row.skill > 0.0 or ruling.information == "seen"):
        said.append(Text("It is no better than a constant drift."))
    if as_good:
        said.append(Text("Plainer forecasts with at least its skill: {names}.", names=", ".join(as_good)))
    else:
        said.append(Text("Its skill is above that of every plainer forecast judged beside it."))
    return said


def _pvalue(p: float) -> str:
    if np.isnan(p):
        return "n/a"
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
