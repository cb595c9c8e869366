"""Sentences in English and Korean.

The English template is the key; `locale/ko/<room>.json` maps it to Korean with the same
`{named}` places. A test reads every template in the source and asks for its Korean twin.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Literal

Lang = Literal["en", "ko"]
LANGS: tuple[Lang, ...] = ("en", "ko")


class Text:
    """A sentence whose language is chosen when it is shown: a template and its values.

    `str(text)` is English. A Text may stand among the values of another.
    """

    def __init__(self, template: str, /, **values: object) -> None:
        self.template = template
        self.values = values

    def render(self, lang: Lang = "en") -> str:
        """The sentence in `lang`."""
        return say(self.template, lang, **self.values)

    def __str__(self) -> str:
        return self.render()

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.template, self.values))


class Joined(Text):
    """Several texts in a row, such as all the problems of a configuration."""

    def __init__(self, parts: Iterable[Text], separator: str = "; ") -> None:
        super().__init__("")
        self.parts = tuple(parts)
        self.separator = separator

    def render(self, lang: Lang = "en") -> str:
        """The texts in `lang`, one behind the other."""
        return self.separator.join(part.render(lang) for part in self.parts)

    def __reduce__(self) -> tuple[object, ...]:
        return (Joined, (self.parts, self.separator))


def say(template: str, lang: Lang = "en", /, **values: object) -> str:
    """`template` in `lang`, its `{named}` places filled with `values`."""
    text = template if lang == "en" else catalogue(lang).get(template, template)
    if not values:
        return text
    return text.format(
        **{name: value.render(lang) if isinstance(value, Text) else value for name, value in values.items()}
    )


def _rebuild(template: str, values: dict[str, object]) -> Text:
    return Text(template, **values)


@cache
def catalogue(lang: Lang) -> dict[str, str]:
    """Every English template that is known and what it is in `lang`; never changed by anybody."""
    folder = files("nextclose") / "locale" / lang
    pages = sorted((page for page in folder.iterdir() if page.name.endswith(".json")), key=lambda page: page.name)
    return {template: text for page in pages for template, text in json.loads(page.read_text(encoding="utf-8")).items()}
