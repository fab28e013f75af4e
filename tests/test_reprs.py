"""How a record looks: text and page say the same, waveforms are not read for it."""

from __future__ import annotations

import html
import re
import warnings
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.channels import FAMILIES, channels_of
from hexoframe.errors import FileFormatError, UnverifiedCalibrationWarning
from hexoframe.record import Record
from hexoframe.recording.data import LazyChannel
from hexoframe.recording.facts import Facts, facts_table
from hexoframe.recording.frames import make_frame
from hexoframe.recording.gaps import Receipt
from hexoframe.reprs import as_text
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear
from hexoframe.timestamps import ticks_to_index

SECOND = 1_667_604_589  # 2022-11-04T23:29:49Z
START = SECOND * 256
SECONDS = 2184


def refuse(*_args):
    pytest.fail("a look reads no waveforms and no events")


def frame_of(name, values, *, family="hexoskin", ticks=None):
    """Return a channel whose samples begin with the record, at `ticks` or in a row."""
    channel = channels_of(family)[name]
    clock = channel.clock
    if ticks is None:
        ticks = (SECOND + 1 + np.arange(len(values))) * clock
    index = ticks_to_index(np.asarray(ticks), clock=clock)
    columns = dict.fromkeys(channel.columns, np.asarray(values, dtype=float))
    return make_frame(channel, index, columns, record_id=7)


def read(frame):
    return LazyChannel(read=lambda: frame, receipt=Receipt(samples=len(frame)))


def partly_read(info=None, **more):
    rates = 70 + 30 * np.sin(np.arange(SECONDS) / 100)
    flags = np.zeros(SECONDS)
    flags[:546] = 16
    sources = {
        "ecg": LazyChannel(
            read=refuse, pieces=refuse, receipt=Receipt(samples=559_312)
        ),
        "respiration": LazyChannel(read=refuse, pieces=refuse),
        "heart_rate": read(frame_of("heart_rate", rates)),
        "heart_rate_quality": read(frame_of("heart_rate_quality", flags)),
        "step": LazyChannel(read=refuse, pieces=refuse, receipt=Receipt(samples=12)),
        **more,
    }
    facts = Facts(
        info={"id": 256_696, **(info or {})},
        annotations=facts_table("annotations", [{"time": START}]),
    )
    return Record("hexoskin", (START, START + 559_312), sources, facts=facts)


def page_of(record):
    """Return the page of a record as a tree."""
    page = record._repr_html_().replace("<br>", "<br/>")
    return ET.fromstring(page)  # noqa: S314 - our own text


def rows_of(tree):
    return {row[0].text: row for row in tree.findall("./table/tbody/tr")}


def points_of(row):
    """Return the corners of a sparkline, a list for each piece of the line."""
    (path,) = row.findall(".//path")
    pieces = []
    for verb, x, y in re.findall(r"([Ml])(-?\d+) (-?\d+)", path.get("d")):
        if verb == "M":
            pieces.append([(int(x), int(y))])
        else:
            last = pieces[-1][-1]
            pieces[-1].append((last[0] + int(x), last[1] + int(y)))
    return pieces


def test_looks_read_no_waveforms_and_say_the_same():
    record = partly_read({"user_id": 42, "device": "HXSKIN1200008564"})
    text, page = repr(record), record._repr_html_()
    plain = html.unescape(re.sub(r"<[^>]+>", " ", page))
    for fact in (
        "256696",
        "hexoskin",
        "2022-11-04 23:29:49",
        "2022-11-05 00:06:13.812 UTC",
        "559,312",
        "2,184",
        "256 Hz",
        "100 %",
        "not read",
        "mV",
        "bpm",
        "event",
        "40 to 100",
        "25 % flagged",
        "user 42",
        "HXSKIN1200008564",
        "annotations: 1",
    ):
        assert fact in text, fact
        assert fact in plain, fact
    assert not any(record.is_read(name) for name in ("ecg", "respiration", "step"))
    for name in record:
        assert len(re.findall(rf"^{name}\b", text, re.MULTILINE)) == 1


def test_every_word_of_the_text_stands_in_the_page_and_the_other_way_round():
    record = partly_read({"device": "HX"})
    page = record._repr_html_()
    plain = html.unescape(re.sub(r"<[^>]+>", " ", page))
    assert sorted(plain.split()) == sorted(repr(record).split())


@pytest.mark.parametrize("family", FAMILIES)
def test_look_at_every_channel_there_is_stays_small(family):
    clock = 1000 if family == "astroskin_1000" else 256
    chance = np.random.default_rng(0)
    sources = {}
    for name, channel in channels_of(family).items():
        if channel.kind == "rate" and channel.rate_hz == 1:
            frame = frame_of(name, chance.integers(0, 1000, 86_400), family=family)
            sources[name] = read(frame)
        else:
            sources[name] = LazyChannel(read=refuse, receipt=Receipt(samples=10**8))
    span = (SECOND * clock, (SECOND + 86_400) * clock)
    record = Record(family, span, sources)
    assert len(record._repr_html_()) < 50_000
    assert max(map(len, repr(record).splitlines())) < 160


