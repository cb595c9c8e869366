"""Writing LLVM code as Python: operators of Whole and Vector emit the instruction that they name.

What is a Python loop here is unrolled in the kernel; what is `with code.loop(...)` is a loop in the kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from nextclose.engine.layout import VECTOR_BYTES

_INT = ir.IntType(64)


def lanes(dtype: Any) -> int:
    """Samples in a vector: 16 of float32, 8 of float64."""
    return VECTOR_BYTES * 8 // int(dtype.bitwidth)


def vector_type(dtype: Any) -> ir.Type:
    """LLVM's type of a vector."""
    return ir.VectorType(ir.FloatType() if dtype.bitwidth == 32 else ir.DoubleType(), lanes(dtype))


class Whole:
    """An integer of the kernel."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    def __add__(self, other: Whole | int) -> Whole:
        return Whole(self.builder, self.builder.add(self.value, _whole(other)))

    def __mul__(self, other: Whole | int) -> Whole:
        return Whole(self.builder, self.builder.mul(self.value, _whole(other)))


def _whole(value: Whole | int) -> Any:
    return value.value if isinstance(value, Whole) else ir.Constant(_INT, value)


class Vector:
    """A vector of the kernel; a float operand stands in every lane."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    @classmethod
    def spread(cls, builder: Any, scalar: Any, lanes: int) -> Vector:
        """One scalar in every lane."""
        kind = ir.VectorType(scalar.type, lanes)
        first = builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0))
        nowhere = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
        return cls(builder, builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), nowhere))

    @property
    def lanes(self) -> int:
        """Values in the vector."""
        return int(self.value.type.count)

    def __add__(self, other: Vector | float) -> Vector:
        return self._new(self.builder.fadd(self.value, self._operand(other)))

    def __sub__(self, other: Vector | float) -> Vector:
        return self._new(self.builder.fsub(self.value, self._operand(other)))

    def __mul__(self, other: Vector | float) -> Vector:
        return self._new(self.builder.fmul(self.value, self._operand(other)))

    def __truediv__(self, other: Vector | float) -> Vector:
        return self._new(self.builder.fdiv(self.value, self._operand(other)))

    def __neg__(self) -> Vector:
        return self._new(self.builder.fneg(self.value))

    def fma(self, factor: Vector | float, addend: Vector | float) -> Vector:
        """self * factor + addend, rounded once."""
        return self._call("fma", self._new(self._operand(factor)), self._new(self._operand(addend)))

    def sqrt(self) -> Vector:
        """Square root, correctly rounded."""
        return self._call("sqrt")

    def abs(self) -> Vector:
        """Without its sign."""
        return self._call("fabs")

    def with_sign_of(self, other: Vector) -> Vector:
        """Magnitude of self, sign of other."""
        return self._call("copysign", other)

    def less(self, other: Vector | float) -> Any:
        """Where self < other; false for NaN."""
        return self.builder.fcmp_ordered("<", self.value, self._operand(other))

    def greater(self, other: Vector | float) -> Any:
        """Where self > other; false for NaN."""
        return self.builder.fcmp_ordered(">", self.value, self._operand(other))

    def where(self, mask: Any, other: Vector | float) -> Vector:
        """`other` where the mask holds, else self."""
        return self._new(self.builder.select(mask, self._operand(other), self.value))

    def whole_and_power_of_two(self, factor: float) -> tuple[Vector, Vector]:
        """n, the whole number nearest to self * factor, and 2**n; float64, |n| below 1023.

        Adding 1.5 * 2**52 leaves n in the lowest bits of the sum, from where it is shifted into an exponent.
        """
        shifter = 1.5 * 2.0**52
        shifted = self.fma(factor, shifter)
        kind = ir.VectorType(_INT, self.lanes)
        exponent = self.builder.shl(self.builder.bitcast(shifted.value, kind), ir.Constant(kind, [52] * self.lanes))
        power = self.builder.add(exponent, ir.Constant(kind, [1023 << 52] * self.lanes))
        return shifted - shifter, self._new(self.builder.bitcast(power, self.value.type))

    def sum(self) -> Any:
        """The sum of all lanes: the upper half is added to the lower until one is left."""
        vector = self
        while vector.lanes > 1:
            vector = vector._fold([vector])
        return self.builder.extract_element(vector.value, ir.Constant(ir.IntType(32), 0))

    @staticmethod
    def sums(vectors: Sequence[Vector]) -> Vector:
        """The lane sums of as many vectors as they have lanes, in the order of `sum`, as one vector."""
        parts, segment = list(vectors), vectors[0].lanes
        while segment > 1:
            segment //= 2
            parts = [a._fold([a, b], segment) for a, b in zip(parts[::2], parts[1::2], strict=True)]
        return parts[0]

    def _fold(self, vectors: Sequence[Vector], segment: int | None = None) -> Vector:
        """Add the upper half of each segment of 2 * `segment` lanes to its lower half; one or two vectors end to end."""
        segment = segment or self.lanes // 2
        starts = range(0, self.lanes * len(vectors), 2 * segment)
        low = [start + lane for start in starts for lane in range(segment)]
        return self._pick(vectors, low) + self._pick(vectors, [lane + segment for lane in low])

    def _pick(self, vectors: Sequence[Vector], chosen: Sequence[int]) -> Vector:
        mask = ir.Constant(ir.VectorType(ir.IntType(32), len(chosen)), list(chosen))
        other = vectors[1].value if len(vectors) > 1 else ir.Constant(self.value.type, ir.Undefined)
        return self._new(self.builder.shuffle_vector(vectors[0].value, other, mask))

    def _call(self, name: str, *others: Vector) -> Vector:
        module, kind = self.builder.module, self.value.type
        values = [self.value, *(other.value for other in others)]
        suffix = f"v{self.lanes}f{32 if isinstance(kind.element, ir.FloatType) else 64}"
        function = module.globals.get(f"llvm.{name}.{suffix}") or ir.Function(
            module, ir.FunctionType(kind, [kind] * len(values)), f"llvm.{name}.{suffix}"
        )
        return self._new(self.builder.call(function, values))

    def _operand(self, other: Vector | float) -> Any:
        return other.value if isinstance(other, Vector) else ir.Constant(self.value.type, [float(other)] * self.lanes)

    def _new(self, value: Any) -> Vector:
        return Vector(self.builder, value)


