"""Workers of this machine: any number of them gives the same bytes, and none outlives its run."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from contextlib import closing

import pytest
from tests.market.conftest import config_of, results, run_market

from nextclose.core.errors import NextcloseError, SourceError
from nextclose.market import backends
from nextclose.market.backends import LocalBackend, Tick
from nextclose.market.shard import ShardResult

pytestmark = [pytest.mark.slow, pytest.mark.alone]


@pytest.fixture(autouse=True)
def _no_worker_is_left():
    yield
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_any_number_of_workers_gives_the_same_bytes(small_config, small_run, tmp_path, workers):
    before = dict(os.environ)
    run_market(small_config, tmp_path / "run", LocalBackend(workers=workers))
    assert results(tmp_path / "run") == results(small_run)
    assert dict(os.environ) == before


def test_workers_that_take_the_nets_of_a_market_give_the_same_bytes(small_set, tmp_path):
    config = config_of(small_set, ("default",), scope="market")
    run_market(config, tmp_path / "one")
    run_market(config, tmp_path / "other", LocalBackend(workers=2))
    assert results(tmp_path / "one") == results(tmp_path / "other")


def test_a_worker_that_is_killed_costs_no_shard(small_set, small_run, tmp_path):
    """One is killed before it has done anything, one when the first shard is there."""
    killed = []

    class Watched(LocalBackend):
        def compute(self, config, numbers, nets):
            for got in super().compute(config, numbers, nets):
                due = (isinstance(got, Tick) and not killed) or (isinstance(got, ShardResult) and len(killed) == 1)
                if due and (workers := multiprocessing.active_children()):
                    os.kill(workers[0].pid, signal.SIGKILL)
                    killed.append(workers[0].pid)
                yield got

    run_market(config_of(small_set), tmp_path / "run", Watched(workers=2))
    assert len(killed) == 2
    assert results(tmp_path / "run") == results(small_run)


def test_workers_that_keep_dying_end_the_run(small_config, tmp_path, monkeypatch):
    monkeypatch.setattr(backends, "TICK", 0.01)

    class Doomed(LocalBackend):
        def compute(self, config, numbers, nets):
            for got in super().compute(config, numbers, nets):
                for worker in multiprocessing.active_children():
                    with contextlib.suppress(ProcessLookupError):  # one killed before may still be listed
                        os.kill(worker.pid, signal.SIGKILL)
                yield got

    with pytest.raises(NextcloseError, match="killed 3 times in a row.*4 shards are left"):
        run_market(small_config, tmp_path / "run", Doomed(workers=1))


def test_a_set_that_is_gone_is_said_once(tmp_path):
    from tests.market.conftest import market_bars, write_set

    source = write_set(tmp_path / "set.parquet", *market_bars(("A", "B")))
    config = config_of(source)
    source.unlink()
    with pytest.raises(SourceError, match="holds no bars"):
        run_market(config, tmp_path / "run", LocalBackend(workers=1))


def test_closing_ends_the_workers_whatever_they_are_at(small_set):
    config = config_of(small_set, seeds=5000, settings={"epochs": 500}, shard_size=1)
    with closing(LocalBackend(workers=2).compute(config, range(6), None)) as computed:
        assert isinstance(next(computed), Tick)
        assert multiprocessing.active_children()
    assert multiprocessing.active_children() == []
