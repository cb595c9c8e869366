"""The session to come for every symbol, from the snapshot's nets, as one entry of the ledger."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nextclose.core.errors import SavedRunError, SettingsError
from nextclose.core.evening import Predicted, Status
from nextclose.core.lang import Lang, Text
from nextclose.judging.splits import parse_date
from nextclose.market.backends import Tick
from nextclose.market.config import MarketConfig, versions
from nextclose.market.ledger.chain import Clock, Ledger, clock
from nextclose.market.live.dates import coming, made_in_time
from nextclose.market.live.forecast import ShardForecasts, forecast_shard, models_of
from nextclose.market.live.plan import LivePlan
from nextclose.market.live.pooled import with_saved_nets
from nextclose.market.live.shard import read_saved
from nextclose.market.live.state import LiveState, read_run, read_state
from nextclose.market.live.status import standings
from nextclose.market.live.update import results
from nextclose.market.sets import BarSet, fingerprint, open_set
from nextclose.study.live import Sessions

if TYPE_CHECKING:
    import pyarrow as pa

TOGETHER = 12
"""Shards that are read at once."""
AGAIN = Text("Nothing was written: try again with fewer --workers.")


def predict_run(
    folder: Path,
    *,
    as_of: str | None = None,
    target_date: str | None = None,
    closures: Sequence[str] = (),
    exchange: str | None = None,
    workers: int = 1,
    lang: Lang = "en",
    now: Clock = clock,
) -> Predicted:
    """Forecast the session after the snapshot's, and write it into the ledger; the caller holds the run's lock.

    Parameters
    ----------
    as_of : the snapshot's session, if it is to be made sure.
    target_date : the session to come, where the calendar errs. closures : ISO dates on which the exchange stays shut.
    exchange : calendar code; the one that fits the market's sessions otherwise.
    workers : processes; 0 works in this one.
    now : tells the time.

    Raises
    ------
    SavedRunError : no finished run, no snapshot yet, a damaged one, or a damaged ledger.
    SettingsError : another session than the snapshot's, or a target date that cannot be.
    """
    began = time.monotonic()
    config = read_run(folder)
    state = _checked(folder, read_state(folder), as_of)
    plan = with_saved_nets(plan_of(folder, config, state))
    code = exchange.upper() if exchange else state.exchange
    bars = open_set(config.source)
    with ThreadPoolExecutor(1) as aside:  # a calendar takes about as long as workers take to begin
        asked = aside.submit(coming, code, plan.day, plan.horizon, target_date=target_date, closures=closures)
        if target_date is not None:
            asked.result()
        parts = _forecasts(plan, state, workers, bars)
        ahead = asked.result()
    ledger = Ledger.begin(folder, now=now)
    table = _dated(_new(ledger, parts, plan), ahead.dates)
    in_time = made_in_time(code, ahead.dates[0], now())
    page = _page(parts, plan, state, bars, code, ahead) | {"in_time": in_time}
    entry = ledger.append("forecasts", table, as_of=plan.as_of, page=page, now=now) if table.num_rows else None
    written = entry or [one for one in ledger.of_kind("forecasts") if one.as_of == plan.as_of][-1]
    return Predicted(
        origin=plan.as_of,
        target_date=written.page["target_dates"][0],
        reason=None if ahead.reason is None else ahead.reason.render(lang),
        statuses=page["statuses"],
        models=models_of(plan),
        reasons={symbol: why.render(lang) for part in parts for symbol, why in part.reasons.items()},
        entry=None if entry is None else entry.entry,
        in_time=written.page.get("in_time"),
        seconds=time.monotonic() - began,
        already=entry is None,
    )


def plan_of(folder: Path, config: MarketConfig, state: LiveState) -> LivePlan:
    """What the snapshot is of."""
    return LivePlan(
        folder=str(folder),
        config=config,
        as_of=state.as_of,
        later=state.later,
        joined=state.joined,
        before=state.folder,
    )


def _checked(folder: Path, state: LiveState | None, as_of: str | None) -> LiveState:
    """The snapshot, if it is of that session."""
    if state is None:
        raise SavedRunError(
            "'{folder}' has no snapshot of saved nets yet: make one with nextclose market update {folder}",
            folder=folder,
        )
    day = state.as_of if as_of is None else str(parse_date("as-of", as_of))
    if day > state.as_of:
        raise SettingsError(
            "--as-of {as_of}: the snapshot in '{folder}' is of {known}. Bring it up first: nextclose market update {folder} "
            "--as-of {as_of}",
            as_of=day,
            folder=folder,
            known=state.as_of,
        )
    if day < state.as_of:
        raise SettingsError(
            "--as-of {as_of}: the snapshot in '{folder}' is of {known}, and nets that have seen later sessions forecast no "
            "earlier one.",
            as_of=day,
            folder=folder,
            known=state.as_of,
        )
    return state


@dataclass(kw_only=True)
class _PredictWork:
    """The shards of an evening's forecasts."""

    plan: LivePlan
    files: Mapping[str, str]
    bars: BarSet | None = field(default=None, repr=False)

    def compute(self, number: int, on_fits: Callable[[int], None]) -> list[ShardForecasts]:
        """Some shards in a row, read at once: a question to the set takes longer than the rows that answer it."""
        plan, bars = self.plan, self.bars or open_set(self.plan.config.source)
        self.bars = bars
        shards = list(enumerate(plan.shards))[number * TOGETHER : (number + 1) * TOGETHER]
        read = bars.read([name for _, names in shards for name in names], plan.config.faults)
        found, parts = iter(standings(read, bars, plan.sessions)), []
        for shard, names in shards:
            saved = read_saved(plan, shard, self.files)
            parts.append(forecast_shard(plan, list(islice(found, len(names))), saved))
        return parts


