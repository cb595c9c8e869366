from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.judging.test_judge import table

from nextclose.core.errors import ForecastsError
from nextclose.judging.table import read_forecasts

NAMES = {"symbol": "unique_id", "target_date": "ds", "yhat": "pred", "y": "actual", "last_close": "before"}


def elsewhere(n=50):
    """A frame with another library's names."""
    made = table(n=n, noise=0.2)
    frame = pd.DataFrame(
        {"unique_id": "A", "ds": made.target_date.astype("datetime64[s]"), "pred": made.yhat, "actual": made.y,
         "model": "LSTM", "before": made.last_close}
    )  # fmt: skip
    return made, frame


def said(given):
    return [str(note) for note in given.notes]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_a_file_from_elsewhere_is_read_by_its_own_names(tmp_path, encoding):
    made, frame = elsewhere()
    path = tmp_path / "예측.csv"
    frame.assign(model="모형").to_csv(path, index=False, encoding=encoding)
    given = read_forecasts(path, NAMES)
    np.testing.assert_allclose(given.table.yhat, made.yhat, rtol=1e-12)
    np.testing.assert_array_equal(given.table.target_date, made.target_date)
    assert given.table.models() == ("모형",)
    assert any("no column step" in note for note in said(given))
    assert any("no column origin" in note for note in said(given))


def test_missing_columns_are_named_with_what_would_help(tmp_path):
    _, frame = elsewhere()
    path = tmp_path / "f.csv"
    frame.to_csv(path, index=False)
    with pytest.raises(ForecastsError, match="lack symbol, target_date, yhat, last_close, y.*--columns symbol="):
        read_forecasts(path)
    with pytest.raises(ForecastsError, match="no column 'prd'.*Did you mean 'pred'"):
        read_forecasts(path, {"yhat": "prd"})
    with pytest.raises(ForecastsError, match="'yhta' is no column.*Did you mean 'yhat'"):
        read_forecasts(path, {"yhta": "pred"})
    without = {name: theirs for name, theirs in NAMES.items() if name != "last_close"}
    with pytest.raises(ForecastsError, match="lack last_close.*--bars SOURCE"):
        read_forecasts(path, without)
    assert np.isnan(read_forecasts(path, without, bars_given=True).table.last_close).all()


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, lambda columns: pl.DataFrame(columns).to_arrow()])
def test_any_table_that_speaks_arrow_is_read(frame):
    made = table(n=40, noise=0.1)
    columns = {name: made.to_pandas()[name] for name in ("symbol", "model", "target_date", "yhat", "last_close", "y")}
    given = read_forecasts(frame(columns))
    np.testing.assert_array_equal(given.table.yhat, made.yhat)
    np.testing.assert_array_equal(given.table.target_date, made.target_date)


def test_a_column_a_model_is_read_with_its_intervals():
    made, frame = elsewhere()
    wide = frame.drop(columns=["model", "pred"]).assign(
        Naive=made.last_close, ARIMA=made.yhat, **{"ARIMA-lo-90": made.yhat - 1.0, "ARIMA-hi-90": made.yhat + 1.0,
                                                   "ARIMA-lo-80": made.yhat - 0.5, "ARIMA-hi-80": made.yhat + 0.5}
    )  # fmt: skip
    given = read_forecasts(wide, NAMES | {"yhat": "Naive+ARIMA"})
    assert given.table.models() == ("Naive", "ARIMA")
    arima = given.table.of("ARIMA")
    np.testing.assert_array_equal(arima.lo, made.yhat - 1.0)
    assert set(arima.level) == {0.9}
    assert np.isnan(given.table.of("Naive").lo).all()
    with pytest.raises(ForecastsError, match="no column 'ARMA'.*Did you mean 'ARIMA'"):
        read_forecasts(wide, NAMES | {"yhat": "Naive+ARMA"})


@pytest.mark.parametrize(
    ("name", "level"),
    [("q0.05", 0.05), ("0.5", 0.5), ("quantile_0.95", 0.95), ("q95", 0.95), ("q97.5", 0.975), (" Q_.1 ", 0.1)],
)
def test_quantile_columns_are_found_by_their_names(name, level):
    made = table(n=40, noise=0.1)
    given = read_forecasts(made.to_pandas().assign(**{name: made.yhat - 1.0}))
    np.testing.assert_array_equal(given.table.quantiles[level], made.yhat - 1.0)
    assert read_forecasts(made.to_pandas().assign(q100=1.0, quality=2.0)).table.quantiles == {}


