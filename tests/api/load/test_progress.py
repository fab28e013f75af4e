"""The bar of a download."""

from __future__ import annotations

import io
import re
import sys
import threading

import pytest

from hexoframe.api.load.chunks import Chunk
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