def _forecasts(plan: LivePlan, state: LiveState, workers: int, bars: BarSet) -> list[ShardForecasts]:
    """Every shard's, in order."""
    work = _PredictWork(plan=plan, files=state.files, bars=None if workers else bars)
    found: dict[int, list[ShardForecasts]] = {}
    with closing(results(work, range(ceil(len(plan.shards) / TOGETHER)), workers, AGAIN)) as computed:
        for got in computed:
            if not isinstance(got, Tick):
                found[got[0]] = got[1]
    return [part for number in sorted(found) for part in found[number]]


def _new(ledger: Ledger, parts: Sequence[ShardForecasts], plan: LivePlan) -> pa.Table:
    """The rows that are to be written: all; or, where this session was forecast before, numbers that it lacks still."""
    import pyarrow as pa

    table = pa.concat_tables([part.table for part in parts]).combine_chunks()
    known = [ledger.table(entry) for entry in ledger.of_kind("forecasts") if entry.as_of == plan.as_of]
    if not known:
        return table
    numbered = {key for own in known for key in _keys(own, numbered=True)}
    over = {symbol for part in parts for symbol in part.over}
    numbers = table["yhat"].is_valid().to_pylist()
    keep = [
        number and key not in numbered and key[0] not in over
        for number, key in zip(numbers, _keys(table, numbered=False), strict=True)
    ]
    return table.filter(pa.array(keep, pa.bool_()))


def _dated(table: pa.Table, dates: Sequence[str | None]) -> pa.Table:
    """With the session that each step is for."""
    import pyarrow as pa

    days = pa.array([None if day is None else date.fromisoformat(day) for day in dates], pa.date32())
    at = table.column_names.index("target_date")
    steps = table["step"].combine_chunks().to_numpy() - 1
    return table.set_column(at, table.schema.field(at), days.take(pa.array(steps)))


def _keys(table: pa.Table, *, numbered: bool) -> list[tuple[Any, ...]]:
    """(symbol, model, step) of the rows, or of those that have a number."""
    if numbered:
        table = table.filter(table["yhat"].is_valid())
    return list(zip(*(table[name].to_pylist() for name in ("symbol", "model", "step")), strict=True))


def _page(
    parts: Sequence[ShardForecasts], plan: LivePlan, state: LiveState, bars: BarSet, exchange: str, ahead: Sessions
) -> dict[str, Any]:
    """What is to be said of the entry beside its rows."""
    statuses: Counter[Status] = Counter()
    for part in parts:
        statuses.update(part.statuses)
    source = fingerprint(bars.files)
    page: dict[str, Any] = {
        "statuses": dict(sorted(statuses.items())), "models": list(models_of(plan)), "target_dates": list(ahead.dates),
        "exchange": exchange, "snapshot": state.digest, "source_sha256": source, "versions": versions(),
    }  # fmt: skip
    if state.versions != page["versions"]:
        page["fitted_with"] = dict(state.versions)
    if state.source_sha256 != source:
        page["updated_on"] = state.source_sha256
    return page
