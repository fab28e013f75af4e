"""The tables beside the samples have one shape, whatever the source said."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest

from hexoframe.errors import TimestampError
from hexoframe.recording.facts import SHAPES, Facts, facts_table

# 2014-10-30 17:42:37 UTC
TICK = 1_414_690_957 * 256
MOMENT = pd.Timestamp("2014-10-30T17:42:37Z")


@pytest.mark.parametrize("rows", [[], [{}], [{}, {}]])
@pytest.mark.parametrize("name", SHAPES)
def test_table_has_its_shape_whatever_is_in_it(name, rows):
    table = facts_table(name, rows)
    shape = dict(SHAPES[name])
    if "time" in shape:
        assert str(table.index.dtype) == shape.pop("time")
        assert table.index.name == "time"
        assert str(table.index.tz) == "UTC"
    assert {column: str(dtype) for column, dtype in table.dtypes.items()} == shape
    assert len(table) == len(rows)
    assert table.isna().all(axis=None)


@pytest.mark.parametrize(
    "given",
    [
        TICK,
        float(TICK),
        np.int64(TICK),
        np.float64(TICK),
        "2014-10-30T17:42:37Z",
        "2014-10-30T17:42:37",
        "2014-10-30T13:42:37-04:00",
        "2014-10-30T17:42:37.000000+00:00",
        MOMENT,
        MOMENT.tz_convert("Asia/Kolkata"),
        dt.datetime(2014, 10, 30, 17, 42, 37, tzinfo=dt.UTC),
    ],
    ids=repr,
)
@pytest.mark.parametrize("missing", [None, math.nan, pd.NaT])
def test_time_is_the_same_in_whatever_form_and_company_it_comes(given, missing):
    for rows in (
        [{"start": given, "end": given}],
        [{"start": given, "end": missing}, {"start": missing, "end": given}],
    ):
        table = facts_table("ranges", rows)
        assert table["start"].iloc[0] == MOMENT
        assert table["end"].iloc[-1] == MOMENT
        assert table["start"].isna().sum() == len(rows) - 1
        assert str(table["end"].dtype) == "datetime64[ns, UTC]"


def test_ticks_count_by_the_clock_that_is_named():
    table = facts_table("annotations", [{"time": 1_414_690_957_500}], clock=1000)
    assert table.index[0] == MOMENT + pd.Timedelta("500ms")
    odd = facts_table("annotations", [{"time": TICK + 1}])
    assert odd.index[0] == MOMENT + pd.Timedelta(3_906_250, unit="ns")


@pytest.mark.parametrize("wrong", [5, TICK + 0.5, 1_414_690_957])
def test_number_that_is_no_tick_is_refused_and_not_taken_for_nanoseconds(wrong):
    with pytest.raises(TimestampError):
        facts_table("annotations", [{"time": wrong}])


def test_mixed_forms_meet_in_one_column():
    rows = [{"time": TICK}, {"time": "2014-10-30T17:42:37.5"}, {"time": float(TICK)}]
    table = facts_table("annotations", rows)
    assert (table.index - MOMENT).total_seconds().tolist() == [0.0, 0.5, 0.0]


def test_values_come_as_they_are_and_what_is_missing_is_missing():
    rows = [
        {"id": 12, "name": "run, long", "rank": None, "unknown": "left out"},
        {"id": None, "note": "", "start": TICK},
    ]
    table = facts_table("ranges", rows)
    assert list(table) == list(SHAPES["ranges"])
    assert table["id"].tolist() == [12, pd.NA]
    assert table["name"].iloc[0] == "run, long"
    assert table["note"].iloc[1] == ""
    assert table["note"].isna().tolist() == [True, False]
    assert table["rank"].isna().all()


def test_large_ids_are_kept_to_the_last_digit():
    table = facts_table("metrics", [{"id": 2**53 + 1, "value": 1.5}, {"value": None}])
    assert table["id"].iloc[0] == 2**53 + 1
    assert table["value"].iloc[0] == 1.5


def test_facts_that_nobody_stated_are_none():
    facts = Facts()
    assert facts.info == {}
    assert [getattr(facts, name) for name in SHAPES] == [None] * len(SHAPES)
    assert Facts().info is not facts.info
    assert set(SHAPES) | {"info"} == set(Facts.__slots__)
