"""What tests of pictures stand on: no window, no figure left open, known frames."""

from __future__ import annotations

import datetime as dt

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import dates
from matplotlib import pyplot as plt

import hexoframe
from hexoframe.channels import channels_of
from hexoframe.recording.facts import Facts, facts_table
from hexoframe.recording.frames import make_frame
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear
from hexoframe.timestamps import ticks_to_index

SECOND = 1_667_604_589  # 2022-11-04T23:29:49Z


@pytest.fixture(autouse=True)
def no_window():
    """Draw without a screen, change no setting, leave no figure open."""
    mpl.use("Agg")
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before
    plt.close("all")


class Frames:
    """Frames of channels with known samples, from the same second on."""

    second = SECOND

    @staticmethod
    def at(name, ticks, columns, *, family="hexoskin", scale="physical"):
        channel = channels_of(family)[name]
        if not isinstance(columns, dict):
            columns = dict.fromkeys(channel.columns, columns)
        values = {key: np.asarray(value, dtype=float) for key, value in columns.items()}
        index = ticks_to_index(np.asarray(ticks, dtype=np.int64), clock=channel.clock)
        return make_frame(channel, index, values, record_id=7, scale=scale)

    def regular(self, name, values, *, skip=(), family="hexoskin"):
        """Return a channel from the start of the record on, without some rows."""
        channel = channels_of(family)[name]
        rows = np.setdiff1d(np.arange(len(values)), skip)
        steps = (rows + channel.first_sample) * int(channel.ticks)
        kept = np.asarray(values, dtype=float)[rows]
        return self.at(name, SECOND * channel.clock + steps, kept, family=family)

    @staticmethod
    def days(seconds):
        """Return seconds of the record as days of matplotlib."""
        return (SECOND + np.asarray(seconds, dtype=float)) / 86_400

    @staticmethod
    def seconds(days):
        """Return days of matplotlib as seconds of the record."""
        return (np.asarray(days, dtype=float) - SECOND / 86_400) * 86_400

    @staticmethod
    def time(second):
        start = dt.datetime.fromtimestamp(SECOND, dt.UTC)
        return start + dt.timedelta(seconds=second)


@pytest.fixture(scope="session")
def frames():
    return Frames()


@pytest.fixture(scope="session")
def shirt():
    """Four minutes at rest, with all that can go wrong, at known places."""
    return wear(
        Shirt(
            seed=5,
            duration_s=240,
            activity="mixed",
            gaps=((60.0, 10.0),),
            lead_off=((120.0, 8.0),),
            movement=((180.0, 6.0),),
            presses=(30.0, 200.0),
        )
    )


@pytest.fixture(scope="session")
def record(shirt, tmp_path_factory):
    """Return the record of that shirt, with activities."""
    archive = write_export(shirt, tmp_path_factory.mktemp("shirt") / "a.zip")
    opened = hexoframe.open_record(archive)
    ranges = [
        {
            "name": "Warming up slowly",
            "start": shirt.start + 20 * 256,
            "end": shirt.start + 9000,
        },
        {"name": "Walk", "start": shirt.start + 8000, "end": shirt.end},
    ]
    facts = Facts(
        info=opened.facts.info,
        annotations=opened.facts.annotations,
        ranges=facts_table("ranges", ranges),
    )
    span = (opened.start_tick, opened.end_tick)
    return hexoframe.Record(opened.family, span, opened.whole(), facts=facts)


def shaded(axes, second=0.0, clock_start=SECOND):
    """Return the shaded spans of a panel in s, by what they mean."""
    found = {}
    for collection in axes.collections:
        label = str(collection.get_label())
        if label in {"_absent", "_doubtful"}:
            spans = []
            for path in collection.get_paths():
                x = path.vertices[:, 0] - clock_start / 86_400
                spans.append((x.min() * 86_400 - second, x.max() * 86_400 - second))
            found[label.removeprefix("_")] = spans
    return found


@pytest.fixture(scope="session")
def shades():
    return shaded


def texts(figure):
    """Return every text of a figure that is not empty."""
    from matplotlib.text import Text

    figure.canvas.draw()
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


@pytest.fixture(scope="session")
def texts_of():
    return texts


@pytest.fixture(scope="session")
def to_days():
    return dates.date2num
