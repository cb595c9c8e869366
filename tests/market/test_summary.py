"""What a finished run found, from its tables."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.market.conftest import config_of, go_on, market_bars, results, rows_of, run_market, write_set

from nextclose.core.errors import SavedRunError, SettingsError
from nextclose.market.ask import ask
from nextclose.market.config import MarketConfig
from nextclose.market.summary import summarise


def test_the_spread_of_skill_is_that_of_the_metrics(small_run):
    found = summarise(small_run, "en")
    metrics = pq.ParquetFile(small_run / "metrics.parquet").read().to_pandas()
    for spread in found.spreads:
        skill = metrics[metrics.model == spread.model]["skill"]
        assert spread.symbols == len(skill) == 6
        assert spread.median == pytest.approx(np.median(skill))
        assert (spread.p05, spread.p95) == pytest.approx(tuple(np.quantile(skill, [0.05, 0.95])))
        assert spread.positive == pytest.approx(np.mean(skill > 0))
    assert "persistence" not in {spread.model for spread in found.spreads}


def test_best_and_worst_are_the_ends(small_run):
    found = summarise(small_run, "en", top=2)
    metrics = pq.ParquetFile(small_run / "metrics.parquet").read().to_pandas()
    ranked = metrics[metrics.model == "tutorial"].sort_values("skill")["symbol"].tolist()
    assert [row.symbol for row in found.best] == ranked[:-3:-1]
    assert [row.symbol for row in found.worst] == ranked[:2]


def test_survivors_only_is_said_where_nobody_ended_early(tmp_path, small_run):
    assert summarise(small_run, "en").notes[0].startswith("Survivors only")
    assert summarise(small_run, "ko").notes[0].startswith("살아남은")
    every = market_bars(("A", "B", "C"))
    every[1] = rows_of(every[1], slice(0, 100))
    run_market(config_of(write_set(tmp_path / "set.parquet", *every)), tmp_path / "run")
    found = summarise(tmp_path / "run", "en")
    assert found.notes == ("1 of the set's 3 symbols end early, as delisted ones do.",)
    assert found.left_out == {"no-test": 1}


def test_rows_without_a_symbol_are_told(tmp_path):
    import pyarrow as pa
    from tests.market.conftest import table_of

    frame = table_of(*market_bars(("A", "B"))).to_pandas()
    frame.loc[:2, "symbol"] = None
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "set.parquet")
    run_market(config_of(tmp_path / "set.parquet"), tmp_path / "run")
    assert "3 rows of the set name no symbol and are left out." in summarise(tmp_path / "run", "en").notes


def test_filters_count_what_they_took_out(small_set, tmp_path):
    config = config_of(small_set, symbols=["A", "005930", "O'Neil", "BB"], top_by_value=3)
    assert config.skipped == {"symbols": 3, "top-by-value": 1}
    assert config.symbols == len(config.values) == 3
    run_market(config, tmp_path / "run")
    assert summarise(tmp_path / "run", "en").skipped == config.skipped


def test_a_configuration_is_read_as_it_was_written(small_config, tmp_path):
    small_config.write(tmp_path)
    assert MarketConfig.read(tmp_path) == small_config
    assert MarketConfig.read(tmp_path).chosen() == small_config.chosen()


def test_questions_wait_for_the_end(small_config, tmp_path):
    small_config.write(tmp_path)
    with pytest.raises(SavedRunError, match="not finished"):
        ask(tmp_path, "SELECT 1")


def test_a_path_with_quotes_can_be_asked(small_set, tmp_path):
    folder = tmp_path / "it's [mine]"
    run_market(config_of(small_set), folder)
    assert ask(folder, "SELECT count(*) AS n FROM forecasts").to_pylist()[0]["n"] > 0


def test_values_take_the_places_of_question_marks(small_run):
    found = ask(small_run, "SELECT symbol FROM symbols WHERE symbol = ?", ["O'Neil"]).to_pylist()
    assert found == [{"symbol": "O'Neil"}]
    with pytest.raises(SettingsError, match="--sql"):
        ask(small_run, "SELECT ?")


@pytest.mark.parametrize("name", ["metrics.parquet", "forecasts/00001.parquet"])
def test_a_table_that_was_lost_is_made_again(small_config, small_run, tmp_path, name):
    folder = tmp_path / "run"
    run_market(small_config, folder)
    (folder / name).write_bytes(b"") if name.startswith("m") else [path.unlink() for path in folder.glob("forecasts/*")]
    with pytest.raises(SavedRunError, match=r"Delete its result\.json"):
        ask(folder, "SELECT 1")
    (folder / "result.json").unlink()
    go_on(folder)
    assert results(folder) == results(small_run)
