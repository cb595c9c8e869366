"""What cells are put together to: both directions, a head a step, a decoder, attention, the transformer."""

from line_drawing import ACCENT, QUIET, Drawing

STEPS = 5


def bidirectional() -> Drawing:
    """The window walked from both ends; the head reads both last states."""
    d = Drawing(880, 330, "A bidirectional layer: forwards over the days, backwards below them")
    d.math(54, 80, "h_{0}", ink=QUIET)
    d.math(690, 230, "g_{6}", ink=QUIET)
    for number in range(1, STEPS + 1):
        x = 26 + 104 * number
        d.box(x, 80, f"h_{{{number}}}")
        d.box(x, 230, f"g_{{{number}}}", ink=ACCENT)
        d.math(x, 155, f"x_{{{number}}}")
        d.arrow((x, 141), (x, 100))
        d.arrow((x, 169), (x, 210), ink=ACCENT)
        d.arrow((x - (60 if number == 1 else 80), 80), (x - 24, 80))
        d.arrow((x + (128 if number == STEPS else 80), 230), (x + 24, 230), ink=ACCENT)
    d.arrow((570, 80), (750, 80), (750, 128))
    d.arrow((130, 249), (130, 290), (750, 290), (750, 182), ink=ACCENT)
    d.box(750, 155, "W_{y}", w=52, h=50)
    d.arrow((777, 155), (812, 155))
    d.math(826, 155, "ŷ")
    d.code(826, 180, "(N, K)")
    d.math(768, 100, "h_{5}", anchor="start", size=15)
    d.math(768, 218, "g_{1}", anchor="start", size=15, ink=ACCENT)
    return d


def many_to_many() -> Drawing:
    """A forecast at every step; the last one is the forecast of the window."""
    d = Drawing(880, 300, "Many to many: every state has its forecast")
    d.math(84, 150, "h_{0}", ink=QUIET)
    for number in range(1, STEPS + 1):
        x = 30 + 136 * number
        d.box(x, 150, f"h_{{{number}}}")
        d.math(x, 262, f"x_{{{number}}}")
        d.arrow((x, 246), (x, 170))
        d.arrow((x - (66 if number == 1 else 112), 150), (x - 24, 150))
        d.arrow((x, 131), (x, 72), ink=ACCENT)
        d.math(x + 10, 103, "W_{y}", ink=ACCENT, anchor="start", size=15)
        if number == STEPS:
            d.dot(x, 50, ink=ACCENT, r=20)
        d.math(x, 50, f"ŷ_{{{number}}}")
    d.code(750, 51, "(N, K)", anchor="start")
    d.code(750, 151, "(N, H)", anchor="start")
    d.code(750, 263, "(N, F)", anchor="start")
    return d


def seq2seq() -> Drawing:
    """The encoder's last state starts the decoder, which reads what it wrote."""
    d = Drawing(880, 310, "Encoder and decoder: five days are read, two are written")
    for number in range(1, STEPS + 1):
        x = 84 * number - 24
        d.box(x, 160, f"h_{{{number}}}")
        d.math(x, 272, f"x_{{{number}}}")
        d.arrow((x, 256), (x, 180))
        if number > 1:
            d.arrow((x - 60, 160), (x - 24, 160))
    d.arrow((420, 160), (545, 160), ink=ACCENT)
    d.math(482, 140, "s_{0} = h_{5}", ink=ACCENT, size=16)
    d.line((482, 186), (482, 284))
    for number, x in ((1, 570), (2, 740)):
        d.box(x, 160, f"s_{{{number}}}", ink=ACCENT)
        d.arrow((x, 141), (x, 76))
        d.math(x, 56, f"ŷ_{{{number}}}")
        d.math(x + 10, 108, "W_{y}", anchor="start", size=15)
        d.arrow((x, 256), (x, 180), ink=ACCENT)
    d.arrow((588, 56), (655, 56), (655, 272), (718, 272), ink=ACCENT)
    d.arrow((640, 160), (715, 160), ink=ACCENT, over=True)
    d.arrow((594, 160), (645, 160), ink=ACCENT, head=False)
    d.math(570, 272, "y_{0} = 0")
    d.math(740, 272, "y_{1}")
    d.code(780, 57, "(N, 1)", anchor="start")
    d.code(780, 161, "(N, H)", anchor="start")
    d.code(780, 273, "(N, 1)", anchor="start")
    return d


