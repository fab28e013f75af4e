"""Ticks as text and back: writing, reading and zones, against datetime."""

import datetime as dt
import zoneinfo
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexoframe import digits
from hexoframe import timestamps as ts
from hexoframe.errors import ConfigurationError, TimestampError

FIRST = 946_684_800  # 2000-01-01
LAST = 4_102_444_800  # 2100-01-01
CLOCKS = (256, 1000)
ZONES = ("UTC", "America/Montreal", "Asia/Kolkata", "Australia/Lord_Howe")
FORMATS = (
    ts.CLASSIC_FORMAT,
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%d/%b/%Y %I:%M:%S.%f %p %Z%z",
    "%Y %j %H%M%S%f",
    "%% é %A %d %B %Y %T.%f ü%%T",
    "%G-W%V-%u %T %f",
    "%a %b %d %T %Y %f",
    "%y%m%d%H%M%S%f",
    "%f of %S, %M, %H on %F",
)
NOON = 1_500_000_000  # some second without a change of clocks near it

clocks = st.sampled_from(CLOCKS)
zones = st.sampled_from(ZONES)
seconds = st.integers(FIRST, LAST - 1)


def zone_of(name):
    return dt.UTC if name == "UTC" else zoneinfo.ZoneInfo(name)


def spelt(ticks, clock, fmt, tz):
    """Format each tick through exact fractions and datetime."""
    texts = []
    for tick in ticks:
        second, part = divmod(int(tick), clock)
        micro = round(Fraction(part, clock) * 10**6)  # half to even
        time = dt.datetime.fromtimestamp(second, zone_of(tz)).replace(microsecond=micro)
        texts.append(time.strftime(fmt))
    return texts


def unambiguous(second, tz):
    local = dt.datetime.fromtimestamp(second, zone_of(tz))
    return local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset()


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("tz", ZONES)
@pytest.mark.parametrize("fmt", FORMATS)
def test_every_phase_is_written_as_datetime_writes_it_and_read_back(clock, tz, fmt):
    ticks = NOON * clock + 59 * clock + np.arange(2 * clock)  # across a minute
    texts = ts.ticks_to_text(ticks, clock=clock, fmt=fmt, tz=tz)
    assert texts.tolist() == spelt(ticks, clock, fmt, tz)
    columns = ts.ticks_to_bytes(ticks, clock=clock, fmt=fmt, tz=tz)
    assert digits.join([columns]).decode().split("\n")[:-1] == texts.tolist()
    for form in (texts, columns):
        back = ts.text_to_ticks(form, clock=clock, fmt=fmt, tz=tz)
        assert back.tolist() == ticks.tolist()


def test_microseconds_are_rounded_half_to_even():
    texts = ts.ticks_to_text(NOON * 256 + np.array([2, 3, 6]), clock=256, fmt="%f")
    assert texts.tolist() == ["007812", "011719", "023438"]
    everything = ts.ticks_to_text(np.arange(256) + NOON * 256, clock=256, fmt="%S.%f")
    assert everything.tolist() == [
        f"{dt.datetime.fromtimestamp(tick / 256, dt.UTC):%S.%f}"
        for tick in range(NOON * 256, NOON * 256 + 256)
    ]


@given(
    st.lists(seconds, min_size=1, max_size=20),
    st.integers(0, 255),
    clocks,
    zones,
    st.sampled_from(FORMATS),
)
def test_any_ticks_are_written_and_read_back(moments, phase, clock, tz, fmt):
    kept = [second for second in moments if unambiguous(second, tz)]
    if "%y" in fmt:
        kept = [second for second in kept if second < 3_100_000_000]  # 68 is 2068
    ticks = np.array([second * clock + phase for second in kept], np.int64)
    texts = ts.ticks_to_text(ticks, clock=clock, fmt=fmt, tz=tz)
    assert texts.tolist() == spelt(ticks, clock, fmt, tz)
    back = ts.text_to_ticks(texts, clock=clock, fmt=fmt, tz=tz)
    assert back.tolist() == ticks.tolist()


