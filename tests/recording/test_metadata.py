"""The block of facts on a frame: what it holds, and what it lives through."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from hexoframe.channels import FAMILIES, channels_of, find
from hexoframe.errors import ConfigurationError
from hexoframe.recording import metadata
from hexoframe.recording.frames import empty_frame, make_frame, pick_columns, to_raw
from hexoframe.timestamps import ticks_to_index

START = 1_667_604_589 * 256


def respiration(count=10, *, record_id=7, scale="physical", first=0):
    channel = find("hexoskin", "respiration")
    ticks = START + 2 * np.arange(first, first + count)
    values = {
        name: np.arange(count, dtype=np.float32) + offset
        for offset, name in enumerate(channel.columns)
    }
    index = ticks_to_index(ticks, clock=256)
    return make_frame(channel, index, values, record_id=record_id, scale=scale)


def test_block_says_which_channel_of_which_record_it_is():
    assert respiration().attrs == {
        "hexoframe": {
            "version": 1,
            "record": 7,
            "channel": "respiration",
            "family": "hexoskin",
            "clock": 256,
            "scale": "physical",
            "units": {
                "respiration_thoracic": "count",
                "respiration_abdominal": "count",
            },
        }
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_block_holds_json_values_and_the_units_of_the_table(family):
    for channel in channels_of(family).values():
        block = metadata.make_block(channel, record_id=None, scale="physical")
        assert json.loads(json.dumps(block)) == block
        assert block["units"] == {row.column: row.unit for row in channel.datatypes}
        raw = metadata.make_block(channel, record_id=None, scale="raw")
        assert set(raw["units"].values()) == {"count"}


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.iloc[2:5],
        lambda frame: frame[frame["respiration_thoracic"] > 3],
        lambda frame: frame.tz_convert("America/Montreal"),
        lambda frame: frame.copy(),
        lambda frame: frame * 2,
        lambda frame: frame.resample("1s").mean(),
        lambda frame: frame.loc[frame.index[2] : frame.index[4]],
    ],
)
def test_block_lives_through_ordinary_handling(change):
    frame = respiration()
    assert metadata.block_of(change(frame)) == metadata.block_of(frame)


def test_block_of_a_frame_is_a_copy_all_the_way_down():
    frame = respiration()
    block = metadata.block_of(frame)
    block["units"]["respiration_thoracic"] = "mL"
    block["record"] = 9
    assert metadata.block_of(frame)["units"]["respiration_thoracic"] == "count"
    assert metadata.block_of(frame)["record"] == 7
    assert metadata.block_of(pd.DataFrame()) == {}


def test_joined_frames_keep_rows_order_and_block():
    parts = [respiration(first=first) for first in (0, 10, 20)]
    joined = metadata.concat(parts)
    assert joined.index.name == "time"
    assert str(joined.index.dtype) == "datetime64[ns, UTC]"
    assert len(joined) == 30
    assert joined.index.is_monotonic_increasing
    assert (joined.dtypes == np.float32).all()
    assert joined.attrs == parts[0].attrs
    swapped = metadata.concat(parts[::-1])
    assert swapped.index[0] == parts[2].index[0]


def test_joined_frames_of_two_records_name_neither():
    joined = metadata.concat([respiration(record_id=7), respiration(record_id=8)])
    assert metadata.block_of(joined)["record"] is None
    assert metadata.block_of(joined)["channel"] == "respiration"


def test_joining_leaves_the_parts_as_they_were():
    parts = [respiration(record_id=7), respiration(record_id=8)]
    joined = metadata.concat(parts)
    joined["extra"] = 1.0
    assert [metadata.block_of(part)["record"] for part in parts] == [7, 8]
    alone = metadata.concat(parts[:1])
    alone["extra"] = 1.0
    assert "extra" not in parts[0]


def test_join_with_an_empty_frame_keeps_dtypes():
    empty = empty_frame(find("hexoskin", "respiration"), record_id=7)
    joined = metadata.concat([empty, respiration()])
    assert (joined.dtypes == np.float32).all()
    assert len(joined) == 10
    assert str(joined.index.dtype) == "datetime64[ns, UTC]"


def test_frames_that_do_not_belong_together_are_not_joined():
    frame = respiration()
    ecg = empty_frame(find("hexoskin", "ecg"))
    one_column = pick_columns(frame, find("hexoskin", 4129))
    for other, named in (
        (ecg, "channel"),
        (respiration(scale="raw"), "scale"),
        (one_column, "units"),
        (frame.tz_convert("Europe/Paris"), "time zones"),
    ):
        with pytest.raises(ConfigurationError, match=named):
            metadata.concat([frame, other])
    with pytest.raises(ConfigurationError, match="at least one"):
        metadata.concat([])


def test_narrowed_frame_names_only_its_own_unit():
    narrowed = pick_columns(respiration(), find("hexoskin", 4130))
    assert metadata.block_of(narrowed)["units"] == {"respiration_abdominal": "count"}
    assert metadata.block_of(narrowed)["record"] == 7


def test_counts_say_that_they_are_counts():
    channel = find("hexoskin", "ecg")
    index = ticks_to_index(START + np.arange(3), clock=256)
    frame = make_frame(channel, index, {"ecg_i": np.zeros(3)}, record_id=5)
    block = metadata.block_of(to_raw(frame, channel))
    assert (block["scale"], block["units"]) == ("raw", {"ecg_i": "count"})
    assert block["record"] == 5
    assert metadata.block_of(frame)["units"] == {"ecg_i": "mV"}
