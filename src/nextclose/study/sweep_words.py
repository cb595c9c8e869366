"""What may be said of many combinations at once, which is less than what may be said of one."""

from __future__ import annotations

from collections.abc import Sequence

from nextclose.core.lang import Lang, Text
from nextclose.core.results import Contest, ModelRow, Verdict
from nextclose.core.sweep import SweepScore
from nextclose.judging.rivals import pvalue_words
from nextclose.judging.verdict import ALPHA
from nextclose.report.words import signed

NAMED = 5
"""Combinations that a sentence names."""


def sentences(
    scores: Sequence[SweepScore],
    models: Sequence[ModelRow],
    contests: Sequence[Contest],
    tries: int | None,
    best: SweepScore | None,
    chosen: SweepScore | None,
    lang: Lang,
) -> tuple[str, ...]:
    """The verdict, how the others fared, what could not be fitted, the best on the test span, and the one chosen before it."""
    good = [row for row in scores if not row.problem]
    own = [row for row in models if row.kind == "recipe"]
    said = [_verdict(own, len(good), _tried(len(scores), tries), contests), *_others(own)]
    if len(good) < len(scores):
        said.append(Text("{count} could not be fitted.", count=len(scores) - len(good)))
    if best is not None and len(good) > 1:
        said.append(
            Text(
                "Best on the test span: {name} (skill {skill}, 90 % interval {lo} to {hi}); the best of {count} by test skill "
                "is partly luck.",
                name=best.name,
                count=len(good),
                skill=signed(best.skill),
                lo=signed(best.skill_lo),
                hi=signed(best.skill_hi),
            )
        )
    if chosen is not None:
        said.append(_chosen(chosen, tries))
    return tuple(text.render(lang) for text in said)


def _verdict(own: Sequence[ModelRow], count: int, tried: Text, contests: Sequence[Contest]) -> Text:
    steps = max(row.step for row in own)
    facts = {"tried": tried, "count": count, "steps": steps}
    if all(row.verdict == "too few to tell" for row in own):
        sessions = max(row.sessions for row in own)
        return Text(
            "{tried}, but {sessions} test sessions are too few to tell.", tried=facts["tried"], sessions=sessions
        )
    beating = [row for row in own if row.verdict == "beats persistence"]
    facts["spa"] = _spa(contests, believed=bool(beating))
    if not beating:
        if steps == 1:
            return Text("{tried}; after Holm over {count}, none is shown to beat persistence{spa}.", **facts)
        return Text(
            "{tried} at {steps} steps; after Holm over {count} at each, none is shown to beat persistence at any{spa}.",
            **facts,
        )
    facts |= {"names": _names(beating, several=steps > 1), "beating": len(beating)}
    if steps == 1:
        return Text("{tried}; after Holm over {count}, {beating} beat persistence{spa}: {names}.", **facts)
    return Text(
        "{tried} at {steps} steps; after Holm over {count} at each, persistence is beaten{spa} by: {names}.", **facts
    )


def _tried(count: int, tries: int | None) -> Text:
    if tries is not None and tries != count:
        return Text("{tries} tries were made, {count} of them different", tries=tries, count=count)
    if tries is not None:
        return Text("{tries} tries were made", tries=tries)
    return Text("{count} settings were tried", count=count) if count != 1 else Text("1 setting was tried")


def _spa(contests: Sequence[Contest], *, believed: bool) -> Text | str:
    """The nearest step's test of superior predictive ability; nothing where none was made."""
    if not contests:
        return ""
    first = min(contests, key=lambda found: found.step)
    facts = {"p": pvalue_words(first.spa.pvalue), "step": first.step}
    if first.spa.pvalue < ALPHA and not believed:
        return Text(" (SPA alone would call one better, p {p})", p=facts["p"])
    if len(contests) > 1:
        return Text(" (SPA at step {step}, p {p})", **facts)
    return Text(" (SPA, p {p})", p=facts["p"])


def _names(rows: Sequence[ModelRow], *, several: bool) -> str:
    names = [f"{row.name} [{row.step}]" if several else row.name for row in rows]
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")


def _others(own: Sequence[ModelRow]) -> list[Text]:
    """How many are worse and how many no different, at the nearest step."""
    first = [row.verdict for row in own if row.step == 1]
    worse, even = first.count("worse than persistence"), first.count("no difference found")
    if worse == 0:
        return []
    facts = {"worse": worse, "count": len(first), "even": even, "step": _step(own)}
    if worse == len(first) == 1:
        return [Text("It is worse than persistence{step}.", **facts)]
    if worse == len(first):
        return [Text("All {count} are worse than persistence{step}.", **facts)]
    if even == 0:
        return [Text("{worse} of {count} are worse than persistence{step}.", **facts)]
    return [Text("{worse} of {count} are worse than persistence{step}; for {even} no difference is found.", **facts)]


def _step(own: Sequence[ModelRow]) -> Text | str:
    """Which step is meant, where there are several."""
    return Text(" at step 1") if any(row.step > 1 for row in own) else ""


def _chosen(chosen: SweepScore, tries: int | None) -> Text:
    facts = {"name": chosen.name, "skill": signed(chosen.skill), "verdict": _word(chosen.verdict)}
    if tries is None:
        return Text(
            "Lowest validation loss, so chosen without the test span: {name} (test skill {skill}; {verdict}).", **facts
        )
    return Text(
        "Chosen of {tries} tries by its validation loss: {name} (test skill {skill}; {verdict}).", tries=tries, **facts
    )


def _word(verdict: str) -> Text:
    words: dict[Verdict | str, Text] = {
        "beats persistence": Text("beats persistence"),
        "worse than persistence": Text("worse than persistence"),
        "no difference found": Text("no difference found"),
        "too few to tell": Text("too few to tell"),
    }
    return words[verdict]