@pytest.mark.parametrize("tz", ["America/Montreal", "Australia/Lord_Howe"])
@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("fmt", FORMATS[:3])
def test_spring_and_autumn_with_their_changes_of_clocks_are_read_back(tz, clock, fmt):
    march, october = 1_614_556_800, 1_633_046_400  # of 2021; 40 days from each
    ticks = np.add.outer([march, october], np.arange(0, 40 * 86_400, 607)).ravel()
    ticks = ticks * clock + 77
    texts = ts.ticks_to_text(ticks, clock=clock, fmt=fmt, tz=tz)
    assert texts[::50].tolist() == spelt(ticks[::50], clock, fmt, tz)
    back = ts.text_to_ticks(texts, clock=clock, fmt=fmt, tz=tz)
    assert (back == ticks).all()


def test_formats_without_a_digit_of_time_are_written():
    ticks = NOON * 256 + np.arange(3)
    assert ts.ticks_to_text(ticks, clock=256, fmt="").tolist() == ["", "", ""]
    assert ts.ticks_to_text(ticks, clock=256, fmt="é%%").tolist() == ["é%"] * 3
    assert ts.ticks_to_text([], clock=256).tolist() == []
    assert ts.text_to_ticks([], clock=256).tolist() == []


MACHINE_MARKS = ["%-d", "%_H", "%e", "%c", "%x", "%X", "%-S", "%r", "%^a"]


@pytest.mark.parametrize("mark", MACHINE_MARKS)
@pytest.mark.parametrize("tz", ["UTC", "America/Montreal"])
def test_what_the_machine_spells_is_written_as_strftime_does(mark, tz):
    fmt = f"%Y {mark}|%f"
    ticks = NOON * 256 + np.arange(0, 256 * 200, 97)
    expected = [
        dt.datetime.fromtimestamp(tick / 256, zoneinfo.ZoneInfo(tz)).strftime(fmt)
        for tick in ticks.tolist()
    ]
    assert ts.ticks_to_text(ticks, clock=256, fmt=fmt, tz=tz).tolist() == expected


@pytest.mark.parametrize("mark", MACHINE_MARKS)
def test_what_the_machine_spells_is_not_read(mark):
    with pytest.raises(ConfigurationError, match="depends on the machine"):
        ts.text_to_ticks(["2022-11-04"], clock=256, fmt=f"%Y-%m-%d {mark}")


@pytest.mark.parametrize("mark", ["%s", "%Q", "%-", "%"])
def test_a_directive_that_strftime_does_not_document_is_refused(mark):
    fmt = f"%Y-%m-%d {mark}"
    with pytest.raises(ConfigurationError, match="is not one of"):
        ts.ticks_to_bytes([NOON * 256], clock=256, fmt=fmt)
    with pytest.raises(ConfigurationError, match="is not one of"):
        ts.text_to_ticks(["2022-11-04"], clock=256, fmt=fmt)


@pytest.mark.parametrize(
    "form",
    [
        list,
        pd.Series,
        pd.Index,
        np.array,
        lambda texts: np.array(texts, object),
        lambda texts: np.array([text.encode() for text in texts]),
        lambda texts: [text.encode() for text in texts],
        lambda texts: pd.Series(texts, dtype="category"),
        lambda texts: pd.Series(texts, dtype=object),
        pa.array,
        lambda texts: pa.array(["skipped", *texts], pa.large_string())[1:],
        lambda texts: pa.chunked_array([texts[:3], texts[3:]]),
        lambda texts: pa.array(texts).dictionary_encode(),
        lambda texts: pa.array(texts).cast(pa.binary()),
    ],
)
@pytest.mark.parametrize("fmt", [ts.CLASSIC_FORMAT, "%d %B %Y %H:%M:%S.%f"])
def test_text_is_taken_in_every_form(form, fmt):
    ticks = np.arange(NOON * 256, (NOON + 86_400 * 120) * 256, 86_400 * 256 * 7 + 1)
    texts = spelt(ticks, 256, fmt, "UTC")
    back = ts.text_to_ticks(form(texts), clock=256, fmt=fmt)
    assert back.tolist() == ticks.tolist()


@pytest.mark.parametrize(
    "wrong", [None, float("nan"), 5, pd.NA, dt.datetime(2020, 1, 1, tzinfo=dt.UTC)]
)
def test_a_stamp_that_is_no_text_is_refused_with_its_row(wrong):
    stamp = "2022:11:04\t23:29:49:000000"
    with pytest.raises(TimestampError, match="row 1"):
        ts.text_to_ticks([stamp, wrong], clock=256)