class Memory:
    """A 1-D array of the kernel, read and written by offset."""

    def __init__(self, context: Any, builder: Any, kind: Any, array: Any) -> None:
        self.builder, self.dtype, self.lanes = builder, kind.dtype, lanes(kind.dtype)
        self.data = context.make_array(kind)(context, builder, array).data

    def value(self, at: Whole) -> Any:
        """One value."""
        return self.builder.load(self._place(at))

    def spread(self, at: Whole) -> Vector:
        """One value in every lane."""
        return Vector.spread(self.builder, self.value(at), self.lanes)

    def vector(self, at: Whole) -> Vector:
        """The vector that begins at an offset."""
        return Vector(self.builder, self.builder.load(self._vector_place(at), align=self.dtype.bitwidth // 8))

    def put(self, at: Whole, vector: Vector) -> None:
        """Write a vector."""
        self.builder.store(vector.value, self._vector_place(at), align=self.dtype.bitwidth // 8)

    def put_value(self, at: Whole, value: Any) -> None:
        """Write one value."""
        self.builder.store(value, self._place(at))

    def _place(self, at: Whole) -> Any:
        return self.builder.gep(self.data, [at.value])

    def _vector_place(self, at: Whole) -> Any:
        return self.builder.bitcast(self._place(at), vector_type(self.dtype).as_pointer())


class Sums:
    """Vectors that change within a loop; LLVM keeps them in registers."""

    def __init__(self, builder: Any, start: Sequence[Vector]) -> None:
        self.builder = builder
        self.places = [cgutils.alloca_once(builder, vector.value.type) for vector in start]
        self.set(start)

    def get(self) -> list[Vector]:
        """Their values now."""
        return [Vector(self.builder, self.builder.load(place)) for place in self.places]

    def set(self, vectors: Sequence[Vector]) -> None:
        """New values."""
        for place, vector in zip(self.places, vectors, strict=True):
            self.builder.store(vector.value, place)


class Code:
    """Control flow of a kernel."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder

    def whole(self, value: Any) -> Whole:
        """An argument or constant as an integer of the kernel."""
        return Whole(self.builder, _whole(value) if isinstance(value, int) else value)

    @contextmanager
    def loop(self, start: Whole, stop: Whole, step: int = 1) -> Iterator[Whole]:
        """for i in range(start, stop, step), left as a loop: its body is a tile, which is unrolled enough."""
        builder, before = self.builder, self.builder.block
        head, body, after = (builder.append_basic_block(name) for name in ("loop", "body", "done"))
        builder.branch(head)
        builder.position_at_end(head)
        index = builder.phi(_INT)
        index.add_incoming(start.value, before)
        builder.cbranch(builder.icmp_signed("<", index, stop.value), body, after)
        builder.position_at_end(body)
        yield Whole(builder, index)
        index.add_incoming(builder.add(index, ir.Constant(_INT, step)), builder.block)
        builder.branch(head).set_metadata("llvm.loop", self._never_unroll())
        builder.position_at_end(after)

    def _never_unroll(self) -> Any:
        module = self.builder.module
        loop = module.add_metadata(
            [ir.Constant(_INT, len(module.metadata)), module.add_metadata(["llvm.loop.unroll.disable"])]
        )
        loop.operands = (loop, loop.operands[1])  # a loop's node names itself first
        return loop

    def choose(self, value: Whole, cases: Mapping[int, Callable[[], None]]) -> None:
        """Run the case of a value; nothing for any other."""
        after = self.builder.append_basic_block("chosen")
        switch = self.builder.switch(value.value, after)
        for number, case in cases.items():
            block = self.builder.append_basic_block(f"case{number}")
            switch.add_case(ir.Constant(_INT, number), block)
            self.builder.position_at_end(block)
            case()
            self.builder.branch(after)
        self.builder.position_at_end(after)
