"""A run on the terminal: 100 columns, one part at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text as Rich

from nextclose.bench.fits import FitRow
from nextclose.bench.machine import Machine
from nextclose.bench.many import Many
from nextclose.bench.parity_table import print_parity
from nextclose.bench.peak import Peak
from nextclose.bench.starts import ColdStart, Overhead
from nextclose.bench.tables import DASH, QUIET, milliseconds, print_aims, print_head, simple_table
from nextclose.bench.timing import Spread
from nextclose.core.lang import Lang, say

_BUSY = 0.5
"""Load from which timings suffer."""


def print_part(name: str, part: Any, console: Console, lang: Lang) -> None:
    """One part of a run."""
    printers: dict[str, Callable[[Any, Console, Lang], None]] = {
        "machine": _print_machine,
        "parity": print_parity,
        "peak": _print_peak,
        "fits": _print_fits,
        "overhead": _print_overhead,
        "many": _print_many,
        "start": _print_start,
        "aims": print_aims,
    }
    if name != "machine":
        console.print()
    printers[name](part, console, lang)


def _print_machine(machine: Machine, console: Console, lang: Lang) -> None:
    cores = say("1 core", lang) if machine.cores == 1 else say("{cores} cores", lang, cores=machine.cores)
    load = "" if machine.load is None else say("load {load}", lang, load=f"{machine.load:.1f}")
    pinned = say("PyTorch on {threads} thread", lang, threads=machine.torch_threads)
    omp = f"OMP_NUM_THREADS={machine.omp_threads or DASH}"
    console.print(Rich.assemble((machine.cpu, "bold"), "   ", ", ".join(filter(None, [cores, load, pinned, omp]))))
    console.print(Rich("  ".join(f"{name} {version}" for name, version in machine.versions.items()), style=QUIET))
    if machine.load is not None and machine.load > _BUSY:
        told = say("others are at work on this machine: times come out long, and two threads slow", lang)
        console.print(Rich(told, style="yellow"))
    if machine.omp_threads != "1":
        told = say("OMP_NUM_THREADS is not 1: set it before the run, or waiting threads may cost CPU time", lang)
        console.print(Rich(told, style="yellow"))


def _print_peak(peak: Peak, console: Console, lang: Lang) -> None:
    print_head(say("Peak of one core", lang), console)
    told = say(
        "{single} GFLOP/s in float32, {double} in float64: fused multiply-adds in registers of {bits} bits",
        lang,
        single=f"{peak.float32:.1f}",
        double=f"{peak.float64:.1f}",
        bits=peak.vector_bits,
    )
    console.print(told)


def _print_fits(rows: tuple[FitRow, ...], console: Console, lang: Lang) -> None:
    print_head(say("One fit: milliseconds of CPU time, median and smallest..largest", lang), console)
    size = rows[0].size
    told = say(
        "{windows} windows of {features} features, {epochs} epochs, float32; nets as H, L; SGD on the full batch, Adam on 64",
        lang,
        windows=size.windows,
        features=size.input_size,
        epochs=rows[0].epochs,
    )
    console.print(Rich(told, style=QUIET))
    titles = (say("PyTorch loop", lang), "torch.nn", say("engine", lang), say("times", lang), "GFLOP/s")
    table = simple_table([say("net", lang), say("update", lang)], [*titles, say("peak", lang)])
    for row in rows:
        table.add_row(
            row.size.name,
            row.update.name,
            milliseconds(row.loop),
            milliseconds(row.library),
            milliseconds(row.engine, style="bold"),
            Rich(f"{row.ratio:.1f}", style="bold cyan"),
            f"{row.gflops:.1f}",
            f"{row.share:.0%}",
        )
    console.print(table)
    told = say(
        "times: the loop over the engine, torch.nn's layer over the engine for gated cells; peak: of the multiply-adds "
        "that the core did in the same rounds",
        lang,
    )
    console.print(Rich(told, style=QUIET))


def _print_overhead(overhead: Overhead, console: Console, lang: Lang) -> None:
    print_head(say("A call of engine.fit beyond its arithmetic", lang), console)
    told = say(
        "{median} microseconds, at best {low}: one unit, one window, one epoch; median of {n} batches of calls",
        lang,
        median=f"{1e6 * overhead.seconds.median:.1f}",
        low=f"{1e6 * overhead.seconds.low:.1f}",
        n=f"{overhead.seconds.n:,}",
    )
    console.print(told)


def _print_many(many: Many, console: Console, lang: Lang) -> None:
    print_head(say("Many fits at once: tutorial fits a second by the wall clock", lang), console)
    for rate in many.rates:
        one = rate.fits_per_second
        threads = say("1 thread", lang) if rate.threads == 1 else say("{n} threads", lang, n=rate.threads)
        console.print(Rich.assemble(f"{threads:<12} {one.median:6.0f}", (f"   {one.low:.0f}..{one.high:.0f}", QUIET)))
    if many.scaling is None:
        console.print(say("one core: nothing to scale over", lang))
    else:
        console.print(
            say("scaling {scaling}; {tasks} fits a call", lang, scaling=f"{many.scaling:.2f}", tasks=many.tasks)
        )


def _print_start(start: ColdStart, console: Console, lang: Lang) -> None:
    print_head(say("A fresh process, seconds", lang), console)
    rows: tuple[tuple[str, Spread], ...] = (
        (say("to its first finished fit", lang), start.first_fit),
        ("import numpy", start.numpy),
        ("pass", start.nothing),
    )
    for what, took in rows:
        numbers = (f"   {took.low:.3f}..{took.high:.3f}", QUIET)
        console.print(Rich.assemble(f"{took.median:6.3f}", numbers, f"   {what}"))
