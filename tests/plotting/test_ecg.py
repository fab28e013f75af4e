"""ECG: true to scale on paper, beats where they are, leads under each other."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib import pyplot as plt

from hexoframe.errors import ConfigurationError
from hexoframe.plotting import plot_ecg
from hexoframe.plotting.artists import LiveLine, SparseMarks

MM = 25.4


def ecg_of(frames, seconds=10, *, family="hexoskin", leads=1):
    count = seconds * 256
    beat = np.zeros(256)
    beat[100:104] = [0.5, 1.2, 0.4, -0.2]
    one = np.tile(beat, seconds)[:count] + 0.1
    names = ["ecg_i", "ecg_ii", "ecg_iii"][:leads]
    columns = {name: one * (1 + place / 2) for place, name in enumerate(names)}
    ticks = frames.second * 256 + np.arange(count)
    return frames.at("ecg", ticks, columns, family=family)


def lines_of(axes):
    return [line for line in axes.lines if isinstance(line, LiveLine)]


def marks_of(axes):
    return {
        str(line.get_label()): np.asarray(line.get_xdata())
        for line in axes.lines
        if isinstance(line, SparseMarks)
    }


def size_mm(figure, axes):
    box = axes.get_position()
    width, height = figure.get_size_inches() * MM
    return width * box.width, height * box.height


def test_strip_is_25_mm_a_second_and_10_mm_a_millivolt(frames):
    figure, axes = plot_ecg(ecg_of(frames), duration="8s")
    width, height = size_mm(figure, axes)
    left, right = frames.seconds(axes.get_xlim())
    assert width / (right - left) == pytest.approx(25, rel=1e-4)
    bottom, top = axes.get_ylim()
    assert height / (top - bottom) == pytest.approx(10, rel=1e-6)


@pytest.mark.parametrize("dpi", [72, 300])
def test_saved_picture_is_as_large_as_the_paper_at_any_resolution(frames, dpi):
    figure, axes = plot_ecg(ecg_of(frames), duration="8s")
    axes.set_axis_off()
    for artist in [*axes.collections, *axes.lines[1:], *axes.texts, axes.title]:
        artist.remove() if artist in axes.collections else artist.set_visible(False)
    axes.set_title("", loc="left")
    figure.suptitle("")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    buffer.seek(0)
    picture = plt.imread(buffer)[..., 0]
    dark = np.flatnonzero((picture < 0.5).any(axis=0))
    # From the first to the last sample of the line.
    length = (dark[-1] - dark[0]) / dpi * MM
    assert length == pytest.approx(8 * 25, abs=2 * MM / dpi + 0.3)


def test_paper_is_ruled_at_each_mm_and_bold_at_each_5_mm(frames):
    _, axes = plot_ecg(ecg_of(frames), start="1s", duration="4s")
    ruled = [c for c in axes.collections if len(c.get_paths()) > 10]
    thin, bold = sorted(ruled, key=lambda c: -len(c.get_paths()))
    for lines, step in ((thin, 0.04), (bold, 0.2)):
        ends = np.array([path.vertices for path in lines.get_paths()])
        upright = ends[ends[:, 0, 0] == ends[:, 1, 0]]
        x = frames.seconds(upright[:, 0, 0])
        np.testing.assert_allclose(x, 1 + np.arange(len(x)) * step, atol=1e-5)
        level = ends[ends[:, 0, 0] != ends[:, 1, 0]]
        np.testing.assert_allclose(np.diff(level[:, 0, 1]), step * 2.5, atol=1e-9)


def test_strip_holds_the_true_samples(frames):
    frame = ecg_of(frames)
    _, axes = plot_ecg(frame, start="2s", duration="5s")
    (line,) = lines_of(axes)
    expected = frame["ecg_i"].iloc[512 : 512 + 1281].to_numpy()
    np.testing.assert_array_equal(line.get_ydata(), expected)
    x = frames.seconds(line.get_xdata())
    np.testing.assert_allclose(x, 2 + np.arange(1281) / 256, atol=1e-5)


def test_one_lead_has_an_axis_in_millivolts_that_fits_the_line(frames):
    figure, axes = plot_ecg(ecg_of(frames), duration="5s")
    assert axes.get_ylabel() == "ECG I (mV)"
    figure.canvas.draw()
    (line,) = lines_of(axes)
    # The tick of 1 mV is as high on the page as a sample of 1 mV would be.
    ticks = {text.get_text(): text.get_position()[1] for text in axes.get_yticklabels()}
    on_page = line.get_transform().transform((line.get_xdata()[0], 1.0))[1]
    tick = axes.transData.transform((0, ticks["1"]))[1]
    assert tick == pytest.approx(on_page, abs=0.01)


def test_leads_lie_under_each_other_each_to_scale_and_do_not_overlap(frames):
    frame = ecg_of(frames, family="astroskin_256", leads=3)
    figure, axes = plot_ecg(frame, duration="5s")
    lines = lines_of(axes)
    assert [line.get_label() for line in lines] == ["I", "II", "III"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["I", "II", "III"]
    spans = []
    for place, line in enumerate(lines):
        np.testing.assert_array_equal(
            line.get_ydata(), frame.iloc[:1281, place].to_numpy()
        )
        points = line.get_transform().transform(line.get_xydata())[:, 1]
        heights = np.asarray(line.get_ydata(), dtype=float)
        drawn_mm = np.ptp(points) / figure.dpi * MM
        assert drawn_mm == pytest.approx(10 * np.ptp(heights), rel=1e-3)
        spans.append((points.min(), points.max()))
    assert spans[0][0] > spans[1][1]
    assert spans[1][0] > spans[2][1]
    low, high = axes.bbox.y0, axes.bbox.y1
    assert spans[2][0] > low
    assert spans[0][1] < high


def test_beats_are_marked_where_they_are_and_hollow_if_flagged(frames):
    beats = frames.second * 256 + 101 + np.arange(10) * 256
    rr = frames.at("rr_interval", beats, [0] + [1] * 9)
    flags = frames.at("rr_interval_quality", beats, [128] * 2 + [0] * 7 + [1])
    _, axes = plot_ecg(ecg_of(frames), rr=rr, quality=flags)
    marks = marks_of(axes)
    expected = (101 + np.arange(10) * 256) / 256
    good = frames.seconds(marks["R peak"])
    flagged = frames.seconds(marks["R peak, flagged"])
    np.testing.assert_allclose(good, expected[2:9], atol=1e-5)
    np.testing.assert_allclose(flagged, expected[[0, 1, 9]], atol=1e-5)
    told = [text.get_text() for text in axes.get_legend().get_texts()]
    assert told == ["R peak", "R peak, flagged"]


def test_beats_of_a_shirt_stand_at_the_peaks_of_its_ecg(shirt, record):
    _, axes = record.plot("ecg", start="90s", duration="10s")
    (line,) = lines_of(axes)
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    beats = shirt.beats[
        (shirt.beats >= shirt.start + 90 * 256)
        & (shirt.beats <= shirt.start + 100 * 256)
    ]
    marks = np.sort(np.concatenate(list(marks_of(axes).values())))
    np.testing.assert_allclose(marks * 86_400 * 256, beats, atol=0.01)
    for mark in marks:
        near = np.abs(x - mark) < 0.1 / 86_400
        assert abs(x[near][np.argmax(y[near])] - mark) * 86_400 < 0.02


def test_strip_of_more_than_ten_seconds_has_rows(frames):
    figure, axes = plot_ecg(ecg_of(frames, 60), duration="25s")
    assert len(axes) == 3
    spans = [frames.seconds(one.get_xlim()) for one in axes]
    np.testing.assert_allclose(spans, [(0, 10), (10, 20), (20, 25)], atol=1e-4)
    widths = [size_mm(figure, one)[0] for one in axes]
    np.testing.assert_allclose(widths, [250, 250, 125], rtol=1e-4)
    tops = [one.get_position().y1 for one in axes]
    bottoms = [one.get_position().y0 for one in axes]
    assert tops[1] < bottoms[0]
    assert tops[2] < bottoms[1]
    assert [one.get_xlabel() for one in axes] == ["", "", "time (UTC)"]


def test_more_than_a_minute_is_a_panel_a_lead(frames):
    frame = ecg_of(frames, 62, family="astroskin_256", leads=3)
    _, axes = plot_ecg(frame)
    labels = [one.get_ylabel() for one in axes]
    assert labels == ["ECG I\n(mV)", "ECG II\n(mV)", "ECG III\n(mV)"]
    np.testing.assert_allclose(
        frames.seconds(axes[0].get_xlim()), [0, 62 - 1 / 256], atol=1e-4
    )


def test_long_view_has_the_rate_below_the_leads(frames):
    rate = frames.regular("heart_rate", np.arange(60) + 60)
    _, axes = plot_ecg(ecg_of(frames, 62), rate=rate)
    assert [one.get_ylabel() for one in axes] == ["ECG I\n(mV)", "Heart rate\n(bpm)"]
    assert lines_of(axes[1])[0].get_ydata().tolist() == list(range(60, 120))
    # A strip has none.
    _, axes = plot_ecg(ecg_of(frames), rate=rate)
    assert axes.get_ylabel() == "ECG I (mV)"


def test_long_view_of_a_record_has_its_rate(record, shades):
    _, axes = record.plot("ecg")
    assert [one.get_ylabel() for one in axes] == ["ECG I\n(mV)", "Heart rate\n(bpm)"]
    start = record.start.timestamp()
    absent = shades(axes[1], clock_start=start)["absent"]
    assert (60, 70) in [tuple(map(round, span)) for span in absent]


def test_counts_are_not_drawn_on_paper_ruled_in_millivolts(frames):
    ticks = frames.second * 256 + np.arange(2560)
    frame = frames.at("ecg", ticks, np.arange(2560) % 1400, scale="raw")
    _, axes = plot_ecg(frame)
    assert axes.get_ylabel() == "ECG I\n(counts)"
    assert len(axes.collections) == 0


def test_strip_says_record_scale_and_zone(frames, texts_of):
    frame = ecg_of(frames).tz_convert("Asia/Kolkata")
    figure, _ = plot_ecg(frame)
    told = texts_of(figure)
    assert "25 mm/s   10 mm/mV" in told
    assert figure.get_suptitle() == (
        "ECG, record 7: 2022-11-05 04:59:49 to 04:59:58.996 (10 s)"
    )
    assert "time (Asia/Kolkata)" in told
    assert "04:59:50\n2022-11-05" in told
    assert "samples leave the paper" not in told


def test_samples_that_leave_the_paper_are_told(frames, texts_of):
    frame = ecg_of(frames)
    frame.iloc[700, 0] = 17.5
    figure, axes = plot_ecg(frame)
    assert "samples leave the paper" in texts_of(figure)
    assert np.ptp(axes.get_ylim()) < 5
    (line,) = lines_of(axes)
    assert max(line.get_ydata()) == 17.5


def test_loose_electrode_is_shaded_and_takes_no_room(record, shades):
    _, quiet = record.plot("ecg", start="100s", duration="10s")
    _, loose = record.plot("ecg", start="115s", duration="10s")
    assert np.ptp(loose.get_ylim()) <= np.ptp(quiet.get_ylim()) + 1
    start = record.start.timestamp()
    ((begin, end),) = shades(loose, clock_start=start)["absent"]
    assert (begin, end) == pytest.approx((120, 125), abs=1e-3)


def test_gap_in_the_ecg_is_shaded_and_not_bridged(frames, shades):
    frame = ecg_of(frames)
    _, axes = plot_ecg(frame.drop(frame.index[512:1024]))
    (line,) = lines_of(axes)
    assert np.flatnonzero(np.isnan(line.get_ydata())).tolist() == [512]
    ((start, end),) = shades(axes)["absent"]
    assert (start, end) == pytest.approx((2, 4), abs=1e-5)


def test_axes_of_the_caller_keep_the_proportions_of_the_paper(frames):
    figure, given = plt.subplots(figsize=(6, 6))
    _, axes = plot_ecg(ecg_of(frames), duration="5s", ax=given)
    assert axes is given
    figure.canvas.draw()
    box = axes.get_window_extent()
    seconds = np.ptp(frames.seconds(axes.get_xlim()))
    ratio = (box.width / seconds) / (box.height / np.ptp(axes.get_ylim()))
    assert ratio == pytest.approx(2.5, rel=1e-3)


def test_ecg_without_samples_says_so(frames, texts_of):
    frame = ecg_of(frames).iloc[:0]
    figure, _ = plot_ecg(frame)
    assert "ecg: no samples" in texts_of(figure)
    figure, _ = plot_ecg(ecg_of(frames), start="1min", duration="5s")
    assert "ecg: no samples" in texts_of(figure)


def test_one_axes_is_not_enough_for_three_panels(frames):
    frame = ecg_of(frames, 62, family="astroskin_256", leads=3)
    with pytest.raises(ConfigurationError, match="plot_ecg draws 3 panels here"):
        plot_ecg(frame, ax=plt.subplots()[1])