def test_page_escapes_what_a_source_says():
    record = partly_read({"device": "<script>alert('x')</script> & co"})
    page = record._repr_html_()
    assert "<script>" not in page
    assert html.escape("<script>alert('x')</script> & co") in page


def test_neither_look_obeys_control_characters_of_a_source():
    record = partly_read({"device": "HX\x1b[2J\x9b31m\u202e\n1", "user_id": "\x07"})
    assert r"device HX\x1b[2J\x9b31m\u202e\n1" in repr(record)
    for text in (repr(record), record._repr_html_()):
        assert text.replace("\n", "").isprintable()


def test_page_is_one_well_formed_table():
    tree = page_of(partly_read())
    body = tree.findall("./table/tbody/tr")
    names = ["ecg", "respiration", "heart_rate", "heart_rate_quality", "step"]
    assert [row[0].text for row in body] == names
    heads = tree.findall("./table/thead/tr/th")
    assert {len(row) for row in body} == {len(heads)}


def test_page_that_wraps_cells_and_shrinks_pictures_spoils_neither():
    rows = rows_of(page_of(partly_read()))
    for row in rows.values():
        wraps = ["nowrap" not in cell.get("style", "") for cell in row]
        # The names of several columns are long, and the picture is no text.
        assert wraps == [False] * 6 + [True, True]
    (line,) = rows["heart_rate"].findall(".//svg")
    assert line.get("style") == f"min-width:{int(line.get('width')) // 2}px"


def test_page_has_a_sparkline_for_each_channel_at_1_hz_and_no_other():
    rows = rows_of(page_of(partly_read()))
    drawn = [name for name, row in rows.items() if row.findall(".//svg")]
    assert drawn == ["heart_rate", "heart_rate_quality"]
    for name in drawn:
        (line,) = rows[name].findall(".//svg")
        assert line.get("aria-label") == name


def test_lines_have_the_colour_of_the_text_so_that_dark_pages_show_them():
    page = partly_read()._repr_html_()
    colours = re.findall(r'(?:stroke|fill|color)[=:]"?([^";]+)', page)
    assert set(colours) == {"currentColor", "none", "inherit"}


def test_sparkline_goes_from_the_lowest_to_the_highest_value_and_keeps_a_spike():
    values = np.full(SECONDS, 60.0)
    values[1000] = 180.0
    values[2000] = 40.0
    record = partly_read(heart_rate=read(frame_of("heart_rate", values)))
    (line,) = points_of(rows_of(page_of(record))["heart_rate"])
    x, y = np.array(line).T
    assert (y.min(), y.max()) == (0, 20)
    # 60 columns and 20 steps: where the spikes are, and where the rest is.
    assert x[y == 0].tolist() == [round(1001 / 2184.8 * 60)]
    assert x[y == 20].tolist() == [round(2001 / 2184.8 * 60)]
    assert np.median(y) == round((180 - 60) / (180 - 40) * 20)
    assert (x.min(), x.max()) == (0, 60)


def test_sparkline_is_broken_where_samples_are_missing():
    ticks = (SECOND + 1 + np.r_[0:800, 1600:2184]) * 256
    values = np.arange(len(ticks)) % 50
    record = partly_read(heart_rate=read(frame_of("heart_rate", values, ticks=ticks)))
    before, after = points_of(rows_of(page_of(record))["heart_rate"])
    assert max(x for x, _ in before) == round(800 / 2184.8 * 60)
    assert min(x for x, _ in after) == round(1601 / 2184.8 * 60)


def test_sparkline_of_flags_shows_which_share_was_set():
    flags = np.zeros(SECONDS)
    flags[1092::2] = 8
    frame = frame_of("heart_rate_quality", flags)
    record = partly_read(heart_rate_quality=read(frame))
    (line,) = points_of(rows_of(page_of(record))["heart_rate_quality"])
    heights = dict(line)
    # None at the bottom (20), all at the top (0).
    assert heights[10] == 20
    assert heights[50] == 10
    assert "25 % flagged" in repr(record)


def test_flags_that_were_hardly_ever_set_do_not_look_like_none():
    flags = np.zeros(SECONDS)
    assert "none flagged" in repr(
        partly_read(heart_rate_quality=read(frame_of("heart_rate_quality", flags)))
    )
    flags[5] = 2
    assert "0.1 % flagged" in repr(
        partly_read(heart_rate_quality=read(frame_of("heart_rate_quality", flags)))
    )


