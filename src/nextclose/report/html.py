"""Building HTML from escaped text: what a user wrote can never become markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, *children: str, **attributes: str) -> Markup:
    """An element; children that are no Markup are escaped; a trailing _ in an attribute's name is dropped."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    inner = "".join(child if isinstance(child, Markup) else escape(child, quote=False) for child in children)
    return Markup(f"<{name}{written}>{inner}</{name}>")


def join(parts: Iterable[str], between: str = "") -> Markup:
    """Parts one behind the other."""
    return Markup(between.join(part if isinstance(part, Markup) else escape(part, quote=False) for part in parts))


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, words: Sequence[int] = (0,), class_: str = ""
) -> Markup:
    """A table in a frame that scrolls sideways on a narrow screen; columns in `words` are text, the rest numbers."""
    kinds = ["word" if i in words else "num" for i in range(len(head))]
    header = tag("tr", *(tag("th", text, class_=kind, scope="col") for text, kind in zip(head, kinds, strict=True)))
    body = [tag("tr", *(tag("td", text, class_=kind) for text, kind in zip(row, kinds, strict=True))) for row in rows]
    return tag("div", tag("table", tag("thead", header), tag("tbody", *body), class_=class_), class_="scroll")


def section(title: str, lead: str, *parts: str, id_: str) -> Markup:
    """A titled section with one sentence that says how to read it."""
    return tag("section", tag("h2", title), *([tag("p", lead, class_="lead")] if lead else []), *parts, id_=id_)
