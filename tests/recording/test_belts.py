"""What the belts say of wear, against a plain computation of every window."""

from __future__ import annotations

import numpy as np
import pytest

from hexoframe.channels import channels_of
from hexoframe.recording.belts import BeltCounter, Belts, cut_belts, join_belts
from hexoframe.recording.frames import make_frame
from hexoframe.timestamps import ticks_to_index

CHANNEL = channels_of("hexoskin")["respiration"]
START = 437_000_000_000
HZ = 128


def belts_of(thorax, abdomen, *, seconds=None, rows=None):
    """The verdict on waveforms at 128 Hz from `START`, counted in pieces."""
    ticks = START + 2 * np.arange(len(thorax))
    frame = make_frame(
        CHANNEL,
        ticks_to_index(ticks, clock=256),
        {
            "respiration_thoracic": thorax.astype(np.float32),
            "respiration_abdominal": abdomen.astype(np.float32),
        },
    )
    if seconds is not None:
        frame = frame[seconds]
    counter = BeltCounter(CHANNEL)
    for first in range(0, len(frame), rows or len(frame)):
        counter.add(frame.iloc[first : first + (rows or len(frame))])
    return counter.result((START, START + len(thorax) * 2))


def in_seconds(spans):
    return [((first - START) / 256, (last - START) / 256) for first, last in spans]


def breathing(seconds, *, counts=40.0, seed=1):
    """A belt that breathes every four seconds, on a line that drifts."""
    rng = np.random.default_rng(seed)
    t = np.arange(seconds * HZ) / HZ
    wave = counts * np.sin(2 * np.pi * t / 4) + 3 * t
    return np.rint(25_000 + wave + rng.normal(0, 0.5, len(t)))


def flat(belt, first, last, level=20_000.0):
    """The belt with a flat part, which drifts as an idle belt does."""
    part = slice(first * HZ, last * HZ)
    belt = belt.copy()
    noise = np.random.default_rng(2).normal(0, 0.4, belt[part].size)
    belt[part] = np.rint(level + noise + np.linspace(0, 10, belt[part].size))
    return belt


@pytest.mark.parametrize("rows", [None, 1000, 127])
def test_two_flat_belts_are_found_to_the_second_however_they_come(rows):
    both = [flat(breathing(300, seed=seed), 100, 160) for seed in (1, 3)]
    found = belts_of(*both, rows=rows)
    assert in_seconds(found.flat) == [(100, 160)]
    assert in_seconds(found.measured) == [(0, 300)]
    assert found.silent == ()
    # The jump from one level to another is handling, then and for 45 s.
    assert in_seconds(found.displaced) == [(96, 149), (156, 209)]


def test_a_window_deviates_as_a_straight_line_fitted_to_it_says():
    belt = breathing(40)
    still = flat(breathing(40, seed=3), 0, 40)
    # One belt at the limit: windows above and below 2 counts, told by numpy's own fit.
    belt = np.rint(still + np.linspace(0, 4, len(still)) * np.sign(belt - belt.mean()))
    expected = []
    for second in range(2, 38):
        part = belt[(second - 2) * HZ : (second + 3) * HZ]
        line = np.polyfit(np.arange(len(part)), part, 1)
        expected.append(np.std(part - np.polyval(line, np.arange(len(part)))) < 2)
    last = 2 + int(np.argmin(expected))
    found = belts_of(belt, still)
    # No second of it moved for a minute, so it is silent rather than flat.
    assert found.flat == ()
    assert in_seconds(found.silent) == [(0, last + 2)]


def test_one_flat_belt_decides_nothing():
    whole = breathing(300)
    assert belts_of(whole, flat(breathing(300, seed=3), 50, 250)).flat == ()
    assert belts_of(flat(whole, 50, 250), breathing(300, seed=3)).flat == ()


@pytest.mark.parametrize(("length", "spans"), [(10, []), (15, [(100, 115)])])
def test_a_held_breath_is_too_short(length, spans):
    both = [flat(breathing(300, seed=seed), 100, 100 + length) for seed in (1, 3)]
    assert in_seconds(belts_of(*both).flat) == spans


@pytest.mark.parametrize(("apart", "spans"), [(50, 1), (70, 2)])
def test_flat_spans_near_to_each_other_are_one(apart, spans):
    second = 150 + apart
    both = [
        flat(flat(breathing(400, seed=seed), 100, 150), second, second + 50)
        for seed in (1, 3)
    ]
    assert len(belts_of(*both).flat) == spans


def test_belts_without_a_signal_are_not_measured():
    both = [breathing(300, seed=seed) for seed in (1, 3)]
    for belt in both:
        belt[100 * HZ : 200 * HZ] = 0
    found = belts_of(*both)
    assert found.flat == ()
    assert in_seconds(found.measured) == [(0, 100), (200, 300)]


