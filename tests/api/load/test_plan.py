"""The requests of a load: figures worked out by hand, and rules that always hold."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.api.load.chunks import Chunk
from hexoframe.api.load.plan import (
    cost_of,
    end_of_samples,
    make_plan,
    wanted_datatypes,
)
from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, datatypes_of
from hexoframe.errors import ConfigurationError, UnknownChannelError

SECOND = 1_700_000_000
DAY = 86_400
H = "hexoskin"
JSON_ONLY = {22, 38, 39, 247}
STATES = {269, 270, 280}


def span_of(family, seconds=DAY):
    clock = CLOCK_OF_FAMILY[family]
    return SECOND * clock, (SECOND + seconds) * clock


def plan_of(family=H, channels=None, *, seconds=DAY, waveforms=True, **more):
    wanted = wanted_datatypes(family, channels, waveforms=waveforms)
    return make_plan(family, span_of(family, seconds), wanted, **more)


def cost(plan):
    return cost_of(plan.family, plan.chunks)


def row_of(number, family=H):
    (row,) = [row for row in datatypes_of(family) if row.id == number]
    return row


# --- pages of JSON --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "requests"),
    # 86 400 s x 256 / 65 534 = 337.5, and 86 400 s x 250 / 65 534 = 329.6.
    [("hexoskin", 338), ("astroskin_256", 338), ("astroskin_1000", 330)],
)
def test_a_day_with_ecg_is_packed_into_as_few_pages_as_its_ecg_needs(family, requests):
    plan = plan_of(family, transport="json")
    assert len(plan.chunks) == requests
    ids = {row.id for row in wanted_datatypes(family) if row.id is not None}
    assert {frozenset(chunk.datatypes) for chunk in plan.chunks} == {frozenset(ids)}
    assert plan.json == ids


@pytest.mark.parametrize(
    ("channels", "requests"),
    [
        (["ecg"], 338), (["respiration"], 169), (["acceleration"], 85),
        (["heart_rate"], 2), (["ann"], 1), (["rr_interval"], 6),
        (["rr_interval", "heart_rate"], 6), (["ecg", "rr_interval"], 338),
    ],
)  # fmt: skip
def test_the_fastest_wanted_channel_says_how_long_a_page_is(channels, requests):
    # 16 383.5 s for events, of which four a second are expected at most.
    assert len(plan_of(H, channels, transport="json").chunks) == requests


@pytest.mark.parametrize("channels", [None, ["ecg"], ["heart_rate"], ["step", "ann"]])
@pytest.mark.parametrize("family", FAMILIES)
def test_no_page_holds_more_samples_than_the_server_gives(family, channels):
    plan = plan_of(family, channels, transport="json")
    longest = max(chunk.end - chunk.start for chunk in plan.chunks)
    for row in plan.wanted:
        # The end of the window may belong to it; of events come four a second.
        step = row.ticks or Fraction(CLOCK_OF_FAMILY[family], 4)
        assert longest // step + 1 <= 65_535


def test_stamps_that_are_rounded_fit_as_well():
    family = "astroskin_1000"
    row = row_of(64, family)
    assert row.ticks == Fraction(40, 3)
    plan = plan_of(family, ["ppg"], transport="json")
    begin, end = plan.chunks[1].start, plan.chunks[1].end
    start = plan.chunks[0].start
    stamps = [start + round(n * 40 / 3) for n in range(140_000)]
    assert 65_000 < sum(begin <= tick <= end for tick in stamps) <= 65_535


def test_pages_meet_without_a_gap_and_reach_behind_the_last_tick():
    plan = plan_of(H, transport="json")
    start, end = span_of(H)
    assert plan.chunks[0].start == start
    # The last value at 1 Hz stands at the end, and one channel may outlast the others.
    assert plan.chunks[-1].end == end_of_samples((start, end), 256) == end + 2 * 256 + 1
    for before, after in pairwise(plan.chunks):
        assert before.end == after.start


# --- the export, and what it lacks ----------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_a_short_record_is_one_export_and_what_only_json_has(family):
    plan = plan_of(family, seconds=4 * 3600)
    export, page = plan.chunks
    start, end = span_of(family, 4 * 3600)
    assert export == Chunk(
        kind="zip", datatypes=(), start=start, end=end + 1, whole=True
    )
    assert page.kind == "json"
    assert set(page.datatypes) == plan.json == JSON_ONLY
    behind = end_of_samples((start, end), CLOCK_OF_FAMILY[family])
    assert (page.start, page.end) == (start, behind)
    assert plan.lacking == ()


def test_a_day_is_an_export_in_three_parts_and_six_pages():
    plan = plan_of(H)
    states, *parts = plan.of_kind("zip")
    assert len(parts) == 3
    assert len(plan.of_kind("json")) == 6
    assert set(states.datatypes) == STATES
    assert states.whole
    start, end = span_of(H)
    assert parts[0].start == start
    assert parts[-1].end == end + 1
    for before, after in pairwise(parts):
        assert before.end == after.start
        # Channels of 300 s have a sample there.
        assert (before.end - start) % (300 * 256) == 0
    lengths = [part.end - part.start for part in parts]
    assert max(lengths) - min(lengths) <= 3 * 300 * 256


def test_states_come_whole_since_a_cut_would_end_them():
    plan = plan_of(H)
    (chunk,) = plan.chunks_of(row_of(270))
    assert chunk.whole
    parts = plan.chunks_of(row_of(4113))
    assert len(parts) == 3
    assert not any(part.whole for part in parts)
    assert {chunk.kind for chunk in plan.chunks_of(row_of(38))} == {"json"}
    one = plan_of(H, seconds=3600)
    assert one.chunks_of(row_of(270)) == one.chunks_of(row_of(4113)) == one.chunks[:1]
    assert plan_of(H, ["ecg"]).chunks_of(row_of(38)) == ()


def test_without_waveforms_little_is_asked_for():
    plan = plan_of(H, waveforms=False)
    export, *pages = plan.chunks
    assert export.whole
    assert {4113, 4129, 4145}.isdisjoint(export.datatypes)
    assert STATES | {19, 18, 271} <= set(export.datatypes)
    assert len(pages) == 6
    assert cost(plan).megabytes < 20


def test_one_slow_channel_comes_as_json_and_a_day_of_ecg_as_export():
    assert {p.kind for p in plan_of(H, ["heart_rate"]).chunks} == {"json"}
    ecg = plan_of(H, ["ecg"])
    (chunk,) = ecg.chunks
    assert (chunk.kind, chunk.datatypes, chunk.whole) == ("zip", (4113,), True)
    start = span_of(H)[0]
    minute = plan_of(H, ["ecg"], window=(start + 1000, start + 1000 + 60 * 256))
    (chunk,) = minute.chunks
    assert (chunk.kind, chunk.start, chunk.end) == ("json", start + 1000, start + 16360)


def test_a_datatype_without_id_comes_with_everything():
    plan = plan_of(H, ["hrv_hf_normalized"], seconds=3600)
    (chunk,) = plan.chunks
    assert (chunk.kind, chunk.datatypes, chunk.whole) == ("zip", (), True)
    ids = {row.id for row in wanted_datatypes(H, waveforms=False)}
    assert None not in ids
    assert None in {row.id for row in wanted_datatypes(H)}


@pytest.mark.parametrize(
    ("channel", "cell"), [("heart_rate", 256), ("ann", 300 * 256), ("ecg", 256)]
)
def test_a_part_of_an_export_is_cut_where_its_channels_have_samples(channel, cell):
    start, end = span_of(H)
    window = (start + 1000 * 256 + 77, start + 2000 * 256 + 3)
    plan = plan_of(H, [channel], window=window, transport="zip")
    (chunk,) = plan.chunks
    assert (chunk.start - start) % cell == 0
    assert (chunk.end - start) % cell == 0
    assert window[0] - cell < chunk.start <= window[0]
    assert window[1] <= chunk.end < window[1] + cell
    # Behind the record there is nothing to ask for.
    (last,) = plan_of(H, [channel], window=(end - 5, end + 9), transport="zip").chunks
    assert last.end == end + 1


def test_a_named_way_says_what_it_lacks():
    lacking = {row.id for row in plan_of(H, transport="zip").lacking}
    assert lacking == {22, 247}
    floored = plan_of(H, ["minute_ventilation_adjusted"], transport="zip")
    assert [p.kind for p in floored.chunks] == ["zip"]
    (row,) = plan_of(H, transport="json").lacking
    assert row.api_name == "HRV_HF_normalized"
    nothing = plan_of(H, ["hrv_hf_normalized"], transport="json")
    assert nothing.chunks == ()
    assert nothing.lacking == nothing.wanted
    assert nothing.chunks_of(row) == ()


def test_a_part_of_the_export_begins_and_ends_with_a_step():
    start, _ = span_of(H)
    channels = ["ecg", "heart_rate", "device_position"]
    for second in (1, 60, 300):
        for plus, first in ((0, second), (1, second), (255, second), (256, second + 1)):
            window = (start + second * 256 + plus, start + 3600 * 256 + plus)
            plan = plan_of(H, channels, window=window, transport="zip")
            parts = [chunk for chunk in plan.chunks if not chunk.whole]
            assert parts[0].start == start + first * 256
            assert parts[-1].end == start + (3600 + -(-plus // 256)) * 256


def test_a_part_by_json_asks_for_the_rates_that_are_stamped_behind_it():
    start, end = span_of(H)
    window = (start + 1000, start + 9000)
    names = ["ecg", "heart_rate", "rmssd"]
    plan = plan_of(H, names, window=window, transport="json")
    page, behind = plan.chunks
    assert (page.start, page.end) == window
    assert set(page.datatypes) == {4113, 19, 278}
    # An rmssd whose five minutes begin in the part is stamped so much later.
    assert (behind.start, behind.end) == (window[1], window[1] + 300 * 256)
    assert set(behind.datatypes) == {19, 278}
    # Where all is late one page brings it; waveforms and events are never late.
    (page,) = plan_of(H, ["heart_rate"], window=window, transport="json").chunks
    assert (page.start, page.end) == (window[0], window[1] + 256)
    (page,) = plan_of(H, ["ecg", "step"], window=window, transport="json").chunks
    assert (page.start, page.end) == window
    # Behind the record there is nothing to come.
    window = (end - 9000, end - 1000)
    *_, behind = plan_of(H, names, window=window, transport="json").chunks
    assert behind.end == end_of_samples((start, end), 256)
    for last in (end, end + 1, end + 99):
        *_, page = plan_of(H, names, window=(end - 9000, last), transport="json").chunks
        assert set(page.datatypes) == {4113, 19, 278}
        assert page.end == end_of_samples((start, end), 256)


def test_a_part_by_json_asks_for_the_states_before_it():
    start, end = span_of(H)
    window = (start + 1000, end)
    earlier, *pages = plan_of(H, window=window, transport="json").chunks
    assert (earlier.start, earlier.end) == (start, start + 1000)
    assert set(earlier.datatypes) == STATES
    assert all(set(page.datatypes) >= STATES for page in pages)
    for more in ({}, {"window": (start, end)}):
        assert set(plan_of(H, transport="json", **more).chunks[0].datatypes) > STATES


def test_a_window_beside_the_record_needs_no_request():
    start, end = span_of(H)
    for window in ((start - 500, start), (end + 1, end + 500)):
        assert plan_of(H, window=window).chunks == ()
    (page,) = plan_of(H, ["heart_rate"], window=(end, end + 500)).chunks
    assert (page.start, page.end) == (end, end_of_samples((start, end), 256))


def test_an_empty_record_is_asked_for_once():
    plan = plan_of(H, seconds=0)
    assert [chunk.kind for chunk in plan.chunks] == ["zip", "json"]
    assert cost(plan).requests == 2


# --- rules that always hold -----------------------------------------------------------

NAMES = ["ecg", "respiration", "heart_rate", "step", "ann", "sleep_phase", "activity"]
VOLUMES = ["minute_ventilation_adjusted", "batt_st_channel_char", "hrv_hf_normalized"]


@given(
    st.sampled_from(FAMILIES),
    st.integers(0, 30_000),
    st.none() | st.sets(st.sampled_from(NAMES + VOLUMES), min_size=1),
    st.none() | st.tuples(st.integers(-5000, 35_000), st.integers(1, 30_000)),
    st.sampled_from(["auto", "zip", "json"]),
)
def test_chunks_of_a_datatype_cover_the_window_once(
    family, seconds, channels, part, transport
):
    clock = CLOCK_OF_FAMILY[family]
    start, end = span_of(family, seconds)
    window = None
    if part is not None:
        window = (start + part[0] * clock + 7, start + sum(part) * clock + 13)
    names = None if channels is None else sorted(channels)
    plan = plan_of(family, names, seconds=seconds, window=window, transport=transport)
    first, last = (start, end + 1) if window is None else window
    first, last = max(first, start), min(last, end + 1)
    keys = [chunk.key for chunk in plan.chunks]
    assert len(set(keys)) == len(keys)
    for row in plan.wanted:
        chunks = plan.chunks_of(row)
        if first >= last or row in plan.lacking:
            assert chunks == ()
            continue
        assert chunks[0].start <= first
        assert chunks[-1].end >= last
        assert all(before.end == after.start for before, after in pairwise(chunks))
        behind = end_of_samples((start, end), CLOCK_OF_FAMILY[family])
        if chunks[0].kind == "json" and row.kind == "rate":
            # A step that begins in the window is stamped where it ends.
            assert chunks[-1].end >= min(last + row.ticks, behind)
        assert all(start <= chunk.start < chunk.end <= behind for chunk in chunks)
        kinds = {chunk.kind for chunk in chunks}
        if transport == "auto" and row.carrier != "both":
            assert kinds == {{"json": "json", "binary": "zip"}[row.carrier]}
        elif transport != "auto":
            assert kinds == {transport}


def test_keys_are_the_same_in_another_process():
    code = (
        "from hexoframe.api.load.plan import *\n"
        f"span = {span_of(H)}\n"
        "plan = make_plan('hexoskin', span, wanted_datatypes('hexoskin'))\n"
        "print(*[chunk.key for chunk in plan.chunks])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == [chunk.key for chunk in plan_of(H).chunks]


# --- what it costs --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "gigabytes", "gzip"),
    [("hexoskin", 1.51, 0.24), ("astroskin_256", 2.66, 0.45)],
)
def test_a_day_of_json_costs_what_was_measured(family, gigabytes, gzip):
    # Of a synthetic day; a real one is larger with gzip.
    told = cost(plan_of(family, transport="json"))
    assert told.requests == 338
    assert told.unpacked_megabytes == pytest.approx(gigabytes * 1000, rel=0.1)
    assert told.megabytes == pytest.approx(gzip * 1000, rel=0.25)


def test_minutes_are_the_longer_of_requests_and_bytes():
    told = cost(plan_of(H, transport="json"))
    assert told.minutes == pytest.approx(338 / 5 / 60)
    export = cost(plan_of(H, ["ecg"], transport="zip"))
    assert export.requests == 1
    assert export.minutes == pytest.approx(export.megabytes * 8 / 50 / 60, rel=1e-6)


@pytest.mark.parametrize(("seconds", "requests"), [(0, 1), (600, 1), (86_400, 1)])
def test_an_export_costs_its_samples_its_files_and_its_facts(seconds, requests):
    told = cost(plan_of(H, ["ecg"], seconds=seconds, transport="zip"))
    assert told.requests == requests
    # 0.95 bytes a sample; info.json, statistics.csv and what a ZIP says of a file.
    assert told.megabytes * 1e6 == pytest.approx(
        seconds * 256 * 0.95 + 1300 + 170, abs=1
    )


def test_a_day_by_the_export_is_a_fourth_of_its_uncompressed_files():
    told = cost(plan_of(H))
    # Real exports have 583 and 717 bytes a second, a synthetic day 409.
    assert told.megabytes * 1e6 / DAY == pytest.approx(530, rel=0.05)
    assert told.minutes < 0.5


# --- what is wanted -------------------------------------------------------------------


def test_channels_are_wanted_whole_and_in_the_order_of_the_table():
    found = wanted_datatypes(H, ["heart_rate", 4146, "RR_interval"])
    assert [row.id for row in found] == [4145, 4146, 4147, 19, 18]
    slight = wanted_datatypes(H, waveforms=False)
    assert not any(row.kind == "waveform" for row in slight)
    # A waveform that is named is wanted.
    assert [r.id for r in wanted_datatypes(H, ["ecg"], waveforms=False)] == [4113]


def test_wrong_wishes_are_refused():
    with pytest.raises(UnknownChannelError, match="heart"):
        wanted_datatypes(H, ["heartrates"])
    with pytest.raises(ConfigurationError, match=r"\['ecg'\]"):
        wanted_datatypes(H, "ecg")
    with pytest.raises(ConfigurationError, match="at least one"):
        wanted_datatypes(H, [])
    wanted = wanted_datatypes(H, ["ecg"])
    with pytest.raises(ConfigurationError, match="before it starts"):
        make_plan(H, (100, 50), wanted)
    with pytest.raises(ConfigurationError, match="empty"):
        make_plan(H, (0, 50), wanted, window=(7, 7))
    with pytest.raises(ConfigurationError, match="'csv'"):
        make_plan(H, (0, 50), wanted, transport="csv")
