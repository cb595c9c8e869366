"""Examples and the blocks of the README run as they stand."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nextclose.core.cells import CELLS, TRANSFORMER
from nextclose.recipes import recipe_names

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
DOCS = ROOT / "docs"
READING = sorted(page.relative_to(ROOT).as_posix() for page in [*DOCS.glob("cells/*.md"), *DOCS.glob("shapes*.md")])
ENGLISH = [page for page in READING if not page.endswith(".ko.md")]


def run(folder, *arguments):
    return subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=300
    )


def python_blocks(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_an_example_runs(example, tmp_path):
    if "statsforecast" in example.name:
        pytest.importorskip("statsforecast", reason="the extra 'examples' is not installed")
    done = run(tmp_path, example)
    assert done.returncode == 0, done.stderr
    assert "persistence" in done.stdout


@pytest.mark.slow
def test_the_leak_and_the_shift_are_found_out(tmp_path):
    said = " ".join(run(tmp_path, ROOT / "examples" / "judge_leak.py").stdout.split())
    leak, shifted, honest = (
        said.index(start) for start in ("▲ leak beats", "▲ shifted beats", "= honest: no difference")
    )
    seen = "So much skill is only reached by forecasts that have seen what they forecast."
    early = "So it looks like a copy of the last close whose dates are one session early."
    alarm = "Dated one session later its skill would be"
    assert seen in said[leak:shifted]
    assert early in said[shifted:honest]
    assert [part.count(alarm) for part in (said[leak:shifted], said[shifted:honest], said[honest:])] == [1, 1, 0]


@pytest.mark.slow
def test_the_command_in_the_statsforecast_example_prints_what_the_example_prints(tmp_path):
    pytest.importorskip("statsforecast", reason="the extra 'examples' is not installed")
    example = ROOT / "examples" / "judge_statsforecast.py"
    comment = re.search(r"#   nextclose (.*)\\\n#(.*)\n", example.read_text(encoding="utf-8"))
    by_python = run(tmp_path, example)
    start = "import sys; from nextclose.cli.app import main; sys.exit(main())"
    by_command = run(tmp_path, "-c", start, *shlex.split(comment[1] + comment[2]))
    assert by_command.stdout == by_python.stdout != ""


@pytest.mark.slow
def test_the_notebook_runs(tmp_path):
    done = run(tmp_path, ROOT / "scripts" / "make_notebook.py", "--check")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_readmes_python_runs(tmp_path):
    blocks = python_blocks("README.md")
    assert len(blocks) == len(python_blocks("README.ko.md"))
    for block in [*blocks, *python_blocks("README.ko.md")]:
        done = run(tmp_path, "-c", block)
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1])
def test_the_python_of_the_derivation_runs(number, tmp_path):
    blocks = python_blocks("docs/backpropagation.md")
    assert len(blocks) == 2
    done = run(tmp_path, "-W", "error", "-c", blocks[number])
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("number", "said"), [(0, "ours no difference found"), (1, "sees the future")])
def test_the_python_of_the_walk_forward_page_runs(number, said, tmp_path):
    blocks = python_blocks("docs/walk-forward.md")
    assert len(blocks) == 2
    done = run(tmp_path, "-W", "error", "-c", blocks[number])
    assert done.returncode == 0, done.stderr
    assert said in done.stdout


@pytest.mark.slow
def test_the_python_of_the_trading_page_runs(tmp_path):
    (block,) = python_blocks("docs/trading.md")
    done = run(tmp_path, "-W", "error", "-c", block)
    assert done.returncode == 0, done.stderr
    assert "buy-and-hold" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "said"), [("docs/features.md", "Columns of the bars"), ("docs/features.ko.md", "봉의 열")]
)
def test_the_python_of_the_page_on_own_columns_runs(page, said, tmp_path):
    (block,) = python_blocks(page)
    done = run(tmp_path, "-W", "error", "-c", block)
    assert done.returncode == 0, done.stderr
    assert "10, 5)" in done.stdout
    assert said in done.stdout


@pytest.mark.slow
def test_the_python_of_the_export_page_prints_one_price_twice(tmp_path):
    pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")
    (block,) = python_blocks("docs/export.md")
    assert [*map(without_comments, python_blocks("docs/export.ko.md"))] == [without_comments(block)]
    done = run(tmp_path, "-W", "error", "-c", block)
    assert done.returncode == 0, done.stderr
    about, file, model = done.stdout.splitlines()
    assert about == "open,high,low,close 10 2013-03-01"
    assert file.split()[1] == model.split()[1]


@pytest.mark.slow
@pytest.mark.parametrize(("page", "said"), [("sweep.md", "4 settings were tried"), ("sweep.ko.md", "설정 4가지")])
def test_the_python_of_the_sweep_page_runs(page, said, tmp_path):
    (block,) = python_blocks(f"docs/{page}")
    done = run(tmp_path, "-W", "error", "-c", block)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    assert (tmp_path / "sweeps" / "aapl" / "report.html").is_file()


@pytest.mark.slow
def test_the_reference_is_what_the_program_says(tmp_path):
    before = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    done = run(tmp_path, ROOT / "scripts" / "make_reference.py")
    assert done.returncode == 0, done.stderr
    assert (ROOT / "docs" / "reference.md").read_text(encoding="utf-8") == before


def korean(page):
    return page.removesuffix(".md") + ".ko.md"


def without_comments(block):
    return re.sub(r"\s*#.*", "", block)


def headings(page):
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.findall(r"^(#+) ", text, flags=re.MULTILINE)


def printing_blocks(page):
    """Python and what it prints, as a page shows them."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("page", ENGLISH)
