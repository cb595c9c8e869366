"""Writes the pictures of docs/cells and docs/shapes: make_cell_pictures.py [DOCS]."""

import sys
from pathlib import Path

import cell_drawings
import net_drawings
import shape_drawings

CELLS = cell_drawings.DRAWINGS | net_drawings.DRAWINGS
DRAWINGS = {f"cells/{name}.svg": draw for name, draw in CELLS.items()}
DRAWINGS |= {f"pictures/{name}.svg": draw for name, draw in shape_drawings.DRAWINGS.items()}


def main(docs: Path) -> None:
    for name, draw in DRAWINGS.items():
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text(draw().text(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1] / "docs")
