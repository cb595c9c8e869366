"""Where a recipe's skill lies between the least and the most traded symbols."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nextclose.core.lang import Text
from nextclose.core.market import LiquiditySkill
from nextclose.core.results import ModelRow
from nextclose.market.ask import ask

GROUPS = 5
AT_LEAST = 50
"""Symbols with a traded value without which they are not divided."""
_SKILLS = """
WITH grouped AS (
    SELECT symbol, value, ntile({groups}) OVER (ORDER BY value, symbol) AS part
    FROM symbols WHERE status = 'used' AND value IS NOT NULL
)
SELECT model, part, count(DISTINCT symbol) AS symbols, median(value) AS value, 1 - sum(lost) / sum(base) AS skill
FROM folds JOIN grouped USING (symbol) WHERE model <> 'persistence' GROUP BY model, part HAVING sum(base) > 0
ORDER BY model, part
"""


def by_liquidity(folder: Path) -> tuple[LiquiditySkill, ...]:
    """Each model's skill over fifths of the symbols, the least traded first; none where there are few symbols."""
    rows = ask(folder, _SKILLS.format(groups=GROUPS)).to_pylist()
    if sum(row["symbols"] for row in rows) < AT_LEAST * len({row["model"] for row in rows}):
        return ()
    return tuple(LiquiditySkill(**row) for row in rows)


def liquidity_notes(models: Sequence[ModelRow], skills: Sequence[LiquiditySkill]) -> list[Text]:
    """A word on every recipe that beats persistence on the least traded symbols alone."""
    found = []
    for row in models:
        own = [part.skill for part in skills if part.model == row.name]
        alone = len(own) == GROUPS and own[0] > 0.0 and max(own[1:]) <= 0.0
        if row.kind == "recipe" and row.step == 1 and row.verdict == "beats persistence" and alone:
            found.append(
                Text(
                    "All that {model} gains lies in the least traded fifth of the symbols (skill {first}; in the other fifths "
                    "{low} to {high}). Closes that are seldom traded bounce between bid and ask: that can be forecast, and "
                    "hardly be traded.",
                    model=row.name,
                    first=f"{own[0]:+.4f}",
                    low=f"{min(own[1:]):+.4f}",
                    high=f"{max(own[1:]):+.4f}",
                )
            )
    return found
