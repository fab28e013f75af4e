"""Five requests a second: threads, processes, folders that cannot be used."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
import warnings
from itertools import pairwise

import platformdirs
import pytest

from hexoframe.api.http.limiter import SPACING_S, Limiter, limiter_for, state_folder
from hexoframe.errors import HexoframeWarning


class Time:
    """Two clocks that only sleeping moves: since the start of a machine, since 1970."""

    def __init__(self, late: float = 0.0) -> None:
        self.now, self.set_by, self.late = 5_000.0, 1_700_000_000.0, late

    def clock(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now + self.set_by

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds + self.late

    def limiter(self, folder=None, host="h", **more) -> Limiter:
        how = {"now": self.clock, "wall": self.wall, "sleep": self.sleep, **more}
        return Limiter(host, folder, **how)


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
    found = starts(made.limiter(), made, 20)
    assert found[0] == begun
    steps = [b - a for a, b in pairwise(found)]
    assert steps == pytest.approx([SPACING_S] * 19)
    assert most_in_a_second(found) == 5


@pytest.mark.parametrize("late", [0.001, 0.011, 0.02, 0.3])
def test_late_starts_never_crowd_the_next_ones(late):
    made = Time(late)
    found = starts(made.limiter(), made, 30)
    assert most_in_a_second(found) <= 5


def test_after_a_pause_there_is_no_burst():
    made = Time()
    limiter = made.limiter()
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
    limiter = made.limiter()
    limiter.wait()
    begun = made.now
    limiter.postpone(7)
    assert starts(limiter, made, 2) == pytest.approx([begun + 7, begun + 7.205])


def test_the_pause_that_another_asked_for_is_not_shortened():
    made = Time()
    limiter = made.limiter()
    begun = made.now
    limiter.postpone(7)
    limiter.postpone(1)
    assert starts(limiter, made, 1) == pytest.approx([begun + 7])


def test_two_limiters_with_one_folder_share_a_row(tmp_path):
    made = Time()
    one, two = (made.limiter(tmp_path) for _ in range(2))
    other = made.limiter(tmp_path, "other", sleep=pytest.fail)
    found = [t for _ in range(10) for each in (one, two)
             for t in starts(each, made, 1)]  # fmt: skip
    assert most_in_a_second(found) == 5
    other.wait()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"rubbish",
        b"5000.0",
        b"nan nan nan nan",
        b"inf inf 0.21 -inf",
        b"\xff",
        b"9e99 9e99 9e99 9e99",
    ],
)
def test_a_damaged_file_begins_a_new_row(tmp_path, content):
    made = Time()
    limiter = made.limiter(tmp_path)
    limiter.wait()
    (file,) = tmp_path.glob("*.txt")
    file.write_bytes(content)
    found = starts(limiter, made, 6)
    assert found[-1] - found[0] == pytest.approx(5 * SPACING_S)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_in_the_place_of_the_file_is_not_waited_for(tmp_path):
    made = Time()
    limiter = made.limiter(tmp_path)
    limiter.wait()
    (file,) = tmp_path.glob("*.txt")
    file.unlink()
    os.mkfifo(file)
    with pytest.warns(HexoframeWarning, match="for this process alone"):
        limiter.wait()


def test_the_file_of_a_row_is_never_empty_while_it_is_written(tmp_path, monkeypatch):
    made = Time()
    limiter = made.limiter(tmp_path)
    limiter.wait()
    (file,) = tmp_path.glob("pace-*.txt")
    before = float(file.read_text().split()[0])

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            limiter.wait()
    assert float(file.read_text().split()[0]) == before
    limiter.wait()
    assert float(file.read_text().split()[0]) > before


@pytest.mark.parametrize("change", [-300, -86_400, 300, 86_400])
def test_a_clock_that_is_set_holds_nobody_up(tmp_path, change):
    made = Time()
    one, two = (made.limiter(tmp_path) for _ in range(2))
    starts(one, made, 3)
    made.set_by += change
    found = starts(two, made, 3)
    assert found[0] - made.now <= SPACING_S
    assert most_in_a_second(found) == 3
    assert found[-1] - found[0] == pytest.approx(2 * SPACING_S)


def test_a_clock_that_is_set_back_does_not_end_a_pause(tmp_path):
    made = Time()
    one, two = (made.limiter(tmp_path) for _ in range(2))
    begun = made.now
    one.postpone(7)
    made.set_by -= 300
    assert starts(two, made, 1) == pytest.approx([begun + 7])


@pytest.mark.parametrize("uptime", [10.0, 4_990.0, 5_010.0])
def test_what_was_stored_before_the_machine_was_started_again_is_past(tmp_path, uptime):
    made = Time()
    one, two = (made.limiter(tmp_path) for _ in range(2))
    one.wait()
    one.postpone(60)
    # Off for five minutes; the steady clock begins anew.
    made.set_by += made.now + 300 - uptime
    made.now = uptime
    assert starts(two, made, 1) == [uptime]


def test_what_was_stored_before_the_machine_slept_is_past(tmp_path):
    made = Time()
    one, two = (made.limiter(tmp_path) for _ in range(2))
    one.postpone(60)
    made.set_by += 3600
    assert starts(two, made, 1) == [made.now]


def test_a_host_that_asks_for_fewer_requests_gets_fewer(tmp_path):
    made = Time()
    one, two = (made.limiter(tmp_path) for _ in range(2))
    recent, refused, answered = [], 0, 0
    for number in range(200):
        limiter = (one, two)[number % 2]
        limiter.wait()
        recent = [t for t in recent if t > made.now - 1] + [made.now]
        if len(recent) <= 2:
            answered += 1
            continue
        refused += 1
        limiter.slow_down()
        limiter.postpone(1)
    # Two a second are allowed: at 5 a second more than half would be refused.
    assert refused <= 10
    assert answered / (made.now - 5_000) > 1, "half of what is allowed comes through"


def test_a_host_that_asks_once_is_soon_asked_as_before():
    made = Time()
    limiter = made.limiter()
    limiter.wait()
    for _ in range(4):
        # Four that were on their way together.
        limiter.slow_down()
    found = starts(limiter, made, 60)
    assert found[1] - found[0] == pytest.approx(2 * SPACING_S, rel=0.05)
    assert found[-1] - found[-2] == pytest.approx(SPACING_S)
    made.now += 10
    for _ in range(20):
        limiter.slow_down()
        made.now += 10
    begun = made.now
    assert starts(limiter, made, 2)[-1] - begun <= 10, "it never stands still"


def test_who_waits_long_says_so_once(caplog):
    made = Time()
    limiter = made.limiter()
    limiter.postpone(2)
    starts(limiter, made, 1)
    assert caplog.messages == []
    limiter.postpone(12)
    starts(limiter, made, 4)
    (message,) = caplog.messages
    assert message.startswith("requests to h wait 12 s: ")


def test_the_pace_does_not_follow_the_cache_folder(tmp_path, monkeypatch):
    found = []
    for name in "ab":
        monkeypatch.setenv("HEXOFRAME_CACHE_DIR", str(tmp_path / name))
        found.append(limiter_for("http://127.0.0.1:1"))
    assert found[0] is found[1]
    monkeypatch.delenv("HEXOFRAME_STATE_DIR")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert tmp_path / "a" not in state_folder().parents
    assert state_folder() == platformdirs.user_state_path("hexoframe", appauthor=False)


def test_a_folder_that_cannot_be_used_is_said_once(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    made = Time()
    limiter = made.limiter(tmp_path / "file")
    with pytest.warns(HexoframeWarning, match="HEXOFRAME_STATE_DIR") as caught:
        found = starts(limiter, made, 10)
    assert len(caught) == 1
    assert most_in_a_second(found) == 5


@pytest.mark.skipif(os.name != "posix", reason="no such permissions")
def test_nobody_else_sees_or_writes_the_pace(tmp_path):
    Limiter("h", tmp_path / "new").wait()
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    for file in (tmp_path / "new").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_no_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.warns(HexoframeWarning):
        Limiter("h", tmp_path).wait()


def test_a_process_has_one_limiter_a_host():
    assert limiter_for("a") is limiter_for("a")
    assert limiter_for("a") is not limiter_for("b")


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
from hexoframe.client import Client
from hexoframe.api.auth.schemes import UnsignedBasic
url, user, password = sys.stdin.read().split()
with Client.of(url, UnsignedBasic(url, user, password)) as client:
    for _ in range(6):
        client.session.get_json("/api/record/41/")
"""


