"""`nextclose market` as a person or a script meets it; shards are computed in this process."""

from __future__ import annotations

import json
import signal
import sys
from io import StringIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from tests.market.conftest import InProcess, KillAt, Killed, config_of, market_bars, run_market, table_of, write_set

from nextclose.cli import market as verbs
from nextclose.cli.app import main
from nextclose.cli.market_progress import MarketBar
from nextclose.market.run import default_folder
from nextclose.market.watch import Progress

QUICK = ("--recipe", "tutorial", "--set", "epochs=2", "--seeds", "1", "--refit-every", "10", "--min-bars", "60")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Four symbols: one has prices below 0 throughout, one ends early, one has a day of faulty prices."""
    every = market_bars(("A", "B", "005930", "WRONG"))
    frame = table_of(*every).to_pandas()
    frame.loc[frame.symbol == "WRONG", "close"] = -1.0
    frame.loc[7, "close"] = 0.0
    frame = frame[(frame.symbol != "B") | (frame.index < 259)]
    path = tmp_path_factory.mktemp("cli") / "set.parquet"
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    return path


@pytest.fixture
def nextclose(monkeypatch, capsys, tmp_path):
    """Call the command in an empty folder: exit status, stdout, stderr."""
    backend = verbs._backend
    monkeypatch.setattr(verbs, "_backend", lambda *given: backend(*given) and InProcess())
    monkeypatch.chdir(tmp_path)
    handler = signal.getsignal(signal.SIGINT)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["nextclose", "market", *map(str, arguments)])
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
        out, err = capsys.readouterr()
        return status, out, err

    yield call
    signal.signal(signal.SIGINT, handler)


@pytest.fixture(scope="module")
def done(source, tmp_path_factory):
    """A finished run; nobody may write to it."""
    folder = tmp_path_factory.mktemp("done") / "run"
    run_market(config_of(source, shard_size=1), folder)
    return folder


def test_a_run_prints_its_summary_and_nothing_to_stderr(nextclose, source, tmp_path):
    status, out, err = nextclose("run", source, *QUICK, "--out", "x")
    assert (status, err) == (0, "")
    assert out.index("3 of 4 symbols, nets for each symbol") < out.index("train  2020-01-01") < out.index("tutorial:")
    assert "left out 1: faulty bars 1" in out
    assert "Rows with findings: a price of 0 or less 1" in out
    assert "1 of the set's 4 symbols end early" in out
    assert (tmp_path / "x" / "pages" / "index.html").is_file()
    assert out.rstrip().endswith("index.html")
    status, out, err = nextclose("run", source, *QUICK, "--out", "x")
    assert (status, out) == (2, "")
    assert "market resume x" in err


def test_json_is_one_object_and_nothing_else(nextclose, source):
    status, out, err = nextclose("run", source, *QUICK, "--out", "x", "--no-pages", "--json")
    page = json.loads(out)
    assert (status, err) == (0, "")
    assert (page["used"], page["left_out"], page["in_set"]) == (3, {"faulty": 1}, 4)
    assert {row["name"] for row in page["models"]} >= {"tutorial", "persistence", "train-mean"}
    for arguments in (("summary", "x"), ("resume", "x")):
        assert json.loads(nextclose(*arguments, "--json")[1]) == page
    state = json.loads(nextclose("status", "x", "--json")[1])
    assert (state["state"], state["done"], state["failed"]) == ("finished", 4, 1)


def test_more_failures_than_allowed_is_status_3(nextclose, source):
    assert nextclose("run", source, *QUICK, "--out", "x", "--no-pages", "--max-failures", "0")[0] == 3
    assert nextclose("resume", "x")[0] == 3
    assert nextclose("run", source, *QUICK, "--out", "y", "--no-pages", "--max-failures", "1")[0] == 0


def test_status_of_a_run_that_was_killed_says_how_to_go_on(nextclose, source, tmp_path):
    with pytest.raises(Killed):
        run_market(config_of(source, shard_size=1), tmp_path / "run", watcher=KillAt(3))
    status, out, _ = nextclose("status", "run")
    assert status == 0
    assert "stopped" in out
    assert "nextclose market resume run" in out
    assert "3 of 4 symbols" in out
    status, _, err = nextclose("summary", "run")
    assert status == 2
    assert "not finished" in err
    assert nextclose("resume", "run", "--no-pages")[0] == 0
    assert "finished" in nextclose("status", "run")[1]


def test_status_in_korean(nextclose, done):
    assert "끝" in nextclose("status", done, "--lang", "ko")[1]


@pytest.mark.parametrize("verb", ["status", "resume", "summary"])
def test_a_folder_without_a_run_is_one_message(nextclose, verb, tmp_path):
    status, out, err = nextclose(verb, tmp_path)
    assert (status, out) == (2, "")
    assert err.startswith("nextclose: no market run in")
    assert err.count("\n") == 1
    assert "시장 실행이 없습니다" in nextclose(verb, tmp_path, "--lang", "ko")[2]


def test_sql_answers_from_the_views(nextclose, done):
    query = "SELECT symbol, status, kind FROM symbols ORDER BY symbol"
    status, out, err = nextclose("summary", done, "--sql", query)
    assert (status, err) == (0, "")
    assert [line.split() for line in out.splitlines() if "faulty" in line] == [["WRONG", "left", "out", "faulty"]]
    page = json.loads(nextclose("summary", done, "--json", "--sql", query)[1])
    assert page["columns"] == ["symbol", "status", "kind"]
    assert page["rows"][0] == ["005930", "used", ""]
    for view in ("forecasts", "metrics", "folds", "sessions", "symbols", "faults"):
        found = json.loads(nextclose("summary", done, "--json", "--sql", f"SELECT count(*) FROM {view}")[1])
        assert found["rows"][0][0] > 0


def test_sql_of_any_type_is_json(nextclose, done):
    query = (
        "SELECT sum(n) AS a, max(\"last\") AS b, 1.5::DECIMAL(5, 2) AS c, 2.00::DECIMAL(5, 2) AS d, 'NaN'::DOUBLE AS e, "
        "[1, 2] AS f, true AS g, NULL AS h, now() AS i, 'x' AS j, 'y' AS j FROM metrics"
    )
    status, out, err = nextclose("summary", done, "--json", "--sql", query)
    assert (status, err) == (0, "")
    page = json.loads(out)
    row = dict(zip(page["columns"], page["rows"][0], strict=True))
    assert isinstance(row["a"], int)
    assert (row["c"], row["d"], row["e"], row["f"], row["g"], row["h"]) == (1.5, 2, None, "[1, 2]", True, None)
    assert page["rows"][0][-2:] == ["x", "y"]


def test_sql_without_rows_or_with_many_says_so(nextclose, done):
    assert "no rows" in nextclose("summary", done, "--sql", "SELECT symbol FROM symbols WHERE false")[1]
    assert "행이 없습니다" in nextclose("summary", done, "--sql", "SELECT 1 WHERE false", "--lang", "ko")[1]
    page = json.loads(nextclose("summary", done, "--json", "--sql", "SELECT symbol FROM symbols WHERE false")[1])
    assert page == {"columns": ["symbol"], "rows": []}
    many = nextclose("summary", done, "--sql", "SELECT origin FROM forecasts")[1]
    assert "100 of them shown" in many
    assert len(many.splitlines()) < 110


@pytest.mark.parametrize(
    "query",
    [
        "selec",
        "SELECT nonsense FROM symbols",
        "SELECT * FROM nowhere",
        "",
        "DROP VIEW metrics",
        "SELECT 1; SELECT 2",
        "COPY (SELECT 1) TO 'written.csv'",
    ],
)
def test_bad_sql_is_the_users_error(nextclose, done, query):
    status, out, err = nextclose("summary", done, "--sql", query)
    assert (status, out) == (2, "")
    assert err.startswith("nextclose: --sql")
    assert "--sql: 질의" in nextclose("summary", done, "--sql", "selec", "--lang", "ko")[2]


def test_summary_in_korean(nextclose, done):
    status, out, _ = nextclose("summary", done, "--lang", "ko")
    assert status == 0
    assert "4개 중 3개 종목" in out
    assert "0 이하의 가격 1" in out
    assert "faulty" not in out


def test_going_on_with_a_finished_run_touches_nothing(nextclose, done):
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in done.rglob("*") if path.is_file()}
    assert nextclose("resume", done)[0] == 0
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in done.rglob("*") if path.is_file()} == before


def test_a_run_without_pages_says_how_to_write_them(nextclose, source, tmp_path):
    assert nextclose("run", source, *QUICK, "--out", "x", "--no-pages")[0] == 0
    assert "no pages" not in nextclose("resume", "x", "--no-pages")[1]
    assert nextclose("resume", "x")[1].endswith("nextclose market summary x --pages writes them.\n")
    assert nextclose("summary", "x", "--pages")[1].rstrip().endswith("x/pages/index.html")
    assert "no pages" not in nextclose("resume", "x")[1]


def test_filters_are_counted(nextclose, source):
    status, out, _ = nextclose(
        "run", source, *QUICK, "--out", "x", "--no-pages", "--symbols", "A,005930", "--symbols", "WRONG",
        "--top-by-value", "2",
    )  # fmt: skip
    assert status == 0
    assert "Symbols that the filters took out: --symbols 1, --top-by-value 1" in out


WRONG = {
    "no such scope": (("--scope", "all"), "--scope"),
    "no such backend": (("--backend", "rya"), "Did you mean 'ray'"),
    "an address without ray": (("--address", "auto"), "--address belongs to --backend ray"),
    "no such symbol": (("--symbols", "059930"), "Did you mean '005930'"),
    "no such recipe": (("--recipe", "tutoral"), "Did you mean 'tutorial'"),
    "no such setting": (("--set", "lrr=1"), "unknown setting 'lrr'"),
    "torch for a market": (("--scope", "market", "--engine", "torch"), "fused engine alone"),
    "spans that do not fit": (("--test-start", "2030-01-01"), "the spans do not fit"),
    "a date that is none": (("--test-start", "soon"), "expected a date"),
    "nothing of nothing": (("--min-bars", "0", "--shard-size", "0", "--top-by-value", "0"), "--shard-size"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_one_message(nextclose, source, case, tmp_path):
    arguments, said = WRONG[case]
    status, out, err = nextclose("run", source, *QUICK, *arguments, "--out", "x")
    assert (status, out) == (2, "")
    assert err.startswith("nextclose: ")
    assert said in err
    assert not (tmp_path / "x").exists()


def test_a_set_without_volume_cannot_be_ranked(nextclose, tmp_path):
    pq.write_table(table_of(*market_bars(("A", "B"))).drop_columns(["volume"]), tmp_path / "set.parquet")
    status, _, err = nextclose("run", "set.parquet", *QUICK, "--top-by-value", "1")
    assert status == 2
    assert "no volumes" in err


def test_without_ray_the_message_names_the_extra(nextclose, source, monkeypatch):
    from nextclose.market import ray_backend

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(ray_backend.importlib, "import_module", missing)
    monkeypatch.setattr(verbs, "_backend", lambda name, address, workers: ray_backend.RayBackend(address=address))
    status, _, err = nextclose("run", source, *QUICK, "--backend", "ray", "--out", "x")
    assert status == 2
    assert ".[ray]" in err
    assert "resume" not in err


def test_a_full_disk_is_one_message_and_the_run_goes_on(nextclose, source, monkeypatch, done):
    from nextclose.market import files

    sync, calls = files.os.fsync, iter(range(9))

    def full(descriptor):
        if next(calls, None) is None:
            raise OSError(28, "No space left on device")
        sync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(files.os, "fsync", full)
        status, out, err = nextclose("run", source, *QUICK, "--shard-size", "1", "--out", "x", "--no-pages")
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    assert "No space left on device" in err
    assert "market resume" in err
    assert nextclose("resume", "x", "--no-pages")[0] == 0


def test_the_default_folder_is_called_after_the_set(source, tmp_path):
    assert default_folder(config_of(source)).name.startswith("set-")
    for name in ("A", "B"):
        (own,) = market_bars((name,))
        table_of(own, symbols=False).to_pandas().to_csv(tmp_path / f"{name}.csv", index=False)
    assert default_folder(config_of(tmp_path / "*.csv")).name.startswith(f"{tmp_path.name}-")
    assert default_folder(config_of(tmp_path)).name.startswith(f"{tmp_path.name}-")
    assert default_folder(config_of(source)) != default_folder(config_of(source, seeds=2))


def test_a_glob_is_kept_from_the_folder_that_it_starts_from(tmp_path, monkeypatch):
    folder = tmp_path / "a [folder]"
    folder.mkdir()
    write_set(folder / "set.parquet", *market_bars(("A", "B")))
    monkeypatch.chdir(folder)
    config = config_of("*.parquet")
    monkeypatch.chdir("/")
    run_market(config, tmp_path / "run")


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_bar_shows_symbols_fits_rate_time_left_and_failures(source, tmp_path, lang):
    bar = MarketBar(lang, tmp_path, quiet=False)
    bar.screen = Console(file=StringIO(), force_terminal=True, width=120)
    with bar:
        bar.planned(config_of(source), tmp_path, 3)
        bar.progress(
            Progress(phase="computing", symbols=1000, done=250, failed=2, fits=12345, rate=67.8, seconds_left=3725.0)
        )
        shown = Console(file=StringIO(), width=120)
        shown.print(bar.bar.get_renderable())
        bar.progress(Progress(phase="pooling", symbols=1000, pooled=0.5))
        bar.progress(Progress(phase="finished", symbols=1000, done=1000))
    text = shown.file.getvalue()
    for part in ("250/1,000", "12,345", "67.8", "1:02:05"):
        assert part in text
    assert ("2 failed" if lang == "en" else "실패 2") in text
    assert ("3 shards are kept" if lang == "en" else "3") in bar.screen.file.getvalue()
    assert np.isfinite(bar.bar.tasks[0].completed)


def test_pages_that_cannot_be_written_come_after_the_summary(nextclose, source, tmp_path):
    assert nextclose("run", source, *QUICK, "--out", "x", "--no-pages")[0] == 0
    (tmp_path / "x" / "pages").write_text("a file", encoding="utf-8")
    status, out, err = nextclose("summary", "x", "--pages")
    assert status == 2
    assert "3 of 4 symbols" in out
    assert err.startswith("nextclose: cannot write the report")
