"""Five requests a second: threads, processes, folders that cannot be used."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import warnings
from itertools import pairwise

import pytest

from hexoframe.api.http.limiter import SPACING_S, Limiter, limiter_for
from hexoframe.errors import HexoframeWarning


class Time:
    """A clock that only sleeping moves."""

    def __init__(self, late: float = 0.0) -> None:
        self.now, self.late = 1_700_000_000.0, late

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds + self.late


def most_in_a_second(times):
    return max(sum(at <= t < at + 1 for t in times) for at in times)


def starts(limiter, made, count):
    found = []
    for _ in range(count):
        limiter.wait()
        found.append(made.now)
    return found


def test_starts_are_evenly_spaced_and_the_first_waits_for_nothing():
    made = Time()
    begun = made.now
    found = starts(Limiter("h", now=made.clock, sleep=made.sleep), made, 20)
    assert found[0] == begun
    steps = [b - a for a, b in pairwise(found)]
    assert steps == pytest.approx([SPACING_S] * 19)
    assert most_in_a_second(found) == 5


@pytest.mark.parametrize("late", [0.001, 0.011, 0.02, 0.3])
def test_late_starts_never_crowd_the_next_ones(late):
    made = Time(late)
    found = starts(Limiter("h", now=made.clock, sleep=made.sleep), made, 30)
    assert most_in_a_second(found) <= 5


def test_after_a_pause_there_is_no_burst():
    made = Time()
    limiter = Limiter("h", now=made.clock, sleep=made.sleep)
    starts(limiter, made, 3)
    made.now += 100
    assert most_in_a_second(starts(limiter, made, 10)) == 5


def test_without_spacing_nothing_waits():
    limiter = Limiter("h", spacing_s=0, sleep=pytest.fail)
    limiter.wait()
    limiter.postpone(100)
    limiter.wait()


def test_a_host_that_asks_for_a_pause_gets_it():
    made = Time()
    limiter = Limiter("h", now=made.clock, sleep=made.sleep)
    limiter.wait()
    begun = made.now
    limiter.postpone(7)
    assert starts(limiter, made, 2) == pytest.approx([begun + 7, begun + 7.205])


def test_the_pause_that_another_asked_for_is_not_shortened():
    made = Time()
    limiter = Limiter("h", now=made.clock, sleep=made.sleep)
    begun = made.now
    limiter.postpone(7)
    limiter.postpone(1)
    assert starts(limiter, made, 1) == pytest.approx([begun + 7])


def test_two_limiters_with_one_folder_share_a_row(tmp_path):
    made = Time()
    one, two = (
        Limiter("h", tmp_path, now=made.clock, sleep=made.sleep) for _ in range(2)
    )
    other = Limiter("other", tmp_path, now=made.clock, sleep=pytest.fail)
    found = [t for _ in range(10) for each in (one, two)
             for t in starts(each, made, 1)]  # fmt: skip
    assert most_in_a_second(found) == 5
    other.wait()


@pytest.mark.parametrize("content", [b"", b"rubbish", b"nan", b"inf", b"\xff", b"9e99"])
def test_a_damaged_file_begins_a_new_row(tmp_path, content):
    made = Time()
    limiter = Limiter("h", tmp_path, now=made.clock, sleep=made.sleep)
    limiter.wait()
    (file,) = tmp_path.glob("*.txt")
    file.write_bytes(content)
    found = starts(limiter, made, 6)
    assert found[-1] - found[0] == pytest.approx(5 * SPACING_S)


def test_the_file_of_a_row_is_never_empty_while_it_is_written(tmp_path, monkeypatch):
    made = Time()
    limiter = Limiter("h", tmp_path, now=made.clock, sleep=made.sleep)
    limiter.wait()
    (file,) = tmp_path.glob("pace-*.txt")
    before = float(file.read_text())

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            limiter.wait()
    assert float(file.read_text()) == before
    limiter.wait()
    assert float(file.read_text()) > before


def test_a_clock_that_was_set_back_does_not_stop_the_row(tmp_path):
    made = Time()
    limiter = Limiter("h", tmp_path, now=made.clock, sleep=made.sleep)
    limiter.wait()
    made.now -= 86_400
    begun = made.now
    limiter.wait()
    assert made.now - begun < 1


def test_a_folder_that_cannot_be_used_is_said_once(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    made = Time()
    limiter = Limiter("h", tmp_path / "file", now=made.clock, sleep=made.sleep)
    with pytest.warns(HexoframeWarning, match="HEXOFRAME_CACHE_DIR") as caught:
        found = starts(limiter, made, 10)
    assert len(caught) == 1
    assert most_in_a_second(found) == 5


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_no_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.warns(HexoframeWarning):
        Limiter("h", tmp_path).wait()


def test_a_process_has_one_limiter_a_host(tmp_path):
    assert limiter_for("a", tmp_path) is limiter_for("a", tmp_path)
    assert limiter_for("a", tmp_path) is not limiter_for("b", tmp_path)


# --- over real sockets --------------------------------------------------------------

# What a server sees is a start and how long the machine took with it, so these want one
# that does nothing else; the row of slots itself is tested above, in made time.


@pytest.mark.slow
def test_four_threads_keep_the_limit(small, session_of, tmp_path):
    server = small(latency_s=0.05)
    session = session_of(server, limiter=Limiter("h", tmp_path))

    def load():
        for _ in range(3):
            session.get_json("/api/record/41/")

    threads = [threading.Thread(target=load) for _ in range(4)]
    begun = time.monotonic()
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    took = time.monotonic() - begun
    assert len(server.log) == 12
    assert server.most_in_a_second() <= 5
    assert took < 11 * SPACING_S * 1.5


@pytest.mark.slow
def test_repetitions_keep_the_limit_too(small, session_of, tmp_path):
    from hexoframe.simulator.server import ServerFault

    server = small()
    server.faults.add(ServerFault(kind="status", times=5))
    session_of(server, limiter=Limiter("h", tmp_path)).get_json("/api/record/41/")
    assert len(server.log) == 6
    assert server.most_in_a_second() <= 5


PROCESS = """
import sys
from pathlib import Path
from hexoframe.api.auth.schemes import UnsignedBasic
from hexoframe.api.http.limiter import Limiter
from hexoframe.api.http.session import ServiceSession
url, user, password, folder = sys.stdin.read().split()
session = ServiceSession(
    url, UnsignedBasic(url, user, password), limiter=Limiter(url, Path(folder))
)
for _ in range(6):
    session.get_json("/api/record/41/")
"""


@pytest.mark.slow
def test_two_processes_keep_the_limit(small, tmp_path):
    server = small()
    told = f"{server.base_url} {server.username} {server.password} {tmp_path}"
    running = [
        subprocess.Popen([sys.executable, "-c", PROCESS], stdin=subprocess.PIPE)
        for _ in range(2)
    ]
    for each in running:
        each.stdin.write(told.encode())
        each.stdin.close()
    assert [each.wait(60) for each in running] == [0, 0]
    assert len(server.log) == 12
    assert server.most_in_a_second() <= 5


def test_a_folder_that_can_be_used_warns_of_nothing(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Limiter("h", tmp_path / "new" / "deep").wait()
    assert len(list((tmp_path / "new" / "deep").glob("pace-*"))) == 2
