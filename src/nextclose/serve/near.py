"""The known name that is one slip away from another: a letter more, less, other, or two in the wrong order.

Names that differ by one slip are equal when a letter of each is left out, or none of one (Bocek, Hunt and Hauser 2007; the
index of SymSpell). So a question costs as many look-ups as it has letters, however many names there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nextclose.core.lang import Text

LONGEST = 16
"""Letters of a name that is looked for."""


def index_of(names: Iterable[str]) -> Mapping[str, str]:
    """What is left of each name, whole or without a letter -> the name; the first where several leave the same."""
    known = sorted(names)
    found = {name.casefold(): name for name in known}
    for name in known:
        for left in _without_one(name):
            found.setdefault(left, name)
    return found


def nearest(word: str, index: Mapping[str, str]) -> Text | str:
    """A sentence that offers a name one slip away, with a leading space; "" where there is none."""
    lefts = (word.casefold(), *_without_one(word)) if len(word) <= LONGEST else ()
    found = next((index[left] for left in lefts if left in index), None)
    return "" if found is None else Text(" Did you mean '{name}'?", name=found)


def _without_one(name: str) -> Iterator[str]:
    folded = name.casefold()
    return (folded[:at] + folded[at + 1 :] for at in range(len(folded)))
