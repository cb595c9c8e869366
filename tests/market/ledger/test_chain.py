"""A ledger is added to at its end, and whatever is changed in it shows."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from tests.market.ledger.conftest import at, bare_run, forecast, rows

from nextclose.core.errors import SavedRunError
from nextclose.market.ledger import chain as module
from nextclose.market.ledger.chain import Ledger, LedgerError
from nextclose.market.ledger.entries import CHAIN, HEAD
from nextclose.market.ledger.lines import canonical, hash_of, sealed, to_line


def run_of(ledger):
    return ledger.folder.parent


def lines_of(ledger):
    return (ledger.folder / CHAIN).read_bytes().splitlines(keepends=True)


def write_lines(ledger, lines, *, head=True):
    (ledger.folder / CHAIN).write_bytes(b"".join(lines))
    if head:
        (ledger.folder / HEAD).unlink()


def first_misfit(ledger):
    with pytest.raises(LedgerError) as caught:
        Ledger.open(run_of(ledger))
    return caught.value.values.get("entry")


def add_one(ledger, **more):
    return ledger.append("forecasts", rows("forecasts", forecast()), as_of="2024-02-02", page={}, now=at(9), **more)


def test_what_was_written_is_read_again(filled):
    again = Ledger.open(run_of(filled))
    assert again.entries == filled.entries
    assert [entry.kind for entry in again.entries] == ["opened", *["forecasts", "truths"] * 3]
    assert again.entries[2].page == {"note": "삼성"}
    assert again.entries[1].recorded_at == "2024-01-02T18:00:00Z"
    assert json.loads((filled.folder / HEAD).read_text())["hash"] == filled.entries[-1].hash


def test_it_is_bound_to_its_run(ledger):
    run = run_of(ledger)
    page = ledger.entries[0].page
    assert page["manifest"] == hash_of((run / "manifest.json").read_bytes())
    assert page["result"] == hash_of((run / "result.json").read_bytes())
    assert page["recipes"] == ["net"]


@pytest.mark.parametrize("name", ["manifest.json", "result.json"])
def test_in_another_run_it_does_not_fit(filled, name):
    (run_of(filled) / name).write_bytes(b"{}")
    assert first_misfit(filled) == 1
    (run_of(filled) / name).unlink()
    assert Ledger.open(run_of(filled)).entries == filled.entries


def test_it_is_begun_once(filled):
    assert Ledger.begin(run_of(filled), now=at(5)).entries == filled.entries


def test_a_run_that_is_not_finished_has_none(tmp_path):
    run = bare_run(tmp_path / "run")
    (run / "result.json").unlink()
    with pytest.raises(SavedRunError, match="not finished"):
        Ledger.begin(run)
    with pytest.raises(LedgerError, match="no ledger yet"):
        Ledger.open(run)


def test_a_table_that_the_run_did_not_finish_with_opens_none(tmp_path):
    run = bare_run(tmp_path / "run")
    (run / "sessions.parquet").write_bytes(b"other")
    with pytest.raises(SavedRunError, match="not the one that the run finished with"):
        Ledger.begin(run)


def test_the_same_rows_at_the_same_time_are_the_same_ledger(filled, tmp_path):
    other = Ledger.begin(bare_run(tmp_path / "other"), now=at())
    for entry in filled.entries[1:]:
        seconds = int(entry.recorded_at[-3:-1])
        other.append(entry.kind, filled.table(entry), as_of=entry.as_of, page=entry.page, now=at(seconds))
    assert other.entries == filled.entries


@pytest.mark.parametrize("place", ["chain", "file", "head"])
def test_a_flipped_byte_anywhere_shows(filled, tmp_path, place):
    rng = np.random.default_rng(["chain", "file", "head"].index(place))
    for number in range(150):
        copy = tmp_path / f"{number}"
        shutil.copytree(run_of(filled), copy)
        every = sorted((copy / "ledger").glob("*.parquet"))
        path = (
            every[rng.integers(len(every))]
            if place == "file"
            else copy / "ledger" / {"chain": CHAIN, "head": HEAD}[place]
        )
        content = bytearray(path.read_bytes())
        position = int(rng.integers(len(content)))
        content[position] ^= int(rng.integers(1, 256))
        path.write_bytes(content)
        with pytest.raises(LedgerError) as caught:
            Ledger.open(copy)
        if place == "file":
            assert caught.value.values["entry"] == int(path.name[:6])
        shutil.rmtree(copy)


def test_a_flipped_byte_in_the_chain_is_told_with_its_entry(filled):
    lines = lines_of(filled)
    for number, line in enumerate(lines):
        for position in range(0, len(line) - 1, 7):
            changed = bytes([*line[:position], line[position] ^ 1, *line[position + 1 :]])
            if b"\n" not in changed[:-1]:
                (filled.folder / CHAIN).write_bytes(b"".join([*lines[:number], changed, *lines[number + 1 :]]))
                assert first_misfit(filled) == number + 1


@pytest.mark.parametrize("number", range(6))
def test_an_entry_that_is_taken_out_shows(filled, number):
    lines = lines_of(filled)
    write_lines(filled, lines[:number] + lines[number + 1 :])
    assert first_misfit(filled) == number + 1


@pytest.mark.parametrize("number", range(6))
def test_entries_that_change_places_show(filled, number):
    lines = lines_of(filled)
    lines[number], lines[number + 1] = lines[number + 1], lines[number]
    write_lines(filled, lines)
    assert first_misfit(filled) == number + 1


@pytest.mark.parametrize("number", range(1, 7))
def test_an_entry_that_is_put_in_shows(filled, number):
    lines = lines_of(filled)
    write_lines(filled, [*lines[:number], lines[number - 1], *lines[number:]])
    assert first_misfit(filled) == number + 1


@pytest.mark.parametrize("number", range(6))
def test_an_entry_that_is_written_anew_with_its_hash_shows_in_the_next(filled, number):
    lines, entry = lines_of(filled), filled.entries[number]
    lines[number] = to_line(sealed(type(entry)(**(entry.__dict__ | {"as_of": "2030-01-01"}))))
    write_lines(filled, lines)
    assert first_misfit(filled) == number + 2


def test_the_same_value_in_other_letters_is_another_line(filled):
    lines = lines_of(filled)
    assert b"1e-07" in lines[1]
    lines[1] = lines[1].replace(b"1e-07", b"1E-07")
    write_lines(filled, lines)
    assert first_misfit(filled) == 2


def test_a_file_that_is_gone_shows(filled):
    (filled.folder / "000004-forecasts.parquet").unlink()
    assert first_misfit(filled) == 4


def test_a_second_opening_is_none(filled):
    first = filled.entries[0]
    filled.append("opened", filled.table(first), as_of="x", page={}, now=at())
    assert first_misfit(filled) == 8


def test_an_entry_cannot_point_to_another_file(filled):
    lines, entry = lines_of(filled), filled.entries[-1]
    lines[-1] = to_line(sealed(type(entry)(**(entry.__dict__ | {"file": "000005-truths.parquet"}))))
    write_lines(filled, lines)
    with pytest.raises(LedgerError, match="names the file of another entry"):
        Ledger.open(run_of(filled), verify=False)


def test_an_entry_has_its_number(filled):
    lines, entry = lines_of(filled), filled.entries[-1]
    lines[-1] = to_line(sealed(type(entry)(**(entry.__dict__ | {"entry": 9, "file": None}))))
    write_lines(filled, lines)
    assert first_misfit(filled) == 7


def test_without_verification_the_lines_alone_are_looked_at(filled):
    (filled.folder / "000004-forecasts.parquet").write_bytes(b"other")
    opened = Ledger.open(run_of(filled), verify=False)
    assert len(opened.entries) == 7
    with pytest.raises(LedgerError, match="entry 4"):
        opened.table(opened.entries[3])


def test_an_end_that_is_cut_off_shows_by_the_head(filled):
    write_lines(filled, lines_of(filled)[:5], head=False)
    assert first_misfit(filled) == 6


def test_an_end_that_is_cut_off_with_the_head_shows_by_a_hash_noted_elsewhere(filled):
    noted = filled.head.hash
    assert filled.expect(noted[:12].upper()) == filled.entries[-1]
    write_lines(filled, lines_of(filled)[:5])
    cut = Ledger.open(run_of(filled))
    with pytest.raises(LedgerError, match="cut off"):
        cut.expect(noted)
    assert cut.expect(cut.entries[2].hash).entry == 3


@pytest.mark.parametrize("digest", ["", "0123456"])
def test_a_hash_of_too_few_digits_says_nothing(filled, digest):
    with pytest.raises(LedgerError, match="8 digits"):
        filled.expect(digest or filled.head.hash[:7])


def test_what_a_kill_leaves_does_not_count(filled):
    (filled.folder / CHAIN).write_bytes(b"".join(lines_of(filled)) + b'{"as_of":"2024-0')
    (filled.folder / "000008-forecasts.parquet").write_bytes(b"half")
    again = Ledger.open(run_of(filled))
    assert again.entries == filled.entries
    add_one(again)
    assert len(Ledger.open(run_of(filled)).entries) == 8


@pytest.mark.parametrize("writes", range(4))
def test_a_kill_at_any_write_leaves_the_ledger_as_before_or_after(filled, monkeypatch, writes):
    """Two writes and a head: the Parquet file, the chain, head.json."""
    before, left = len(filled.entries), [writes]

    def killed(write):
        def counted(path, content):
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            write(path, content)

        return counted

    monkeypatch.setattr(module, "write_bytes", killed(module.write_bytes))
    monkeypatch.setattr(module, "write_text", killed(module.write_text))
    if writes < 3:
        with pytest.raises(KeyboardInterrupt):
            add_one(filled)
    else:
        add_one(filled)
    monkeypatch.undo()
    again = Ledger.open(run_of(filled))
    assert len(again.entries) == before + (writes >= 2)
    again.publish()
    assert json.loads((filled.folder / HEAD).read_text())["entries"] == len(again.entries)


def test_readers_are_told_when_asked_to(filled):
    known = (filled.folder / HEAD).read_bytes()
    add_one(filled, publish=False)
    assert (filled.folder / HEAD).read_bytes() == known
    filled.publish()
    assert json.loads((filled.folder / HEAD).read_text())["entries"] == 8
    assert Ledger.open(run_of(filled)).head == filled.head


def test_two_writers_do_not_overwrite_each_other(filled):
    other = Ledger.open(run_of(filled))
    add_one(filled)
    with pytest.raises(LedgerError, match="somebody else"):
        add_one(other)
    assert len(Ledger.open(run_of(filled)).entries) == 8


def test_a_reader_reads_only_what_is_new(filled, monkeypatch):
    reader = Ledger.open(run_of(filled))
    assert reader.reload() is reader
    add_one(filled)
    hashed = []
    monkeypatch.setattr(module, "hash_of", lambda content: hashed.append(content) or hash_of(content))
    later = reader.reload()
    assert later.entries == filled.entries
    assert len(hashed) == 1
    assert len(reader.entries) == 7


def test_a_reader_sees_that_what_it_knew_was_changed(filled):
    reader, lines = Ledger.open(run_of(filled)), lines_of(filled)
    (filled.folder / CHAIN).write_bytes(b"".join(lines[:4]))
    with pytest.raises(LedgerError) as caught:
        reader.reload()
    assert caught.value.values["entry"] == 5
    (filled.folder / CHAIN).write_bytes(b"".join(lines).replace("삼성".encode(), "서울".encode()))
    with pytest.raises(LedgerError) as caught:
        reader.reload()
    assert caught.value.values["entry"] == 3


def test_a_reader_sees_that_a_new_file_is_not_the_one_that_was_written(filled):
    reader = Ledger.open(run_of(filled))
    add_one(filled)
    (filled.folder / "000008-forecasts.parquet").write_bytes(b"other")
    with pytest.raises(LedgerError, match="entry 8"):
        reader.reload()


def test_what_is_not_known_is_null(filled):
    table = filled.table(filled.entries[1])
    assert table["yhat"].to_pylist() == [101.0, None]


def test_canonical_json_is_one_text_for_one_value():
    assert canonical({"b": 1.0, "a": (1, float("nan"))}) == '{"a":[1,null],"b":1.0}'
