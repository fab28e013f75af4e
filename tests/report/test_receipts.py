from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.record import Record
from hexoframe.report.receipts import sample_digest, versions


def by_hand(frame, clock):
    """The rule of the page, from the frame a user has."""
    ns = frame.index.tz_convert("UTC").as_unit("ns").asi8
    ticks = [-(-int(stamp) * clock // 10**9) for stamp in ns]
    values = np.ascontiguousarray(frame.to_numpy(dtype="<f8"))
    inner = [
        hashlib.sha256(part).digest()
        for part in (np.array(ticks, "<i8").tobytes(), values.tobytes())
    ]
    return hashlib.sha256(b"".join(inner)).hexdigest()


@pytest.mark.parametrize("name", ["ecg", "acceleration", "heart_rate", "rr_interval"])
def test_the_checksum_is_that_of_ticks_and_values(few_minutes, name):
    assert sample_digest(few_minutes, name) == by_hand(few_minutes[name], 256)


def test_the_checksum_is_the_same_whichever_file_the_samples_came_from(
    few_minutes, tmp_path
):
    again = hexoframe.open_record(few_minutes.to_parquet(tmp_path))
    local = few_minutes.tz_convert("Asia/Kolkata")
    for name in few_minutes:
        digests = {sample_digest(each, name) for each in (few_minutes, again, local)}
        assert len(digests) == 1, name


def test_the_checksum_sees_one_value_and_not_how_a_missing_one_is_written(few_minutes):
    frame = few_minutes.heart_rate
    before = sample_digest(few_minutes, "heart_rate")
    changed = frame.copy()
    changed.iloc[7, 0] += 1
    assert (
        sample_digest(few_minutes.replace(heart_rate=changed), "heart_rate") != before
    )
    strange = np.array([0x7FF8_0000_0000_0001], np.uint64).view(np.float64)[0]
    digests = set()
    for nan in (np.nan, strange, -np.nan):
        missing = frame.copy()
        missing.iloc[7, 0] = nan
        record = few_minutes.replace(heart_rate=missing)
        digests.add(sample_digest(record, "heart_rate"))
    assert len(digests) == 1


def test_versions_name_the_package_and_what_it_stands_on():
    known = dict(versions())
    assert known["hexoframe"] == hexoframe.__version__
    assert known["pandas"] == pd.__version__
    assert "jinja2" in known


def test_an_empty_channel_has_a_checksum(few_minutes):
    nothing = few_minutes.heart_rate.iloc[:0]
    record = Record.of(few_minutes).replace(heart_rate=nothing)
    empty = hashlib.sha256(b"").digest()
    assert sample_digest(record, "heart_rate") == hashlib.sha256(empty * 2).hexdigest()