def test_a_value_that_is_not_finite_is_no_measurement():
    both = [breathing(300, seed=seed) for seed in (1, 3)]
    both[0][100 * HZ : 200 * HZ] = np.inf
    both[1][100 * HZ : 200 * HZ] = -np.inf
    assert in_seconds(belts_of(*both).measured) == [(0, 100), (200, 300)]


@pytest.mark.parametrize("offset", [0, 1, 2, 3, 255])
@pytest.mark.parametrize("rows", [None, 1000])
def test_even_rows_are_counted_as_those_with_any_stamps_are(offset, rows):
    both = [flat(breathing(100, seed=seed), 30, 60) for seed in (1, 3)]
    both[0][[5, 700, 9000]] = 0
    both[1][4000:4200] = np.nan
    ticks = START + offset + 2 * np.arange(100 * HZ)
    belts = {
        name: belt.astype(np.float32)
        for name, belt in zip(CHANNEL.columns, both, strict=True)
    }
    frame = make_frame(CHANNEL, ticks_to_index(ticks, clock=256), belts)
    counter, plain = BeltCounter(CHANNEL), np.zeros((2, 6, 102))
    for first in range(0, len(frame), rows or len(frame)):
        counter.add(frame.iloc[first : first + (rows or len(frame))])
    for sums, belt in zip(plain, both, strict=True):
        for tick, value in zip(ticks.tolist(), belt.tolist(), strict=True):
            if value and not np.isnan(value):
                t = tick % 256 / 256
                terms = (1, value, value * value, t, t * t, t * value)
                sums[:, tick // 256 - START // 256] += terms
    found = np.zeros_like(plain)
    for seconds, part in zip(counter._seconds, counter._sums, strict=True):
        np.add.at(found, (slice(None), slice(None), seconds - START // 256), part)
    assert np.array_equal(found, plain), "all sums are exact"


def test_no_verdict_goes_across_a_gap():
    both = [flat(breathing(300, seed=seed), 100, 200) for seed in (1, 3)]
    there = np.ones(300 * HZ, bool)
    there[120 * HZ : 180 * HZ] = False
    found = belts_of(*both, seconds=there)
    assert in_seconds(found.flat) == [(100, 120), (180, 200)]


def test_stamps_outside_the_record_take_no_memory_and_say_nothing():
    both = [flat(breathing(300, seed=seed), 100, 160) for seed in (1, 3)]
    ticks = START + 2 * np.arange(300 * HZ)
    ticks[-1] += 25 * 365 * 86_400 * 256
    frame = make_frame(
        CHANNEL,
        ticks_to_index(ticks, clock=256),
        {
            name: belt.astype(np.float32)
            for name, belt in zip(CHANNEL.columns, both, strict=True)
        },
    )
    counter = BeltCounter(CHANNEL)
    counter.add(frame)
    assert in_seconds(counter.result((START, START + 300 * 256)).flat) == [(100, 160)]


def test_a_record_that_is_said_to_last_decades_takes_no_more_memory_than_its_samples():
    both = [flat(breathing(240, seed=seed), 30, 90) for seed in (1, 3)]
    both = [flat(belt, 160, 200) for belt in both]
    belts = {
        name: belt.astype(np.float32)
        for name, belt in zip(CHANNEL.columns, both, strict=True)
    }
    away = 25 * 365 * 86_400 * 256
    found = []
    for later in (0, away):
        ticks = START + 2 * np.arange(240 * HZ)
        ticks[120 * HZ :] += later
        counter = BeltCounter(CHANNEL)
        counter.add(make_frame(CHANNEL, ticks_to_index(ticks, clock=256), belts))
        found.append(counter.result((START, int(ticks[-1]) + 2)))
    near, far = found
    middle = START + 120 * 256
    assert len(near.flat) == 2
    assert cut_belts(far, None, middle).flat == cut_belts(near, None, middle).flat
    assert far.flat[1] == tuple(tick + away for tick in near.flat[1])
    assert far.measured == (
        (START, middle),
        (middle + away, near.measured[-1][1] + away),
    )


def test_an_empty_channel_says_nothing():
    counter = BeltCounter(CHANNEL)
    assert counter.result((START, START + 2560)) == Belts((), (), ())


def test_parts_and_joined_records_have_the_spans_of_the_whole():
    whole = Belts(((0, 100),), ((20, 60), (80, 90)), ((15, 40),))
    assert cut_belts(whole, 30, 85) == Belts(
        ((30, 85),), ((30, 60), (80, 85)), ((30, 40),)
    )
    assert cut_belts(whole, None, None) == whole
    parts = [cut_belts(whole, None, 50), cut_belts(whole, 50, None)]
    assert join_belts(parts).flat == ((20, 50), (50, 60), (80, 90))
