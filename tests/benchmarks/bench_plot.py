"""Pictures of a day, against the plain ways to draw the same samples; and its table."""

from __future__ import annotations

import io

import numpy as np

import hexoframe
from hexoframe.plotting import plot_ecg
from tests.benchmarks.harness import race, timed


def draw(figure):
    """Make the pixels, as a notebook does, and let go of the figure."""
    from matplotlib import pyplot as plt

    figure.savefig(io.BytesIO(), format="png")
    plt.close(figure)


def by_matplotlib(times, values):
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(9.5, 3))
    axes.plot(times, values)
    return figure, axes


def by_pandas(frame):
    draw(frame.plot(figsize=(9.5, 3)).figure)


def page(folder):
    record = hexoframe.open_record(folder)
    return record._repr_html_()


def zoom(axes, middle, width):
    """Look at a part of a day, as a mouse wheel does."""
    axes.set_xlim(middle - width, middle + width)
    axes.figure.canvas.draw()


def bench(world):
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.use("Agg")
    frame = world.frames["ecg"]
    # Times with a zone would become 22 million objects, and take all memory.
    naive = frame.tz_localize(None)
    times, values = naive.index.to_numpy(), frame["ecg_i"].to_numpy()
    plain = timed(lambda: draw(by_matplotlib(times, values)[0]))
    new = timed(lambda: draw(plot_ecg(frame)[0]))
    yield race(
        new,
        plain,
        rounds=world.rounds,
        what="ECG drawn, PNG",
        against="matplotlib's own plot",
        target=15,
    )
    yield race(
        new,
        timed(lambda: by_pandas(naive)),
        rounds=world.rounds,
        what="ECG drawn, PNG",
        against="DataFrame.plot",
        target=40,
    )
    figure, strips = plot_ecg(frame)
    axes = np.ravel(strips)[0]  # a minute is drawn in several
    whole_figure, whole = by_matplotlib(times, values)
    middle = sum(axes.get_xlim()) / 2
    yield race(
        timed(lambda: zoom(axes, middle, 0.05)),
        timed(lambda: zoom(whole, middle, 0.05)),
        rounds=world.rounds,
        what="a part of the drawn ECG zoomed to",
        against="matplotlib's own plot",
    )
    plt.close(figure)
    plt.close(whole_figure)
    record = world.record
    yield race(
        timed(lambda: draw(record.plot()[0])),
        plain,
        rounds=world.rounds,
        what="overview of all channels, PNG",
        against="matplotlib's own plot of the ECG alone",
        target=3,
    )
    folder = record.to_parquet(world.folder, overwrite=True)
    yield race(
        timed(lambda: page(folder)),
        timed(lambda: hexoframe.open_record(folder).load()),
        rounds=world.rounds + 2,
        what="table with sparklines, record on disk",
        against="reading the record",
        target=4,
    )