def test_the_python_of_a_page_prints_what_the_page_says(page, tmp_path):
    """The Korean twin says the same: `test_a_page_and_its_twin_have_the_same_parts`."""
    blocks = printing_blocks(page)
    assert len(blocks) == len(python_blocks(page)) > 0
    for block, said in blocks:
        done = run(tmp_path, "-W", "error", "-c", block)
        assert done.returncode == 0, done.stderr
        assert done.stdout == said


def test_every_cell_has_a_page_in_both_languages():
    for name in [*CELLS, "bidirectional", "many-to-many", "seq2seq", "attention", TRANSFORMER]:
        assert {f"docs/cells/{name}.md", f"docs/cells/{name}.ko.md"} <= set(READING), name
    assert {"docs/shapes.md", "docs/shapes.ko.md"} <= set(READING)


@pytest.mark.parametrize("page", ENGLISH)
def test_a_page_and_its_twin_have_the_same_parts(page):
    assert headings(page) == headings(korean(page))
    assert [*map(without_comments, python_blocks(page))] == [*map(without_comments, python_blocks(korean(page)))]
    assert [said for _, said in printing_blocks(page)] == [said for _, said in printing_blocks(korean(page))]


def anchors(path):
    titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", READING)
def test_what_a_page_points_at_is_there(page):
    for target, anchor in re.findall(r"\]\(([^)#]+)#?([^)]*)", (ROOT / page).read_text(encoding="utf-8")):
        path = (ROOT / page).parent / target
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), anchor


@pytest.mark.parametrize("page", ["docs/shapes.md", "docs/shapes.ko.md"])
def test_each_kind_of_task_has_a_recipe_that_is_there(page):
    rows = re.findall(r"^\|.*\| (.*) \|$", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = [name for row in rows[1:] for name in re.findall(r"`([a-z0-9-]+)`", row)]
    assert len(named) >= 5
    assert set(named) <= set(recipe_names())


@pytest.mark.parametrize("page", READING)
def test_the_lines_that_a_page_quotes_stand_in_the_source(page):
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/nextclose/models").glob("*.py"))
    for quoted in re.findall(r"```py\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL):
        for line in quoted.splitlines():
            assert line.strip() in source, line


def test_the_pictures_are_what_their_script_draws(tmp_path):
    done = run(tmp_path, ROOT / "scripts" / "make_cell_pictures.py", tmp_path)
    assert done.returncode == 0, done.stderr
    drawn = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.svg")}
    assert drawn == {name: (ROOT / "docs" / name).read_bytes() for name in drawn}
    assert len(drawn) == len([*(ROOT / "docs").rglob("*.svg")])


def commands_of(example):
    """What a cron table or a systemd unit has nextclose do."""
    text = re.sub(r"^#.*$", "", (ROOT / "examples" / example).read_text(encoding="utf-8"), flags=re.MULTILINE)
    known = dict(re.findall(r"^([A-Z]+)=(.*)$", text, flags=re.MULTILINE))
    lines = re.findall(
        r"^(?:ExecStart=|(?:[-*,/\d]+ ){2}\* \* 1-5 )(.*nextclose.*)$", text, flags=re.MULTILINE | re.IGNORECASE
    )
    words = [
        shlex.split(re.sub(r"\$([A-Z]+)", lambda name: known[name[1]], line.partition(" > ")[0])) for line in lines
    ]
    assert all(one[0].endswith("/bin/nextclose") for one in words)
    return [one[1:] for one in words]


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        ("evening.cron", ["evening", "evening"]),
        ("nextclose-evening.service", ["evening"]),
        ("nextclose-serve.service", ["serve"]),
    ],
)
def test_a_schedule_s_commands_are_ones_that_there_are(example, expected):
    from typer.main import get_command

    from nextclose.cli.app import app

    found, group = commands_of(example), get_command(app)
    assert [words[0] for words in found] == expected
    for words in found:
        command = group.get_command(None, words[0])
        asked = command.make_context(words[0], words[1:]).params
        assert any(str(value).endswith("runs/krx") for value in asked.values())


def test_a_unit_of_systemd_names_only_units_that_lie_beside_it():
    names = {path.name for path in (ROOT / "examples").glob("nextclose-*")}
    for name in names:
        text = (ROOT / "examples" / name).read_text(encoding="utf-8")
        asked = re.findall(r"^OnFailure=(nextclose-\w+@)%n(\.service)$", text, flags=re.MULTILINE)
        assert {first + last for first, last in asked} <= names
        assert name.replace(".timer", ".service") in names
