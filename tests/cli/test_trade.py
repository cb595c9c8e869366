"""nextclose judge --trade: what it prints, and what it refuses with one message."""

from __future__ import annotations

import json

import pytest
from tests.cli.test_cli import nextclose
from tests.conftest import walk_bars

import nextclose as nc


@pytest.fixture
def folder(tmp_path):
    """A file of forecasts, and the bars that they are about."""
    bars = walk_bars(200, seed=5, symbol="AAPL")
    bars.to_pandas().to_csv(tmp_path / "prices.csv", index=False)
    nc.walk_forward(bars, ["ridge", "drift"]).forecasts.to_csv(tmp_path / "f.csv", index=False)
    return tmp_path


def test_json_has_the_trades_and_python_says_the_same(folder):
    done = nextclose(folder, "judge", "f.csv", "--trade", "--bars", "prices.csv", "--short", "--cost-bp", "2", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["trading"]
    assert found["rules"] == {"entry": "open", "cost_bp": 2.0, "tax_bp": 0.0, "short": True, "threshold_bp": 0.0}
    traded = nc.trade(folder / "f.csv", folder / "prices.csv", cost_bp=2.0, short=True)
    assert found["sentence"] == traded.sentence
    assert [row["final"] for row in found["rows"]] == pytest.approx([row.final for row in traded.rows])
    assert len(found["buy_and_hold"]["equity"]) == len(found["dates"]) == len(traded.dates)


def test_without_trade_json_has_none(folder):
    assert "trading" not in json.loads(nextclose(folder, "judge", "f.csv", "--json").stdout)


def test_the_table_stands_under_the_verdicts_and_in_the_page(folder):
    done = nextclose(folder, "judge", "f.csv", "--trade", "--entry", "close", "--report", "r.html")
    assert done.returncode == 0, done.stderr
    text = done.stdout
    assert (
        text.index("verdict")
        < text.index("An afterthought: trading")
        < text.index("buy-and-hold")
        < text.index("report")
    )
    assert 'id="trading"' in (folder / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--short"], "--short: these say how forecasts are traded, so give --trade too"),
        (
            ["--entry", "close", "--cost-bp", "0", "--tax-bp", "1", "--threshold-bp", "2"],
            "--entry, --cost-bp, --tax-bp",
        ),
        (["--trade"], "entry=open needs the open of every session"),
        (["--trade", "--entry", "noon"], "entry: expected one of open, close"),
        (["--trade", "--entry", "close", "--cost-bp", "-1", "--tax-bp", "5000"], "tax_bp: expected"),
        (["--trade", "--future-test", "ridge"], "--trade and --future-test exclude each other"),
    ],
)
def test_what_cannot_be_is_refused_with_one_message(folder, options, said):
    done = nextclose(folder, "judge", "f.csv", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
