"""Which column of somebody's table is which of ours."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nextclose.core.errors import ForecastsError
from nextclose.core.forecasts import COLUMNS
from nextclose.core.suggest import did_you_mean

NEEDED = ("symbol", "model", "target_date", "yhat", "last_close", "y")
FROM_BARS = ("last_close", "y")
PLUS = "+"
"""Between the columns of several models in `yhat=A+B`."""
_QUANTILE = re.compile(r"(?:q|quantile)?[_-]?(0?\.\d+)")
_PERCENTILE = re.compile(r"q(\d{1,2}(?:\.\d+)?)")
_BAND = re.compile(r"(?P<model>.+)-(?P<end>lo|hi)-(?P<level>\d{1,2}(?:\.\d+)?)")
"""How wide tables name the ends of intervals: Model-lo-90."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where the columns of a Forecasts table are found."""

    names: Mapping[str, str]
    """Our name -> theirs."""
    models: tuple[str, ...] = ()
    """Columns that hold a model's forecasts each; empty where a column names the model."""
    bands: Mapping[str, tuple[str, str, float]] = field(default_factory=dict)
    """Model -> its columns of lower and upper ends, and their level, in a table with a column a model."""
    quantiles: Mapping[float, str] = field(default_factory=dict)
    """Level -> the column of that quantile."""


def find_columns(there: Sequence[str], wished: Mapping[str, str], *, bars_given: bool) -> Layout:
    """The layout of a table with columns `there`; case and blanks around names are ignored.

    Parameters
    ----------
    wished : our name -> theirs; for yhat also several of theirs with + between them, a model each.
    bars_given : last_close and y may be missing, since bars will fill them in.

    Raises
    ------
    ForecastsError : a wish that names no column, or columns that are missing.
    """
    plain = {name.strip().lower(): name for name in there}
    _check_once([name.strip().lower() for name in there])
    _check_wishes(wished, plain, there)
    wide = _wide(wished.get("yhat", ""), plain)
    names = {
        name: plain[wished.get(name, name).strip().lower()]
        for name in COLUMNS
        if wished.get(name, name).strip().lower() in plain
    }
    present = {*names, *(("yhat", "model") if wide else ())}
    missing = [name for name in NEEDED if name not in present and not (bars_given and name in FROM_BARS)]
    if missing:
        raise _lacking(missing, there)
    taken = {*names.values(), *wide}
    return Layout(
        names=names,
        models=wide,
        bands=_bands(wide, there),
        quantiles=dict(sorted(_quantiles([name for name in there if name not in taken]).items())),
    )


def _check_once(names: Sequence[str]) -> None:
    """Raise where two columns have one name; which of them is meant nobody can tell."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ForecastsError("several columns are called {names}: rename or drop all but one", names=", ".join(twice))


def _check_wishes(wished: Mapping[str, str], plain: Mapping[str, str], there: Sequence[str]) -> None:
    for ours, theirs in wished.items():
        if ours not in COLUMNS:
            raise ForecastsError(
                "--columns: '{name}' is no column of a forecasts table.{hint} They are {known}.",
                name=ours,
                hint=did_you_mean(ours, COLUMNS),
                known=", ".join(COLUMNS),
            )
        parts = [theirs] if theirs.strip().lower() in plain or ours != "yhat" else theirs.split(PLUS)
        for part in parts:
            if part.strip().lower() not in plain:
                raise ForecastsError(
                    "--columns {ours}={theirs}: the table has no column '{theirs}'.{hint} Found {found}.",
                    ours=ours,
                    theirs=part.strip(),
                    hint=did_you_mean(part.strip(), there),
                    found=", ".join(there),
                )


def _wide(wish: str, plain: Mapping[str, str]) -> tuple[str, ...]:
    """The columns of `A+B`, a model each; empty for one column."""
    if PLUS not in wish or wish.strip().lower() in plain:
        return ()
    return tuple(dict.fromkeys(plain[part.strip().lower()] for part in wish.split(PLUS)))


def _bands(models: Sequence[str], there: Sequence[str]) -> dict[str, tuple[str, str, float]]:
    """Each model's widest interval below 100 %; none for a model whose ends are not both there."""
    found: dict[str, tuple[str, str, float]] = {}
    for name in sorted(there):
        match = _BAND.fullmatch(name)
        if match is None or match["model"] not in models or match["end"] != "lo":
            continue
        upper, level = f"{match['model']}-hi-{match['level']}", float(match["level"]) / 100.0
        if upper in there and level > found.get(match["model"], ("", "", 0.0))[2]:
            found[match["model"]] = (name, upper, level)
    return found


def _quantiles(names: Sequence[str]) -> dict[float, str]:
    """q0.05, q_0.05, 0.05, quantile_0.05 and q05."""
    found = {}
    for name in names:
        plain = name.strip().lower()
        fraction, percent = _QUANTILE.fullmatch(plain), _PERCENTILE.fullmatch(plain)
        level = float(fraction[1]) if fraction else float(percent[1]) / 100.0 if percent else 0.0
        if 0.0 < level < 1.0:
            found[level] = name
    return found


def _lacking(missing: Sequence[str], there: Sequence[str]) -> ForecastsError:
    bars = [name for name in missing if name in FROM_BARS]
    if bars and len(bars) == len(missing):
        return ForecastsError(
            "the forecasts lack {missing}. Found {found}. Give the bars that they are about with --bars SOURCE, which fills "
            "{missing} in, or name the columns with --columns {example}=NAME.",
            missing=", ".join(missing),
            found=", ".join(there),
            example=missing[0],
        )
    return ForecastsError(
        "the forecasts lack {missing}. Found {found}. Expected {needed}, or other names with --columns, such as "
        "--columns {example}=NAME.{hint}",
        missing=", ".join(missing),
        found=", ".join(there) or "nothing",
        needed=", ".join(NEEDED),
        example=missing[0],
        hint=did_you_mean(missing[0], there),
    )
