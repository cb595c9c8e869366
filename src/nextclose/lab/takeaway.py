"""What is on screen, to take away: a command, a recipe file, and a Python script that prints the same numbers."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from nextclose import __version__
from nextclose.judging.splits import Split
from nextclose.lab.choices import SWITCHES, Choices
from nextclose.lab.desk import Desk
from nextclose.lab.frames import Frame
from nextclose.lab.job import Job
from nextclose.recipes import Recipe, load_recipe
from nextclose.recipes.file import recipe_text, setting_text

PLACEHOLDER = "prices.csv"
"""Stands for bars that came from Python."""
_PLAIN = '''"""{title}"""

import nextclose as nc

bars = nc.load_bars({bars}){note}
study = nc.run(
    bars,
    recipes=["{recipe}"],
    settings={settings},
    train_start="{train_start}",
    test_start="{test_start}",
    test_end="{test_end}",
    refit_every=0,
    seeds={seeds},
    ladder=False,
)
row = study.models[0]
print(f"skill {{row.skill!r}} on {{row.n}} sessions")
print(row.sentence)
'''
_LAB = '''"""{title}"""

import nextclose as nc
from nextclose.lab.choices import read_choices
from nextclose.lab.desk import Desk
from nextclose.lab.experiment import experiment

bars = nc.load_bars({bars}){note}
choices = read_choices({choices})
found = experiment(Desk(bars), choices)
print(f"skill {{found.skill!r}} on {{len(found.y)}} sessions")
'''


def answer(desk: Desk, choices: Choices, ask: Mapping[str, Any], job: Job) -> Iterator[Frame]:
    """The topic "take"."""
    split = desk.split(choices)
    moved = [name for name, known in SWITCHES.items() if choices.switches[name] != known[0]]
    header: dict[str, Any] = {
        "moved": [*moved, *(["h0=carried"] if choices.carried else [])],
        "script": script(desk, choices, split),
        "given": desk.opened is None,
    }
    if choices.plain:
        header |= {
            "command": command(desk, choices, split),
            "recipe": recipe_file(desk, choices, split),
            "file": file_name(desk, choices),
        }
    yield Frame(header=header)


def script(desk: Desk, choices: Choices, split: Split) -> str:
    """Python that prints the skill on screen: through `nextclose.run` where that can do the same, else as the lab does."""
    told = {
        "title": f"{_quiet(desk.whole.symbol)} in nextclose lab {__version__}: the numbers on screen.",
        "bars": _arguments(desk),
        "note": "" if desk.opened is not None else "  # here, the bars that the lab was given",
    }
    if not choices.plain:
        return _LAB.format(**told, choices=_pretty(choices.values, 0))
    spans, recipe = spans_of(desk, split), choices.recipe
    return _PLAIN.format(**told, **spans, recipe=recipe.name, settings=_pretty(changed(recipe), 4), seeds=recipe.seeds)


def command(desk: Desk, choices: Choices, split: Split) -> str:
    """The same as a command."""
    words = ["nextclose", "run", _source(desk), "--recipe", choices.recipe.name]
    for name, value in changed(choices.recipe).items():
        words += ["--set", f"{name}={setting_text(value)}"]
    for name, date in spans_of(desk, split).items():
        words += ["--" + name.replace("_", "-"), date]
    return shlex.join(
        [*words, "--refit-every", "0", "--seeds", str(choices.recipe.seeds), "--no-ladder", *_options(desk)]
    )


def recipe_file(desk: Desk, choices: Choices, split: Split) -> str:
    """The same as a recipe, its spans included."""
    name = file_name(desk, choices)
    spans = spans_of(desk, split)
    own = replace(
        choices.recipe, train_start=spans["train_start"], test_start=spans["test_start"], test_end=spans["test_end"]
    )
    used = shlex.join(["nextclose", "run", _source(desk), "--recipe", name, "--no-ladder", *_options(desk)])
    return recipe_text(own, comment=used)


def file_name(desk: Desk, choices: Choices) -> str:
    """What the recipe file is called: no recipe's own name."""
    symbol = "".join(letter if letter.isalnum() else "-" for letter in desk.whole.symbol).strip("-").lower()
    return f"{symbol or 'bars'}-{choices.recipe.name}.toml"


def changed(recipe: Recipe) -> dict[str, Any]:
    """Settings that differ from the recipe that it is called after, but for those that a run takes by themselves."""
    plain = load_recipe(recipe.name).settings()
    apart = ("seeds", "refit_every")
    return {name: value for name, value in recipe.settings().items() if value != plain[name] and name not in apart}


def spans_of(desk: Desk, split: Split) -> dict[str, str]:
    """The dates that mean the split, by option of a run."""
    dates = desk.bars.dates
    rows = {"train_start": split.train_start, "test_start": split.test_first, "test_end": split.test_last}
    return {name: str(dates[row]) for name, row in rows.items()}


def _source(desk: Desk) -> str:
    opened = desk.opened or {}
    source = opened.get("source", PLACEHOLDER)
    return f"{source}#{opened['symbol']}" if "symbol" in opened else source


def _options(desk: Desk) -> list[str]:
    opened = desk.opened or {}
    return [word for name in ("faults", "exchange") if name in opened for word in (f"--{name}", opened[name])]


def _quiet(text: str) -> str:
    """The text without what would end a docstring."""
    return "".join(letter for letter in text if letter.isprintable() and letter not in '"\\')


def _arguments(desk: Desk) -> str:
    """What `load_bars` is called with."""
    opened = desk.opened or {"source": PLACEHOLDER}
    more = [f"{name}={_literal(value)}" for name, value in opened.items() if name != "source"]
    return ", ".join([_literal(opened["source"]), *more])


def _pretty(values: Mapping[str, Any], indent: int) -> str:
    """A dict as one writes it, a line an entry where there are several."""
    entries = [f"{_literal(name)}: {_literal(value)}" for name, value in values.items()]
    if len(entries) < 3:
        return "{" + ", ".join(entries) + "}"
    margin = " " * indent
    return "{\n" + "".join(f"{margin}    {entry},\n" for entry in entries) + margin + "}"


def _literal(value: Any) -> str:
    """A value as Python reads it."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
