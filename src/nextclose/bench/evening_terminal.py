"""A run of `nextclose bench evening` on the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text as Rich

from nextclose.bench.evening import Evenings
from nextclose.bench.evening_parity import EveningParity
from nextclose.bench.evening_rate import RefitRate
from nextclose.bench.evening_serve import Served
from nextclose.bench.evening_year import Year
from nextclose.bench.tables import QUIET, print_head, simple_table
from nextclose.bench.terminal import print_part
from nextclose.core.lang import Lang, say


def print_evening_part(name: str, part: Any, console: Console, lang: Lang) -> None:
    """One part of a run."""
    own: dict[str, Callable[[Any, Console, Lang], None]] = {
        "parity": _print_parity, "evenings": _print_evenings, "rate": _print_rate, "served": _print_served,
        "year": _print_year,
    }  # fmt: skip
    if name not in own:
        print_part(name, part, console, lang)
        return
    console.print()
    own[name](part, console, lang)


def _print_parity(parity: EveningParity, console: Console, lang: Lang) -> None:
    print_head(say("The ledger's forecasts beside those of nextclose run", lang), console)
    told = say(
        "{same} of {all} are the same to the last bit: recipe and baselines on {symbols}",
        lang,
        same=parity.forecasts - parity.differ,
        all=parity.forecasts,
        symbols=", ".join(parity.symbols),
    )
    mark, style = ("✓", "green") if parity.passed else ("✗", "red")
    console.print(Rich.assemble((f"{mark} ", style), told))


def _print_evenings(found: Evenings, console: Console, lang: Lang) -> None:
    print_head(say("Evenings: seconds on the wall, and of CPU time, from a command's start to its end", lang), console)
    name = say("{set} (simulated: no real set lies there)", lang, set=found.set) if found.simulated else found.set
    told = say(
        "{set}: {symbols} symbols, recipe {recipe}, {workers} workers",
        lang,
        set=name,
        symbols=f"{found.symbols:,}",
        recipe=found.recipe,
        workers=found.workers,
    )
    console.print(Rich(told, style=QUIET))
    steps = ("data update", "market update", "market predict", "market score")
    table = simple_table([say("session", lang)], [say("fits", lang), say("forecasts", lang), *steps])
    for one in found.steps:
        took = (one.data, one.update, one.predict, one.score)
        table.add_row(
            one.session, f"{one.fits:,}", f"{one.forecasts:,}", *(f"{step.wall:.1f}  {step.cpu:.1f}" for step in took)
        )
    console.print(table)


def _print_rate(found: RefitRate, console: Console, lang: Lang) -> None:
    told = say(
        "On the first evening every net is due: {fits} fits, {whole} a second from the command's start to its end; {bare} a "
        "second by the engine alone, on arrays that are cut and scaled already ({bare_fits} of them). That is {share}.",
        lang,
        fits=f"{found.fits:,}",
        whole=f"{found.whole:,.0f}",
        bare=f"{found.bare:,.0f}",
        bare_fits=f"{found.bare_fits:,}",
        share=f"{found.share:.0%}",
    )
    console.print(told)


def _print_served(found: Served, console: Console, lang: Lang) -> None:
    print_head(say("The API: one process on one core, asked from another", lang), console)
    table = simple_table([""], [say("median", lang), "99 %", say("largest", lang)])
    figures = (f"{1000.0 * value:.1f}" for value in (found.median, found.p99, found.worst))
    table.add_row(say("milliseconds from when a request was due to its answer", lang), *figures)
    console.print(table)
    told = say(
        "{requests} requests, {rate} a second for {seconds} seconds, {errors} failed; a new entry came in {reloads} times "
        "meanwhile",
        lang,
        requests=f"{found.requests:,}",
        rate=f"{found.rate:,.0f}",
        seconds=f"{found.seconds:.0f}",
        errors=found.errors,
        reloads=found.reloads,
    )
    console.print(Rich(told, style=QUIET))


def _print_year(found: Year, console: Console, lang: Lang) -> None:
    told = say(
        "market score on a ledger of {evenings} evenings, {forecasts} forecasts: {wall} seconds, {cpu} of CPU time",
        lang,
        evenings=f"{found.evenings:,}",
        forecasts=f"{found.forecasts:,}",
        wall=f"{found.score.wall:.1f}",
        cpu=f"{found.score.cpu:.1f}",
    )
    console.print(Rich(told))
