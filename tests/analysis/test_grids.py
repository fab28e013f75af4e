"""Grids of local days, against what pandas makes of the same zones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hexoframe.analysis.blocks import align_blocks
from hexoframe.analysis.grids import grids_of
from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError
from hexoframe.record import Record
from hexoframe.recording.frames import make_frame
from hexoframe.timestamps import grid_to_index

# Gains that no real data confirm are none of this file's concern.
pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)

NS = 3_906_250
# Days with 25 and 23 hours, one of them with a midnight that comes twice, one of them
# with none, and a change of half an hour.
CHANGES = [
    ("America/Montreal", "2022-11-06", 25),
    ("America/Montreal", "2022-03-13", 23),
    ("America/Havana", "2022-11-06", 25),
    ("America/Sao_Paulo", "2017-10-15", 23),
    ("Australia/Lord_Howe", "2022-04-03", 24.5),
]


def record_of(zone, day, days=3):
    """Return three local days of a value each five minutes, begun in the evening."""
    start = pd.Timestamp(f"{day} 12:00", tz=zone) - pd.Timedelta("18h")
    tick = int(start.value // NS)
    channel = channels_of("hexoskin")["hrv_lf"]
    count = days * 288
    index = grid_to_index(tick, step=76_800, count=count, first=1, clock=256)
    frame = make_frame(channel, index, {"hrv_lf": 1 + np.arange(count, dtype=float)})
    span = (tick, tick + count * 76_800)
    return Record("hexoskin", span, {"hrv_lf": frame}, tz=zone)


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
def test_a_local_day_has_the_hours_that_it_has(zone, day, hours):
    record = record_of(zone, day)
    frame = record.to_frame("1D", origin="midnight")
    # The value of five minutes is stamped at their end, and belongs to their beginning.
    values = record.hrv_lf["hrv_lf"]
    values.index = values.index - pd.Timedelta("5min")
    found = values.groupby(values.index.date).mean()
    assert frame.index.date.tolist() == found.index.tolist()
    np.testing.assert_allclose(frame["hrv_lf"], found)
    lengths = np.diff(frame.index.asi8) / 3.6e12
    at = list(map(str, frame.index.date)).index(day)
    assert lengths[at] == hours
    assert frame.index.name == "time"
    assert frame.attrs["hexoframe"]["units"] == {"hrv_lf": "ms^2"}


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
@pytest.mark.parametrize("rate", ["6h", "1h", "5min"])
def test_parts_of_a_day_begin_by_the_clock_on_the_wall(zone, day, hours, rate):
    record = record_of(zone, day)
    index = record.to_frame(rate, origin="midnight").index
    wall = index.tz_localize(None)
    off = (wall - wall.normalize()) % pd.Timedelta(rate)
    # A midnight that the clocks skip begins when they do.
    assert set(off.total_seconds()) <= ({0, 3600} if hours == 23 else {0})
    assert index.is_monotonic_increasing
    assert index[0] <= record.start < index[1]
    assert index[-1] < record.end <= index[-1] + pd.Timedelta("7h")
    steps = set((np.diff(index.asi8) / 60e9).tolist())
    minutes = pd.Timedelta(rate) / pd.Timedelta("1min")
    if rate == "5min" or (rate == "1h" and hours != 24.5):
        assert steps == {minutes}
    else:
        assert steps == {minutes, minutes + (hours - 24) * 60}


def test_blocks_are_those_of_the_frame(tmp_path):
    record = record_of("America/Montreal", "2022-11-06")
    for rate in ("1D", "6h"):
        frame, made_up = record.to_frame(rate, origin="midnight", mask=True)
        blocks = list(align_blocks(record, rate, origin="midnight"))
        assert pd.concat([block for block, _ in blocks]).equals(frame)
        assert pd.concat([mask for _, mask in blocks]).equals(made_up)
    path = record.to_csv(tmp_path / "days.csv", rate="1D", origin="midnight")
    days = pd.read_csv(path, index_col="time", parse_dates=True)
    assert days.index.tz_convert("America/Montreal").strftime("%H").unique() == ["00"]


def test_a_week_of_local_days_is_counted_from_the_first():
    record = record_of("America/Montreal", "2022-11-06", days=10)
    index = record.to_frame("7D", origin="midnight").index
    assert [str(each) for each in index.date] == ["2022-11-05", "2022-11-12"]


@pytest.mark.parametrize("rate", ["7h", "25h", "11min"])
def test_a_rate_that_fits_no_day_is_refused(rate):
    record = record_of("America/Montreal", "2022-11-06")
    with pytest.raises(ConfigurationError, match="'6h', '1D' or '7D'"):
        record.to_frame(rate, origin="midnight")
    with pytest.raises(ConfigurationError, match="epoch, start, midnight"):
        grids_of(record, 1, "noon")


def test_an_empty_record_has_one_local_day():
    record = Record("hexoskin", (437_588_582_400,) * 2, {}, tz="America/Montreal")
    frame = record.to_frame("1D", origin="midnight")
    assert frame.index.tolist() == [pd.Timestamp("2024-03-01", tz="America/Montreal")]
