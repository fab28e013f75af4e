"""Counts and gaps of a channel, against naive loops over the samples."""

from __future__ import annotations

import functools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hexoframe.api.load.joining import join_records
from hexoframe.channels import channels_of
from hexoframe.recording import survey as surveying
from hexoframe.recording.data import RecordData
from hexoframe.recording.frames import empty_frame, make_frame, to_raw
from hexoframe.recording.gaps import Gap, Receipt, narrow
from hexoframe.recording.survey import survey_channel
from hexoframe.timestamps import ticks_to_index

SECOND = 1_667_604_589
# Family, channel, seconds of record: a few hundred samples each.
CASES = {
    "ecg": ("hexoskin", "ecg", 2),
    "respiration": ("hexoskin", "respiration", 3),
    "heart rate": ("hexoskin", "heart_rate", 120),
    "ann": ("hexoskin", "ann", 6000),
    "ecg of 1000": ("astroskin_1000", "ecg", 2),
    "ppg of 1000": ("astroskin_1000", "ppg", 4),
}
QUIET = Receipt()


def channel_of(family, name):
    return channels_of(family)[name]


@functools.cache
def places_of(family, name):
    """Ticks of samples by number, from the one before the first, by exact fractions."""
    channel = channel_of(family, name)
    start = SECOND * channel.clock + Fraction(1, 2)
    first = 0 if channel.kind == "waveform" else 1
    numbers = range(-1, 800)
    return [int(start + (number + first) * channel.ticks) for number in numbers]


def place(channel, number):
    return places_of(channel.datatypes[0].family, channel.name)[number + 1]


def span_of(channel, seconds):
    return SECOND * channel.clock, (SECOND + seconds) * channel.clock


def frame_of(channel, ticks, values=None):
    if values is None:
        values = np.ones(len(ticks))
    index = ticks_to_index(np.array(ticks, dtype=np.int64), clock=channel.clock)
    return make_frame(channel, index, dict.fromkeys(channel.columns, values))


def naive_gaps(channel, missing, count, span):
    """Runs of missing sample numbers, one by one, as (start, end, samples)."""
    if len(missing) == count:
        return [(*span, count)]
    runs: list[list[int]] = []
    for number in sorted(missing):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    gaps = []
    back = 0 if channel.kind == "waveform" else 1
    for run in runs:
        start = span[0] if run[0] == 0 else place(channel, run[0] - back)
        end = place(channel, run[-1] + 1 - back)
        if run[-1] == count - 1:
            end = span[1]
            if end - start < channel.clock:
                continue
        gaps.append((start, end, len(run)))
    return gaps


def found_gaps(result, kind="missing", cause="recorder"):
    return [
        (gap.start, gap.end, gap.samples)
        for gap in result.gaps
        if gap.kind == kind and gap.cause == cause
    ]


def assert_same(found, expected, channel):
    # Where a step is no whole number of ticks, an end may be rounded to either side.
    play = 0 if channel.ticks.denominator == 1 else 1
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert abs(one[0] - other[0]) <= play
        assert abs(one[1] - other[1]) <= play
        assert one[2] == other[2]


missing_runs = st.lists(
    st.tuples(st.integers(0, 600), st.sampled_from([1, 1, 2, 3, 60, 300])), max_size=6
)


