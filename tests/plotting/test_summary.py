"""The picture of a summary: a dot a span, its range, and what it rests on."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt

from hexoframe.errors import ConfigurationError
from hexoframe.plotting import plot_summary
from hexoframe.record import Record
from hexoframe.recording.facts import Facts, facts_table


def record_of(frames, rates, flags=None, *, facts=None):
    channels = {"heart_rate": frames.regular("heart_rate", rates)}
    quality = np.zeros(len(rates)) if flags is None else flags
    channels["heart_rate_quality"] = frames.regular("heart_rate_quality", quality)
    span = (frames.second * 256, (frames.second + len(rates)) * 256)
    return Record("hexoskin", span, channels, facts=facts)


def dots(axes, *, filled):
    rows = [
        line.get_xydata()
        for line in axes.lines
        if (line.get_markerfacecolor() != "white") == filled
    ]
    return np.concatenate(rows).tolist() if rows else []


def test_dots_are_means_open_where_little_is_usable(frames, texts_of):
    rates = np.repeat([60, 80, 90], 300)
    flags = np.zeros(900)
    flags[300:450] = flags[600:890] = 2
    figure, axes = record_of(frames, rates, flags).plot("summary")
    assert dots(axes, filled=True) == [[0, 60]]
    assert dots(axes, filled=False)[0] == [1, 80]
    told = texts_of(figure)
    assert {"60", "80", "100%", "50%", "3%", "too little"} <= {*told}
    assert axes.get_xlabel() == "start (UTC), spans of 5 min"
    assert [one.get_text() for one in axes.get_xticklabels()] == [
        "23:29\n2022-11-04", "23:34", "23:39",
    ]  # fmt: skip
    assert axes.get_ylabel() == "Heart rate\n(bpm)"


def test_activities_are_called_by_their_names(frames):
    at = frames.second * 256
    rows = [{"name": "Walk to the hill, again", "start": at, "end": at + 15360},
            {"start": at + 256 * 60, "end": at + 256 * 120}]  # fmt: skip
    facts = Facts(ranges=facts_table("ranges", rows))
    record = record_of(frames, np.repeat([60.0, 80.0], 60), facts=facts)
    _, axes = record.plot("summary")
    labels = [one.get_text() for one in axes.get_xticklabels()]
    assert labels == ["Walk to the hil…\n23:29\n2022-11-04", "23:30"]
    _, axes = record.plot("summary", start="60s")
    assert len(axes.get_xticklabels()) == 1


def test_a_table_of_days_or_of_ones_own_spans_is_drawn_into_given_axes(frames):
    record = record_of(frames, np.full(3600, 70.0))
    own, axes = plt.subplots()
    figure, one = plot_summary(record.summary(by="day"), ax=axes)
    assert figure is own
    assert one is axes
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        "2022-11-04", "2022-11-05",
    ]  # fmt: skip


def test_many_spans_have_no_numbers_and_their_times_are_turned(frames):
    record = record_of(frames, np.full(24 * 300, 61.0))
    _, axes = record.plot("summary")
    assert len(axes.get_xticklabels()) == 24
    assert not axes.texts
    long = record_of(frames, np.full(30 * 300, 61.0))
    assert "15 min" in long.plot("summary")[1].get_xlabel()


def test_what_cannot_be_drawn_is_said(frames, texts_of):
    none = record_of(frames, np.full(60, 61.0), np.full(60, 2.0))
    with pytest.raises(ConfigurationError, match="no span has enough usable samples"):
        none.plot("summary")
    figure, _ = plot_summary(none.summary(by="5min"))
    assert "no span has enough usable samples" in texts_of(figure)
    with pytest.raises(ConfigurationError, match=r"no column.*by='ranges'"):
        plot_summary(none.summary())
    table = none.summary(by="5min")
    with pytest.raises(ConfigurationError, match="no row"):
        plot_summary(table.iloc[:0])
    with pytest.raises(ConfigurationError, match="1 panel here"):
        plot_summary(record_of(frames, np.full(60, 61.0)).summary(by="1h"), ax=[])
