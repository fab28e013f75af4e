"""States: how long each code held, to the tick, and how often it changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.analysis.states import UNKNOWN, States, find_states
from hexoframe.analysis.tickspans import TickSpans
from hexoframe.channels import channels_of
from hexoframe.record import Record
from hexoframe.recording.data import LazyChannel
from hexoframe.recording.frames import make_frame
from hexoframe.recording.gaps import Receipt
from hexoframe.timestamps.times import ticks_to_index

START = 400_000_000_000


def positions(ticks, codes, *, length=1000, lost=()):
    channel = channels_of("hexoskin")["device_position"]
    index = ticks_to_index(START + np.asarray(ticks), clock=256)
    frame = make_frame(channel, index, {"device_position": np.asarray(codes, float)})
    lost = tuple((START + first, START + last) for first, last in lost)
    held = LazyChannel(read=lambda: frame, receipt=Receipt(lost=lost))
    return Record("hexoskin", (START, START + length), {"device_position": held})


def told(states):
    return list(
        zip(
            (states.edges - START).tolist(), [*states.codes.tolist(), None], strict=True
        )
    )


def test_states_cover_the_record_and_hold_until_the_next_row():
    states = find_states(positions([10, 30, 50], [4, 4, 6]), "device_position")
    assert told(states) == [(0, UNKNOWN), (10, 4), (50, 6), (1000, None)]


def test_a_missing_value_and_what_did_not_come_are_unknown():
    record = positions([0, 100, 200], [1, np.nan, 2], lost=[(300, 400)])
    states = find_states(record, "device_position")
    assert told(states) == [
        (0, 1), (100, UNKNOWN), (200, 2), (300, UNKNOWN), (400, 2), (1000, None)
    ]  # fmt: skip


def test_rows_outside_of_the_record_count_as_far_as_they_reach_in():
    record = positions([-50, 1200], [3, 1])
    assert told(find_states(record, "device_position")) == [(0, 3), (1000, None)]
    assert told(find_states(positions([], []), "device_position"))[0] == (0, UNKNOWN)
    empty = find_states(positions([0], [3], length=0), "device_position")
    assert told(empty) == [(0, None)]


@pytest.mark.parametrize(
    ("start", "end", "changes"),
    [(0, 1000, 2), (100, 1000, 1), (101, 500, 1), (250, 400, 0), (0, 300, 1)],
)
def test_changes_are_counted_between_known_states_within_the_span(start, end, changes):
    # 1 until 100, then 2; unknown from 200 on, and 3 from 300 on.
    states = States(np.array([50, 100, 200, 300, 1000]), np.array([1, 2, UNKNOWN, 3]))
    counts = states.changes(np.array([start]), np.array([end]), [1, 2, 3])
    assert counts.tolist() == [changes]


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 3)), max_size=8),
    st.tuples(st.integers(0, 50), st.integers(0, 50)).map(sorted),
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=3),
)
def test_time_in_states_is_that_of_an_array_of_ticks(rows, span, blind):
    rows = sorted(dict(rows).items())
    truth = np.full(50, UNKNOWN)
    for tick, code in rows:
        truth[tick:] = code
    for first, last in blind:
        truth[first : max(first, last)] = UNKNOWN
    ticks, codes = ([row[at] for row in rows] for at in (0, 1))
    states = find_states(positions(ticks, codes, length=50), "device_position")
    states = states.without(TickSpans.of([(START + a, START + b) for a, b in blind]))
    first, last = (np.array([START + tick]) for tick in span)
    for code in (1, 2, 3, UNKNOWN):
        wanted = int((truth[slice(*span)] == code).sum())
        assert states.ticks_in(first, last, [code]).tolist() == [wanted]
    part = states.cut(int(first[0]), int(last[0]))
    assert np.repeat(part.codes, np.diff(part.edges)).tolist() == (
        truth[slice(*span)].tolist()
    )
