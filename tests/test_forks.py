"""What a forked child makes anew, and pools of processes that load."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import threading
import warnings

import pytest

import hexoframe
from hexoframe.api.http.limiter import limiter_for
from hexoframe.forks import PerProcess
from hexoframe.simulator.shirt import Shirt

pytestmark = [
    # What a newer Python says of a fork in a process with threads, as this one is.
    pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system"),
    pytest.mark.usefixtures("own_config"),
]
SHIRT = Shirt(seed=3, duration_s=60, record_id=41)
SOME = ["heart_rate", "rr_interval"]


def in_child(job):
    """Whether a job returns true in a forked child; a dead one is killed."""
    process = multiprocessing.get_context("fork").Process(
        target=lambda: os._exit(0 if job() else 1)
    )
    process.start()
    process.join(20)
    process.kill()
    process.join()
    return process.exitcode == 0


# -- one value -------------------------------------------------------------------------


def test_a_lock_that_another_thread_holds_is_free_in_a_child():
    lock, held, done = PerProcess(threading.Lock), threading.Event(), threading.Event()

    def hold():
        with lock.value:
            held.set()
            done.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    before = lock.value
    assert in_child(lambda: lock.value is not before and lock.value.acquire(timeout=1))
    assert lock.value is before, "the parent keeps its own"
    done.set()
    thread.join()


def test_a_copy_in_another_process_is_a_new_one():
    lock = PerProcess(threading.Lock)
    lock.value.acquire()
    copy = pickle.loads(pickle.dumps(lock))  # noqa: S301  # it is our own
    assert copy.value.acquire(blocking=False)


def test_what_is_gone_is_not_made_anew():
    made = []
    holder = PerProcess(lambda: made.append(1))
    del holder
    gc.collect()
    assert in_child(lambda: made == [1])


# -- loads -----------------------------------------------------------------------------


@pytest.fixture
def loaded(serving, monkeypatch):
    """The server of a record that this process has loaded, and the record."""
    with serving(SHIRT) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        limiter_for(server.base_url).spacing_s = 0.001
        yield hexoframe.load_record(41, channels=SOME)


def load(number):
    """What each worker does."""
    import hexoframe

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # The first asks the service, the others find it in the cache.
        channels = ["heart_rate", "rr_interval", "activity"]
        record = hexoframe.load_record(41, channels=channels[number % 2 :])
    return {name: record[name] for name in channels[:2] if name in record}


def check(record, found):
    for frames in found:
        for name, frame in frames.items():
            assert frame.equals(record[name])
    assert len(found) == 4


def test_a_forked_pool_loads_after_a_load_of_its_parent(loaded):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        check(loaded, pool.map(load, range(4)))


def test_a_client_of_the_parent_serves_in_a_child_too(serving, new_client):
    with serving(SHIRT) as server, new_client(server) as client:
        before = client.list_records()
        sockets = client.session._connections.value
        assert in_child(lambda: client.list_records().equals(before))
        assert in_child(lambda: client.session._connections.value is not sockets)
        assert client.list_records().equals(before)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["fork", "spawn", "forkserver"])
def test_a_pool_of_any_kind_loads_after_a_load_of_its_parent(loaded, how):
    if how not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {how} on this system")
    with multiprocessing.get_context(how).Pool(4) as pool:
        check(loaded, pool.map(load, range(4)))


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_workers_of_joblib_load(loaded, backend):
    joblib = pytest.importorskip("joblib")
    work = (joblib.delayed(load)(number) for number in range(4))
    check(loaded, joblib.Parallel(n_jobs=4, backend=backend)(work))


@pytest.mark.slow
def test_workers_of_dask_load(loaded):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=4, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        check(loaded, client.gather(client.map(load, range(4), pure=False)))


@pytest.mark.slow
@pytest.mark.usefixtures("loaded")
def test_a_thread_that_loads_does_not_stop_a_child_that_is_forked_meanwhile():
    stop = threading.Event()

    def keep_loading():
        while not stop.is_set():
            hexoframe.load_record(41, channels=SOME, refresh=True)

    thread = threading.Thread(target=keep_loading)
    thread.start()
    try:
        for _ in range(20):
            assert in_child(lambda: len(load(0)) == 2)
    finally:
        stop.set()
        thread.join()