def numbers_of(runs, count):
    return {n for first, length in runs for n in range(first, first + length)} & set(
        range(count)
    )


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=40)
@given(runs=missing_runs, as_nan=st.booleans(), block=st.sampled_from([1, 7, 1 << 20]))
def test_gaps_are_those_that_a_naive_loop_finds(case, runs, as_nan, block):
    family, name, seconds = CASES[case]
    channel = channel_of(family, name)
    span = span_of(channel, seconds)
    count = int(seconds * channel.clock / channel.ticks)
    missing = numbers_of(runs, count)
    kept = [n for n in range(count) if as_nan or n not in missing]
    values = np.array([np.nan if n in missing else 1.0 for n in kept])
    frame = frame_of(channel, [place(channel, n) for n in kept], values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surveying, "_BLOCK", block)
        result = survey_channel(channel, frame, span, QUIET)
    assert_same(found_gaps(result), naive_gaps(channel, missing, count, span), channel)
    assert result.expected == count
    assert result.received == len(kept)
    assert result.missing == (len(missing) if as_nan else 0)
    assert result.complete == count - len(missing)
    assert result.duplicates == 0


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=40)
@given(runs=missing_runs, lost_runs=missing_runs)
def test_what_was_lost_on_the_way_is_not_blamed_on_the_recorder(case, runs, lost_runs):
    family, name, seconds = CASES[case]
    channel = channel_of(family, name)
    span = span_of(channel, seconds)
    count = int(seconds * channel.clock / channel.ticks)
    lost_runs = [(first, length) for first, length in lost_runs if first < count]
    lost = numbers_of(lost_runs, count)
    missing = numbers_of(runs, count) | lost
    kept = [place(channel, n) for n in range(count) if n not in missing]
    # Of time: a value at 1 Hz stands at the end of what was lost with it.
    lag = 0 if channel.kind == "waveform" else int(channel.ticks)
    spans = tuple(
        (place(channel, first) - lag, place(channel, min(first + length, count)) - lag)
        for first, length in lost_runs
    )
    result = survey_channel(channel, frame_of(channel, kept), span, Receipt(lost=spans))
    by_transfer = found_gaps(result, cause="transfer")
    assert sorted(gap[:2] for gap in by_transfer) == sorted(spans)
    # Of the gaps that the stamps show, what the transfer does not explain is left.
    shown = naive_gaps(channel, missing, count, span)
    back = 0 if channel.kind == "waveform" else 1
    left = set()
    for start, _, samples in shown:
        first = next(n for n in range(count) if place(channel, n - back) >= start)
        left |= set(range(first, first + samples))
    left -= lost
    found = found_gaps(result)
    assert sum(gap[2] for gap in found) == len(left)
    for start, end, _ in found:
        covered = {
            n
            for n in range(count)
            if start - 1 <= place(channel, n - back)
            and place(channel, n + 1 - back) <= end + 1
        }
        assert covered & left


def test_lost_second_of_a_rate_stands_there_once():
    channel = channel_of("hexoskin", "heart_rate")
    span = span_of(channel, 60)
    start = span[0]
    kept = [start + 256 * n for n in range(1, 61) if not 20 <= n < 30]
    receipt = Receipt(lost=((start + 19 * 256, start + 29 * 256),))
    result = survey_channel(channel, frame_of(channel, kept), span, receipt)
    assert [(gap.cause, gap.samples) for gap in result.gaps] == [("transfer", 10)]
    # The transfer explains six of these ten; the recorder is to blame for the rest.
    receipt = Receipt(lost=((start + 21 * 256, start + 27 * 256),))
    result = survey_channel(channel, frame_of(channel, kept), span, receipt)
    found = [(gap.cause, gap.samples) for gap in result.gaps]
    assert found == [("recorder", 2), ("transfer", 6), ("recorder", 2)]


@pytest.mark.parametrize(
    ("first", "last", "samples"), [(299, 301, 1), (301, 599, 0), (0, 600, 2)]
)
def test_of_a_lost_span_the_steps_that_begin_in_it_are_counted(first, last, samples):
    slow = channel_of("hexoskin", "ann")
    start, end = span_of(slow, 900)
    lost = ((start + first * 256, start + last * 256),)
    stamps = [start + 256 * second for second in (300, 600, 900)]
    step = 300 * 256
    kept = [tick for tick in stamps if not lost[0][0] <= tick - step < lost[0][1]]
    result = survey_channel(
        slow, frame_of(slow, kept), (start, end), Receipt(lost=lost)
    )
    gaps = [gap.samples for gap in result.gaps if gap.cause == "transfer"]
    assert gaps == [samples] == [3 - len(kept)]


def test_events_that_were_lost_are_not_counted_but_named():
    channel = channel_of("hexoskin", "rr_interval")
    span = span_of(channel, 60)
    start = span[0]
    frame = frame_of(channel, [start + 200, start + 400], np.array([0.0, 200 / 256]))
    result = survey_channel(
        channel, frame, span, Receipt(lost=((start + 500, start + 900),))
    )
    assert result.gaps == (Gap(start + 500, start + 900, None, "missing", "transfer"),)
    assert result.expected is None
    assert result.tick_step is None


# --- counts ---------------------------------------------------------------------------


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60))
def test_repeated_stamps_are_counted_as_duplicates_and_hide_no_hole(repeats):
    assume(sum(repeats))
    channel = channel_of("hexoskin", "heart_rate")
    span = span_of(channel, len(repeats))
    ticks = [place(channel, n) for n, times in enumerate(repeats) for _ in range(times)]
    result = survey_channel(
        channel, frame_of(channel, ticks), span, Receipt(duplicates=5)
    )
    there = sum(times > 0 for times in repeats)
    assert result.complete == there
    assert result.received == sum(repeats)
    assert result.duplicates == 5 + sum(repeats) - there
    assert sum(gap.samples for gap in result.gaps) == len(repeats) - there


