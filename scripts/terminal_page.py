"""What a terminal showed, as an HTML page: terminal_page.py IN.txt OUT.html."""

import io
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

THEME = TerminalTheme(
    (22, 25, 29),
    (226, 230, 235),
    [
        (60, 66, 74),
        (235, 110, 90),
        (80, 190, 140),
        (225, 190, 80),
        (90, 150, 235),
        (190, 130, 220),
        (90, 195, 225),
        (200, 205, 210),
    ],
)
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 24px 30px; background: {background}; color: {foreground}; }}
pre {{ margin: 0; font: 14.5px/20px "DejaVu Sans Mono", "NanumGothicCoding", "Noto Sans Mono CJK KR", monospace; }}
</style><pre>{code}</pre>"""


def main(source: Path, target: Path) -> None:
    console = Console(record=True, width=104, file=io.StringIO())
    console.print(Text.from_ansi(source.read_text(encoding="utf-8")))
    target.write_text(console.export_html(theme=THEME, code_format=PAGE, inline_styles=True), encoding="utf-8")


main(Path(sys.argv[1]), Path(sys.argv[2]))
