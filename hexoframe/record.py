"""Record: one recording, and every verb that a user has for it.

Each verb is a call downwards, to analysis or to a format; what a record holds and how
it is looked up lives in recorddata.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, overload

import numpy as np
import pandas as pd

from hexoframe.channels import codes_of
from hexoframe.errors import ConfigurationError, TimestampError
from hexoframe.recording import frames, metadata
from hexoframe.recording.data import RecordData
from hexoframe.recording.facts import facts_table
from hexoframe.recording.gaps import joined_spans, share
from hexoframe.timestamps import (
    CLASSIC_FORMAT,
    NS_PER_TICK,
    tick_to_time,
    time_to_tick,
)
from hexoframe.timestamps.zones import zone_of

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from matplotlib.figure import Figure

    from hexoframe.analysis.align import Events, Origin
    from hexoframe.channels import Channel

    Moment = str | datetime | pd.Timestamp

__all__ = ["Record"]


class Record(RecordData):
    """One recording as DataFrames, each channel at its own rate.

    ``record["heart_rate"]``, ``record.heart_rate``, ``record[19]`` and the names of the
    old scripts all give the frame of a channel; iterating gives the names of the
    channels that the source has. Doors (`hexoframe.open_record`) make records.
    """

    # -- facts ---------------------------------------------------------------------

    @property
    def info(self) -> dict[str, Any]:
        """Facts of the record: id, model, span, and what the source says of it."""
        return {
            **copy.deepcopy(self.facts.info),
            "model": self.family,
            "clock": self.clock,
            "start": self.start_tick,
            "end": self.end_tick,
            "units": self.scale,
        }

    @property
    def ranges(self) -> pd.DataFrame:
        """Activities in the record; empty where the source does not say."""
        return self._table("ranges")

    @property
    def annotations(self) -> pd.DataFrame:
        """Button presses and comments; empty where the source does not say."""
        return self._table("annotations")

    @property
    def track(self) -> pd.DataFrame:
        """GPS points; empty where the source does not say."""
        return self._table("track")

    @property
    def metrics(self) -> pd.DataFrame:
        """Metrics as the service computes them; empty where the source has none."""
        return self._table("metrics")

    @property
    def statistics(self) -> pd.DataFrame:
        """Metrics as an export prints them; empty where the source has none."""
        return self._table("statistics")

    def _table(self, name: str) -> pd.DataFrame:
        table: pd.DataFrame | None = getattr(self.facts, name)
        if table is None:
            table = facts_table(name)
        table = table.copy(deep=False)
        if isinstance(table.index, pd.DatetimeIndex):
            return table.tz_convert(self.tz)
        for column in table.columns:
            if isinstance(table[column].dtype, pd.DatetimeTZDtype):
                table[column] = table[column].dt.tz_convert(self.tz)
        return table

    # -- channels ------------------------------------------------------------------

    def __getattr__(self, name: str) -> pd.DataFrame:
        """Return a channel by its name."""
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except LookupError as error:
            raise AttributeError(str(error)) from error

    def _ipython_key_completions_(self) -> list[str]:
        """Names that a notebook offers in brackets."""
        return list(self)

    def __dir__(self) -> list[str]:
        """Names of attributes and of the channels that the record has."""
        return sorted({*super().__dir__(), *self})

    def raw(self, key: str | int) -> pd.DataFrame:
        """Return the counts of a channel.

        Parameters
        ----------
        key : str or int
            Name or id of the channel.

        Returns
        -------
        DataFrame
            Counts of the recorder, in the dtype of the channel so that NaN stays NaN.
            Two channels that some sources carry unrounded (the adjusted ventilation
            and tidal volume) may hold fractions there.

        Raises
        ------
        UnknownChannelError
            If the model has no such channel.
        """
        frame = self[key]
        return frame if self.scale == "raw" else frames.to_raw(frame, self.channel(key))

    def load(self) -> Self:
        """Read every channel into memory and return the record."""
        for name in self:
            self[name]
        return self

    # -- views ---------------------------------------------------------------------

    def between(self, start: Moment | None, end: Moment | None) -> Record:
        """Return the record cut to a span of time.

        A sample belongs to the span in which the time begins that it stands for. A
        value at 1 Hz (each 5 min) sums up the second (the five minutes) before its
        stamp: a span of 60 s has 60 of them, the first stamped a second after `start`,
        the last `end`. One of five minutes may reach beyond `end`, and one that reaches
        into the span from before is left out: for variability of the span alone,
        compute it from `nn_interval`. Waveforms, beats, breaths, steps and states go by
        their stamps.

        Parameters
        ----------
        start, end : str, datetime, Timestamp or None
            With a zone; what begins from `start` up to, not including, `end` is kept,
            so are annotations and points of the track, and ranges that reach into the
            span. None leaves that side as it is; a time at the edge of the record or
            outside it cuts off no samples.

        Returns
        -------
        Record
            A view; channels that were not read stay so. A state channel begins with
            the state that holds at `start`.

        Raises
        ------
        TimestampError
            If a time has no zone, `end` lies before `start`, or the span lies outside
            the record.
        """
        first, last = (
            None
            if moment is None
            else time_to_tick(moment, clock=self.clock, rounding="up")
            for moment in (start, end)
        )
        if first is not None and last is not None and last < first:
            raise TimestampError(
                f"between: the end {end} lies before the start {start}: exchange them"
            )
        if (first or 0) > self.end_tick or (last or self.end_tick) < self.start_tick:
            raise TimestampError(
                f"between: {start} to {end} lies outside the record, which goes from "
                f"{self.start} to {self.end}"
            )
        return self.cut(first, last)

    def tz_convert(self, tz: str) -> Record:
        """Return the record with all times shown in a zone.

        Parameters
        ----------
        tz : str
            Name of a zone, such as ``"America/Montreal"``.

        Returns
        -------
        Record
            A view; the moments are the same.

        Raises
        ------
        ConfigurationError
            If there is no such zone, or it depends on this machine; names the nearest.
        """
        zone_of(tz)
        return self.of(self, tz=tz)

    def windows(
        self, key: str | int, length: str | pd.Timedelta
    ) -> Iterator[pd.DataFrame]:
        """Yield a channel in windows of time, without holding it whole.

        Parameters
        ----------
        key : str or int
            Name or id of the channel.
        length : str or Timedelta
            Length of a window, such as ``"1h"``; windows follow each other from the
            start of the record, and have what begins in them, as in `between`.

        Yields
        ------
        DataFrame
            Rows of one window; empty where the window holds no sample, so that the
            number of windows says nothing of the gaps.

        Raises
        ------
        ConfigurationError
            If the length is no positive length of time.
        """
        from hexoframe.analysis.align import length_ns  # noqa: PLC0415

        channel = self.channel(key)
        ns = length_ns("length", length)
        if ns <= NS_PER_TICK[self.clock]:
            raise ConfigurationError(f"length={length!r}: give a length above one tick")
        return self._windows(key, channel, ns)

    def _windows(
        self, key: str | int, channel: Channel, ns: int
    ) -> Iterator[pd.DataFrame]:
        number, end = 1, self._window_end(1, ns)
        held: list[pd.DataFrame] = []
        for piece in self.pieces(key):
            held.append(piece)
            reached = frames.ticks_of(piece.iloc[-1:], channel)[0] - channel.lag
            while reached >= end:
                joined = held[0] if len(held) == 1 else metadata.concat(held)
                yield self._show(
                    frames.slice_steps(joined, channel, None, end), channel
                )
                held = [frames.slice_steps(joined, channel, end, None)]
                number, end = number + 1, self._window_end(number + 1, ns)
        empty = self._empty(channel.name)
        # Samples may outlast the record: a last window holds them.
        if held or self.end_tick > self.start_tick:
            yield self._show(metadata.concat(held or [empty]), channel)
        while end < self.end_tick:
            yield self._show(empty, channel)
            number, end = number + 1, self._window_end(number + 1, ns)

    def _window_end(self, number: int, ns: int) -> int:
        """First tick behind a window; the ticks of a window may not fill its length."""
        per_tick = NS_PER_TICK[self.clock]
        return -(-(self.start_tick * per_tick + number * ns) // per_tick)

    def _show(self, frame: pd.DataFrame, channel: Channel) -> pd.DataFrame:
        shown = frames.pick_columns(frame, channel)
        return shown if self.tz == "UTC" else shown.tz_convert(self.tz)

    # -- computed ------------------------------------------------------------------

    @overload
    def to_frame(
        self,
        rate: str | pd.Timedelta = ...,
        *,
        channels: Sequence[str | int] | None = ...,
        events: Events = ...,
        max_gap: str | pd.Timedelta = ...,
        origin: Origin = ...,
        mask: Literal[False] = ...,
    ) -> pd.DataFrame: ...

    @overload
    def to_frame(
        self,
        rate: str | pd.Timedelta = ...,
        *,
        channels: Sequence[str | int] | None = ...,
        events: Events = ...,
        max_gap: str | pd.Timedelta = ...,
        origin: Origin = ...,
        mask: Literal[True],
    ) -> tuple[pd.DataFrame, pd.DataFrame]: ...

    def to_frame(  # noqa: PLR0913  # each is a question of its own
        self,
        rate: str | pd.Timedelta = "1s",
        *,
        channels: Sequence[str | int] | None = None,
        events: Events = "table",
        max_gap: str | pd.Timedelta = "2s",
        origin: Origin = "epoch",
        mask: bool = False,
    ) -> pd.DataFrame | tuple[pd.DataFrame, pd.DataFrame]:
        """Return channels on one time grid.

        A sample belongs to the bin in which the time begins that it stands for.
        Waveforms, rates and intervals are averaged, quality flags joined by OR, and a
        state is what holds at the end of the bin (`hexoframe.channel_table` says which,
        in ``align``). A value at 1 Hz (each 5 min) sums up the second (the five
        minutes) before its stamp, and stands in the row of that second (the rows of
        those five minutes): beside the ECG that it was computed from. Zeros that no
        body has (no signal, an interval of 0, variability that could not be computed)
        are left out; what quality flags doubt is not.

        Parameters
        ----------
        rate : str or Timedelta, default "1s"
            Length of a bin, which carries the time of its beginning.
        channels : sequence of str or int, optional
            Channels; all that the record has by default.
        events : {"table", "count", "place"}
            Count events in the bin (column ``<name>_count``), or place the mean of
            their values; "table" counts breaths and steps and places intervals.
        max_gap : str or Timedelta, default "2s"
            Longest distance of samples that is bridged: waveforms by a straight line,
            rates with the value before. A rate fills the time that it stands for in any
            case.
        origin : {"epoch", "start"}
            Where bins begin: at whole multiples of `rate` in UTC, so that rows of any
            record fit those of others, or at the start of the record, so that rows of
            five minutes are those that the recorder sums up.
        mask : bool, default False
            Whether to return also where values were filled in. A state that holds is
            not filled in.

        Returns
        -------
        frame : DataFrame of float64, shape (bins, columns)
            NaN where nothing is known.
        made_up : DataFrame of bool, same shape
            Only with ``mask=True``: True where a value was filled in, also where that
            of a slow channel is repeated.

        Raises
        ------
        ConfigurationError
            If a length of time is none.
        UnknownChannelError
            If the model has no such channel.
        """
        from hexoframe.analysis.align import align_frames  # noqa: PLC0415

        frame, made_up = align_frames(
            self,
            rate,
            channels=channels,
            events=events,
            max_gap=max_gap,
            origin=origin,
        )
        return (frame, made_up) if mask else frame

    def coverage(self) -> pd.DataFrame:
        """Return what was expected and what came, a row a channel; reads the record.

        Returns
        -------
        DataFrame, indexed by `channel`
            kind, rate_hz, unit; expected and received samples and the share of the
            expected ones that hold a value; missing (NaN) and duplicate rows;
            tick_step, the most frequent distance of stamps; gaps (how many: rows of
            `gaps` that touch are one) and longest_gap; lost, the samples that the
            source holds and did not come (missing for events, whose number nobody
            knows); no_signal, the samples that say "no signal" (they came, so the
            share counts them); sensor_off, the share of time with an electrode, belt
            or sensor off (lead-off, for the ECG); flagged, the share of time with any
            quality flag: a heart rate is held, and looks alive, while its flags say
            that there are no beats.
        """
        judges = {self.channel(name).datatypes[0].quality for name in self}
        judged = {judge: self._quality_shares(judge) for judge in judges}
        units = self.units
        rows = []
        for name in self:
            channel = self.channel(name)
            unit, judge = units[channel.columns[0]], channel.datatypes[0].quality
            rows.append({**self._coverage_row(channel), "unit": unit, **judged[judge]})
        table = pd.DataFrame(rows, columns=list(_COVERAGE)).astype(_COVERAGE)
        return table.set_index("channel")

    def _coverage_row(self, channel: Channel) -> dict[str, Any]:
        found = self.survey(channel.name)
        ns = NS_PER_TICK[self.clock]
        # What the samples tell and what the flags add to it is one gap.
        holes = joined_spans(found.gaps)
        longest = max((end - start for start, end in holes), default=0)
        lost = [gap.samples for gap in found.gaps if gap.cause == "transfer"]
        return {
            "channel": channel.name,
            "kind": channel.kind,
            "rate_hz": channel.rate_hz,
            "expected": found.expected,
            "received": found.received,
            "share": share(found.complete, found.expected),
            "missing": found.missing,
            "duplicates": found.duplicates,
            "tick_step": found.tick_step,
            "gaps": len(holes),
            "longest_gap": pd.Timedelta(longest * ns, unit="ns"),
            # Nobody knows how many events a lost span held.
            "lost": None if None in lost else sum(filter(None, lost)),
            "no_signal": found.void,
        }

    def _quality_shares(self, judge: str) -> dict[str, float | None]:
        """Share of a quality channel's rows with a sensor off, and with any flag."""
        if not judge or judge not in self:
            return {"sensor_off": None, "flagged": None}
        row = self.channel(judge).datatypes[0]
        off = sum(code.value for code in codes_of(row.codes) if code.sensor_off)
        flags = self._frame(judge)[row.column].dropna().to_numpy().astype(np.int64)
        if not len(flags):
            return {"sensor_off": None, "flagged": None}
        return {
            "sensor_off": float(np.mean((flags & off) != 0)) if off else None,
            "flagged": float(np.mean(flags != 0)),
        }

    def gaps(self, key: str | int | None = None) -> pd.DataFrame:
        """Return every hole in the record, a row a hole; reads the channels.

        Parameters
        ----------
        key : str or int, optional
            Channel; all of the record by default.

        Returns
        -------
        DataFrame
            channel; start and end; length; samples that are not there (missing for
            events); kind (``missing``, ``no signal``, ``sensor off`` or, for intervals
            that do not reach back to the beat before, ``hole``); cause (``recorder`` or
            ``transfer``). A distance of more than one and a half steps is a hole; at
            the end of the record it is one from a second on, as recorders write blocks.
            The rows of a channel do not overlap: where the samples themselves say
            ``missing`` or ``no signal``, ``sensor off`` is what the flags add to it.
        """
        names = list(self) if key is None else [self.channel(key).name]
        rows = [
            {
                "channel": name,
                "start": tick_to_time(gap.start, clock=self.clock),
                "end": tick_to_time(gap.end, clock=self.clock),
                "length": pd.Timedelta(
                    (gap.end - gap.start) * NS_PER_TICK[self.clock], unit="ns"
                ),
                "samples": gap.samples,
                "kind": gap.kind,
                "cause": gap.cause,
            }
            for name in names
            for gap in self.survey(name).gaps
        ]
        table = pd.DataFrame(rows, columns=list(_GAPS)).astype(_GAPS)
        for column in ("start", "end"):
            table[column] = table[column].dt.tz_convert(self.tz)
        return table

    def quality(self, key: str | int) -> pd.DataFrame:
        """Return the quality flags of a channel as named columns of bool.

        Parameters
        ----------
        key : str or int
            A channel that another one judges (``"heart_rate"``, ``"ecg"``), that other
            one, or a column: then flags that speak of another column are left out.

        Returns
        -------
        DataFrame of bool, on the times of the quality channel
            A column a flag, as `hexoframe.code_table` names them; then what the samples
            tell: ``no_signal``, ``clipped`` (at the limit of the converter),
            ``initial`` (70 bpm, 10 rpm, no ventilation until there is a first
            measurement), and ``unknown`` flags. Every column is a reason for doubt, so
            that ``~quality.any(axis=1)`` is what is good. Where nothing judges what a
            record has, as in a CSV of the dashboard, every row is ``unknown``.

        Raises
        ------
        UnknownChannelError
            If the model has no such channel.
        ConfigurationError
            If nothing judges the channel.
        """
        from hexoframe.analysis.quality import decode_quality  # noqa: PLC0415

        return decode_quality(self, key)

    def bad_spans(self, key: str | int) -> pd.DataFrame:
        """Return the spans in which a channel is not to be believed, a row a span.

        Parameters
        ----------
        key : str or int
            Channel, or one column of it.

        Returns
        -------
        DataFrame
            start and end (`between` them lie the samples; of events these are the first
            and the last one); reason, as in `quality` and `gaps`; absent: True where
            nothing was measured, False where what was measured is doubtful. Spans of
            different reasons overlap.

        Raises
        ------
        UnknownChannelError
            If the model has no such channel.
        """
        from hexoframe.analysis.quality import bad_spans  # noqa: PLC0415

        return bad_spans(self, key)

    def plot(
        self,
        what: str | int | None = None,
        *,
        start: Moment | pd.Timedelta | timedelta | None = None,
        duration: str | pd.Timedelta | timedelta | None = None,
        ax: Any = None,
    ) -> tuple[Figure, Any]:
        """Draw a picture; needs the extra ``hexoframe[plot]``.

        Parameters
        ----------
        what : str or int, optional
            ``"overview"``, which is the default; ``"coverage"``, ``"sleep"``, ``"rr"``;
            or any channel or column: ``"ecg"``, ``"respiration"``, ``"rr_interval"``
            and ``"activity"`` have pictures of their own. Up to a minute of ECG is a
            strip on millimetre paper.
        start : str, datetime or timedelta, optional
            Where to begin: a time with a zone, or a length behind the start of the
            record, such as ``"90s"``.
        duration : str or timedelta, optional
            How long, such as ``"10s"``; to the end of the record by default.
        ax : Axes or sequence of Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        fig : Figure
            The figure; it is not shown (a notebook does that).
        axes : Axes or array of Axes
            The panel, or the panels where there are several.

        Raises
        ------
        ConfigurationError
            If matplotlib is not installed, a length of time is not valid, or a part of
            the coverage is asked for.
        TimestampError
            If a time has no zone, or there is nothing of the record then.
        UnknownChannelError
            If the model has no such channel.
        """
        from hexoframe.plotting import plot_record  # noqa: PLC0415

        return plot_record(self, what, start=start, duration=duration, ax=ax)

    # -- exits ---------------------------------------------------------------------

    def to_txt(  # noqa: PLR0913  # the settings of the old script
        self,
        root: str | Path,
        *,
        timestamps: Literal["epoch", "string"] = "epoch",
        timestamp_format: str = CLASSIC_FORMAT,
        tz: str = "UTC",
        dialect: Literal["classic", "snake"] | None = None,
        units: Literal["classic", "physical"] = "classic",
        channels: Sequence[str | int] | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write the classic .txt files of HxApi2_0.

        Parameters
        ----------
        root : str or Path
            Folder in which ``<e-mail or user id>/<record id>/`` is made.
        timestamps : {"epoch", "string"}
            Ticks, or text.
        timestamp_format : str
            strftime format of the text; the classic one holds a tab.
        tz : str, default "UTC"
            Zone of the text, whatever the zone that the record is shown in.
        dialect : {"classic", "snake"}, optional
            File names: ``heartrate.txt`` or ``heart_rate.txt``; by default what the
            old script used for the model.
        units : {"classic", "physical"}
            Values as the JSON API gives them (counts for ECG and respiration), or as
            the frames hold them, in files that are named so.
        channels : sequence of str or int, optional
            Channels; all that the record has by default.
        overwrite : bool, default False
            Whether files from before may be replaced.

        Returns
        -------
        Path
            The folder with the files.

        Raises
        ------
        OutputExistsError
            If there are such files and `overwrite` was not given.
        """
        from hexoframe.formats import text  # noqa: PLC0415

        return text.write(
            self,
            Path(root).expanduser(),
            timestamps=timestamps,
            timestamp_format=timestamp_format,
            tz=tz,
            dialect=dialect,
            units=units,
            channels=channels,
            overwrite=overwrite,
        )

    def to_csv(
        self,
        root: str | Path,
        *,
        rate: str | pd.Timedelta | None = None,
        origin: Origin = "epoch",
        channels: Sequence[str | int] | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write CSV: a tidy file a channel, or one aligned file.

        Times are in UTC, whatever the zone that the record is shown in. Channels are
        streamed, so a record may be larger than memory; for the one file they are read
        side by side, an hour or one row at a time.

        Parameters
        ----------
        root : str or Path
            Folder in which ``record_<id>/`` is made or, with `rate`, the file.
        rate : str or Timedelta, optional
            Write one file of all channels on this time grid, as `to_frame` makes it,
            with the units in its header. It is for other programs, and not read back.
        origin : {"epoch", "start"}
            Where its rows begin, as for `to_frame`.
        channels : sequence of str or int, optional
            Channels; all that the record has by default.
        overwrite : bool, default False
            Whether files from before may be replaced.

        Returns
        -------
        Path
            The folder, or the file.

        Raises
        ------
        OutputExistsError
            If the target exists and `overwrite` was not given.
        ConfigurationError
            If `root` names a file and no rate is given.
        """
        from hexoframe.formats.own import csv as table  # noqa: PLC0415

        target = Path(root).expanduser()
        if rate is None and target.suffix.lower() == ".csv":
            raise ConfigurationError(
                f"{root} names a file, and without rate= a folder of files is written: "
                "give a folder, or a rate such as rate='1s' for one aligned file"
            )
        if rate is None:
            return table.write(self, target, channels=channels, overwrite=overwrite)
        from hexoframe.analysis.blocks import align_blocks  # noqa: PLC0415

        # A file of its own must say its units; numbers of events have none.
        units = self.units
        blocks = (
            frame.rename(columns=lambda name: f"{name} [{units.get(name, 'count')}]")
            for frame, _ in align_blocks(self, rate, channels=channels, origin=origin)
        )
        return table.write_frame(blocks, target, overwrite=overwrite)

    def to_parquet(
        self,
        root: str | Path,
        *,
        channels: Sequence[str | int] | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write Parquet: one file a channel and a manifest, without any loss.

        Parameters
        ----------
        root : str or Path
            Folder in which ``record_<id>/`` is made.
        channels : sequence of str or int, optional
            Channels; all that the record has by default.
        overwrite : bool, default False
            Whether files from before may be replaced.

        Returns
        -------
        Path
            The folder with the files.

        Raises
        ------
        OutputExistsError
            If there are such files and `overwrite` was not given.
        """
        from hexoframe.formats.own import parquet  # noqa: PLC0415

        target = Path(root).expanduser()
        return parquet.write(self, target, channels=channels, overwrite=overwrite)

    def to_mat(
        self,
        path: str | Path,
        *,
        channels: Sequence[str | int] | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write one MATLAB file (format 5); needs the extra ``hexoframe[mat]``.

        Parameters
        ----------
        path : str or Path
            File to write.
        channels : sequence of str or int, optional
            Channels; all that the record has by default.
        overwrite : bool, default False
            Whether a file from before may be replaced.

        Returns
        -------
        Path
            The file: a struct a channel with ``time`` (s since 1970, double), ``tick``
            (int64), a column a lead, ``unit`` and ``rate_hz``.

        Raises
        ------
        OutputExistsError
            If the file exists and `overwrite` was not given.
        ConfigurationError
            If scipy is not installed, or a channel is too large for the format.
        """
        from hexoframe.formats import mat  # noqa: PLC0415

        target = Path(path).expanduser()
        return mat.write(self, target, channels=channels, overwrite=overwrite)

    # -- looks ---------------------------------------------------------------------

    def __repr__(self) -> str:
        """One screen of facts; of the samples, those at 1 Hz are read for it."""
        from hexoframe.reprs import as_text  # noqa: PLC0415

        return as_text(self)

    def _repr_html_(self) -> str:
        """Return the same facts as a table for notebooks, with a line a channel."""
        from hexoframe.reprs import as_page  # noqa: PLC0415

        return as_page(self)


_COVERAGE = {
    "channel": "string",
    "kind": "string",
    "rate_hz": "float64",
    "unit": "string",
    "expected": "Int64",
    "received": "int64",
    "share": "float64",
    "missing": "int64",
    "duplicates": "int64",
    "tick_step": "Int64",
    "gaps": "int64",
    "longest_gap": "timedelta64[ns]",
    "lost": "Int64",
    "no_signal": "int64",
    "sensor_off": "float64",
    "flagged": "float64",
}
_GAPS = {
    "channel": "string",
    "start": "datetime64[ns, UTC]",
    "end": "datetime64[ns, UTC]",
    "length": "timedelta64[ns]",
    "samples": "Int64",
    "kind": "string",
    "cause": "string",
}