@pytest.mark.parametrize(
    "written",
    [
        lambda days: days.astype("datetime64[s]").astype(str),
        lambda days: [f"{day}T00:00:00+09:00" for day in days],
        lambda days: [f"{day} 16:00:00-0{4 + i % 2}:00" for i, day in enumerate(days)],
        lambda days: pd.DatetimeIndex(days).tz_localize("Asia/Seoul"),
        lambda days: [int(str(day).replace("-", "")) for day in days],
    ],
)
def test_the_day_that_is_written_is_the_day(written):
    made = table(n=40, noise=0.1)
    frame = made.to_pandas().drop(columns=["origin", "step"]).assign(target_date=written(made.target_date))
    np.testing.assert_array_equal(read_forecasts(frame).table.target_date, made.target_date)


def test_several_rows_a_day_are_refused_and_one_with_a_time_is_not():
    made = table(n=40, noise=0.1)
    hours = pd.DatetimeIndex(made.target_date) + pd.Timedelta(hours=15)
    frame = made.to_pandas().assign(target_date=hours)
    assert any("time of day" in note for note in said(read_forecasts(frame)))
    twice = pd.concat([frame, frame.assign(target_date=hours + pd.Timedelta(hours=1))])
    with pytest.raises(ForecastsError, match="several rows a day"):
        read_forecasts(twice)


def test_korean_codes_keep_their_zeros(tmp_path):
    made = table(n=40, symbol="005930")
    path = tmp_path / "f.csv"
    made.to_pandas().to_csv(path, index=False)
    given = read_forecasts(path)
    assert set(given.table.symbol) == {"005930"}
    made.replace(symbol=np.full(40, "00104K", dtype=object)).to_pandas().to_csv(path, index=False)
    assert set(read_forecasts(path).table.symbol) == {"00104K"}


@pytest.mark.parametrize("content", ["", "a", "symbol,model\n1,2,3\n", "symbol,model,target_date,yhat,last_close,y\n"])
def test_a_file_that_is_no_table_says_so(tmp_path, content):
    from nextclose.judging.judge import judge

    path = tmp_path / "f.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ForecastsError):
        judge(read_forecasts(path).table)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("yhat", "soon", "column 'yhat': expected numbers, got 'soon' in row 4"),
        ("target_date", "someday", "column 'target_date': expected dates"),
        ("step", "0.5", "column 'step': expected whole numbers"),
        ("model", None, "column 'model': 1 rows are empty"),
        ("target_date", None, "1 rows have no date"),
    ],
)
def test_what_does_not_belong_is_told(column, value, said):
    frame = table(n=40).to_pandas().astype({column: object})
    frame[column] = [value if i == 3 else str(was) for i, was in enumerate(frame[column])]
    with pytest.raises(ForecastsError, match=said):
        read_forecasts(frame)


@pytest.mark.parametrize("source", [3, None, "nowhere.csv", ["a"]])
def test_what_is_no_table_is_told(source):
    with pytest.raises(ForecastsError):
        read_forecasts(source)


def test_two_columns_of_one_name_are_refused(tmp_path):
    path = tmp_path / "f.csv"
    made = table(n=40).to_pandas()
    path.write_text("yhat," + made.to_csv(index=False).replace("\n", "\n1.0,", 40), encoding="utf-8")
    with pytest.raises(ForecastsError, match="several columns are called yhat"):
        read_forecasts(path)


def test_an_origin_further_back_than_a_step_is_refused():
    made = table(n=60, noise=0.2)
    far = made.where(np.arange(60) >= 10).replace(origin=made.origin[:50])
    with pytest.raises(ForecastsError, match="no column step, but 49 forecasts look further"):
        read_forecasts(far.to_pandas().drop(columns="step"))
    read_forecasts(made.to_pandas().drop(columns="step"))


def test_names_keep_their_points_and_lose_their_blanks():
    frame = pd.concat(
        [table(n=40).to_pandas().assign(model=0.1), table(n=40).to_pandas().assign(model=0.2, symbol="A ")]
    )
    given = read_forecasts(frame)
    assert given.table.models() == ("0.1", "0.2")
    assert set(given.table.symbol) == {"A"}
