"""A finished run brought up to a session: new sessions asked, folds that are due fitted, a snapshot of every symbol."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nextclose.bars.calendars import guess_exchange
from nextclose.bars.kept import read_page
from nextclose.core.evening import LiveUpdate
from nextclose.core.lang import Lang, Text
from nextclose.core.plain import to_json
from nextclose.judging.splits import parse_date
from nextclose.market.backends import Tick, Work, in_processes
from nextclose.market.config import MarketConfig, versions
from nextclose.market.files import make_folder, write_bytes, write_text
from nextclose.market.live.packed import read_summary
from nextclose.market.live.plan import LIVE, LivePlan, due, joined
from nextclose.market.live.pooled import with_nets
from nextclose.market.live.sessions import later_sessions
from nextclose.market.live.shard import snapshot_path, update_shard
from nextclose.market.live.state import PARTIAL, LiveState, check_later, read_run, read_state, write_state
from nextclose.market.sets import BarSet, Scan, fingerprint, open_set
from nextclose.market.shard import OnFits
from nextclose.market.spans import market_sessions
from nextclose.market.watch import MarketWatcher, Progress

AGAIN = Text("What was finished is kept: go on with nextclose market update and fewer --workers.")
WANTED = "wanted.json"
"""What a snapshot under way is of: one of something else is begun anew."""


def update_run(
    folder: Path,
    *,
    as_of: str | None = None,
    workers: int = 1,
    watcher: MarketWatcher | None = None,
    lang: Lang = "en",
) -> LiveUpdate:
    """Bring a finished run up to a session, the set's last unless said otherwise; the caller holds the run's lock.

    workers : processes; 0 works in this one.

    Raises
    ------
    SavedRunError : no finished run there, or a damaged snapshot.
    SettingsError : a session before those that are known already.
    """
    began = time.monotonic()
    config, state = read_run(folder), read_state(folder)
    bars = open_set(config.source)
    digest = fingerprint(bars.files)
    if state is not None and state.source_sha256 == digest and as_of == state.as_of:
        _sweep(folder, state)
        return _told(state, lang, already=True, seconds=time.monotonic() - began)
    scan = bars.scan()
    plan = _plan(folder, config, state, scan, as_of)
    if state is not None and state.source_sha256 == digest and plan.as_of == state.as_of:
        _sweep(folder, state)
        return _told(state, lang, already=True, seconds=time.monotonic() - began)
    watcher = watcher or MarketWatcher()
    plan, fits = with_nets(plan, max(workers, 1), watcher)
    partial = _begun(folder, plan, digest)
    _compute(plan, partial, workers, watcher)
    exchange = _exchange(scan, plan) if state is None else state.exchange
    state = _finish(folder, plan, partial, digest, state, exchange, fits)
    return _told(state, lang, already=False, seconds=time.monotonic() - began)


def _plan(folder: Path, config: MarketConfig, state: LiveState | None, scan: Scan, as_of: str | None) -> LivePlan:
    """Which sessions and symbols there are now."""
    day = scan.dates[-1] if as_of is None else parse_date("as-of", as_of)
    known = () if state is None else state.later
    check_later(folder, config, state, str(day))
    sessions = np.array((*config.spans.sessions, *known), dtype="datetime64[D]")
    new = later_sessions(scan.dates, scan.counts, sessions, day)
    names = [name for name, first in zip(scan.names, scan.first, strict=True) if first <= day]
    return LivePlan(
        folder=str(folder),
        config=config,
        as_of=str(new[-1] if len(new) else sessions[-1]),
        later=(*known, *(str(session) for session in new)),
        joined=joined(config, () if state is None else state.joined, names),
        before=None if state is None else state.folder,
        files={} if state is None else state.files,
    )


@dataclass(kw_only=True)
class _UpdateWork:
    """The shards of a snapshot; an update's worker holds the set open."""

    plan: LivePlan
    bars: BarSet | None = field(default=None, repr=False)

    def compute(self, number: int, on_fits: OnFits) -> bytes:
        """Shard `number`."""
        self.bars = self.bars or open_set(self.plan.config.source)
        return update_shard(self.plan, number, self.bars, on_fits)


def _begun(folder: Path, plan: LivePlan, digest: str) -> Path:
    """The folder of the snapshot under way; emptied where it is of something else."""
    partial = folder / LIVE / PARTIAL
    wanted = to_json(
        {
            "as_of": plan.as_of,
            "before": plan.before,
            "source_sha256": digest,
            "joined": plan.joined,
            "versions": versions(),
        }
    )
    for done in (folder / LIVE).glob(f"*/{WANTED}"):  # whole, but for the word that it counts
        if done.parent.name not in (plan.before, PARTIAL) and done.read_text(encoding="utf-8") == wanted:
            done.parent.rename(partial)
    path = partial / WANTED
    if not path.is_file() or path.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(partial, ignore_errors=True)
        make_folder(partial)
        write_text(path, wanted)
    return partial


