"""The page of a view: what it holds is the record, and nothing else runs in it."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.errors import (
    ConfigurationError,
    OutputExistsError,
    TimestampError,
    UnknownChannelError,
)
from hexoframe.recording.facts import Facts, facts_table
from hexoframe.report import view as module
from hexoframe.timestamps import index_to_ticks
from tests.report.unpacking import facts_of, parts_of, ticks_of_times, values_of

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
PERSON = "jane.doe@example.org"


@pytest.fixture(scope="module")
def record():
    return hexoframe.open_record(SAMPLES / "hexoskin_10min.zip")


@pytest.fixture(scope="module")
def page(record):
    return record.explore().html


def panels_of(page):
    return {panel["key"]: panel for panel in facts_of(page)["panels"]}


def frame_in(page, panel):
    """Ticks and columns of a panel, as the page decodes them."""
    texts = parts_of(page)
    columns = {one["name"]: values_of(one, texts) for one in panel["columns"]}
    return ticks_of_times(panel["times"], texts), columns


# -- what it holds ---------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::hexoframe.errors.UnverifiedCalibrationWarning")
@pytest.mark.parametrize(
    "name", ["hexoskin_10min.zip", "astroskin_2min.zip", "astroskin_1000_1min.zip"]
)
def test_every_sample_of_every_channel_is_in_the_page_at_its_tick(name):
    record = hexoframe.open_record(SAMPLES / name)
    page = record.explore(channels=list(record)).html
    compared = 0
    for key, panel in panels_of(page).items():
        if panel["style"] == "rows":
            continue
        frame = record[key]
        ticks, columns = frame_in(page, panel)
        wanted = index_to_ticks(frame.index, clock=record.clock) - record.start_tick
        np.testing.assert_array_equal(ticks, wanted)
        for column, values in columns.items():
            np.testing.assert_array_equal(values, frame[column].to_numpy())
            compared += 1
    assert compared >= 20


def test_an_edited_sample_is_in_the_page_as_it_was_edited(record):
    frame = record["ecg"]
    frame.iloc[100, 0] = np.float32(0.12345678)
    page = record.replace(ecg=frame).explore(channels=["ecg"]).html
    _, columns = frame_in(page, panels_of(page)["ecg_i"])
    np.testing.assert_array_equal(columns["ecg_i"], frame["ecg_i"].to_numpy())


def test_a_view_of_a_part_holds_what_between_selects(record):
    page = record.explore(start="60s", end="90s", channels=["ecg"]).html
    part = record.between("60s", "90s")
    ticks, columns = frame_in(page, panels_of(page)["ecg_i"])
    assert (ticks[0], len(ticks)) == (0, 30 * 256)
    np.testing.assert_array_equal(columns["ecg_i"], part["ecg"]["ecg_i"].to_numpy())
    assert facts_of(page)["origin"] == part.start_tick


def test_samples_that_outlast_their_record_are_in_the_page(record):
    span = (record.start_tick + 100, record.end_tick - 5000)
    page = record.of(record, span=span).explore(channels=["ecg"]).html
    panel = panels_of(page)["ecg_i"]
    ticks, columns = frame_in(page, panel)
    frame = record["ecg"]["ecg_i"]
    assert panel["extent"] == [-100, len(frame) - 101] == [ticks[0], ticks[-1]]
    assert facts_of(page)["length"] < panel["extent"][1]
    np.testing.assert_array_equal(columns["ecg_i"], frame.to_numpy())


def test_by_default_leads_belts_rates_and_states_are_held_and_some_shown(page):
    panels = panels_of(page)
    assert [key for key, panel in panels.items() if panel["shown"]] == [
        "ecg_i", "heart_rate", "respiration_thoracic", "respiration_abdominal",
        "breathing_rate", "minute_ventilation", "activity", "sleep_phase",
        "sleep_position",
    ]  # fmt: skip
    assert {"cadence", "tidal_volume", "rr_interval", "device_position"} <= set(panels)
    assert not {"acceleration", "heart_rate_quality", "sdnn"} & set(panels)


def test_where_nothing_of_the_usual_is_there_all_is_shown(record):
    beats = {"rr_interval": record["rr_interval"]}
    alone = hexoframe.Record("hexoskin", (record.start_tick, record.end_tick), beats)
    (panel,) = panels_of(alone.explore().html).values()
    assert (panel["key"], panel["shown"]) == ("rr_interval", True)


def test_channels_that_are_asked_for_are_shown_in_their_order(record):
    asked = ["acceleration", "heart_rate_quality", "ptt", "ecg"]
    panels = panels_of(record.explore(channels=asked).html)
    assert list(panels) == ["acceleration", "heart_rate_quality", "ptt", "ecg_i"]
    assert all(panel["shown"] for panel in panels.values())
    assert panels["ptt"]["columns"][0]["n"] == 0
    assert [row["name"] for row in panels["heart_rate_quality"]["rows"]]


def test_shades_are_the_bad_spans_and_rows_are_the_states(record, page):
    panels = panels_of(page)
    spans = record.bad_spans("ecg_i")
    told = panels["ecg_i"]["spans"]
    first = index_to_ticks(pd.DatetimeIndex(spans["start"]), clock=256)
    assert told["start"] == (first - record.start_tick).tolist()
    names = [told["reasons"][at].replace(" ", "_") for at in told["why"]]
    assert names == [one.replace(" ", "_") for one in spans["reason"]]
    # An undefined phase is no row.
    states = record["sleep_phase"].dropna()
    begun = index_to_ticks(states.index, clock=256) - record.start_tick
    rows = panels["sleep_phase"]["rows"]
    assert sorted(tick for row in rows for tick in row["start"]) == begun.tolist()
    changes = index_to_ticks(record["sleep_phase"].index, clock=256)
    ends = [end for row in rows for end in row["end"]]
    assert set(ends) <= {*(changes - record.start_tick), facts_of(page)["length"]}


def test_marks_over_the_ecg_are_the_beats_with_why_some_do_not_count(record, page):
    beats = record.beats()
    marks = panels_of(page)["ecg_i"]["marks"]
    ticks = index_to_ticks(beats.index, clock=256) - record.start_tick
    assert np.cumsum(marks["steps"]).tolist() == ticks.tolist()
    assert marks["bad"] == np.flatnonzero(~beats["usable"]).tolist()
    assert len(marks["why"]) == len(marks["bad"]) > 0


def test_limits_hold_the_beats_and_leave_out_a_loose_electrode(record, page):
    low, high = panels_of(page)["ecg_i"]["limits"]
    good = record.usable("ecg")["ecg_i"]
    # A beat of this shirt is 1.2 mV high; the converter goes from -8.7 to 17.5 mV.
    assert low < good.quantile(0.01)
    assert good.quantile(0.999) < high < 3


def test_people_read_litres_and_the_page_keeps_the_unit_of_the_frame(page):
    for name, unit in (("minute_ventilation", "L/min"), ("tidal_volume", "L")):
        panel = panels_of(page)[name]
        assert (panel["unit"], panel["factor"]) == (unit, 0.001)
        assert panel["columns"][0]["gain"] == 13.28
    assert panels_of(page)["breathing_rate"]["unit"] == "breaths/min"


@pytest.mark.parametrize(
    ("zone", "wanted"),
    [
        ("UTC", [0]),
        ("Asia/Kathmandu", [20_700]),
        ("America/Montreal", [-18_000, -14_400]),
    ],
)
def test_offsets_of_the_zone_change_where_its_clocks_do(zone, wanted):
    start = pd.Timestamp("2024-03-10T05:00Z")  # clocks go on at 07:00Z
    first = int(start.timestamp()) * 256
    ticks = first + 256 * np.arange(1, 4 * 3600 + 1)
    rate = pd.DataFrame(
        {"heart_rate": np.full(len(ticks), 60.0)},
        index=hexoframe.timestamps.ticks_to_index(ticks, clock=256),
    )
    night = hexoframe.Record("hexoskin", (first, int(ticks[-1])), {"heart_rate": rate})
    offsets = facts_of(night.tz_convert(zone).explore().html)["offsets"]
    assert [seconds for _, seconds in offsets] == wanted
    if len(wanted) == 2:
        assert offsets[1][0] == 2 * 3600 * 256


def test_a_page_that_would_be_too_large_keeps_lowest_and_highest_and_says_so(
    record, monkeypatch
):
    monkeypatch.setattr(module, "INLINE", 400_000)
    view = record.explore(channels=["ecg", "respiration"])
    assert view.reduced == {"ecg_i": 16.0}
    panel = panels_of(view.html)["ecg_i"]
    assert panel["every"] == 16
    ticks = ticks_of_times(panel["times"], parts_of(view.html))
    low, high = (values_of(one, parts_of(view.html)) for one in panel["columns"])
    frame = record["ecg"]["ecg_i"]
    blocks = (index_to_ticks(frame.index, clock=256) - record.start_tick) // 16
    grouped = pd.Series(frame.to_numpy()).groupby(blocks)
    np.testing.assert_array_equal(ticks, np.unique(blocks) * 16)
    np.testing.assert_array_equal(low, grouped.min().to_numpy())
    np.testing.assert_array_equal(high, grouped.max().to_numpy())


def test_all_large_channels_give_way_before_one_gives_more(record, monkeypatch):
    asked = ["ecg", "respiration", "acceleration"]
    monkeypatch.setattr(module, "INLINE", 420_000)
    view = record.explore(channels=asked)
    assert view.reduced == {"ecg_i": 16.0, "acceleration": 16.0}
    assert len(view.html) <= 420_000
    monkeypatch.setattr(module, "INLINE", 300_000)
    view = record.explore(channels=asked)
    assert {*view.reduced.values()} <= {16.0, 4.0}
    assert len(view.reduced) == 4


def test_no_signal_is_no_lowest_value_of_a_reduced_belt(record, monkeypatch):
    monkeypatch.setattr(module, "INLINE", 250_001)
    page = record.explore(channels=["respiration"]).html
    panel = panels_of(page)["respiration_thoracic"]
    low = values_of(panel["columns"][0], parts_of(page))
    assert (record["respiration"]["respiration_thoracic"] == 0).any()
    assert np.nanmin(low) > 0


# -- what it is ------------------------------------------------------------------------


def test_the_policy_lets_its_own_script_and_style_run_and_nothing_else(page):
    policy = html.unescape(re.search(r'Security-Policy" content="([^"]*)"', page)[1])
    given = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert given["default-src"] == given["connect-src"] == "'none'"
    scripts = re.findall(r"<script(?: id=\"decode\")?>(.*?)</script>", page, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    for name, texts in (("script-src", scripts), ("style-src", styles)):
        hashes = [
            f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'"
            for one in texts
        ]
        assert given[name].split() == hashes
    assert not re.search(r"unsafe|\*", policy)


def test_the_page_carries_the_licence_of_what_draws_its_lines(page):
    licence = page.partition("<!--")[2].partition("-->")[0]
    assert "Copyright (c) 2022 Leon Sorokin" in licence
    assert "(v1.6.32)" in page


def test_the_page_names_no_address(page):
    outside = re.findall(r"""(?:https?:)?//[\w.-]+\.\w+[^\s"']*""", page)
    # Where uPlot says what it is.
    assert {one for one in outside if "uPlot" not in one} == set()
    assert not re.search(r"<(?:img|iframe|object|embed|a)\b", page)


