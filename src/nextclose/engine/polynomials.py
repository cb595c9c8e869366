"""tanh and the logistic function on vectors, from additions, multiplications and one division.

float32: tanh(x) = x P(x^2) / Q(x^2), P and Q of degree 4, within 6 units in the last place; `scripts/fit_tanh.py`
prints the coefficients and their error. float64: tanh(x) = E / (E + 2) with E = exp(2|x|) - 1, where exp is 2^n times
the Taylor polynomial of the rest r, |r| <= ln(2)/2 (Cody & Waite 1980, "Software Manual for the Elementary Functions").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial, log

from nextclose.engine.emit import Vector

P32 = (9.999999936e-01, 1.344449981e-01, 3.571600196e-03, 2.189469799e-05, 1.523046878e-08)
Q32 = (1.000000000e00, 4.677782713e-01, 2.616445119e-02, 3.411295579e-04, 8.522467249e-07)
ONE_32 = 8.0
"""Above this tanh stays at its value here, 4 units in the last place below 1, so that no rounding takes it beyond 1."""
ONE_64 = 20.0
"""Above this tanh rounds to 1 in float64."""
EXP = tuple(1.0 / factorial(n) for n in range(1, 15))
LN_2_HIGH = float.fromhex("0x1.62e42fee00000p-1")
LN_2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
"""ln 2 in two parts: a multiple of the first by a small whole number is exact."""


def polynomial(x: Vector, coefficients: Sequence[float]) -> Vector:
    """c[0] + c[1] x + c[2] x^2 + ..., by Horner's rule."""
    value = x.fma(coefficients[-1], coefficients[-2])
    for coefficient in reversed(coefficients[:-2]):
        value = x.fma(value, coefficient)
    return value


def _rational(x: Vector, p: Sequence[float], q: Sequence[float], bound: float) -> Vector:
    """x P(x^2) / Q(x^2), with x held within the bound."""
    x = x.where(x.greater(bound), bound)
    x = x.where(x.less(-bound), -bound)
    s = x * x
    return (x * polynomial(s, p)) / polynomial(s, q)


def tanh_32(x: Vector) -> Vector:
    """tanh for float32."""
    return _rational(x, P32, Q32, ONE_32)


def sigmoid_32(x: Vector) -> Vector:
    """The logistic function for float32: tanh(x/2)/2 + 1/2, the halves moved into the coefficients without rounding."""
    p = [c / 4.0 ** (n + 1) for n, c in enumerate(P32)]
    q = [c / 4.0**n for n, c in enumerate(Q32)]
    return _rational(x, p, q, 2.0 * ONE_32) + 0.5


def tanh_64(x: Vector) -> Vector:
    """tanh for float64."""
    y = x.abs()
    y = y.where(y.greater(ONE_64), ONE_64) * 2.0
    whole, power = y.whole_and_power_of_two(1.0 / log(2.0))
    r = whole.fma(-LN_2_LOW, whole.fma(-LN_2_HIGH, y))
    grown = power.fma(r * polynomial(r, EXP), power - 1.0)  # exp(y) - 1
    return (grown / (grown + 2.0)).with_sign_of(x)


def sigmoid_64(x: Vector) -> Vector:
    """The logistic function for float64."""
    return tanh_64(x * 0.5).fma(0.5, 0.5)


TANH: dict[int, Callable[[Vector], Vector]] = {32: tanh_32, 64: tanh_64}
SIGMOID: dict[int, Callable[[Vector], Vector]] = {32: sigmoid_32, 64: sigmoid_64}
