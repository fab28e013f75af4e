"""A study: overhead of a record, growth, two cores, and what compaction is worth.

The records are links to one of an hour, so that hundreds of them are made quickly.
"""

from __future__ import annotations

import os
import resource
import time
from functools import cache
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq

import hexoframe
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear
from tests.benchmarks.harness import Row, paired, race, seconds, timed
from tests.study.linked import link_records

_HOUR = 3600
_WORKERS = 2


def mean_rate(record):
    return {"mean": float(record["heart_rate"]["heart_rate"].mean())}


def windowed(record):
    return record.hrv("5min")[["start", "rmssd", "sdnn", "pnn50"]]


@cache
def study_of(folder: Path, count: int) -> hexoframe.study.Study:
    export = folder / "hour.zip"
    if not export.exists():
        write_export(wear(Shirt(seed=1, duration_s=_HOUR, record_id=1000)), export)
    root = folder / f"study-{count}"
    study = hexoframe.open_study(root)
    study.sync(export, progress=False)
    link_records(root, 1000, range(1001, 1000 + count), own=("heart_rate",))
    # The manifest is that of a study whose last sync is over.
    study.sync(export, progress=False)
    return study


def per_record(study, workers) -> float:
    """Time of a map of a small function, in s a record."""
    name = f"mean-{workers}"
    taken = seconds(
        lambda: study.map(
            mean_rate, name=name, workers=workers, overwrite=True, progress=False
        )
    )
    return taken / len(study)


def mean_by_loop(study) -> float:
    return seconds(lambda: [mean_rate(study[n]) for n in study]) / len(study)


def hrv_by_loop(study):
    return [windowed(study[n]) for n in study]


def hrv_by_map(study):
    results = study.map(
        windowed, name="hrv", workers=_WORKERS, overwrite=True, progress=False
    )
    return results.frame


def hive_of(study, folder: Path) -> str:
    """Return the same heart rates as a folder a record, with all other channels.

    There the folders tell the record: ``record=1000/channel=heart_rate/data.parquet``.
    """
    root = folder / "hive"
    for path in Path(study.root, "samples").glob("*/*.parquet"):
        target = root / path.stem / path.parent.name / "data.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.name == "channel=heart_rate":
            table = pq.read_table(path, columns=["time", "heart_rate"])
            pq.write_table(table, target, compression="zstd")
        elif not target.exists():
            os.link(path, target)
    return f"{root}/record=*/channel=heart_rate/*.parquet"


def by_duckdb(paths, **how):
    rows = duckdb.read_parquet(paths, **how)
    return rows.aggregate("record, avg(heart_rate)", "record").fetchall()


def by_polars(paths, **how):
    rows = pl.scan_parquet(paths, **how)
    return rows.group_by("record").agg(pl.col("heart_rate").mean()).collect()


def bench(world):
    small, large = (study_of(world.folder, count) for count in (100, 300))
    yield Row(
        what="map, two processes, a record",
        against="10 ms",
        new=min(per_record(large, _WORKERS) for _ in range(world.rounds)),
        old=0.010,
        target=1,
        at_most=True,
    )
    yield paired(
        [(per_record(large, 1), mean_by_loop(large)) for _ in range(world.rounds)],
        what="map, one process, a record",
        against="opening each record in a loop, without keeping a result",
        at_most=True,
    )
    huge = study_of(world.folder, 3000)
    per_record(small, _WORKERS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield paired(
        [(per_record(huge, _WORKERS), per_record(small, _WORKERS))],
        what="map, a record of 3000",
        against="a record of 100",
        target=1.3,
        at_most=True,
    )
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    yield Row(
        what="memory of the driver, 3000 records, more than with 100",
        against="20 MB",
        new=grown / 1024,
        old=20,
        unit="MB",
        target=1,
        at_most=True,
    )
    many = study_of(world.folder, 400)
    loop, both = timed(lambda: hrv_by_loop(many)), timed(lambda: hrv_by_map(many))
    both()
    pairs = [(both(), loop()) for _ in range(world.rounds)]
    yield paired(
        pairs,
        what="windowed HRV of 400 hours, two processes",
        against="a plain loop",
        target=1.7,
    )
    started = time.perf_counter()
    per_record(many, 1)
    overhead = time.perf_counter() - started - mean_by_loop(many) * len(many)
    yield paired(
        [(new, (old + max(overhead, 0)) / _WORKERS) for new, old in pairs],
        what="windowed HRV of 400 hours, two processes",
        against="half of the loop and of the overhead of one process",
        target=1.2,
        at_most=True,
    )
    hive = hive_of(large, world.folder)
    large.compact()
    paths = large.paths("heart_rate")
    for name, query, target in (("DuckDB", by_duckdb, 2), ("polars", by_polars, 5)):
        yield race(
            timed(lambda query=query: query(paths)),
            timed(lambda query=query: query(hive, hive_partitioning=True)),
            rounds=world.rounds + 2,
            what=f"mean heart rate of 300 compacted records, {name}",
            against="files as record=/channel=",
            target=target,
        )
