"""A toy format for the tests of the registry: the heart rate of a record as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hexoframe.channels import channels_of
from hexoframe.formats.atomic import new_file
from hexoframe.recording.data import RecordData
from hexoframe.recording.facts import Facts
from hexoframe.recording.frames import make_frame, ticks_of
from hexoframe.timestamps import ticks_to_index

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hexoframe.formats.options import ReadOptions

CHANNEL = channels_of("hexoskin")["heart_rate"]


def sniff(path: Path) -> bool:
    return path.is_file() and path.read_bytes().startswith(b"toy ")


def read(path: Path, options: ReadOptions) -> RecordData:
    head, *lines = path.read_text().splitlines()
    number, start, end = map(int, head.split()[1:])
    cells = np.array([line.split() for line in lines], dtype=np.float64).reshape(-1, 2)
    index = ticks_to_index(cells[:, 0].astype(np.int64), clock=256)
    frame = make_frame(CHANNEL, index, {"heart_rate": cells[:, 1]}, record_id=number)
    return RecordData(
        "hexoskin",
        (start, end),
        {"heart_rate": frame},
        facts=Facts(info={"id": number}),
        scale=options.scale,
    )


def write(
    record: RecordData,
    root: Path,
    *,
    channels: Sequence[str | int] | None = None,
    overwrite: bool = False,
) -> Path:
    assert channels in (None, ["heart_rate"])
    frame = record["heart_rate"]
    rows = zip(ticks_of(frame, CHANNEL), frame["heart_rate"], strict=True)
    with new_file(root, overwrite=overwrite) as path, path.open("w") as file:
        print("toy", record.id, record.start_tick, record.end_tick, file=file)
        for tick, value in rows:
            print(tick, value, file=file)
    return root