def test_thinned_channel_shows_in_its_tick_step():
    channel = channel_of("hexoskin", "ecg")
    span = span_of(channel, 20)
    frame = frame_of(channel, range(span[0], span[1], 79))
    result = survey_channel(channel, frame, span, QUIET)
    assert result.tick_step == 79
    assert result.received == -(-20 * 256 // 79)
    assert result.expected == 20 * 256
    assert result.complete / result.expected < 0.02


def test_thinned_channel_has_only_holes_that_are_longer_than_its_step():
    channel = channel_of("hexoskin", "ecg")
    span = span_of(channel, 200)
    kept = [*range(span[0], span[0] + 20_000, 5), *range(span[0] + 21_000, span[1], 5)]
    result = survey_channel(channel, frame_of(channel, kept), span, QUIET)
    assert result.tick_step == 5
    (gap,) = result.gaps
    # From one step of the table behind the last sample to the next sample.
    assert (gap.start - span[0], gap.end - span[0]) == (19_996, 21_000)


def test_tick_step_is_the_most_frequent_one_and_none_where_there_is_none():
    channel = channel_of("astroskin_1000", "ppg")
    span = span_of(channel, 4)
    frame = frame_of(channel, [place(channel, n) for n in range(300)])
    assert survey_channel(channel, frame, span, QUIET).tick_step == 13
    rate = channel_of("hexoskin", "heart_rate")
    for count, step in ((0, None), (1, None), (2, 256)):
        frame = frame_of(rate, [place(rate, n) for n in range(count)])
        assert survey_channel(rate, frame, span_of(rate, 9), QUIET).tick_step == step


def test_row_is_missing_if_any_column_is_and_a_gap_only_if_all_are():
    channel = channel_of("astroskin_256", "ecg")
    span = span_of(channel, 1)
    index = ticks_to_index(np.arange(*span), clock=256)
    for worst in channel.columns:
        columns = {column: np.ones(256) for column in channel.columns}
        for samples in columns.values():
            samples[15:20] = np.nan
        columns[worst][10:20] = np.nan
        result = survey_channel(
            channel, make_frame(channel, index, columns), span, QUIET
        )
        assert result.missing == 10
        assert result.complete == 246
        assert found_gaps(result) == [(span[0] + 15, span[0] + 20, 5)]


def test_number_of_the_door_goes_before_that_of_the_span():
    channel = channel_of("hexoskin", "heart_rate")
    frame = frame_of(channel, [place(channel, n) for n in range(10)])
    result = survey_channel(channel, frame, span_of(channel, 10), Receipt(expected=12))
    assert result.expected == 12


@pytest.mark.parametrize("family", ["hexoskin", "astroskin_1000"])
def test_empty_channel_is_one_gap_if_it_is_sampled(family):
    for channel in channels_of(family).values():
        span = span_of(channel, 600)
        result = survey_channel(channel, empty_frame(channel), span, QUIET)
        assert (result.received, result.missing, result.complete) == (0, 0, 0)
        assert (result.void, result.duplicates, result.tick_step) == (0, 0, None)
        if channel.ticks is None:
            assert result.gaps == ()
        else:
            assert found_gaps(result) == [(*span, result.expected)]
        nothing = survey_channel(
            channel, empty_frame(channel), (span[0], span[0]), QUIET
        )
        assert nothing.gaps == ()


def test_a_span_too_short_for_a_step_lacks_none():
    slow = channel_of("hexoskin", "ann")
    span = span_of(slow, 299)
    result = survey_channel(slow, empty_frame(slow), span, QUIET)
    assert (result.expected, result.gaps) == (0, ())


def test_a_part_between_two_slow_values_has_no_hole():
    slow = channel_of("hexoskin", "ann")
    start, end = span_of(slow, 590)
    frame = frame_of(slow, [start + 300 * 256])
    record = RecordData("hexoskin", (start, end), {"ann": frame})
    for first in (start + 256, start + 300 * 256, start + 310 * 256):
        part = record.cut(first, None)
        assert len(part["ann"]) == 0
        assert part.survey("ann").gaps == ()


@pytest.mark.parametrize("cut", [1, 100, 200, 255, 300])
def test_a_part_of_records_whose_seconds_differ_has_no_hole_where_it_ends(cut):
    rate = channel_of("hexoskin", "heart_rate")
    start, parts = SECOND * 256, []
    for length in (10 * 256 + 130, 10 * 256):
        frame = frame_of(rate, [start + 256 * n for n in range(1, 11)])
        span = (start, start + length)
        parts.append(RecordData("hexoskin", span, {"heart_rate": frame}))
        start += length
    part = join_records(parts).cut(parts[1].start_tick + 256, start - cut)
    assert len(part["heart_rate"]) == 9 - cut // 256
    assert part.survey("heart_rate").gaps == ()


def test_fraction_of_a_second_at_the_end_is_no_hole():
    channel = channel_of("hexoskin", "ecg")
    start, end = span_of(channel, 10)
    for kept, gaps in ((2560 - 255, 0), (2560 - 256, 1)):
        frame = frame_of(channel, range(start, start + kept))
        assert len(survey_channel(channel, frame, (start, end), QUIET).gaps) == gaps


# --- no signal ------------------------------------------------------------------------


def naive_voids(zero, span, step, second):
    gaps, first = [], None
    for at, value in enumerate([*zero, False]):
        if value and first is None:
            first = at
        elif not value and first is not None:
            edge = first == 0 or at == len(zero)
            if edge or (at - first) * step >= second:
                start = span[0] + first * step
                gaps.append((start, span[0] + (at - 1) * step + step, at - first))
            first = None
    return gaps


@given(missing_runs, missing_runs)
def test_zeros_of_respiration_are_no_signal_at_edges_and_from_a_second_on(one, other):
    channel = channel_of("hexoskin", "respiration")
    span = span_of(channel, 5)
    count = 640
    index = ticks_to_index(np.arange(span[0], span[1], 2), clock=256)
    columns, zeros = {}, []
    for column, runs in zip(channel.columns, (one, other), strict=True):
        zero = np.isin(np.arange(count), list(numbers_of(runs, count)))
        zeros.append(zero)
        columns[column] = np.where(zero, 0, 20_000)
    either = zeros[0] | zeros[1]
    result = survey_channel(channel, make_frame(channel, index, columns), span, QUIET)
    assert result.void == either.sum()
    expected = naive_voids(either.tolist(), span, 2, 256)
    assert found_gaps(result, kind="no signal") == expected
    assert result.missing == 0


@pytest.mark.parametrize(("count", "gaps"), [(127, 0), (128, 1)])
def test_zeros_within_a_record_are_no_signal_from_a_whole_second_on(count, gaps):
    channel = channel_of("hexoskin", "respiration")
    span = span_of(channel, 5)
    values = np.full(640, 20_000)
    values[200 : 200 + count] = 0
    result = survey_channel(
        channel, frame_of(channel, range(*span, 2), values), span, QUIET
    )
    assert result.void == count
    assert len(found_gaps(result, kind="no signal")) == gaps


@pytest.mark.parametrize("name", ["systolic_pressure", "sdnn"])
def test_zeros_of_a_rate_are_no_signal_in_the_steps_that_they_end(name):
    channel = channel_of("hexoskin", name)
    step = int(channel.ticks)
    start, end = span_of(channel, 6 * step // 256)
    values = np.array([0, 0.05, 0, 0, 0.04, 0])
    stamps = range(start + step, end + 1, step)
    result = survey_channel(
        channel, frame_of(channel, stamps, values), (start, end), QUIET
    )
    assert result.void == 4
    assert found_gaps(result, kind="no signal") == [
        (start, start + step, 1),
        (start + 2 * step, start + 4 * step, 2),
        (start + 5 * step, end, 1),
    ]


def test_zero_of_another_channel_is_a_measurement():
    channel = channel_of("hexoskin", "acceleration")
    span = span_of(channel, 2)
    frame = frame_of(channel, range(span[0], span[1], 4), np.zeros(128))
    result = survey_channel(channel, frame, span, QUIET)
    assert (result.void, result.gaps) == (0, ())


# --- intervals ------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["hexoskin", "astroskin_1000"])
@pytest.mark.parametrize("scale", ["physical", "raw"])
@given(
    beats=st.lists(st.tuples(st.integers(3, 400), st.booleans()), min_size=1),
    play=st.integers(-4, 2),
)
def test_interval_that_does_not_reach_back_is_a_hole(family, scale, beats, play):
    channel = channel_of(family, "rr_interval")
    clock = channel.clock
    start = SECOND * clock
    ticks, intervals, holes = [start], [0], []
    for distance, whole in beats:
        ticks.append(ticks[-1] + distance)
        length = max(0, distance + play) if whole else distance // 2
        intervals.append(length)
        if distance - length > 2:
            holes.append((ticks[-2], ticks[-1] - length, None))
    frame = frame_of(channel, ticks, np.array(intervals) / clock)
    if scale == "raw":
        frame = to_raw(frame, channel)
    result = survey_channel(channel, frame, (start, ticks[-1]), QUIET, scale=scale)
    assert found_gaps(result, kind="hole") == holes
    assert result.received == len(ticks)


def test_beats_that_the_transfer_lost_are_no_hole_of_the_recorder():
    channel = channel_of("hexoskin", "rr_interval")
    start = SECOND * 256
    stamps = np.array([start, start + 256, start + 2560, start + 5120])
    index = ticks_to_index(stamps, clock=256)
    frame = make_frame(channel, index, {"rr_interval": np.array([0.0, 1, 1, 1])})
    span = (start, start + 6000)
    holes = [
        Gap(start + 256, start + 2304, None, "hole"),
        Gap(start + 2560, start + 4864, None, "hole"),
    ]
    assert survey_channel(channel, frame, span, QUIET).gaps == tuple(holes)
    lost = (start + 256, start + 2560)
    found = survey_channel(channel, frame, span, Receipt(lost=(lost,)))
    assert found.gaps == (Gap(*lost, None, "missing", "transfer"), holes[1])


@pytest.mark.parametrize("wrong", [-1.0, 0.0, 65_535 / 256, 1e12, np.inf])
def test_an_interval_that_is_no_measurement_reaches_back_to_nothing(wrong):
    channel = channel_of("hexoskin", "rr_interval")
    ticks = SECOND * 256 + np.array([0, 256, 512])
    frame = frame_of(channel, ticks, np.array([0.0, wrong, 1.0]))
    result = survey_channel(channel, frame, (ticks[0], ticks[-1]), QUIET)
    assert found_gaps(result, kind="hole") == [(ticks[0], ticks[1], None)]


def test_first_interval_of_a_record_is_no_hole():
    channel = channel_of("hexoskin", "rr_interval")
    start, end = span_of(channel, 60)
    frame = frame_of(channel, [start + 5000], np.array([0.0]))
    assert survey_channel(channel, frame, (start, end), QUIET).gaps == ()
    # PTT is an event too, but no time between two events.
    ptt = channel_of("hexoskin", "ptt")
    frame = frame_of(ptt, [start, start + 5000], np.array([0.2, 0.2]))
    assert survey_channel(ptt, frame, (start, end), QUIET).gaps == ()


def test_real_hole_of_the_beats_is_found(real_data):
    folder = real_data / "exports" / "hexoskin-258583"
    rows = (folder / "RR_interval.csv").read_text().splitlines()[1:]
    seconds = [Fraction(row.split(",")[0]) for row in rows]
    lengths = [int(row.split(",")[1]) for row in rows]
    channel = channel_of("hexoskin", "rr_interval")
    ticks = [SECOND * 256 + round(second * 256) for second in seconds]
    frame = frame_of(channel, ticks, np.array(lengths) / 256)
    result = survey_channel(channel, frame, (ticks[0], ticks[-1]), QUIET)
    expected = [
        (before, at - length, None)
        for before, at, length in zip(ticks, ticks[1:], lengths[1:], strict=False)
        if at - length - before > 2
    ]
    assert found_gaps(result, kind="hole") == expected
    assert max(end - start for start, end, _ in expected) > 170 * 256


# --- parts ----------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=40)
@given(data=st.data())
def test_part_expects_the_steps_that_begin_in_it(case, data):
    family, name, seconds = CASES[case]
    channel = channel_of(family, name)
    span = span_of(channel, seconds)
    count = int(seconds * channel.clock / channel.ticks)
    ticks = [place(channel, n) for n in range(count)]
    receipt, kept = QUIET, span
    # A part begins on a whole tick, which 75 Hz does not: a part of it is exact, a part
    # of a part may be off by a sample.
    exact = channel.ticks.denominator == 1
    for _ in range(data.draw(st.integers(1, 3 if exact else 1))):
        cuts = st.integers(kept[0] - 50, kept[1] + 50)
        part = tuple(sorted((data.draw(cuts), data.draw(cuts))))
        receipt = narrow(channel, receipt, kept, part)
        kept = tuple(min(max(cut, kept[0]), kept[1]) for cut in part)
        step = 0 if channel.kind == "waveform" else int(channel.ticks)
        ticks = [tick for tick in ticks if part[0] <= tick - step < part[1]]
        assert receipt.expected == len(ticks)
        assert receipt.samples is None
        result = survey_channel(channel, frame_of(channel, ticks), kept, receipt)
        assert result.complete == result.expected
        # What is whole stays whole, wherever it is cut.
        assert result.gaps == ()
