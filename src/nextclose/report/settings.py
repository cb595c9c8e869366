"""Settings of every recipe side by side, versions, engine and the data's hash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nextclose.core.lang import Lang, say
from nextclose.core.results import StudyResult
from nextclose.report.html import Markup, table, tag
from nextclose.report.words import DASH


def settings_parts(study: StudyResult, lang: Lang) -> list[Markup]:
    """What each recipe is, its settings with the differences in bold, and what computed the numbers."""
    facts = {
        say("engine", lang): f"{study.engine['chosen']} ({study.engine['reason']})",
        say("data, SHA-256", lang): study.data.sha256,
        **study.versions,
    }
    return [*recipe_parts(study.recipes, lang), tag("h3", say("Versions and data", lang)), fact_list(facts)]


def recipe_parts(recipes: Mapping[str, Mapping[str, Any]], lang: Lang) -> list[Markup]:
    """What each recipe is, and its settings with the differences in bold."""
    summaries = [
        tag("p", tag("strong", name), " ", say(str(settings.get("summary", "")), lang))
        for name, settings in recipes.items()
    ]
    return [*summaries, _settings(recipes, lang)]


def fact_list(facts: Mapping[str, str]) -> Markup:
    """Labels and values, a line each."""
    rows = (tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items())
    return tag("dl", *rows, class_="versions")


def _settings(recipes: Mapping[str, Mapping[str, Any]], lang: Lang) -> Markup:
    names = list(recipes)
    keys = dict.fromkeys(key for settings in recipes.values() for key in settings if key != "summary")
    rows = []
    for key in keys:
        values = [_shown(recipes[name].get(key), lang) for name in names]
        differ = len(set(values)) > 1
        rows.append((key, *(tag("b", value) if differ else value for value in values)))
    return table([say("setting", lang), *names], rows, words=range(len(names) + 1), class_="settings")


def _shown(value: object, lang: Lang) -> str:
    if value is None:
        return DASH
    if isinstance(value, bool):
        return say("on", lang) if value else say("off", lang)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
