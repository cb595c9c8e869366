"""Compiled kernels as files: where they are kept, what happens to damaged ones, and that every processor says the same."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nextclose import engine
from nextclose.core.errors import NextcloseError
from nextclose.core.lang import Text
from nextclose.engine import machine

SOURCE = Path(engine.__file__).parents[2]
FIT = """
import sys
import numpy as np
from nextclose import engine
X, y = np.random.default_rng(0).random((40, 3, 2)).astype("f"), np.zeros((40, 1), "f")
print(engine.fit(X, y, epochs=3).losses.tolist(), file=sys.stderr)
print("numba" in sys.modules, "torch" in sys.modules, "pandas" in sys.modules)
"""


def python(code, *arguments, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(SOURCE)} | {name: str(value) for name, value in environment.items()},
    )


def said(child):
    output, errors = child.communicate(timeout=300)
    assert child.returncode == 0, errors
    return output, errors


@pytest.fixture
def compiled(monkeypatch):
    """A compiler that takes no time: it counts its calls and returns the code that is there already."""
    from nextclose.engine import run

    code = machine._code("float32", machine.Target.host(), silent)
    calls = []
    monkeypatch.setattr(run, "compile_run", lambda *arguments: calls.append(arguments) or code)
    return code, calls


def silent(line):
    pass


def folders(monkeypatch, *paths):
    monkeypatch.setattr(machine, "_folders", lambda: iter(paths))


def look(told=None):
    return machine._code("float32", machine.Target.host(), silent if told is None else told.append)


def test_a_first_call_says_what_it_waits_for_and_keeps_the_code(tmp_path, monkeypatch, compiled):
    folders(monkeypatch, tmp_path / "new" / "folder")
    told = []
    assert look(told) == look(told) == compiled[0]
    assert len(compiled[1]) == 1
    assert [line.render("en") for line in told] == [
        "compiling the engine for float32, once on this machine (about 15 seconds) ..."
    ]
    (kept,) = (tmp_path / "new" / "folder").iterdir()
    assert kept.name.startswith("nextclose-kernel-float32-")
    assert kept.suffix == ".o"
    assert machine._unsealed(kept.read_bytes()) == compiled[0]


@pytest.mark.parametrize("damage", ["empty", "short", "truncated", "flipped", "foreign"])
def test_a_damaged_file_is_ignored_and_replaced(tmp_path, monkeypatch, compiled, damage):
    folders(monkeypatch, tmp_path)
    look()
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    flipped = whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]
    bad = {"empty": b"", "short": whole[:20], "truncated": whole[:-1], "flipped": flipped, "foreign": b"x" * 500}
    kept.write_bytes(bad[damage])
    assert look() == compiled[0]
    assert len(compiled[1]) == 2
    assert kept.read_bytes() == whole
    assert list(tmp_path.iterdir()) == [kept]


@pytest.mark.parametrize("obstacle", ["a file in its place", "a folder in the file's place"])
def test_where_a_folder_cannot_be_written_the_next_one_is_used(tmp_path, monkeypatch, compiled, obstacle):
    first, second = tmp_path / "install", tmp_path / "cache"
    if obstacle == "a file in its place":
        first.write_text("")
    else:
        (first / f"nextclose-kernel-float32-{machine._key(machine.Target.host())}.o").mkdir(parents=True)
    folders(monkeypatch, first, second)
    assert look() == look() == compiled[0]
    assert len(compiled[1]) == 1
    assert len(list(second.iterdir())) == 1
    if first.is_dir():
        assert len(list(first.iterdir())) == 1


def test_where_no_folder_can_be_written_the_code_is_used_all_the_same(tmp_path, monkeypatch, compiled):
    (tmp_path / "file").write_text("")
    folders(monkeypatch, tmp_path / "file")
    assert look() == look() == compiled[0]
    assert len(compiled[1]) == 2


def test_the_folders_in_their_order(monkeypatch, tmp_path):
    beside = Path(machine.__file__).parent / "__pycache__"
    monkeypatch.delenv("NEXTCLOSE_KERNELS", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert list(machine._folders()) == [beside, tmp_path / "home" / ".cache" / "nextclose"]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("NEXTCLOSE_KERNELS", str(tmp_path / "told"))
    assert list(machine._folders()) == [tmp_path / "told", beside, tmp_path / "xdg" / "nextclose"]


def test_the_key_names_the_processor(monkeypatch):
    host = machine.Target.host()
    keys = {machine._key(target) for target in (host, host._replace(cpu="other"), host._replace(features="+none"))}
    assert len(keys) == 3
    monkeypatch.setattr(machine, "_sources", lambda: "changed")
    assert machine._key(host) not in keys
    monkeypatch.setenv("NEXTCLOSE_CPU", "x86-64-v3")
    assert machine.Target.host() == ("x86-64-v3", "")
    assert not machine.Target.host().wide


@pytest.mark.parametrize("error", [ImportError("no numba"), RuntimeError("no target"), OSError("no memory")])
def test_a_machine_that_cannot_compile_says_why(monkeypatch, error):
    def fail(*_):
        raise error

    assert machine.unusable("float32", silent) is None
    monkeypatch.setattr(machine, "_loaded", {})
    monkeypatch.setattr(machine, "_code", fail)
    reason = engine.unusable()
    assert isinstance(reason, Text)
    assert reason.render("en").endswith(f"kernels cannot be compiled here ({type(error).__name__}: {error})")
    with pytest.raises(NextcloseError, match=f"cannot be compiled here .*{error}"):
        engine.fit([[[1.0]]], [[1.0]])


def test_a_kernel_is_loaded_once(monkeypatch):
    assert machine.kernel("float64") is machine.kernel("float64")
    assert machine.kernel("float64") is not machine.kernel("float32")


def test_a_process_with_compiled_kernels_imports_neither_numba_nor_torch():
    assert engine.unusable() is None
    output, errors = said(python(FIT))
    assert output.split() == ["False", "False", "False"]
    assert "compiling" not in errors


@pytest.fixture
def copied(tmp_path):
    """A copy of the package without compiled kernels."""
    place = tmp_path / "site"
    shutil.copytree(SOURCE / "nextclose", place / "nextclose", ignore=shutil.ignore_patterns("__pycache__"))
    return place


AT_ONCE = """
import os, sys, time
from pathlib import Path
from nextclose.engine import run
here, code = Path(sys.argv[1]), Path(sys.argv[2]).read_bytes()[32:]

