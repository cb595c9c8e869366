"""Shards as tasks of a Ray cluster, on a real one of two nodes of this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import pytest
from tests.market.conftest import config_of, market_bars, results, run_market, write_set

from nextclose.core.errors import SettingsError
from nextclose.market.ray_backend import RayBackend

CLUSTER = """
import json, sys
from pathlib import Path
from ray.cluster_utils import Cluster
from nextclose.market.config import MarketConfig
from nextclose.market.ray_backend import RayBackend
from nextclose.market.run import start
from nextclose.market.shard import ShardResult

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
node = cluster.add_node(num_cpus=1)
told = {"nodes": len(cluster.list_all_nodes()), "killed": 0, "computed": []}

class Watched(RayBackend):
    def compute(self, config, numbers, nets):
        for got in super().compute(config, numbers, nets):
            if isinstance(got, ShardResult):
                told["computed"].append(got.number)
                if not told["killed"]:
                    cluster.remove_node(node, allow_graceful=False)
                    told["killed"] = 1
            yield got

for name in sys.argv[2:]:
    config = MarketConfig.read(Path(sys.argv[1]) / name)
    start(config, Path(sys.argv[1]) / (name + "-run"), Watched(address=cluster.address), threads=1)
cluster.shutdown()
print(json.dumps(told))
"""


def python(script, *arguments):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script), *map(str, arguments)],
        capture_output=True, text=True, timeout=150,
        env={**os.environ, "OMP_NUM_THREADS": "1", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"},
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.alone
def test_a_node_that_is_killed_changes_no_byte(tmp_path):
    pytest.importorskip("ray")
    source = write_set(tmp_path / "set.parquet", *market_bars(tuple("ABCDEFGH")))
    config = config_of(source, shard_size=1, seeds=30, settings={"epochs": 50})
    market = config_of(source, ("default",), shard_size=2, scope="market")
    for name, own in (("symbol", config), ("market", market)):
        (tmp_path / name).mkdir()
        own.write(tmp_path / name)
        run_market(own, tmp_path / f"{name}-local")
    done = python(CLUSTER, tmp_path, "symbol", "market")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["nodes"], told["killed"]) == (2, 1)
    assert sorted(told["computed"]) == sorted([*range(8), *range(4)])
    for name in ("symbol", "market"):
        assert results(tmp_path / f"{name}-run") == results(tmp_path / f"{name}-local")


@pytest.mark.slow
@pytest.mark.alone
def test_ray_on_this_machine_gives_the_same_bytes(small_set, small_run, tmp_path):
    pytest.importorskip("ray")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "nextclose", "market", "run", str(small_set), "--recipe", "tutorial",
         "--set", "epochs=2", "--seeds", "1", "--refit-every", "10", "--min-bars", "60", "--shard-size", "2",
         "--backend", "ray", "--workers", "2", "--out", "run", "--no-pages", "--json"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["used"] == 6
    assert results(tmp_path / "run") == results(small_run)


def backend_error(address, monkeypatch=None):
    with pytest.raises(SettingsError) as caught:
        next(RayBackend(address=address).compute(None, [0], None))
    return str(caught.value)


def test_an_address_that_nothing_answers_at_is_said_at_once():
    pytest.importorskip("ray")
    said = backend_error("127.0.0.1:1")
    assert said.startswith("no Ray cluster answers at '127.0.0.1:1'")


def test_the_client_of_ray_is_named_where_it_is_missing(monkeypatch):
    from nextclose.market import ray_backend

    pytest.importorskip("ray")
    monkeypatch.setattr(ray_backend.importlib.util, "find_spec", lambda name: None)
    said = backend_error("ray://127.0.0.1:10001")
    assert 'pip install "ray[client]"' in said
    assert "--address auto" in said


def test_without_shards_no_cluster_is_asked_for():
    assert list(RayBackend(address="127.0.0.1:1").compute(None, [], None)) == []
