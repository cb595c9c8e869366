"""A market run: plan, manifest, shards, final tables; begun, stopped at any moment, and gone on with."""

from __future__ import annotations

import glob
import hashlib
import os
import platform
import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from nextclose.core.errors import SavedRunError, SettingsError
from nextclose.core.plain import to_json
from nextclose.market.backends import Backend, Tick
from nextclose.market.config import MANIFEST, MarketConfig, versions
from nextclose.market.files import locked, make_folder
from nextclose.market.finish import Outcome, finish, outcome_of
from nextclose.market.keep import finished, keep, note_time
from nextclose.market.nets import PooledNets
from nextclose.market.plan import check_source
from nextclose.market.pooling import fit_market
from nextclose.market.watch import MarketWatcher, Pulse


def start(
    config: MarketConfig, folder: Path, backend: Backend, *, threads: int, watcher: MarketWatcher | None = None
) -> Outcome:
    """Begin a run in a folder that holds none, and see it through.

    Parameters
    ----------
    threads : cores that one fit over all symbols may use.

    Raises
    ------
    SettingsError : the folder holds something, or another process works on it.
    NextcloseError : the disk is full, or workers keep dying; what was finished is kept.
    """
    check_empty(folder)
    make_folder(folder)
    with locked(folder):
        check_empty(folder)
        config.write(folder)
        return _see_through(config, folder, backend, threads, watcher or MarketWatcher())


def resume(folder: Path, backend: Backend, *, threads: int, watcher: MarketWatcher | None = None) -> Outcome:
    """Go on with a run that was stopped; a finished one is left as it is.

    Raises
    ------
    SavedRunError : no run there, or one that other versions began.
    SettingsError : the bars have changed since, or another process works on it.
    """
    config = MarketConfig.read(folder)
    done = outcome_of(folder)
    if done is not None:
        return done
    _check_versions(config, folder)
    with locked(folder):
        done = outcome_of(folder)  # whoever held the lock until now may have finished it
        if done is not None:
            return done
        check_source(config)
        return _see_through(config, folder, backend, threads, watcher or MarketWatcher())


def check_empty(folder: Path) -> None:
    """Raise SettingsError unless a new run may be written to `folder`."""
    if folder.exists() and not folder.is_dir():
        raise SettingsError("cannot write to '{folder}': it is a file. Give a folder with --out.", folder=folder)
    if (folder / MANIFEST).exists():
        raise SettingsError(
            "'{folder}' holds a market run already. Go on with it: nextclose market resume {folder}; or give another folder "
            "with --out.",
            folder=folder,
        )
    if folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise SettingsError(
            "'{folder}' exists and holds no {holds}, so nothing is written over it. Give another folder with --out.",
            folder=folder,
            holds=MANIFEST,
        )


def default_folder(config: MarketConfig) -> Path:
    """Where a run goes unless the user says otherwise: runs/<set>-<hash of its configuration>."""
    digest = hashlib.sha256(to_json(replace(config, command="")).encode()).hexdigest()
    source = Path(config.source)
    named = source.parent if glob.has_magic(source.name) else source
    name = re.sub(r"[^\w.-]", "_", named.stem) or "market"
    return Path("runs") / f"{name}-{digest[:8]}"


def _check_versions(config: MarketConfig, folder: Path) -> None:
    now = versions()
    for name, began in config.versions.items():
        if now.get(name) != began:
            raise SavedRunError(
                "'{folder}' was begun with {name} {began}, and this is {name} {now}: half of a run from each could differ in "
                "the last digits. Install {name} {began} to go on, or start a new run.",
                folder=folder,
                name=name,
                began=began,
                now=now.get(name, "-"),
            )


def _see_through(config: MarketConfig, folder: Path, backend: Backend, threads: int, watcher: MarketWatcher) -> Outcome:
    """Everything that is not there yet."""
    kept = list(finished(folder, verify=True))
    pulse = Pulse(folder, config, watcher)
    watcher.planned(config, folder, len(kept))
    with _ending(pulse):
        nets = fit_market(config, folder, threads, pulse) if config.scope == "market" else None
        _compute(config, folder, backend, nets, pulse, {record["number"]: record for record in kept})
        pulse.begin("finishing")
        outcome = finish(folder, config)
        pulse.begin("finished")
    return outcome


def _compute(
    config: MarketConfig,
    folder: Path,
    backend: Backend,
    nets: PooledNets | None,
    pulse: Pulse,
    kept: dict[int, dict[str, Any]],
) -> None:
    counts = {
        "done": sum(len(config.shards[number]) for number in kept),
        "failed": sum(record["failed"] for record in kept.values()),
        "left_out": sum(record["left_out"] for record in kept.values()),
    }
    pulse.begin("computing", **counts)
    before = pulse.now.fits
    left = [number for number in range(len(config.shards)) if number not in kept]
    with closing(backend.compute(config, left, nets)) as results:
        for got in results:
            if isinstance(got, Tick):
                pulse.move(fits=before + got.fits)
                continue
            keep(folder, got)
            note_time(
                folder,
                {"shard": got.number, "kept": time.time(), "fit_seconds": got.seconds, "cpu_seconds": got.cpu,
                 "pid": os.getpid(), "host": platform.node()},
            )  # fmt: skip
            counts["done"] += got.used + got.left_out
            counts["failed"] += got.failed
            counts["left_out"] += got.left_out
            pulse.move(**counts)


@contextmanager
def _ending(pulse: Pulse) -> Iterator[None]:
    """The heartbeat says how it ended, if it can still say anything."""
    try:
        yield
    except BaseException as error:
        pulse.end("stopped" if isinstance(error, KeyboardInterrupt) else "failed")
        raise
