"""What a table must be to be judged, and what is said of the rows that are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nextclose.core.errors import ForecastsError
from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Text
from nextclose.core.types import Bools
from nextclose.judging.keys import Keys
from nextclose.judging.row import Measured


def check(keys: Keys) -> None:
    """Raise ForecastsError for a table that cannot be judged."""
    table = keys.table
    if len(table) == 0:
        raise ForecastsError("the table holds no forecasts")
    undated = int(np.count_nonzero(np.isnat(table.target_date)))
    if undated:
        raise ForecastsError("{count} forecasts have no target date: give one, or leave those rows out", count=undated)
    if int(table.step.min()) < 1:
        raise ForecastsError("column 'step': expected 1 for the next session, 2 for the one after; got {got}",
                             got=int(table.step.min()))  # fmt: skip
    _check_shares(table)
    repeated = keys.repeated
    if len(repeated):
        twice = int(repeated[0])
        raise ForecastsError(
            "{count} forecasts stand twice, such as model '{model}' of {symbol} for {date}. Expected one row a symbol, "
            "model, target date and step: leave the others out.",
            count=len(repeated),
            model=table.model[twice],
            symbol=table.symbol[twice],
            date=table.target_date[twice],
        )
    backwards = np.flatnonzero(table.origin >= table.target_date)
    if len(backwards):
        row = int(backwards[0])
        raise ForecastsError(
            "{count} forecasts have a target date that is not after their origin, such as model '{model}': origin "
            "{origin}, target {target}.",
            count=len(backwards),
            model=table.model[row],
            origin=table.origin[row],
            target=table.target_date[row],
        )


def _check_shares(table: Forecasts) -> None:
    """Raise for levels and probabilities that are none, and for intervals upside down."""
    for name, values in (("level", table.level), ("p_up", table.p_up)):
        wrong = np.flatnonzero((values < 0.0) | (values > 1.0))
        if len(wrong):
            raise ForecastsError(
                "column '{name}': expected shares from 0 to 1, such as 0.9, got {got}", name=name, got=values[wrong[0]]
            )
    upside_down = np.flatnonzero(table.lo > table.hi)
    if len(upside_down):
        row = int(upside_down[0])
        raise ForecastsError(
            "{count} intervals have lo above hi, such as {lo} and {hi} for {date}",
            count=len(upside_down), lo=table.lo[row], hi=table.hi[row], date=table.target_date[row],
        )  # fmt: skip


def notes_on(keys: Keys) -> list[Text]:
    """What is not judged, and how much of it."""
    table, notes = keys.table, []
    waiting = int(np.count_nonzero(np.isnan(table.y)))
    if waiting:
        notes.append(Text("{count} forecasts have no truth yet; they are kept and not judged.", count=f"{waiting:,}"))
    impossible = int(np.count_nonzero((table.y <= 0.0) | np.isinf(table.y)))
    if impossible:
        notes.append(
            Text(
                "{count} truths are no positive price; those forecasts are kept and not judged.",
                count=f"{impossible:,}",
            )
        )
    unanchored = int(np.count_nonzero(~((table.last_close > 0.0) & np.isfinite(table.last_close))))
    if unanchored:
        notes.append(
            Text(
                "{count} forecasts have no positive last_close; they are kept and not judged.", count=f"{unanchored:,}"
            )
        )
    missing = np.bincount(keys.model, weights=~np.isfinite(table.yhat), minlength=len(keys.models)).astype(int)
    notes += [
        Text(
            "{model}: {count} forecasts are no number; those sessions are judged for no model.",
            model=model,
            count=f"{int(count):,}",
        )
        for model, count in zip(keys.models, missing, strict=True)
        if count
    ]
    return notes


@dataclass(frozen=True, kw_only=True)
class Uneven:
    """A step at which models forecast different sessions."""

    step: int
    shared: int
    """Forecasts that every model made."""
    model: str
    """Who made the most."""
    most: int


def uneven(keys: Keys, judged: Bools, measured: Sequence[Measured], step: int) -> Uneven | None:
    """What models forecast at a step, where it is not the same; `judged` are the rows of that step."""
    counts = np.bincount(keys.model[judged], minlength=len(keys.models))
    shared, most = max(row.n for row in measured), int(counts.max())
    return (
        None if most == shared else Uneven(step=step, shared=shared, model=keys.models[int(counts.argmax())], most=most)
    )


def left_out(found: Sequence[Uneven]) -> list[Text]:
    """A note on the steps at which models forecast different sessions; one for those of which the same is to be said."""
    alike: dict[tuple[int, str], list[Uneven]] = {}
    for one in found:
        alike.setdefault((one.shared, one.model), []).append(one)
    return [_not_shared(own) for own in alike.values()]


def _not_shared(own: Sequence[Uneven]) -> Text:
    first, last = own[0], own[-1]
    if len(own) == 1:
        return Text(
            "Step {step}: judged on the {shared} forecasts that every model made; {model} alone made {most}.",
            step=first.step,
            shared=f"{first.shared:,}",
            model=first.model,
            most=f"{first.most:,}",
        )
    return Text(
        "Steps {steps}: judged on the {shared} forecasts of each that every model made; {model} alone made up to {most}.",
        steps=", ".join(str(one.step) for one in own),
        shared=f"{last.shared:,}",
        model=last.model,
        most=f"{max(one.most for one in own):,}",
    )
