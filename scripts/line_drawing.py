"""Line drawings as SVG: boxes, arrows and mathematics placed by hand, in ink and one accent, for light and dark."""

import re
from html import escape
from math import hypot

STYLE = """
.paper{fill:#fff}.w{fill:#fff}.wash{fill:#f4f6f9}
.i{fill:#191d23}.q{fill:#5f6b7a}.a{fill:#0072b2}.p{fill:#fff}
.L{stroke:#3b434e}.F{stroke:#c3cbd5}.A{stroke:#0072b2}.P{stroke:#fff}
@media (prefers-color-scheme:dark){
.paper{fill:#14171b}.w{fill:#14171b}.wash{fill:#1f242b}
.i{fill:#e8ebef}.q{fill:#9aa5b4}.a{fill:#56b4e9}.p{fill:#14171b}
.L{stroke:#b5bec9}.F{stroke:#465160}.A{stroke:#56b4e9}.P{stroke:#14171b}}
.m{font-family:"STIX Two Text","Cambria Math",Cambria,"Times New Roman","Liberation Serif",serif;font-size:18px}
.v{font-style:italic}.s{font-size:12.5px}
.t{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-size:12.5px}
.c{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12px}
path,line,rect,circle{stroke-width:1.5;stroke-linejoin:round;stroke-linecap:round}
"""
INK, QUIET, ACCENT, PAPER = "i", "q", "a", "p"
STROKES = {INK: "L", QUIET: "F", ACCENT: "A", PAPER: "P"}

Point = tuple[float, float]


