"""Every endpoint over a small ledger, beside the ledger's own rows."""

from __future__ import annotations

import datetime as dt
import io
import json
from functools import partial
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from tests.serve.asking import MODELS, SYMBOLS, Api, begun, day, evening, say

from nextclose.market.ledger.book import first_numbers
from nextclose.market.ledger.entries import VERDICT
from nextclose.serve.answers import FIELDS, make_ahead, symbol_answer
from nextclose.serve.pages import Alive, Health, Problem, SymbolForecasts, Verdict
from nextclose.serve.store import Store


def own_rows(ledger, number):
    """The ledger's rows of an evening, as a list by symbol."""
    tables = [ledger.table(entry) for entry in ledger.of_kind("forecasts") if entry.as_of == str(day(number))]
    return first_numbers(pa.concat_tables(tables)).sort_by("symbol").select(["symbol", *FIELDS])


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_symbols_forecasts_are_the_ledgers_rows(api, ledger, symbol):
    got = api.ask(f"/v1/forecasts/{quote(symbol, safe='')}")
    assert got.status == 200
    page = SymbolForecasts.model_validate_json(got.body)
    assert (page.symbol, str(page.origin), page.entry) == (symbol, str(day(2)), 6)
    rows = own_rows(ledger, 2)
    wanted = rows.filter(pc.equal(rows["symbol"], symbol)).to_pylist()
    told = [{"symbol": symbol} | row.model_dump(exclude={"truth"}) for row in page.forecasts]
    assert told == wanted != []
    assert page.history == []
    assert all(row.truth is None for row in page.forecasts)


def test_a_symbol_without_a_number_says_why_in_both_languages(api, ledger):
    row = api.ask("/v1/forecasts/카카오").page["forecasts"][0]
    assert (row["yhat"], row["status"], row["reason"]) == (None, "suspended", "no trade on the day")
    korean = Api(ledger.folder.parent, lang="ko").ask("/v1/forecasts/카카오").page["forecasts"][0]
    assert korean == row | {"reason": "그날 거래가 없었습니다"}


def test_the_history_brings_truths_in_the_basis_of_their_day(api):
    page = SymbolForecasts.model_validate_json(api.ask("/v1/forecasts/BRK/B?history=59&model=default").body)
    assert [str(row.origin) for row in page.history] == [str(day(1)), str(day(0))]
    split, plain = (row.truth for row in page.history)
    assert (split.y, split.basis, split.last_close) == (51.0, 0.5, 50.0)
    assert (plain.y, plain.basis, plain.actual_date) == (102.0, 1.0, day(1))


def test_one_model_alone(api):
    rows = api.ask("/v1/forecasts/005930?model=persistence").page["forecasts"]
    assert [row["model"] for row in rows] == ["persistence"]


def test_numbers_that_came_later_stand_beside_those_that_were_there(tmp_path):
    ledger = begun(tmp_path / "run")
    say(ledger, 0, *evening(0))
    say(ledger, 0, *[row | {"symbol": "카카오"} for row in evening(0, ["X"])], second=5, statuses={"ok": 5})
    api = Api(tmp_path / "run")
    assert [row["yhat"] for row in api.ask("/v1/forecasts/카카오").page["forecasts"]] == [100.0, 101.0]
    assert [row["yhat"] for row in api.ask("/v1/forecasts/005930").page["forecasts"]] == [100.0, 101.0]
    assert api.ask("/v1/forecasts/005930").page["entry"] == 3
    assert api.ask("/v1/health").page["statuses"] == {"ok": 5}
    table = pq.read_table(io.BytesIO(api.ask("/v1/forecasts.parquet").body))
    assert table.to_pylist() == own_rows(ledger, 0).to_pylist()
    assert len(table) == len(SYMBOLS) * len(MODELS)
    assert table["yhat"].null_count == 0


@pytest.mark.parametrize(("query", "number"), [("", 2), (f"?origin={day(0)}", 0)])
def test_a_parquet_file_holds_the_ledgers_rows(api, ledger, query, number):
    got = api.ask(f"/v1/forecasts.parquet{query}")
    assert got.headers["content-type"] == "application/vnd.apache.parquet"
    table = pq.read_table(io.BytesIO(got.body))
    assert table.to_pylist() == own_rows(ledger, number).to_pylist()


@pytest.mark.parametrize(("query", "number"), [("", 2), (f"?origin={day(1)}", 1)])
def test_csv_holds_the_ledgers_rows(api, ledger, query, number):
    got = api.ask(f"/v1/forecasts.csv{query}")
    assert got.headers["content-type"] == "text/csv; charset=utf-8"
    wanted = own_rows(ledger, number)
    options = pa.csv.ConvertOptions(
        column_types=wanted.schema, strings_can_be_null=True, quoted_strings_can_be_null=False
    )
    assert pa.csv.read_csv(io.BytesIO(got.body), convert_options=options).to_pylist() == wanted.to_pylist()


