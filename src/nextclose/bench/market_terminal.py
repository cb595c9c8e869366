"""A run of `nextclose bench market` on the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text as Rich

from nextclose.bench.market import MANY, Loop, Memory, Pipeline
from nextclose.bench.market_growth import Growth
from nextclose.bench.market_parity import MarketParity
from nextclose.bench.tables import QUIET, print_head, simple_table
from nextclose.bench.terminal import print_part
from nextclose.bench.timing import Spread
from nextclose.core.lang import Lang, say


def print_market_part(name: str, part: Any, console: Console, lang: Lang) -> None:
    """One part of a run."""
    own: dict[str, Callable[[Any, Console, Lang], None]] = {
        "parity": _print_parity,
        "pipeline": _print_pipeline,
        "loop": _print_loop,
        "memory": _print_memory,
        "growth": _print_growth,
    }
    if name not in own:
        print_part(name, part, console, lang)
        return
    console.print()
    own[name](part, console, lang)


def _print_parity(parity: MarketParity, console: Console, lang: Lang) -> None:
    print_head(say("Forecasts of a market run beside those of nextclose run, and of a PyTorch loop", lang), console)
    told = say(
        "{same} of {all} forecasts of {symbols} are those of nextclose run, bit for bit",
        lang,
        same=parity.forecasts - parity.differ,
        all=parity.forecasts,
        symbols=", ".join(parity.symbols),
    )
    _print_mark(parity.differ == 0, told, console)
    for dtype, worst in parity.worst.items():
        told = say(
            "{dtype}: at most {worst} of the price apart (tolerance {tolerance})",
            lang,
            dtype=dtype,
            worst=f"{worst:.1e}",
            tolerance=f"{parity.tolerances[dtype]:.0e}",
        )
        _print_mark(worst <= parity.tolerances[dtype], told, console)


def _print_mark(good: bool, told: str, console: Console) -> None:
    mark, style = ("✓", "green") if good else ("✗", "red")
    console.print(Rich.assemble((f"{mark} ", style), told))


def _print_pipeline(found: Pipeline, console: Console, lang: Lang) -> None:
    print_head(say("From Parquet to forecasts: a whole market run and the bare fits, in turn", lang), console)
    told = say(
        "{set}: {symbols} symbols, {years} years of test, {fits} fits of the tutorial's net, {workers} workers",
        lang,
        set=_set_name(found, lang),
        symbols=found.symbols,
        years=f"{found.years:.2f}",
        fits=f"{found.fits:,}",
        workers=found.workers,
    )
    console.print(Rich(told, style=QUIET))
    table = simple_table([""], [say("median", lang), say("smallest..largest", lang)])
    table.add_row(say("the whole run, seconds on the wall", lang), *_numbers(found.wall, 1))
    table.add_row(say("the whole run, seconds of CPU time", lang), *_numbers(found.cpu, 1))
    table.add_row(say("the whole run, fits a second", lang), *_numbers(found.rate, 0))
    table.add_row(say("the bare fits, fits a second", lang), *_numbers(found.bare, 0))
    console.print(table)
    told = say(
        "{share} of the bare rate by the clock on the wall, {cpu_share} by CPU time: medians of {n} rounds. The bare fits are "
        "one call of engine.fit_batches on {workers} threads, before and after each run, for {symbols} of the symbols.",
        lang,
        share=f"{found.share:.1%}",
        cpu_share=f"{found.cpu_share:.1%}",
        n=found.wall.n,
        workers=found.workers,
        symbols=found.bare_symbols,
    )
    console.print(told)
    told = say(
        "Of the CPU time {fits} is in the engine's kernels, {shards} in the rest of the shards (reading, forecasts, judging, "
        "tables), {rest} in starting, planning and finishing.",
        lang,
        fits=f"{found.in_fits:.1%}",
        shards=f"{found.in_shards:.1%}",
        rest=f"{1.0 - found.in_fits - found.in_shards:.1%}",
    )
    console.print(told)
    told = say(
        "A symbol and year of test costs {seconds} seconds of CPU time. {many} symbols and a year would cost {hours} hours "
        "on one core: extrapolated, not run.",
        lang,
        seconds=f"{found.symbol_year:.3f}",
        many=f"{MANY:,}",
        hours=f"{found.many:.1f}",
    )
    console.print(told)


def _set_name(found: Pipeline, lang: Lang) -> str:
    return say("{set} (simulated: no real set lies there)", lang, set=found.set) if found.simulated else found.set


def _print_loop(loop: Loop, console: Console, lang: Lang) -> None:
    print_head(say("The same fits in a plain PyTorch loop", lang), console)
    told = say(
        "One fit takes {seconds} seconds of CPU time ({low}..{high}), so all {fits} would take {hours} hours on one core: "
        "extrapolated from {n} of them, spread over symbols and folds. {ratio} times the whole market run.",
        lang,
        seconds=f"{loop.fit.median:.3f}",
        low=f"{loop.fit.low:.3f}",
        high=f"{loop.fit.high:.3f}",
        fits=f"{loop.fits:,}",
        hours=f"{loop.total / 3600.0:.2f}",
        n=loop.fit.n,
        ratio=f"{loop.ratio:.1f}",
    )
    console.print(told)


def _print_memory(found: tuple[Memory, ...], console: Console, lang: Lang) -> None:
    print_head(say("Most memory at a time: PSS of all processes together", lang), console)
    numbers = [say("symbols", lang), say("folds", lang), say("file, MB", lang), say("peak, MB", lang)]
    table = simple_table([say("set", lang)], numbers)
    for one in found:
        table.add_row(one.set, f"{one.symbols:,}", str(one.folds), f"{one.file / 1e6:.0f}", f"{one.peak / 1e6:.0f}")
    console.print(table)
    told = say(
        "whole runs, {size} symbols a shard, with fits of {epochs} epochs: fewer epochs change the time, not the memory",
        lang,
        size=found[0].shard_size,
        epochs=found[0].epochs,
    )
    console.print(Rich(told, style=QUIET))
    if len(found) == 1:
        console.print(Rich(say("no larger set lies there to compare with", lang), style=QUIET))


def _print_growth(found: tuple[Growth, ...], console: Console, lang: Lang) -> None:
    print_head(say("How the time grows: seconds of CPU time, and the straight line through them", lang), console)
    words = {"symbols": say("symbols", lang), "folds": say("folds", lang), "seeds": say("seeds", lang)}
    table = simple_table(
        ["", say("how many", lang), say("seconds", lang)], [say("one more", lang), say("for none", lang), "R²"]
    )
    for one in found:
        table.add_row(
            words[one.of],
            ", ".join(map(str, one.counts)),
            ", ".join(f"{took:.1f}" for took in one.seconds),
            f"{one.slope:.3f}",
            f"{one.start:.1f}",
            f"{one.r2:.4f}",
        )
    console.print(table)


def _numbers(found: Spread, digits: int) -> tuple[str, str]:
    return f"{found.median:.{digits}f}", f"{found.low:.{digits}f}..{found.high:.{digits}f}"
