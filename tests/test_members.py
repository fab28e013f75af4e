"""Bytes of an export's members, as literals, and what they mean."""

from __future__ import annotations

import contextlib
import io
import json
import string
import struct
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.errors import FileFormatError
from hexoframe.formats.members import (
    WavHeader,
    parse_event_header,
    parse_events,
    parse_hxd,
    parse_info,
    parse_statistics,
    parse_wav_header,
    wav_dtype,
)

# 1 track, 256 Hz, 16 bit, written out by hand: the 44 bytes that the service writes.
HEAD = (
    b"RIFF\x2c\x00\x00\x00WAVE"
    b"fmt \x10\x00\x00\x00\x01\x00\x01\x00"
    b"\x00\x01\x00\x00\x00\x02\x00\x00\x02\x00\x10\x00"
    b"data\x08\x00\x00\x00"
)
NAMES = string.ascii_letters + string.digits + "_ "
SAMPLES = b"\x01\x00\xff\xff\x00\x80\xff\x7f"


def fmt(*, form=1, tracks=1, rate=256, bits=16, size=16):
    width = bits // 8
    body = struct.pack(
        "<HHIIHH", form, tracks, rate, rate * width * tracks, width * tracks, bits
    )
    return chunk(b"fmt ", body.ljust(size, b"\x00"))


def chunk(name, body, *, size=None):
    told = len(body) if size is None else size
    return name + struct.pack("<I", told) + body + b"\x00" * (len(body) % 2)


def riff(*chunks):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def parsed(data, where="ECG_I.wav"):
    return parse_wav_header(data, len(data), where=where)


def counts_of(data):
    header = parsed(data)
    return np.frombuffer(data, wav_dtype(header), header.samples, header.offset)


# -- WAV -------------------------------------------------------------------------------


def test_the_header_of_the_service_is_44_bytes_and_the_samples_follow():
    header = parsed(HEAD + SAMPLES)
    assert header == WavHeader(rate=256, bits=16, offset=44, samples=4, promised=4)
    assert counts_of(HEAD + SAMPLES).tolist() == [1, -1, -32768, 32767]


@pytest.mark.parametrize("told", [0, 4, 36, 40, 48, 0x7FFFFFFF, 0xFFFFFFFF])
def test_the_riff_size_is_ignored_whatever_it_says(told):
    data = HEAD[:4] + struct.pack("<I", told) + HEAD[8:] + SAMPLES
    assert parsed(data).samples == 4


def test_chunks_before_the_samples_are_stepped_over_in_any_order():
    note = chunk(b"LIST", b"INFOISFT\x04\x00\x00\x00test")
    odd = chunk(b"JUNK", b"abc")
    for chunks in ([note, fmt()], [fmt(), note], [odd, fmt(), odd], [fmt(size=18)]):
        data = riff(*chunks, chunk(b"data", SAMPLES))
        assert counts_of(data).tolist() == [1, -1, -32768, 32767]


@pytest.mark.parametrize("name", [b"LIST", b"bext", b"id3 ", b"cue "])
def test_chunks_after_the_samples_are_no_samples(name):
    data = riff(fmt(), chunk(b"data", SAMPLES), chunk(name, b"\x05\x00\x06\x00"))
    header = parsed(data)
    assert (header.samples, header.promised) == (4, 4)


def test_a_chunk_after_no_samples_is_no_samples():
    data = riff(fmt(), chunk(b"data", b""), chunk(b"LIST", b"INFOabcd"))
    assert parsed(data).samples == 0


@pytest.mark.parametrize("told", [0, 0xFFFFFFFF])
def test_a_data_size_that_was_never_filled_in_means_all_that_follows(told):
    header = parsed(riff(fmt(), chunk(b"data", SAMPLES, size=told)))
    assert (header.samples, header.promised) == (4, 4)


@pytest.mark.parametrize("told", [2, 4, 6])
def test_samples_beyond_a_data_size_that_is_too_small_are_kept(told):
    header = parsed(riff(fmt(), chunk(b"data", SAMPLES, size=told)))
    assert header.samples == 4


def test_samples_that_spell_letters_are_still_samples():
    # 27204, 27207: counts of respiration as real records hold them, the bytes 'DjGj'.
    counts = np.array([27204, 27207] * 8, dtype="<i2").tobytes()
    assert parsed(riff(fmt(), chunk(b"data", counts, size=8))).samples == 16


def test_samples_beyond_a_small_data_size_are_kept_in_a_long_file():
    counts = np.arange(20_000, dtype="<i2").tobytes()
    whole = riff(fmt(), chunk(b"data", counts, size=30_000))
    header = parse_wav_header(
        whole[:4096],
        len(whole),
        where="ECG_I.wav",
        peek=lambda at: whole[at : at + 8],
    )
    assert header.samples == 20_000


def test_a_chunk_behind_many_samples_is_no_samples():
    counts = np.arange(20_000, dtype="<i2").tobytes()
    whole = riff(fmt(), chunk(b"data", counts), chunk(b"LIST", b"INFOabcd"))
    header = parse_wav_header(
        whole[:4096],
        len(whole),
        where="ECG_I.wav",
        peek=lambda at: whole[at : at + 8],
    )
    assert header.samples == 20_000


