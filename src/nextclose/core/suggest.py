"""'Did you mean ...?'"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from nextclose.core.lang import Text


def did_you_mean(word: str, known: Iterable[str]) -> Text | str:
    """A sentence that offers the nearest of `known`, with a leading space; "" when none is near."""
    by_lower = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return Text(" Did you mean '{name}'?", name=by_lower[near[0]]) if near else ""
