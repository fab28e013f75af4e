"""Hearts whose beats are known: a series of whole ticks, as a frame and as a record."""

from __future__ import annotations

import numpy as np
import pandas as pd

import hexoframe
from hexoframe.channels import channels_of
from hexoframe.recording.frames import make_frame
from hexoframe.timestamps import ticks_to_index

SECOND = 1_667_604_589  # 2022-11-04T23:29:49Z
CLOCKS = {"hexoskin": 256, "astroskin_1000": 1000}


def known_heart(beats=2000):
    """Intervals in ticks of 1/256 s, made of integers alone."""
    i = np.arange(beats)
    wave = np.rint(12 * np.sin(2 * np.pi * i / 12.5)).astype(np.int64)
    return 200 + wave + (i * 7919) % 13 - 6


def frame_of(name, stamps, values, family="hexoskin"):
    """Return a channel; `stamps` are ticks from the start of the record."""
    channel = channels_of(family)[name]
    index = ticks_to_index(
        SECOND * channel.clock + np.asarray(stamps), clock=channel.clock
    )
    values = np.asarray(values, dtype=np.float64)
    return make_frame(channel, index, dict.fromkeys(channel.columns, values))


def rr_of(intervals, stamps=None, family="hexoskin"):
    """Return RR intervals in ticks that follow each other, or stand where told."""
    intervals = np.asarray(intervals, dtype=np.int64)
    stamps = np.cumsum(intervals) if stamps is None else np.asarray(stamps)
    seconds = intervals / channels_of(family)["rr_interval"].clock
    return frame_of("rr_interval", stamps, seconds, family)


def flags_of(rr, flags, family="hexoskin"):
    """Return the flags of beats."""
    channel = channels_of(family)["rr_interval_quality"]
    values = {channel.columns[0]: np.asarray(flags, dtype=np.float64)}
    return make_frame(channel, pd.DatetimeIndex(rr.index), values)


def record_of(rr, quality=None, *, seconds=None, family="hexoskin", facts=None, **more):
    """Return a record of RR intervals; all beats are good unless flags are given."""
    clock = CLOCKS[family]
    if quality is None:
        quality = flags_of(rr, np.zeros(len(rr)), family)
    if seconds is None:
        last = int(rr.index.asi8[-1]) if len(rr) else SECOND * 10**9
        end = -(-last * clock // 10**9)
    else:
        end = (SECOND + seconds) * clock
    channels = {"rr_interval": rr, "rr_interval_quality": quality, **more}
    given = {name: each for name, each in channels.items() if each is not False}
    span = (SECOND * clock, int(end))
    return hexoframe.Record(family, span, given, facts=facts)


def sine_heart(seconds, *, mean_s=0.8, lf=1250.0, hf=450.0, clock=256):
    """Intervals in ticks of a heart with that much power (ms^2) at 0.1 and 0.25 Hz."""
    now, intervals = 0, []
    while now < seconds * clock:
        at = 2 * np.pi * now / clock
        ms = np.sqrt(2 * lf) * np.sin(0.1 * at) + np.sqrt(2 * hf) * np.sin(0.25 * at)
        intervals.append(round((mean_s + ms / 1000) * clock))
        now += intervals[-1]
    return np.array(intervals)