def test_missing_stamps_of_arrow_are_refused_with_their_row():
    stamp = "2022:11:04\t23:29:49:000000"
    with pytest.raises(TimestampError, match="row 1"):
        ts.text_to_ticks(pa.array([stamp, None]), clock=256)
    with pytest.raises(TimestampError, match="row 1"):
        ts.text_to_ticks(pd.Series([stamp, None]), clock=256)
    with pytest.raises(TimestampError, match="as_ticks"):
        ts.text_to_ticks(pa.array([5]), clock=256)
    with pytest.raises(TimestampError, match="NUL"):
        ts.text_to_ticks([stamp + "\0"], clock=256)


@pytest.mark.parametrize(
    ("stamp", "said"),
    [
        ("2022:13:04\t23:29:49:000000", "month 13"),
        ("2022:00:04\t23:29:49:000000", "month 0"),
        ("2022:02:31\t23:29:49:000000", "day 31"),
        ("2023:02:29\t23:29:49:000000", "day 29"),
        ("2022:11:00\t23:29:49:000000", "day 0"),
        ("2022:11:04\t24:00:00:000000", "hour 24"),
        ("2022:11:04\t23:60:00:000000", "minute 60"),
        ("2022:11:04\t23:29:60:000000", "second"),
        ("2022:11:04\t23:29:49:00000x", "does not fit"),
        ("2022:11:04\t23:29:49:0000000", "does not fit"),
        ("2022:11:04 23:29:49:000000", "does not fit"),
        ("2022:11:4\t23:29:49:000000", "does not fit"),
        (" 2022:11:04\t23:29:49:000000", "does not fit"),
        ("2022:11:04\t23:29:49:", "does not fit"),
        ("", "does not fit"),
        ("384700526436", "does not fit"),
        ("1999:12:31\t23:59:59:000000", "outside"),
        ("2100:01:01\t00:00:00:003906", "outside"),
        ("9999:01:01\t00:00:00:000000", "year 9999"),
        ("0000:01:01\t00:00:00:000000", "year 0"),
        ("2022:11:04\t23:29:49:001953", "between two ticks"),
    ],
)
def test_a_stamp_that_is_no_tick_is_refused_with_its_row_and_text(stamp, said):
    good = "2022:11:04\t23:29:49:000000"
    with pytest.raises(TimestampError, match=said) as refused:
        ts.text_to_ticks([good, good, stamp, good], clock=256)
    assert f"row 2: {stamp!r}" in str(refused.value)


@pytest.mark.parametrize(
    ("stamp", "fmt", "said"),
    [
        ("2021 366", "%Y %j", "no time that exists"),
        ("2021-W53-1", "%G-W%V-%u", "no time"),
        ("2022-11-04 Monday", "%Y-%m-%d %A", "no time that exists"),
        ("2022-11-04 01 pm 14", "%Y-%m-%d %I %p %H", "no time that exists"),
        ("4 November 2022", "%d %B %Y", "does not fit"),
        ("04 Novembre 2022", "%d %B %Y", "no time"),
        ("04 No|ember 2022", "%d %B %Y", "does not fit"),
        (b"04 \xffov 2022", "%d %b %Y", "no time"),
        ("2022-11-04 23:29:60 1", "%Y-%m-%d %H:%M:%S %f", "between|second"),
        ("2022-11-04 +2400", "%Y-%m-%d %z", "does not fit"),
    ],
)
def test_a_stamp_in_another_format_that_is_no_time_is_refused(stamp, fmt, said):
    with pytest.raises(TimestampError, match=f"row 0: .*{said}"):
        ts.text_to_ticks([stamp], clock=256, fmt=fmt)


def test_what_a_stamp_says_twice_is_read_once_and_compared():
    fmt = "%G-W%V-%w %U %W %a %A %b %B %d %m %y %Y %j %p %I %H %M %S %f"
    ticks = np.arange(NOON * 256, (NOON + 86_400 * 900) * 256, 86_399 * 256 * 7 + 1)
    texts = spelt(ticks, 256, fmt, "UTC")
    assert ts.text_to_ticks(texts, clock=256, fmt=fmt).tolist() == ticks.tolist()
    assert ts.text_to_ticks(["04 nOV 2022 01 pm"], clock=256, fmt="%d %b %Y %I %p") == (
        int(dt.datetime(2022, 11, 4, 13, tzinfo=dt.UTC).timestamp()) * 256
    )


