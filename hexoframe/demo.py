"""The first thing that a newcomer runs: a recording opened, looked at and written.

Every step prints the line of Python that does the same. No account, no network; the
synthetic shirt stands in where no file is given.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import hexoframe
from hexoframe.simulator import export, shirt

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the demonstration.

    Parameters
    ----------
    arguments : list of str, optional
        Command line: a recording to open, and ``--to`` a folder for the files.

    Returns
    -------
    int
        0, or 1 if the recording could not be opened or written.
    """
    parser = argparse.ArgumentParser(
        prog="python -m hexoframe.demo", description=__doc__
    )
    parser.add_argument(
        "path", nargs="?", type=Path, help="a recording; a synthetic one by default"
    )
    parser.add_argument(
        "--to", type=Path, help="folder for the files; a temporary one by default"
    )
    given = parser.parse_args(arguments)
    target = given.to or Path(tempfile.mkdtemp(prefix="hexoframe-demo-"))
    try:
        show(given.path or _synthetic(target), target)
    except (hexoframe.errors.HexoframeError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    _print(f"\nAll files are in {target}; they are yours to look at and to remove.")
    return 0


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


if __name__ == "__main__":
    sys.exit(main())