def test_a_header_that_promises_more_than_there_is_says_both_numbers():
    header = parsed(riff(fmt(), chunk(b"data", SAMPLES, size=100)))
    assert (header.samples, header.promised) == (4, 50)
    header = parsed(riff(fmt(), chunk(b"data", b"", size=100)))
    assert (header.samples, header.promised) == (0, 50)


def test_samples_of_32_bits_are_read_as_such():
    counts = np.array([-70_000, 5, 2**31 - 1], dtype="<i4")
    data = riff(fmt(bits=32), chunk(b"data", counts.tobytes()))
    header = parsed(data)
    assert (header.bits, header.samples, header.promised) == (32, 3, 3)
    np.testing.assert_array_equal(counts_of(data), counts)


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ({"tracks": 2}, "2 tracks"),
        ({"bits": 8}, "8 bits"),
        ({"bits": 24}, "24 bits"),
        ({"form": 3, "bits": 32}, "format 3"),
        ({"form": 0xFFFE}, "format 65534"),
    ],
)
def test_other_kinds_of_wav_are_refused_with_what_was_found(kind, found):
    data = riff(fmt(**kind), chunk(b"data", SAMPLES))
    with pytest.raises(FileFormatError, match=rf"ECG_I\.wav: expected .*{found}"):
        parsed(data)


@pytest.mark.parametrize("kept", [45, 47, 49])
def test_a_file_cut_in_the_middle_of_a_sample_is_refused_with_the_byte(kept):
    with pytest.raises(FileFormatError, match=rf"ECG_I\.wav.* byte {kept}\b.*cut"):
        parsed((HEAD + SAMPLES)[:kept])


def test_a_file_of_32_bits_cut_in_the_middle_of_a_sample_is_refused():
    data = riff(fmt(bits=32), chunk(b"data", SAMPLES))[:-2]
    with pytest.raises(FileFormatError, match="4-byte sample"):
        parsed(data)


def test_a_stray_byte_after_all_promised_samples_costs_none_of_them():
    header = parsed(HEAD + SAMPLES + b"\x00")
    assert (header.samples, header.promised) == (4, 4)


@pytest.mark.parametrize("kept", [0, 3, 11, 12, 20, 35, 36, 43])
def test_a_file_cut_in_its_header_is_refused(kept):
    with pytest.raises(FileFormatError, match=r"ECG_I\.wav.*found|begins with"):
        parsed((HEAD + SAMPLES)[:kept])


def test_what_is_no_wav_is_refused_with_its_first_bytes():
    with pytest.raises(FileFormatError, match=r"x\.wav.*b'time \[s\],ECG'.*RIFF"):
        parse_wav_header(b"time [s],ECG_I", 14, where="x.wav")


def test_a_header_without_any_sample_is_an_empty_channel():
    header = parsed(HEAD[:40] + b"\x00\x00\x00\x00")
    assert (header.samples, header.promised) == (0, 0)


@given(
    counts=st.lists(st.integers(-(2**15), 2**15 - 1), max_size=40),
    rate=st.sampled_from([1, 64, 128, 256, 300]),
)
def test_any_wav_of_the_standard_library_gives_its_samples(counts, rate):
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(struct.pack(f"<{len(counts)}h", *counts))
    data = buffer.getvalue()
    header = parsed(data)
    assert (header.rate, header.samples, header.promised) == (
        rate,
        len(counts),
        len(counts),
    )
    assert counts_of(data).tolist() == counts


@given(
    counts=st.lists(st.integers(-(2**15), 2**15 - 1), max_size=30),
    told=st.integers(0, 100),
)
def test_no_whole_sample_is_lost_whatever_the_header_says(counts, told):
    body = struct.pack(f"<{len(counts)}h", *counts)
    header = parsed(riff(fmt(), chunk(b"data", body, size=2 * told)))
    # Bytes that make a whole chunk, name and size, are one.
    rest = body[2 * told :]
    named = len(rest) >= 8 and all(chr(byte) in NAMES for byte in rest[:4])
    chunked = named and int.from_bytes(rest[4:8], "little") <= len(rest) - 8
    assert chunked or header.samples == len(counts)
    assert header.promised >= header.samples


@given(data=st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(data):
    for head in (data, HEAD + data, HEAD[:20] + data):
        try:
            header = parsed(head)
        except FileFormatError:
            continue
        assert header.offset + header.samples * header.bits // 8 <= len(head)


# -- events ----------------------------------------------------------------------------


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


# -- info ------------------------------------------------------------------------------


def test_info_is_the_object_of_its_file():
    assert parse_info(b'{"start": 426906774784, "user": 5}', where="info.json") == {
        "start": 426906774784,
        "user": 5,
    }


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"[1, 2]", "list"),
        (b'"text"', "str"),
        (b"null", "NoneType"),
        (b"5", "int"),
        (b"", "no JSON"),
        (b'{"start": 4269', "no JSON"),
        (b"\xff\xfe\xfd", "no JSON"),
        (b"[" * 200_000, "no JSON"),
    ],
)
def test_info_that_is_no_object_is_refused_with_what_was_found(data, found):
    with pytest.raises(FileFormatError, match=rf"x/info\.json.*{found}"):
        parse_info(data, where="x/info.json")