def test_any_text_may_stand_between_the_parts_of_a_stamp():
    between = "".join(map(chr, range(1, 128))).replace("%", "%%") + "é→𝄞"
    fmt = f"%Y{between}%m%d{between}%H%M%S.%f"
    ticks = NOON * 256 + np.arange(3)
    texts = ts.ticks_to_text(ticks, clock=256, fmt=fmt)
    assert texts.tolist() == spelt(ticks, 256, fmt, "UTC")
    assert ts.text_to_ticks(texts, clock=256, fmt=fmt).tolist() == ticks.tolist()


def test_truncated_and_short_microseconds_are_read_to_the_tick():
    ticks = NOON * 256 + np.arange(256)
    start = dt.datetime.fromtimestamp(NOON, dt.UTC).strftime("%Y:%m:%d\t%H:%M:%S")
    truncated = [f"{start}:{phase * 10**6 // 256:06}" for phase in range(256)]
    assert ts.text_to_ticks(truncated, clock=256).tolist() == ticks.tolist()
    assert ts.text_to_ticks([f"{start}:5", truncated[0]], clock=256).tolist() == [
        NOON * 256 + 128,
        NOON * 256,
    ]


@given(st.integers(0, 999_999), clocks)
def test_a_microsecond_is_a_tick_if_it_is_not_further_than_one(micro, clock):
    stamp = f"2020:02:29\t12:00:00:{micro:06}"
    exact = Fraction(micro * clock, 10**6)
    second = int(dt.datetime(2020, 2, 29, 12, tzinfo=dt.UTC).timestamp())
    nearest = (exact + Fraction(1, 2)).__floor__()
    if abs(nearest - exact) * 10**6 <= clock:
        assert ts.text_to_ticks([stamp], clock=clock)[0] == second * clock + nearest
    else:
        with pytest.raises(TimestampError, match="between"):
            ts.text_to_ticks([stamp], clock=clock)


@pytest.mark.parametrize(
    ("fmt", "said"),
    [
        ("%H:%M:%S", "whole date"),
        ("%Y-%m", "whole date"),
        ("%Y-%m-%d %I:%M", "%p"),
        ("%Y-%m-%d %p", "%I"),
        ("%Y-%m-%d %Y", "twice"),
        ("%Y-%m-%d %T %S", "twice"),
        ("%Y-%m-%d %Q", "%Q"),
    ],
)
def test_a_format_that_cannot_be_read_is_refused(fmt, said):
    with pytest.raises(ConfigurationError, match=said):
        ts.text_to_ticks(["2022-11-04"], clock=256, fmt=fmt)


def test_a_format_with_a_nul_is_refused():
    for fmt in ("%Y\0", "\ud800"):
        with pytest.raises(ConfigurationError, match="format"):
            ts.ticks_to_bytes([NOON * 256], clock=256, fmt=fmt)


# --- zones ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tz", ["America/Montreall", "Montreal", "", "America", "../etc", "localtime", "/"]
)
def test_an_unknown_zone_is_refused(tz):
    with pytest.raises(ConfigurationError, match="no time zone"):
        ts.ticks_to_text([NOON * 256], clock=256, tz=tz)


def test_a_zone_that_is_no_name_is_refused():
    with pytest.raises(ConfigurationError, match="name"):
        ts.ticks_to_text([NOON * 256], clock=256, tz=None)


@pytest.mark.parametrize(
    ("tz", "near"),
    [
        ("America/Montrael", "America/Montreal"),
        ("Montreal", "America/Montreal"),
        ("new york", "America/New_York"),
        ("utc", "UTC"),
        ("Europe/Montreal", "America/Montreal"),
        ("Asia/Orl", "Asia/Oral"),
        ("Eastern", "Canada/Eastern, US/Eastern"),
    ],
)
def test_the_nearest_zones_are_named(tz, near):
    with pytest.raises(ConfigurationError, match=f"such as {near}"):
        ts.text_to_ticks(["x"], clock=256, tz=tz)


