"""nextclose bench: speed beside PyTorch, after the numbers are proven equal; and the judge, judged."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nextclose.cli.options import Json, LangOption, language
from nextclose.core.errors import SettingsError

if TYPE_CHECKING:
    from rich.console import Console

    from nextclose.core.lang import Lang

    Show = Callable[[str, Any, Console, Lang], None]

BENCHES = ("engine", "walk", "judge", "market", "sweep", "lab", "evening")
ROUNDS = {"market": 3, "sweep": 3}


def bench(
    name: Annotated[
        str, typer.Argument(metavar="engine|walk|judge|market|sweep|lab|evening", help="What is measured.")
    ] = "engine",
    *,
    repeats: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Engine, walk, market, sweep: rounds, each contender in turn. [5; market, sweep: 3]",
        ),
    ] = None,
    series: Annotated[
        int, typer.Option(min=1, metavar="N", help="Judge: simulated series a row; a fifth for families, power, drift.")
    ] = 10_000,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="PART",
            help="One part alone. Engine: parity|peak|fits|overhead|many|start, after parity all the same; judge: "
            "walk|garch|jumps|families|power|drift; market: parity|pipeline|memory|growth.",
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="SET",
            help="Market: a set of bars. [../shared/data/sp500_2013_2018.parquet, else simulated] Evening: likewise. "
            "[../shared/data/krx_all_2016_2025.parquet, else as market] Sweep: one symbol's bars that cover 2000 to 2019-01. "
            "[../shared/data/samsung_005930_1990_2023.parquet, else simulated]",
        ),
    ] = None,
    lang: LangOption = "en",
    json: Json = False,
) -> None:
    """Measure the engine, a walk, a market or a sweep beside PyTorch, once the numbers are equal; how soon the lab's page
    follows a hand; the evenings of a whole market; or how often the judge errs."""
    spoken = language(lang)
    _check(name)
    from nextclose.cli.progress import stderr, stdout
    from nextclose.core.plain import to_json

    console = stderr() if json else stdout()
    found: dict[str, Any] = {}
    rounds = repeats or ROUNDS.get(name, 5)
    benches: dict[str, Callable[[str | None], Iterator[tuple[str, Any, Show]]]] = {
        "engine": partial(_engine, rounds), "walk": partial(_walk, rounds), "judge": partial(_judge, series),
        "market": partial(_market, rounds, source), "sweep": partial(_sweep, rounds, source),
        "lab": _lab, "evening": partial(_evening, source),
    }  # fmt: skip
    for part, value, show in benches[name](only):
        found[part] = value
        _Line.clear()
        show(part, value, console, spoken)
    if json:
        print(to_json(found), end="")
    _end(found)


def _engine(repeats: int, only: str | None) -> Iterator[tuple[str, Any, Show]]:
    from nextclose.bench.engine import run_bench
    from nextclose.bench.plan import make_plan
    from nextclose.bench.terminal import print_part

    for part, value in run_bench(make_plan(repeats, only), _Line()):
        yield part, value, print_part


def _walk(repeats: int, only: str | None) -> Iterator[tuple[str, Any, Show]]:
    from nextclose.bench.walk import WalkPlan, run_walk_bench
    from nextclose.bench.walk_terminal import print_walk_part

    if only is not None:
        raise SettingsError("--only: the walk's bench has no parts of its own; leave it out")
    for part, value in run_walk_bench(WalkPlan(repeats=repeats), _Line()):
        yield part, value, print_walk_part


def _judge(series: int, only: str | None) -> Iterator[tuple[str, Any, Show]]:
    from nextclose.bench.judge import run_judge_bench
    from nextclose.bench.judge_plan import make_judge_plan, processes
    from nextclose.bench.judge_terminal import print_judge_part

    for part, value in run_judge_bench(make_judge_plan(series, only), processes(), _Line()):
        yield part, value, print_judge_part


def _market(repeats: int, source: str | None, only: str | None) -> Iterator[tuple[str, Any, Show]]:
    import tempfile
    from pathlib import Path

    from nextclose.bench.market import run_market_bench
    from nextclose.bench.market_plan import make_market_plan
    from nextclose.bench.market_terminal import print_market_part

    with tempfile.TemporaryDirectory() as made:
        for part, value in run_market_bench(make_market_plan(repeats, source, only, Path(made)), _Line()):
            yield part, value, print_market_part


def _sweep(repeats: int, source: str | None, only: str | None) -> Iterator[tuple[str, Any, Show]]:
    from nextclose.bench.sweep import make_sweep_plan, run_sweep_bench
    from nextclose.bench.sweep_terminal import print_sweep_part

    if only is not None:
        raise SettingsError("--only: the sweep's bench has no parts of its own; leave it out")
    for part, value in run_sweep_bench(make_sweep_plan(repeats, source), _Line()):
        yield part, value, print_sweep_part


def _lab(only: str | None) -> Iterator[tuple[str, Any, Show]]:
    from nextclose.bench.lab import LabPlan, run_lab_bench
    from nextclose.bench.lab_terminal import print_lab_part

    if only is not None:
        raise SettingsError("--only: the lab's bench has no parts of its own; leave it out")
    for part, value in run_lab_bench(LabPlan(), _Line()):
        yield part, value, print_lab_part


def _evening(source: str | None, only: str | None) -> Iterator[tuple[str, Any, Show]]:
    import tempfile
    from pathlib import Path

    from nextclose.bench.evening import make_evening_plan, run_evening_bench
    from nextclose.bench.evening_terminal import print_evening_part

    if only is not None:
        raise SettingsError("--only: the evening's bench has no parts of its own; leave it out")
    with tempfile.TemporaryDirectory() as made:
        for part, value in run_evening_bench(make_evening_plan(source, Path(made)), _Line()):
            yield part, value, print_evening_part


def _end(found: Mapping[str, Any]) -> None:
    """Raise what a run that is not as it should be ends with: exit status 1."""
    if "parity" in found and not found["parity"].passed:
        raise found["parity"].error()
    if "conclusion" in found and found["conclusion"].failed:
        from nextclose.bench.judge import judge_error

        raise judge_error(found["conclusion"])


def _check(name: str) -> None:
    """Refuse a bench that is not built, and one that lacks PyTorch to compare with."""
    if name not in BENCHES:
        raise SettingsError(
            "there is no bench '{name}' yet; what can be measured: {known}", name=name, known=", ".join(BENCHES)
        )
    if name != "judge" and find_spec("torch") is None:
        raise SettingsError(
            'this bench compares with PyTorch, which is not installed here: pip install -c constraints.txt -e ".[torch]"'
        )


class _Line:
    """Says on one line of a terminal what is being measured; for the engine before a measurement, never during one."""

    def __call__(self, what: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{what} ...", end="", file=sys.stderr, flush=True)

    @staticmethod
    def clear() -> None:
        """Take the line away."""
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
