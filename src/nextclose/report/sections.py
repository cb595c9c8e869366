"""The sections of a report that are words and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import ModelRow, StudyResult
from nextclose.report.html import Markup, join, table, tag
from nextclose.report.words import DASH, information_word, percent, price, pvalue, signed, verdict_word

MARKS = {
    "beats persistence": ("▲", "beats"),
    "worse than persistence": ("▼", "worse"),
    "no difference found": ("=", "even"),
    "too few to tell": ("?", "few"),
}


def verdicts(study: StudyResult, lang: Lang) -> list[Markup]:
    """A card for each recipe: mark, name, sentence."""
    cards = []
    for row in study.models:
        if row.kind != "recipe":
            continue
        mark, kind = MARKS[row.verdict]
        name = row.name if row.step == 1 else f"{row.name} +{row.step}"
        words = tag("div", tag("strong", f"{name}: {verdict_word(row.verdict, lang)}"), tag("p", row.sentence))
        cards.append(tag("div", tag("span", mark, class_="mark"), words, class_=f"verdict {kind}"))
    return cards


def tomorrow_parts(study: StudyResult, lang: Lang) -> list[Markup]:
    """A row a model, and what the reader must know."""
    if not study.tomorrow:
        return [_notes(study.notes)]
    level = percent(study.tomorrow[0].level, 0)
    head = [
        say("model", lang), say("date", lang), say("last close", lang), say("forecast", lang), say("change", lang),
        say("{level} interval", lang, level=level), say("probability of a rise", lang),
    ]  # fmt: skip
    rows = [
        (
            row.model,
            row.target_date or DASH,
            price(row.last_close),
            price(row.yhat),
            signed(100.0 * (row.yhat / row.last_close - 1.0), 2) + " %",
            f"{price(row.lo)} .. {price(row.hi)}" if np.isfinite(row.lo) else DASH,
            percent(row.p_up, 0),
        )
        for row in study.tomorrow
    ]
    reasons = dict.fromkeys(
        f"{row.model}: {why}" for row in study.tomorrow for why in dict.fromkeys(row.reasons.values())
    )
    return [table(head, rows, words=(0, 1)), _notes([*study.notes, *reasons])]


def leaderboard(study: StudyResult, lang: Lang) -> list[Markup]:
    """Every row with every number, and why some are missing."""
    head = [
        say("model", lang), "n", "RMSE", "MAE", "MAPE %", say("skill", lang), say("90 % interval", lang),
        say("direction", lang), say("always up", lang), "DM p", "CW p", "PT p", say("coverage", lang),
        say("verdict", lang), say("information", lang),
    ]  # fmt: skip
    rows = sorted(study.models, key=lambda row: (row.step, -row.skill if np.isfinite(row.skill) else np.inf))
    reasons = dict.fromkeys(f"{row.name}, {name}: {why}" for row in rows for name, why in row.reasons.items())
    abbreviations = say(
        "DM: Diebold-Mariano with the Harvey-Leybourne-Newbold correction, two-sided. CW: Clark-West, one-sided. "
        "PT: Pesaran-Timmermann, two-sided. A tie is not a rise; {ties} of the sessions closed unchanged.",
        lang,
        ties=percent(rows[0].ties) if rows else DASH,
    )
    return [table(head, [_cells(row, lang) for row in rows], words=(0, 13, 14)), _notes([abbreviations, *reasons])]


def _cells(row: ModelRow, lang: Lang) -> Sequence[str]:
    baseline = row.name == "persistence"
    return (
        row.name if row.step == 1 else f"{row.name} +{row.step}",
        f"{row.n:,}",
        price(row.rmse),
        price(row.mae),
        f"{row.mape:.2f}" if np.isfinite(row.mape) else DASH,
        signed(row.skill),
        f"{signed(row.skill_lo)} .. {signed(row.skill_hi)}",
        percent(row.directional_accuracy),
        percent(row.always_up),
        pvalue(row.dm.pvalue),
        pvalue(row.cw.pvalue),
        pvalue(row.pt.pvalue),
        percent(row.coverage),
        DASH if baseline else verdict_word(row.verdict, lang),
        DASH if baseline else information_word(row.information, lang),
    )


def data_parts(study: StudyResult, lang: Lang) -> list[Markup]:
    """What was read, what was found and done, the windows' shapes and the split in words."""
    data, split = study.data, study.split
    read = say("{rows} bars of {symbol}, {first} to {last}", lang,
               rows=f"{data.rows:,}", symbol=data.symbol, first=data.first, last=data.last)  # fmt: skip
    refit = (
        say("fitted once", lang)
        if split.refit_every is None
        else say("refitted every {n} sessions, {folds} folds", lang, n=split.refit_every, folds=len(split.folds))
    )
    spans = say("train {start} to {end}, then {test} test sessions, {refit}.", lang,
                start=split.train_start, end=split.train_end, test=split.test_sessions, refit=refit)  # fmt: skip
    found = [_finding(note, lang) for note in data.notes] or [say("nothing found wrong", lang)]
    head = [
        say("recipe", lang),
        "X_train (N, L, F)",
        "y_train (N, K)",
        "X_test",
        "y_test",
        say("time-major (L, N, F)", lang),
    ]
    rows = [_shape_cells(name, shapes) for name, shapes in study.shapes.items()]
    return [
        tag("p", f"{read}  ({data.source})"),
        tag("h3", say("What was found, and what was done", lang)),
        _notes(found),
        tag("h3", say("Windows", lang)),
        table(head, rows),
        tag("h3", say("Split", lang)),
        tag("p", spans),
        _notes(split.notes),
    ]


def _shape_cells(name: str, shapes: Mapping[str, tuple[int, ...]]) -> Sequence[str]:
    N, L, F = shapes["X_train"]
    return (name, *(str(tuple(shapes[key])) for key in ("X_train", "y_train", "X_test", "y_test")), str((L, N, F)))


def settings_parts(study: StudyResult, lang: Lang) -> list[Markup]:
    """Settings of every recipe, versions, engine and the data's hash."""
    names = list(study.recipes)
    keys = [key for key in study.recipes[names[0]] if key != "summary"]
    rows = [[key, *(_setting(study.recipes[name].get(key)) for name in names)] for key in keys]
    facts = [
        [say("engine", lang), f"{study.engine['chosen']} ({study.engine['reason']})"],
        ["sha256", study.data.sha256],
        *[[name, version] for name, version in study.versions.items()],
    ]
    return [
        table([say("setting", lang), *names], rows, words=range(len(names) + 1)),
        tag("h3", say("Versions and data", lang)),
        join(tag("p", tag("code", f"{name} {value}"), style="margin:2px 0") for name, value in facts),
    ]


def _setting(value: object) -> str:
    if value is None:
        return DASH
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _finding(note: Mapping[str, object], lang: Lang) -> str:
    values = note["values"] if isinstance(note["values"], Mapping) else {}
    dates = note["dates"] if isinstance(note["dates"], Sequence) else ()
    words = {"dropped": "left out", "kept": "kept", "applied": "applied", "noted": "noted"}
    text = say(str(note["template"]), lang, **values)
    shown = f" ({', '.join(map(str, dates))}{', ...' if int(str(note['count'])) > len(dates) else ''})" if dates else ""
    count = say("{count} rows", lang, count=note["count"])
    return f"{text}: {count}, {say(words[str(note['action'])], lang)}{shown}"


def _notes(notes: Sequence[str]) -> Markup:
    return tag("ul", *(tag("li", note) for note in notes), class_="notes") if notes else Markup("")
