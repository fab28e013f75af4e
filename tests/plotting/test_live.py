"""The running rates: what is drawn after each part, and how long the axis is."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt

from hexoframe import plotting
from hexoframe.errors import ConfigurationError
from hexoframe.plotting.artists import LiveLine

HEART = 70 + np.arange(120) % 7
BREATH = 12 + np.arange(120) % 5


def drawn(axes):
    """The samples of the line in a panel."""
    (line,) = [line for line in axes.lines if isinstance(line, LiveLine)]
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def parts_of(frames, size=30):
    heart = frames.regular("heart_rate", HEART)
    breath = frames.regular("breathing_rate", BREATH)
    for first in range(0, 120, size):
        some = slice(first, first + size)
        yield {"heart_rate": heart.iloc[some], "breathing_rate": breath.iloc[some]}


def test_all_that_came_is_drawn_up_to_the_newest_sample(frames):
    names = ["heart_rate", "breathing_rate"]
    figure, axes = plotting.follow(parts_of(frames), channels=names)
    assert len(axes) == 2
    for one, values in zip(axes, (HEART, BREATH), strict=True):
        times, heights = drawn(one)
        assert heights.tolist() == values.tolist()
        assert np.allclose(times, frames.days(1 + np.arange(120)), rtol=0, atol=1e-9)
        assert np.allclose(one.get_xlim(), frames.days([1, 120]), rtol=0, atol=1e-9)
    assert [one.get_ylabel() for one in axes] == [
        "Heart rate\n(bpm)",
        "Breathing rate\n(breaths/min)",
    ]
    assert figure.get_suptitle() == (
        "Running rates, record 7: 2022-11-04 23:29:50 to 23:31:49 (1 min 59 s)"
    )


def test_the_axis_is_as_long_as_is_asked_for(frames):
    _, ax = plotting.follow(parts_of(frames), channels=["heart_rate"], last="40s")
    assert np.allclose(ax.get_xlim(), frames.days([80, 120]), rtol=0, atol=1e-9)


def test_it_is_drawn_anew_with_each_part_that_has_news(frames):
    _, ax = plt.subplots()
    counts = []

    def parts():
        for part in parts_of(frames):
            yield part
            counts.append(len(drawn(ax)[1]))
            yield {"heart_rate": part["heart_rate"].iloc[:0]}
            counts.append(len(drawn(ax)[1]))

    figure, same = plotting.follow(parts(), channels=["heart_rate"], ax=ax)
    assert same is ax
    assert figure is ax.figure
    assert counts == [30, 30, 60, 60, 90, 90, 120, 120]


def test_a_late_sample_takes_its_place(frames):
    heart = frames.regular("heart_rate", HEART)
    late = [heart.drop(heart.index[40:50]), heart.iloc[40:50]]
    parts = ({"heart_rate": frame} for frame in late)
    _, ax = plotting.follow(parts, channels=["heart_rate"])
    assert drawn(ax)[1].tolist() == HEART.tolist()


def test_a_notebook_shows_one_figure_and_changes_it(frames, monkeypatch):
    import sys
    import types

    shown = []

    class Handle:
        def update(self, figure):
            shown.append(("update", figure))

    def display(figure, *, display_id):
        assert display_id
        shown.append(("display", figure))
        return Handle()

    ipython = types.SimpleNamespace(display=types.SimpleNamespace(display=display))
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setattr(plt, "get_backend", lambda: "inline")
    figure, _ = plotting.follow(parts_of(frames), channels=["heart_rate"])
    assert shown == [("display", figure), *[("update", figure)] * 3]
    # It is not shown a second time at the end of the cell.
    assert figure.number not in plt.get_fignums()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"channels": []}, "give a list of channels"),
        ({"channels": "heart_rate"}, "give a list of channels"),
        ({"channels": ["heart_rate"], "last": "x"}, "last='x'"),
    ],
)
def test_wrong_values_are_refused_before_anything_is_asked(how, said):
    def parts():
        pytest.fail("a part was asked for")
        yield

    with pytest.raises(ConfigurationError, match=said):
        plotting.follow(parts(), **how)


@pytest.mark.parametrize("parts", [[], [{}], [{"activity": None}]])
def test_nothing_that_came_is_told(parts):
    with pytest.raises(ConfigurationError, match="no sample of heart_rate came"):
        plotting.follow(parts, channels=["heart_rate"])


def test_what_gives_no_parts_is_told():
    with pytest.raises(ConfigurationError, match=r"give client.follow"):
        plotting.follow(41)
