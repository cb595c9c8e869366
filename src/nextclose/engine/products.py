"""The two products that every recurrent net is made of, cut into tiles that fit the registers.

Samples are the SIMD lanes. A row is one feature, unit or gate over all samples of a block, `width` values long, and
rows follow each other. So a matrix of weights times a block is a loop of scalars times vectors, and the gradient of
a matrix is a sum of vectors times vectors:

    dense     out[r] = finish(start[r] + sum_k A[r, k] a[k] + sum_k B[r, k] b[k])
    outer     G[r, c] += sum over steps t and vectors of a[t, r] * b[t, c]       (lanes are summed once, at the end)

How a matrix is cut never changes the order of a sum, so tile sizes may differ between machines and the bits do not.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from numba.core import cgutils, types
from numba.extending import intrinsic

from nextclose.engine.compile import jit
from nextclose.engine.emit import Code, Memory, Sums, Whole
from nextclose.engine.machine import Target
from nextclose.engine.vectors import lanes_of, load, store

_WIDE = Target.host().wide
ROWS = (12, 10, 8, 6, 5, 4, 3, 2, 1) if _WIDE else (6, 5, 4, 3, 2, 1)
"""Rows that a `dense` tile may have."""
VECTORS, FEW, VECTORS_OF_FEW = (2, 3, 4) if _WIDE else (1, 1, 4)
"""Vectors a row of a tile, and of one with few rows: the sums, the inputs and a weight must fit the registers, and a sum
must not wait for itself."""
MAX_OUTER = (5, 5) if _WIDE else (2, 2)
"""Rows and columns of an `outer` tile."""


AS_IS, TANH_BACK = 0, 1


class Product(NamedTuple):
    """Weights times rows: sum over k < length of theta[at + r*row + k*column] * memory[x + k*width]."""

    at: int
    row: int
    column: int
    x: int
    length: int


class Goal(NamedTuple):
    """What a dense product starts with, and where it goes."""

    rows: int
    start: int
    """theta[start + r*start_row]: a bias, or one zero for all rows."""
    start_row: int
    out: int
    finish: int
    """TANH_BACK multiplies each sum by tanh's derivative, which is 1 - h^2 of its output h; AS_IS does not."""
    finish_at: int
    """Where the outputs h lie."""


@jit
def dense(theta, memory, a, b, goal, width):
    """out[r] = finish(start[r] + sum_k A[r, k] a[k] + sum_k B[r, k] b[k]) for every row and sample of a block.

    theta : weights. memory : all rows. a, b : Product. goal : Goal. width : samples in a row, whole vectors.
    """
    row = 0
    while row < goal.rows:
        rows = _tile_rows(goal.rows - row)
        vectors = VECTORS if rows > FEW else VECTORS_OF_FEW
        many = width - width % (vectors * lanes_of(memory))
        _dense_tiles(theta, memory, a, b, goal, row, rows, vectors, 0, many, width)
        _dense_tiles(theta, memory, a, b, goal, row, rows, 1, many, width, width)
        row += rows


@jit
def _tile_rows(left):
    """Rows of the next tile: the most of ROWS that are left."""
    for rows in ROWS:
        if rows <= left:
            return rows
    return 1


@jit
def plain(rows, start, start_row, out):
    """A goal without a finish."""
    return Goal(rows, start, start_row, out, AS_IS, 0)


@jit
def nothing():
    """A product that adds nothing."""
    return Product(0, 0, 0, 0, 0)


