"""The shapes of sequence problems, the order of axes, and how far a gradient gets."""

from math import log10

from line_drawing import ACCENT, INK, Drawing

WINDOWS, DAYS, FEATURES = 2, 5, 3


def kinds() -> Drawing:
    """One to one, one to many, many to one, many to many twice: inputs below, outputs above."""
    d = Drawing(880, 250, "One to one, one to many, many to one, many to many at every step and by encoder and decoder")
    panels = (
        (60, "1 → 1", (0,), (0,), 1, ()),
        (150, "1 → n", (0,), (0, 1, 2), 3, (0, 1)),
        (340, "n → 1", (0, 1, 2), (2,), 3, ()),
        (530, "n → n", (0, 1, 2), (0, 1, 2), 3, ()),
        (712, "n → m", (0, 1), (2, 3), 4, (2,)),
    )
    for left, name, inputs, outputs, steps, fed in panels:
        gap = 42 if steps == 4 else 52
        for step in range(steps):
            x = left + gap * step
            _step(d, x, given=step in inputs, says=step in outputs, first=step == 0, gap=gap)
            if step in fed:
                d.arrow((x + 12, 50), (x + gap / 2, 50), (x + gap / 2, 170), (x + gap, 170), (x + gap, 134), ink=ACCENT)
        d.math(left + gap * (steps - 1) / 2, 222, name)
    return d


def _step(d: Drawing, x: float, *, given: bool, says: bool, first: bool, gap: float) -> None:
    if not first:
        d.arrow((x - gap + 13, 120), (x - 13, 120))
    if given:
        d.cell(x, 182, w=24, h=24, fill="a", opacity=0.3, ink=INK)
        d.arrow((x, 169), (x, 134))
    if says:
        d.arrow((x, 107), (x, 63))
        d.cell(x, 50, w=24, h=24, fill="a", opacity=0.9, ink=ACCENT)
    d.dot(x, 120)


def axes() -> Drawing:
    """Two windows of five days with three features, time first: by swapaxes, and wrongly by reshape."""
    d = Drawing(880, 420, "The order of axes: swapaxes keeps each window together, reshape mixes the windows")
    for window in range(WINDOWS):
        d.math(96, 46 + 190 * window, f"n = {window + 1}", size=16)
        for day in range(DAYS):
            _bar(d, 96, 76 + 190 * window + 27 * day, window, day)
    d.code(96, 404, "X (2, 5, 3)")
    for top, code in ((92, "X.swapaxes(0, 1)"), (282, "X.reshape(5, 2, 3)")):
        d.arrow((164, 210), (196, 210), (196, top + 40), (226, top + 40), ink=ACCENT if top < 200 else INK)
        d.code(240, top - 30, code, ink=ACCENT if top < 200 else INK, anchor="start")
        for step in range(DAYS):
            x = 290 + 126 * step
            d.math(x, top + 2, f"t = {step + 1}", size=15)
            for row in range(WINDOWS):
                flat = WINDOWS * step + row
                window, day = (row, step) if top < 200 else divmod(flat, DAYS)
                _bar(d, x, top + 28 + 27 * row, window, day)
    d.code(542, 404, "(L, N, F) = (5, 2, 3)")
    return d


def _bar(d: Drawing, x: float, y: float, window: int, day: int) -> None:
    for feature in range(FEATURES):
        at = x + 37 * (feature - 1)
        d.cell(at, y, w=35, h=25, fill="a" if window == 0 else "q", opacity=0.3)
        d.code(at, y, f"{window + 1}{day + 1}{feature + 1}", ink=INK)


def vanishing() -> Drawing:
    """The length of a gradient on its way back, for three spectral radii."""
    d = Drawing(880, 330, "The length of a gradient by steps back in time, for spectral radius 0.5, 1 and 1.5")
    left, right, steps = 120, 810, 20

    def place(back: float, length: float) -> tuple[float, float]:
        return right - (right - left) * back / steps, 130 - 24 * log10(length)

    for power in range(-6, 5, 2):
        y = place(0, 10.0**power)[1]
        d.line((left, y), (right, y), width=1)
        d.math(left - 12, y, f"10^{{{power}}}" if power else "1", anchor="end", size=15)
    for back in range(0, steps + 1, 5):
        d.math(place(back, 1)[0], 300, f"t = L-{back}" if back else "t = L", size=15)
    for radius, ink in ((0.5, ACCENT), (1.0, INK), (1.5, ACCENT)):
        points = [place(back, radius**back) for back in range(steps + 1)]
        d.arrow(points[0], points[-1], ink=ink)
        for x, y in points[:-1]:
            d.branch(x, y, ink=ink)
        d.math(points[13][0], points[13][1] - 20, f"ρ = {radius:g}", ink=ink)
    return d


DRAWINGS = {"shapes": kinds, "axes": axes, "vanishing": vanishing}
