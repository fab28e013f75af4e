"""EDF files put together by the specification, with nothing of hexoframe."""

from __future__ import annotations

import struct

# Label, unit, physical and digital range, samples a record, digital values.
ECG = ("4113:ECG_I", "mV", ("-8.704", "17.504"), (0, 4095), 256)
EEG = ("EEG Fpz-Cz", "uV", ("-192", "192"), (-2048, 2047), 100)


def field(value, width):
    return str(value).encode("latin-1").ljust(width)[:width]


def edf(
    signals,
    records,
    *,
    patient="X X X X",
    recording="Startdate 02-MAR-2024 X X X",
    date="02.03.24",
    time="01.02.03",
    reserved="",
    duration=1,
    claimed=None,
):
    """Return an EDF; `records` holds a list of values a signal for each data record.

    A signal is (label, unit, physical, digital, samples); values of annotations are
    bytes.
    """
    head = [field(0, 8), field(patient, 80), field(recording, 80), field(date, 8)]
    head += [field(time, 8), field(256 * (1 + len(signals)), 8), field(reserved, 44)]
    head += [field(len(records) if claimed is None else claimed, 8)]
    head += [field(duration, 8), field(len(signals), 4)]
    columns = [
        (16, [label for label, *_ in signals]),
        (80, ["" for _ in signals]),
        (8, [unit for _, unit, *_ in signals]),
        (8, [physical[0] for _, _, physical, *_ in signals]),
        (8, [physical[1] for _, _, physical, *_ in signals]),
        (8, [digital[0] for *_, digital, _ in signals]),
        (8, [digital[1] for *_, digital, _ in signals]),
        (80, ["" for _ in signals]),
        (8, [samples for *_, samples in signals]),
        (32, ["" for _ in signals]),
    ]
    head += [field(value, width) for width, values in columns for value in values]
    body = [
        values.ljust(2 * signal[-1], b"\0")
        if isinstance(values, bytes)
        else struct.pack(f"<{signal[-1]}h", *values)
        for record in records
        for signal, values in zip(signals, record, strict=True)
    ]
    return b"".join(head) + b"".join(body)


def annotations(size):
    """The signal of annotations, of so many values a record."""
    return ("EDF Annotations", "", ("-1", "1"), (-32768, 32767), size)


def foreign():
    """A second of sleep in a hospital."""
    return edf([EEG], [[range(-50, 50)]])
