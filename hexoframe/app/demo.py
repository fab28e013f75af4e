"""The demo for newcomers: a record is loaded, shown, written and drawn.

It runs against a local server, so it needs no account. Every step prints the line of
Python that does the same.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

import hexoframe
from hexoframe.app.choices import check_folder
from hexoframe.app.pictures import save_figure, without_screen
from hexoframe.simulator.server import serve

__all__ = ["run_demo"]

_COVERAGE = ["share", "gaps", "flagged", "not_worn"]


def run_demo(
    path: Path | None = None, to: Path | None = None, *, progress: bool | None = None
) -> None:
    """Run the demo on the vendor export at `path`, or on synthetic records.

    Files and cache go into the folder `to`, or into a temporary one.
    """
    without_screen()  # fails now if matplotlib is missing
    target = to or Path(tempfile.mkdtemp(prefix="hexoframe-demo-"))
    check_folder(target)
    given = [] if path is None else [path]
    with serve(recordings=() if given else None, exports=given) as server:
        _print(f"A local server takes the place of the service: {server.base_url}")
        known = {**server.environment(), "HEXOFRAME_CACHE_DIR": str(target / "cache")}
        with _environment(known):
            _show(target, progress=progress)
    _print(f"\nAll files are in {target}, yours to look at and to remove.")


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables while a block runs."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _show(target: Path, *, progress: bool | None) -> None:
    """List records, load one, print its tables, write it three times and draw it."""
    shown = ["id", "duration", "device", "status"]
    records = hexoframe.list_records()
    _say(f"hexoframe.list_records()[{shown}]", records[shown])
    # The oldest: the one synthetic record with everything in it.
    number = int(records["id"].iloc[-1])
    _step(f"record = hexoframe.load_record({number})")
    record = hexoframe.load_record(number, progress=progress)
    _say("record", record)
    _say('record["ecg"].head(3)', record["ecg"].head(3))
    _say("record.annotations", record.annotations)
    _say(f"record.coverage()[{_COVERAGE}]", record.coverage()[_COVERAGE])
    gaps = ["channel", "length", "kind", "cause"]
    _say(f"record.gaps()[{gaps}].head()", record.gaps()[gaps].head())
    rate = record.usable("heart_rate")["heart_rate"]
    _say('record.usable("heart_rate")["heart_rate"].mean()', f"{rate.mean():.1f}")
    for name in ("to_txt", "to_csv", "to_parquet"):
        folder = target / name.removeprefix("to_")
        _step(f'record.{name}("{folder.as_posix()}")')
        written = getattr(record, name)(folder)
        sizes = [item.stat().st_size for item in written.iterdir()]
        _print(f"{len(sizes)} files, {sum(sizes):,} bytes in {written}")
    file = target / "overview.png"
    _step(f'record.plot()[0].savefig("{file.as_posix()}")')
    figure, _ = record.plot()
    save_figure(figure, file)
    _print(f"1 picture, {file.stat().st_size:,} bytes")


def _step(code: str) -> None:
    _print(f"\n>>> {code}")


def _say(code: str, what: object) -> None:
    _step(code)
    if isinstance(what, pd.DataFrame):
        what = what.to_string(na_rep="-", float_format="{:.4f}".format)
    _print(what)


def _print(what: object) -> None:
    print(what, flush=True)
