"""The page of a record: a row a group, shades, activities and annotations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.collections import PolyCollection

import hexoframe
from hexoframe.errors import UnknownChannelError
from hexoframe.plotting import plot_overview
from hexoframe.plotting.artists import LiveLine
from hexoframe.record import Record
from hexoframe.recording.facts import facts_table


def rows_of(axes):
    return {one.get_ylabel().replace("\n", " "): one for one in axes[1:]}


def test_page_has_a_row_a_channel_with_its_unit_on_one_time_axis(record):
    figure, axes = plot_overview(record)
    assert list(rows_of(axes)) == [
        "ECG I (mV)",
        "Heart rate (bpm)",
        "Respiration thoracic (counts)",
        "Respiration abdominal (counts)",
        "Breathing rate (breaths/min)",
        "Minute ventilation (L/min)",
        "Acceleration (g)",
        "Activity (g)",
        "Cadence (steps/min)",
        "Sleep phase",
        "Sleep position",
    ]
    assert len({one.get_xlim() for one in axes}) == 1
    assert axes[-1].get_xlabel() == "time (UTC)"
    assert figure.get_size_inches()[0] == 9.5


def test_rows_draw_the_samples_of_the_record(record):
    _, axes = plot_overview(record)
    rows = rows_of(axes)
    for label, name in (
        ("Heart rate (bpm)", "heart_rate"),
        ("Activity (g)", "activity"),
    ):
        (line,) = [one for one in rows[label].lines if isinstance(one, LiveLine)]
        assert np.nanmin(line.get_ydata()) == record[name][name].min()
        assert np.nanmax(line.get_ydata()) == record[name][name].max()
    assert (
        len([o for o in rows["Acceleration (g)"].lines if isinstance(o, LiveLine)]) == 3
    )


def test_bad_quality_and_gaps_are_shaded_where_the_shirt_was_off(record, shades):
    figure, axes = plot_overview(record)
    start = record.start.timestamp()
    found = shades(rows_of(axes)["Heart rate (bpm)"], clock_start=start)
    absent = [tuple(map(round, span)) for span in found["absent"]]
    assert absent[1:] == [(60, 70), (120, 128)]
    assert absent[0][0] == 0  # 70 bpm until the first beats are accepted
    doubtful = [tuple(map(round, span)) for span in found["doubtful"]]
    assert (180, 186) in doubtful
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "beyond the axis",
        "not measured (no signal, sensor off) or not worn",
        "doubtful: flagged, clipped, implausible, handled",
    ]


def test_activities_are_bars_above_the_rows_in_lanes_that_do_not_overlap(
    record, texts_of
):
    figure, axes = plot_overview(record)
    bars = {}
    for collection in axes[0].collections:
        if isinstance(collection, PolyCollection):
            (path,) = collection.get_paths()
            x = (path.vertices[:, 0] * 86_400) - record.start.timestamp()
            y = path.vertices[:, 1]
            bars[(round(y.min(), 1), round(y.max(), 1))] = (
                round(x.min(), 1),
                round(x.max(), 1),
            )
    assert bars == {(0.1, 0.9): (20, 35.2), (1.1, 1.9): (31.2, 240)}
    assert "Walk" in texts_of(figure)


def test_name_without_room_is_cut_or_left_out(record, texts_of):
    told = texts_of(plot_overview(record)[0])
    assert "Warming up slowly" not in told
    assert [text for text in told if text.startswith("War") and text.endswith("…")]
    told = texts_of(plot_overview(record, start="10s", duration="60s")[0])
    assert "Warming up slowly" in told


def test_annotations_are_lines_through_all_rows_and_told_once(record, texts_of):
    figure, axes = plot_overview(record)
    for one in axes[1:]:
        dashed = [line for line in one.lines if line.get_linestyle() == "--"]
        x = [line.get_xdata()[0] * 86_400 - record.start.timestamp() for line in dashed]
        np.testing.assert_allclose(x, [30, 200], atol=1e-4)
    assert texts_of(figure).count("the user pressed the button") == 2


def test_comment_is_told_instead_of_the_kind_of_annotation(record, texts_of):
    from dataclasses import replace

    annotations = record.facts.annotations.copy()
    annotations["comment"] = ["felt dizzy", ""]
    facts = replace(record.facts, annotations=annotations)
    span = (record.start_tick, record.end_tick)
    other = hexoframe.Record(record.family, span, record.whole(), facts=facts)
    told = texts_of(plot_overview(other)[0])
    assert "felt dizzy" in told
    assert told.count("the user pressed the button") == 1


def test_part_of_the_record_is_drawn(record):
    _, axes = plot_overview(record, start="100s", duration="1min")
    for one in axes:
        limits = np.array(one.get_xlim()) * 86_400 - record.start.timestamp()
        np.testing.assert_allclose(limits, [100, 160], atol=1e-4)


def test_channels_of_the_callers_choice_are_drawn_in_their_order(record):
    _, axes = plot_overview(record, channels=["cadence", "ecg", 19])
    assert list(rows_of(axes)) == [
        "Cadence (steps/min)",
        "ECG I (mV)",
        "Heart rate (bpm)",
    ]
    with pytest.raises(UnknownChannelError):
        plot_overview(record, channels=["spo2"])


def test_page_is_in_the_zone_of_the_record(record, texts_of):
    figure, _ = plot_overview(record.tz_convert("Asia/Kolkata"))
    told = texts_of(figure)
    assert "time (Asia/Kolkata)" in told
    assert "03:31" in told  # 22:01 in UTC


def test_page_without_channels_says_so(record, texts_of):
    span = (record.start_tick, record.end_tick)
    figure, _ = plot_overview(hexoframe.Record(record.family, span, {}))
    assert "the record has none of the channels that are shown here" in texts_of(figure)


def test_row_at_rest_has_no_number_below_zero(record):
    still = record["cadence"] * 0.0
    held = {**record.whole(), "cadence": still}
    span = (record.start_tick, record.end_tick)
    _, axes = plot_overview(hexoframe.Record(record.family, span, held))
    row = rows_of(axes)["Cadence (steps/min)"]
    low, high = row.get_ylim()
    shown = [tick for tick in row.get_yticks() if low <= tick <= high]
    assert shown[0] == 0
    assert low < 0 < high


def test_loose_electrode_does_not_flatten_the_ecg(record):
    _, axes = plot_overview(record)
    row = rows_of(axes)["ECG I (mV)"]
    (line,) = [one for one in row.lines if isinstance(one, LiveLine)]
    assert np.nanmax(line.get_ydata()) > 15
    assert np.ptp(row.get_ylim()) < 8


def test_axes_of_the_caller_are_one_more_than_the_channels(record):
    figure, axes = plt.subplots(3)
    given, drawn = plot_overview(record, channels=["cadence", "activity"], ax=axes)
    assert given is figure
    assert list(drawn) == list(axes)


def test_names_and_notes_of_a_source_are_drawn_as_they_are(record, texts_of):
    moment = record.start + pd.Timedelta("20s")
    facts = replace(
        record.facts,
        ranges=facts_table(
            "ranges",
            [{"id": 1, "name": "$\\frac{$\x1b[2J", "start": record.start,
              "end": record.end}],
        ),
        annotations=facts_table(
            "annotations", [{"time": moment, "comment": "$x\x07"}]
        ),
    )  # fmt: skip
    figure, _ = plot_overview(Record.of(record, facts=facts))
    figure.canvas.draw()
    told = texts_of(figure)
    assert any(text.startswith(r"$\frac{$\x1b[2J") for text in told)
    assert r"$x\x07" in told


def test_rows_in_which_nothing_was_measured_are_left_out_and_named(record):
    held = {name: record[name] for name in record}
    held["heart_rate"] = held["heart_rate"].iloc[:0]
    held["respiration"] = held["respiration"] * 0.0  # no signal
    held["breathing_rate_quality"] = held["breathing_rate_quality"] * 0 + 2 + 8
    held["sleep_phase"] = held["sleep_phase"].iloc[:0]
    span = (record.start_tick, record.end_tick)
    _, axes = plot_overview(hexoframe.Record(record.family, span, held))
    assert list(rows_of(axes)) == [
        "ECG I (mV)",
        "Acceleration (g)",
        "Activity (g)",
        "Cadence (steps/min)",
    ]
    first, told = axes[-1].get_xlabel().split("\n")
    assert first == "time (UTC)"
    # The sleep position by day is no row, and is not missed.
    assert told == (
        "nothing measured: Heart rate, Respiration thoracic, Respiration abdominal, "
        "Breathing rate, Minute ventilation, Sleep phase"
    )
    # Whoever asks for a row has it.
    _, axes = plot_overview(
        hexoframe.Record(record.family, span, held), channels=["heart_rate"]
    )
    assert [text.get_text() for text in axes[1].texts] == ["heart_rate: no samples"]
