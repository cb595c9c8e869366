"""Three evenings of a little market: a source that fails, a suspension, a split, and a holiday that no calendar knew."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tests.bars.collect.replay import Replay, cut, fail, ok
from tests.conftest import walk_bars

from nextclose.bars.calendars import schedule

PRICES = ["open", "high", "low", "close"]
TIMES = ("recorded_at", "hash", "previous")
LEAST = 160
"""Sessions of the set before the evenings."""


@dataclass(kw_only=True)
class Story:
    """A market and what is to happen to it after its last session, `begun`: d1, d2, a holiday, d3."""

    exchange: str
    frame: object
    days: list[str]
    """Sessions of the calendar; the last five are begun, d1, d2, the holiday, d3."""
    halted: str
    """Does not trade on d2."""
    split: str
    """5:1 on d3."""
    symbols: list[str] = field(default_factory=list)
    really: bool = False
    """Whether the suspension is one of the exchange's."""

    def __post_init__(self):
        self.symbols = sorted(set(self.frame.symbol))
        own, day = self.frame.symbol == self.halted, self.frame.date
        carried = self.frame.loc[own & (day == self.days[-4]), "close"].item()
        halted = own & (day == self.days[-3])
        self.really = bool((self.frame.loc[halted, "open"] == 0.0).all())
        self.frame.loc[halted, ["open", "high", "low", "volume"]] = 0.0
        self.frame.loc[halted, "close"] = carried

    def of(self, day):
        """The answer of a server: rows with reference prices; from the split on in the new basis."""
        own = self.frame[self.frame.date == day].set_index("symbol").sort_index().copy()
        before = self.frame[self.frame.date < day].groupby("symbol").close.last()
        own["reference"] = before.reindex(own.index)
        if day == self.days[-1]:
            own.loc[self.split, [*PRICES, "reference"]] = own.loc[self.split, [*PRICES, "reference"]] * 0.2
        return own.reset_index().drop(columns="date").to_csv(index=False).encode()

    def answers(self):
        """d2 fails once and then breaks off before its last two symbols, again and again, until `mended`."""
        whole = {f"/{day}.csv": ok(self.of(day)) for day in (self.days[-4], self.days[-3], self.days[-1])}
        body = self.of(self.days[-3])
        end = body.index(f"\n{self.symbols[-2]},".encode()) + 4
        return whole | {f"/{self.days[-3]}.csv": [fail(500), cut(body, end)]}


def walks():
    """Eight walks on New York's sessions."""
    days = [session.date for session in schedule("XNYS", "2023-07-03", "2024-03-28")][: LEAST + 4]
    names = ("A", "BB", "C", "D", "E", "F", "G", "H")
    return Story(
        exchange="XNYS", frame=frame_of({n: walk_bars(len(days), seed) for seed, n in enumerate(names)}, days, days[-2]),
        days=days, halted="BB", split="C",
    )  # fmt: skip


KRX = ("000660", "005110", "005380", "005930", "035420", "051910", "068270", "207940")
"""Eight of Seoul's, of which 005110 really did not trade on 2023-08-16."""


def krx(path):
    """A cut of the KRX set up to 2023-08-18; 005930 is split, and 2023-08-17 is a holiday."""
    table = pq.read_table(path, filters=[("symbol", "in", list(KRX))])
    frame = table.to_pandas()
    frame["date"] = frame.date.astype(str)
    frame = frame.astype(dict.fromkeys((*PRICES, "volume"), "float64"))
    days = sorted(set(frame[frame.date <= "2023-08-18"].date))[-(LEAST + 4) :]
    frame = frame[frame.date.isin(days) & (frame.date != days[-2])].reset_index(drop=True)
    return Story(exchange="XKRX", frame=frame, days=days, halted="005110", split="005930")


def frame_of(bars, days, holiday):
    """All bars but the holiday's."""
    import pandas as pd

    parts = [
        pd.DataFrame(
            {"symbol": name, "date": days, "volume": one.volume}
            | {column: np.round(getattr(one, column), 2) for column in PRICES}
        )
        for name, one in bars.items()
    ]
    frame = pd.concat(parts)[["symbol", "date", *PRICES, "volume"]]
    return frame[frame.date != holiday].reset_index(drop=True)


def write(frame, path):
    columns = {name: frame[name].to_numpy() for name in ("symbol", *PRICES, "volume")}
    dates = pa.array(frame.date.to_numpy().astype("datetime64[D]"))
    pq.write_table(pa.table({"symbol": columns.pop("symbol"), "date": dates, **columns}), path)
    return path


class Forks:
    """Commands in forks of one process; see forks.py."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forks.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __call__(self, *argv, at=0):
        """The exit status, what was said, and how many files were changed."""
        out, err = self.folder / "out.txt", self.folder / "err.txt"
        asked = {"argv": [str(word) for word in argv], "at": at, "out": str(out), "err": str(err)}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return SimpleNamespace(out=out.read_text(encoding="utf-8"), err=err.read_text(encoding="utf-8"), **answer)

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=10)


class Scene:
    """A set and a run on it in one place, put back to an earlier evening as often as one likes."""

    def __init__(self, story: Story, folder: Path, forks: Forks, replay: Replay) -> None:
        self.story, self.folder, self.forks, self.replay = story, folder, forks, replay
        self.live, self.run = folder / "live", folder / "live" / "run"
        self.live.mkdir()

    def begin(self):
        """The set to the day before the evenings, the run on it."""
        first, day = self.folder / "first.parquet", self.story.days[-5]
        write(self.story.frame[self.story.frame.date <= day], first)
        address = f"{self.replay.url}/{{date}}.csv"
        source = self.live / "set"
        done = self.forks("data", "update", source, "--from", first, "--exchange", self.story.exchange, "--as-of", day)
        assert done.status == 0, done.err
        assert self.forks("data", "update", source, "--from", address, "--as-of", day).status == 0
        done = self.forks(
            "market", "run", source, "--recipe", "default", "--set", "epochs=2", "--seeds", "1", "--refit-every", "22",
            "--min-bars", "60", "--test-start", self.story.days[-47], "--workers", "1", "--no-pages", "--out", self.run,
        )  # fmt: skip
        assert done.status == 0, done.err

    def evening(self, day, *more, at=0):
        self.replay.asked.clear()
        return self.forks("evening", self.run, "--as-of", day, *more, at=at)

    def mend(self):
        """The source of d2 answers whole from now on."""
        self.replay.answers[f"/{self.story.days[-3]}.csv"] = ok(self.story.of(self.story.days[-3]))

    def break_again(self):
        self.replay.answers |= self.story.answers()

    def keep(self, name):
        shutil.copytree(self.live, self.folder / "kept" / name)

    def back(self, name):
        shutil.rmtree(self.live)
        shutil.copytree(self.folder / "kept" / name, self.live)

    def state(self):
        """File -> its bytes' hash; of what names a moment, all else."""
        found = {}
        for path in sorted(path for path in self.live.rglob("*") if path.is_file()):
            name = str(path.relative_to(self.live))
            if name.endswith(".lock") or "/evenings/" in name or path.name in ("heartbeat.json", "timings.jsonl"):
                continue
            found[name] = timeless(path) if path.parent.name == "ledger" and path.suffix != ".parquet" else digest(path)
        return found


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def timeless(path):
    """The pages of a ledger without clock times and the hashes that hold them."""
    text = path.read_text(encoding="utf-8")
    pages = [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else [json.loads(text)]
    return [{key: value for key, value in page.items() if key not in (*TIMES, "head")} for page in pages]
