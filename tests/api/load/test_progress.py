"""The bar of a download."""

from __future__ import annotations

import io
import re
import sys
import threading

import pytest

from hexoframe.api.load.chunks import Chunk
from hexoframe.api.load.plan import cost_of
from hexoframe.api.load.progress import Meter
from hexoframe.simulator.shirt import Shirt

CHUNKS = [
    Chunk(kind="json", datatypes=(4113,), start=first, end=first + 25_600)
    for first in (0, 25_600)
]


class Terminal(io.StringIO):
    def __init__(self, *, is_one=True):
        super().__init__()
        self._is_one = is_one

    def isatty(self):
        return self._is_one


@pytest.fixture
def screen(monkeypatch):
    """Make stderr a terminal, or none, and return what it shows."""

    def make(*, terminal=True):
        shown = Terminal(is_one=terminal)
        monkeypatch.setattr(sys, "stderr", shown)
        return shown

    return make


def a_download(meter):
    with meter:
        meter.plan(CHUNKS)
        for chunk in CHUNKS:
            meter.took(chunk, 60_000)
            meter.took(chunk, 90_000)
            meter.finished(chunk)


def test_a_terminal_shows_requests_megabytes_and_the_end(screen):
    shown = screen()
    a_download(Meter("record 41", "hexoskin", show=None))
    last = re.split(r"[\r\n]", shown.getvalue().strip())[-1]
    assert "record 41" in last
    assert "100%" in last
    assert "2/2 requests" in last
    assert "0.3 MB" in last
    assert "left" in last


def test_a_bar_is_drawn_once_when_it_begins_and_once_when_it_begins_anew(screen):
    shown = screen()
    with Meter("record 41", "hexoskin", show=None) as meter:
        meter.plan(CHUNKS)
        assert shown.getvalue().count("  0%|") == 1
        meter.plan(CHUNKS)
        assert shown.getvalue().count("  0%|") == 2


@pytest.mark.parametrize(("terminal", "show"), [(False, None), (True, False)])
def test_where_nobody_looks_nothing_is_shown(screen, terminal, show):
    shown = screen(terminal=terminal)
    a_download(Meter("record 41", "hexoskin", show=show))
    assert shown.getvalue() == ""


def test_a_notebook_shows_the_bar_below_its_cell(monkeypatch):
    iostream = pytest.importorskip("ipykernel.iostream")

    class Cell(iostream.OutStream):
        encoding = "utf-8"

        def __init__(self):
            self.texts = []

        def isatty(self):
            return False

        def write(self, text):
            self.texts.append(text)

        def flush(self):
            pass

        def close(self):
            pass

    shown = Cell()
    monkeypatch.setattr(sys, "stderr", shown)
    a_download(Meter("record 41", "hexoskin", show=None))
    assert any("2/2 requests" in text for text in shown.texts)


def test_a_bar_may_be_asked_for_where_there_is_no_terminal(screen):
    shown = screen(terminal=False)
    a_download(Meter("record 41", "hexoskin", show=True))
    assert "100%" in shown.getvalue()


def test_the_bar_never_goes_beyond_its_end_nor_back(screen):
    shown = screen()
    with Meter("record 41", "hexoskin", show=True) as meter:
        meter.plan(CHUNKS)
        for _ in range(20):  # far more than was expected, and again after a failure
            meter.took(CHUNKS[0], 90_000)
        meter.finished(CHUNKS[0])
        assert meter._bar.n <= meter._bar.total
        half = meter._bar.n
        meter.took(CHUNKS[0], 5)
        assert meter._bar.n == half
        meter.finished(CHUNKS[1])
        assert meter._bar.n == meter._bar.total
    assert "1.8 MB" in shown.getvalue()


def test_a_plan_that_is_replaced_begins_anew(screen):
    screen()
    with Meter("record 41", "hexoskin", show=True) as meter:
        meter.plan(CHUNKS)
        meter.took(CHUNKS[0], 90_000)
        meter.finished(CHUNKS[0])
        meter.plan(CHUNKS[1:])
        assert meter._bar.n == 0
        meter.finished(CHUNKS[1])
        assert meter._bar.n == meter._bar.total


# --- the time left --------------------------------------------------------------------


HOUR = 3600 * 256
EXPORT = Chunk(kind="zip", datatypes=(), start=0, end=HOUR, whole=True)
PAGES = [
    Chunk(kind="json", datatypes=(19,), start=first, end=first + HOUR)
    for first in range(0, 10 * HOUR, HOUR)
]


def left(meter):
    """Return the bytes that the bar still expects."""
    return meter._bar.total - meter._bar.n


def expected(*chunks):
    return 1e6 * cost_of("hexoskin", chunks).megabytes


def test_the_bar_is_as_long_as_the_load_is_expected_to_be(screen):
    screen()
    with Meter("record 41", "hexoskin", show=True) as meter:
        meter.plan([EXPORT, *PAGES])
        assert left(meter) == pytest.approx(expected(EXPORT, *PAGES), abs=1)
        # The time left is what is left at the rate of what came.
        assert meter._bar.n == 0
        meter.took(EXPORT, 500_000)
        assert meter._bar.n == 500_000


