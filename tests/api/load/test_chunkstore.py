"""Finished pieces on disk: whole, or not there."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.api.load.chunks import Piece
from hexoframe.api.load.chunkstore import Shelf
from hexoframe.formats.wire.answers import DatatypeSamples as Samples

PAGE = Piece(kind="json", datatypes=(19, 4113, 4129), start=1000, end=2000)
PART = Piece(kind="zip", datatypes=(), start=1000, end=2000)


def samples(ticks, values):
    return Samples(np.array(ticks, dtype=np.int64), np.array(values, dtype=np.float64))


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)


def put_part(shelf, content=b"a part of an export"):
    shelf.path(PART).write_bytes(content)
    shelf.finish(PART)


def test_a_page_is_there_for_another_process_and_another_day(shelf, tmp_path):
    assert not shelf.has(PAGE)
    shelf.put(PAGE, {19: samples([1000, 1256], [70, 71.5])})
    later = Shelf(tmp_path)
    assert later.has(PAGE)
    found = later.get(PAGE, [19])
    assert found[19].ticks.tolist() == [1000, 1256]
    assert found[19].values.tolist() == [70, 71.5]


stamps = st.lists(st.integers(0, 2**50), max_size=20)
numbers = st.floats(allow_infinity=False, width=64)


@given(st.dictionaries(st.integers(1, 99_999), stamps, max_size=6), st.data())
def test_samples_come_back_to_the_last_bit(tmp_path_factory, pages, data):
    given_samples = {
        number: samples(
            ticks,
            data.draw(st.lists(numbers, min_size=len(ticks), max_size=len(ticks))),
        )
        for number, ticks in pages.items()
    }
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    shelf.put(PAGE, given_samples)
    assert shelf.counts([PAGE]) == {
        n: len(held.ticks) for n, held in given_samples.items()
    }
    found = shelf.get(PAGE, list(given_samples))
    assert found.keys() == given_samples.keys()
    for number, held in given_samples.items():
        assert found[number].ticks.dtype == np.int64
        assert found[number].values.dtype == np.float64
        assert found[number].ticks.tobytes() == held.ticks.tobytes()
        assert np.array_equal(found[number].values, held.values, equal_nan=True)
        found[number].values[:] = 0  # it is the caller's to change


def test_only_what_is_asked_for_is_read_and_what_is_not_there_is_not(shelf):
    shelf.put(PAGE, {19: samples([1], [2]), 4113: samples([], [])})
    assert shelf.get(PAGE, [19, 36]).keys() == {19}
    assert shelf.get(PAGE, [36]) == {}
    assert shelf.get(PAGE, []) == {}
    assert len(shelf.get(PAGE, [4113])[4113].ticks) == 0


def test_a_page_without_samples_is_a_page(shelf, tmp_path):
    shelf.put(PAGE, {})
    assert Shelf(tmp_path).has(PAGE)
    assert shelf.counts([PAGE]) == {}
    assert shelf.get(PAGE, [19]) == {}


def test_stamps_that_were_shared_are_shared_again(shelf):
    ticks = np.arange(5, dtype=np.int64)
    shelf.put(
        PAGE, {4129: Samples(ticks, np.zeros(5)), 4130: Samples(ticks, np.ones(5))}
    )
    found = shelf.get(PAGE, [4129, 4130])
    assert found[4129].ticks is found[4130].ticks


def test_counts_are_those_of_all_pages(shelf):
    other = Piece(kind="json", datatypes=(19,), start=2000, end=3000)
    shelf.put(PAGE, {19: samples([1, 2], [1, 2])})
    shelf.put(other, {19: samples([3], [3]), 36: samples([3], [3])})
    assert shelf.counts([PAGE, other]) == {19: 3, 36: 1}
    assert shelf.counts([]) == {}


# -- what is not whole -----------------------------------------------------------------


def test_a_part_without_its_checksum_is_not_there(shelf):
    shelf.path(PART).write_bytes(b"killed before the end")
    assert not shelf.has(PART)
    shelf.finish(PART)
    assert shelf.has(PART)


def test_a_checksum_without_its_file_is_nothing(shelf, tmp_path):
    put_part(shelf)
    shelf.path(PART).unlink()
    assert not Shelf(tmp_path).has(PART)


@pytest.mark.parametrize("spoil", ["file", "mark", "mark is binary"])
def test_what_was_damaged_since_is_fetched_again(shelf, tmp_path, caplog, spoil):
    put_part(shelf)
    mark = next(tmp_path.glob("*.sha256"))
    if spoil == "file":
        shelf.path(PART).write_bytes(b"a part of an expert")
    elif spoil == "mark":
        mark.write_text("0" * 64)
    else:
        mark.write_bytes(b"\xff\xfe")
    later = Shelf(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert not later.has(PART)
    if spoil != "mark is binary":
        assert "fetched again" in caplog.text
        assert not later.path(PART).exists()
    put_part(later)
    assert Shelf(tmp_path).has(PART)


def test_a_piece_is_compared_once(shelf, tmp_path):
    put_part(shelf)
    later = Shelf(tmp_path)
    assert later.has(PART)
    shelf.path(PART).write_bytes(b"nobody looks again")
    assert later.has(PART)


def test_what_is_dropped_is_gone(shelf, tmp_path):
    put_part(shelf)
    shelf.drop(PART)
    assert not shelf.has(PART)
    assert list(tmp_path.iterdir()) == []
    shelf.drop(PART)  # once more is no harm


def test_pieces_of_one_window_are_told_apart(shelf):
    others = [
        Piece(kind="zip", datatypes=(19,), start=1000, end=2000),
        Piece(kind="zip", datatypes=(), start=1000, end=2000, whole=True),
        Piece(kind="json", datatypes=(19,), start=1000, end=2000),
        Piece(kind="json", datatypes=(19,), start=1000, end=2001),
        PAGE,
        PART,
    ]
    assert len({shelf.path(piece) for piece in others}) == len(others)
    put_part(shelf)
    assert [shelf.has(piece) for piece in others] == [False] * 5 + [True]


def test_nothing_half_written_is_left_over(shelf, tmp_path):
    shelf.put(PAGE, {19: samples([1], [1])})
    put_part(shelf)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [
        ".arrow",
        ".sha256",
        ".sha256",
        ".zip",
    ]
