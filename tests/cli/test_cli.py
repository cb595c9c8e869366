"""The command as a person or a script meets it: exit status, streams, one message."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from tests.conftest import walk_bars

from nextclose.cli.app import main

QUICK = ("--set", "epochs=2", "--seeds", "1", "--no-ladder")


@pytest.fixture
def here(tmp_path):
    """A folder with 200 bars in prices.csv."""
    walk_bars(200, seed=5, symbol="AAPL").to_pandas().to_csv(tmp_path / "prices.csv", index=False)
    return tmp_path


def nextclose(folder, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "nextclose", *map(str, arguments)],
        cwd=folder, capture_output=True, text=True, timeout=120, encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1", "NEXTCLOSE_CACHE": str(folder / "cache"), **environment},
    )  # fmt: skip


def test_a_run_prints_its_verdict_and_leaves_a_report(here):
    done = nextclose(here, "run", "prices.csv", "--exchange", "XNYS", *QUICK)
    assert done.returncode == 0, done.stderr
    text = done.stdout
    assert text.index("train  2020-01-01") < text.index("verdict") < text.index("Clark-West") < text.index("report")
    (run,) = (here / "runs").iterdir()
    assert run.name.startswith("AAPL-")
    assert (run / "report.html").is_file()
    again = nextclose(here, "run", "prices.csv", "--exchange", "XNYS", *QUICK)
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert nextclose(here, "run", "prices.csv", "--exchange", "XNYS", *QUICK, "--force").returncode == 0


def test_json_is_one_object_and_nothing_else(here):
    done = nextclose(here, "run", "prices.csv", "--exchange", "XNYS", "--out", "x", "--json", "--verbose", *QUICK)
    page = json.loads(done.stdout)
    assert {"data", "shapes", "models", "tomorrow", "engine", "split", "out", "report"} <= page.keys()
    assert page["data"].keys() >= {
        "symbol",
        "source",
        "rows",
        "first",
        "last",
        "adjusted",
        "dropped",
        "notes",
        "sha256",
    }
    assert page["shapes"]["tutorial"] == {
        "X_train": [156, 4, 4],
        "y_train": [156, 1],
        "X_test": [36, 4, 4],
        "y_test": [36, 1],
    }
    row = page["models"][0]
    wanted = (
        "name kind step n rmse mae mape skill skill_lo skill_hi directional_accuracy always_up dm cw pt coverage verdict "
        "information pvalue_adjusted sentence rmse_by_seed fits fit_seconds reasons"
    )
    assert row.keys() >= set(wanted.split())
    assert row["dm"].keys() >= {"statistic", "pvalue", "lag", "n"}
    assert row["fit_seconds"] > 0.0
    assert page["tomorrow"][0].keys() >= {"model", "origin", "target_date", "yhat", "lo", "hi", "level", "p_up"}
    assert page["engine"].keys() == {"chosen", "reason"}
    assert "EPOCH: 0 Loss: " in done.stderr


def test_verbose_prints_the_tutorials_lines(here):
    done = nextclose(
        here,
        "run",
        "prices.csv",
        "--recipe",
        "tutorial",
        "--no-ladder",
        "--seeds",
        "2",
        "--verbose",
        "--exchange",
        "XNYS",
    )
    lines = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("EPOCH: ")]
    assert lines == [str(epoch) for epoch in range(0, 100, 10)]
    assert "time-major (4, 156, 4): a loop of 4 batches (156, 4)" in done.stdout


def test_predict_explain_and_judge_work_on_what_run_left(here):
    assert nextclose(here, "run", "prices.csv", "--exchange", "XNYS", "--out", "x", *QUICK).returncode == 0
    predicted = json.loads(nextclose(here, "predict", "x", "--json").stdout)
    assert [row["model"] for row in predicted["tomorrow"]] == ["tutorial", "default"]
    assert "AAPL on " in nextclose(here, "predict", "x").stdout
    refused = nextclose(here, "predict", "x", "--bars", "sample:MSFT")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "trained on AAPL" in refused.stderr
    told = nextclose(here, "explain", "x", "--recipe", "tutorial")
    assert "W_h h₃" in told.stdout
    assert json.loads(nextclose(here, "explain", "x", "--json").stdout)["recipe"] == "tutorial"
    judged = json.loads(nextclose(here, "judge", "x/forecasts.parquet", "--json").stdout)
    assert [row["name"] for row in judged["models"]][:2] == ["tutorial", "default"]
    frame = pd.read_parquet(here / "x" / "forecasts.parquet")[["symbol", "model", "target_date", "yhat"]]
    frame.rename(columns={"yhat": "pred"}).to_csv(here / "f.csv", index=False)
    filled = nextclose(here, "judge", "f.csv", "--columns", "yhat=pred", "--bars", "prices.csv", "--json")
    assert [row["rmse"] for row in json.loads(filled.stdout)["models"]] == pytest.approx(
        [row["rmse"] for row in judged["models"]]
    )
    shown = nextclose(here, "judge", "x/forecasts.parquet", "--report", "판정.html", "--lang", "ko")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.rstrip().endswith("판정.html")
    assert "forecasts.parquet" in (here / "판정.html").read_text(encoding="utf-8")
    told = json.loads(nextclose(here, "judge", "x/forecasts.parquet", "--report", "판정.html", "--json").stdout)
    assert told["report"] == "판정.html"
    assert {"models", "symbols", "contests", "intervals", "notes"} <= told.keys()
    refused = nextclose(here, "judge", "x/forecasts.parquet", "--report", "nowhere/r.html")
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    assert "cannot write the report 'nowhere" in refused.stderr
    missing = nextclose(here, "judge", "f.csv")
    assert missing.returncode == 2
    assert "lack yhat, last_close, y" in missing.stderr


BAD = [
    (("run", "nothing.csv"), "no file 'nothing.csv'"),
    (("run", "price.csv"), "Did you mean 'prices.csv'"),
    (("run", "prices.csv", "--recipe", "tutoral"), "Did you mean 'tutorial'"),
    (("run", "prices.csv#MSFT"), "no symbol 'MSFT'"),
    (("run", "samlpe:AAPL"), "Did you mean 'sample'"),
    (("run", "prices.csv", "--set", "lrr=1"), "Did you mean 'lr'"),
    (("run", "prices.csv", "--set", "cell=gruu"), "Did you mean 'gru'"),
    (("run", "prices.csv", "--test-start", "2031-01-01"), "lies outside the data"),
    (("run", "prices.csv", "--test-start", "2020-03-02", "--train-end", "2020-04-01"), "overlap"),
    (("run", "prices.csv", "--test-end", "soon"), "expected a date"),
    (("run", "prices.csv", "--out", "prices.csv/x"), "is a file"),
    (("run", "prices.csv", "--out", "prices.csv"), "it is a file"),
    (("run", "prices.csv", "--engine", "warp"), "unknown engine"),
    (("run", "prices.csv", "--lang", "fr"), "unknown language"),
    (("run", "prices.csv", "--exchange", "XXXX"), "unknown exchange"),
    (("run", "prices.csv", "--faults", "drip"), "Did you mean 'drop'"),
    (("run", "prices.csv", "--set", "features=close,lwo"), "Did you mean 'low'?"),
    (("run", "prices.csv", "--set", "features=close,symbol"), "Columns of text or dates cannot be features"),
    (("run", "prices.csv", "--set", "features=close,Close"), "'close' stands twice"),
    (("market", "run", "prices.csv", "--set", "features=close,rsi"), "reads no column 'rsi'"),
    (("predict", "nowhere"), "no saved"),
    (("explain", "prices.csv", "--date", "2020-01-05"), "is no session"),
    (("judge", "nothing.csv"), "no file 'nothing.csv'"),
    (("data", "check", "nothing.csv"), "no file 'nothing.csv'"),
    (("recipes", "tutoral"), "Did you mean 'tutorial'"),
]


@pytest.fixture
def called(here, monkeypatch, capsys):
    """Call the command in this process: exit status, stdout, stderr."""
    monkeypatch.chdir(here)
    monkeypatch.setenv("NEXTCLOSE_CACHE", str(here / "cache"))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["nextclose", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capsys.readouterr()

    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("arguments", "message"), BAD, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_bad_input_gets_one_message_and_status_two(here, called, arguments, message):
    status, out, err = called(*arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert err.startswith("nextclose: ")
    assert err.count("\n") == 1
    assert sorted(path.name for path in here.iterdir()) == ["prices.csv"]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("run", "nothing.csv"), ("judge", "nothing.csv"), ("predict", "nowhere")])
def test_bad_input_ends_a_process_with_status_two(here, arguments):
    done = nextclose(here, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("nextclose: ")
    assert done.stderr.count("\n") == 1


def test_an_unknown_option_offers_the_nearest(here):
    done = nextclose(here, "run", "prices.csv", "--recpe", "tutorial")
    assert done.returncode == 2
    assert "--recipe" in done.stderr
    assert "Traceback" not in done.stderr


def test_errors_speak_korean_when_asked(here):
    done = nextclose(here, "run", "nothing.csv", "--lang", "ko")
    assert done.returncode == 2
    assert "파일이 없습니다" in done.stderr


def test_checks_and_lists(here):
    assert "nothing found wrong" in nextclose(here, "data", "check", "prices.csv").stdout
    counted = json.loads(nextclose(here, "data", "check", "prices.csv", "--json").stdout)
    assert (counted["rows"], counted["counts"]) == (200, {})
    assert "sample:AAPL" in nextclose(here, "data", "samples").stdout
    assert "hidden_size       10" in nextclose(here, "recipes", "tutorial").stdout
    assert "전체 배치" in nextclose(here, "recipes", "--lang", "ko").stdout


@pytest.mark.slow
def test_a_column_of_a_korean_file_becomes_a_feature(here):
    frame = walk_bars(200, seed=5, symbol="AAPL").to_pandas()
    korean = dict(
        zip(
            ("date", "open", "high", "low", "close", "volume"),
            ("일자", "시가", "고가", "저가", "종가", "거래량"),
            strict=True,
        )
    )
    turnover = [f"{value:,.0f}" for value in frame["close"] * frame["volume"]]
    table = frame.drop(columns="symbol").rename(columns=korean).assign(거래대금=turnover, 종목명="삼성전자")
    table.to_csv(here / "삼성.csv", index=False, encoding="cp949")
    asked = ("--set", "features=close,거래대금", "--exchange", "XKRX", "--out", "x", "--recipe", "default")
    done = nextclose(here, "run", "삼성.csv", *asked, "--json", *QUICK)
    assert done.returncode == 0, done.stderr
    page = json.loads(done.stdout)
    assert page["shapes"]["default"]["X_train"][-1] == 2
    assert any("거래대금" in note for note in page["notes"])
    checked = nextclose(here, "data", "check", "삼성.csv", "--lang", "ko")
    assert "특성으로 쓸 수 있는 다른 열: 거래대금" in checked.stdout


def test_a_plain_terminal_gets_no_escape_codes(here):
    done = nextclose(here, "run", "prices.csv", "--exchange", "XNYS", "--out", "x", *QUICK)
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_one_message():
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "nextclose", "recipes"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr


LEAKING = """
import numpy as np

