"""Every combination as a row: its scores, and how far its seeds lie apart."""

from __future__ import annotations

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.sweep import SweepResult, SweepScore
from nextclose.report.html import Markup, table, tag, two_lines
from nextclose.report.strip import Scale, bar, dot, strip, ticks
from nextclose.report.sweep_words import four_digits, settings_words, three_decimals
from nextclose.report.verdicts import MARKS
from nextclose.report.words import DASH, interval, pvalue, signed, verdict_word


def strip_parts(result: SweepResult, lang: Lang) -> list[Markup]:
    """The table, in the order of the grid or of the tries, and how to read it."""
    scale = _scale(result)
    validated = any(row.validation_by_seed for row in result.scores)
    head = [
        say("setting", lang), *([say("validation loss", lang)] if validated else []), say("error, %", lang), say("skill", lang),
        say("RMSE / persistence, by seed", lang), say("verdict", lang),
    ]  # fmt: skip
    place = len(head) - 2
    rows = [_row(result, row, scale, lang, validated=validated) for row in result.scores]
    axis = [*[""] * place, ticks(scale), ""]
    quiet = [bool(row.problem) for row in result.scores]
    drawn = table(head, [*rows, axis], words=(0, place, place + 1), quiet=[*quiet, True], class_="strips")
    key = say(
        "A ring is the RMSE of one seed over persistence's, logarithmic; the diamond is the mean of the seeds' forecasts, which "
        "is what is judged; the dotted line is persistence. Small: the smallest and the largest of the seeds, the skill's 90 % "
        "interval, the adjusted p.",
        lang,
    )
    return [
        tag("h3", say("Every setting, seed by seed", lang)),
        drawn,
        tag("p", key, class_="notes"),
        *_steps(result, lang),
    ]


def _row(result: SweepResult, row: SweepScore, scale: Scale, lang: Lang, *, validated: bool) -> list[str]:
    name = _named(result, row, lang)
    if row.problem:
        return [name, *([DASH] if validated else []), DASH, DASH, "", say("not fitted", lang)]
    mark, kind = MARKS[row.verdict]
    word = tag("span", f"{mark} {verdict_word(row.verdict, lang)}", class_=f"ruling {kind}")  # type: ignore[arg-type]
    return [
        name,
        *([two_lines(four_digits(row.validation), _range(row.validation_by_seed, four_digits))] if validated else []),
        two_lines(three_decimals(row.error_percent), _range(row.error_percent_by_seed, three_decimals)),
        two_lines(signed(row.skill), interval(row.skill_lo, row.skill_hi)),
        _picture(row, scale),
        two_lines(word, f"p {pvalue(row.pvalue_adjusted)}"),
    ]


def _named(result: SweepResult, row: SweepScore, lang: Lang) -> str:
    marks = []
    if row.name == result.best:
        marks.append(say("best on the test span", lang))
    if row.name == result.chosen:
        marks.append(say("lowest validation loss", lang))
    return two_lines(settings_words(row.settings), ", ".join(marks))


def _range(values: tuple[float, ...], words: object) -> str:
    """`1.02 .. 1.31`; nothing for a single seed."""
    if len(values) < 2 or not callable(words):
        return ""
    return f"{words(min(values))} .. {words(max(values))}"


def _picture(row: SweepScore, scale: Scale) -> Markup:
    marks = [dot(scale, 1.0, "level")]
    seeds = [value for value in row.rmse_ratio_by_seed if np.isfinite(value)]
    if seeds:
        marks.append(bar(scale, min(seeds), max(seeds), "reach"))
    marks += [dot(scale, value, "ring") for value in seeds]
    if np.isfinite(row.rmse_ratio):
        marks.append(dot(scale, row.rmse_ratio, "diamond"))
    return strip(*marks)


def _scale(result: SweepResult) -> Scale:
    values = [value for row in result.scores for value in (row.rmse_ratio, *row.rmse_ratio_by_seed)]
    known = [value for value in values if np.isfinite(value) and value > 0.0] or [1.0]
    low, high = min(*known, 1.0), max(*known, 1.0)
    margin = max((high / low) ** 0.04, 1.002)
    return Scale(low=low / margin, high=high * margin, log=True)


def _steps(result: SweepResult, lang: Lang) -> list[Markup]:
    steps = max(row.step for row in result.models)
    if steps == 1:
        return []
    told = say("The error is of all {steps} steps; RMSE, skill and verdict are of step 1.", lang, steps=steps)
    return [tag("p", told, class_="notes")]
