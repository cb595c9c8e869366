"""Writes docs/reference.md from the program itself: every option of every verb, and every setting of a recipe."""

import ast
import dataclasses
import subprocess
import sys
from pathlib import Path

from nextclose.core.settings import NetSettings, TrainingSettings, WindowSettings

ROOT = Path(__file__).resolve().parents[1]
VERBS = (
    ("run",),
    ("predict",),
    ("judge",),
    ("explain",),
    ("export",),
    ("sweep",),
    ("lab",),
    ("recipes",),
    ("market", "run"),
    ("market", "resume"),
    ("market", "status"),
    ("market", "summary"),
    ("market", "update"),
    ("market", "predict"),
    ("market", "score"),
    ("evening",),
    ("serve",),
    ("bench",),
    ("data", "check"),
    ("data", "samples"),
    ("data", "update"),
    ("data", "fetch"),
)
HEAD = """# Reference

Written by `scripts/make_reference.py` from the program itself.

SOURCE is a `.csv` or `.parquet` path (`path#SYMBOL` where it holds several), `sample:AAPL`, `yahoo:AAPL`, `fdr:005930` or
`walk:SEED`. Exit status: 0 done, 1 failed, 2 the input is wrong, 3 a market run with more
failed symbols than allowed.

## Verbs
"""
SETTINGS = """## Settings

What `--set KEY=VALUE` takes; `nextclose recipes NAME` shows a recipe's own. Beside these: `seeds` (nets that differ in their
random start; their forecasts are averaged), `refit_every` (sessions that one fit serves; 0 fits once) and `train_sessions`
(latest sessions that a fold trains on; none takes all since the train span's start). A recipe may
bring its own spans along: `train_start`, `validation_start`, `test_start` and `test_end`, dates such as 2023-04-01, which
`run` and `sweep` take where the bars cover them and no date option is given.
"""


def sentences() -> dict[str, str]:
    """Setting -> the sentence below it in the source."""
    tree = ast.parse((ROOT / "src/nextclose/core/settings.py").read_text(encoding="utf-8"))
    found = {}
    for group in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        for field, after in zip(group.body, group.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr):
                found[field.target.id] = " ".join(after.value.value.split())
    return found


def usage(verb: tuple[str, ...]) -> str:
    command = [sys.executable, "-m", "nextclose", *verb, "--help"]
    environment = {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "PATH": "", "PYTHONPATH": str(ROOT / "src")}
    text = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def main() -> None:
    parts = [HEAD]
    parts += [f"### nextclose {' '.join(verb)}\n\n```text\n{usage(verb)}\n```\n" for verb in VERBS]
    parts.append(SETTINGS)
    said = sentences()
    for title, kind in (("Windows", WindowSettings), ("Net", NetSettings), ("Training", TrainingSettings)):
        rows = [f"| `{field.name}` | {field.default} | {said[field.name]} |" for field in dataclasses.fields(kind)]
        parts.append(f"### {title}\n\n| setting | default | meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    text = "\n".join(parts).replace("python -m nextclose", "nextclose")
    (ROOT / "docs/reference.md").write_text(text, encoding="utf-8")


main()
