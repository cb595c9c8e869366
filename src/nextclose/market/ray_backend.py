"""Shards as tasks of a Ray cluster: one core each, tried again where a node dies."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nextclose.core.errors import NextcloseError, SettingsError
from nextclose.market.backends import ONE_THREAD, TICK, Results, Tick
from nextclose.market.config import MarketConfig
from nextclose.market.nets import PooledNets
from nextclose.market.sets import open_set
from nextclose.market.shard import ShardResult, compute_shard

INSTALL = 'pip install -c constraints.txt -e ".[ray]"'
INSTALL_CLIENT = 'pip install "ray[client]"'
KNOCK = 10.0
"""Seconds until a cluster must answer."""
RETRIES = 5
"""Times that a shard is tried again where its node or worker died."""


@dataclass(frozen=True, kw_only=True)
class RayBackend:
    """A cluster at `address`, or one that Ray starts on this machine.

    The set of bars must lie under the same path on every node, and nextclose with the same versions must be installed
    there. Results come back to the process that runs the market: no node writes to the run's folder.
    """

    address: str | None
    workers: int | None = None
    """Cores of a cluster that is started here."""

    def ready(self) -> None:
        """Connect, before anything is written. Raises SettingsError where it is not installed or no cluster answers."""
        self._connected()

    def compute(self, config: MarketConfig, numbers: Sequence[int], nets: PooledNets | None) -> Results:
        """A node that dies costs the shards that it was at; they are computed elsewhere."""
        if not numbers:
            return
        ray = self._connected()
        fits = 0
        try:
            task = ray.remote(_compute).options(num_cpus=1, max_retries=RETRIES, runtime_env={"env_vars": ONE_THREAD})
            shared, own_nets = ray.put(config), ray.put(nets)
            waiting = [task.remote(shared, own_nets, number) for number in numbers]
            while waiting:
                done, waiting = ray.wait(waiting, timeout=TICK)
                for reference in done:
                    result: ShardResult = ray.get(reference)
                    fits += result.fits
                    yield result
                yield Tick(fits=fits)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayError as error:
            raise NextcloseError(
                "the Ray cluster gave up ({error}). What was finished is kept: go on with nextclose market resume.",
                error=str(error).strip().splitlines()[-1],
            ) from error
        finally:
            ray.shutdown()

    def _connected(self) -> Any:
        """Ray, connected. Raises SettingsError where it is not installed or no cluster answers."""
        try:
            ray = importlib.import_module("ray")
        except ImportError:
            raise SettingsError("--backend ray needs Ray, which is not installed: {install}", install=INSTALL) from None
        if ray.is_initialized():
            return ray
        own = {} if self.address is not None else {"num_cpus": self.workers, "include_dashboard": False}
        try:
            if self.address is not None:
                _knock(self.address)
            ray.init(address=self.address or "local", log_to_driver=False, logging_level="ERROR", **own)
        except (OSError, ValueError, RuntimeError) as error:
            raise SettingsError(
                "no Ray cluster answers at '{address}' ({error})", address=self.address or "local", error=_said(error)
            ) from error
        return ray


def _knock(address: str) -> None:
    """Raise what keeps host:port from answering; Ray itself would wait for minutes."""
    if address.startswith("ray://") and importlib.util.find_spec("grpc") is None:
        raise SettingsError(
            "'{address}' takes Ray's client, which is not installed: {install}. Or run on a node of the cluster with --address "
            "auto.",
            address=address,
            install=INSTALL_CLIENT,
        )
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        asyncio.run(asyncio.wait_for(_connect(host, int(port)), KNOCK))


async def _connect(host: str, port: int) -> None:
    _, writer = await asyncio.open_connection(host, port)
    writer.close()


def _said(error: Exception) -> str:
    """The first line of what an error says."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def _compute(config: MarketConfig, nets: PooledNets | None, number: int) -> ShardResult:
    return compute_shard(config, number, open_set(config.source), nets=nets)
