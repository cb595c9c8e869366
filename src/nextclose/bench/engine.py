"""`nextclose bench engine`: parity first, then speed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from nextclose.bench.aims import aims
from nextclose.bench.fits import measure_fits
from nextclose.bench.machine import describe_machine
from nextclose.bench.many import measure_many
from nextclose.bench.parity import check_parity
from nextclose.bench.peak import measure_peak
from nextclose.bench.plan import Plan
from nextclose.bench.starts import measure_overhead, measure_start


def run_bench(plan: Plan, tick: Callable[[str], None]) -> Iterator[tuple[str, Any]]:
    """The parts of a run by name, each as soon as it is there; after a red parity check there is no other.

    tick : told what is about to be measured; nothing else runs beside a measurement.
    """
    yield "machine", describe_machine()
    parity = check_parity((*plan.odd, *plan.timed), tick)
    yield "parity", parity
    if not parity.passed:
        return
    found: list[Any] = []
    for name, part in _speed(plan, tick):
        found.append(part)
        yield name, part
    reached = aims(found)
    if reached:
        yield "aims", reached


def _speed(plan: Plan, tick: Callable[[str], None]) -> Iterator[tuple[str, Any]]:
    if plan.wants("peak"):
        tick("peak")
        yield "peak", measure_peak(plan.peaks)
    if plan.wants("fits"):
        yield "fits", measure_fits(plan, tick)
    if plan.wants("overhead"):
        tick("overhead")
        yield "overhead", measure_overhead(plan)
    if plan.wants("many"):
        tick("fit_many")
        yield "many", measure_many(plan)
    if plan.wants("start"):
        tick("start")
        yield "start", measure_start(plan)
