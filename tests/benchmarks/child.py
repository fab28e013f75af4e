"""One thing in a fresh process: its time, or its peak memory. Prints JSON."""

from __future__ import annotations

import gc
import json
import os
import re
import sys
import time
import warnings
from pathlib import Path


def import_pandas():
    start = time.perf_counter()
    import pandas as pd  # noqa: F401  # it is the import that is timed

    return {"seconds": time.perf_counter() - start}


def import_record():
    # What is installed has its bytecode: the round for nothing leaves it here too.
    sys.dont_write_bytecode = False
    start = time.perf_counter()
    import hexoframe

    hexoframe.Record  # noqa: B018  # the first use imports it
    return {"seconds": time.perf_counter() - start}


def _peak_mb():
    """Return the most memory that this process has held, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would begin with the peak of the process that started this one.
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        return int(found[1]) / 1e3
    import resource

    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def own_mb(record):
    """Size of the frames of a record, memory that they share counted once."""
    memory = {}
    for name in record:
        frame = record[name]
        arrays = [frame.index.asi8, *(frame[column].to_numpy() for column in frame)]
        for array in arrays:
            memory[array.__array_interface__["data"][0]] = array.nbytes
    return sum(memory.values()) / 1e6


def load(path):
    import hexoframe

    record = hexoframe.open_record(path, channels=["heart_rate"])
    record.load()
    start = _peak_mb()
    record = hexoframe.open_record(path).load()
    return {"libraries": start, "peak": _peak_mb(), "own": own_mb(record)}


def convert(path, target):
    import hexoframe

    record = hexoframe.open_record(path)
    record.to_parquet(target, channels=["heart_rate"])
    start = _peak_mb()
    record.to_parquet(target, overwrite=True)
    return {"libraries": start, "peak": _peak_mb()}


def check_beats(path):
    """Compare the beats of a record with its ECG, which is streamed."""
    import hexoframe

    record = hexoframe.open_record(path)
    record.between(None, record.start + (record.end - record.start) / 200).check_beats()
    start = _peak_mb()
    hexoframe.open_record(path).check_beats()
    return {"libraries": start, "peak": _peak_mb()}


def find_beats(path):
    """Find the beats in a whole lead with sleepecg alone."""
    import numpy as np
    from sleepecg import detect_heartbeats

    import hexoframe

    record = hexoframe.open_record(path)
    detect_heartbeats(np.random.default_rng(0).normal(size=10_000), 256)
    start = _peak_mb()
    detect_heartbeats(record["ecg"]["ecg_i"].to_numpy().astype(np.float64), 256)
    return {"libraries": start, "peak": _peak_mb()}


def client():
    """Connect to the server of the environment; requests do not wait for a slot."""
    from hexoframe.api.auth.schemes import UnsignedBasic
    from hexoframe.api.http.limiter import Limiter
    from hexoframe.api.http.session import ServiceSession
    from hexoframe.cache import Cache
    from hexoframe.client import Client

    base_url, *pair = (os.environ[name] for name in BASIC)
    auth = UnsignedBasic(base_url, *pair)
    limiter = Limiter("benchmark", spacing_s=0)
    return Client(ServiceSession(base_url, auth, limiter=limiter), Cache())


def ask(record, warm_up, transport):
    """Load a record over the network, all of it, after one that is there to warm up."""
    asked = client()

    def load(number):
        return asked.load_record(number, transport=transport, progress=False).load()

    load(warm_up)
    taken, loaded = _timed(lambda: load(record))
    values = sum(loaded[name].size for name in loaded)
    return {**taken, "peak": _peak_mb(), "values": values}


def _timed(work):
    """Return what a call takes, by the clock and of the processors, and its result."""
    start, cpu = time.perf_counter(), time.process_time()
    result = work()
    taken = {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
    }
    return taken, result


def ask_classic(record, warm_up, collection):
    """Load a record the classic way, with the garbage collection "on" or "off"."""
    from tests.benchmarks import classic

    base_url, *pair = (os.environ[name] for name in BASIC)
    classic.load(base_url, tuple(pair), warm_up)
    if collection == "off":
        gc.disable()
    taken, rows = _timed(lambda: classic.load(base_url, tuple(pair), record))
    values = sum(
        len(some) * len(classic.GROUPS[name].ids) for name, some in rows.items()
    )
    return {**taken, "peak": _peak_mb(), "values": values}


def fetch(asked):
    """Fetch the answers to the requests in a file, and throw them away as they come."""
    from concurrent.futures import ThreadPoolExecutor

    import requests

    asked = json.loads(Path(asked).read_text())
    base_url, *pair = (os.environ[name] for name in BASIC)
    session = requests.Session()
    session.auth = tuple(pair)

    def one(request):
        path, accept = request
        with session.get(
            base_url + path, headers={"Accept": accept}, stream=True, timeout=600
        ) as answer:
            answer.raise_for_status()
            return len(answer.raw.read())

    with ThreadPoolExecutor(4) as threads:
        one(asked[0])
        start = time.perf_counter()
        size = sum(threads.map(one, asked))
    return {"seconds": time.perf_counter() - start, "bytes": size}


BASIC = ("HEXOFRAME_BASE_URL", "HEXOFRAME_USERNAME", "HEXOFRAME_PASSWORD")
WORK = {
    work.__name__: work
    for work in (
        import_pandas,
        import_record,
        load,
        convert,
        check_beats,
        find_beats,
        ask,
        ask_classic,
        fetch,
    )
}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    name, *arguments = sys.argv[1:]
    print(json.dumps(WORK[name](*arguments)))
