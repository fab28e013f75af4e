"""Chunks: query, key, halves; and finished ones on disk: whole, or not there."""

from __future__ import annotations

import hashlib
import logging
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.api.load.chunks import Chunk, ChunkStore, split
from hexoframe.errors import ConfigurationError
from hexoframe.formats.wire.answers import DatatypeSamples

PAGE = Chunk(kind="json", datatypes=(19, 4113, 4129), start=1000, end=2000)
PART = Chunk(kind="zip", datatypes=(), start=1000, end=2000)


def samples(ticks, values):
    return DatatypeSamples(
        np.array(ticks, dtype=np.int64), np.array(values, dtype=np.float64)
    )


def test_a_query_names_record_datatypes_and_window():
    chunk = Chunk(kind="json", datatypes=(19, 33), start=256, end=512)
    assert chunk.query(5) == {
        "record": "5", "datatype": "19,33", "start": "256", "end": "512",
    }  # fmt: skip
    assert chunk.window == (256, 512)
    whole = Chunk(kind="zip", datatypes=(), start=256, end=512, whole=True)
    assert whole.query(5) == {"record": "5"}


@given(st.integers(2, 50), st.integers(50, 10**7))
def test_parts_of_a_page_cover_it_and_are_of_one_length(parts, length):
    chunk = Chunk(kind="json", datatypes=(18,), start=1000, end=1000 + length)
    chunks = split(chunk, parts)
    assert len(chunks) == parts
    assert (chunks[0].start, chunks[-1].end) == (chunk.start, chunk.end)
    assert all(before.end == after.start for before, after in pairwise(chunks))
    lengths = [part.end - part.start for part in chunks]
    assert max(lengths) - min(lengths) <= 1
    assert {(part.kind, part.datatypes) for part in chunks} == {("json", (18,))}


def test_what_cannot_be_split_is_refused():
    chunk = Chunk(kind="json", datatypes=(18,), start=1000, end=1001)
    with pytest.raises(ConfigurationError, match="1 ticks"):
        split(chunk)
    with pytest.raises(ConfigurationError, match="binary export"):
        split(Chunk(kind="zip", datatypes=(), start=0, end=10**9))


def test_a_key_says_kind_window_and_datatypes():
    digest = hashlib.sha256(b"19,33").hexdigest()[:12]
    chunk = Chunk(kind="json", datatypes=(19, 33), start=256, end=512)
    assert chunk.key == f"json-256-512-{digest}"
    whole = Chunk(kind="zip", datatypes=(), start=0, end=9, whole=True)
    assert whole.key == f"zip-whole-{hashlib.sha256(b'all').hexdigest()[:12]}"


# -- on disk ---------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    return ChunkStore(tmp_path)


def put_part(store, content=b"a part of an export"):
    store.path(PART).write_bytes(content)
    store.finish(PART)


def test_a_page_is_there_for_another_process_and_another_day(store, tmp_path):
    assert not store.has(PAGE)
    store.put(PAGE, {19: samples([1000, 1256], [70, 71.5])})
    later = ChunkStore(tmp_path)
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
    store = ChunkStore(tmp_path_factory.mktemp("store"))
    store.put(PAGE, given_samples)
    assert store.counts([PAGE]) == {
        n: len(held.ticks) for n, held in given_samples.items()
    }
    found = store.get(PAGE, list(given_samples))
    assert found.keys() == given_samples.keys()
    for number, held in given_samples.items():
        assert found[number].ticks.dtype == np.int64
        assert found[number].values.dtype in {np.dtype("f4"), np.dtype("f8")}
        assert found[number].ticks.tobytes() == held.ticks.tobytes()
        wide = found[number].values.astype(np.float64)
        assert wide.tobytes() == held.values.tobytes()
        found[number].values[:] = 0  # it is the caller's to change


@pytest.mark.parametrize(
    ("ticks", "values"),
    [
        ([5, 7, 9], [1355, -0.94921875, 0.0]),
        ([9, 7, 5], [-0.0, 0.0, float("nan")]),
        ([5, 5, 5], [2**24, 2**24 + 1, 1]),
        ([5, 6, 8], [584.3199999999999, 8632.0, 1e300]),
        ([2**62, 2**62 + 256], [1e-320, 1e38]),
    ],
)
def test_a_chunk_is_short_where_no_bit_is_lost_by_it(store, ticks, values):
    store.put(PAGE, {19: samples(ticks, values)})
    found = store.get(PAGE, [19])[19]
    assert found.ticks.tobytes() == np.array(ticks, np.int64).tobytes()
    wide = found.values.astype(np.float64)
    assert wide.tobytes() == np.array(values, np.float64).tobytes()