def compile_run(dtype, target):
    (here / str(os.getpid())).touch()
    end = time.monotonic() + 100
    while len(list(here.iterdir())) < 2 and time.monotonic() < end:
        time.sleep(0.001)
    return code

run.compile_run = compile_run
"""
"""A compiler that gives what is there already, once two processes have asked for it."""


@pytest.mark.slow
def test_two_processes_that_compile_at_once_leave_one_whole_file_beside_the_code(tmp_path, copied):
    assert engine.unusable() is None
    name = f"nextclose-kernel-float32-{machine._key(machine.Target.host())}.o"
    at = next(folder / name for folder in machine._folders() if (folder / name).is_file())
    here = tmp_path / "asking"
    here.mkdir()
    places = {"PYTHONPATH": copied, "XDG_CACHE_HOME": tmp_path / "xdg", "NEXTCLOSE_KERNELS": ""}
    children = [python(AT_ONCE + FIT, here, at, **places) for _ in range(2)]
    first, second = (said(child)[1].splitlines() for child in children)
    assert len(list(here.iterdir())) == 2
    assert first[0] == second[0] == "compiling the engine for float32, once on this machine (about 15 seconds) ..."
    assert first[-1] == second[-1]
    (kept,) = (copied / "nextclose" / "engine" / "__pycache__").glob("*.o*")
    assert kept.name == name
    assert machine._unsealed(kept.read_bytes())
    assert not (tmp_path / "xdg").exists()
    quiet = "False False False\n", first[-1] + "\n"
    assert said(python(FIT, **places)) == quiet
    told = tmp_path / "told"
    told.mkdir()
    kept.rename(told / kept.name)
    assert said(python(FIT, **places | {"NEXTCLOSE_KERNELS": told})) == quiet


HASH = """
import hashlib
import numpy as np
from nextclose import engine
seal = hashlib.sha256()
CALLS = [
    dict(cell="rnn", momentum=0.5, weight_decay=0.01),
    dict(cell="rnn", activation="relu", clip_norm=0.1),
    dict(cell="rnn", num_layers=2, bias=True, h0="random", hidden_size=17),
    dict(cell="gru", bias=True, num_layers=2),
    dict(cell="lstm", bias=True, hidden_size=33),
    dict(cell="mlp", init="rnn", optimizer="adamw", weight_decay=0.1, lr_step=3),
    dict(cell="rnn", loss="pinball", quantiles=(0.1, 0.5, 0.9)),
    dict(cell="lstm", optimizer="adam", lr=0.001, shuffle=True, batch_size=33),
    dict(cell="gru", optimizer="rmsprop", lr=0.001, momentum=0.5, shuffle=True, batch_size=64),
]
for dtype in ("float32", "float64"):
    rng = np.random.default_rng(3)
    X, y = rng.random((301, 5, 3)).astype(dtype), rng.random((301, 2)).astype(dtype)
    for call in CALLS:
        fit = engine.fit(X, y, epochs=10, seed=11, validation=(X[:77], y[:77]), **call)
        for name, array in fit.params.items():
            seal.update(name.encode() + array.tobytes())
        seal.update(fit.losses.tobytes() + fit.val_losses.tobytes())
print(seal.hexdigest())
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="names a processor of x86's")
def test_narrower_vectors_give_the_same_bits(tmp_path, copied):
    here = said(python(HASH))[0]
    places = {"PYTHONPATH": copied, "NEXTCLOSE_KERNELS": tmp_path / "told"}
    narrow, told = said(python(HASH, NEXTCLOSE_CPU="x86-64-v3", **places))
    assert narrow == here
    assert told.count("compiling the engine for") == 2
    assert len(list((tmp_path / "told").iterdir())) == 2
    assert not list((copied / "nextclose" / "engine").rglob("*.o"))
