"""A sweep: many settings of one recipe, fitted, saved as they are done, and judged as one family."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from nextclose.core.errors import SavedRunError, SettingsError
from nextclose.core.lang import LANGS, Lang, Text
from nextclose.core.sweep import SweepCell, SweepResult
from nextclose.report.write import write_sweep
from nextclose.study.sweep_conclude import conclude, sweep_scores, sweep_table
from nextclose.study.sweep_files import TABLE, SweepStore, is_sweep, open_store, read_manifest
from nextclose.study.sweep_fit import grid_cells
from nextclose.study.sweep_manifest import SweepManifest
from nextclose.study.sweep_plan import SweepPlan, plan_sweep
from nextclose.study.watch import Watcher

REPORT = "report.html"


class SweepWatcher(Watcher):
    """Told of a sweep's progress; this one keeps quiet."""

    def began(self, plan: SweepPlan, manifest: SweepManifest, folder: Path | None, fits: int) -> None:
        """Everything is settled and the folder is taken; `fits` nets belong to the sweep, saved ones too."""

    def kept(self, combinations: int, finished: bool) -> None:
        """So many combinations were saved before; `finished`: all of them, and their table."""

    def reached(self, cells: Sequence[SweepCell]) -> None:
        """These combinations are done."""


def sweep(
    source: Any = "sample:AAPL",
    *,
    recipe: str = "default",
    settings: Mapping[str, Any],
    search: int | None = None,
    seeds: int | None = None,
    train_start: str | None = None,
    train_end: str | None = None,
    test_start: str | None = None,
    test_end: str | None = None,
    refit_every: int | None = None,
    train_sessions: int | None = None,
    engine: str = "auto",
    exchange: str | None = None,
    faults: str = "raise",
    lang: Lang = "en",
    refresh: bool = False,
    out: str | Path | None = None,
    force: bool = False,
    watcher: SweepWatcher | None = None,
) -> SweepResult:
    """Fit every combination of some settings of a recipe, or search among them, and judge all as one family.

    Parameters
    ----------
    source : a SOURCE such as "prices.csv" or "sample:AAPL", a table, or Bars.
    settings : by name, the values to try: {"lr": [1e-3, 1e-4], "num_layers": [1, 2, 3]}. One value is a fixed change. A
        search takes ranges too: {"lr": "1e-5..1e-2"}, by factors where the ends lie 10 times apart.
    search : tries that optuna's TPE sampler makes, instead of the whole grid: it minimises the validation loss of the first
        fold, the mean over seeds, and sees nothing of the test span.
    seeds, refit_every, train_sessions, train_start, train_end, test_start, test_end, engine, exchange, faults : as for `run`.
    out : a folder. What is done is kept there: the same call goes on where an earlier one stopped. None keeps nothing.
    force : write over another sweep in that folder.

    Raises
    ------
    UserError : bars, dates, names or settings that cannot be met, or a folder that holds another sweep.
    FitError : no combination could be fitted.
    """
    plan = plan_sweep(
        source, recipe=recipe, settings=settings, search=search, seeds=seeds, train_start=train_start, train_end=train_end,
        test_start=test_start, test_end=test_end, refit_every=refit_every, train_sessions=train_sessions, engine=engine,
        exchange=exchange, faults=faults, lang=lang, refresh=refresh, tell=partial(_wait, lang),
    )  # fmt: skip
    return run_sweep(plan, None if out is None else Path(out), force=force, watcher=watcher)


def run_sweep(
    plan: SweepPlan, folder: Path | None, *, force: bool = False, watcher: SweepWatcher | None = None
) -> SweepResult:
    """Do what is planned, or what is left of it; errors as for `sweep`."""
    watcher = watcher or SweepWatcher()
    with open_store(folder, plan.manifest, force=force) as (store, manifest):
        watcher.began(plan, manifest, folder, _fits(plan))
        watcher.kept(_saved(folder), finished=folder is not None and (folder / TABLE).is_file())
        cells, tried = _all_cells(plan, manifest, store, watcher)
        watcher.judging()
        table = store.table()
        if table is None:
            table = sweep_table(plan, cells)
        result = conclude(manifest, cells, tried, table, plan.lang)
        store.finish(table, sweep_scores(result))
        if folder is not None:
            write_sweep(result, folder / REPORT)
    return replace(result, notes=(*(note.render(plan.lang) for note in store.notes), *result.notes))


def load_sweep(folder: Path, lang: Lang | None = None) -> SweepResult:
    """The finished sweep in a folder, in the language it was made in unless another is asked for.

    Raises
    ------
    SavedRunError : none is there, it is damaged, or not all of it is done.
    """
    if lang is not None and lang not in LANGS:
        raise SettingsError("unknown language '{lang}': expected en or ko", lang=lang)
    if not is_sweep(folder):
        raise SavedRunError("no sweep in '{folder}': expected a sweep.json there", folder=folder)
    manifest, store = read_manifest(folder), SweepStore(folder)
    table = store.table()
    tried = _tried(folder)
    cells = _read_cells(store, tried)
    if table is None or not tried or any(cell is None for cell in cells):
        raise SavedRunError(
            "the sweep in '{folder}' is not finished, or damaged: {saved} of its combinations are there. Give the command "
            "that began it again, and it goes on.",
            folder=folder,
            saved=_saved(folder),
        )
    good = [cell for cell in cells if cell is not None]
    return conclude(manifest, good, tried, table, lang or manifest.lang)


def _all_cells(
    plan: SweepPlan, manifest: SweepManifest, store: SweepStore, watcher: SweepWatcher
) -> tuple[list[SweepCell], list[str]]:
    """Every combination once, and the combination of each try."""
    if plan.tries is None:
        cells = grid_cells(plan, manifest.at_once, store, watcher, watcher.reached)
        return cells, [cell.name for cell in cells]
    from nextclose.study.sweep_search import search_cells

    return search_cells(plan, manifest.at_once, store, watcher, watcher.reached)


def _fits(plan: SweepPlan) -> int:
    if plan.tries is not None:
        return plan.tries * plan.fits(plan.recipe)
    return sum(plan.fits(plan.variant(settings)) for settings in plan.combinations)


def _saved(folder: Path | None) -> int:
    return 0 if folder is None else len(list((folder / "cells").glob("*.safetensors")))


def _tried(folder: Path) -> list[str]:
    """The combination of each try, as the finished sweep wrote it."""
    import json

    try:
        return list(json.loads((folder / "scores.json").read_text(encoding="utf-8"))["tried"])
    except (OSError, ValueError, KeyError):
        return []


def _read_cells(store: SweepStore, tried: Sequence[str]) -> list[SweepCell | None]:
    """Each combination once, from the file that its first try is numbered by."""
    first: dict[str, int] = {}
    for number, name in enumerate(tried):
        first.setdefault(name, number)
    return [store.read(number, name) for name, number in first.items()]


def _wait(lang: Lang, line: Text) -> None:
    """Say what a first sweep on a machine waits for."""
    print(line.render(lang), file=sys.stderr, flush=True)
