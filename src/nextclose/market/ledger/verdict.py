"""The running verdict: every model against persistence, from the ledger alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from nextclose.core.evening import Drift, RunningVerdict
from nextclose.core.lang import Joined, Lang, Text
from nextclose.core.results import Kind, ModelRow
from nextclose.core.types import Bools, Ints
from nextclose.judging.drift import drift
from nextclose.judging.market import judge_tallies, tallies_of
from nextclose.judging.tally import Tally
from nextclose.market.ledger.book import ENTRY, Book, days
from nextclose.market.ledger.chain import Ledger
from nextclose.market.tables import arrays_of, by_model


def running_verdict(book: Book, ledger: Ledger, *, lang: Lang = "en") -> RunningVerdict:
    """What the forecasts and truths of a ledger say of every model so far; the same for the same entries."""
    scored = book.numbered & (book.matched >= 0)
    truths = book.matched[scored]
    came = days(book.truths, "actual_date")
    said = days(book.forecasts, "target_date")[scored]
    sums = _sums(book, np.flatnonzero(scored))
    recipes = tuple(ledger.entries[0].page["recipes"])
    drifts, reasons = _drifts(sums, _tested(ledger), recipes, lang)
    if not sums:
        reasons["models"] = Text("no truth has come yet").render(lang)
    return RunningVerdict(
        as_of=str(came.max()) if len(came) else "",
        head=ledger.head.hash,
        entries=ledger.head.entries,
        sessions=len(np.unique(came[truths])),
        scored=int(np.count_nonzero(scored)),
        pending=int(np.count_nonzero(book.numbered & ~scored)),
        redated=int(np.count_nonzero(~np.isnat(said) & (said != came[truths]))),
        in_time=int(np.count_nonzero(_in_time(book)[scored] & ~(came[truths] < said))),
        models=_rows(sums, recipes, lang),
        drift=drifts,
        reasons=reasons,
    )


def _sums(book: Book, rows: Ints) -> dict[tuple[str, int], Tally]:
    """(model, step) -> its sums, as `tallies_of` has them of these forecasts, but some symbols at a time.

    What every model made is in the parts alone of which every model has something.
    """
    parts = [tallies_of(book.joined(own)) for own in book.by_symbols(rows)]
    there = {key for part in parts for key in part}
    found = {}
    for step in sorted({step for _, step in there}):
        keys = [(name, step) for name in book.models(rows) if (name, step) in there]
        whole = [part for part in parts if all(key in part for key in keys)]
        for key in keys:
            found[key] = replace(Tally.sum(part[key] for part in whole), step=step)
    return found


def _rows(sums: Mapping[tuple[str, int], Tally], recipes: tuple[str, ...], lang: Lang) -> tuple[ModelRow, ...]:
    kinds: dict[str, Kind] = {name: "recipe" if name in recipes else "baseline" for name, _ in sums}
    rows: list[ModelRow] = []
    for step in sorted({step for _, step in sums}):
        own = {name: tally for (name, at), tally in sums.items() if at == step}
        rows += judge_tallies(own, kinds=kinds, contests=False, lang=lang).models
    return tuple(rows)


def _drifts(
    sums: Mapping[tuple[str, int], Tally],
    tested: Mapping[tuple[str, int], Tally],
    recipes: tuple[str, ...],
    lang: Lang,
) -> tuple[tuple[Drift, ...], dict[str, str]]:
    """Each recipe's at its nearest step, and why there are none of others."""
    found: list[Drift] = []
    why: list[Text] = []
    for name in recipes:
        steps = sorted(step for model, step in sums if model == name and (model, step) in tested)
        if not steps:
            continue
        one = drift(tested[name, steps[0]], sums[name, steps[0]], name=name, lang=lang)
        if isinstance(one, Text):
            why.append(one)
        else:
            found.append(one)
    told = {"drift": Joined(why).render(lang)} if why else {}
    return tuple(found), told


def _tested(ledger: Ledger) -> dict[tuple[str, int], Tally]:
    """(model, step) -> the sums of the run's own test sessions."""
    return {key: Tally.make(own) for key, own in by_model(arrays_of(ledger.table(ledger.entries[0])))}


def _in_time(book: Book) -> Bools:
    """(n,) whether a forecast was written before its session opened, as its entry says."""
    number: Ints = book.forecasts[ENTRY].to_numpy()
    timely = [entry.entry for entry in book.entries if entry.page.get("in_time") is True]
    return np.isin(number, timely)
