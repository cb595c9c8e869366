"""Many models at once: is the best better than persistence, and which may be the best?"""

from __future__ import annotations

from collections.abc import Sequence

from nextclose.core.lang import Lang, say
from nextclose.core.results import Contest, ModelRow
from nextclose.report.html import Markup, table, tag
from nextclose.report.words import DASH, pvalue, signed, skill_digits


def contest_parts(contests: Sequence[Contest], rows: Sequence[ModelRow], lang: Lang) -> list[Markup]:
    """For each step the sentence, the table of models, and what was tested and how."""
    parts: list[Markup] = []
    for contest in contests:
        if len(contests) > 1:
            parts.append(tag("h3", say("step {step}", lang, step=contest.step)))
        parts += [tag("p", contest.sentence, class_="answer"), _table(contest, rows, lang), *_tested(contest, lang)]
    return parts


def _table(contest: Contest, rows: Sequence[ModelRow], lang: Lang) -> Markup:
    """Models by the p-value at which they leave the set, the likeliest first."""
    own = [row for row in rows if row.step == contest.step]
    skills = {row.name: row.skill for row in own} | {"persistence": 0.0}
    digits = max(map(skill_digits, own), default=3)
    names = sorted(contest.pvalues, key=lambda name: -contest.pvalues[name])
    inside = {name: name in contest.confidence_set for name in names}
    head = [say("model", lang), say("skill", lang), say("p of leaving the set", lang), say("may be the best", lang)]
    cells = [
        (
            name,
            signed(skills.get(name), digits),
            pvalue(contest.pvalues[name]),
            say("yes", lang) if inside[name] else DASH,
        )
        for name in names
    ]
    return table(head, cells, words=(0, 3), quiet=[not inside[name] for name in names])


def _tested(contest: Contest, lang: Lang) -> list[Markup]:
    spa = say(
        "SPA (Hansen 2005): statistic {statistic}, p {consistent} (liberal {lower}, conservative {upper}). Null: {null}. "
        "Alternative: {alternative}.",
        lang,
        statistic=f"{contest.spa.statistic:.2f}",
        consistent=pvalue(contest.spa.pvalue),
        lower=pvalue(contest.spa_lower),
        upper=pvalue(contest.spa_upper),
        null=contest.spa.null,
        alternative=contest.spa.alternative,
    )
    confidence = say(
        "Model confidence set (Hansen, Lunde & Nason 2011): a model leaves where its p is at most {size}. Both by "
        "{reps} resamples of {n} sessions in blocks of {block}.",
        lang,
        size=f"{contest.size:.2f}",
        reps=f"{contest.reps:,}",
        n=f"{contest.spa.n:,}",
        block=contest.block,
    )
    return [tag("p", spa, class_="notes"), tag("p", confidence, class_="notes")]
