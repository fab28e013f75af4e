"""The list of pictures; what is needed for them, and what they leave alone."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import hexoframe
from hexoframe import plotting
from hexoframe.app.pictures import Drawing
from hexoframe.channels import FAMILIES, channels_of
from hexoframe.errors import ConfigurationError, TimestampError, UnknownChannelError
from hexoframe.plotting import Picture
from hexoframe.plotting.artists import LiveLine
from hexoframe.plotting.figures import days, make_axes, picture
from hexoframe.plotting.windows import stamps_of

if TYPE_CHECKING:
    from hexoframe.plotting import PictureRequest
    from hexoframe.plotting.figures import FigureAxes

ROOT = Path(__file__).parents[2]
NAMES = (None, *plotting.PICTURES)


def run(code):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_new_picture_is_a_function_and_a_line_in_the_list(
    record, monkeypatch, tmp_path
):
    def record_toy(request: PictureRequest) -> FigureAxes:
        steps = request.record["step"]
        figure, axes = make_axes(4, 2, [(0.5, 0.5, 3, 1)])
        axes[0].plot(days(stamps_of(steps)), range(len(steps)), "o")
        axes[0].set_title(f"{len(steps)} steps")
        return picture(figure, axes)

    toy = Picture("toy", "steps counted", record_toy, channel="step")
    monkeypatch.setitem(plotting.PICTURES, toy.name, toy)
    for name in ("toy", "step"):
        _, axes = record.plot(name)
        assert axes.get_title() == f"{len(record['step'])} steps"
    assert isinstance(record.plot("cadence")[1].lines[0], LiveLine)
    # The command line draws it as well.
    (path,) = Drawing(what="toy", folder=tmp_path).save("7", record).paths
    assert path.name.endswith("_toy.png")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_list_says_what_each_picture_shows():
    assert list(plotting.PICTURES) == [
        "overview",
        "coverage",
        "ecg",
        "respiration",
        "beats",
        "breaths",
        "rr",
        "hrv",
        "summary",
        "sleep",
        "activity",
    ]
    for name, one in plotting.PICTURES.items():
        assert one.name == name
        assert one.title
        for family in FAMILIES:
            known = channels_of(family)
            assert one.channel is None or one.channel in known
            assert set(one.waveforms or ()) <= set(known)


def test_help_and_docstring_name_every_picture():
    from hexoframe.app.cli.plots import plot

    (channel,) = [one for one in plot.params if one.name == "what"]
    for one in plotting.PICTURES.values():
        own = "page" if one is plotting.OVERVIEW else one.name
        assert own in channel.help or one.channel == own
        assert f'``"{one.name}"``' in hexoframe.Record.plot.__doc__


@pytest.mark.parametrize("what", NAMES)
def test_every_picture_has_a_title_and_axes_and_can_be_saved(record, what):
    figure, axes = record.plot(what)
    assert isinstance(figure, Figure)
    assert all(isinstance(one, Axes) for one in np.ravel(axes))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    assert buffer.getvalue().startswith(b"\x89PNG")
    # It says what is shown, of which record, and from when to when.
    title = figure.get_suptitle()
    begin = f"{record.start:%Y-%m-%d %H:%M:%S}"
    assert f", record {record.id}: {begin} to " in title
    assert title.endswith(" (4 min 00 s)")
    assert title[0].isupper()


def test_every_channel_of_the_record_has_a_picture(record):
    empty = {name for name in record if not record[name].size}
    # Pressure is never measured: "no signal" throughout.
    empty |= {name for name in record if name.startswith("systolic")}
    for name in [name for name in record if name not in empty]:
        figure, axes = record.plot(name)
        label = np.ravel(axes)[0].get_ylabel()
        assert label or np.ravel(axes)[0].get_title(loc="left")
        plt.close(figure)


@pytest.mark.parametrize("family", FAMILIES)
def test_figure_that_would_show_nothing_is_an_error_and_is_closed(family):
    clock = 1000 if family == "astroskin_1000" else 256
    record = hexoframe.Record(family, (10**9 * clock, (10**9 + 60) * clock), {})
    for name in channels_of(family):
        with pytest.raises(ConfigurationError, match=r"no samples|no intervals"):
            record.plot(name)
        assert not plt.get_fignums()


def test_channel_is_drawn_into_given_axes_or_says_there_that_it_cannot(frames):
    span = (frames.second * 256, (frames.second + 60) * 256)
    record = hexoframe.Record("hexoskin", span, {})
    figure, axes = plt.subplots()
    with pytest.raises(ConfigurationError, match="nothing to draw of heart_rate"):
        record.plot("heart_rate", ax=axes)
    assert plt.get_fignums() == [figure.number]
    assert [text.get_text() for text in axes.texts] == ["heart_rate: no samples"]


def test_flags_that_are_never_set_are_a_picture(frames, texts_of):
    span = (frames.second * 256, (frames.second + 60) * 256)
    flags = frames.regular("heart_rate_quality", [0] * 60)
    record = hexoframe.Record("hexoskin", span, {"heart_rate_quality": flags})
    figure, _ = record.plot("heart_rate_quality")
    assert "heart_rate_quality: no flag is set" in texts_of(figure)


def test_channels_with_a_picture_of_their_own_have_it(record):
    assert record.plot("ecg", start="5s", duration="5s")[1].get_ylabel() == "ECG I (mV)"
    assert len(record.plot("respiration")[1]) == 3
    assert len(record.plot("rr_interval")[1]) == 2
    assert len(record.plot("activity")[1]) == 4
    assert len(record.plot("sleep")[1]) == 5
    assert isinstance(record.plot("heart_rate")[1], Axes)


def test_any_name_of_a_channel_does(record):
    for key in (19, "hr", "HEART_RATE", "heartrate"):
        assert record.plot(key)[1].get_ylabel() == "Heart rate\n(bpm)"
    axes = record.plot("respiration_thoracic")[1]
    assert [one.get_ylabel() for one in axes] == [
        "Respiration\nthoracic\n(counts)",
        "Tidal volume\n(L)",
    ]
    with pytest.raises(UnknownChannelError, match="did you mean heart_rate"):
        record.plot("hart_rate")


def test_part_is_counted_from_the_start_of_the_record(record):
    start = record.start + pd.Timedelta("90s")
    for begin in ("90s", pd.Timedelta("90s"), start, str(start).replace(" ", "T")):
        _, axes = record.plot("heart_rate", start=begin, duration="30s")
        limits = np.array(axes.get_xlim()) * 86_400 - record.start.timestamp()
        np.testing.assert_allclose(limits, [90, 120], atol=1e-4)
    with pytest.raises(TimestampError, match="naive"):
        record.plot("heart_rate", start=start.tz_localize(None))
    with pytest.raises(ConfigurationError, match="whole record"):
        record.plot("coverage", start="90s")


def test_whole_record_is_shown_also_where_its_channel_is_shorter(record):
    _, axes = record.plot("nn_interval")
    axes = np.ravel(axes)[0]
    limits = np.array(axes.get_xlim()) * 86_400 - record.start.timestamp()
    np.testing.assert_allclose(limits, [0, 240], atol=1e-4)


def test_channel_is_shaded_by_its_quality(record, shades):
    _, axes = record.plot("heart_rate")
    found = shades(axes, clock_start=record.start.timestamp())
    absent = [tuple(map(round, span)) for span in found["absent"]]
    assert {(60, 70), (120, 128)} <= set(absent)
    _, axes = record.plot("respiration")
    found = shades(axes[0], clock_start=record.start.timestamp())
    assert any(span[0] <= 60.5 and span[1] >= 69.5 for span in found["absent"])


def test_nothing_is_read_but_what_is_drawn(tmp_path, shirt):
    from hexoframe.simulator.export import write_export

    record = hexoframe.open_record(write_export(shirt, tmp_path / "a.zip"))
    record.plot("heart_rate")
    assert record.is_read("heart_rate")
    assert not record.is_read("ecg")
    assert not record.is_read("respiration")


def test_figure_survives_a_pickle(record):
    figure, axes = record.plot("heart_rate")
    back = pickle.loads(pickle.dumps(figure))  # noqa: S301 - our own bytes
    back.savefig(io.BytesIO())
    (line,) = [one for one in back.axes[0].lines if isinstance(one, LiveLine)]
    (own,) = [one for one in axes.lines if isinstance(one, LiveLine)]
    np.testing.assert_array_equal(line.get_ydata(), own.get_ydata())


def test_vector_formats_can_be_written(record):
    figure, _ = record.plot("ecg", start="5s", duration="5s")
    for form, head in (("pdf", b"%PDF"), ("svg", b"<?xml")):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=form)
        assert buffer.getvalue().startswith(head)


def test_picture_is_not_shown(record, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *_a, **_k: pytest.fail("nothing is shown"))
    monkeypatch.setattr(Figure, "show", lambda *_a: pytest.fail("nothing is shown"))
    record.plot()
    record.plot("ecg", duration="5s")


def test_style_of_the_user_is_neither_changed_nor_undone(record):
    with plt.rc_context({"axes.facecolor": "red", "font.size": 20}):
        figure, axes = record.plot("heart_rate")
        assert plt.rcParams["axes.facecolor"] == "red"
        assert plt.rcParams["font.size"] == 20
        assert axes.yaxis.label.get_size() == 9
    assert figure.axes


@pytest.mark.parametrize("name", plotting.__all__)
def test_every_function_says_what_it_takes_and_returns(name):
    text = getattr(plotting, name).__doc__
    for heading in ("Parameters", "Returns", "Raises"):
        assert heading in text


def test_plotting_alone_does_not_import_matplotlib():
    code = (
        "import sys, hexoframe, hexoframe.plotting;"
        "hexoframe.Record; print('matplotlib' in sys.modules)"
    )
    done = run(code)
    assert done.stdout.strip() == "False", done.stderr


def test_look_of_a_record_needs_no_matplotlib(samples):
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import hexoframe\n"
        f"record = hexoframe.open_record({str(samples / 'hexoskin_10min.zip')!r})\n"
        "print('<svg' in record._repr_html_())"
    )
    done = run(code)
    assert done.stdout.strip() == "True", done.stderr


def test_missing_matplotlib_is_told_with_what_to_install(samples):
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import hexoframe\n"
        f"record = hexoframe.open_record({str(samples / 'hexoskin_10min.zip')!r})\n"
        "for what in (None, 'ecg', 'heart_rate', 'rr', 'coverage'):\n"
        "    try:\n"
        "        record.plot(what)\n"
        "    except hexoframe.errors.ConfigurationError as error:\n"
        "        print(error)"
    )
    done = run(code)
    lines = done.stdout.splitlines()
    assert len(lines) == 5, done.stderr
    assert set(lines) == {
        "plots need matplotlib: install it with pip install 'hexoframe[plot]'"
    }


@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        ("hexoskin-256696", {"sleep", "hrv"}),
        ("hexoskin-258583", {"sleep"}),
        ("astroskin-122445", {"sleep", "breaths"}),
    ],
)
def test_real_records_have_every_picture(real_data, name, lacks):
    record = hexoframe.open_record(real_data / "exports" / name)
    for what in {*NAMES, "heart_rate_quality", "minute_ventilation"} - lacks:
        figure, _ = record.plot(what)
        figure.savefig(io.BytesIO())
        plt.close(figure)
    for what in lacks:
        with pytest.raises(ConfigurationError, match="nothing to draw"):
            record.plot(what)


@pytest.mark.parametrize(
    ("what", "most"),
    [("ecg", 8.5), ("minute_ventilation", 90), ("tidal_volume", 5), ("rr", 1.3)],
)
def test_limits_of_real_records_are_those_of_a_body(real_data, what, most):
    """With all values, ventilation reached 240 L/min, ECG 16 mV and RR 2.4 s."""
    # What the Astroskin has of breathing is the initial value.
    names = ["hexoskin-256696", "hexoskin-258583"]
    names += [] if "v" in what else ["astroskin-122445"]
    for name in names:
        _, axes = hexoframe.open_record(real_data / "exports" / name).plot(what)
        assert max(np.abs(np.ravel(axes)[0].get_ylim())) < most, name


def test_real_beats_stand_at_the_peaks_of_the_real_ecg(real_data):
    record = hexoframe.open_record(real_data / "exports" / "astroskin-122445")
    _, axes = record.plot("ecg", start="20s", duration="10s")
    line = next(one for one in axes.lines if isinstance(one, LiveLine))
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    (marks,) = [
        np.asarray(one.get_xdata()) for one in axes.lines if one.get_label() == "R peak"
    ]
    assert len(marks) >= 12
    for mark in marks:
        near = np.abs(x - mark) < 0.15 / 86_400
        assert abs(x[near][np.argmax(y[near])] - mark) * 86_400 < 0.04
