"""A few threads that share out jobs."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest

from hexoframe.api.load.threads import SLOW_S, Lane, ThreadPool


def test_every_job_is_done_once_by_so_many_threads_at_most():
    done, names = [], set()
    together = threading.Barrier(3)

    def job(number):
        names.add(threading.current_thread().name)
        if number < 3:
            together.wait(10)  # three at a time, or it breaks
        done.append(number)

    ThreadPool().run([lambda n=number: job(n) for number in range(30)], 3)
    assert sorted(done) == list(range(30))
    assert len(names) == 3


def test_without_jobs_there_is_nothing_to_wait_for():
    ThreadPool().run([], 4)


def test_jobs_are_begun_in_their_order():
    begun = []
    ThreadPool().run([lambda n=number: begun.append(n) for number in range(9)], 1)
    assert begun == list(range(9))


def test_what_is_to_come_then_is_begun_last_and_waited_for_on_its_own():
    pool, go_on = ThreadPool(), threading.Event()
    begun = []

    def then():
        begun.append("then")
        assert go_on.wait(10)
        begun.append("end")

    pool.run([lambda n=number: begun.append(n) for number in range(9)], 1, then=[then])
    assert begun[:9] == list(range(9))
    assert "end" not in begun, "the jobs are done, and nobody waits for more"
    go_on.set()
    pool.finish()
    assert begun[9:] == ["then", "end"]


def test_a_failure_of_what_comes_then_is_raised_where_that_is_waited_for():
    pool, go_on = ThreadPool(), threading.Event()

    def fail():
        assert go_on.wait(10)
        raise ValueError("late")

    pool.run([lambda: None], 2, then=[fail])
    go_on.set()
    with pytest.raises(ValueError, match="late"):
        pool.finish()


def test_the_first_failure_is_raised_and_ends_the_others():
    pool = ThreadPool()
    started = threading.Event()
    begun = []

    def fail():
        started.wait(10)
        raise ValueError("the first")

    def notice():
        started.set()
        assert pool.stopped.wait(10)
        raise RuntimeError("the second")

    jobs = [fail, notice, *(lambda: begun.append(1) for _ in range(9))]
    with pytest.raises(ValueError, match="the first"):
        pool.run(jobs, 2)
    assert pool.stopped.is_set()
    assert not begun, "no job is begun after a failure"


def test_an_interrupt_of_the_wait_is_heard_at_once(monkeypatch):
    pool, ended = ThreadPool(), threading.Event()

    def long():
        pool.stopped.wait(30)
        ended.set()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(pool._changed, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pool.run([long], 1)
    assert ended.wait(10), "the jobs are told to end"


def test_the_threads_do_not_keep_a_process_alive():
    daemons = []
    ThreadPool().run([lambda: daemons.append(threading.current_thread().daemon)], 1)
    assert daemons == [True]


# -- the lane --------------------------------------------------------------------------


def run(lane, count, took_s):
    """Run jobs in a lane; return the order in which they came in, and the most at once.

    `took_s` gives the time of an answer from its number and those that are inside.
    """
    entered, inside, most = [], [], []
    stopped, guard = threading.Event(), threading.Lock()

    def job(number):
        assert lane.enter(number, stopped)
        with guard:
            entered.append(number)
            inside.append(number)
            most.append(len(inside))
            now = len(inside)
        time.sleep(0.002)
        with guard:
            inside.remove(number)
        lane.leave(took_s(number, now))

    ThreadPool().run([partial(job, number) for number in range(count)], 4)
    return entered, max(most)


def test_on_a_slow_line_jobs_come_in_one_by_one_and_in_order():
    entered, most = run(Lane(4), 12, lambda *_: 10 * SLOW_S)
    assert entered == list(range(12))
    assert most == 1


def test_on_a_quick_line_several_jobs_are_inside():
    entered, most = run(Lane(4), 40, lambda *_: 0.1 * SLOW_S)
    assert entered == sorted(entered)
    assert 2 <= most <= 4


def test_jobs_that_share_a_line_are_not_called_slow_for_that():
    _, most = run(Lane(4), 40, lambda _, inside: 0.9 * SLOW_S * inside)
    assert most >= 2


def test_a_job_without_an_answer_says_nothing_of_the_line():
    _, most = run(Lane(4), 12, lambda *_: None)
    assert most == 1


def test_who_waits_for_a_turn_hears_that_all_was_stopped():
    lane, stopped = Lane(1), threading.Event()
    assert lane.enter(0, stopped)
    found = []
    thread = threading.Thread(target=lambda: found.append(lane.enter(1, stopped)))
    thread.start()
    stopped.set()
    thread.join(10)
    assert found == [False]
