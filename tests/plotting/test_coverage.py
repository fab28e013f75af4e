"""Coverage: what is there and what is missing, of one record and of many."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.collections import PolyCollection, QuadMesh

from hexoframe.errors import ConfigurationError
from hexoframe.plotting import plot_coverage
from hexoframe.record import Record
from hexoframe.recording.data import LazyChannel
from hexoframe.recording.gaps import Receipt


def record_of(frames, **channels):
    span = (frames.second * 256, (frames.second + 100) * 256)
    return Record("hexoskin", span, channels)


def bars_of(axes, frames):
    """Bars in s by colour and channel."""
    names = [text.get_text() for text in axes.get_yticklabels()]
    found = {}
    for collection in axes.collections:
        if isinstance(collection, PolyCollection) and len(collection.get_paths()):
            (colour,) = {tuple(c) for c in collection.get_facecolor().round(3)}
            for path in collection.get_paths():
                x = frames.seconds(path.vertices[:, 0])
                name = names[round(path.vertices[:, 1].mean())]
                span = (round(x.min(), 2), round(x.max(), 2))
                found.setdefault(colour, {}).setdefault(name, []).append(span)
    return list(found.values())


def test_bars_are_where_samples_are(frames, texts_of):
    record = record_of(
        frames,
        heart_rate=frames.regular("heart_rate", np.full(100, 80), skip=range(20, 30)),
        activity=frames.regular("activity", np.full(100, 0.1)),
        cadence=frames.regular("cadence", []),
    )
    figure, axes = plot_coverage(record)
    (samples,) = bars_of(axes, frames)
    assert samples == {"heart_rate": [(0, 20), (30, 100)], "activity": [(0, 100)]}
    told = texts_of(figure)
    assert "90.0 %" in told
    assert "100 %" in told
    assert "0.0 %" in told
    assert "time (UTC)" in told
    np.testing.assert_allclose(frames.seconds(axes.get_xlim()), [0, 100], atol=1e-4)


def test_no_signal_sensor_off_and_what_was_lost_are_told_apart(frames):
    belts = np.full(100 * 128, 24_000.0)
    belts[: 10 * 128] = 0
    flags = np.zeros(100)
    flags[50:60] = 2
    lost = (((frames.second + 70) * 256, (frames.second + 80) * 256),)
    rate = frames.regular("heart_rate", np.full(100, 80), skip=range(69, 79))
    source = LazyChannel(read=lambda: rate, receipt=Receipt(samples=90, lost=lost))
    record = record_of(
        frames,
        respiration=frames.regular("respiration", belts),
        heart_rate=source,
        heart_rate_quality=frames.regular("heart_rate_quality", flags),
    )
    figure, axes = plot_coverage(record)
    samples, silent, gone = bars_of(axes, frames)
    assert silent == {"respiration": [(0, 10)], "heart_rate": [(50, 60)]}
    assert gone == {"heart_rate": [(70, 80)]}
    assert set(samples) == {"respiration", "heart_rate", "heart_rate_quality"}
    (legend,) = figure.legends
    told = [text.get_text() for text in legend.get_texts()]
    assert told == ["samples", "no signal or sensor off", "lost on the way"]


def test_events_are_ticks_and_are_counted(frames, texts_of):
    ticks = frames.second * 256 + np.array([10, 50, 90]) * 256
    record = record_of(frames, inspiration=frames.at("inspiration", ticks, [1, 2, 3]))
    figure, axes = plot_coverage(record)
    (samples,) = bars_of(axes, frames)
    assert samples == {"inspiration": [(10, 10), (50, 50), (90, 90)]}
    assert "3" in texts_of(figure)


def test_intervals_are_bars_with_gaps_where_beats_were_lost(frames):
    ticks = frames.second * 256 + np.array([10, 11, 12, 40, 41]) * 256
    rr = frames.at("rr_interval", ticks, [0, 1, 1, 1, 1])
    _, axes = plot_coverage(record_of(frames, rr_interval=rr))
    (samples,) = bars_of(axes, frames)
    assert samples == {"rr_interval": [(10, 12), (39, 41)]}


def test_record_without_channels_says_so(frames, texts_of):
    figure, _ = plot_coverage(record_of(frames))
    assert "the record has no channels" in texts_of(figure)


def test_many_records_are_a_table_of_shares(frames, texts_of):
    whole = record_of(
        frames,
        heart_rate=frames.regular("heart_rate", np.full(100, 80)),
        step=frames.at("step", [frames.second * 256 + 5], [1]),
    )
    half = record_of(
        frames, heart_rate=frames.regular("heart_rate", np.full(100, 80)[:55])
    )
    _, axes = plot_coverage({"first": whole, "second": half})
    assert [text.get_text() for text in axes.get_yticklabels()] == ["first", "second"]
    columns = [text.get_text() for text in axes.get_xticklabels()]
    assert columns == ["heart_rate", "step"]
    (mesh,) = [one for one in axes.collections if isinstance(one, QuadMesh)]
    table = mesh.get_array()
    assert table[0].tolist() == [100, 100]
    assert table[1, 0] == pytest.approx(55)
    assert table.mask[1].tolist() == [False, True]
    figure, axes = plot_coverage([whole, half])
    assert {"0", "1"} <= {text.get_text() for text in axes.get_yticklabels()}
    assert "55" in texts_of(figure)


def test_what_headers_tell_is_not_read(frames):
    def refuse(*_args):
        pytest.fail("the headers say it")

    held = LazyChannel(read=refuse, pieces=refuse, receipt=Receipt(samples=12_800))
    record = record_of(frames, ecg=held)
    _, axes = plot_coverage([record])
    (mesh,) = [one for one in axes.collections if isinstance(one, QuadMesh)]
    assert mesh.get_array()[0, 0] == pytest.approx(50)


def test_hundreds_of_records_have_no_figures_in_their_cells(frames):
    record = record_of(frames, activity=frames.regular("activity", np.zeros(100)))
    _, axes = plot_coverage([record] * 120)
    assert not axes.texts
    assert len(axes.get_yticks()) <= 60


def test_no_record_is_refused_and_so_is_what_is_none(frames):
    with pytest.raises(ConfigurationError, match="no record to draw"):
        plot_coverage([])
    frame = frames.regular("activity", [1])
    with pytest.raises(ConfigurationError, match="needs records, not DataFrame"):
        plot_coverage([frame])


def test_axes_of_the_caller_are_drawn_on(frames):
    record = record_of(frames, activity=frames.regular("activity", np.zeros(100)))
    figure, axes = plt.subplots()
    given, drawn = plot_coverage(record, ax=axes)
    assert given is figure
    assert drawn is axes
    assert not figure.legends


def test_channel_without_a_signal_is_not_called_complete(frames):
    flags = np.zeros(100)
    flags[50:75] = 2
    record = record_of(
        frames,
        respiration=frames.regular("respiration", np.zeros(100 * 128)),
        heart_rate=frames.regular("heart_rate", np.full(100, 80), skip=range(10)),
        heart_rate_quality=frames.regular("heart_rate_quality", flags),
        activity=frames.regular("activity", np.zeros(100)),
    )
    _, axes = plot_coverage(record)
    assert [text.get_text() for text in axes.texts] == [
        "no signal",
        "90.0 %, 25 % no signal",
        "100 %",
        "100 %",
    ]
    _, axes = plot_coverage([record])
    (mesh,) = [one for one in axes.collections if isinstance(one, QuadMesh)]
    assert mesh.get_array()[0].tolist() == [0, 90, 100, 100]
