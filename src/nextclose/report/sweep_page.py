"""The page of a sweep: the verdict, the scores by setting, what was learned, what was forecast."""

from __future__ import annotations

from nextclose.core.lang import Lang
from nextclose.core.sweep import SweepResult
from nextclose.report.document import Pictures, document
from nextclose.report.sections import numbers_section


def render_sweep(result: SweepResult, lang: Lang) -> str:
    """The whole page as HTML text; the same sweep gives the same bytes."""
    pictures = Pictures(lang)
    return document(f"{result.data.symbol} - nextclose", [numbers_section(result.models, lang)], pictures)
