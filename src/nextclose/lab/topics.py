"""What a page can ask for: topic -> what answers it."""

from __future__ import annotations

from nextclose.lab import (
    backwards,
    bars,
    breaks,
    ladder,
    opening,
    shapes,
    takeaway,
    train,
    unrolled,
)
from nextclose.lab.job import Answer

TOPICS: dict[str, Answer] = {
    "bars": bars.answer,
    "shapes": shapes.answer,
    "train": train.answer,
    "envelope": opening.state,
    "open": opening.opened,
    "ladder": ladder.answer,
    "breaks": breaks.answer,
    "net": unrolled.answer,
    "unit": unrolled.unit,
    "backwards": backwards.answer,
    "take": takeaway.answer,
}
