"""From kernels in Python to machine code: numba infers types and writes LLVM code, LLVM optimises all of it at once.

numba's own dispatcher would optimise every function again in each of its callers, and has to be imported by every
process that runs a kernel. Here a kernel becomes one object file, which `machine` keeps and loads without numba.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import cgutils, codegen, cpu, dispatcher, typing
from numba.core import types as numba_types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.descriptors import TargetDescriptor
from numba.extending import intrinsic
from numba.np import arrayobj

from nextclose.engine.machine import ENTRY, Target

types: Any = numba_types

_OPTIONS: dict[str, Any] = {
    "nopython": True,
    "error_model": "numpy",  # x / 0 is inf, as in the reference, and costs no branch
    "fastmath": False,  # sums keep their order: the same weights on every machine, and nothing is lost by it
    "boundscheck": False,  # shapes are checked once, where arrays come in
    "_nrt": False,  # kernels allocate nothing, so nothing is counted
    "no_cpython_wrapper": True,  # only kernels call kernels
    "no_cfunc_wrapper": True,
}


class _Library(codegen.AOTCodeLibrary):  # type: ignore[misc]
    """LLVM code that is left as numba writes it; `compile_kernel` optimises the whole."""

    def _optimize_functions(self, ll_module: Any) -> None:
        pass

    def _optimize_final_module(self) -> None:
        pass

    def get_pointer_to_function(self, name: str) -> int:
        return 0


class _Codegen(codegen.AOTCPUCodegen):  # type: ignore[misc]
    _library_class = _Library

    def set_env(self, env_name: str, env: Any) -> None:
        pass


class _Descriptor(TargetDescriptor):  # type: ignore[misc]
    options = cpu.CPUTargetOptions

    @cached_property
    def typing_context(self) -> Any:
        return typing.Context()

    @cached_property
    def target_context(self) -> Any:
        context = cpu.CPUContext(self.typing_context, "cpu")
        return context.subtarget(_internal_codegen=_Codegen("nextclose"), aot_mode=True)


class _Function(dispatcher.Dispatcher):
    targetdescr = _Descriptor("cpu")


def jit(function: Callable[..., Any]) -> Any:
    """A function of a kernel: it may call others, and is compiled with them."""
    return _Function(function, targetoptions=_OPTIONS)


def compile_kernel(kernel: Any, records: int, target: Target) -> bytes:
    """The object file of a kernel that takes `records` addresses of records and two whole numbers."""
    signature = types.void(*[types.CPointer(types.int64)] * records, types.intp, types.intp)
    with global_compiler_lock:
        kernel.compile(signature)
        result = kernel.overloads[signature.args]
        module = llvm.parse_bitcode(result.library.emit_bitcode())
    for function in module.functions:
        if not function.is_declaration:
            if function.name == result.fndesc.llvm_func_name:
                function.name = ENTRY
            else:
                function.linkage = "internal"
    machine = target.machine()
    _optimise(module, machine)
    return bytes(machine.emit_object(module))


def _optimise(module: Any, machine: Any) -> None:
    """LLVM's -O3 without its vectorisers: vectors are written out where they are wanted."""
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = tuning.slp_vectorization = False
    passes = llvm.create_pass_builder(machine, tuning)
    passes.getModulePassManager().run(module, passes)


@intrinsic
def read(typingctx: Any, place: Any, record: Any) -> Any:
    """The NamedTuple `record` from the whole numbers at `place`."""
    kind = record.instance_class
    count = len(kind._fields)
    result = types.NamedUniTuple(types.int64, count, kind)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        at = [builder.gep(args[0], [ir.Constant(ir.IntType(64), i)]) for i in range(count)]
        return cgutils.pack_array(builder, [builder.load(pointer) for pointer in at])

    return result(place, record), emit


@intrinsic
def view(typingctx: Any, address: Any, kind: Any, shape: Any) -> Any:
    """The C-contiguous array of numbers of a `kind` at an address; `shape` a whole number or a tuple of them."""
    dimensions = shape.count if isinstance(shape, types.BaseTuple) else 1
    result = types.Array(kind.dtype, dimensions, "C")

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sizes = cgutils.unpack_tuple(builder, args[2]) if dimensions > 1 else [args[2]]
        itemsize = ir.Constant(ir.IntType(64), kind.dtype.bitwidth // 8)
        strides = [itemsize]
        for size in reversed(sizes[1:]):
            strides.insert(0, builder.mul(strides[0], size))
        array = context.make_array(result)(context, builder)
        data = builder.inttoptr(args[0], context.get_data_type(kind.dtype).as_pointer())
        arrayobj.populate_array(array, data, sizes, strides, itemsize, meminfo=None)
        return array._getvalue()

    return result(address, kind, shape), emit
