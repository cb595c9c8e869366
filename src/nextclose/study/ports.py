"""What goes into an exported graph, what comes out, and what the file says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from nextclose import __version__
from nextclose.core.lang import Lang, Text
from nextclose.core.settings import WindowSettings
from nextclose.recipes import Recipe
from nextclose.study.saved_model import SavedModel
from nextclose.windows.volatility import DECAY

FAR = 200
"""Rows back, to say by how little a volatility remembers them."""


@dataclass(frozen=True, kw_only=True)
class Port:
    """An input or output of the graph."""

    name: str
    shape: tuple[str | int, ...]
    """A size by its name where the caller chooses it."""
    dtype: str
    meaning: str


def ports(recipe: Recipe, lang: Lang = "en") -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    """Inputs and outputs of a recipe's graph."""
    windows, levels = recipe.windows, recipe.training.quantiles
    bars = Text(
        "raw sessions, oldest first, T >= {seq_len}; columns {features}. {history}",
        seq_len=windows.seq_len,
        features=", ".join(windows.features),
        history=history(windows),
    )
    price = Text("the coming closes, one a session, in the unit of the close that went in")
    inputs = (_port("bars", ("T", len(windows.features)), bars, lang),)
    outputs = [_port("price", (windows.horizon,), price, lang)]
    if levels:
        listed = ", ".join(f"{level:g}" for level in levels)
        quantiles = Text("the quantiles {levels} of each, as the nets say them; price is that of 0.5", levels=listed)
        outputs.append(_port("quantiles", (windows.horizon, len(levels)), quantiles, lang))
    return inputs, tuple(outputs)


def _port(name: str, shape: tuple[str | int, ...], meaning: Text, lang: Lang) -> Port:
    return Port(name=name, shape=shape, dtype="float32", meaning=meaning.render(lang))


def uses_history(windows: WindowSettings) -> bool:
    """Whether rows before the window matter: the volatility known at the origin is a mean over all of them."""
    return windows.scaling == "log-ratio-volatility" or windows.target == "volatility-return"


def history(windows: WindowSettings) -> Text:
    """What the rows before the window change."""
    if not uses_history(windows):
        return Text("Only the last {seq_len} rows matter.", seq_len=windows.seq_len)
    return Text(
        "The last {seq_len} rows are the window; the volatility is a mean over the closes of all rows, weighted {decay}^age: "
        "the model's own with the same history, and all that is older than {far} rows weighs {weight} of it.",
        seq_len=windows.seq_len,
        decay=f"{DECAY:g}",
        far=FAR,
        weight=f"{DECAY**FAR:.0e}",
    )


def properties(model: SavedModel, lang: Lang = "en") -> dict[str, str]:
    """What the file says of the model: the metadata_props of its graph."""
    recipe = model.fold.recipe
    return {
        "recipe": recipe.name,
        "features": ",".join(recipe.windows.features),
        "seq_len": str(recipe.windows.seq_len),
        "horizon": str(recipe.windows.horizon),
        "quantiles": ",".join(f"{level:g}" for level in recipe.training.quantiles),
        "scaling": recipe.windows.scaling,
        "target": recipe.windows.target,
        "seeds": str(len(model.fold.fits)),
        "history": history(recipe.windows).render(lang),
        "symbol": model.bars.symbol,
        "trained_until": model.trained_until,
        "nextclose_version": __version__,
    }
