"""Where a run was made."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from nextclose.bench.many import cores


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What the numbers belong to."""

    cpu: str
    cores: int
    """That this process may use."""
    load: float | None
    """Processes that wanted a core over the last minute, before the run; None where the system does not tell."""
    torch_threads: int
    omp_threads: str | None
    """The environment's OMP_NUM_THREADS."""
    versions: dict[str, str]


def describe_machine() -> Machine:
    """This machine, with PyTorch held at one thread."""
    import torch

    torch.set_num_threads(1)
    return Machine(
        cpu=_cpu(),
        cores=cores(),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        torch_threads=torch.get_num_threads(),
        omp_threads=os.environ.get("OMP_NUM_THREADS"),
        versions={
            "python": platform.python_version(),
            **{name: version(name) for name in ("nextclose", "torch", "numba", "llvmlite", "numpy")},
        },
    )


def _cpu() -> str:
    """The CPU's name."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
