"""Writes docs/market-speed.md and its picture from `nextclose bench market --json`: make_market_speed.py RESULT.json [DOCS]."""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

DOT, LINE = "#2a6fb5", "#9aa3ad"
BUSY = 0.5
STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "savefig.dpi": 130,
}
PAGE = """# The market's speed

Written by `scripts/make_market_speed.py` from the JSON of the command, on a machine where nothing else should run:

```sh
OMP_NUM_THREADS=1 nextclose bench market --json > market.json
python scripts/make_market_speed.py market.json
```

This run: {cpu}, {cores} cores, Python {python}, numba {numba}, PyTorch {torch}.{busy}

## First the numbers

{forecasts} forecasts of a market run of {checked} must be those of `nextclose run` on each symbol alone, bit for
bit; and forecasts of the engine's nets must be those of a plain PyTorch loop from the same initial weights. Here
they were at most {worst64} of the price apart in float64 and {worst32} in float32. If either fails, no speed
is measured.

## From Parquet to forecasts

{source}: {symbols} symbols, {years} years of test, the tutorial's net (Elman, 10 units, window 4, 100 full-batch
epochs) with a refit every 21 sessions and three seeds, {fits} fits, {workers} worker processes. A run is timed
from the start of its process to its end: imports, planning, reading, fits, forecasts with intervals, baselines,
judging, writing, final tables. Left out is what `nextclose market run` does afterwards, its summary and its pages.
Before and after each run the same fits of every fourth symbol go through one call of `engine.fit_batches` on
{workers} threads, from arrays that are read, cut and scaled beforehand.

| | median of {rounds} rounds | smallest to largest |
|---|---|---|
{pipeline}

By the clock on the wall the whole run has **{share}** of the bare fits' rate, by CPU time {cpu_share}; at least 85
% is asked for. Of the run's CPU time {in_fits} is spent in the engine's kernels, {in_shards} in the rest of the
shards (reading, forecasts, baselines, judging, tables), {rest} in starting, planning and finishing.

A symbol and year of test costs **{symbol_year} seconds of CPU time**. So 50,000 symbols and a year of test would
cost about {many} hours on one core, and half of that on two: extrapolated, not run.

A plain PyTorch loop needs {loop_fit} seconds for one of these fits ({loop_low} to {loop_high}), {loop_total} hours
on one core for all {fits}: extrapolated from {loop_n} of them, spread over symbols and folds and timed in the same
rounds. That is {loop_ratio} times the CPU time of the whole market run, forecasts and verdicts included.

## Memory

{memory}

The peak is the largest sum, at any look ten times a second, of the memory of the process and its workers (PSS on
Linux: what processes share counts once). These are whole runs, written to disk, all symbols, folds and seeds,
{shard_size} symbols a shard; only the fits had {epochs} epoch, which changes a run's time and not its memory.
{memory_words}

## How the time grows

![CPU seconds of market runs over symbols, folds and seeds, and straight lines through them](pictures/market-growth.png)

{growth}

Seconds of CPU time of all processes, for the most traded symbols of the set; the line is that of least squares.
What stands under "for none" is above all the start of three processes.
"""


def main(result: Path, docs: Path) -> None:
    found = json.loads(result.read_text(encoding="utf-8"))
    (docs / "pictures").mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        draw_growth(found["growth"], docs / "pictures" / "market-growth.png")
    (docs / "market-speed.md").write_text(page(found), encoding="utf-8")


