"""From measures to the rows that a reader is given: verdicts over a family of models, and a sentence each."""

from __future__ import annotations

from collections.abc import Sequence

from nextclose.core.lang import Lang
from nextclose.core.results import ModelRow, SymbolRow
from nextclose.judging.row import Measured
from nextclose.judging.sentence import sentence, symbols_sentence
from nextclose.judging.verdict import Ruling, rule


def model_rows(measured: Sequence[Measured], symbols: Sequence[Sequence[SymbolRow]], lang: Lang) -> list[ModelRow]:
    """Rule on each kind together, and write each row; `symbols` are each model's rows of single symbols, if any."""
    plainer = [row for row in measured if row.kind == "baseline"]
    rulings: dict[str, Ruling] = {}
    for kind in ("recipe", "baseline"):
        family = [row for row in measured if row.kind == kind]
        rulings |= {row.name: ruling for row, ruling in zip(family, rule(family), strict=True)}
    return [_row(row, rulings[row.name], plainer, own, lang) for row, own in zip(measured, symbols, strict=True)]


def any_beats(rows: Sequence[ModelRow]) -> bool:
    """Whether some recipe is found better than persistence."""
    return any(row.kind == "recipe" and row.verdict == "beats persistence" for row in rows)


def _row(
    row: Measured, ruling: Ruling, plainer: Sequence[Measured], symbols: Sequence[SymbolRow], lang: Lang
) -> ModelRow:
    said = [sentence(row, ruling, plainer, lang)]
    if symbols and not row.is_persistence:
        said.append(symbols_sentence(symbols).render(lang))
    return ModelRow(
        name=row.name,
        kind=row.kind,
        step=row.step,
        n=row.n,
        sessions=row.sessions,
        symbols=row.symbols,
        rmse=row.rmse,
        rmse_ratio=row.rmse_ratio,
        mae=row.mae,
        mape=row.mape,
        rmse_e=row.rmse_e,
        mae_e=row.mae_e,
        skill=row.skill,
        skill_lo=row.skill_lo,
        skill_hi=row.skill_hi,
        relative_mae=row.relative_mae,
        directional_accuracy=row.directional_accuracy,
        always_up=row.always_up,
        ties=row.ties,
        dm=row.dm.two_sided(lang),
        dm_abs=row.dm_abs.two_sided(lang),
        cw=row.cw.one_sided(lang),
        pt=row.pt.two_sided(lang),
        mz=row.mz.told(lang),
        shift=None if row.copying is None else row.copying.told(row.mz, lang),
        rejudged=row.rejudged,
        coverage=row.coverage,
        level=row.level,
        interval_width=row.interval_width,
        interval_score=row.interval_score,
        pinball=row.pinball,
        brier=row.brier,
        brier_base=row.brier_base,
        verdict=ruling.verdict,
        information=ruling.information,
        pvalue_adjusted=ruling.pvalue,
        information_pvalue=ruling.cw_pvalue,
        wanders=row.wanders,
        sentence=" ".join(said),
        rmse_by_seed=row.rmse_by_seed,
        rmse_ratio_by_seed=row.rmse_ratio_by_seed,
        reasons={name: reason.render(lang) for name, reason in row.reasons().items()},
    )