def test_texts_of_a_record_end_no_script_and_who_wore_it_is_not_named(record):
    hostile = "</script><script>alert(1)</script>"
    ranges = facts_table(
        "ranges",
        [{"name": hostile, "start": record.start_tick, "end": record.end_tick}],
    )
    notes = facts_table(
        "annotations", [{"time": record.start_tick, "comment": hostile}]
    )
    info = {"user": PERSON, "user_id": 4711, "device": "HXSKIN1200009001"}
    facts = Facts(info=info, ranges=ranges, annotations=notes)
    page = record.of(record, facts=facts).explore().html
    told = facts_of(page)
    assert told["ranges"][0]["name"] == hostile
    assert told["annotations"][0] == {"tick": 0, "text": hostile}
    assert "alert(1)</script>" not in page
    for secret in (PERSON, "4711", "HXSKIN"):
        assert secret not in page


def test_a_notebook_gets_the_page_in_a_frame_of_its_own(record):
    view = record.explore(channels=["heart_rate"])
    shown = view._repr_html_()
    inner = re.fullmatch(r'<iframe srcdoc="([^"]*)".*</iframe>', shown, re.DOTALL)[1]
    assert html.unescape(inner) == view.html
    assert "MB" in repr(view)


def test_a_page_too_large_for_a_notebook_is_named_there(record, tmp_path, monkeypatch):
    view = record.explore(tmp_path / "a<b.html", channels=["heart_rate"])
    monkeypatch.setattr(module, "INLINE", 10_000)
    shown = view._repr_html_()
    assert "iframe" not in shown
    assert "a&lt;b.html" in shown