@pytest.mark.parametrize("tz", ["local", "localtime", "local time", "CEST", "Munich"])
def test_a_name_like_no_zone_gets_no_chance_neighbour(tz):
    with pytest.raises(ConfigurationError) as told:
        ts.text_to_ticks(["x"], clock=256, tz=tz)
    assert str(told.value) == (
        f"{tz!r} is no time zone; give a region and a city, such as America/Montreal, "
        "Europe/Paris or UTC; the zone of this computer is never assumed"
    )


@pytest.mark.parametrize(
    ("tz", "fixed"),
    [("UTC+2", "Etc/GMT-2"), ("+02:00", "Etc/GMT-2"), ("-0500", r"Etc/GMT\+5")],
)
def test_an_offset_is_told_the_zone_that_has_it(tz, fixed):
    with pytest.raises(ConfigurationError, match=f"no summer time.* or {fixed}, which"):
        ts.text_to_ticks(["x"], clock=256, tz=tz)


def montreal(text):
    """Return the tick of a time in Montreal: text, and EDT or EST."""
    naive, name = text.rsplit(" ", 1)
    hours = {"EDT": 4, "EST": 5}[name]
    utc = dt.datetime.fromisoformat(naive).replace(tzinfo=dt.UTC)
    return int(utc.timestamp() + hours * 3600) * 256


def local_texts(ticks, fmt="%Y-%m-%d %H:%M:%S.%f"):
    return spelt(ticks, 256, fmt, "America/Montreal")


def read_local(texts, fmt="%Y-%m-%d %H:%M:%S.%f"):
    return ts.text_to_ticks(texts, clock=256, fmt=fmt, tz="America/Montreal")


def test_the_hour_that_is_skipped_in_spring_is_refused():
    texts = ["2022-03-13 01:59:59.0", "2022-03-13 02:30:00.0", "2022-03-13 03:00:00.0"]
    with pytest.raises(TimestampError, match=r"row 1: '2022-03-13 02:30.* not exist"):
        read_local(texts)
    first, second = read_local([texts[0], texts[2]]).tolist()
    assert second - first == 256


@pytest.mark.parametrize(
    ("begin", "end", "step"),
    [
        ("2022-11-06 00:30:00 EDT", "2022-11-06 03:00:00 EST", 64),  # the whole night
        ("2022-11-06 01:59:59 EDT", "2022-11-06 01:00:01 EST", 1),  # only the jump
        ("2022-11-06 00:59:00 EDT", "2022-11-06 01:40:00 EDT", 256),  # first pass
        ("2022-11-06 01:20:00 EST", "2022-11-06 02:10:00 EST", 256),  # second pass
        ("2022-11-05 12:00:00 EDT", "2022-11-07 12:00:00 EST", 256 * 600),
    ],
)
def test_the_hour_that_comes_twice_is_told_by_the_order(begin, end, step):
    ticks = np.arange(montreal(begin), montreal(end), step)
    assert read_local(local_texts(ticks)).tolist() == ticks.tolist()


def test_a_pause_of_about_the_hour_that_comes_twice_is_seen():
    ticks = np.concatenate(
        [
            np.arange(
                montreal("2022-11-06 00:50:00 EDT"),
                montreal("2022-11-06 01:10:00 EDT"),
                256,
            ),
            np.arange(
                montreal("2022-11-06 01:20:00 EST"),
                montreal("2022-11-06 02:10:00 EST"),
                256,
            ),
        ]
    )
    assert read_local(local_texts(ticks)).tolist() == ticks.tolist()


@pytest.mark.parametrize(
    ("texts", "row"),
    [
        (["2022-11-06 01:30:00.0"], 0),
        (["2022-11-06 00:30:00.0", "2022-11-06 01:30:00.0"], 1),
        (["2022-11-06 01:30:00.0", "2022-11-06 02:30:00.0"], 0),
        (["2022-11-06 01:10:00.0", "2022-11-06 01:50:00.0"], 0),
        # no order: back twice, or back at another time too
        (["2022-11-06 01:10:00.0", "2022-11-06 01:05:00.0",
          "2022-11-06 01:01:00.0"], 0),
        (["2022-11-05 00:00:00.0", "2022-11-06 01:05:00.0", "2022-11-06 01:01:00.0",
          "2022-11-04 00:00:00.0"], 1),
        # comes and goes without a pause: an hour is missing
        ([f"2022-11-06 {h:02}:{m:02}:{s:02}.0" for h in (0, 1, 2) for m in range(60)
          for s in range(60)], 3600),
    ],
)  # fmt: skip
def test_a_time_that_stays_ambiguous_is_refused_with_its_row(texts, row):
    with pytest.raises(TimestampError, match=f"row {row}: .*ambiguous.*UTC"):
        read_local(texts)


