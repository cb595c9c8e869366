"""A shard's snapshot as one safetensors file: arrays of all its symbols one below the other, and a page of words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nextclose.bars.bars import PRICES, Bars
from nextclose.core.fit import Fit
from nextclose.core.lang import Text
from nextclose.market.live.saved import Basis, Past, Problem, SavedBaseline, SavedNets, SavedSymbol, Waiting
from nextclose.recipes import Recipe
from nextclose.study.scores import Scores
from nextclose.training.fold import FittedFold
from nextclose.windows import Affine, Scaler

Arrays = dict[str, npt.NDArray[Any]]
LENGTHS, PAGE = "#", "page"
"""Key of the lengths of a key's parts; key of the page in the metadata."""


def pack(symbols: Sequence[SavedSymbol], summary: Mapping[str, Any], *, weights: bool = True) -> bytes:
    """The file of some symbols, the same bytes for the same values; without weights where these lie elsewhere.

    summary : what was done, as JSON can hold it.
    """
    from safetensors.numpy import save

    flat = [_flat(symbol, weights=weights) for symbol in symbols]
    arrays: Arrays = {}
    for key in sorted({key for own in flat for key in own}):
        parts = [own[key] for own in flat if key in own]
        arrays[key] = np.ascontiguousarray(np.concatenate(parts))
        arrays[key + LENGTHS] = np.array([len(own[key]) if key in own else -1 for own in flat], dtype=np.int32)
    page = {"symbols": [_page(symbol) for symbol in symbols], "summary": summary}
    return save(arrays, metadata={PAGE: json.dumps(page, ensure_ascii=False)})


def read_summary(path: Path) -> dict[str, Any]:
    """What was done to a shard, from the head of its file."""
    with path.open("rb") as file:
        size = file.read(8)
        found: dict[str, Any] = json.loads(_words(file.read(int.from_bytes(size, "little"))))["summary"]
    return found


def unpack(content: bytes, recipes: Mapping[str, Recipe]) -> dict[str, SavedSymbol]:
    """Name -> symbol, as packed."""
    from safetensors.numpy import load

    head = content[8 : 8 + int.from_bytes(content[:8], "little")]
    arrays, page = load(content), json.loads(_words(head))["symbols"]
    parts = {key: _parts(arrays[key], arrays[key + LENGTHS]) for key in arrays if not key.endswith(LENGTHS)}
    found = {}
    for row, words in enumerate(page):
        own = {key: part for key, every in parts.items() if (part := every[row]) is not None}
        found[words["name"]] = _symbol(own, words, recipes)
    return found


def _words(head: bytes) -> str:
    """The page in a file's head."""
    found: str = json.loads(head)["__metadata__"][PAGE]
    return found


def _parts(array: npt.NDArray[Any], lengths: npt.NDArray[Any]) -> list[npt.NDArray[Any] | None]:
    ends = np.cumsum(np.maximum(lengths, 0)).tolist()
    return [None if n < 0 else array[end - n : end] for n, end in zip(lengths.tolist(), ends, strict=True)]


def _flat(symbol: SavedSymbol, *, weights: bool) -> Arrays:
    found: Arrays = {}
    if symbol.known is not None:
        numbers = {name: values for name, values in symbol.known.numbers().items() if name not in symbol.known.extra}
        found |= {f"known/{name}": values for name, values in numbers.items()}
        found["known/dates"] = _whole(symbol.known.dates)
    if symbol.volatility is not None:
        found["volatility"] = symbol.volatility
    for recipe, own in symbol.nets.items():
        nets = own.nets
        found |= {
            f"{recipe}/x_shift": nets.scaler.x.shift, f"{recipe}/x_scale": nets.scaler.x.scale,
            f"{recipe}/y_shift": nets.scaler.y.shift, f"{recipe}/y_scale": nets.scaler.y.scale,
            f"{recipe}/train_shape": np.array(nets.train_shape),
            f"{recipe}/basis": np.array([own.basis.price, own.basis.adjusted]),
        }  # fmt: skip
        if weights:
            names = nets.fits[0].params
            found |= {f"{recipe}/net/{name}": np.stack([fit.params[name] for fit in nets.fits]) for name in names}
    for recipe, past in symbol.past.items():
        found |= {
            f"{recipe}/errors": past.scores.errors, f"{recipe}/asked_until": _whole([past.asked_until]),
            f"{recipe}/waiting/origins": _whole(past.waiting.origins), f"{recipe}/waiting/yhat": past.waiting.yhat,
        }  # fmt: skip
        if past.scores.missed is not None and past.waiting.ends is not None:
            found |= {f"{recipe}/missed": past.scores.missed, f"{recipe}/waiting/ends": past.waiting.ends}
    for name, plain in symbol.baselines.items():
        found[f"{name}/coefficients"] = plain.coefficients
        found[f"{name}/basis"] = np.array([plain.basis.price, plain.basis.adjusted])
    return found


