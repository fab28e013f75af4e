"""Breathing that is known: events, flags and belts drawn by hand, as a record."""

from __future__ import annotations

import numpy as np

import hexoframe
from hexoframe.channels import channels_of
from hexoframe.recording.facts import Facts
from hexoframe.recording.frames import make_frame
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear
from hexoframe.timestamps import ticks_to_index

START = 1_709_330_400 * 256  # 2024-03-01T22:00:00Z


def channel_frame(name, seconds, *columns):
    """Return a channel; times in s from the start of the record."""
    channel = channels_of("hexoskin")[name]
    ticks = START + np.rint(np.asarray(seconds, float) * 256).astype(np.int64)
    values = [np.asarray(column, float) for column in columns]
    held = dict(zip(channel.columns, values, strict=True))
    return make_frame(channel, ticks_to_index(ticks, clock=256), held)


def breathing_record(ins, outs, *, seconds=60, drop=40, number=7, **more):
    """Return a record of breaths at given seconds, `drop` counts deep, unflagged."""
    ins, outs = np.asarray(ins, float), np.asarray(outs, float)
    stamps = np.arange(1, seconds + 1)
    drops = np.broadcast_to(np.asarray(drop, float), outs.shape)
    channels = {
        "inspiration": channel_frame("inspiration", ins, np.full(len(ins), 24_000)),
        "expiration": channel_frame("expiration", outs, 24_000 - drops),
        "breathing_rate": channel_frame("breathing_rate", stamps, 0 * stamps + 15),
        "breathing_rate_quality": channel_frame(
            "breathing_rate_quality", stamps, 0 * stamps
        ),
        **more,
    }
    kept = {name: frame for name, frame in channels.items() if frame is not None}
    return hexoframe.Record(
        "hexoskin",
        (START, START + seconds * 256),
        kept,
        facts=Facts(info={"id": number}),
    )


def flagged(seconds, *marked, flag=4):
    """Return flags of breathing: set in the seconds that begin at `marked`."""
    values = np.zeros(seconds)
    values[list(marked)] = flag
    return channel_frame("breathing_rate_quality", np.arange(1, seconds + 1), values)


def belts_of(thorax, abdomen, rate=128):
    """Return the belts from the start of the record."""
    times = np.arange(len(thorax)) / rate
    return channel_frame("respiration", times, np.rint(thorax), np.rint(abdomen))


def sine_belts(seconds, per_minute=15, depth=40.0):
    """Return belts of even breaths: inhaling begins at 0, 4, 8 s ... and takes half."""
    turn = 2 * np.pi * per_minute / 60 * np.arange(seconds * 128) / 128
    return 24_000 + depth / 2 * np.cos(turn), 15_000 + depth / 2 * np.cos(turn)


def synthetic(folder, **settings):
    """Return a synthetic recording with its truth, and the record that is read."""
    recording = wear(Shirt(**settings))
    path = folder / f"{abs(hash(tuple(sorted(settings.items()))))}.zip"
    return recording, hexoframe.open_record(write_export(recording, path))


def weighted_signal(record):
    """Return 0.75 thoracic + 0.25 abdominal, without the zeros at both ends."""
    counts = record["respiration"].to_numpy(float)[5:-151]
    return 0.75 * counts[:, 0] + 0.25 * counts[:, 1]
