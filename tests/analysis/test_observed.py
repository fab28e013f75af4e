"""Observed time: recorded by any channel at 1 Hz, and of a shirt that was not off."""

from __future__ import annotations

import numpy as np
import pytest

from hexoframe.analysis.observed import (
    find_unobserved,
    require_channel,
    unworn_minutes,
)
from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError
from hexoframe.record import Record
from hexoframe.recording.belts import Belts
from hexoframe.recording.frames import make_frame
from hexoframe.timestamps.times import ticks_to_index

START = 400_000_000_000


def recording(seconds=600, *, belts=None, **missing):
    """Return a record of channels at 1 Hz without the seconds that are missing."""
    frames = {}
    for name, gaps in missing.items():
        channel = channels_of("hexoskin")[name]
        kept = np.ones(seconds, bool)
        for first, last in gaps:
            kept[first:last] = False
        ticks = START + 256 * (1 + np.flatnonzero(kept))
        values = {name: np.full(len(ticks), 60.0)}
        frames[name] = make_frame(channel, ticks_to_index(ticks, clock=256), values)
    span = (START, START + 256 * seconds)
    return Record("hexoskin", span, frames, belts=belts)


def seconds_of(spans):
    return [((a - START) / 256, (b - START) / 256) for a, b in spans.pairs()]


def test_only_what_no_channel_has_was_not_recorded():
    record = recording(heart_rate=[(100, 200), (300, 310)], activity=[(150, 305)])
    assert seconds_of(find_unobserved(record)) == [(150, 200), (300, 305)]
    assert (
        seconds_of(find_unobserved(recording(heart_rate=[(9, 11)], cadence=[]))) == []
    )


def test_channels_may_end_two_seconds_early_and_no_more():
    assert seconds_of(find_unobserved(recording(heart_rate=[(598, 600)]))) == []
    found = find_unobserved(recording(heart_rate=[(597, 600)]))
    assert seconds_of(found) == [(597, 600)]


def test_a_shirt_that_was_off_was_not_observed():
    span = (START, START + 256 * 600)
    off = ((START + 256 * 60, START + 256 * 120),)
    belts = Belts(flat=off, displaced=(), silent=(), measured=(span,))
    record = recording(belts=belts, heart_rate=[(110, 130)])
    assert seconds_of(find_unobserved(record)) == [(60, 130)]
    starts, ends = np.array([START, START + 256 * 90]), np.array([span[1], span[1]])
    assert unworn_minutes(record, starts, ends).tolist() == [1, 0.5]
    still = Belts(flat=(), displaced=(), silent=(span,), measured=(span,))
    for unknown in (recording(heart_rate=[]), recording(belts=still, heart_rate=[])):
        assert np.isnan(unworn_minutes(unknown, starts, ends)).all()


def test_a_channel_that_is_needed_and_not_there_is_named_with_what_there_is():
    with pytest.raises(ConfigurationError, match=r"no channel step.*it has heart_rate"):
        require_channel(recording(heart_rate=[]), "step", "steps are counted")