def _compute(plan: LivePlan, partial: Path, workers: int, watcher: MarketWatcher) -> None:
    """Every shard that is not there yet."""
    shards = plan.shards
    left = [number for number in range(len(shards)) if not snapshot_path(partial, number).is_file()]
    total = sum(map(len, shards))
    done, fits, began = total - sum(len(shards[number]) for number in left), 0, time.monotonic()
    with closing(results(_UpdateWork(plan=plan), left, workers, AGAIN)) as computed:
        for got in computed:
            if isinstance(got, Tick):
                fits = got.fits
            else:
                write_bytes(snapshot_path(partial, got[0]), got[1])
                done += len(shards[got[0]])
            spent = time.monotonic() - began
            watcher.progress(
                Progress(
                    phase="computing", symbols=total, done=done, fits=fits, share=done / max(total, 1),
                    rate=fits / spent if spent > 0.0 else 0.0,
                )
            )  # fmt: skip


def results(work: Work[Any], numbers: Sequence[int], workers: int, again: Text) -> Generator[Any, None, None]:
    """(number, shard) of each as it comes, and ticks meanwhile; without workers from this process."""
    if workers:
        yield from in_processes(work, numbers, workers, again=again)
    else:
        for number in numbers:
            yield number, work.compute(number, lambda _: None)


def _exchange(scan: Scan, plan: LivePlan) -> str:
    """The set's own calendar, or the one that fits the sessions of all symbols; empty where none does."""
    source = Path(plan.config.source)
    kept = read_page(source) if source.is_dir() else None
    if kept is not None:
        return kept.exchange
    seen = scan.dates <= plan.day
    return guess_exchange(market_sessions(scan.dates[seen], scan.counts[seen]))[0] or ""


def _finish(
    folder: Path, plan: LivePlan, partial: Path, digest: str, before: LiveState | None, exchange: str, fits: int
) -> LiveState:
    """Rename the snapshot into its place, say so, and delete what it replaces."""
    paths = [snapshot_path(partial, number) for number in range(len(plan.shards))]
    done = _sum([read_summary(path) for path in paths])
    done["fits"] += fits
    known = {} if before is None else before.folds
    done["due"] = dict.fromkeys(due(plan.config, len(plan.sessions), known), "first" if before is None else "refit")
    old = set(plan.config.spans.sessions) if before is None else set(before.later) | set(plan.config.spans.sessions)
    done["new_sessions"] = [session for session in plan.later if session not in old]
    done["symbols"] = sum(map(len, plan.shards))
    state = LiveState(
        as_of=plan.as_of,
        later=plan.later,
        joined=plan.joined,
        folds=dict(known) | due(plan.config, len(plan.sessions), {}),
        folder=_free_name(folder, plan.as_of),
        files={path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths},
        source_sha256=digest,
        done=done,
        versions=versions(),
        exchange=exchange,
    )
    partial.rename(folder / LIVE / state.folder)
    write_state(folder, state)
    _sweep(folder, state)
    return state


def _sweep(folder: Path, state: LiveState) -> None:
    """Delete snapshots that the state has replaced: a kill may have left one."""
    for path in (folder / LIVE).iterdir():
        if path.is_dir() and path.name not in (state.folder, "nets"):
            shutil.rmtree(path, ignore_errors=True)


def _free_name(folder: Path, as_of: str) -> str:
    """The session; with a number behind it where a snapshot of it is there already."""
    names = [as_of, *(f"{as_of}.{number}" for number in range(2, 1000))]
    return next(name for name in names if not (folder / LIVE / name).exists())


def _sum(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What was done to all shards."""
    statuses: Counter[str] = Counter()
    found: dict[str, Any] = {"fits": 0, "rescaled": {}, "refitted": [], "reasons": {}}
    for part in parts:
        statuses.update(part["statuses"])
        found["fits"] += part["fits"]
        found["rescaled"] |= part["rescaled"]
        found["refitted"] += part["refitted"]
        found["reasons"] |= part["reasons"]
    return found | {"statuses": dict(sorted(statuses.items()))}


DUE = {
    "first": Text("the first time"),
    "refit": Text("a refit that the schedule asks for"),
}


def _told(state: LiveState, lang: Lang, *, already: bool, seconds: float) -> LiveUpdate:
    done = state.done
    return LiveUpdate(
        as_of=state.as_of,
        new_sessions=tuple(done["new_sessions"]),
        due={name: DUE[why].render(lang) for name, why in done["due"].items()},
        fits=done["fits"],
        symbols=done["symbols"],
        statuses=done["statuses"],
        rescaled=done["rescaled"],
        refitted=tuple(done["refitted"]),
        reasons={name: why[lang] for name, why in done["reasons"].items()},
        seconds=seconds,
        already=already,
    )