def _page(symbol: SavedSymbol) -> dict[str, Any]:
    """What is no array of a symbol."""
    return {
        "name": symbol.name,
        "symbol": "" if symbol.known is None else symbol.known.symbol,
        "digest": symbol.digest,
        "nets": {
            recipe: [own.number, own.trained_until, own.digest, own.nets.held_out] for recipe, own in symbol.nets.items()
        },
        "past": list(symbol.past),
        "baselines": {name: [plain.number, plain.trained_until] for name, plain in symbol.baselines.items()},
        "problems": {
            recipe: [problem.status, problem.reason.template, _plain(problem.reason.values)]
            for recipe, problem in symbol.problems.items()
        },
    }  # fmt: skip


def _plain(values: Mapping[str, object]) -> dict[str, Any]:
    """Values of a text as JSON can hold them; a text among them as it is in English."""
    return {name: value if isinstance(value, int | float | str) else str(value) for name, value in values.items()}


def _symbol(own: Arrays, words: dict[str, Any], recipes: Mapping[str, Recipe]) -> SavedSymbol:
    return SavedSymbol(
        name=words["name"],
        known=_known(own, words["symbol"]),
        digest=words["digest"],
        volatility=own.get("volatility"),
        nets={name: _nets(own, recipes[name], page) for name, page in words["nets"].items()},
        past={name: _past(own, name) for name in words["past"]},
        baselines={
            name: SavedBaseline(
                number=number, coefficients=own[f"{name}/coefficients"], trained_until=until, basis=_basis(own, name)
            )
            for name, (number, until) in words["baselines"].items()
        },
        problems={
            name: Problem(status=status, reason=Text(template, **values))
            for name, (status, template, values) in words["problems"].items()
        },
    )


def _known(own: Arrays, symbol: str) -> Bars | None:
    if "known/dates" not in own:
        return None
    columns: dict[str, Any] = {name: own[f"known/{name}"] for name in (*PRICES, "volume")}
    return Bars(symbol=symbol, dates=_days(own["known/dates"]), **columns, adj_close=own.get("known/adj_close"))


def _nets(own: Arrays, recipe: Recipe, page: list[Any]) -> SavedNets:
    number, until, digest, held_out = page
    head = f"{recipe.name}/net/"
    stacked = {key.removeprefix(head): array for key, array in own.items() if key.startswith(head)}
    seeds = len(next(iter(stacked.values()))) if stacked else 0
    fits = tuple(
        Fit(
            params={name: array[seed] for name, array in stacked.items()},
            losses=np.empty(0), val_losses=np.empty(0), best_epoch=-1,
        )
        for seed in range(seeds)
    )  # fmt: skip
    x, y = (
        Affine(shift=own[f"{recipe.name}/{axis}_shift"], scale=own[f"{recipe.name}/{axis}_scale"])
        for axis in ("x", "y")
    )
    N, L, F = own[f"{recipe.name}/train_shape"].tolist()
    nets = FittedFold(recipe=recipe, scaler=Scaler(x=x, y=y), fits=fits, train_shape=(N, L, F), held_out=held_out)
    return SavedNets(number=number, nets=nets, trained_until=until, digest=digest, basis=_basis(own, recipe.name))


def _basis(own: Arrays, name: str) -> Basis:
    price, adjusted = own[f"{name}/basis"].tolist()
    return Basis(price=price, adjusted=adjusted)


def _past(own: Arrays, name: str) -> Past:
    return Past(
        scores=Scores(errors=own[f"{name}/errors"], missed=own.get(f"{name}/missed")),
        asked_until=_days(own[f"{name}/asked_until"])[0],
        waiting=Waiting(
            origins=_days(own[f"{name}/waiting/origins"]), yhat=own[f"{name}/waiting/yhat"],
            ends=own.get(f"{name}/waiting/ends"),
        ),
    )  # fmt: skip


def _whole(dates: Any) -> npt.NDArray[np.int64]:
    """Days as whole numbers; NaT as the smallest."""
    days: npt.NDArray[np.int64] = np.asarray(dates, dtype="datetime64[D]").astype(np.int64)
    return days


def _days(whole: npt.NDArray[Any]) -> Any:
    return whole.astype("datetime64[D]")