def attention() -> Drawing:
    """Scores of the states, weights, and the context that they make."""
    d = Drawing(880, 350, "Additive attention: the decoder's state weighs the states of the window")
    weights = (0.08, 0.12, 0.20, 0.15, 0.45)
    for number, weight in enumerate(weights, start=1):
        x = 100 * number - 14
        d.box(x, 300, f"h_{{{number}}}")
        d.arrow((x, 281), (x, 250))
        d.dot(x, 235, f"e_{{k{number}}}", r=15)
        d.cell(x, 200 - 90 * weight, w=30, h=180 * weight, fill="a", opacity=0.3 + 1.4 * weight)
        d.math(x + 22, 192, f"a_{{k{number}}}", anchor="start", size=15, ink=ACCENT)
        d.arrow((x, 195 - 180 * weight), (x, 60), (x + 20, 60), ink=ACCENT, head=False)
        if number < STEPS:
            d.arrow((x + 85, 235), (x + 15, 235), dash=True, head=False)
    d.arrow((106, 60), (806, 60), (806, 214), ink=ACCENT)
    d.math(656, 40, "c_{k} = Σ a_{kt} h_{t}", ink=ACCENT)
    d.box(666, 235, "s_{k-1}", w=56)
    d.arrow((638, 235), (502, 235), dash=True)
    d.math(570, 219, "W_{q}", size=15)
    d.math(96, 266, "W_{k}", anchor="start", size=15)
    d.arrow((695, 235), (781, 235))
    d.box(806, 235, "s_{k}")
    d.math(806, 320, "y_{k-1}")
    d.arrow((806, 304), (806, 255))
    return d


def transformer() -> Drawing:
    """One layer of the encoder, and what each step may look at."""
    d = Drawing(880, 390, "The transformer encoder: one layer, and the causal mask")
    y = 110
    d.math(34, y, "x_{t}")
    d.code(34, y + 26, "(N, F)")
    d.box(94, y, "W_{in}", w=46)
    d.dot(152, y, "+")
    d.math(152, 182, "p_{t}")
    d.box(466, y - 10, "", w=560, h=120, ink=QUIET, fill="wash")
    d.code(732, 54, "× num_layers", anchor="end")
    for x, text, width in (
        (314, "softmax(QK^{T}/√d)V", 154),
        (468, "norm", 58),
        (574, "W_{ff}", 60),
        (700, "norm", 58),
    ):
        d.box(x, y, text, w=width)
    for x in (416, 642):
        d.dot(x, y, "+")
    stops = (
        ((50, 70), (118, 139), (165, 236), (392, 403), (429, 438)),
        ((498, 543), (605, 629), (655, 670), (730, 784)),
    )
    for start, end in (*stops[0], *stops[1]):
        d.arrow((start, y), (end, y))
    d.arrow((152, 168), (152, 123))
    for start, end in ((212, 416), (520, 642)):
        d.branch(start, y, ink=ACCENT)
        d.arrow((start, y), (start, 68), (end, 68), (end, y - 13), ink=ACCENT)
    d.box(810, y, "W_{y}", w=50)
    d.arrow((810, 91), (810, 54))
    d.math(810, 36, "ŷ")
    d.math(766, y - 16, "z_{L}", size=16)
    for left, causal in ((240, True), (520, False)):
        _mask(d, left, causal=causal)
    return d


def _mask(d: Drawing, left: float, *, causal: bool) -> None:
    for row in range(STEPS):
        d.math(left - 8, 232 + 26 * row, f"z_{{{row + 1}}}", anchor="end", size=14)
        for column in range(STEPS):
            seen = column <= row or not causal
            x, y = left + 13 + 26 * column, 232 + 26 * row
            d.cell(x, y, w=24, h=24, fill="a" if seen else "wash", opacity=0.75 if seen else 1)
    d.code(left + 65, 368, f"causal={causal}")


def bert() -> Drawing:
    """A masked bar is filled in from the others; then the same encoder forecasts."""
    d = Drawing(880, 300, "Masked bars: the encoder first fills in what is hidden, then learns to forecast")
    for left, masked in ((60, 2), (500, None)):
        for day in range(STEPS):
            x = left + 32 + 64 * day
            for feature in range(3):
                hidden = day == masked
                d.cell(
                    x, 216 + 22 * feature, w=40, h=20, fill="w" if hidden else "a", opacity=0.2 + 0.12 * day, ink=QUIET
                )
            if day == masked:
                d.math(x, 238, "?", ink=ACCENT)
            d.arrow((x, 196), (x, 174), ink=ACCENT if day == masked else "i")
        d.box(left + 160, 150, "encoder", w=312, h=44, ink="i", fill="wash")
    d.arrow((220, 127), (220, 100), ink=ACCENT)
    for feature in range(3):
        d.cell(220, 36 + 22 * feature, w=40, h=20, fill="a", opacity=0.6, ink=QUIET)
    d.math(256, 58, "x̂_{3}", anchor="start", ink=ACCENT)
    d.arrow((388, 150), (486, 150), ink=ACCENT)
    d.math(436, 132, "W", ink=ACCENT)
    d.arrow((788, 127), (788, 78))
    d.math(788, 58, "ŷ")
    return d


DRAWINGS = {
    "bidirectional": bidirectional,
    "many-to-many": many_to_many,
    "seq2seq": seq2seq,
    "attention": attention,
    "transformer": transformer,
    "bert": bert,
}
