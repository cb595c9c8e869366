"""What was found in the data, in words, for the page and for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nextclose.core.lang import Lang, say


def finding_text(note: Mapping[str, Any], lang: Lang) -> str:
    """What was found."""
    return say(str(note["template"]), lang, **note.get("values", {}))


def finding_count(note: Mapping[str, Any], lang: Lang) -> str:
    """In how many rows."""
    return say("1 row", lang) if note["count"] == 1 else say("{count} rows", lang, count=f"{note['count']:,}")


def finding_action(note: Mapping[str, Any], lang: Lang) -> str:
    """What was done about it."""
    return action_word(str(note["action"]), lang)


def action_word(action: str, lang: Lang) -> str:
    """What was done: 'dropped', 'kept', 'applied' or 'noted' in a word of `lang`."""
    actions = {
        "dropped": say("left out", lang),
        "kept": say("kept", lang),
        "applied": say("applied", lang),
        "noted": say("noted", lang),
    }
    return actions[action]


def finding_dates(note: Mapping[str, Any], most: int) -> str:
    """The first dates, at most so many, and whether there are more."""
    dates: Sequence[str] = note.get("dates", ())
    more = ", ..." if note["count"] > len(dates[:most]) else ""
    return ", ".join(map(str, dates[:most])) + more if dates else ""
