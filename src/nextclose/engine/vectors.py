"""A vector of samples in numba code: 64 bytes, 16 float32 or 8 float64 lanes.

    v = load(buffer, at)          buffer[at : at + lanes]
    store(v, buffer, at)          back
    v = fill(buffer, value)       value, cast to buffer's dtype, in every lane
    a + b, a - b, a * b, a / b, -a, fma(a, b, c), sqrt(a), tanh(a), sigmoid(a)
    a number between vectors      is written fill(buffer, number)
    keep_positive(a, b)           a where b > 0, else 0
    scatter(a, i, b, j, step, n)  b[j], b[j + step], ... = a[i], a[i + 1], ..., n values
    lane_sum(v)                   the sum over the lanes
    lane_sums(buffer, at)         the sums of as many vectors, from buffer[at] on, as one vector

Arithmetic is strict (no fast-math, fma where written): the same bits on AVX2, AVX-512 and elsewhere.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from numba.core import types
from numba.core.datamodel import models, register_default
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import intrinsic, lower_builtin

from nextclose.engine import polynomials
from nextclose.engine.emit import Code, Memory, Vector, Whole, lanes, vector_type

_INTP = types.intp


class VectorType(types.Type):
    """numba's type of a vector."""

    def __init__(self, dtype: types.Float) -> None:
        self.dtype = dtype
        super().__init__(name=f"Vector({dtype})")


@register_default(VectorType)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: VectorType) -> None:
        super().__init__(dmm, fe_type, vector_type(fe_type.dtype))


@intrinsic
def lanes_of(typingctx: Any, buffer: Any) -> Any:
    """Samples in a vector of a buffer's dtype: 16 in float32, 8 in float64."""
    count = lanes(buffer.dtype)
    return _INTP(buffer), lambda context, builder, signature, args: context.get_constant(_INTP, count)


@intrinsic
def load(typingctx: Any, buffer: Any, at: Any) -> Any:
    """The vector at buffer[at]."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return Memory(context, builder, signature.args[0], args[0]).vector(Whole(builder, args[1])).value

    return VectorType(buffer.dtype)(buffer, _INTP), emit


@intrinsic
def store(typingctx: Any, vector: Any, buffer: Any, at: Any) -> Any:
    """The vector goes to buffer[at]."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        memory = Memory(context, builder, signature.args[1], args[1])
        memory.put(Whole(builder, args[2]), Vector(builder, args[0]))
        return context.get_dummy_value()

    return types.void(vector, buffer, _INTP), emit


@intrinsic
def fill(typingctx: Any, buffer: Any, value: Any) -> Any:
    """`value`, cast to buffer's dtype, in every lane."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        scalar = context.cast(builder, args[1], signature.args[1], buffer.dtype)
        return Vector.spread(builder, scalar, lanes(buffer.dtype)).value

    return VectorType(buffer.dtype)(buffer, value), emit


@intrinsic
def scatter(typingctx: Any, source: Any, first: Any, target: Any, at: Any, step: Any, count: Any) -> Any:
    """target[at + n*step] = source[first + n] for n < count."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        code = Code(builder)
        read, written = (Memory(context, builder, signature.args[i], args[i]) for i in (0, 2))
        from_, to, stride, stop = (code.whole(args[i]) for i in (1, 3, 4, 5))
        with code.loop(code.whole(0), stop) as n:
            written.put_value(to + n * stride, read.value(from_ + n))
        return context.get_dummy_value()

    return types.void(source, _INTP, target, _INTP, _INTP, _INTP), emit


@intrinsic
def lane_sum(typingctx: Any, vector: Any) -> Any:
    """The sum over the lanes: the upper half is added to the lower until one is left."""
    return vector.dtype(vector), lambda context, builder, signature, args: Vector(builder, args[0]).sum()


@intrinsic
def lane_sums(typingctx: Any, buffer: Any, at: Any) -> Any:
    """The lane sums of the vectors at buffer[at], buffer[at + lanes], ..., as one vector: one vector a lane."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        memory, first = Memory(context, builder, signature.args[0], args[0]), Whole(builder, args[1])
        return Vector.sums([memory.vector(first + lane * memory.lanes) for lane in range(memory.lanes)]).value

    return VectorType(buffer.dtype)(buffer, _INTP), emit


def _elementwise(apply: Callable[..., Vector]) -> Any:
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return apply(*(Vector(builder, arg) for arg in args)).value

    return emit


@intrinsic
def fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """a*b + c, rounded once."""
    return a(a, a, a), _elementwise(lambda a, b, c: a.fma(b, c))


@intrinsic
def sqrt(typingctx: Any, a: Any) -> Any:
    """Square root."""
    return a(a), _elementwise(lambda a: a.sqrt())


@intrinsic
def tanh(typingctx: Any, a: Any) -> Any:
    """Hyperbolic tangent; `engine.polynomials` says how and how exact."""
    return a(a), _elementwise(polynomials.TANH[a.dtype.bitwidth])


@intrinsic
def sigmoid(typingctx: Any, a: Any) -> Any:
    """1 / (1 + exp(-a)), as (1 + tanh(a/2)) / 2."""
    return a(a), _elementwise(polynomials.SIGMOID[a.dtype.bitwidth])


@intrinsic
def keep_positive(typingctx: Any, a: Any, b: Any) -> Any:
    """a where b > 0, else 0."""
    return a(a, b), _elementwise(lambda a, b: (a * 0.0).where(b.greater(0.0), a))


def _operator(symbol: Callable[..., Any], arity: int, apply: Callable[..., Vector]) -> None:
    """Let a Python operator combine vectors of one dtype."""

    @infer_global(symbol)
    class _Typed(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: Any, kws: Any) -> Any:
            alike = len(args) == arity and isinstance(args[0], VectorType) and len(set(args)) == 1
            return args[0](*args) if alike else None

    lower_builtin(symbol, *[VectorType] * arity)(_elementwise(apply))


_operator(operator.add, 2, lambda a, b: a + b)
_operator(operator.sub, 2, lambda a, b: a - b)
_operator(operator.mul, 2, lambda a, b: a * b)
_operator(operator.truediv, 2, lambda a, b: a / b)
_operator(operator.neg, 1, lambda a: -a)