# -- statistics ------------------------------------------------------------------------

OLD = (
    b"uri,start_date,duration,activity_avg,step_count\r\n"
    b",,s,g,Step\r\n"
    b"/api/record/122445/,2017-04-18 13:42:38.308594,129.0,0.22265625,\r\n"
)
NEW = (
    b"uri,start_date,start,end,Act Avg,Steps\r\n"
    b"na,na,na,na,g,rep\r\n"
    b"/api/record/256696/,2022-11-04 23:29:49,426906774784,426907334112,0.2616,2789\r\n"
)
NOTES = (
    b'"\r\n-----List of annotations"\r\n'
    b"uri,start_date,start,datatype,comment\r\n"
    b"/api/annotation/112046/,2022-11-04 23:30:01.078125,426906777876,215,b''\r\n"
)


def test_statistics_of_2017_have_a_duration_and_no_start():
    found = parse_statistics(OLD, where="statistics.csv")
    assert found.table["duration"] == ("129.0", "s")
    assert found.table["activity_avg"] == ("0.22265625", "g")
    assert found.table["step_count"] == ("", "Step")
    assert "start" not in found.table
    assert found.annotations == []


def test_statistics_of_2021_have_start_and_end_and_na_means_no_unit():
    found = parse_statistics(NEW, where="statistics.csv")
    assert found.table["start"] == ("426906774784", "")
    assert found.table["end"] == ("426907334112", "")
    assert found.table["Act Avg"] == ("0.2616", "g")
    assert found.table["Steps"] == ("2789", "rep")


def test_the_second_table_of_statistics_holds_the_annotations():
    found = parse_statistics(NEW + NOTES, where="statistics.csv")
    assert found.annotations == [
        {"id": 112046, "time": 426906777876, "datatype": 215, "comment": ""}
    ]


def note(comment):
    return f"/api/annotation/7/,2022-11-04,426906777876,4098,{comment}\r\n".encode()


@pytest.mark.parametrize(
    ("printed", "comment"),
    [
        ("b'run'", "run"),
        ('"b""it\'s"""', "it's"),
        (r"b'caf\xc3\xa9'", "café"),
        (r"b'a\nb'", "a\nb"),
        ("b''", ""),
        ("plain", "plain"),
        ("", ""),
        ("\"b'one, two'\"", "one, two"),
        ("b'it's'", "b'it's'"),
        ("b'é'", "b'é'"),
        ("\"b'x', 'y'\"", "b'x', 'y'"),
        ("b'x' and 'y'", "b'x' and 'y'"),
    ],
)
def test_comments_are_printed_as_bytes_and_come_back_as_text(printed, comment):
    found = parse_statistics(NEW + NOTES + note(printed), where="statistics.csv")
    assert found.annotations[1]["comment"] == comment


@given(comment=st.text(st.characters(codec="utf-8"), max_size=20))
def test_any_comment_comes_back(comment):
    printed = repr(comment.encode()).replace('"', '""')
    found = parse_statistics(NEW + NOTES + note(f'"{printed}"'), where="x")
    assert found.annotations[1]["comment"] == comment


@pytest.mark.parametrize(
    "row",
    [
        b"/api/annotation/7/,2022,now,215,b''",
        b"/api/annotation/7/,2022,426906777876,button,b''",
        b"/api/annotation/7/,2022,426906777876.5,215,b''",
        b"/api/annotation/7/,2022,nan,215,b''",
        b"/api/annotation/7/,2022,inf,215,b''",
        b"/api/annotation/7/,2022,426906777876",
    ],
)
def test_a_broken_annotation_is_refused_with_its_cells(row):
    with pytest.raises(FileFormatError, match=r"statistics\.csv.*annotation"):
        parse_statistics(NEW + NOTES + row + b"\r\n", where="statistics.csv")


@pytest.mark.parametrize(
    "data", [b"", b"a,b\r\n", b"a,b\r\n,\r\n", b"a,b\r\n,\r\n1\r\n", b"\x00\x01"]
)
def test_statistics_without_a_row_of_values_are_refused(data):
    with pytest.raises(FileFormatError, match=r"statistics\.csv.*expected a row"):
        parse_statistics(data, where="statistics.csv")


@given(data=st.binary(max_size=200), after=st.binary(max_size=100))
def test_any_bytes_as_facts_are_read_or_refused(data, after):
    for text in (data, NEW + data, NEW + NOTES + data + after):
        with contextlib.suppress(FileFormatError):
            parse_statistics(text, where="statistics.csv")
    with contextlib.suppress(FileFormatError):
        assert isinstance(parse_info(data, where="info.json"), dict)


def test_info_keeps_what_json_keeps():
    info = {"devices": ["HXSKIN1200008564"], "algo": {"id": 3, "n": [1.5, None, True]}}
    assert parse_info(json.dumps(info).encode(), where="info.json") == info
