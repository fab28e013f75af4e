"""A few threads that share out jobs."""

from __future__ import annotations

import threading

import pytest

from hexoframe.api.load.threads import Crew


def test_every_job_is_done_once_by_so_many_threads_at_most():
    done, names = [], set()
    together = threading.Barrier(3)

    def job(number):
        names.add(threading.current_thread().name)
        if number < 3:
            together.wait(10)  # three at a time, or it breaks
        done.append(number)

    Crew().run([lambda n=number: job(n) for number in range(30)], 3)
    assert sorted(done) == list(range(30))
    assert len(names) == 3


def test_without_jobs_there_is_nothing_to_wait_for():
    Crew().run([], 4)


def test_jobs_are_begun_in_their_order():
    begun = []
    Crew().run([lambda n=number: begun.append(n) for number in range(9)], 1)
    assert begun == list(range(9))


def test_what_is_to_come_then_is_begun_last_and_waited_for_on_its_own():
    crew, go_on = Crew(), threading.Event()
    begun = []

    def then():
        begun.append("then")
        assert go_on.wait(10)
        begun.append("end")

    crew.run([lambda n=number: begun.append(n) for number in range(9)], 1, then=[then])
    assert begun[:9] == list(range(9))
    assert "end" not in begun, "the jobs are done, and nobody waits for more"
    go_on.set()
    crew.finish()
    assert begun[9:] == ["then", "end"]


def test_a_failure_of_what_comes_then_is_raised_where_that_is_waited_for():
    crew, go_on = Crew(), threading.Event()

    def fail():
        assert go_on.wait(10)
        raise ValueError("late")

    crew.run([lambda: None], 2, then=[fail])
    go_on.set()
    with pytest.raises(ValueError, match="late"):
        crew.finish()


def test_the_first_failure_is_raised_and_ends_the_others():
    crew = Crew()
    started = threading.Event()
    begun = []

    def fail():
        started.wait(10)
        raise ValueError("the first")

    def notice():
        started.set()
        assert crew.stopped.wait(10)
        raise RuntimeError("the second")

    jobs = [fail, notice, *(lambda: begun.append(1) for _ in range(9))]
    with pytest.raises(ValueError, match="the first"):
        crew.run(jobs, 2)
    assert crew.stopped.is_set()
    assert not begun, "no job is begun after a failure"


def test_an_interrupt_of_the_wait_is_heard_at_once(monkeypatch):
    crew, ended = Crew(), threading.Event()

    def long():
        crew.stopped.wait(30)
        ended.set()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(crew._changed, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        crew.run([long], 1)
    assert ended.wait(10), "the jobs are told to end"


def test_the_threads_do_not_keep_a_process_alive():
    daemons = []
    Crew().run([lambda: daemons.append(threading.current_thread().daemon)], 1)
    assert daemons == [True]
