"""What the core can do at most: independent chains of fused multiply-adds that stay in registers.

    a_i = a_i * x + y,   i = 1..chains, again and again

Enough chains hide the latency of one multiply-add. They start from different memory and end there, so no compiler may
merge or drop one.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np

from nextclose.bench.timing import no_gc, seconds

_ROUNDS = 400_000
_KINDS = {"float32": ("float", "f32", 4), "float64": ("double", "f64", 8)}


@dataclass(frozen=True, kw_only=True)
class Peak:
    """The most multiply-adds that one core was seen to do, counted as two operations each."""

    float32: float
    """GFLOP/s."""
    float64: float
    """GFLOP/s."""
    vector_bits: int
    """Width of a register."""


def measure_peak(runs: int) -> Peak:
    """The best of several runs in each precision."""
    width, _ = _registers()
    best = {}
    for kind in _KINDS:
        loop = PeakLoop(kind)
        with no_gc():
            best[kind] = loop.flops / min(seconds(loop) for _ in range(runs)) / 1e9
    return Peak(float32=best["float32"], float64=best["float64"], vector_bits=8 * width)


class PeakLoop:
    """A few milliseconds of nothing but multiply-adds; calling it runs them.

    kind : float32 or float64.
    """

    def __init__(self, kind: str = "float32") -> None:
        width, chains = _registers()
        lanes = width // _KINDS[kind][2]
        self.flops = 2.0 * lanes * chains * _ROUNDS
        # x and y first, then the chains' starts; each chain runs towards y / (1 - x) = 1, so no number is ever subnormal
        self._memory = np.ones((2 + chains, lanes), dtype=kind)
        self._memory[0], self._memory[1] = 0.75, 0.25
        self._memory[2:] += np.arange(chains)[:, None]
        self._engine = _compile(_source(kind, lanes, chains))
        prototype = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p)
        self._chains = prototype(self._engine.get_function_address("chains"))

    def __call__(self) -> None:
        """Run them."""
        self._chains(_ROUNDS, self._memory.ctypes.data)


def _registers() -> tuple[int, int]:
    """Bytes of a vector register and the chains that fit: 32 registers with AVX-512 and NEON, 16 with AVX2 and SSE."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 64, 24
    if features.get("avx"):
        return 32, 12
    return 16, 24 if features.get("neon") else 12


def _source(kind: str, lanes: int, chains: int) -> str:
    """The loop as LLVM's text: void chains(int64 rounds, T memory[2 + chains][lanes])."""
    scalar, suffix, size = _KINDS[kind]
    vector = f"<{lanes} x {scalar}>"
    fma = f"@llvm.fma.v{lanes}{suffix}"
    where = [f"  %p{i} = getelementptr {vector}, ptr %memory, i64 {i}" for i in range(2 + chains)]
    loads = [f"  %v{i} = load {vector}, ptr %p{i}, align {size}" for i in range(2 + chains)]
    held = [f"  %a{i} = phi {vector} [ %v{i}, %entry ], [ %n{i}, %loop ]" for i in range(2, 2 + chains)]
    moved = [f"  %n{i} = call {vector} {fma}({vector} %a{i}, {vector} %v0, {vector} %v1)" for i in range(2, 2 + chains)]
    stores = [f"  store {vector} %n{i}, ptr %p{i}, align {size}" for i in range(2, 2 + chains)]
    return "\n".join(
        [
            f"declare {vector} {fma}({vector}, {vector}, {vector})",
            "define void @chains(i64 %rounds, ptr %memory) {",
            "entry:", *where, *loads, "  br label %loop",
            "loop:", "  %t = phi i64 [ 0, %entry ], [ %next, %loop ]", *held, *moved,
            "  %next = add i64 %t, 1", "  %more = icmp slt i64 %next, %rounds",
            "  br i1 %more, label %loop, label %done",
            "done:", *stores, "  ret void", "}",
        ]
    )  # fmt: skip


def _compile(source: str) -> Any:
    """Machine code for this very CPU, as an execution engine that keeps it alive."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3
    )
    module = llvm.parse_assembly(source)
    module.verify()
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return engine
