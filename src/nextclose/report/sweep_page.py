"""The page of a sweep: the verdict, the scores by setting, what the nets learned, what they forecast."""

from __future__ import annotations

from nextclose.core.lang import Lang, say
from nextclose.core.results import ModelRow
from nextclose.core.sweep import SweepResult, shown
from nextclose.report.document import Pictures, assemble, asset, drawing_library, footer
from nextclose.report.html import Markup, bullets, join, section, table, tag
from nextclose.report.sections import alarm_section, contest_section, numbers_section, tests_section
from nextclose.report.settings import fact_list
from nextclose.report.sweep_curves import forecast_section, learning_section
from nextclose.report.sweep_heat import heat_parts
from nextclose.report.sweep_strips import strip_parts
from nextclose.report.sweep_tries import tries_section
from nextclose.report.sweep_words import values_words
from nextclose.report.verdicts import MARKS
from nextclose.report.words import refit_words, verdict_word

HYPHEN = "\u2011"
"""One at which no line breaks."""


def render_sweep(result: SweepResult, lang: Lang) -> str:
    """The whole page as HTML text; the same sweep gives the same bytes."""
    pictures = Pictures(lang)
    body = [
        _header(result, lang),
        _verdict(result, lang),
        alarm_section(result.models, lang),
        _scores(result, lang),
        tries_section(result, pictures),
        learning_section(result, pictures),
        forecast_section(result, pictures),
        contest_section(result.contests, result.models, lang),
        numbers_section(result.models, lang),
        tests_section([row for row in result.models if row.name in (result.best, result.chosen)], lang),
        _settings(result, lang),
        footer(result.versions.get("nextclose", ""), lang),
    ]
    style = join([asset("style.css"), asset("sweep.css")], "\n")
    scripts = [tag("script", Markup(drawing_library())), tag("script", asset("page.js"))]
    title = f"{result.data.symbol}, {result.recipe} - nextclose"
    return assemble(title, body, pictures, style=style, scripts=scripts)


def _header(result: SweepResult, lang: Lang) -> Markup:
    split = result.split
    title = say(
        "Which settings of {recipe}, if any, predict {symbol}?",
        lang,
        recipe=result.recipe.replace("-", HYPHEN),
        symbol=result.data.symbol,
    )
    span = say(
        "Tested on {sessions} sessions, {start} to {end}; trained on the {train} before them, {refit}. {seeds} seeds a setting.",
        lang,
        sessions=f"{split.test_sessions:,}",
        start=split.test_start,
        end=split.test_end,
        train=f"{split.train_sessions:,}",
        refit=refit_words(split, lang),
        seeds=result.settings["seeds"],
    )
    return tag("header", tag("p", "nextclose", class_="brand"), tag("h1", title), tag("p", span, class_="lead"))


def _verdict(result: SweepResult, lang: Lang) -> Markup:
    """What may be said of all of them at once, and how many verdicts of each kind fell."""
    first, *more = result.sentences
    own = [row for row in result.models if row.kind == "recipe" and row.step == 1]
    pills = join((_pill(own, verdict, lang) for verdict in MARKS), " ")
    card = tag(
        "article", tag("h3", first), *(tag("p", sentence) for sentence in more), tag("p", pills, class_="pills"),
        class_=f"verdict {_tone(own)}",
    )  # fmt: skip
    lead = say(
        "Every setting is measured against persistence, 'tomorrow's close is today's'. The more are tried, the better the best "
        "one looks by chance alone; Holm's adjustment asks more of each in return.",
        lang,
    )
    faults = [row.problem for row in result.scores if row.problem]
    return section(say("Verdict", lang), lead, card, bullets([*faults, *result.notes]), id_="verdict")


def _pill(own: list[ModelRow], verdict: str, lang: Lang) -> Markup:
    count = sum(row.verdict == verdict for row in own)
    if count == 0:
        return Markup("")
    mark, kind = MARKS[verdict]
    word = verdict_word(verdict, lang)  # type: ignore[arg-type]
    return tag("span", tag("span", f"{mark} {word}: {count}", class_="pill"), class_=kind)


def _tone(own: list[ModelRow]) -> str:
    verdicts = {row.verdict for row in own}
    if "beats persistence" in verdicts:
        return "beats"
    if verdicts == {"too few to tell"}:
        return "few"
    return "worse" if verdicts == {"worse than persistence"} else "even"


def _scores(result: SweepResult, lang: Lang) -> Markup:
    lead, heat = (
        say("On the test span, and on the held-out windows where there are any.", lang),
        heat_parts(result, lang),
    )
    if heat:
        lead += " " + say("Framed: the best on the test span; dotted: the lowest validation loss.", lang)
    return section(say("Final scores by setting", lang), lead, *heat, *strip_parts(result, lang), id_="scores")


def _settings(result: SweepResult, lang: Lang) -> Markup:
    lead = say("Enough to compute every number here again.", lang)
    tried = [(name, values_words(values, lang)) for name, values in result.axes.items()]
    fixed = [(name, shown(value)) for name, value in result.settings.items() if name not in result.axes]
    head = [say("setting", lang), say("values", lang)]
    facts = {
        say("engine", lang): f"{result.engine['chosen']} ({result.engine['reason']})",
        say("data, SHA-256", lang): result.data.sha256,
        **result.versions,
    }
    return section(
        say("Settings", lang), lead, tag("p", tag("strong", result.recipe), " ", say(result.summary, lang)),
        tag("h3", say("What differs", lang)), table(head, tried, words=(0, 1), class_="settings"),
        tag("h3", say("What all share", lang)), table(head, fixed, words=(0, 1), class_="settings"),
        tag("h3", say("Versions and data", lang)), fact_list(facts), id_="settings",
    )  # fmt: skip
