import duckdb
import numpy as np
import pyarrow as pa
import pytest

from nextclose.core.market import LiquiditySkill
from nextclose.market import liquidity


class Row:
    """What the notes look at of a ModelRow."""

    def __init__(self, name, verdict="beats persistence", kind="recipe", step=1):
        self.name, self.verdict, self.kind, self.step = name, verdict, kind, step


def fifths(*skills, model="default"):
    return [
        LiquiditySkill(model=model, part=i + 1, symbols=20, value=1.0, skill=skill) for i, skill in enumerate(skills)
    ]


def asked(symbols, folds):
    def ask(_folder, query):
        with duckdb.connect() as db:
            db.register("symbols", symbols)
            db.register("folds", folds)
            return db.sql(query).to_arrow_table()

    return ask


def tables(count, seed):
    rng = np.random.default_rng(seed)
    names, value = [f"S{i:03d}" for i in range(count)], rng.permutation(count).astype(float)
    lost, base = rng.uniform(0.5, 1.5, (2, count, 2))
    symbols = pa.table({"symbol": names, "status": ["used"] * count, "value": value})
    folds = pa.table({"symbol": np.repeat(names, 2).tolist(), "model": ["default"] * (2 * count),
                      "lost": lost.ravel(), "base": base.ravel()})  # fmt: skip
    return symbols, folds, value, lost.sum(axis=1), base.sum(axis=1)


def test_fifths_pool_the_errors_of_symbols_that_are_traded_alike(monkeypatch, tmp_path):
    symbols, folds, value, lost, base = tables(100, seed=1)
    monkeypatch.setattr(liquidity, "ask", asked(symbols, folds))
    found = liquidity.by_liquidity(tmp_path)
    assert [part.part for part in found] == [1, 2, 3, 4, 5]
    for part, rows in zip(found, np.split(np.argsort(value), 5), strict=True):
        assert part.symbols == 20
        assert part.value == np.median(value[rows])
        assert part.skill == pytest.approx(1.0 - lost[rows].sum() / base[rows].sum(), abs=1e-12)


def test_few_symbols_are_not_divided(monkeypatch, tmp_path):
    symbols, folds, *_ = tables(49, seed=2)
    monkeypatch.setattr(liquidity, "ask", asked(symbols, folds))
    assert liquidity.by_liquidity(tmp_path) == ()


def test_a_gain_on_the_least_traded_alone_is_said():
    (note,) = liquidity.liquidity_notes([Row("default")], fifths(0.0145, -0.0019, -0.0011, -0.0013, -0.0015))
    assert "least traded fifth" in note.render("en")
    assert "+0.0145" in note.render("en")
    assert "-0.0019 to -0.0011" in note.render("en")
    assert "5분의 1" in note.render("ko")


@pytest.mark.parametrize(
    ("row", "skills"),
    [
        (Row("default"), fifths(0.01, 0.001, -0.001, -0.001, -0.001)),
        (Row("default"), fifths(-0.01, -0.001, -0.001, -0.001, -0.001)),
        (Row("default", verdict="no difference found"), fifths(0.01, -0.001, -0.001, -0.001, -0.001)),
        (Row("ridge", kind="baseline"), fifths(0.01, -0.001, -0.001, -0.001, -0.001, model="ridge")),
        (Row("default"), []),
    ],
)
def test_other_gains_are_not(row, skills):
    assert liquidity.liquidity_notes([row], skills) == []
