"""Machine code of the kernels: compiled once on a machine, kept as an object file, loaded without numba."""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from nextclose.core.errors import NextcloseError, SettingsError
from nextclose.core.lang import Text
from nextclose.engine.inputs import named_dtype

ENTRY = "nextclose_kernel"
RECORDS = 4
"""Records that a kernel takes: net, job, scratch, call."""

Kernel: TypeAlias = Callable[..., int]
"""kernel(net, job, scratch, call, first, stop): tasks first..stop-1; records by address; releases the GIL."""

Tell: TypeAlias = Callable[[Text], None]
"""Told what a first call waits for."""

_PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * (RECORDS + 2))
_nothing = ctypes.c_int64()
"""Where a kernel writes that it returns nothing."""
_SOURCES = sorted(Path(__file__).parent.glob("*.py"))
_LEVELS = ("x86-64-v2", "x86-64-v3", "x86-64-v4")
_PREFIX = "nextclose-kernel-"
_KEPT = 8
"""Files that stay in a folder."""
_loading = threading.Lock()
_loaded: dict[str, Kernel] = {}
_kept_alive: list[Any] = []


class Target(NamedTuple):
    """The processor that code is made for."""

    cpu: str
    features: str

    @classmethod
    def host(cls) -> Target:
        """This processor; NEXTCLOSE_CPU names a level instead: x86-64-v3 (AVX2) or x86-64-v4 (AVX-512)."""
        import llvmlite.binding as llvm

        told = os.environ.get("NEXTCLOSE_CPU")
        if told is None:
            return cls(llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())
        if told not in _LEVELS:  # LLVM would end the process
            raise NextcloseError(
                "NEXTCLOSE_CPU: expected one of {known}, got '{got}'", known=", ".join(_LEVELS), got=told
            )
        return cls(told, "")

    @property
    def wide(self) -> bool:
        """Whether it has AVX-512: 32 registers of 64 bytes."""
        return "+avx512f" in self.features or self.cpu == "x86-64-v4"

    def machine(self) -> Any:
        """LLVM's code generator for it."""
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        kind = llvm.Target.from_default_triple()
        return kind.create_target_machine(
            cpu=self.cpu, features=self.features, opt=3, reloc="pic", codemodel="jitdefault"
        )


def kernel(dtype: str, tell: Tell | None = None) -> Kernel:
    """The kernel for float32 or float64; the first call on a machine compiles it, which takes some 15 seconds.

    Raises
    ------
    NextcloseError : numba or LLVM cannot make code here.
    """
    found = _loaded.get(dtype)
    if found is None:
        with _loading:
            found = _loaded.get(dtype) or _load(dtype, tell or _tell)
            _loaded[dtype] = found
    return found


def unusable(dtype: str = "float32", tell: Tell | None = None) -> Text | None:
    """Why the engine cannot work on this machine, or None; makes it ready if it can.

    Raises
    ------
    SettingsError : a dtype other than float32 and float64.
    """
    try:
        kernel(named_dtype(dtype).name, tell)
    except SettingsError:
        raise
    except NextcloseError as error:
        return Text(error.template, **error.values)
    return None


def _tell(line: Text) -> None:
    print(line.render("en"), file=sys.stderr, flush=True)


def _load(dtype: str, tell: Tell) -> Kernel:
    try:
        return _prepare(dtype, tell)
    except NextcloseError:
        raise
    except Exception as error:  # whatever a compiler raises on a machine it does not know
        raise NextcloseError(
            "the engine's kernels cannot be compiled here ({error})", error=f"{type(error).__name__}: {error}"
        ) from error


def _prepare(dtype: str, tell: Tell) -> Kernel:
    import llvmlite.binding as llvm

    target = Target.host()
    code = _code(dtype, target, tell)
    executor = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target.machine())
    executor.add_object_file(llvm.object_file.ObjectFileRef.from_data(code))
    executor.finalize_object()
    _kept_alive.append(executor)
    run = _PROTOTYPE(executor.get_function_address(ENTRY))
    return partial(run, ctypes.addressof(_nothing), None)


def _code(dtype: str, target: Target, tell: Tell) -> bytes:
    """The object file, from the first folder that holds it, or compiled and kept in the first that can be written."""
    name = f"{_PREFIX}{dtype}-{_key(target)}.o"
    for folder in _folders():
        with suppress(OSError):
            code = _unsealed((folder / name).read_bytes())
            if code:
                return code
    tell(Text("compiling the engine for {dtype}, once on this machine (about 15 seconds) ...", dtype=dtype))
    from nextclose.engine import run

    code = run.compile_run(dtype, target)
    for folder in _folders():
        try:
            _write(folder / name, hashlib.sha256(code).digest() + code)
        except OSError:
            continue
        _tidy(folder)
        return code
    tell(Text("the compiled engine could not be kept: no folder can be written. NEXTCLOSE_KERNELS may name one."))
    return code


def _tidy(folder: Path) -> None:
    """Kernels of older versions go; some stay, since several versions may share a folder."""
    with suppress(OSError):
        kernels = sorted(folder.glob(f"{_PREFIX}*"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in kernels[_KEPT:]:
            path.unlink(missing_ok=True)


def _unsealed(content: bytes) -> bytes:
    """The code behind its hash; nothing where a file is damaged."""
    code = content[32:]
    return code if hashlib.sha256(code).digest() == content[:32] else b""


def _write(path: Path, content: bytes) -> None:
    """All or nothing, also where two processes do it at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(beside, 0o644)  # whoever may use this installation may use its kernels
        os.replace(beside, path)
    except OSError:
        Path(beside).unlink(missing_ok=True)
        raise


@cache
def _sources() -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in _SOURCES)).hexdigest()


def _key(target: Target) -> str:
    """Changes with the kernels' sources, LLVM and the processor."""
    import llvmlite
    import llvmlite.binding as llvm

    parts = (_sources(), llvmlite.__version__, llvm.get_default_triple(), *target)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _folders() -> Iterator[Path]:
    """Where compiled kernels may be kept, best first."""
    if told := os.environ.get("NEXTCLOSE_KERNELS"):
        yield Path(told)
    yield Path(__file__).parent / "__pycache__"
    with suppress(RuntimeError):
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nextclose"
