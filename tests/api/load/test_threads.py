"""A few threads that share out jobs."""

from __future__ import annotations

import threading

import pytest

from hexoframe.api.load.threads import ThreadPool


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
