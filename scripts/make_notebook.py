"""Runs the cells below and writes examples/first_forecast.ipynb; with --check it only runs them."""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

PATH = Path(__file__).resolve().parents[1] / "examples" / "first_forecast.ipynb"
CELLS = [
    ("markdown", "# The first forecast\n\nBars, windows, a study, its verdict, and a model to keep. All of it offline."),
    ("code", "import nextclose as nc\n\nbars = nc.load_bars('sample:IBM')\nbars.to_pandas().tail()"),
    ("markdown", "A window is `seq_len` sessions of open, high, low, close; its target is the close after it."),
    ("code", "X, y, dates = nc.make_windows(bars, seq_len=5)\nX.shape, y.shape, dates[0]"),
    ("markdown", "A study fits recipes, forecasts every test session and judges them against repeating the last close."),
    ("code", "study = nc.run(bars, recipes=['tutorial', 'default'], seeds=2, test_start='2012-09-04', ladder=False)\n"
             "for row in study.models:\n    print(f'{row.name:12} {row.skill:+8.3f}  {row.verdict}')"),
    ("code", "print(study.models[0].sentence)"),
    ("code", "study.tomorrow[1]"),
    ("code", "study.forecasts.query(\"model == 'default'\").tail(3)"),
    ("markdown", "A recipe is also an object: fit it, ask it, save it."),
    ("code", "model = nc.Forecaster('default', seeds=2).fit(bars)\nmodel.predict()"),
    ("code", "import tempfile\nfrom pathlib import Path\n\nfolder = Path(tempfile.mkdtemp()) / 'm'\nmodel.save(folder)\n"
             "assert nc.load(folder).predict() == model.predict()"),
    ("markdown", "Anyone's forecasts can be judged, from any library."),
    ("code", "print(nc.judge(study.forecasts).models[1].sentence)"),
]  # fmt: skip


def main() -> None:
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    book = nbformat.v4.new_notebook(cells=[make[kind](text) for kind, text in CELLS])
    for number, cell in enumerate(book.cells):
        cell["id"] = f"cell-{number}"
    NotebookClient(book, timeout=120, kernel_name="python3").execute()
    for cell in book.cells:
        cell.get("metadata", {}).pop("execution", None)
    if "--check" not in sys.argv:
        nbformat.write(book, PATH)


main()
