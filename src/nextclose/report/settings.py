"""Settings of every recipe side by side, versions, engine and the data's hash."""

from __future__ import annotations

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
    summaries = [
        tag("p", tag("strong", name), " ", say(str(settings.get("summary", "")), lang))
        for name, settings in study.recipes.items()
    ]
    return [
        *summaries,
        _settings(study, lang),
        tag("h3", say("Versions and data", lang)),
        tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items()), class_="versions"),
    ]


def _settings(study: StudyResult, lang: Lang) -> Markup:
    names = list(study.recipes)
    keys = dict.fromkeys(key for settings in study.recipes.values() for key in settings if key != "summary")
    rows = []
    for key in keys:
        values = [_shown(study.recipes[name].get(key), lang) for name in names]
        differ = len(set(values)) > 1
        rows.append((key, *(tag("b", value) if differ else value for value in values)))
    return table([say("setting", lang), *names], rows, words=range(len(names) + 1), class_="settings")


def _shown(value: object, lang: Lang) -> str:
    if value is None:
        return DASH
    if isinstance(value, bool):
        return say("on", lang) if value else say("off", lang)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