class Drawing:
    """A card of some width and height; everything is placed by its centre."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self.size, self.title = (width, height), title
        self.parts: list[str] = []

    def text(self) -> str:
        """The file."""
        width, height = self.size
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img"><title>{escape(self.title)}</title><style>{STYLE}</style>\n'
            f'<rect class="paper" width="{width}" height="{height}" rx="10"/>\n' + "\n".join(self.parts) + "\n</svg>\n"
        )

    def box(
        self, x: float, y: float, text: str = "", *, w: float = 46, h: float = 36, ink: str = INK, fill: str = "w"
    ) -> None:
        """A rounded box with mathematics in it."""
        self.parts.append(
            f'<rect class="{fill} {STROKES[ink]}" x="{x - w / 2:g}" y="{y - h / 2:g}" width="{w:g}" height="{h:g}" rx="7"/>'
        )
        if text:
            self.math(x, y, text, ink=INK if ink == QUIET else ink)

    def cell(
        self, x: float, y: float, *, w: float, h: float, fill: str, opacity: float = 1.0, ink: str = PAPER
    ) -> None:
        """A small filled rectangle, of a block of numbers."""
        self.parts.append(
            f'<rect class="{fill} {STROKES[ink]}" x="{x - w / 2:g}" y="{y - h / 2:g}" width="{w:g}" height="{h:g}" rx="3" '
            f'fill-opacity="{opacity:g}"/>'
        )

    def dot(self, x: float, y: float, sign: str = "", *, ink: str = INK, r: float = 12) -> None:
        """A circle with the sign of an operation: +, x, 1-."""
        self.parts.append(f'<circle class="w {STROKES[ink]}" cx="{x:g}" cy="{y:g}" r="{r:g}"/>')
        if sign in ("+", "×"):
            a, b = (5.5, 0) if sign == "+" else (4, 4)
            bars = f"M{x - a:g} {y - b:g}L{x + a:g} {y + b:g}M{x - b:g} {y + a:g}L{x + b:g} {y - a:g}"
            self.parts.append(f'<path class="{STROKES[ink]}" fill="none" d="{bars}"/>')
        elif sign:
            self.math(x, y, sign, ink=ink, size=14)

    def branch(self, x: float, y: float, *, ink: str = INK) -> None:
        """The point where a line parts."""
        self.parts.append(f'<circle class="{ink}" cx="{x:g}" cy="{y:g}" r="2.8"/>')

    def arrow(self, *points: Point, ink: str = INK, head: bool = True, dash: bool = False, over: bool = False) -> None:
        """A line through points with round corners and a head at its end; `over` clears what it crosses."""
        end = _short_of(points[-2], points[-1], 6) if head else points[-1]
        way = _rounded([*points[:-1], end])
        if over:
            self.parts.append(f'<path class="P" fill="none" style="stroke-width:7" d="{way}"/>')
        dashes = ' stroke-dasharray="4 5"' if dash else ""
        self.parts.append(f'<path class="{STROKES[ink]}" fill="none" d="{way}"{dashes}/>')
        if head:
            self.parts.append(f'<path class="{"q" if ink == QUIET else ink}" d="{_head(points[-2], points[-1])}"/>')

    def line(self, start: Point, end: Point, *, ink: str = QUIET, width: float = 1.0) -> None:
        """A straight thin line."""
        ends = f'x1="{start[0]:g}" y1="{start[1]:g}" x2="{end[0]:g}" y2="{end[1]:g}"'
        self.parts.append(f'<line class="{STROKES[ink]}" {ends} style="stroke-width:{width:g}"/>')

    def math(self, x: float, y: float, text: str, *, ink: str = INK, anchor: str = "middle", size: float = 18) -> None:
        """Mathematics with _{} and ^{}; single letters are variables."""
        scale = "" if size == 18 else f' style="font-size:{size:g}px"'
        self.parts.append(
            f'<text class="m {ink}" x="{x:g}" y="{y + 0.32 * size:g}" text-anchor="{anchor}"{scale}>{_spans(text, size)}</text>'
        )

    def word(self, x: float, y: float, text: str, *, ink: str = QUIET, anchor: str = "middle") -> None:
        """Plain words."""
        self.parts.append(f'<text class="t {ink}" x="{x:g}" y="{y + 4:g}" text-anchor="{anchor}">{escape(text)}</text>')

    def code(self, x: float, y: float, text: str, *, ink: str = QUIET, anchor: str = "middle") -> None:
        """Names and shapes as the code writes them."""
        self.parts.append(f'<text class="c {ink}" x="{x:g}" y="{y + 4:g}" text-anchor="{anchor}">{escape(text)}</text>')


def _short_of(start: Point, end: Point, by: float) -> Point:
    length = hypot(end[0] - start[0], end[1] - start[1])
    return end[0] - (end[0] - start[0]) * by / length, end[1] - (end[1] - start[1]) * by / length


def _rounded(points: list[Point], radius: float = 8) -> str:
    way = f"M{points[0][0]:g} {points[0][1]:g}"
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        into = _short_of(before, corner, min(radius, _half(before, corner)))
        out = _short_of(after, corner, min(radius, _half(after, corner)))
        way += f"L{into[0]:g} {into[1]:g}Q{corner[0]:g} {corner[1]:g} {out[0]:g} {out[1]:g}"
    return way + f"L{points[-1][0]:g} {points[-1][1]:g}"


def _half(start: Point, end: Point) -> float:
    return hypot(end[0] - start[0], end[1] - start[1]) / 2


def _head(start: Point, end: Point) -> str:
    back = _short_of(start, end, 9)
    across = (back[1] - end[1]) * 0.42, (end[0] - back[0]) * 0.42
    return (
        f"M{end[0]:.4g} {end[1]:.4g}L{back[0] + across[0]:.4g} {back[1] + across[1]:.4g}"
        f"L{back[0] - across[0]:.4g} {back[1] - across[1]:.4g}Z"
    )


def _spans(text: str, size: float) -> str:
    """The tspans of `h_{t-1}`: subscripts lowered, superscripts raised, variables slanted."""
    spans, back = "", 0.0
    for level, script, plain in re.findall(r"([_^]){([^}]*)}|([^_^]+)", text):
        shift = {"_": 0.26, "^": -0.36, "": 0.0}[level] * size
        spans += _span(script or plain, shift + back, size * 0.7 if level else size)
        back = -shift
    return spans


def _span(text: str, dy: float, size: float) -> str:
    """One level; names of one or two letters are variables, longer ones functions."""
    style = (f' dy="{dy:.3g}"' if dy else "") + ("" if size == 18 else f' style="font-size:{size:.3g}px"')
    letters = re.sub(
        r"(?<![^\W\d_])[^\W\d_]{1,2}\u0302?(?![^\W\d_])", r'<tspan class="v">\g<0></tspan>', text.replace("-", "−")
    )
    return f"<tspan{style}>{letters}</tspan>"
