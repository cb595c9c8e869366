"""nextclose recipes: the recipes, or one of them in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from nextclose.cli.options import Json, LangOption, language

if TYPE_CHECKING:
    from rich.table import Table

    from nextclose.core.lang import Lang
    from nextclose.recipes import Recipe


def recipes(
    name: Annotated[str | None, typer.Argument(help="A recipe to show in full.")] = None,
    *,
    lang: LangOption = "en",
    json: Json = False,
) -> None:
    """List the recipes, or show one in full."""
    from nextclose.cli.progress import stdout
    from nextclose.core.plain import to_json
    from nextclose.recipes import all_recipes, applying, load_recipe

    spoken = language(lang)
    shown = (load_recipe(name),) if name else all_recipes()
    if json:
        pages = {recipe.name: {"summary": recipe.summary, **applying(recipe)} for recipe in shown}
        print(to_json(pages[name] if name else pages), end="")
        return
    console = stdout()
    console.print(_listed(shown, spoken))
    if name:
        settings = applying(shown[0])
        width = max(len(setting) for setting in settings)
        for setting, value in settings.items():
            console.print(f"  {setting:<{width}}  {_shown(value)}", markup=False)


def _listed(shown: Sequence[Recipe], lang: Lang) -> Table:
    """Names, and what each is, a paragraph beside its name."""
    from rich.table import Table
    from rich.text import Text

    from nextclose.core.lang import say

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for recipe in shown:
        table.add_row(Text(recipe.name, style="bold"), Text(say(recipe.summary, lang)))
    return table


def _shown(value: object) -> str:
    """A setting as `--set` takes it."""
    if isinstance(value, list):
        return ",".join(map(str, value)) or "none"
    return "none" if value in (None, "") else "on" if value is True else "off" if value is False else str(value)
