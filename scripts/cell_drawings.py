"""The cells, one drawing each: how one step is wired, and how steps make a net."""

from line_drawing import ACCENT, QUIET, Drawing


def rnn() -> Drawing:
    """One step of the Elman cell, and five of them in a row."""
    d = Drawing(880, 290, "The Elman cell: one step, and unrolled over five")
    d.math(40, 140, "h_{t-1}")
    d.box(106, 140, "W_{h}", ink=ACCENT)
    d.dot(172, 140, "+")
    d.box(232, 140, "tanh", w=54)
    d.math(308, 140, "h_{t}")
    for start, end in (
        ((60, 140), (82, 140)),
        ((130, 140), (159, 140)),
        ((185, 140), (204, 140)),
        ((260, 140), (292, 140)),
    ):
        d.arrow(start, end, ink=ACCENT)
    d.math(172, 256, "x_{t}")
    d.box(172, 204, "W_{x}")
    d.arrow((172, 243), (172, 223))
    d.arrow((172, 185), (172, 153))
    d.code(40, 166, "(N, H)")
    d.code(308, 166, "(N, H)")
    d.code(196, 257, "(N, F)", anchor="start")
    d.line((360, 40), (360, 262))
    _chain(d, steps=5)
    d.arrow((812, 121), (812, 66))
    d.math(824, 93, "W_{y}", anchor="start", size=15)
    d.math(812, 48, "ŷ")
    d.code(826, 49, "(N, K)", anchor="start")
    return d


def _chain(d: Drawing, *, steps: int) -> None:
    d.math(396, 140, "h_{0}", ink=QUIET)
    for number in range(1, steps + 1):
        x = 396 + 83.2 * number
        d.arrow((x - 83.2 + (16 if number == 1 else 24), 140), (x - 24, 140), ink=ACCENT)
        d.math(x - 41, 122, "W_{h}", ink=ACCENT, size=15)
        d.box(x, 140, f"h_{{{number}}}")
        d.math(x, 256, f"x_{{{number}}}")
        d.arrow((x, 240), (x, 160))
        d.math(x + 10, 204, "W_{x}", anchor="start", size=15)


def gru() -> Drawing:
    """One step of the GRU, as torch.nn.GRU wires it."""
    d = Drawing(880, 400, "One step of the gated recurrent unit")
    d.math(50, 70, "h_{t-1}")
    d.arrow((106, 70), (106, 310), (420, 310), (420, 281))
    d.arrow((74, 70), (577, 70), ink=ACCENT)
    d.dot(590, 70, "×", ink=ACCENT)
    d.arrow((603, 70), (727, 70), ink=ACCENT)
    d.dot(740, 70, "+", ink=ACCENT)
    d.arrow((753, 70), (816, 70), ink=ACCENT)
    d.math(836, 70, "h_{t}")
    d.branch(106, 70, ink=ACCENT)
    d.arrow((74, 350), (540, 350), (540, 236))
    for x in (190, 310):
        _gate(d, x, 215, "σ", h=310, x_t=350)
    d.box(420, 262, "W_{hn}", w=54)
    d.dot(420, 215, "×")
    d.arrow((420, 243), (420, 228))
    d.box(540, 215, "tanh", w=58, h=40)
    d.arrow((433, 215), (510, 215))
    d.arrow((310, 194), (310, 168), (420, 168), (420, 202))
    d.math(326, 154, "r", size=17)
    d.arrow((190, 194), (190, 130), (653, 130), head=False)
    d.math(206, 154, "z", size=17)
    d.branch(590, 130)
    d.arrow((590, 130), (590, 83))
    d.dot(668, 130, "1−", r=15)
    d.arrow((683, 130), (727, 130))
    d.dot(740, 130, "×")
    d.arrow((570, 215), (740, 215), (740, 143))
    d.math(600, 201, "n", size=17)
    d.arrow((740, 117), (740, 83))
    d.math(50, 350, "x_{t}")
    d.code(50, 376, "(N, F)")
    d.code(836, 96, "(N, H)")
    d.code(50, 96, "(N, H)")
    return d