@pytest.mark.slow
def test_four_processes_with_four_caches_keep_the_limit(small, tmp_path):
    server = small()
    told = f"{server.base_url} {server.username} {server.password}"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS],
            stdin=subprocess.PIPE,
            env={**os.environ, "HEXOFRAME_CACHE_DIR": str(tmp_path / str(number))},
        )
        for number in range(4)
    ]
    for each in running:
        each.stdin.write(told.encode())
        each.stdin.close()
    assert [each.wait(60) for each in running] == [0] * 4
    times = sorted(entry.time for entry in server.log)
    assert len(times) == 24
    # A start is seen a moment late on a machine that does something else.
    assert times[-1] - times[0] > 23 * SPACING_S - 0.2
    assert server.most_in_a_second() <= 6


@pytest.mark.slow
def test_a_server_that_allows_two_a_second_is_hardly_asked_for_more(small, session_of):
    server = small(rate_limit=2)
    session = session_of(
        server, limiter=Limiter("h"), policy={"sleep": time.sleep, "jitter_s": 0.0}
    )
    for _ in range(20):
        session.get_json("/api/record/41/")
    refused = [entry for entry in server.log if entry.status == 429]
    assert 1 <= len(refused) <= 5


def test_a_folder_that_can_be_used_warns_of_nothing(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Limiter("h", tmp_path / "new" / "deep").wait()
    assert len(list((tmp_path / "new" / "deep").glob("pace-*"))) == 2
