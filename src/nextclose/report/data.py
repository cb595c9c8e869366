"""What was read, what was found in it and done about it, the windows' shapes, and the split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nextclose.core.lang import Lang, say
from nextclose.core.results import DataSummary, SplitDates, StudyResult
from nextclose.report.findings import finding_action, finding_count, finding_dates, finding_text
from nextclose.report.folds import fold_parts
from nextclose.report.html import Markup, bullets, table, tag
from nextclose.report.words import refit_words

DATES = 10
"""Dates of a finding that are listed."""


def data_parts(study: StudyResult, lang: Lang) -> list[Markup]:
    """The section's paragraphs, tables and the drawing of the folds."""
    return [
        *_read(study.data, lang),
        tag("h3", say("What was found, and what was done", lang)),
        _found(study.data.notes, lang),
        tag("h3", say("Windows", lang)),
        shape_table(study.shapes, lang),
        tag("h3", say("Split", lang)),
        tag("p", _spans(study.split, lang)),
        bullets(study.split.notes),
        *fold_parts(study.split, lang),
    ]


def _read(data: DataSummary, lang: Lang) -> list[Markup]:
    read = say("{rows} bars of {symbol}, {first} to {last}", lang,
               rows=f"{data.rows:,}", symbol=data.symbol, first=data.first, last=data.last)  # fmt: skip
    adjusted = (
        say("History is adjusted for splits and dividends; the last bar is the quoted one.", lang)
        if data.adjusted
        else say("Prices are as the source gives them.", lang)
    )
    return [tag("p", read, tag("small", tag("code", data.source))), tag("p", adjusted)]


def _found(notes: Sequence[Mapping[str, Any]], lang: Lang) -> Markup:
    if not notes:
        return tag("p", say("nothing found wrong", lang))
    head = [say("found", lang), say("rows", lang), say("done", lang), say("dates", lang)]
    rows = [
        (finding_text(note, lang), finding_count(note, lang), finding_action(note, lang), finding_dates(note, DATES))
        for note in notes
    ]
    return table(head, rows, words=(0, 2, 3), class_="wrapped")


def shape_table(shapes: Mapping[str, Mapping[str, tuple[int, ...]]], lang: Lang) -> Markup:
    """Each recipe's windows, and how the loop over time sees them."""
    head = [
        say("recipe", lang), "X_train (N, L, F)", "y_train (N, K)", "X_test", "y_test",
        say("time-major (L, N, F)", lang),
    ]  # fmt: skip
    rows = []
    for name, own in shapes.items():
        N, L, F = own["X_train"]
        listed = (str(tuple(own[key])) for key in ("X_train", "y_train", "X_test", "y_test"))
        rows.append((name, *listed, str((L, N, F))))
    return table(head, rows)


def _spans(split: SplitDates, lang: Lang) -> str:
    return say("train {start} to {end}, then {test} test sessions, {refit}.", lang,
               start=split.train_start, end=split.train_end, test=split.test_sessions,
               refit=refit_words(split, lang))  # fmt: skip