def peeks(bars):
    ahead = np.append(bars.close[1:], bars.close[-1])
    return 0.9 * bars.close + 0.1 * ahead

class Repeats:
    def fit(self, bars):
        return self

    def predict(self, bars):
        return bars.close[-1]
"""


def test_the_future_test_ends_with_what_it_found(tmp_path):
    (tmp_path / "leaking.py").write_text(LEAKING, encoding="utf-8")
    leak = nextclose(tmp_path, "judge", "--future-test", "leaking:peeks", "walk:3", "--json")
    assert leak.returncode == 1
    found = json.loads(leak.stdout)
    assert (found["passed"], found["reproducible"], found["first"]["field"]) == (False, True, "yhat")
    honest = nextclose(tmp_path, "judge", "--future-test", "leaking:Repeats", "walk:3", "--lang", "ko")
    assert honest.returncode == 0
    assert "미래를 보지 않습니다" in " ".join(honest.stdout.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--future-test", "leaking:nothing", "walk:3"), "has no attribute 'nothing'"),
        (("--future-test", "nowhere:peeks", "walk:3"), "No module named 'nowhere'"),
        (("--future-test", ":peeks", "walk:3"), "expected MODULE:OBJECT"),
        (("--future-test", "defalt", "walk:3"), "Did you mean 'default'"),
        (("--future-test", "leaking:peeks", "nowhere.csv"), "nowhere.csv"),
        (("--future-test", "leaking:peeks", "walk:3", "--columns", "y=a"), "--columns and --future-test"),
    ],
)
def test_a_future_test_that_cannot_be_made_says_why(tmp_path, options, message):
    (tmp_path / "leaking.py").write_text(LEAKING, encoding="utf-8")
    ended = nextclose(tmp_path, "judge", *options)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