def page(found: dict[str, Any]) -> str:
    machine, parity, whole, loop = (found[name] for name in ("machine", "parity", "pipeline", "loop"))
    memory = found.get("memory", [])
    busy = machine["load"] is not None and machine["load"] > BUSY
    return PAGE.format(
        cpu=machine["cpu"],
        cores=machine["cores"],
        **{name: machine["versions"][name] for name in ("python", "numba", "torch")},
        busy=" **Others were at work on the machine: times by the clock are too long.**" if busy else "",
        forecasts=parity["forecasts"],
        checked=", ".join(parity["symbols"]),
        worst64=f"{parity['worst']['float64']:.1e}",
        worst32=f"{parity['worst']['float32']:.1e}",
        source=f"`{whole['set']}`" + (" (simulated)" if whole["simulated"] else ""),
        symbols=whole["symbols"],
        years=f"{whole['years']:.2f}",
        fits=f"{whole['fits']:,}",
        workers=whole["workers"],
        rounds=whole["wall"]["n"],
        pipeline=pipeline_rows(whole),
        share=percent(whole["share"]),
        cpu_share=percent(whole["cpu_share"]),
        in_fits=percent(whole["in_fits"]),
        in_shards=percent(whole["in_shards"]),
        rest=percent(1.0 - whole["in_fits"] - whole["in_shards"]),
        symbol_year=f"{whole['symbol_year']:.3f}",
        many=f"{whole['many']:.1f}",
        loop_fit=f"{loop['fit']['median']:.3f}",
        loop_low=f"{loop['fit']['low']:.3f}",
        loop_high=f"{loop['fit']['high']:.3f}",
        loop_total=f"{loop['total'] / 3600.0:.2f}",
        loop_n=loop["fit"]["n"],
        loop_ratio=f"{loop['ratio']:.0f}",
        memory=memory_rows(memory),
        shard_size=memory[0]["shard_size"] if memory else 16,
        epochs=memory[0]["epochs"] if memory else 1,
        memory_words=memory_words(memory),
        growth=growth_rows(found["growth"]),
    )


def pipeline_rows(whole: dict[str, Any]) -> str:
    rows = (
        ("the whole run, seconds on the wall", "wall", 1),
        ("the whole run, seconds of CPU time", "cpu", 1),
        ("the whole run, fits a second", "rate", 0),
        ("the bare fits, fits a second", "bare", 0),
    )
    return "\n".join(
        f"| {what} | {whole[name]['median']:.{digits}f} | {whole[name]['low']:.{digits}f} to {whole[name]['high']:.{digits}f} |"
        for what, name, digits in rows
    )


def memory_rows(memory: list[dict[str, Any]]) -> str:
    lines = [
        f"| `{one['set']}` | {one['symbols']:,} | {one['folds']} | {one['file'] / 1e6:.0f} MB | {one['peak'] / 2**30:.2f} GiB |"
        for one in memory
    ]
    return "\n".join(["| set | symbols | folds | its file | peak |", "|---|---|---|---|---|", *lines])


def memory_words(memory: list[dict[str, Any]]) -> str:
    if len(memory) < 2:
        return "The aim is less than 1.5 GiB."
    more = memory[1]["peak"] / memory[0]["peak"]
    return f"The aims are less than 1.5 GiB, and at most 1.20 times as much on the larger set; it was {more:.2f} times as much."


def growth_rows(growth: list[dict[str, Any]]) -> str:
    lines = [
        f"| {one['of']} | {', '.join(map(str, one['counts']))} | {', '.join(f'{took:.1f}' for took in one['seconds'])} "
        f"| {one['slope']:.3f} | {one['start']:.1f} | {one['r2']:.4f} |"
        for one in growth
    ]
    titles = ["| | how many | seconds | for one more | for none | R² |", "|---|---|---|---|---|---|"]
    return "\n".join([*titles, *lines])


def percent(share: float) -> str:
    return f"{100.0 * share:.1f} %"


def draw_growth(growth: list[dict[str, Any]], path: Path) -> None:
    """A panel a series: a dot a run, and the straight line."""
    figure, panels = plt.subplots(1, len(growth), figsize=(10, 3.4), layout="constrained")
    for one, panel in zip(growth, panels, strict=True):
        ends = [0, max(one["counts"])]
        panel.plot(ends, [one["start"] + one["slope"] * end for end in ends], color=LINE, linewidth=1.5)
        panel.plot(one["counts"], one["seconds"], "o", color=DOT)
        panel.set_title(f"R² = {one['r2']:.4f}")
        panel.set_xlabel(one["of"])
        panel.set_xlim(0, None)
        panel.set_ylim(0, None)
    panels[0].set_ylabel("seconds of CPU time")
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).resolve().parents[1] / "docs")
