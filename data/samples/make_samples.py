"""Rebuild the sample files of this folder, byte for byte.

    python data/samples/make_samples.py            rebuilds them here, and the registry
    python data/samples/make_samples.py FOLDER     builds the same into another folder

ZIPs are stored, not compressed, so that the bytes do not depend on the zlib in use.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from hexoframe.simulator.export import (
    Quirks,
    write_dashboard,
    write_export,
    write_range_export,
)
from hexoframe.simulator.shirt import Recording, Shirt, wear

HERE = Path(__file__).resolve().parent
QUIRKS = Quirks(lengths_differ=True, deflate=False)
QUIRKS_2017 = Quirks(dialect="2017", lengths_differ=True, deflate=False)


def hexoskin_10min() -> Recording:
    """Lying down, getting up and walking; a loose electrode, a gap, a button press."""
    return wear(
        Shirt(
            seed=10,
            duration_s=599.875,
            record_id=300_010,
            lead_off=((330.0, 8.0),),
            gaps=((300.0, 12.0),),
            movement=((450.0, 6.0),),
            presses=(12.078125,),
        )
    )


def astroskin_2min() -> Recording:
    """Two quiet minutes on the server of 256 ticks a second."""
    return wear(
        Shirt(
            seed=11,
            family="astroskin_256",
            duration_s=120,
            record_id=300_011,
            activity="rest",
        )
    )


def astroskin_1000_1min() -> Recording:
    """A minute of walking on the server of 1000 ticks a second."""
    return wear(
        Shirt(
            seed=12,
            family="astroskin_1000",
            duration_s=60,
            record_id=300_012,
            activity="walk",
        )
    )


def range_parts() -> list[Recording]:
    """Two records of one range: the shirt was restarted after half a minute."""
    first = Shirt(seed=13, duration_s=30, record_id=300_013, activity="walk")
    later = (first.start or 0) + 50 * first.clock
    second = Shirt(
        seed=14, duration_s=30, record_id=300_014, activity="walk", start=later
    )
    return [wear(first), wear(second)]


def build(folder: Path) -> dict[str, str]:
    """Write all samples, and return their sha256 by name."""
    hexoskin = hexoskin_10min()
    files = [
        write_export(
            hexoskin, folder / "hexoskin_10min.zip", quirks=QUIRKS, overwrite=True
        ),
        write_dashboard(hexoskin, folder / "hexoskin_10min.csv", overwrite=True),
        write_export(
            astroskin_2min(),
            folder / "astroskin_2min.zip",
            quirks=QUIRKS_2017,
            overwrite=True,
        ),
        write_export(
            astroskin_1000_1min(),
            folder / "astroskin_1000_1min.zip",
            quirks=QUIRKS,
            overwrite=True,
        ),
        write_range_export(
            range_parts(),
            folder / "range_2records.zip",
            range_id=400_013,
            quirks=QUIRKS,
            overwrite=True,
        ),
    ]
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def registry(digests: dict[str, str]) -> str:
    """Return the text of registry.txt."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description="Rebuild the sample recordings.")
    parser.add_argument("folder", nargs="?", type=Path, default=HERE)
    folder = parser.parse_args().folder
    text = registry(build(folder))
    (folder / "registry.txt").write_text(text, encoding="ascii", newline="\n")
    print(text, end="")


if __name__ == "__main__":
    main()
