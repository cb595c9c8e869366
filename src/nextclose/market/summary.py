"""A finished run in numbers: the verdict over all symbols, how skill spreads over them, the best and the worst."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nextclose.core.errors import BarsError
from nextclose.core.lang import Lang, Text
from nextclose.core.market import MarketSummary, RankedSymbol, SkillSpread
from nextclose.core.plain import rebuild
from nextclose.market.ask import ask
from nextclose.market.config import MarketConfig
from nextclose.market.judgement import judge_run
from nextclose.market.liquidity import by_liquidity, liquidity_notes
from nextclose.report.market_words import kind_word

_SPREADS = """
SELECT model, any_value(kind) AS kind, count(*) AS symbols,
    quantile_cont(skill, 0.05) AS p05, quantile_cont(skill, 0.25) AS p25, median(skill) AS median,
    quantile_cont(skill, 0.75) AS p75, quantile_cont(skill, 0.95) AS p95,
    count(*) FILTER (WHERE skill > 0) / count(*) AS positive,
    count(*) FILTER (WHERE verdict = 'beats persistence') AS better,
    count(*) FILTER (WHERE verdict = 'worse than persistence') AS worse,
    count(*) FILTER (WHERE information = 'seen') AS informed
FROM metrics WHERE step = 1 AND model <> 'persistence' AND skill IS NOT NULL
GROUP BY model ORDER BY kind DESC, median DESC, model
"""
_RANKED = """
SELECT model, symbol, n, skill, skill_lo, skill_hi, pvalue_adjusted, verdict
FROM metrics WHERE step = 1 AND kind = 'recipe' AND skill IS NOT NULL AND {which}
QUALIFY row_number() OVER (PARTITION BY model ORDER BY skill {way}, symbol) <= ?
ORDER BY model, skill {way}, symbol
"""
_EVERY = 1 << 31


def summarise(folder: Path, lang: Lang, *, top: int = 5) -> MarketSummary:
    """What a finished run found.

    Raises
    ------
    SavedRunError : no finished run there.
    BarsError : none of its symbols could be used.
    """
    config = MarketConfig.read(folder)
    left_out = _counts(
        folder, "SELECT kind, count(*) FROM symbols WHERE status <> 'used' GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    used = _counts(folder, "SELECT status, count(*) FROM symbols GROUP BY 1").get("used", 0)
    if not used:
        raise BarsError(
            'none of {count} symbols could be used ({kinds}). nextclose market summary {folder} --sql "SELECT symbol, reason '
            'FROM symbols" says why of each.',
            count=config.symbols,
            folder=folder,
            kinds=", ".join(f"{kind_word(kind, lang)} {count}" for kind, count in left_out.items()),
        )
    judged, liquidity = judge_run(folder, config, lang), by_liquidity(folder)
    spans, told = config.spans, [*liquidity_notes(judged.models, liquidity), *notes(config)]
    return MarketSummary(
        folder=str(folder),
        source=config.source,
        scope=config.scope,
        train_start=spans.train_start,
        train_end=spans.train_end,
        test_start=spans.test_start,
        test_end=spans.test_end,
        sessions=len(spans.sessions),
        used=used,
        left_out=left_out,
        skipped=config.skipped,
        in_set=config.in_set,
        ended_early=config.ended_early,
        faults=_counts(folder, 'SELECT kind, sum("count")::BIGINT FROM faults GROUP BY 1 ORDER BY 2 DESC, 1'),
        models=judged.models,
        contests=judged.contests,
        rivals=judged.rivals,
        spreads=tuple(rebuild(SkillSpread, row) for row in _rows(folder, _SPREADS)),
        liquidity=liquidity,
        best=_ranked(folder, "true", "DESC", top),
        worst=_ranked(folder, "true", "ASC", top),
        survivors=_ranked(folder, "verdict = 'beats persistence'", "DESC", _EVERY),
        notes=tuple(note.render(lang) for note in told),
    )


def notes(config: MarketConfig) -> list[Text]:
    """What the reader must know before any number."""
    unnamed = [Text("{count} rows of the set name no symbol and are left out.", count=f"{config.unnamed:,}")]
    return [_survival(config), *(unnamed if config.unnamed else [])]


def _survival(config: MarketConfig) -> Text:
    if config.ended_early == 0:
        return Text(
            "Survivors only: no symbol of this set ends before the set does, so companies that failed or were delisted "
            "are missing. Skill against persistence is hardly touched by that; average returns are."
        )
    return Text(
        "{count} of the set's {all} symbols end early, as delisted ones do.",
        count=config.ended_early,
        all=config.in_set,
    )


def _ranked(folder: Path, which: str, way: str, most: int) -> tuple[RankedSymbol, ...]:
    rows = _rows(folder, _RANKED.format(which=which, way=way), most)
    return tuple(rebuild(RankedSymbol, row) for row in rows)


def _rows(folder: Path, query: str, *values: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ask(folder, query, values).to_pylist()
    return rows


def _counts(folder: Path, query: str) -> dict[str, int]:
    answer = ask(folder, query)
    return {
        str(name): int(count) for name, count in zip(*(column.to_pylist() for column in answer.columns), strict=True)
    }
