"""What is taken away gives the numbers on screen, bit for bit."""

from __future__ import annotations

import ast
import json
import os
import runpy
import shlex
import subprocess
import sys
import tomllib

import pandas as pd
import pytest
from tests.conftest import walk_bars

from nextclose.lab.choices import read_choices
from nextclose.lab.desk import Desk
from nextclose.lab.desks import Desks
from nextclose.lab.experiment import experiment
from nextclose.lab.job import Job
from nextclose.lab.takeaway import answer, changed, file_name
from nextclose.lab.uploads import read_upload
from nextclose.recipes import load_recipe


def taken(desk, **values):
    (frame,) = answer(desk, read_choices(values), {}, Job(lambda: True, lambda: True, "en"))
    return frame.header


@pytest.fixture
def printed(capsys, tmp_path):
    """The skill that a script prints."""

    def skill(code):
        (tmp_path / "script.py").write_text(code, encoding="utf-8")
        capsys.readouterr()
        runpy.run_path(str(tmp_path / "script.py"))
        return float(capsys.readouterr().out.split()[1])

    return skill


def commanded(folder, line):
    """The skill that a command tells."""
    program, *arguments = shlex.split(line)
    assert program == "nextclose"
    done = subprocess.run(
        [sys.executable, "-m", "nextclose", *arguments, "--json", "--out", "x", "--force"],
        cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=120, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["models"][0]["skill"]


@pytest.fixture
def here(tmp_path):
    """A folder with bars in prices.csv, and those of two symbols in set.parquet."""
    frames = [
        walk_bars(320, seed=seed, symbol=name).to_pandas().assign(symbol=name) for seed, name in ((1, "A"), (2, "B-1"))
    ]
    frames[0].drop(columns="symbol").to_csv(tmp_path / "prices.csv", index=False)
    pd.concat(frames).to_parquet(tmp_path / "set.parquet")
    return tmp_path


PLAIN = {"hidden_size": "5", "lr": "0.02", "seeds": "2", "epochs": "30", "features": "close,volume", "validation": "0.2",
         "train_start": "2020-02-03", "test_start": "2020-09-01", "test_end": "2020-10-30"}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("values", [{}, PLAIN, {"recipe": "default", "cell": "gru", "patience": "none"}])
def test_the_script_prints_the_skill_on_screen(here, monkeypatch, printed, values):
    monkeypatch.chdir(here)
    desk = Desks("prices.csv").desk("")
    assert printed(taken(desk, **values)["script"]) == experiment(desk, read_choices(values)).skill


@pytest.mark.slow
def test_the_command_and_the_recipe_tell_the_skill_on_screen(here, monkeypatch):
    monkeypatch.chdir(here)
    desk = Desks("prices.csv").desk("")
    told = taken(desk, **PLAIN)
    wanted = experiment(desk, read_choices(PLAIN)).skill
    assert commanded(here, told["command"]) == wanted
    (here / told["file"]).write_text(told["recipe"], encoding="utf-8")
    first, _ = told["recipe"].split("\n", 1)
    assert commanded(here, first.removeprefix("# ")) == wanted


@pytest.mark.slow
@pytest.mark.parametrize(
    "values",
    [{"leak": "on"}, {"h0": "carried", "seeds": "2"}, {"days": "shuffled", "lr": "0.01"}, {"split": "shuffled"},
     {"axes": "reshape", "pick": "best"}, {"scaler": "everything", "test_start": "2020-09-01"}],
)  # fmt: skip
def test_the_labs_own_switches_are_in_the_script(here, monkeypatch, printed, values):
    monkeypatch.chdir(here)
    desk = Desks("prices.csv").desk("")
    told = taken(desk, **values)
    assert told["moved"]
    assert not {"command", "recipe"} & told.keys()
    assert printed(told["script"]) == experiment(desk, read_choices(values)).skill


@pytest.mark.slow
def test_a_symbol_of_a_set_and_a_dropped_file_are_found_again(here, monkeypatch, printed):
    monkeypatch.chdir(here)
    wanted = experiment(Desks("set.parquet#B-1").desk(""), read_choices({})).skill
    upload = read_upload("set.parquet", (here / "set.parquet").read_bytes(), "B-1")
    desks = Desks("set.parquet")
    desks.keep(upload)
    for desk in (desks.desk("set.parquet#B-1"), desks.desk(upload.source), Desks("set.parquet#B-1").desk("")):
        told = taken(desk)
        assert printed(told["script"]) == wanted
        assert told["command"].startswith("nextclose run 'set.parquet#B-1' ")


def test_faults_and_exchange_are_named(here, monkeypatch):
    monkeypatch.chdir(here)
    told = taken(Desks("prices.csv", faults="drop", exchange="XNYS").desk(""))
    assert 'nc.load_bars("prices.csv", faults="drop", exchange="XNYS")' in told["script"]
    assert told["command"].endswith("--faults drop --exchange XNYS")


def test_bars_from_python_are_asked_for():
    told = taken(Desk(walk_bars(300, seed=1)))
    assert told["given"] is True
    assert 'nc.load_bars("prices.csv")  # here, the bars' in told["script"]


def test_what_is_as_the_recipe_has_it_is_not_repeated():
    assert changed(read_choices({"lr": "0.005", "seeds": "9"}).recipe) == {}
    assert changed(read_choices({"lr": "0.01", "cell": "gru"}).recipe) == {"lr": 0.01, "cell": "gru"}


@pytest.mark.parametrize(("symbol", "name"), [("AAPL", "aapl"), ("삼성", "삼성"), ("../x", "x"), ("-", "bars")])
def test_a_recipe_file_has_a_name_of_its_own(symbol, name):
    desk = Desk(walk_bars(300, seed=1, symbol=symbol))
    found = file_name(desk, read_choices({}))
    assert found == f"{name}-tutorial.toml"
    with pytest.raises(Exception, match="unknown recipe"):
        load_recipe(found.removesuffix(".toml"))


def test_no_name_becomes_code(tmp_path):
    name = 'A"""\nraise SystemExit(3)\n"""\\'
    desk = Desk(walk_bars(300, seed=1, symbol=name), {"source": name, "symbol": name})
    told = taken(desk)
    tree = ast.parse(told["script"])
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    (call,) = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "nc.load_bars"
    ]
    assert ast.literal_eval(call.args[0]) == name
    assert tomllib.loads(told["recipe"])["settings"]["seeds"] == 5
    assert shlex.split(told["command"])[2] == f"{name}#{name}"