def lstm() -> Drawing:
    """One step of the LSTM with its two states."""
    d = Drawing(880, 370, "One step of the long short-term memory cell")
    d.arrow((74, 286), (630, 286), (630, 217))
    d.arrow((74, 326), (650, 326), (650, 217))
    d.math(50, 66, "c_{t-1}")
    for start, end in (((72, 66), (187, 66)), ((213, 66), (427, 66)), ((453, 66), (818, 66))):
        d.arrow(start, end, ink=ACCENT)
    d.dot(200, 66, "×", ink=ACCENT)
    d.dot(440, 66, "+", ink=ACCENT)
    d.math(836, 66, "c_{t}")
    for x, kind in ((200, "σ"), (370, "σ"), (510, "tanh")):
        _gate(d, x, 196, kind, h=286, x_t=326)
    d.box(640, 196, "σ", w=48, h=40)
    d.arrow((200, 175), (200, 79))
    d.dot(440, 126, "×")
    d.arrow((370, 175), (370, 126), (427, 126))
    d.arrow((510, 175), (510, 126), (453, 126))
    d.arrow((440, 113), (440, 79))
    for x, y, name in ((214, 130, "f"), (356, 130, "i"), (524, 130, "g"), (686, 182, "o")):
        d.math(x, y, name, size=17)
    d.branch(740, 66, ink=ACCENT)
    d.arrow((740, 66), (740, 102))
    d.box(740, 122, "tanh", w=58, h=38)
    d.arrow((740, 141), (740, 183))
    d.dot(740, 196, "×")
    d.arrow((664, 196), (727, 196))
    d.arrow((753, 196), (816, 196))
    d.math(836, 196, "h_{t}")
    d.math(50, 286, "h_{t-1}")
    d.math(50, 326, "x_{t}")
    d.code(50, 352, "(N, F)")
    for y in (92, 222):
        d.code(836, y, "(N, H)")
    d.code(50, 92, "(N, H)")
    return d


def _gate(d: Drawing, x: float, y: float, kind: str, *, h: float, x_t: float) -> None:
    """A gate that takes from the line of h_{t-1} and from that of x_t below it."""
    d.box(x, y, kind, w=58 if kind == "tanh" else 48, h=40)
    d.arrow((x - 10, h), (x - 10, y + 21))
    d.arrow((x + 10, x_t), (x + 10, y + 21), over=True)
    d.branch(x - 10, h)
    d.branch(x + 10, x_t)


def mlp() -> Drawing:
    """A window laid out as one row of numbers into one hidden layer."""
    d = Drawing(880, 330, "The multilayer perceptron: the window flattened into one layer")
    for day in range(5):
        for feature in range(3):
            d.cell(126 + 30 * feature, 105 + 30 * day, w=28, h=28, fill="a", opacity=0.25 + 0.15 * day)
            d.cell(340, 40 + 17.5 * (3 * day + feature), w=26, h=15.5, fill="a", opacity=0.25 + 0.15 * day)
        d.math(86, 105 + 30 * day, f"x_{{{day + 1}}}", size=16)
    d.code(156, 68, "(L, F) = (5, 3)")
    d.arrow((212, 165), (312, 165))
    d.code(262, 148, "flatten")
    d.code(340, 308, "(L·F,) = (15,)")
    hidden, outputs = [75 + 60 * unit for unit in range(4)], [135.0, 195.0]
    for unit in hidden:
        for number in range(15):
            d.line((354, 40 + 17.5 * number), (540, unit), width=0.7)
        for output in outputs:
            d.line((540, unit), (720, output), width=0.7)
    for unit in hidden:
        d.dot(540, unit, ink=ACCENT, r=15)
    for output in outputs:
        d.dot(720, output, r=15)
    d.math(448, 26, "W_{x}")
    d.math(632, 84, "W_{y}")
    d.math(540, 26, "h", ink=ACCENT)
    d.code(540, 308, "(H,) = (4,)")
    d.math(764, 165, "ŷ")
    d.code(720, 308, "(K,) = (2,)")
    return d


DRAWINGS = {"rnn": rnn, "gru": gru, "lstm": lstm, "mlp": mlp}