def test_a_table_of_one_model_in_korean(ledger):
    got = Api(ledger.folder.parent, lang="ko").ask("/v1/forecasts.parquet?model=default")
    table = pq.read_table(io.BytesIO(got.body))
    assert set(table["model"].to_pylist()) == {"default"}
    assert "그날 거래가 없었습니다" in table["reason"].to_pylist()


def test_a_model_that_an_older_evening_lacks(own):
    say(own, 3, *evening(3, models=("default", "new")))
    api = Api(own.folder.parent)
    table = pq.read_table(io.BytesIO(api.ask(f"/v1/forecasts.parquet?origin={day(1)}&model=new").body))
    assert (len(table), table.column_names) == (0, ["symbol", *FIELDS])
    assert api.ask("/v1/forecasts/005930?history=1&model=new").page["history"] == []


def test_the_verdict_is_the_one_that_was_written(api, ledger):
    got = api.ask("/v1/verdict")
    assert got.page == json.loads((ledger.folder / VERDICT).read_text(encoding="utf-8"))
    assert Verdict.model_validate_json(got.body).scored == 16


def test_health_counts(api, ledger):
    page = Health.model_validate_json(api.ask("/v1/health").body)
    assert (str(page.as_of), str(page.target_date)) == (str(day(2)), str(day(3)))
    assert (page.entries, page.head) == (6, ledger.head.hash)
    assert page.statuses == {"ok": 4, "suspended": 1}
    assert page.failures == 0
    assert page.models == list(MODELS)
    assert list(map(str, page.origins)) == [str(day(2)), str(day(1)), str(day(0))]
    assert page.problem is None


@pytest.mark.parametrize(("hours", "status"), [(0, "ok"), (62, "ok"), (63, "stale")])
def test_forecasts_grow_stale_a_day_after_their_session(api, hours, status):
    from nextclose.serve.health import health_answer

    now = dt.datetime.combine(day(2), dt.time(9, 30), tzinfo=dt.UTC) + dt.timedelta(hours=hours)
    page = json.loads(health_answer(api.store, known=True, lang="en", now=now))
    assert (page["status"], page["age_seconds"]) == (status, 3600.0 * hours)


def test_without_a_target_date_the_record_grows_old(tmp_path):
    from nextclose.serve.health import health_answer

    ledger = begun(tmp_path / "run")
    say(ledger, 0, *evening(0, target_date=None))
    entry = ledger.entries[-1]
    ledger.append("forecasts", ledger.table(entry), as_of=entry.as_of, page={"target_dates": [None]})
    store = Api(tmp_path / "run").store
    recorded = dt.datetime.fromisoformat(ledger.head.recorded_at)
    for days, status in ((4, "ok"), (5, "stale")):
        page = json.loads(health_answer(store, known=True, lang="en", now=recorded + dt.timedelta(days=days)))
        assert (page["status"], page["target_date"]) == (status, None)


def test_an_empty_ledger_answers_that_it_is(tmp_path):
    begun(tmp_path / "run")
    api = Api(tmp_path / "run")
    page = Health.model_validate_json(api.ask("/v1/health").body)
    assert (page.status, page.as_of, page.entries, page.origins) == ("empty", None, 1, [])
    for path in ("/v1/forecasts/005930", "/v1/forecasts.csv", "/v1/verdict"):
        got = api.ask(path)
        assert got.status == 404, path
        assert Problem.model_validate_json(got.body)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/v1/forecasts/05930", 404, "no forecasts of '05930'. Did you mean '005930'? The ledger holds 5 symbols."),
        ("/v1/forecasts/brk/b", 404, "Did you mean 'BRK/B'?"),
        ("/v1/forecasts/nothing", 404, "no forecasts of 'nothing'. The"),
        ("/v1/forecasts/005930?model=defualt", 422, "expected one of default, persistence, got 'defualt'. Did you"),
        ("/v1/forecasts/005930?history=60", 422, "history: expected a whole number from 0 to 59"),
        ("/v1/forecasts/005930?history=x", 422, "history: expected a whole number from 0 to 59"),
        ("/v1/forecasts/" + "9" * 65, 422, "symbol: expected at most 64 letters"),
        ("/v1/forecasts.csv?origin=2020-01-01", 422, "There are 3 origins, from 2025-10-20 to 2025-10-22"),
        ("/v1/forecasts.csv?origin=yesterday-evening", 422, "origin: expected at most 10 letters"),
        ("/v1/forecasts.json", 404, "no such path"),
        ("/v1/verdict/", 404, "no such path"),
        ("/docs", 404, "no such path"),
        ("/v1/forecasts/" + "9" * 1100, 414, "longer than 1024 bytes"),
    ],
)
def test_errors_say_what_was_expected(api, path, status, said):
    got = api.ask(path)
    assert got.status == status
    assert said in Problem.model_validate_json(got.body).error


