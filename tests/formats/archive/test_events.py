"""Event files as literals, and the ticks and values in them."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.channels import find
from hexoframe.errors import FileFormatError
from hexoframe.formats.archive.events import (
    count_events,
    end_events,
    parse_event_header,
    parse_events,
    parse_hxd,
    whole_events,
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            b"time [s],RR_interval [s/256](/api/datatype/18/)\r\n",
            ("RR_interval", "s/256", 18),
        ),
        (b"time [s],step [Step](/api/datatype/52/)", ("step", "Step", 52)),
        (b"time [s],PTT [s/1000](/api/v1/datatype/97/)", ("PTT", "s/1000", 97)),
        (b"time [s],inspiration [s]", ("inspiration", "s", None)),
        (b"time [s],x [](/api/datatype/1/)", ("x", "", 1)),
    ],
)
def test_the_header_of_events_says_name_unit_and_datatype(line, expected):
    assert parse_event_header(line, where="x.csv") == expected


@pytest.mark.parametrize(
    "line",
    [b"", b"5.5,128", b"time [s]", b"time,RR [s/256]", b"\xff\xfe", b"time [s],RR s"],
)
def test_another_header_of_events_is_refused_with_its_line(line):
    with pytest.raises(FileFormatError, match=r"RR\.csv, line 1: expected 'time \[s\]"):
        parse_event_header(line, where="RR.csv")


RR = (
    b"time [s],RR_interval [s/256](/api/datatype/18/)\r\n"
    b"5.1484375,0\r\n6.44140625,331\r\n6.4453125,nan\r\n100000.99609375,4.0\r\n"
)


def test_events_are_ticks_since_the_start_and_values_as_printed():
    ticks, values = parse_events(RR, clock=256, where="RR.csv")
    # 5 s 38/256, 6 s 113/256, 6 s 114/256, 100000 s 255/256.
    assert ticks.tolist() == [1318, 1649, 1650, 25_600_255]
    assert ticks.dtype == np.int64
    np.testing.assert_array_equal(values, [0, 331, np.nan, 4])


def test_line_ends_of_either_kind_give_the_same_events():
    ticks, values = parse_events(RR.replace(b"\r\n", b"\n"), clock=256, where="RR.csv")
    other_ticks, other_values = parse_events(RR, clock=256, where="RR.csv")
    np.testing.assert_array_equal(ticks, other_ticks)
    np.testing.assert_array_equal(values, other_values)


def test_times_printed_with_eight_decimals_fall_on_their_tick():
    lines = "".join(f"{tick / 256:.8f},1\n" for tick in range(0, 2_000_000, 997))
    ticks, _ = parse_events(f"h\n{lines}".encode(), clock=256, where="x.csv")
    assert ticks.tolist() == list(range(0, 2_000_000, 997))


@pytest.mark.parametrize("data", [b"", b"h", b"h\n", b"h\r\n", b"h\r\n\r\n"])
def test_a_file_with_its_header_only_holds_no_events(data):
    ticks, values = parse_events(data, clock=256, where="PTT.csv")
    assert (len(ticks), ticks.dtype) == (0, np.int64)
    assert (len(values), values.dtype) == (0, np.float64)


def test_events_out_of_order_are_put_in_order_and_equal_ones_keep_theirs():
    ticks, values = parse_events(
        b"h\n2.0,1\n1.0,2\n2.0,3\n1.0,4\n", clock=256, where="x.csv"
    )
    assert ticks.tolist() == [256, 256, 512, 512]
    assert values.tolist() == [2, 4, 1, 3]


@pytest.mark.parametrize(
    "broken", [b"6.44140625", b"6.4,1,2", b"6.4,beat", b"one,1", b"6.4,", b",1"]
)
def test_a_broken_line_is_refused_with_its_number(broken):
    data = b"h\r\n5.5,1\r\n" + broken + b"\r\n7.5,1\r\n"
    with pytest.raises(FileFormatError, match=r"RR\.csv, line 3: expected") as caught:
        parse_events(data, clock=256, where="RR.csv")
    assert repr(broken.decode()) in str(caught.value)


@pytest.mark.parametrize("time", ["5.5001", "nan", "inf", "-inf", "0.001"])
def test_a_time_off_the_grid_of_ticks_is_refused_with_its_line(time):
    data = f"h\n5.5,1\n{time},2\n".encode()
    with pytest.raises(FileFormatError, match=r"RR\.csv, line 3: .* 1/256 s"):
        parse_events(data, clock=256, where="RR.csv")


def test_the_line_number_counts_empty_lines():
    data = b"h\n5.5,1\n\n5.5001,2\n"
    with pytest.raises(FileFormatError, match="line 4"):
        parse_events(data, clock=256, where="RR.csv")


def test_a_time_too_large_for_any_tick_is_refused():
    with pytest.raises(FileFormatError, match="line 2"):
        parse_events(b"h\n1e300,1\n", clock=256, where="RR.csv")


def test_events_of_the_other_clock_have_other_ticks():
    ticks, _ = parse_events(b"h\n5.148,1\n", clock=1000, where="x.csv")
    assert ticks.tolist() == [5148]
    with pytest.raises(FileFormatError, match="is the model right"):
        parse_events(b"h\n5.148,1\n", clock=256, where="x.csv")


@pytest.mark.parametrize("cut", [b"6.4", b"6.44140625,33", b"6.44140625,331"])
def test_a_last_line_without_its_end_is_a_cut_file(cut):
    with pytest.raises(FileFormatError, match=r"RR\.csv, line 3.*"):
        parse_events(b"h\r\n5.1484375,0\r\n" + cut, clock=256, where="RR.csv")


@given(
    events=st.lists(
        st.tuples(st.integers(0, 256 * 86_400 * 30), st.integers(-(2**31), 2**31)),
        max_size=30,
    ),
    clock=st.sampled_from([256, 1000]),
)
def test_printed_events_come_back_as_their_ticks(events, clock):
    events.sort(key=lambda event: event[0])
    text = "".join(f"{tick / clock!r},{value}\r\n" for tick, value in events)
    ticks, values = parse_events(f"h\r\n{text}".encode(), clock=clock, where="x.csv")
    assert ticks.tolist() == [tick for tick, _ in events]
    assert values.tolist() == [float(value) for _, value in events]


@given(body=st.binary(max_size=60))
def test_any_bytes_as_events_are_read_or_refused(body):
    try:
        ticks, values = parse_events(b"h\n" + body, clock=256, where="x.csv")
    except FileFormatError:
        return
    assert len(ticks) == len(values)


def test_hxd_pairs_are_ticks_and_counts():
    data = struct.pack("<6q", 1318, 0, 1649, 331, 1 << 40, -5)
    ticks, counts = parse_hxd(data, where="RR.hxd")
    assert ticks.tolist() == [1318, 1649, 1 << 40]
    assert counts.tolist() == [0, 331, -5]
    assert (ticks.dtype, counts.dtype) == (np.int64, np.float64)
    assert [len(part) for part in parse_hxd(b"", where="RR.hxd")] == [0, 0]


@pytest.mark.parametrize("kept", [1, 8, 15, 17, 40])
def test_hxd_cut_in_the_middle_of_a_pair_is_refused(kept):
    with pytest.raises(FileFormatError, match=rf"RR\.hxd.* byte {kept}\b"):
        parse_hxd(bytes(48)[:kept], where="RR.hxd")


@pytest.mark.parametrize("count", [0, 1, 5, 9, 10, 11, 300])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_ends_of_a_file_are_its_first_and_last_events(count, newline):
    lines = [f"{number / 256!r},{number}" for number in range(count)]
    for after in ("", newline * 2):
        data = (newline.join(["h", *lines, ""]) + after).encode()
        ticks, values = parse_events(
            end_events(data, where="x.csv"), clock=256, where="x.csv"
        )
        kept = list(range(count))
        expected = kept if count <= 10 else [*kept[:5], *kept[-5:]]
        assert ticks.tolist() == values.tolist() == expected
    pairs = np.repeat(np.arange(count, dtype="<i8"), 2).tobytes()
    ticks, _ = parse_hxd(end_events(pairs, where="x.hxd"), where="x.hxd")
    assert ticks.tolist() == expected


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"1.0,1\n2.0,2\n", 2),
        (b"1.0,1\n2.0,2", 1),
        (b"1.0,1\n2.0,beat\n3.0,1\n", 1),
        (b"1.0,nan\r\n" + bytes(60), 1),
        (b"beat\n", 0),
    ],
)
def test_a_damaged_file_is_kept_up_to_its_first_broken_line(body, kept):
    row = find("hexoskin", "step").datatypes[0]
    data = b"time [s],step [Step](/api/datatype/52/)\n" + body
    left = whole_events(data, row, where="step.csv")
    assert count_events(left, where="step.csv") == kept
    assert data.startswith(left)


def test_nothing_is_kept_of_a_file_whose_times_are_no_ticks():
    row = find("hexoskin", "step").datatypes[0]
    data = b"time [s],step [Step](/api/datatype/52/)\n1.0001,1\n"
    assert whole_events(data, row, where="step.csv") == b""
