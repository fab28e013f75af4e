"""One thing in a fresh process: its time, or its peak memory. Prints JSON."""

from __future__ import annotations

import json
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


WORK = {work.__name__: work for work in (import_pandas, import_record, load, convert)}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    name, *arguments = sys.argv[1:]
    print(json.dumps(WORK[name](*arguments)))
