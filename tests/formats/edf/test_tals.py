"""Annotations as bytes: packed, and found again, at exact times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexoframe.errors import FileFormatError
from hexoframe.formats.decimals import decimal_seconds
from hexoframe.formats.edf.tals import (
    PackedAnnotations,
    Tals,
    joined,
    parse,
    record_onsets,
)

PATH = Path("a.edf")


def tals(onsets, durations, texts):
    return Tals(np.array(onsets), np.array(durations), pa.array(texts, pa.string()))


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0"),
        (3_906_250, "0.00390625"),
        (-1_500_000_000, "-1.5"),
        (86_400_000_000_001, "86400.000000001"),
        (1_000_000, "0.001"),
    ],
)
def test_times_are_exact_decimal_numbers(ns, text):
    assert decimal_seconds(np.array([ns])).to_pylist() == [text]


TEXTS = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1, max_size=30
)
EVENTS = st.lists(
    st.tuples(st.integers(-5 * 10**9, 15 * 10**9), st.integers(-1, 10**10), TEXTS),
    max_size=40,
)


@settings(max_examples=12)
@given(events=EVENTS, start=st.integers(0, 10**9 - 1), records=st.integers(1, 12))
def test_all_annotations_come_back_in_order(events, start, records):
    given_ = tals(*([list(each) for each in zip(*events, strict=True)] or ([], [], [])))
    given_ = given_._replace(
        onsets=given_.onsets.astype(np.int64),
        durations=given_.durations.astype(np.int64),
    )
    packed = PackedAnnotations(given_, start=start, records=records)
    whole = packed.take(records)
    assert whole.shape == (records, packed.samples)
    heads = record_onsets([row.tobytes() for row in whole], PATH)
    assert (heads == start + 10**9 * np.arange(records)).all()
    found = parse(whole.tobytes(), PATH)
    order = np.argsort(given_.onsets, kind="stable")
    assert (found.onsets == given_.onsets[order]).all()
    assert (found.durations == np.maximum(given_.durations[order], -1)).all()
    assert found.texts.to_pylist() == [given_.texts[int(n)].as_py() for n in order]


def test_a_crowd_spreads_over_the_seconds_after_it():
    crowd = tals([0] * 300, [-1] * 300, ["x" * 20] * 300)
    packed = PackedAnnotations(crowd, start=0, records=30)
    assert packed.samples * 2 < 2 * 300 * 25 / 30
    assert len(parse(packed.take(30).tobytes(), PATH).onsets) == 300


def test_latin_1_and_several_texts_of_a_time_are_read():
    found = parse("+1\x14Über\x14b\x14\0".encode("latin-1"), PATH)
    assert found.texts.to_pylist() == ["Über; b"]
    # A text may share the annotation of timekeeping.
    assert parse(b"+2\x14\x14start\x14\0", PATH).texts.to_pylist() == ["start"]


@pytest.mark.parametrize(
    "told", [b"1\x14a\x14\0", b"+\x14a\x14\0", b"+1\x14a\0", b"+1e3\x14a\x14\0"]
)
def test_what_is_no_annotation_is_refused(told):
    with pytest.raises(FileFormatError, match="no annotation of EDF"):
        parse(told, PATH)


def test_nothing_joins_to_nothing():
    assert len(joined([]).onsets) == len(joined([]).texts) == 0
