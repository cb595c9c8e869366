"""nextclose bench: speed beside PyTorch, after the numbers are proven equal."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from nextclose.cli.options import Json, LangOption, language
from nextclose.core.errors import SettingsError

BENCHES = ("engine",)
_PARTS = "parity|peak|fits|overhead|many|start"


def bench(
    name: Annotated[str, typer.Argument(metavar="engine", help="What is measured.")] = "engine",
    *,
    repeats: Annotated[
        int, typer.Option(min=1, metavar="N", help="Rounds a row: each PyTorch contender once, the engine three times.")
    ] = 5,
    only: Annotated[
        str | None, typer.Option(metavar=_PARTS, help="One part alone; parity comes first all the same.")
    ] = None,
    lang: LangOption = "en",
    json: Json = False,
) -> None:
    """Measure the engine beside PyTorch; no speed is shown unless every number is equal first."""
    spoken = language(lang)
    _check(name)
    from nextclose.bench.engine import parity_error, run_bench
    from nextclose.bench.plan import make_plan
    from nextclose.bench.terminal import print_part
    from nextclose.cli.progress import stderr, stdout
    from nextclose.core.plain import to_json

    console = stderr() if json else stdout()
    found = {}
    for part, value in run_bench(make_plan(repeats, only), _Line()):
        found[part] = value
        _Line.clear()
        print_part(part, value, console, spoken)
    if json:
        print(to_json(found), end="")
    if not found["parity"].passed:
        raise parity_error(found["parity"])


def _check(name: str) -> None:
    """Refuse a bench that is not built, and one that lacks PyTorch to compare with."""
    if name not in BENCHES:
        raise SettingsError(
            "there is no bench '{name}' yet; what can be measured: {known}", name=name, known=", ".join(BENCHES)
        )
    if find_spec("torch") is None:
        raise SettingsError(
            'this bench compares with PyTorch, which is not installed here: pip install -c constraints.txt -e ".[torch]"'
        )


class _Line:
    """Says on one line of a terminal what is being measured; written before a measurement, never during one."""

    def __call__(self, what: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{what} ...", end="", file=sys.stderr, flush=True)

    @staticmethod
    def clear() -> None:
        """Take the line away."""
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