@pytest.mark.parametrize("suffix", ["%z", " %Z", " %Z%z"])
def test_an_offset_or_a_zone_name_in_the_text_tells_which_hour_it_is(suffix):
    fmt = "%Y-%m-%d %H:%M:%S.%f" + suffix
    ticks = [montreal("2022-11-06 01:30:00 EST"), montreal("2022-11-06 01:40:00 EDT")]
    assert read_local(local_texts(ticks, fmt), fmt).tolist() == ticks


def test_an_offset_in_the_text_comes_before_the_zone():
    fmt = "%Y-%m-%d %H:%M:%S%z"
    texts = [
        "2022-11-05 04:59:49+0530",
        "2022-11-04 23:29:49Z",
        "2022-11-04 19:29:49-04:00",
    ]
    second = int(dt.datetime(2022, 11, 4, 23, 29, 49, tzinfo=dt.UTC).timestamp())
    found = ts.text_to_ticks(texts, clock=1000, fmt=fmt, tz="Asia/Kolkata")
    assert found.tolist() == [second * 1000] * 3


@pytest.mark.parametrize("tz", ["UTC", "Asia/Kolkata", "America/Montreal"])
def test_a_zone_name_that_the_zone_does_not_have_is_refused(tz):
    with pytest.raises(TimestampError, match=r"row 0.*names a zone"):
        ts.text_to_ticks(
            ["2022-07-04 10:00 EST"], clock=256, fmt="%Y-%m-%d %H:%M %Z", tz=tz
        )


@settings(max_examples=40)
@given(
    st.sampled_from(["America/Montreal", "Australia/Lord_Howe", "Europe/Dublin"]),
    st.integers(2000, 2036),
    st.integers(0, 7200),
    st.integers(100, 9000),
    st.integers(1, 100),
)
def test_each_change_of_clocks_is_crossed_both_ways(tz, year, before, after, step):
    zone = zoneinfo.ZoneInfo(tz)
    start = int(dt.datetime(year, 1, 1, tzinfo=dt.UTC).timestamp())
    days = [start + 86_400 * n for n in range(367)]
    offsets = [dt.datetime.fromtimestamp(day, zone).utcoffset() for day in days]
    changes = [
        day for day, a, b in zip(days, offsets, offsets[1:], strict=False) if a != b
    ]
    assert len(changes) == 2
    for day in changes:
        ticks = np.arange(day - before, day + 86_400 + after, step) * 256 + 3
        texts = ts.ticks_to_text(ticks, clock=256, tz=tz)
        assert texts[::97].tolist() == spelt(ticks[::97], 256, ts.CLASSIC_FORMAT, tz)
        back = ts.text_to_ticks(texts, clock=256, tz=tz)
        assert back.tolist() == ticks.tolist()


def test_half_a_microsecond_goes_up_or_to_the_even_number():
    ticks = [426934857216 + phase for phase in (1, 2, 6, 10, 255)]

    def micros(**how):
        return ts.ticks_to_text(ticks, clock=256, fmt="%Y%m%d%f", **how).tolist()

    day = "20221106"
    even = [f"{day}{n:06}" for n in (3906, 7812, 23438, 39062, 996094)]
    assert micros() == micros(halves="even") == even
    assert micros(halves="up") == [
        f"{day}{n:06}" for n in (3906, 7813, 23438, 39063, 996094)
    ]
    for halves in ("even", "up"):
        text = ts.ticks_to_text(
            range(426934857216, 426934857472), clock=256, halves=halves
        )
        back = ts.text_to_ticks(text, clock=256)
        assert back.tolist() == list(range(426934857216, 426934857472))
