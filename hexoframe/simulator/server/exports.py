"""A vendor export (ZIP or folder) as a record of the simulated service.

It is decoded with the standard library and numpy only, not with the package's readers,
so that a JSON answer is an independent account of the same record. A ZIP is sent byte
for byte as it was given.
"""

from __future__ import annotations

import ast
import csv
import functools
import io
import json
import math
import struct
import wave
import zipfile
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hexoframe.channels import Datatype, Family, datatypes_of
from hexoframe.errors import ConfigurationError, FileFormatError
from hexoframe.simulator.export import Quirks
from hexoframe.simulator.server.catalog import rows_by_id
from hexoframe.simulator.server.signals import (
    EVER,
    FACTS,
    Cut,
    SampleGrid,
    Series,
    Window,
    scaled,
    whole_cells,
)
from hexoframe.simulator.shirt import Activity, Annotation, TrackPoint

__all__ = ["ExportSource", "GivenExport", "open_export"]

if TYPE_CHECKING:
    from numpy.typing import NDArray

Loader = Callable[[], bytes]
_SLEEP_ROUTINE = 12
_YEARS = (1_230_768_000, 2_524_608_000)  # 2009 to 2050 in s


class GivenExport(NamedTuple):
    """Records of one path, and the id of their range, if they are one."""

    records: tuple[ExportSource, ...]
    range_id: int | None
    archive: Loader | None


def open_export(path: Path) -> GivenExport:
    """Return the records of a ZIP or a folder; their samples are read on demand.

    A folder may be that of one record, or hold folders of records.
    """
    if not path.exists():
        raise ConfigurationError(f"{path} does not exist: give the path of an export")
    if path.is_dir():
        files: dict[str, Loader] = {
            str(file.relative_to(path).as_posix()): file.read_bytes
            for file in sorted(path.rglob("*"))
            if file.is_file()
        }
        archive = None
    elif path.is_file() and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as opened:
            names = [name for name in opened.namelist() if not name.endswith("/")]
        files = {name: functools.partial(_read_member, path, name) for name in names}
        archive = path.read_bytes
    else:
        raise ConfigurationError(
            f"{path} is no export: give a ZIP of the vendor, or the folder in which it "
            "was unpacked"
        )
    folders: dict[str, dict[str, Loader]] = {}
    for name, load in files.items():
        folder, _, file = name.rpartition("/")
        folders.setdefault(folder, {})[file] = load
    records = tuple(
        ExportSource(f"{path}/{folder}", inside)
        for folder, inside in folders.items()
        if "info.json" in inside
    )
    if not records:
        raise ConfigurationError(f"{path} holds no info.json, so no record to serve")
    if archive and len(records) == 1:
        records[0].given = archive
    top = next(iter(folders)).partition("/")[0]
    number = top.removeprefix("range_")
    is_range = top.startswith("range_") and number.isdecimal()
    return GivenExport(records, int(number) if is_range else None, archive)