def test_an_answer_that_tells_its_length_is_believed_and_not_the_plan(screen):
    screen()
    with Meter("record 41", "hexoskin", show=True) as meter:
        meter.plan([EXPORT])
        meter.took(EXPORT, 0)
        assert left(meter) == pytest.approx(expected(EXPORT), abs=1)
        meter.took(EXPORT, 65_536, 5_000_000 - 65_536)
        assert meter._bar.total == 5_000_000
        # It broke off, and came again from its beginning.
        meter.took(EXPORT, 65_536, 5_000_000 - 65_536)
        assert left(meter) == 5_000_000 - 65_536
        meter.took(EXPORT, 5_000_000 - 65_536, 0)
        meter.finished(EXPORT)
        assert left(meter) == 0


@pytest.mark.parametrize("scale", [0.25, 3])
def test_chunks_that_came_correct_what_is_expected_of_the_others(screen, scale):
    screen()
    size = expected(PAGES[0])
    with Meter("record 41", "hexoskin", show=True) as meter:
        meter.plan([EXPORT, *PAGES])
        for page in PAGES[:5]:
            meter.took(page, round(scale * size))
            meter.finished(page)
        pages = left(meter) - expected(EXPORT)
        # An export is not like a page, and keeps its own size.
        assert pages == pytest.approx(5 * size * scale, rel=0.35)
        assert abs(pages - 5 * size * scale) < 0.35 * abs(5 * size - 5 * size * scale)


def test_chunks_of_an_earlier_load_take_no_time(screen):
    screen()
    with Meter("record 41", "hexoskin", show=True) as meter:
        meter.plan(PAGES)
        for page in PAGES[:8]:
            meter.finished(page)
        assert meter._bar.n == 0
        assert left(meter) == pytest.approx(expected(*PAGES[8:]), abs=1)


def test_a_load_of_which_all_is_there_already_ends_at_its_end(screen):
    shown = screen()
    with Meter("record 41", "hexoskin", show=True) as meter:
        meter.plan(PAGES)
        for page in PAGES:
            meter.finished(page)
        assert left(meter) == 0
    assert "100%" in shown.getvalue()


def test_a_chunk_without_a_length_has_something_left_until_it_is_finished(screen):
    screen()
    with Meter("record 41", "hexoskin", show=True) as meter:
        meter.plan([EXPORT])
        meter.took(EXPORT, 9_000_000)
        assert left(meter) > 0
        meter.finished(EXPORT)
        assert left(meter) == 0


@pytest.mark.filterwarnings("ignore::hexoframe.errors.UnverifiedCalibrationWarning")
@pytest.mark.parametrize("transport", ["zip", "json"])
def test_a_load_is_as_long_as_its_bar_said_half_way(
    serving, client_of, screen, monkeypatch, transport
):
    screen()
    told = []
    count = Meter.took

    def took(meter, *args):
        count(meter, *args)
        told.append((meter._bar.n, meter._bar.total))

    monkeypatch.setattr(Meter, "took", took)
    with serving(Shirt(seed=5, duration_s=1800, record_id=41)) as server:
        client_of(server).load_record(41, transport=transport, progress=True)
    sent = told[-1][0]
    late = [total for done, total in told if done > sent / 2]
    assert late
    for total in late:
        assert sent / 1.2 < total < 1.2 * sent


def test_what_comes_after_the_end_is_not_shown(screen):
    shown = screen()
    with Meter("record 41", "hexoskin", show=True) as meter:
        meter.plan(CHUNKS)
    before = shown.getvalue()
    meter.took(CHUNKS[0], 100_000)
    meter.finished(CHUNKS[0])
    assert shown.getvalue() == before


def test_a_plan_without_chunks_is_no_division_by_nothing(screen):
    screen()
    with Meter("record 41", "hexoskin", show=True) as meter:
        meter.plan([])


def test_threads_may_count_side_by_side(screen):
    screen(terminal=False)
    meter = Meter("record 41", "hexoskin", show=None)
    meter.plan(CHUNKS)
    threads = [
        threading.Thread(target=lambda: [meter.took(CHUNKS[0], 1) for _ in range(2000)])
        for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert meter._bytes == 8000


@pytest.mark.filterwarnings("ignore::hexoframe.errors.UnverifiedCalibrationWarning")
@pytest.mark.parametrize("progress", [True, False, None])
def test_a_load_shows_its_bar_where_it_is_asked_for(
    serving, client_of, screen, progress
):
    shown = screen(terminal=False)
    with serving(Shirt(seed=5, duration_s=30, record_id=41)) as server:
        client_of(server).load_record(41, progress=progress)
    assert ("record 41" in shown.getvalue()) == (progress is True)
    if progress:
        assert "100%" in shown.getvalue()
        assert server.base_url not in shown.getvalue()