def test_channel_that_never_changes_is_a_line_in_the_middle():
    record = partly_read(heart_rate=read(frame_of("heart_rate", np.full(SECONDS, 72))))
    (line,) = points_of(rows_of(page_of(record))["heart_rate"])
    assert {y for _, y in line} == {10}
    assert re.search(r"^heart_rate .* bpm +72$", repr(record), re.MULTILINE)


def test_channel_without_a_value_has_no_range_and_no_line():
    empty = frame_of("heart_rate", np.full(SECONDS, np.nan))
    record = partly_read(heart_rate=read(empty))
    assert re.search(r"^heart_rate .* bpm +-$", repr(record), re.MULTILINE)
    assert not rows_of(page_of(record))["heart_rate"].findall(".//svg")


@pytest.mark.parametrize(
    "failure", [FileFormatError("damaged"), OSError("gone")], ids=str
)
def test_channel_that_cannot_be_read_does_not_spoil_the_look(failure):
    def fail():
        raise failure

    record = partly_read(heart_rate=LazyChannel(read=fail))
    assert "cannot be read" in repr(record)
    assert "cannot be read" in record._repr_html_()
    with pytest.raises(type(failure)):
        record["heart_rate"]


@pytest.mark.filterwarnings("error")
def test_warning_as_an_error_does_not_spoil_the_look():
    def warn():
        warnings.warn("never confirmed", UnverifiedCalibrationWarning, stacklevel=1)

    record = partly_read(heart_rate=LazyChannel(read=warn))
    assert "cannot be read" in repr(record)


def test_look_at_an_empty_record_says_so():
    for span in ((START, START), (START, START + 256)):
        record = Record("hexoskin", span, {})
        assert "without id" in repr(record)
        assert "without id" in record._repr_html_()


def test_coverage_in_the_look_is_full_only_where_nothing_lacks():
    whole = LazyChannel(read=refuse, receipt=Receipt(samples=15_360))
    record = Record("hexoskin", (START, START + 15_360), {"ecg": whole})
    assert re.search(r"^ecg .* 15,360 +100 %", repr(record), re.MULTILINE)
    almost = LazyChannel(read=refuse, receipt=Receipt(samples=15_359))
    record = Record("hexoskin", (START, START + 15_360), {"ecg": almost})
    assert re.search(r"^ecg .* 15,359 +99\.9 %", repr(record), re.MULTILINE)


def test_look_shows_the_zone_and_the_scale():
    frames = {"ecg": LazyChannel(read=refuse, receipt=Receipt(samples=15_360))}
    span = (START, START + 15_360)
    record = Record("hexoskin", span, frames, tz="America/Montreal", scale="raw")
    assert "2022-11-04 19:29:49 to 2022-11-04 19:30:49 America/Montreal" in repr(record)
    assert "values: raw" in repr(record)
    assert "mV" not in repr(record)


def test_range_of_a_shirt_is_that_of_its_samples(tmp_path):
    shirt = Shirt(seed=3, duration_s=300, activity="walk")
    record = hexoframe.open_record(write_export(wear(shirt), tmp_path / "a.zip"))
    text = repr(record)
    assert not record.is_read("ecg")
    for name in ("heart_rate", "breathing_rate", "cadence"):
        values = record[name][name]
        if name != "cadence":
            values = values[~record.quality(name)["initial"]]
            assert len(values) < 299, "the shirt too begins with no measurement"
        expected = f"{values.min():g} to {values.max():g}"
        assert re.search(rf"^{name} .* {expected}$", text, re.MULTILINE)
    assert re.search(r"^systolic_pressure .* none measured$", text, re.MULTILINE)
    assert isinstance(record["heart_rate"].index, pd.DatetimeIndex)


@pytest.mark.parametrize(
    ("width", "left"), [(80, ["samples", "columns"]), (60, ["range", "samples"])]
)
def test_a_table_fits_the_width_that_there_is(samples, width, left):
    record = hexoframe.open_record(samples / "hexoskin_10min.zip")
    lines = as_text(record, width).splitlines()
    assert all(len(line) <= width for line in lines)
    head = next(line.split() for line in lines if line.startswith("channel"))
    assert head[:4] == ["channel", "rate", "coverage", "unit"]
    assert f"(no room for {', '.join(left)}" in " ".join(lines)
    # Where there is room, nothing changes.
    assert as_text(record, 200) == as_text(record) == repr(record)


def test_a_record_at_a_terminal_is_as_wide_as_that(samples, monkeypatch):
    record = hexoframe.open_record(samples / "hexoskin_10min.zip")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    text = repr(record)
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(
        r"^minute_ventilation +1 Hz +100 % +mL/min +[\d,]+ to", text, re.MULTILINE
    )
    monkeypatch.setattr("sys.stdout", None)
    assert repr(record) == as_text(record)
