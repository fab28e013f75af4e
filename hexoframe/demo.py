"""The first thing that a newcomer runs: a recording opened, looked at and written.

Every step prints the line of Python that does the same. No account, no network; the
synthetic shirt stands in where no file is given.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import hexoframe
from hexoframe.simulator import export, shirt

__all__ = ["main"]


def main(path: Path | None = None, to: Path | None = None) -> None:
    """Run the demonstration.

    Parameters
    ----------
    path : Path, optional
        A recording; a synthetic one by default.
    to : Path, optional
        Folder for the files; a temporary one by default.

    Raises
    ------
    HexoframeError
        If the recording cannot be opened or written.
    """
    target = to or Path(tempfile.mkdtemp(prefix="hexoframe-demo-"))
    show(path or _synthetic(target), target)
    _print(f"\nAll files are in {target}; they are yours to look at and to remove.")


def _synthetic(folder: Path) -> Path:
    path = folder / "synthetic.zip"
    export.write_export(shirt.wear(shirt.Shirt(duration_s=600, seed=1)), path)
    return path


def show(path: Path, target: Path) -> None:
    """Open a recording, print its table and coverage, and write it in three formats."""
    _step(f'record = hexoframe.open_record("{path.as_posix()}")')
    record = hexoframe.open_record(path)
    _say("record", record)
    _say('record["ecg"].head(3)', record["ecg"].head(3))
    shown = ["expected", "received", "share", "gaps", "sensor_off", "flagged"]
    code = f"record.coverage()[{shown}]"
    _say(
        code,
        record.coverage()[shown].to_string(na_rep="-", float_format="{:.4f}".format),
    )
    _say("record.gaps().head()", record.gaps().head().to_string())
    for name in ("to_txt", "to_csv", "to_parquet"):
        folder = target / name.removeprefix("to_")
        _step(f'record.{name}("{folder.as_posix()}")')
        written = getattr(record, name)(folder)
        size = sum(item.stat().st_size for item in written.iterdir())
        _print(f"{len(list(written.iterdir()))} files, {size:,} bytes in {written}")


def _step(code: str) -> None:
    _print(f"\n>>> {code}")


def _say(code: str, what: object) -> None:
    _step(code)
    _print(what)


def _print(what: object) -> None:
    print(what, flush=True)
