"""nextclose recipes: the recipes, or one of them in full."""

from __future__ import annotations

from typing import Annotated

import typer

from nextclose.cli.options import Json, LangOption, language


def recipes(
    name: Annotated[str | None, typer.Argument(help="A recipe to show in full.")] = None,
    *,
    lang: LangOption = "en",
    json: Json = False,
) -> None:
    """List the recipes, or show one in full."""
    from nextclose.cli.progress import stdout
    from nextclose.core.lang import say
    from nextclose.core.plain import to_json
    from nextclose.recipes import all_recipes, applying, load_recipe

    spoken = language(lang)
    shown = (load_recipe(name),) if name else all_recipes()
    if json:
        pages = {recipe.name: {"summary": recipe.summary, **applying(recipe)} for recipe in shown}
        print(to_json(pages[name] if name else pages), end="")
        return
    console = stdout()
    for recipe in shown:
        console.print(f"[bold]{recipe.name:<20}[/] {say(recipe.summary, spoken)}")
    if name:
        for setting, value in applying(shown[0]).items():
            console.print(f"  {setting:<14} {'none' if value is None else value}", markup=False)