def test_errors_speak_korean(ledger):
    api = Api(ledger.folder.parent, lang="ko")
    assert api.ask("/v1/forecasts/05930").page["error"].startswith("'05930'의 예측이 없습니다.")
    assert "정수" in api.ask("/v1/forecasts/005930?history=x").page["error"]
    assert "읽기 전용" in api.ask("/v1/verdict", "POST").page["error"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_can_be_written(api, method):
    got = api.ask("/v1/forecasts/005930", method)
    assert (got.status, got.headers["allow"]) == (405, "GET, HEAD")
    assert method in Problem.model_validate_json(got.body).error


def test_a_body_is_refused(api):
    for headers in ({"content_length": "9"}, {"transfer_encoding": "chunked"}):
        got = api.ask("/v1/verdict", **headers)
        assert (got.status, got.headers["connection"]) == (413, "close")
    assert api.ask("/v1/verdict", content_length="0").status == 200


@pytest.mark.parametrize("path", ["/v1/forecasts/005930", "/v1/forecasts.csv", "/v1/verdict", "/v1/health", "/nowhere"])
def test_head_is_get_without_the_body(api, path):
    got, head = api.ask(path), api.ask(path, "HEAD")
    assert (head.status, head.body) == (got.status, b"")
    assert {**head.headers, "content-length": ""} == {**got.headers, "content-length": ""}


@pytest.mark.parametrize("path", ["/v1/forecasts/005930", "/v1/forecasts.parquet", "/v1/forecasts.csv", "/v1/verdict"])
def test_who_has_an_answer_is_told_that_it_is_so_still(api, path):
    tag = api.ask(path).headers["etag"]
    for sent in (tag, f"W/{tag}", f'"other", {tag}'):
        again = api.ask(path, if_none_match=sent)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert api.ask(path, if_none_match='"other"').status == 200


def test_a_new_entry_or_verdict_changes_the_tag(own):
    api = Api(own.folder.parent)
    tags = [api.ask("/v1/verdict").headers["etag"]]
    say(own, 3, *evening(3))
    api.store.refresh()
    tags.append(api.ask("/v1/verdict").headers["etag"])
    (own.folder / VERDICT).write_text('{"as_of": "2025-10-23"}', encoding="utf-8")
    api.store.refresh()
    tags.append(api.ask("/v1/verdict").headers["etag"])
    assert len(set(tags)) == 3


def test_a_token_is_asked_for(ledger):
    api = Api(ledger.folder.parent, token="s3cret")
    paths = ("/", "/v1/forecasts/005930", "/v1/forecasts.csv", "/v1/verdict", "/openapi.json", "/nowhere")
    for path in paths:
        for sent in (None, "Bearer s3cre", "Bearer s3crett", "Bearer", "Basic s3cret", "s3cret", "Bearer \xe9"):
            got = api.ask(path, authorization=sent)
            assert (got.status, got.headers["www-authenticate"]) == (401, "Bearer")
            assert Problem.model_validate_json(got.body)
        assert api.ask(path, authorization="Bearer s3cret").status in (200, 404)
    assert api.ask("/v1/verdict", authorization="bearer s3cret").status == 200


def test_strangers_learn_only_whether_it_lives(ledger):
    api = Api(ledger.folder.parent, token="s3cret")
    assert Alive.model_validate_json(api.ask("/v1/health").body).status == "stale"
    assert "head" in api.ask("/v1/health", authorization="Bearer s3cret").page


def test_a_foreign_name_is_refused(api, ledger):
    for host in ("evil.example", "127.0.0.1.evil.example", "10.0.0.7:8000", None):
        got = api.ask("/v1/health", host=host)
        assert got.status == 403
        assert "is not called" in Problem.model_validate_json(got.body).error
    assert api.ask("/v1/health", host="[::1]:8000").status == 200
    assert Api(ledger.folder.parent, names=None).ask("/v1/health", host="box.example").status == 200


def test_the_index_names_the_paths_of_the_document(api):
    paths = api.ask("/").page["paths"]
    assert {*api.ask("/openapi.json").page["paths"]} == {*paths} - {"/openapi.json"}


def test_a_snapshot_is_served_with_what_is_asked_most_made_already(ledger):
    snapshot = Store(ledger.folder.parent, partial(make_ahead, lang="en")).snapshot
    assert snapshot.symbols
    for symbol in snapshot.symbols:
        assert snapshot.small.get((symbol, None, 0)) == symbol_answer(snapshot, symbol, None, 0, "en")