def test_a_page_of_a_waveform_takes_four_bytes_a_sample(store):
    ticks = np.arange(384_700_526_436, 384_700_526_436 + 60_000)
    store.put(PAGE, {4113: samples(ticks, ticks % 3000)})
    assert 240_000 < store.path(PAGE).stat().st_size < 250_000


def test_a_page_that_an_earlier_version_left_is_fetched_again(store, tmp_path):
    """Its file had another form, and another name."""
    left = tmp_path / f"{PAGE.key}.arrow"
    left.write_bytes(b"all stamps and values, in LZ4")
    digest = hashlib.sha256(left.read_bytes()).hexdigest()
    left.with_name(f"{left.name}.sha256").write_text(digest)
    assert not store.has(PAGE)


def test_only_what_is_asked_for_is_read_and_what_is_not_there_is_not(store):
    store.put(PAGE, {19: samples([1], [2]), 4113: samples([], [])})
    assert store.get(PAGE, [19, 36]).keys() == {19}
    assert store.get(PAGE, [36]) == {}
    assert store.get(PAGE, []) == {}
    assert len(store.get(PAGE, [4113])[4113].ticks) == 0


def test_a_page_without_samples_is_a_page(store, tmp_path):
    store.put(PAGE, {})
    assert ChunkStore(tmp_path).has(PAGE)
    assert store.counts([PAGE]) == {}
    assert store.get(PAGE, [19]) == {}


def test_stamps_that_were_shared_are_shared_again(store):
    ticks = np.arange(5, dtype=np.int64)
    store.put(
        PAGE,
        {
            4129: DatatypeSamples(ticks, np.zeros(5)),
            4130: DatatypeSamples(ticks, np.ones(5)),
        },
    )
    found = store.get(PAGE, [4129, 4130])
    assert found[4129].ticks is found[4130].ticks


def test_counts_are_those_of_all_pages(store):
    other = Chunk(kind="json", datatypes=(19,), start=2000, end=3000)
    store.put(PAGE, {19: samples([1, 2], [1, 2])})
    store.put(other, {19: samples([3], [3]), 36: samples([3], [3])})
    assert store.counts([PAGE, other]) == {19: 3, 36: 1}
    assert store.counts([]) == {}


# -- what is not whole -----------------------------------------------------------------


def test_a_part_without_its_checksum_is_not_there(store):
    store.path(PART).write_bytes(b"killed before the end")
    assert not store.has(PART)
    store.finish(PART)
    assert store.has(PART)


def test_a_checksum_without_its_file_is_nothing(store, tmp_path):
    put_part(store)
    store.path(PART).unlink()
    assert not ChunkStore(tmp_path).has(PART)


@pytest.mark.parametrize("spoil", ["file", "mark", "mark is binary"])
def test_what_was_damaged_since_is_fetched_again(store, tmp_path, caplog, spoil):
    put_part(store)
    mark = next(tmp_path.glob("*.sha256"))
    if spoil == "file":
        store.path(PART).write_bytes(b"a part of an expert")
    elif spoil == "mark":
        mark.write_text("0" * 64)
    else:
        mark.write_bytes(b"\xff\xfe")
    later = ChunkStore(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert not later.has(PART)
    if spoil != "mark is binary":
        assert "fetched again" in caplog.text
        assert not later.path(PART).exists()
    put_part(later)
    assert ChunkStore(tmp_path).has(PART)


def test_a_chunk_is_compared_once(store, tmp_path):
    put_part(store)
    later = ChunkStore(tmp_path)
    assert later.has(PART)
    store.path(PART).write_bytes(b"nobody looks again")
    assert later.has(PART)


def test_what_is_dropped_is_gone(store, tmp_path):
    put_part(store)
    store.drop(PART)
    assert not store.has(PART)
    assert list(tmp_path.iterdir()) == []
    store.drop(PART)  # once more is no harm


def test_chunks_of_one_window_are_told_apart(store):
    others = [
        Chunk(kind="zip", datatypes=(19,), start=1000, end=2000),
        Chunk(kind="zip", datatypes=(), start=1000, end=2000, whole=True),
        Chunk(kind="json", datatypes=(19,), start=1000, end=2000),
        Chunk(kind="json", datatypes=(19,), start=1000, end=2001),
        PAGE,
        PART,
    ]
    assert len({store.path(chunk) for chunk in others}) == len(others)
    put_part(store)
    assert [store.has(chunk) for chunk in others] == [False] * 5 + [True]


def test_nothing_half_written_is_left_over(store, tmp_path):
    store.put(PAGE, {19: samples([1], [1])})
    put_part(store)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [
        ".arrow",
        ".sha256",
        ".sha256",
        ".zip",
    ]