@jit
def outer(memory, grads, place, a, a_step, rows, b, b_step, columns, steps, width):
    """G[r, c] += sum over steps and samples of a[t, r] * b[t, c], a vector of partial sums for each (r, c).

    grads : one vector a weight; G's begin with weight `place`, row by row. a, b : first rows in memory; a_step,
    b_step : rows from one step to the next.
    """
    lanes = lanes_of(memory)
    down, across = -(-rows // MAX_OUTER[0]), -(-columns // MAX_OUTER[1])
    for i in range(down):
        row, row_stop = rows * i // down, rows * (i + 1) // down
        for j in range(across):
            column, column_stop = columns * j // across, columns * (j + 1) // across
            _outer_tile(
                memory, grads, row_stop - row, column_stop - column,
                (place + row * columns + column) * lanes, columns * lanes,
                a + row * width, a_step * width, b + column * width, b_step * width, steps, width,
            )  # fmt: skip


@jit
def row_sums(memory, grads, place, a, a_step, rows, steps, width):
    """G[r] += sum over steps and samples of a[t, r]: the gradient of a bias. Four rows at once, so that none waits."""
    lanes, row = lanes_of(memory), 0
    while row + 4 <= rows:
        at = (place + row) * lanes
        s, u = load(grads, at), load(grads, at + lanes)
        v, w = load(grads, at + 2 * lanes), load(grads, at + 3 * lanes)
        for t in range(steps):
            first = a + (t * a_step + row) * width
            for n in range(first, first + width, lanes):
                s, u = s + load(memory, n), u + load(memory, n + width)
                v, w = v + load(memory, n + 2 * width), w + load(memory, n + 3 * width)
        store(s, grads, at)
        store(u, grads, at + lanes)
        store(v, grads, at + 2 * lanes)
        store(w, grads, at + 3 * lanes)
        row += 4
    while row < rows:
        s = load(grads, (place + row) * lanes)
        for t in range(steps):
            first = a + (t * a_step + row) * width
            for n in range(first, first + width, lanes):
                s = s + load(memory, n)
        store(s, grads, (place + row) * lanes)
        row += 1


@jit
def copy_sums(memory, grads, place, source, rows):
    """The gradients of two biases that are added to the same sums are the same."""
    lanes = lanes_of(memory)
    for i in range(rows * lanes):
        grads[place * lanes + i] = grads[source * lanes + i]


@intrinsic
def _dense_tiles(
    typingctx: Any, theta: Any, memory: Any, a: Any, b: Any, goal: Any, row: Any, rows: Any, vectors: Any, first: Any,
    stop: Any, width: Any,
) -> Any:  # fmt: skip
    """`rows` rows of a dense product over samples first..stop-1: one version a tile's size, chosen at run time."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        code = Code(builder)
        weights, rows_of = (Memory(context, builder, signature.args[i], args[i]) for i in (0, 1))
        products = [_wholes(code, Product, args[i]) for i in (2, 3)]
        goal = _wholes(code, Goal, args[4])
        down, across = code.whole(args[6]), code.whole(args[7])
        places: Any = [code.whole(arg) for arg in (args[5], *args[8:])]
        work = partial(_emit_dense, code, weights, rows_of, products, goal, *places)
        sizes = [(R, V) for R in ROWS for V in {1, VECTORS if R > FEW else VECTORS_OF_FEW}]
        code.choose(down * 8 + across, {8 * R + V: partial(work, R, V) for R, V in sizes})
        return context.get_dummy_value()

    return types.void(theta, memory, a, b, goal, *[types.intp] * 6), emit


def _wholes(code: Code, record: Any, value: Any) -> Any:
    """A record with the kernel's integers as its fields."""
    return record(*(code.whole(field) for field in cgutils.unpack_tuple(code.builder, value)))


def _emit_dense(
    code: Code,
    theta: Memory,
    memory: Memory,
    products: list[Any],
    goal: Any,
    row: Whole,
    first: Whole,
    stop: Whole,
    width: Whole,
    R: int,
    V: int,
) -> None:
    """R x V sums in registers: V vectors of inputs and R weights are read for R * V products."""
    rows, lanes = [row + r for r in range(R)], memory.lanes
    with code.loop(first, stop, V * lanes) as column:
        starts = [theta.spread(goal.start + r * goal.start_row) for r in rows]
        sums = Sums(code.builder, [start for start in starts for _ in range(V)])
        for product in products:
            with code.loop(code.whole(0), product.length) as k:
                x = [memory.vector(product.x + k * width + column + v * lanes) for v in range(V)]
                weights = [theta.spread(product.at + r * product.row + k * product.column) for r in rows]
                pairs = [(weight, vector) for weight in weights for vector in x]
                sums.set([weight.fma(vector, total) for (weight, vector), total in zip(pairs, sums.get(), strict=True)])
        tile = [r * width + column + v * lanes for r in rows for v in range(V)]
        _emit_derivative(code, memory, goal, sums, [goal.finish_at + place for place in tile])
        places = [goal.out + place for place in tile]
        for place, total in zip(places, sums.get(), strict=True):
            memory.put(place, total)


def _emit_derivative(code: Code, memory: Memory, goal: Any, sums: Sums, places: list[Whole]) -> None:
    """Sums times 1 - h^2, the derivative of tanh from its outputs h at `places`, where the goal wants it."""

    def emit() -> None:
        h = [memory.vector(place) for place in places]
        sums.set([(-(v * h)).fma(h, v) for v, h in zip(sums.get(), h, strict=True)])

    code.choose(goal.finish, {TANH_BACK: emit})


@intrinsic
def _outer_tile(
    typingctx: Any, memory: Any, grads: Any, rows: Any, columns: Any, place: Any, place_step: Any, a: Any, a_step: Any,
    b: Any, b_step: Any, steps: Any, width: Any
) -> Any:  # fmt: skip
    """A tile of an outer product over all steps and samples: one version a size, chosen at run time."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        code = Code(builder)
        rows_of, sums_of = (Memory(context, builder, signature.args[i], args[i]) for i in (0, 1))
        down, across = code.whole(args[2]), code.whole(args[3])
        places: Any = [code.whole(arg) for arg in args[4:]]
        work = partial(_emit_outer, code, rows_of, sums_of, *places)
        sizes = [(R, C) for R in range(1, MAX_OUTER[0] + 1) for C in range(1, MAX_OUTER[1] + 1)]
        code.choose(down * 64 + across, {64 * R + C: partial(work, R, C) for R, C in sizes})
        return context.get_dummy_value()

    return types.void(memory, grads, *[types.intp] * 10), emit


def _emit_outer(
    code: Code,
    memory: Memory,
    grads: Memory,
    place: Whole,
    place_step: Whole,
    a: Whole,
    a_step: Whole,
    b: Whole,
    b_step: Whole,
    steps: Whole,
    width: Whole,
    R: int,
    C: int,
) -> None:
    """R x C sums in registers; R + C vectors are read for R * C products."""
    places = [place + place_step * r + c * memory.lanes for r in range(R) for c in range(C)]
    sums = Sums(code.builder, [grads.vector(at) for at in places])
    zero = code.whole(0)
    with code.loop(zero, steps) as t, code.loop(zero, width, memory.lanes) as first:
        columns = [memory.vector(b + t * b_step + width * c + first) for c in range(C)]
        down = [memory.vector(a + t * a_step + width * r + first) for r in range(R)]
        pairs = [(row, column) for row in down for column in columns]
        sums.set([row.fma(column, total) for (row, column), total in zip(pairs, sums.get(), strict=True)])
    for at, total in zip(places, sums.get(), strict=True):
        grads.put(at, total)
