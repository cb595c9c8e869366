"""What a page has to know before it draws its controls: every setting, its values and bounds, and each recipe's own."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from nextclose.core.cells import CELLS
from nextclose.lab.choices import CARRIED, MOST, RECIPES, SETTINGS, SPANS, SWITCHES
from nextclose.lab.faults import FAULTS
from nextclose.lab.opening import CHEATS
from nextclose.recipes import load_recipe
from nextclose.recipes.change import setting_kinds
from nextclose.recipes.file import setting_text


def page_spec(source: str, lang: str) -> dict[str, Any]:
    """Plain values; `source` and `lang` are what the page starts with unless its address says otherwise."""
    return {
        "source": source,
        "lang": lang,
        "recipes": {name: _settings(name) for name in RECIPES},
        "settings": {name: values(name) for name in SETTINGS},
        "spans": SPANS,
        "switches": SWITCHES,
        "faults": FAULTS,
        "cheats": CHEATS,
        "most": MOST,
    }


def values(name: str) -> list[str] | None:
    """The values that a setting can take, where they can be listed."""
    if name == "cell":
        return list(CELLS)
    if name == "h0":
        return ["zero", "random", CARRIED]
    if name == "init":
        return ["linear", "rnn"]
    kind = setting_kinds()[name]
    if kind is bool:
        return ["true", "false"]
    return (
        list(get_args(kind))
        if get_origin(kind) is not None and all(isinstance(a, str) for a in get_args(kind))
        else None
    )


def _settings(name: str) -> dict[str, str]:
    """A recipe's settings as text, as an address writes them."""
    settings = load_recipe(name).settings()
    return {key: setting_text(settings[key]) for key in SETTINGS}
