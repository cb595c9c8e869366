"""nextclose export: a fitted recipe as one ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nextclose.cli.options import Json, LangOption, language


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A folder that nextclose run or Forecaster.save wrote.")],
    *,
    onnx: Annotated[Path, typer.Option(metavar="FILE", help="The file to write: raw bars in, the price out.")],
    recipe: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which of the run's recipes. [the only one]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over an existing file.")] = False,
    lang: LangOption = "en",
    json: Json = False,
) -> None:
    """Write a fitted recipe as one ONNX file, compared with the model on the run's own bars."""
    from nextclose.cli.progress import stdout
    from nextclose.core.lang import say
    from nextclose.core.plain import to_json
    from nextclose.study.export import export_run

    spoken = language(lang)
    done = export_run(run, onnx, recipe=recipe, force=force, lang=spoken)
    if json:
        print(to_json(done), end="")
        return
    console = stdout()
    for port in (*done.inputs, *done.outputs):
        shape = ", ".join(map(str, port.shape))
        console.print(f"{port.name:<10} {port.dtype} ({shape})  {port.meaning}", markup=False)
    console.print(
        say(
            "{file}: recipe {recipe}, compared with the model on {windows} windows: largest difference {difference} of the price",
            spoken,
            file=done.file,
            recipe=done.recipe,
            windows=done.checked_windows,
            difference=f"{done.largest_relative_difference:.1e}",
        ),
        markup=False,
    )