def _read_member(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as opened:
        return opened.read(name)


class ExportSource:
    """One record of a vendor export, with the ids of its `info.json`.

    `given` loads the bytes of the ZIP if that holds only this record.
    """

    def __init__(self, place: str, files: Mapping[str, Loader]) -> None:
        self._files = files
        self._decoded: dict[str, tuple[int, int, bytes]] = {}
        self.given: Loader | None = None
        info = json.loads(files["info.json"]())
        try:
            self._start = int(info.get("start", info.get("start_timestamp")))
            self.record_id = int(_record_id(info))
            self.user_id = int(info["user"])
        except (KeyError, TypeError, ValueError) as error:
            raise FileFormatError(
                f"{place}/info.json has no start, user or record: its keys are "
                f"{', '.join(sorted(info))}"
            ) from error
        devices = info.get("devices") or ["HXSKIN1200000000"]
        self.device = str(devices[0])
        self._clock = next(
            (c for c in (256, 1000) if _YEARS[0] * c <= self._start < _YEARS[1] * c), 0
        )
        if not self._clock:
            raise FileFormatError(
                f"{place}/info.json: start {self._start} is no tick of 1/256 s or "
                "1/1000 s between 2009 and 2050"
            )

    # --- facts ----------------------------------------------------------------------

    @property
    def clock(self) -> int:
        """Ticks a second."""
        return self._clock

    @property
    def start(self) -> int:
        """First tick."""
        return self._start

    @functools.cached_property
    def family(self) -> Family:
        """Device and server."""
        if self._clock == 1000:
            return "astroskin_1000"
        lead = self._files.get("ECG_II.wav")
        more = {"PPG.wav", "SPO2.wav"} & self._files.keys()
        return "astroskin_256" if more or (lead and len(lead()) > 44) else "hexoskin"

    @functools.cached_property
    def _statistics(self) -> tuple[dict[str, str], list[list[str]]]:
        """Return the first table by title, and the rows of the second (annotations)."""
        load = self._files.get("statistics.csv")
        text = load().decode("utf-8") if load else ""
        rows = list(csv.reader(io.StringIO(text, newline="")))
        if len(rows) < 3:
            return {}, []
        first = dict(zip(rows[0], rows[2], strict=False))
        return first, [row for row in rows[5:] if len(row) == 5]

    @functools.cached_property
    def end(self) -> int:
        """End of the record in ticks."""
        told = self._statistics[0].get("end", "")
        if told:
            return int(float(told))
        lengths = [
            len(data) // width * step
            for file in self._files
            if file.startswith(("ECG", "respiration", "acceleration"))
            if file.endswith(".wav")
            for rate, width, data in [self._wav(file)]
            for step in [self._step(file, rate)]
        ]
        return self._start + int(max(lengths, default=Fraction(0)))

    @functools.cached_property
    def weight_kg(self) -> Fraction | None:
        """Weight implied by the adjusted volumes, if known."""
        facts = self._statistics[0]
        for adjusted, plain in (
            ("Tidalvolume Adjusted Avg", "Tidalvolume Avg"),
            ("tidalvolume_adjusted_avg", "tidalvolume_avg"),
        ):
            if facts.get(adjusted) and facts.get(plain):
                ratio = float(facts[adjusted]) / float(facts[plain])
                return Fraction(round(ratio * 65_000), 1000)
        return None

    @functools.cached_property
    def annotations(self) -> tuple[Annotation, ...]:
        """Annotations of ``statistics.csv``."""
        return tuple(
            Annotation(
                int(uri.rstrip("/").rpartition("/")[2]),
                int(float(start)),
                int(float(datatype)),
                ast.literal_eval(comment).decode("utf-8") if comment else "",
            )
            for uri, _, start, datatype, comment in self._statistics[1]
        )

    @functools.cached_property
    def ranges(self) -> tuple[Activity, ...]:
        """Sleep, from the sleep phases; an export has no other activity."""
        phase = self._text("sleep_phase")
        if phase is None or not len(phase.ticks):
            return ()
        empty = np.flatnonzero(np.isnan(phase.values))
        return tuple(
            Activity(
                self.record_id * 100 + number,
                int(phase.ticks[first]),
                int(phase.ticks[last]),
                "Sleep",
                _SLEEP_ROUTINE,
                "",
            )
            for number, (first, last) in enumerate(pairwise(empty))
            if last > first + 1
        )

    @property
    def track(self) -> tuple[TrackPoint, ...]:
        """Empty: an export holds no track."""
        return ()

    # --- samples --------------------------------------------------------------------

    def series(self, datatype: int, window: Window = EVER) -> Series | None:
        """Return the values of a datatype; None if the export does not have it."""
        row = rows_by_id(self.family).get(datatype)
        if row is None:
            return None
        name = self._name_of(row)
        if name is None:
            return None
        text = self._text(name)
        if text is not None:
            return Series(text.ticks, scaled(text.values, row))
        base = name.removesuffix("_adjusted")
        weight = self.weight_kg
        if base == name or weight is None or f"{base}.wav" not in self._files:
            base, weight = name, None
        step, counts = self._counts(f"{base}.wav", row)
        grid = SampleGrid(self._start, step, self._clock)
        part = grid.around(window, len(counts))
        return Series(grid.ticks(part), scaled(counts[part], row, weight_kg=weight))

    def _name_of(self, row: Datatype) -> str | None:
        """Return the name of a datatype in the export, an alias perhaps."""
        for name in (row.api_name, *row.aliases):
            if f"{name}.wav" in self._files or self._text(name) is not None:
                return name
        return None

    def _wav(self, name: str) -> tuple[int, int, bytes]:
        """Return frame rate, bytes a sample and samples, cached."""
        found = self._decoded.get(name)
        if found is None:
            with wave.open(io.BytesIO(self._files[name]())) as opened:
                frames = opened.readframes(opened.getnframes())
                found = opened.getframerate(), opened.getsampwidth(), frames
            self._decoded[name] = found
        return found

    def _counts(self, name: str, row: Datatype) -> tuple[Fraction, NDArray[Any]]:
        """Return ticks from sample to sample, and counts."""
        rate, width, data = self._wav(name)
        counts = np.frombuffer(data, dtype=f"<{'i' if row.signed else 'u'}{width}")
        return self._step(name, rate), counts

    def _step(self, file: str, rate: int) -> Fraction:
        """Return ticks from sample to sample, from the rate in the header of a WAV."""
        slow = self._api_name(file.removesuffix(".wav")) in self._slow
        # The header of a channel slower than 1 Hz holds its period.
        return Fraction(rate * self._clock) if slow else Fraction(self._clock, rate)

    @functools.cached_property
    def _slow(self) -> frozenset[str]:
        """Names of the channels slower than 1 Hz."""
        return frozenset(
            row.api_name
            for row in datatypes_of(self.family)
            if row.ticks is not None and row.ticks > self._clock
        )

    def _text(self, name: str) -> Series | None:
        """Return ticks and values of an event series, unscaled."""
        if load := self._files.get(f"{name}.hxd"):
            pairs = np.frombuffer(load(), dtype="<i8").reshape(-1, 2)
            return Series(self._start + pairs[:, 0], pairs[:, 1].astype(np.float64))
        load = self._files.get(f"{name}.csv")
        if load is None or name == "statistics":
            return None
        head, *lines = load().decode("utf-8").splitlines()
        if not head.startswith("time [s]"):
            return None  # written by a converter beside the WAV
        cells = np.array([line.split(",") for line in lines if line], dtype=np.float64)
        cells = cells.reshape(-1, 2)
        ticks = np.rint(cells[:, 0] * self._clock).astype(np.int64)
        return Series(self._start + ticks, cells[:, 1])

    # --- the export -----------------------------------------------------------------

    def archive(self) -> bytes | None:
        """Return the given ZIP, if it holds only this record."""
        return self.given() if self.given else None

    def members(self, cut: Cut, quirks: Quirks) -> Iterator[tuple[str, bytes]]:  # noqa: ARG002  # has its own
        """Yield name and content of the files, cut if wanted."""
        window = None
        if cut.first is not None or cut.last is not None:
            kept = any(f"{n}.wav" in self._files for n in self._slow if cut.keeps(n))
            slow = self._clock * 300 if kept else self._clock
            window = whole_cells(
                (self._start, self.end), (cut.first, cut.last), cell=slow
            )
            if window is None:
                return
        for file, load in self._files.items():
            stem = file.rpartition(".")[0]
            if file not in FACTS and not cut.keeps(self._api_name(stem)):
                continue
            content = load()
            yield file, self._cut(file, content, window) if window else content

    def _api_name(self, stem: str) -> str:
        for row in rows_by_id(self.family).values():
            if stem == row.api_name or stem in row.aliases:
                return row.api_name
        return stem

    def _cut(self, file: str, content: bytes, window: tuple[int, int]) -> bytes:
        """Return the part of a file within a window."""
        begin, finish = (edge - self._start for edge in window)
        if file == "info.json":
            info = json.loads(content)
            info["start"] = window[0]
            info["timestamp"] = window[0] / self._clock
            return json.dumps(info, indent=4).encode("ascii")
        if file.endswith(".wav"):
            return self._cut_wav(file, (begin, finish))
        if file.endswith(".csv") and content.startswith(b"time [s]"):
            head, *lines = content.decode("utf-8").splitlines()
            kept = [head, *self._cut_lines(lines, (begin, finish))]
            return "".join(f"{line}\r\n" for line in kept).encode("utf-8")
        return content

    def _cut_lines(self, lines: list[str], window: tuple[int, int]) -> Iterator[str]:
        whole = self.end - self._start
        begin, finish = window
        for line in lines:
            when, _, what = line.partition(",")
            tick = round(float(when) * self._clock)
            if begin <= tick < finish or tick == finish == whole:
                yield f"{(tick - begin) / self._clock!r},{what}"

    def _cut_wav(self, file: str, window: tuple[int, int]) -> bytes:
        rate, width, data = self._wav(file)
        step = self._step(file, rate)
        begin, finish = (math.floor(edge / step) * width for edge in window)
        part = (
            data[begin:] if window[1] == self.end - self._start else data[begin:finish]
        )
        facts = (1, 1, rate, width * rate, width, 8 * width)
        head = struct.pack("<4sI4s4sI", b"RIFF", 36 + len(part), b"WAVE", b"fmt ", 16)
        head += struct.pack("<HHIIHH4sI", *facts, b"data", len(part))
        return head + part


def _record_id(info: Mapping[str, Any]) -> Any:
    """Return the record id in an `info.json`."""
    algo = info.get("algo")
    if isinstance(algo, dict) and "record_id" in algo:
        return algo["record_id"]
    return str(info["request"]).partition("record=")[2].partition("&")[0]