def test_a_file_is_written_once_and_replaced_only_if_asked(record, tmp_path):
    path = tmp_path / "night.html"
    view = record.explore(path, channels=["heart_rate"])
    assert (view.path, Path(view)) == (path, path)
    assert path.read_text("utf-8") == view.html
    before = path.stat().st_mtime_ns
    record.explore(path, channels=["heart_rate"])
    assert path.stat().st_mtime_ns == before
    with pytest.raises(OutputExistsError):
        record.explore(path, channels=["activity"])
    record.explore(path, channels=["activity"], overwrite=True)
    assert path.stat().st_mtime_ns != before
    assert [one.name for one in tmp_path.iterdir()] == ["night.html"]


def test_a_view_that_was_not_written_has_no_path(record):
    with pytest.raises(TypeError, match="was not written"):
        Path(record.explore(channels=["heart_rate"]))


def test_what_cannot_be_shown_is_said(record):
    with pytest.raises(ConfigurationError, match="none of the channels hrv_hf_norm"):
        record.explore(channels=["hrv_hf_normalized"])
    with pytest.raises(UnknownChannelError):
        record.explore(channels=["eeg"])
    with pytest.raises(ConfigurationError, match=r"give a list, such as \['ecg'\]"):
        record.explore(channels="ecg")
    with pytest.raises(ConfigurationError, match=r"night has no suffix of a page"):
        record.explore("night")
    with pytest.raises(ConfigurationError, match="name at least one"):
        record.explore(channels=[])
    with pytest.raises(TimestampError, match="outside the record"):
        record.explore(start="2h")
    empty = hexoframe.Record("hexoskin", (437_588_582_400, 437_588_592_400), {})
    with pytest.raises(ConfigurationError, match="nothing to show"):
        empty.explore()


def test_raw_counts_are_shown_as_counts():
    raw = hexoframe.open_record(SAMPLES / "hexoskin_10min.zip", units="raw")
    page = raw.explore(channels=["ecg", "minute_ventilation"]).html
    panel = panels_of(page)["ecg_i"]
    _, columns = frame_in(page, panel)
    assert panel["unit"] == "counts"
    np.testing.assert_array_equal(columns["ecg_i"], raw["ecg"]["ecg_i"].to_numpy())
