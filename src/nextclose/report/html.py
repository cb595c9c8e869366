"""Building HTML from escaped text: what a user wrote can never become markup."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, *children: str, **attributes: str) -> Markup:
    """An element; children that are no Markup are escaped; a trailing _ in an attribute's name is dropped."""
    return Markup(f"<{name}{_written(attributes)}>{join(children)}</{name}>")


def void(name: str, **attributes: str) -> Markup:
    """An element that holds nothing and has no end, such as `input`."""
    return Markup(f"<{name}{_written(attributes)}>")


def _written(attributes: Mapping[str, str]) -> str:
    return "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())


def join(parts: Iterable[str], between: str = "") -> Markup:
    """Parts one behind the other."""
    return Markup(between.join(part if isinstance(part, Markup) else escape(part, quote=False) for part in parts))


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    words: Collection[int] = (0,),
    quiet: Sequence[bool] = (),
    last: Collection[int] = (),
    class_: str = "plain",
) -> Markup:
    """A table in a frame that scrolls sideways on a narrow screen.

    Columns in `words` are text, the rest numbers; a row that is `quiet` stands back, a gap follows a row in `last`. The
    first cell names its row.
    """
    kinds = ["word" if i in words else "num" for i in range(len(head))]
    header = tag("tr", *(tag("th", text, class_=kind, scope="col") for text, kind in zip(head, kinds, strict=True)))
    body = []
    for number, row in enumerate(rows):
        kind = "quiet" if number < len(quiet) and quiet[number] else "own"
        body.append(_row(row, kinds, f"{kind} last" if number in last else kind))
    return tag("div", tag("table", tag("thead", header), tag("tbody", *body), class_=class_), class_="scroll")


def _row(cells: Sequence[str], kinds: Sequence[str], class_: str) -> Markup:
    name = tag("th", cells[0], class_=kinds[0], scope="row")
    return tag(
        "tr",
        name,
        *(tag("td", cell, class_=kind) for cell, kind in zip(cells[1:], kinds[1:], strict=True)),
        class_=class_,
    )


def two_lines(first: str, second: str) -> Markup:
    """A cell's main text with a quieter line below."""
    return join([first, tag("small", second)])


def bullets(texts: Iterable[str]) -> Markup:
    """A quiet list; nothing where there are no texts."""
    items = [tag("li", text) for text in texts]
    return tag("ul", *items, class_="notes") if items else Markup("")


def section(title: str, lead: str, *parts: str, id_: str) -> Markup:
    """A titled section with one sentence that says how to read it."""
    return tag("section", tag("h2", title), *([tag("p", lead, class_="lead")] if lead else []), *parts, id_=id_)
