"""Record: one recording, with every method for users.

Each method calls analysis, a format or plotting; the channels of a record and their
look-up belong in `recording.data`.
"""

from __future__ import annotations

import copy
import shutil
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Never, Self, overload

from hexoframe import formats
from hexoframe.errors import ConfigurationError, TimestampError
from hexoframe.paths import expanded, writing_to
from hexoframe.recording import frames
from hexoframe.recording.data import RecordData
from hexoframe.recording.facts import shown_table
from hexoframe.recording.scales import one_warning, warn_of_scales, without_warning
from hexoframe.texttable import is_terminal
from hexoframe.timestamps.moments import moment_to_tick
from hexoframe.timestamps.ticks import CLASSIC_FORMAT
from hexoframe.timestamps.times import tick_to_time
from hexoframe.timestamps.zones import zone_name

if TYPE_CHECKING:
    from datetime import tzinfo

    import pandas as pd
    from matplotlib.figure import Figure

    from hexoframe.analysis.align import Events
    from hexoframe.analysis.beats import Counted
    from hexoframe.analysis.breaths import BreathSource
    from hexoframe.analysis.detector import BeatSource
    from hexoframe.analysis.grids import Origin
    from hexoframe.analysis.hrv import Window
    from hexoframe.analysis.spans import By
    from hexoframe.analysis.spectrum import Method
    from hexoframe.analysis.volumes import VolumeCalibration
    from hexoframe.bridges.signals import Gaps
    from hexoframe.recording.safefacts import Kept
    from hexoframe.report.view import RecordView
    from hexoframe.timestamps.moments import Length, Moment

__all__ = ["Record"]


class Record(RecordData):
    """One recording as DataFrames, each channel at its own rate.

    ``record["heart_rate"]``, ``record.heart_rate``, ``record[19]`` and the names of the
    old scripts all give the frame of a channel; iterating gives the names of the
    channels of the source. `hexoframe.open_record` and `hexoframe.load_record` make
    records.
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
        return shown_table(self.facts, "ranges", self.tz)

    @property
    def annotations(self) -> pd.DataFrame:
        """Button presses and comments; empty where the source does not say."""
        return shown_table(self.facts, "annotations", self.tz)

    @property
    def track(self) -> pd.DataFrame:
        """GPS points; empty where the source does not say."""
        return shown_table(self.facts, "track", self.tz)

    @property
    def metrics(self) -> pd.DataFrame:
        """Metrics as the service computes them; empty where the source has none."""
        return shown_table(self.facts, "metrics", self.tz)

    @property
    def statistics(self) -> pd.DataFrame:
        """Metrics as an export prints them; empty where the source has none."""
        return shown_table(self.facts, "statistics", self.tz)

    # -- channels ------------------------------------------------------------------

    def __getitem__(self, key: str | int) -> pd.DataFrame:
        """Return the frame of a channel; empty if the record does not have it.

        The first use of a scale that no recording confirms warns.
        """
        frame = super().__getitem__(key)
        warn_of_scales(self, [key])
        return frame

    def __getattr__(self, name: str) -> pd.DataFrame:
        """Return a channel by its name."""
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except LookupError as error:
            raise AttributeError(str(error)) from error

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse to set anything: a channel would be forgotten in silence."""
        if not name.startswith("_"):
            raise AttributeError(self._why_not_set(name))
        super().__setattr__(name, value)

    def _why_not_set(self, name: str) -> str:
        if hasattr(type(self), name):
            return f"{name} of a record cannot be set"
        try:
            channel = self.channel(name).name
        except LookupError:
            import difflib  # noqa: PLC0415  # only errors need it

            near = difflib.get_close_matches(name, dir(self), n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            return (
                f"a record has nothing called {name!r} to be set{meant} Keep what is "
                "yours beside it, in a dict by its id"
            )
        return (
            "channels of a record cannot be set: take a record with the frame in its "
            f"place, record.replace({channel}=frame)"
        )

    def __setitem__(self, key: str | int, value: object) -> None:
        """Refuse to set a channel, as an attribute is refused."""
        setattr(self, self.channel(key).name, value)

    def __array__(self, *_: Any, **__: Any) -> Never:
        """Refuse to be one table, as of ``pandas.DataFrame(record)``."""
        raise ConfigurationError(
            "a record is no table: each channel has times of its own. record.to_frame("
            "'1s') puts all on one time grid, and record['heart_rate'] is the frame of "
            "one channel"
        )

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
            and tidal volume) may hold fractions.

        Raises
        ------
        UnknownChannelError
            If the model has no such channel.
        """
        frame = super().__getitem__(key)
        return frame if self.scale == "raw" else frames.to_raw(frame, self.channel(key))

    def replace(self, **channels: pd.DataFrame) -> Self:
        """Return the record with cleaned channels, or corrected beats.

        Parameters
        ----------
        **channels : DataFrame
            Frames by the names of their channels, in the units of the record, with the
            columns, dtypes and the index (UTC or with a zone, ns, ascending) that
            ``record[name]`` has. Rows may be left out or changed.

            ``beats=`` takes a table such as `beats` returns, which says the beats that
            there are. Rows may be added (a time is enough), taken away, or changed in
            ``rr``, ``quality`` or ``usable``; other columns are ignored, but for the
            ``source`` of an added beat. The interval of a beat that is new, or behind a
            new one, is the distance to the row before (none after 4 s). Where a row was
            taken away, the next must say what that means: without the column ``rr``
            there was no beat, and intervals are the distances of rows; NaN leaves a
            hole. To leave a beat out of results, keep its row and set ``usable`` False.
            ``rr_interval``, its flags and ``nn_interval`` follow, and so do `beats` and
            `hrv`; ``heart_rate`` and what else the device computed stay.

        Returns
        -------
        Record
            A view; this record stays as it is. ``info["edited"]`` names the channels,
            and files that are written of it say so too. Quality, wear and what is
            computed follow the new frames; what is known of the source (samples that
            were lost or came twice) stays beside them. ``info["edited_beats"]`` keeps
            which beats were added, removed and changed, in ticks.

        Raises
        ------
        UnknownChannelError
            If the model has no such channel.
        ConfigurationError
            If a frame does not fit its channel; the message says in what.
        TimestampError
            If the times of beats have no zone, do not ascend or are no whole ticks.

        Examples
        --------
        >>> beats = record.beats()  # doctest: +SKIP
        >>> beats.loc["2022-11-04 23:31", "usable"] = False  # doctest: +SKIP
        >>> record.replace(beats=beats).hrv()  # doctest: +SKIP
        >>> rate = record.heart_rate  # doctest: +SKIP
        >>> clean = record.replace(heart_rate=rate[rate.heart_rate < 200])
        ... # doctest: +SKIP
        """
        beats = channels.pop("beats", None)
        if beats is None:
            return self.replaced(channels)
        from hexoframe.analysis.corrections import (  # noqa: PLC0415
            BEAT_CHANNELS,
            correct_beats,
        )

        both = [key for key in channels if self.channel(key).name in BEAT_CHANNELS]
        if both:
            raise ConfigurationError(
                f"beats and {both[0]} were given, and both say what the beats are: "
                "replace one of them, then the other"
            )
        with without_warning():
            return correct_beats(self.replaced(channels), beats)

    def deidentify(
        self,
        *,
        pseudonym: str | None = None,
        shift_weeks: int | None = None,
        keep: Kept | Collection[Kept] = (),
    ) -> Self:
        """Return the record without what tells who wore the shirt.

        Only facts pass that are known to name nobody. Removed are the ids of record and
        user, e-mail, serial of the device, names, notes and comments, the GPS track,
        and all else that the source says; activities are called ``sleep`` or
        ``activity``. All times move by the same whole number of weeks.

        Parameters
        ----------
        pseudonym : str, optional
            Name of the record in files and pictures, of letters, digits, - and _; one
            for each record. A random one by default.
        shift_weeks : int, optional
            By how many weeks times move; negative for earlier. By default chosen by
            chance for each record: a year to ten back, such that clocks of the zone of
            the record are changed alike. To keep the distances between the records of a
            person, give all of them the same number.
        keep : str or collection of str
            What stays after all: ``"dates"``, ``"device"`` (its serial),
            ``"annotations"`` (their comments), ``"ranges"`` (names and notes of
            activities), ``"track"``.

        Returns
        -------
        Record
            A view; this record stays as it is. Channels that were not read are moved
            when they are. ``info["deidentified"]`` is the receipt, which Parquet, CSV
            and .txt keep: what was removed and how often, and what became of dates. It
            holds no old value and no shift, since with it anybody moves the dates back;
            who must be able to gives `shift_weeks` and notes it.

        Raises
        ------
        ConfigurationError
            If the pseudonym holds an id, a name or the date of the record, or is none
            for a file; if the shift is no whole number, or leads out of the years 2009
            to 2050; if `keep` names something else.

        Notes
        -----
        Differences of times are exact, the day of the week and the time of day in UTC
        stay. Local time of day stays too, unless clocks are changed in between: the
        receipt says by how much. Show the record in the zone of the wearer first, with
        `tz_convert`.

        Samples are not changed. Who has the original finds the record by them; and the
        weight follows from the adjusted volumes, which `channels=` leaves out.

        Examples
        --------
        >>> safe = record.tz_convert("America/Montreal").deidentify()  # doctest: +SKIP
        >>> safe.to_parquet("to_share")  # doctest: +SKIP
        """
        from hexoframe.recording.deidentify import deidentify  # noqa: PLC0415

        return deidentify(self, pseudonym=pseudonym, shift_weeks=shift_weeks, keep=keep)

    def load(self) -> Self:
        """Read every channel into memory and return the record."""
        for name in self:
            super().__getitem__(name)
        return self

    # -- views ---------------------------------------------------------------------

    def between(self, start: Moment | None, end: Moment | None) -> Record:
        """Return the record cut to a span of time.

        Waveforms, beats, breaths, steps and states go by their stamps. A value at 1 Hz
        (each 5 min) sums up the second (the five minutes) before its stamp, and belongs
        to the span in which that time begins: a span of 60 s has 60 of them, the first
        stamped a second after `start`, the last at `end`. A value of five minutes may
        reach beyond `end`; one that began before `start` is left out. For variability
        of the span alone, compute it from `nn_interval`.

        Parameters
        ----------
        start, end : str, datetime, timedelta, int, float or None
            A time with a zone; a length behind the start of the record, as text
            (``"60s"``), timedelta or number of seconds; or a tick. Samples, annotations
            and points of the track from `start` up to, not including, `end` are kept,
            and ranges that reach into the span. None leaves that side as it is; a time
            at the edge of the record or outside it cuts off no samples.

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
            else moment_to_tick(moment, clock=self.clock, origin=self.start_tick)
            for moment in (start, end)
        )
        told = [self._told(*pair) for pair in ((start, first), (end, last))]
        if first is not None and last is not None and last < first:
            raise TimestampError(
                f"the end {told[1]} lies before the start {told[0]}: exchange them"
            )
        if (first or 0) > self.end_tick or (last or self.end_tick) < self.start_tick:
            part = (
                f"what ends {told[1]}"
                if start is None
                else f"what begins {told[0]}"
                if end is None
                else " to ".join(told)
            )
            raise TimestampError(
                f"{part} lies outside the record, which goes from {self.start} to "
                f"{self.end}: give times within it"
            )
        return self.cut(first, last)

    def _told(self, moment: Moment | None, tick: int | None) -> str:
        """Return a moment for a message: as it was given, but no bare number."""
        if tick is None or not isinstance(moment, (int, float)):
            return str(moment)
        return str(tick_to_time(tick, clock=self.clock).tz_convert(self.tz))

    def tz_convert(self, tz: str | tzinfo) -> Record:
        """Return the record with all times shown in a zone.

        Parameters
        ----------
        tz : str or ZoneInfo
            A zone or its name, such as ``"America/Montreal"``.

        Returns
        -------
        Record
            A view; the moments are the same.

        Raises
        ------
        ConfigurationError
            If there is no such zone, or it depends on this machine; the message names
            the nearest.
        """
        return self.of(self, tz=zone_name(tz))

    def windows(self, key: str | int, length: Length) -> Iterator[pd.DataFrame]:
        """Yield a channel in windows of time, without holding it whole.

        Parameters
        ----------
        key : str or int
            Name or id of the channel.
        length : str, timedelta or number
            Length of a window, such as ``"1h"`` or 3600, in s. Windows follow each
            other from the start of the record; samples belong to them as in `between`.

        Yields
        ------
        DataFrame
            Rows of one window; empty where the window has no sample.

        Raises
        ------
        ConfigurationError
            If the length is not above one tick.
        """
        from hexoframe.analysis.streams import channel_windows  # noqa: PLC0415

        found = channel_windows(self, key, length)
        warn_of_scales(self, [key])
        return found

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
        usable: bool = ...,
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
        usable: bool = ...,
        mask: Literal[True],
    ) -> tuple[pd.DataFrame, pd.DataFrame]: ...

    @one_warning()
    def to_frame(  # noqa: PLR0913  # each is a question of its own
        self,
        rate: str | pd.Timedelta = "1s",
        *,
        channels: Sequence[str | int] | None = None,
        events: Events = "table",
        max_gap: str | pd.Timedelta = "2s",
        origin: Origin = "epoch",
        usable: bool = False,
        mask: bool = False,
    ) -> pd.DataFrame | tuple[pd.DataFrame, pd.DataFrame]:
        """Return channels on one time grid.

        Waveforms, rates and intervals are averaged, quality flags joined by OR, and a
        state is the one at the end of the bin (column ``align`` of
        `hexoframe.channel_table`). A value at 1 Hz (each 5 min) sums up the second (the
        five minutes) before its stamp, and belongs to the row of that second (the rows
        of those five minutes), beside the ECG that it was computed from. What is no
        measurement (no signal, an interval of 0 or less or of 65 535 counts,
        variability that could not be computed) is left out; flagged values are kept,
        unless only usable ones are asked for.

        Parameters
        ----------
        rate : str or Timedelta, default "1s"
            Length of a bin, which carries the time of its beginning; or how many there
            are in a second, such as ``"64Hz"``.
        channels : sequence of str or int, optional
            Channels; all that the record has by default.
        events : {"table", "count", "place"}
            Count events in the bin (column ``<name>_count``), or place the mean of
            their values; "table" counts breaths and steps and places intervals.
        max_gap : str, timedelta or number, default "2s"
            Longest distance of samples that is bridged: waveforms by a straight line,
            rates with the value before. A rate always fills the time that it sums up.
        origin : {"epoch", "start", "midnight"}
            Where bins begin: at whole multiples of `rate` in UTC (rows of all records
            fit together); at the start of the record (rows of five minutes are those of
            the recorder); or at midnight in the zone of the record, for a rate such as
            ``"1D"`` or ``"6h"``: a day on which clocks change has 23 or 25 hours.
        usable : bool, default False
            Whether only usable samples count, as in `usable`: unflagged, plausible, and
            of a shirt that was worn. Flags and states are all kept.
        mask : bool, default False
            Whether to return also which values were filled in. A state that lasts is
            not filled in.

        Returns
        -------
        frame : DataFrame of float64, shape (bins, columns)
            NaN where nothing is known. The unit of each column is in
            ``frame.attrs["hexoframe"]["units"]``.
        made_up : DataFrame of bool, same shape
            Only with ``mask=True``: True where a value was filled in, also where the
            value of a slow channel is repeated.

        Raises
        ------
        ConfigurationError
            If `rate` or `max_gap` is not a positive length of time.
        UnknownChannelError
            If the model has no such channel.
        """
        from hexoframe.analysis.align import align_frames  # noqa: PLC0415
        from hexoframe.analysis.quality import usable_rows  # noqa: PLC0415

        frame, made_up = align_frames(
            self,
            rate,
            channels=channels,
            events=events,
            max_gap=max_gap,
            origin=origin,
            kept=usable_rows if usable else None,
        )
        return (frame, made_up) if mask else frame

    @without_warning()
    def coverage(self) -> pd.DataFrame:
        """Return what was expected and what came, a row a channel; reads the record.

        Returns
        -------
        DataFrame, indexed by `channel`
            share of the expected samples that came and have a value; number of gaps
            (rows of `gaps` that touch are one); then shares of time or of samples:
            flagged (any quality flag: the device holds the last heart rate while its
            flags say that there are no beats), implausible (outside the limits of
            `hexoframe.channel_table`), not_worn (as in `wear`; NaN where nothing
            tells), sensor_off (an electrode, belt or sensor; lead-off, for the ECG).
            longest_gap; expected and received samples; missing (NaN) rows; lost, the
            samples that the source holds and that did not come (missing for events,
            whose number is not known); no_signal, the samples with the value for "no
            signal" (they came, so the share counts them); duplicates; tick_step, the
            most frequent distance of stamps; kind, rate_hz and unit.
        """
        from hexoframe.analysis.coverage import summarise_coverage  # noqa: PLC0415

        return summarise_coverage(self)

    @without_warning()
    def gaps(self, key: str | int | None = None) -> pd.DataFrame:
        """Return every gap in the record, a row a gap; reads the channels.

        Parameters
        ----------
        key : str or int, optional
            Channel; all of the record by default.

        Returns
        -------
        DataFrame
            channel; length; start and end; number of samples that are absent (missing
            for events); kind (``missing``, ``no signal``, ``sensor off`` or, for
            intervals that do not reach back to the beat before, ``hole``); cause
            (``recorder`` or ``transfer``). A distance of more than one and a half steps
            is a gap; at the end of the record, where recorders write blocks, one of a
            second or more. Rows of a channel do not overlap: ``sensor off`` is what the
            flags add to ``missing`` and ``no signal``.
        """
        from hexoframe.analysis.coverage import list_gaps  # noqa: PLC0415

        return list_gaps(self, key)

    @without_warning()
    def quality(self, key: str | int) -> pd.DataFrame:
        """Return the quality flags of a channel as named columns of bool.

        Parameters
        ----------
        key : str or int
            A channel with a quality channel (``"heart_rate"``, ``"ecg"``), the quality
            channel itself, or a column: then flags of other columns are left out.

        Returns
        -------
        DataFrame of bool, on the times of the quality channel
            A column a flag, as `hexoframe.code_table` names them; then reasons from the
            samples: ``no_signal``, ``clipped`` (at the limit of the converter),
            ``initial`` (70 bpm, 10 rpm, no ventilation until the first measurement),
            ``implausible`` (outside the limits of `hexoframe.channel_table`),
            ``not_worn`` and ``handled`` (as in `wear`), and ``unknown`` flags. Every
            column is a reason for doubt: ``~quality.any(axis=1)`` are the good rows.
            Without the quality channel, as in a CSV of the dashboard, every row is
            ``unknown``.

        Raises
        ------
        UnknownChannelError
            If the model has no such channel.
        ConfigurationError
            If the model has no quality channel for it.
        """
        from hexoframe.analysis.quality import decode_quality  # noqa: PLC0415

        return decode_quality(self, key)

    def usable(self, key: str | int) -> pd.DataFrame:
        """Return the usable rows of a channel.

        Parameters
        ----------
        key : str or int
            Name or id of the channel, or one column of it.

        Returns
        -------
        DataFrame
            The rows that were measured, are not flagged, not clipped and plausible, and
            come from a shirt that was worn: those outside of `bad_spans`. Where nothing
            tells of wear (see `wear`), that reason does not count.

        Raises
        ------
        UnknownChannelError
            If the model has no such channel.
        """
        from hexoframe.analysis.quality import usable_rows  # noqa: PLC0415

        frame = self[key]
        with without_warning():
            return frame[usable_rows(self, key)]

    @without_warning()
    def wear(self) -> pd.DataFrame:
        """Return when the shirt was worn, a row a span, and what says so.

        The device flags nothing while the shirt lies on a chair; the belts tell.

        Returns
        -------
        DataFrame
            start and end, in the zone of the record; spans follow each other and cover
            it. ``reason``: what says so. Witnesses, NaN or NA without their channel:
            ``ecg_in_doubt`` (share of seconds in which the flags of the heart rate say
            that electrodes are off or pick up mains noise), ``activity`` (mean, g),
            ``position`` (of the device, most of the time). ``worn``: True, False, or NA
            where nothing tells (no waveforms of the belts, a gap in them, or belts that
            never moved); NA is never "not worn". ``handled``: the belts were displaced,
            as when a shirt is put on or taken off; do not use what they measure.

        Notes
        -----
        Not worn: both belts flat for 15 s and more (SD under 2 counts around a straight
        line in 5 s), if they moved elsewhere in the record for a minute or the ECG is
        in doubt too. In a range of sleep, where a breath may be held, 60 s or the ECG
        are needed. Handled: the thoracic belt moves by more than 500 counts (SD in 5
        s), then and for 45 s; also less than a minute between a shirt that is off and
        the start or end of the record. The limits come from 15 real records, 27 328 s,
        and gave no false alarm there. The belts are read once; a record from the cache
        or from hexoframe's Parquet has the answer in its manifest.
        """
        from hexoframe.analysis.wear import wear_table  # noqa: PLC0415

        return wear_table(self)

    def hrv(  # noqa: PLR0913  # each is a question of its own
        self,
        window: Window = "5min",
        *,
        beats: Counted = "good",
        spectrum: Method = "lomb",
        nonlinear: bool = False,
        min_share: float | None = None,
        min_pairs: int | None = None,
        origin: Origin = "start",
    ) -> pd.DataFrame:
        """Return the variability of the heart rate, a row a span.

        Computed from ``rr_interval``. Differences are those of true neighbours alone:
        pairs of intervals that both count, and of which the second begins where the
        first ends, to the tick. The vendor and most programs close holes up and count
        differences across them, which can treble RMSSD.

        Parameters
        ----------
        window : str, Timedelta, DataFrame or None, default "5min"
            Spans: a length of time, ``"ranges"`` (activities), ``"sleep"`` (those of
            sleep), ``"day"`` (days in the zone of the record), a table with columns
            ``start`` and ``end``, or None for the whole record.
        beats : {"good", "nn", "all"}
            Intervals that count, always above 0 and of a shirt that was worn: those
            without a flag and plausible (as in `usable`), those of ``nn_interval``, or
            all. Where the source has no flags (old .txt), plausible intervals are good,
            and a warning says so.
        spectrum : {"lomb", "welch"}
            Lomb-Scargle on the beats as they are, or Welch (needs scipy).
        nonlinear : bool, default False
            Whether to add sample entropy and detrended fluctuations (needs scipy).
        min_share : float, optional
            Share of a span that intervals must cover for it to have figures: by default
            0.8 of a length of time, and 0.1 of any other span.
        min_pairs : int, optional
            Pairs that a span must have: by default 100, of a length of time 2.
        origin : {"start", "epoch"}
            Where windows of one length begin: with the record, as the five minutes of
            the recorder do, or at whole multiples in UTC.

        Returns
        -------
        DataFrame
            Labels of the span (for activities ``id``, ``name``, ``activity_type``),
            ``start``, ``end``, ``span_share`` (its part that lies in the record), then

            * ``n_beats``: intervals that count
            * ``n_pairs``: pairs of intervals that count, of which the second begins
              where the first ends, to the tick
            * ``good_share``: part of the span that intervals that count cover
            * ``mean_nn``: mean of the intervals that count
            * ``mean_hr``: 60 000 / mean_nn
            * ``sdnn``: standard deviation (n - 1) of the intervals that count
            * ``rmssd``: root of the mean square of the differences of pairs
            * ``pnn50``: share of pairs that differ by more than 50 ms
            * ``sd1``: standard deviation of pairs across the diagonal of the Poincare
              plot
            * ``sd2``: standard deviation of pairs along the diagonal of the Poincare
              plot
            * ``triangular_index``: intervals / those in the fullest bin of 1/128 s
            * ``sdann``: standard deviation of the means of the full five minutes; of
              spans of 10 min and more
            * ``sdnni``: mean of the standard deviations of the full five minutes; of
              spans of 10 min and more
            * ``vlf``: power from 0.0033 to 0.04 Hz
            * ``lf``: power from 0.04 to 0.15 Hz
            * ``hf``: power from 0.15 to 0.4 Hz
            * ``total_power``: vlf + lf + hf
            * ``lf_nu``: 100 x lf / (lf + hf)
            * ``hf_nu``: 100 x hf / (lf + hf)
            * ``lf_hf``: lf / hf
            * ``sampen``: sample entropy, m = 2, r = 0.2 standard deviations; with
              nonlinear=True
            * ``dfa_a1``: slope of the detrended fluctuations from 4 to 16 beats; with
              nonlinear=True
            * ``dfa_a2``: slope of the detrended fluctuations from 16 to 64 beats; with
              nonlinear=True
            * ``n_windows``: five-minute windows that sdann, sdnni and the spectrum of a
              long span are means of
            * ``rmssd_floor_ms``: what rounding to ticks adds to RMSSD, in quadrature
            * ``judged_by``: what says which intervals count: quality, nn, limits or
              none
            * ``note``: why figures are missing, or what to know of them

            Times are in ms, powers in ms^2, ``mean_hr`` in bpm, ``pnn50``, ``lf_nu``
            and ``hf_nu`` in %: ``frame.attrs["hexoframe"]["units"]`` has them. Sources
            and the rest of the definitions: `hexoframe.analysis.compute_hrv_time`,
            `compute_hrv_frequency` and `compute_hrv_nonlinear`.

        Raises
        ------
        ConfigurationError
            If the record has no RR intervals, as a CSV of the dashboard; if an argument
            is none of these; or if scipy is needed and not installed.
        TimestampError
            If a time of a table has no zone, or beats come twice.
        UnknownChannelError
            If the intervals were left out when the record was opened.

        Examples
        --------
        >>> record.hrv()[["start", "rmssd", "good_share"]]  # doctest: +SKIP
        >>> record.hrv("ranges", nonlinear=True)  # doctest: +SKIP
        """
        from hexoframe.analysis.hrv import compute_hrv  # noqa: PLC0415

        table = compute_hrv(
            self,
            window,
            beats=beats,
            spectrum=spectrum,
            nonlinear=nonlinear,
            min_share=min_share,
            min_pairs=min_pairs,
            origin=origin,
        )
        warn_of_scales(self, ["rr_interval"])
        return table

    def beats(
        self, source: BeatSource = "device", *, lead: str | int = "ecg_i"
    ) -> pd.DataFrame:
        """Return the beats, a row a beat.

        Parameters
        ----------
        source : {"device", "waveform"}
            Beats of ``rr_interval``, or those found in the ECG, which needs the extra
            ``hexoframe[ecg]``. Where samples are missing, saturated or flat, an
            electrode or the shirt is off, and within 0.3 s, no beat is looked for.
        lead : str or int, default "ecg_i"
            Lead in which beats are looked for.

        Returns
        -------
        DataFrame, indexed by ``time`` of the R wave

            * ``rr``: time since the beat before, in s; NaN where there is none
            * ``quality``: flags of the beat, NA where it has none
            * ``usable``: counted by hrv: no flag, plausible, of a shirt that was worn
            * ``pair``: usable, as is the beat before, where the interval begins to the
              tick
            * ``reason``: why it is not usable: no beat before, a flag (noisy,
              unreliable), no flags, implausible, not_worn
            * ``source``: device, waveform, or hand for added beats
            * ``edited``: changed by replace

            Correct the table and give it to `replace`.

        Raises
        ------
        ConfigurationError
            If the record has no RR intervals, or no ECG; if sleepecg is needed and not
            installed; if an argument is none of these.
        TimestampError
            If beats come twice.
        UnknownChannelError
            If the channel was left out when the record was opened.

        Examples
        --------
        >>> record.beats()["usable"].mean()  # doctest: +SKIP
        """
        from hexoframe.analysis.beattable import beat_table  # noqa: PLC0415

        with without_warning():
            table = beat_table(self, source, lead=lead)
        warn_of_scales(self, ["rr_interval" if source == "device" else lead])
        return table

    def check_beats(
        self,
        by: By = "5min",
        *,
        lead: str | int = "ecg_i",
        origin: Origin = "start",
    ) -> pd.DataFrame:
        """Compare the beats of the device with the ECG; needs ``hexoframe[ecg]``.

        Beats are looked for as in ``beats("waveform")``, half an hour at a time. A beat
        of the device and one of the ECG match if each is the nearest to the other, at
        most 50 ms away.

        Parameters
        ----------
        by : str, Timedelta, DataFrame or None, default "5min"
            Spans, as for `summary`; ``"beat"`` for a row a beat.
        lead : str or int, default "ecg_i"
            Lead in which beats are looked for.
        origin : {"start", "epoch"}
            Where spans of equal length begin, as for `summary`.

        Returns
        -------
        DataFrame
            Labels of the span, ``start``, ``end`` and ``span_share``, then

            * ``judged_share``: part of the span in which beats were looked for
            * ``device``: beats of the device in the span
            * ``waveform``: beats found in the ECG
            * ``matched``: beats that both have
            * ``extra``: beats of the device that the ECG does not show
            * ``missed``: beats of the ECG that the device does not have
            * ``matched_share``: matched / device
            * ``good``: beats of the device that are usable
            * ``good_matched_share``: part of the good beats that is matched
            * ``offset_ms``: median of ECG - device, of matched beats
            * ``jitter_ms``: standard deviation of ECG - device, of matched beats
            * ``note``: why part of the span was not judged

            With ``by="beat"``, indexed by ``time`` (that of the device, if it has the
            beat): ``match`` (``matched``, ``extra``, ``missed``, or ``not judged``),
            ``offset_ms`` and ``usable``.

        Raises
        ------
        ConfigurationError
            If sleepecg is not installed, the record has no ECG or no RR intervals, or
            an argument is none of these.
        TimestampError
            If a time of a table has no zone, or a span ends before it starts.

        Notes
        -----
        The detector is that of sleepecg (after Pan and Tompkins, IEEE Trans Biomed Eng
        32 (1985) 230). Stretches that can be judged are searched as one; a beat is
        moved to a sharper peak within 0.2 s, if there is one; and where no beat is
        found for 2.5 usual intervals, it looks again. An ECG in noise tells little:
        missed and extra beats there may be those of the detector. See `check_ecg`.
        """
        from hexoframe.analysis.beatcheck import compare_beats  # noqa: PLC0415

        with without_warning():
            return compare_beats(self, by, lead=lead, origin=origin)

    def check_ecg(
        self,
        by: By = "1min",
        *,
        source: BeatSource = "device",
        lead: str | int = "ecg_i",
        origin: Origin = "start",
    ) -> pd.DataFrame:
        """Return how good the ECG is, a row a span, or a row a beat.

        Computed from the samples; ``ecg_quality`` is a channel of flags of the device.

        Parameters
        ----------
        by : str, Timedelta, DataFrame or None, default "1min"
            Spans, as for `summary`; ``"beat"`` for a row a beat.
        source : {"device", "waveform"}
            Beats that are compared, as for `beats`.
        lead : str or int, default "ecg_i"
            The lead.
        origin : {"start", "epoch"}
            Where spans of equal length begin, as for `summary`.

        Returns
        -------
        DataFrame
            Labels of the span, ``start``, ``end`` and ``span_share``, then

            * ``beats``: beats that are whole in what can be judged
            * ``correlation``: median of the correlation of each of them with the median
              beat
            * ``correlation_low``: tenth percentile of these correlations
            * ``missing``: part of the span without samples
            * ``sensor_off``: part in which an electrode was off, by the flags
            * ``not_worn``: part in which the shirt was off
            * ``saturated``: part at the limits of the converter
            * ``flat``: part in which no sample differs from the one before for 1 s
            * ``mains_mv``: amplitude of mains noise, in mV
            * ``mains_hz``: frequency of the mains noise, 50 or 60 Hz

            Of several reasons, a sample has the first. With ``by="beat"``, indexed by
            ``time``: ``correlation`` (NaN where the beat is not whole), ``lost`` (the
            reason), and ``mains_mv`` of the second around the beat.

        Raises
        ------
        ConfigurationError, TimestampError
            As for `check_beats`; sleepecg is needed for ``source="waveform"`` alone.

        Notes
        -----
        A beat is the ECG from 0.3 s before to 0.3 s behind the sharpest peak within 50
        ms of its time; the median beat is that of the usable beats of the same half
        hour of the record. Mains: median over seconds of the power of a Hann window at
        50 and 60 Hz, less the mean of that 4 Hz below and above, where only the ECG is.
        """
        from hexoframe.analysis.ecgcheck import assess_ecg  # noqa: PLC0415

        with without_warning():
            table = assess_ecg(self, by, source=source, lead=lead, origin=origin)
        warn_of_scales(self, [lead])
        return table

    @without_warning()
    def bad_spans(self, key: str | int) -> pd.DataFrame:
        """Return the spans of bad data of a channel, a row a span.

        Parameters
        ----------
        key : str or int
            Channel, or one column of it.

        Returns
        -------
        DataFrame
            start and end (`between` gives the samples; for events the first and the
            last one); reason, as in `quality` and `gaps`; absent: True where nothing
            was measured, False where the measurement is doubtful. Spans of different
            reasons overlap.

        Raises
        ------
        UnknownChannelError
            If the model has no such channel.
        """
        from hexoframe.analysis.quality import bad_spans  # noqa: PLC0415

        return bad_spans(self, key)

    @one_warning()
    def summary(  # noqa: PLR0913  # each is a question of its own
        self,
        by: By = None,
        *,
        origin: Origin = "start",
        wide: bool = False,
        min_share: float = 0.1,
        weight: float | None = None,
        height: float | None = None,
        age: float | None = None,
        sex: str | None = None,
        rest_hr: float | None = None,
        vo2max: float | None = None,
    ) -> pd.DataFrame:
        """Return the numbers of a paper: each metric of usable samples, and the share.

        Beside each stands the vendor's figure and, recomputed here, the vendor's rule,
        which counts also what is flagged, implausible, not worn or a default.

        Parameters
        ----------
        by : str, Timedelta or DataFrame, optional
            Spans with rows of their own: a length of time such as ``"5min"``;
            ``"ranges"``, the activities of the record, or ``"sleep"``, those of sleep;
            ``"day"``, days of the zone in which the record is shown; or a table with
            columns ``start`` and ``end`` (times with a zone), whose other columns stay.
            The whole record by default. A span takes the samples that `between` gives.
        origin : {"start", "epoch", "midnight"}
            Where spans of equal length begin: with the record, as the vendor's five
            minutes do, at whole multiples in UTC, or at midnight in the zone of the
            record.
        wide : bool, default False
            Whether to return a row a span with a column a metric, and after those of a
            channel the share that they rest on; without the vendor's figures and notes.
        min_share : float, default 0.1
            Share of a span that must be usable: under it, and without a single usable
            sample, a value is NaN, and the note says so. RMSSD has the limits of `hrv`.
        weight : float, in kg, optional
            Of the wearer, for the adjusted volumes. No argument is stored.
        height, age, sex, rest_hr, vo2max : optional
            In m and years; ``"female"`` or ``"male"``; heart rate at rest in bpm;
            maximal oxygen uptake in ml/kg/min: for the estimates of energy, with the
            weight (`hexoframe.analysis.compute_energy`). ``energy_ecg_mean`` needs no
            VO2max.

        Returns
        -------
        DataFrame
            Indexed by ``metric``; with `by` a row a span and metric, after the labels
            of the span (``id``, ``name``, ``activity_type``; ``day``), ``start``,
            ``end`` and ``span_share``, the part of the span that lies in the record.

            ``value``, of usable samples alone: measured, not flagged, plausible, of a
            shirt that was worn (see `usable`); ``unit``. ``good_share``, the share of
            the span that is usable, and ``n``, the samples that the value rests on
            (steps; pairs of beats for RMSSD). ``vendor``, what the source's statistics
            or metrics say of the whole record. ``vendor_rule``, the vendor's rule on
            all samples of the span. ``note``: why a value is NaN, or what the vendor
            counts besides.

            Metrics, rules and the vendor's names are in
            `hexoframe.analysis.metric_table`. ``worn`` is the share of known time with
            the shirt on, in %. A sum (``steps``, ``energy_total``) is that of usable
            time, not scaled up. Means of ventilation and activity count usable seconds
            of 0; those of tidal volume and cadence are over seconds above 0. Other
            figures of the vendor are there where the source has them, without a value.

        Raises
        ------
        ConfigurationError
            If `by` names no spans or the source knows no activities, or an argument is
            none that a person has.
        TimestampError
            If a time of a table has no zone, or a span ends before it starts.

        Examples
        --------
        >>> record.summary().loc["heart_rate_mean", "value"]  # doctest: +SKIP
        >>> record.summary(by="ranges", wide=True)  # doctest: +SKIP
        """
        from hexoframe.analysis.energy import Profile  # noqa: PLC0415
        from hexoframe.analysis.summary import summarise  # noqa: PLC0415

        profile = Profile(
            weight=weight,
            height=height,
            age=age,
            sex=sex,
            rest_hr=rest_hr,
            vo2max=vo2max,
        )
        return summarise(
            self, by, origin=origin, wide=wide, min_share=min_share, profile=profile
        )

    @without_warning()
    def sleep(
        self,
        in_bed: tuple[Moment, Moment] | pd.DataFrame | None = None,
        *,
        min_share: float = 0.8,
    ) -> pd.DataFrame:
        """Return the sleep of each night, a row a night, from ``sleep_phase``.

        The service scores phases from heart, breathing and movement, on a grid of 20 s:
        NREM, REM, awake, undefined. This is not polysomnography.

        Parameters
        ----------
        in_bed : pair of times, or DataFrame, optional
            Time in bed: (lights off, lights on) in the forms of `between`, or a table
            with columns ``start`` and ``end`` of times with a zone, such as a diary
            (other columns stay) or `nights` with other times. By default the activities
            of sleep and, where the source has none, the stretches of ``sleep_phase``:
            see `nights`.
        min_share : float, default 0.8
            Share of the time in bed that must have a phase. Under it, only minutes and
            shares are given; the rest is missing.

        Returns
        -------
        DataFrame
            The columns of `nights`, then:

            * ``tib``: time in bed, from start to end
            * ``sleep_onset``: beginning of the first NREM or REM
            * ``sleep_offset``: end of the last NREM or REM, the final awakening
            * ``sol``: sleep onset latency, from start to sleep_onset
            * ``spt``: sleep period time, from sleep_onset to sleep_offset
            * ``waso``: wake after sleep onset, awake between sleep_onset and
              sleep_offset
            * ``tst``: total sleep time, nrem + rem
            * ``se``: sleep efficiency, 100 x tst / tib
            * ``sleep_percent``: 100 x tst / spt
            * ``rem_latency``: from sleep_onset to the first REM
            * ``awakenings``: times awake between sleep_onset and sleep_offset
            * ``nrem``: non-REM sleep in the time in bed
            * ``rem``: REM sleep in the time in bed
            * ``awake``: awake in the time in bed
            * ``undefined``: time in bed without a phase: code 0, a missing value, not
              recorded or not worn
            * ``not_worn``: time in bed with the shirt off, part of undefined
            * ``position_changes``: changes from one sleep_position to another in the
              time in bed
            * ``undefined_share``: undefined / tib
            * ``good_share``: part of the time in bed with a phase and a usable heart
              rate

            Times are in minutes, to the tick; ``se`` and ``sleep_percent`` in %. The
            same table is `hexoframe.analysis.definitions`.

        Raises
        ------
        ConfigurationError
            If the record has no ``sleep_phase``, as a CSV of the dashboard, or an
            argument is none of these.
        TimestampError
            If a time has no zone, or a night ends before it starts.
        UnknownChannelError
            If the channel was left out when the record was opened.

        Notes
        -----
        Undefined time counts neither as sleep nor as wake: tib = nrem + rem + awake +
        undefined, and spt = tst + waso + what is undefined between. Two times awake
        with nothing but undefined time between are one awakening. Of a night without
        sleep, tst and se are 0 and the rest is missing. ``sol`` and ``rem_latency`` are
        missing where the moment of falling asleep is not known: the record cuts the
        start of the night off, or more than 20 s without a phase come right before.
        Undefined time may hide sleep all the same: mind ``undefined_share``.

        Examples
        --------
        >>> record.sleep()[["night", "tst", "se", "waso"]]  # doctest: +SKIP
        >>> bed = ("2024-03-01T22:30+01:00", "2024-03-02T06:30+01:00")
        >>> record.sleep(bed)  # doctest: +SKIP
        """
        from hexoframe.analysis.sleep import summarise_sleep  # noqa: PLC0415

        return summarise_sleep(self, in_bed, min_share=min_share)

    @without_warning()
    def nights(self) -> pd.DataFrame:
        """Return the nights of the record, a row a night.

        They are the activities of sleep; where the source has none, the stretches of
        ``sleep_phase``: the service writes a missing value where a night begins and
        ends, and an hour and more without a phase parts two nights. Where it wrote none
        (old binary files), a night goes on to the end of the record.

        Returns
        -------
        DataFrame
            Of activities ``id``, ``name`` and ``activity_type``. Then:

            * ``night``: date of the evening: the day twelve hours before the start, in
              the zone of the record
            * ``start``: when the time in bed begins, cut to the record
            * ``end``: when the time in bed ends, cut to the record
            * ``span_share``: part of the time in bed that lies in the record
            * ``source``: what says when it was: range (an activity of sleep), channel
              (where sleep_phase begins and ends) or given (by the caller)
            * ``cut``: where the record cuts the night off by more than 20 s: start,
              end, both, or empty

        Raises
        ------
        ConfigurationError
            If the source has neither activities of sleep nor ``sleep_phase``.
        """
        from hexoframe.analysis.sleep import list_nights  # noqa: PLC0415

        return list_nights(self)

    @one_warning()
    def breaths(
        self,
        source: BreathSource = "device",
        *,
        calibration: VolumeCalibration | None = None,
        longest_s: float = 15.0,
    ) -> pd.DataFrame:
        """Return the breaths of the record, a row a breath.

        A breath goes from the beginning of an inspiration to that of the next one.

        Parameters
        ----------
        source : {"device", "waveform"}
            The events of the device (``inspiration``, ``expiration``), or those that
            the signal of the belts shows (needs scipy; see `check_breaths`).
        calibration : VolumeCalibration, optional
            What `calibrate` returned for this record: makes volumes of amplitudes. By
            default they are those of the device, which hold one gain for everybody.
        longest_s : float, in s, default 15.0
            Longer ones are not usable: in the real exports each of them was many
            breaths that the device missed. Give more to look for pauses.

        Returns
        -------
        DataFrame
            * ``start``: beginning of the inspiration
            * ``expiration``: beginning of the expiration; missing where none was found
            * ``end``: beginning of the next inspiration
            * ``ti``: time of the inspiration, from start to expiration
            * ``te``: time of the expiration, from expiration to end
            * ``ttot``: time of the breath, from start to end
            * ``duty_cycle``: ti / ttot
            * ``amplitude``: fall of the weighted signal of the belts (0.75 thoracic +
              0.25 abdominal) while inhaling
            * ``volume``: tidal_volume at the first second that ends 0.75 s or more
              after the expiration began, missing if the next one began by then; with a
              calibration slope x amplitude
            * ``rsa``: respiratory sinus arrhythmia, the longest RR interval that ends
              in the expiration less the shortest one that ends in the inspiration, and
              0 where that is negative
            * ``moving``: whether a step was taken in it; missing without the channel
              step
            * ``usable``: whether there is no reason against it
            * ``reason``: why it is not usable, the first that holds: gap, not_worn,
              handled, flagged, no expiration, long, implausible

            The table has its units in ``frame.attrs["hexoframe"]["units"]``; `summary`
            and `hrv` take it as their spans.

        Raises
        ------
        ConfigurationError
            If the record has no such channels, as a CSV of the dashboard; if the
            calibration is of another record or donning; or if an argument is none of
            these.
        UnknownChannelError
            If a channel was left out when the record was opened.

        Notes
        -----
        Reasons: ``gap``, the belts have no signal in it (seconds of the rate are
        missing, in a record without the waveform), so no breath goes across one;
        ``not_worn`` and ``handled`` as in `wear`; ``flagged``, the device doubts a belt
        in a second of it; ``no expiration``; ``long``, above `longest_s`;
        ``implausible``, the signal does not fall, or rate or volume are outside the
        limits of `hexoframe.channel_table` (a breath under 1 s). Arrhythmia: peak to
        trough as in Grossman, van Beek and Wientjes, Psychophysiology 27 (1990) 702, of
        intervals that count as in `hrv`; only of breaths that such intervals cover
        whole, three at least, one in each part. The belt signal falls while inhaling,
        and its counts differ from donning to donning.

        Examples
        --------
        >>> breaths = record.breaths()  # doctest: +SKIP
        >>> breaths[breaths["usable"]].describe()  # doctest: +SKIP
        """
        from hexoframe.analysis.breaths import list_breaths  # noqa: PLC0415

        return list_breaths(self, source, calibration=calibration, longest_s=longest_s)

    @one_warning()
    def breathing(  # noqa: PLR0913  # each is a question of its own
        self,
        window: By = "5min",
        *,
        source: BreathSource = "device",
        calibration: VolumeCalibration | None = None,
        longest_s: float = 15.0,
        min_share: float | None = None,
        min_breaths: int = 5,
        origin: Origin = "start",
    ) -> pd.DataFrame:
        """Return rate, variability and volumes of breathing, a row a span.

        Parameters
        ----------
        window : str, Timedelta, DataFrame or None, default "5min"
            Spans, as for `hrv`. A span has the breaths that begin in it.
        source, calibration, longest_s
            As for `breaths`.
        min_share : float, optional
            Share of a span that usable breaths must cover for it to have figures: by
            default 0.8 of a length of time, and 0.1 of any other span.
        min_breaths : int, default 5
            Usable breaths that a span must have.
        origin : {"start", "epoch"}
            Where windows of one length begin.

        Returns
        -------
        DataFrame
            Labels of the span, ``start``, ``end``, ``span_share``. Then, of usable
            breaths alone:

            * ``n_breaths``: usable breaths that begin in the span
            * ``good_share``: part of the span that usable breaths cover
            * ``rate``: 60 / ttot
            * ``ti``: mean time of the inspiration
            * ``te``: mean time of the expiration
            * ``ttot``: mean time of a breath
            * ``ttot_sd``: standard deviation (n - 1) of the times of breaths
            * ``ttot_cv``: 100 x ttot_sd / ttot
            * ``duty_cycle``: mean of ti / ttot of each breath
            * ``amplitude``: mean amplitude
            * ``tidal_volume``: mean volume of the breaths that have one
            * ``ventilation``: volume a minute of the breaths that have one, over the
              time that they take
            * ``n_volumes``: breaths with a volume
            * ``rsa``: mean respiratory sinus arrhythmia of the breaths that have one
            * ``n_rsa``: breaths with a respiratory sinus arrhythmia
            * ``note``: why there are no figures, and which breaths were left out

        Raises
        ------
        ConfigurationError, UnknownChannelError
            As for `breaths`; also if `window` names no spans.
        TimestampError
            If a time of a table has no zone, or a span ends before it starts.

        Notes
        -----
        A quick breath has no volume where the next one follows before the device told
        it, so ``tidal_volume`` and ``ventilation`` rest on ``n_volumes``, and ``rsa``
        on ``n_rsa``; under `min_breaths` of them they are missing.

        Examples
        --------
        >>> record.breathing()[["start", "rate", "ttot_cv"]]  # doctest: +SKIP
        """
        from hexoframe.analysis.breathing import summarise_breathing  # noqa: PLC0415

        return summarise_breathing(
            self,
            window,
            source=source,
            calibration=calibration,
            longest_s=longest_s,
            min_share=min_share,
            min_breaths=min_breaths,
            origin=origin,
        )

    @one_warning()
    def check_breaths(
        self,
        by: By = "5min",
        *,
        min_share: float = 0.1,
        origin: Origin = "start",
    ) -> pd.DataFrame:
        """Compare the breaths of the device with the signal of its belts; needs scipy.

        Parameters
        ----------
        by : str, Timedelta, DataFrame or None, default "5min"
            Spans, as for `summary`.
        min_share : float, default 0.1
            Share of a span that must be comparable for it to have figures.
        origin : {"start", "epoch"}
            Where windows of one length begin.

        Returns
        -------
        DataFrame
            Labels of the span, ``start``, ``end``, ``span_share``. Then:

            * ``judged_share``: part of the span that can be compared: the belts have a
              signal, nothing is flagged, the shirt is worn and not handled
            * ``device``: inspirations of the device
            * ``waveform``: inspirations in the signal of the belts, matched + missed
            * ``matched``: those of the device that the signal has too, within 0.75 s,
              each the nearest to the other
            * ``missed``: those of the signal that the device has not
            * ``extra``: those of the device that the signal has not
            * ``device_rate``: device a minute of the time that can be compared
            * ``waveform_rate``: waveform a minute of the same time
            * ``difference``: 100 x (device / waveform - 1)
            * ``offset_ms``: median of signal - device, of matched ones
            * ``jitter_ms``: standard deviation (n - 1) of the same
            * ``agrees``: whether the difference is 5 % or less; missing where nothing
              can be compared
            * ``note``: why the two do not agree, or cannot be compared

        Raises
        ------
        ConfigurationError
            If the record has no breaths or no belts, scipy is not installed, or an
            argument is none of these.
        TimestampError
            If a time of a table has no zone, or a span ends before it starts.

        Notes
        -----
        The signal is 0.75 thoracic + 0.25 abdominal (a belt without a signal is left
        out), below 1.5 Hz (Butterworth of order 2, forward and backward). A peak is the
        beginning of an inspiration if it rises above the lowest points within 10 s to
        both sides by 10 counts and by 30 % of the upper quartile of the 17 peaks
        around it; it is placed at the highest sample within 0.2 s. The waveform is read
        in pieces.
        """
        from hexoframe.analysis.breathcheck import compare_breaths  # noqa: PLC0415

        return compare_breaths(self, by, min_share=min_share, origin=origin)

    @one_warning()
    def calibrate(
        self, volumes: pd.DataFrame | None = None, *, weight: float | None = None
    ) -> VolumeCalibration:
        """Return what makes volumes of the counts of the belts, for this donning.

        How far belts move for a litre changes each time a shirt is put on. So the
        result names this record and the span in which the shirt was not taken off, and
        `breaths` refuses it for any other.

        Parameters
        ----------
        volumes : DataFrame, optional
            Spirometer: columns ``start`` and ``end`` (times with a zone) and
            ``volume``, what all breaths that lie wholly in the span inhaled, in mL.
            At least three rows of usable breaths; rows with others are left out.
        weight : float, in kg, optional
            Instead of pairs: the vendor's rule, 13.28 mL a count for 65 kg, in
            proportion. It is no calibration of a person, and holds for the record.

        Returns
        -------
        VolumeCalibration
            ``slope`` (mL per count, a line through 0 by least squares), ``residual``
            (standard deviation around it, mL), ``n`` (pairs), ``left_out``, ``method``,
            ``record_id``, ``family``, ``start_tick`` and ``end_tick``.

        Raises
        ------
        ConfigurationError
            If neither or both are given, too few pairs are usable, or they are from
            before and after the shirt was taken off.
        TimestampError
            If a time has no zone, or a span ends before it starts.

        Examples
        --------
        >>> calibration = record.calibrate(pairs)  # doctest: +SKIP
        >>> record.breaths(calibration=calibration)["volume"]  # doctest: +SKIP
        """
        from hexoframe.analysis.volumes import calibrate_volumes  # noqa: PLC0415

        return calibrate_volumes(self, volumes, weight=weight)

    @one_warning()
    def activity_bouts(
        self,
        *,
        threshold: float,
        min_length: Length = "1min",
        max_dip: Length = "0s",
    ) -> pd.DataFrame:
        """Return the bouts of activity, a row a bout.

        A bout is a run of seconds with an activity of `threshold` or more. A second
        that is missing, or of a shirt that was off, ends it.

        Parameters
        ----------
        threshold : float, in g
            Least activity of a second. No cut-point is published for the activity of
            these shirts, so there is no default: look at ``record.plot("activity")``.
        min_length : str, Timedelta or number of seconds, default "1min"
            Shorter runs are no bouts.
        max_dip : str, Timedelta or number of seconds, default "0s"
            How long activity may be below the threshold within a bout.

        Returns
        -------
        DataFrame
            * ``start``: beginning of the first second at the threshold or above
            * ``end``: end of the last second at the threshold or above
            * ``length``: from start to end
            * ``mean_activity``: mean of its plausible seconds
            * ``max_activity``: largest of its plausible seconds
            * ``steps``: steps in it
            * ``cadence``: steps a minute over its length
            * ``good_share``: part of its seconds with a plausible activity

            In g and steps a minute. `summary`, `hrv` and `postures` take the table as
            their spans.

        Raises
        ------
        ConfigurationError
            If the record has no activity, or an argument is none of these.

        Examples
        --------
        >>> bouts = record.activity_bouts(threshold=0.1)  # doctest: +SKIP
        >>> record.summary(by=bouts[["start", "end"]], wide=True)  # doctest: +SKIP
        """
        from hexoframe.analysis.activity import list_bouts  # noqa: PLC0415

        return list_bouts(
            self, threshold=threshold, min_length=min_length, max_dip=max_dip
        )

    @without_warning()
    def steps(self, by: By = None, *, origin: Origin = "start") -> pd.DataFrame:
        """Return steps and the minutes of each band of cadence, a row a span.

        Parameters
        ----------
        by : str, Timedelta or DataFrame, optional
            Spans, as for `summary`: ``"1min"`` gives the steps of each minute. The
            whole record by default.
        origin : {"start", "epoch", "midnight"}
            Where spans of equal length begin: as for `to_frame`.

        Returns
        -------
        DataFrame
            Labels of the span, ``start``, ``end``, ``span_share``. Then:

            * ``steps``: steps of a shirt that was not off
            * ``per_minute``: steps a minute of observed time
            * ``minutes``: whole minutes that were observed; the bands share them out
            * ``none``: minutes of 0 steps
            * ``incidental``: minutes of 1 to 19 steps
            * ``sporadic``: minutes of 20 to 39 steps
            * ``purposeful``: minutes of 40 to 59 steps
            * ``slow``: minutes of 60 to 79 steps
            * ``medium``: minutes of 80 to 99 steps
            * ``brisk``: minutes of 100 to 119 steps
            * ``fast``: minutes of 120 steps and more
            * ``good_share``: part of the span that was observed: recorded, and the
              shirt not off

            Minutes follow each other from the start of the span; what is left at its
            end belongs to no band. ``steps`` is missing where nothing was observed.

        Raises
        ------
        ConfigurationError
            If the record has no steps, or `by` names no spans.
        TimestampError
            If a time of a table has no zone, or a span ends before it starts.

        Notes
        -----
        Bands: Tudor-Locke and Rowe, Sports Medicine 42 (2012) 381-398; 100 steps a
        minute is their threshold of moderate intensity in adults.
        """
        from hexoframe.analysis.activity import count_steps  # noqa: PLC0415

        return count_steps(self, by, origin=origin)

    @without_warning()
    def postures(
        self,
        by: By = None,
        *,
        channel: Literal["device_position", "sleep_position"] = "device_position",
        origin: Origin = "start",
    ) -> pd.DataFrame:
        """Return how long each position was held, a row a span.

        Parameters
        ----------
        by : str, Timedelta or DataFrame, optional
            Spans, as for `summary`, such as ``"sleep"``. The whole record by default.
        channel : {"device_position", "sleep_position"}
            The side of the device that is up, or P1 to P5, of which P5 is upright; what
            P1 to P4 are depends on how the device lies in its pocket.
        origin : {"start", "epoch", "midnight"}
            Where spans of equal length begin: as for `to_frame`.

        Returns
        -------
        DataFrame
            Labels of the span, ``start``, ``end``, ``span_share``. Then:

            * ``position``: a column for each code, as hexoframe.code_table names it
            * ``undefined``: no position: code 0, a missing value, not recorded or not
              worn
            * ``not_worn``: with the shirt off, part of undefined
            * ``changes``: changes from one position to another
            * ``undefined_share``: undefined / length of the span

            In minutes, to the tick.

        Raises
        ------
        ConfigurationError
            If the record has no such channel, or `by` names no spans.
        TimestampError
            If a time of a table has no zone, or a span ends before it starts.
        """
        from hexoframe.analysis.activity import measure_postures  # noqa: PLC0415

        return measure_postures(self, by, channel=channel, origin=origin)

    @one_warning()
    def enmo(
        self,
        epoch: Length = "5s",
        *,
        origin: Origin = "start",
        min_share: float = 1.0,
    ) -> pd.DataFrame:
        """Return the acceleration beyond gravity (ENMO), a row an epoch.

        Parameters
        ----------
        epoch : str, Timedelta or number of seconds, default "5s"
            Length of an epoch.
        origin : {"start", "epoch", "midnight"}
            Where epochs begin: as for `to_frame`.
        min_share : float, default 1.0
            Share of its samples that an epoch must have; under it ENMO is NaN, so that
            nothing is said across a gap.

        Returns
        -------
        DataFrame
            Indexed by ``time``, the beginning of the epoch:

            * ``enmo``: mean of the length of the acceleration less 1 g, where above 0
            * ``good_share``: part of the samples of the epoch that is good: recorded,
              not clipped, the shirt not off

            In g.

        Raises
        ------
        ConfigurationError
            If the record has no acceleration, or an argument is none of these.

        Notes
        -----
        Euclidean norm minus one, negative values set to 0: van Hees et al., PLoS ONE 8
        (2013) e61691. Not calibrated: a sensor that shows more than 1 g at rest has
        that much more in every epoch. Cut-points of intensity were found at the wrist
        or hip and do not hold at the chest, so none is applied. The waveform is read in
        pieces.
        """
        from hexoframe.analysis.enmo import compute_enmo  # noqa: PLC0415

        table = compute_enmo(self, epoch, origin=origin, min_share=min_share)
        warn_of_scales(self, ["acceleration"])
        return table

    @one_warning()
    def energy(  # noqa: PLR0913  # what the estimate needs
        self,
        *,
        weight: float,
        height: float,
        age: float,
        sex: str,
        rest_hr: float,
        vo2max: float | None = None,
    ) -> pd.DataFrame:
        """Estimate the energy expenditure of each second from the heart rate.

        Parameters
        ----------
        weight, height, age, sex, rest_hr, vo2max
            Of the wearer, as for `summary`; they are stored nowhere.

        Returns
        -------
        DataFrame
            * ``energy``: energy expenditure estimated from the heart rate of each
              second

            In W, at the times of the usable heart rates. Its metadata says that it is
            an estimate.

        Raises
        ------
        ConfigurationError
            If the record has no heart rate, or an argument is none that a person has.

        Notes
        -----
        The equations are in `hexoframe.analysis.compute_energy`.
        """
        from hexoframe.analysis.activity import energy_of_record  # noqa: PLC0415

        return energy_of_record(
            self,
            weight=weight,
            height=height,
            age=age,
            sex=sex,
            rest_hr=rest_hr,
            vo2max=vo2max,
        )

    @without_warning()
    def methods(self) -> str:
        """Return a paragraph for the methods section of a paper.

        Returns
        -------
        str
            Device, record and versions, the channels and their rates, the rules of what
            is usable, and how much of this record they left out. Each figure is from
            the record; print it, and keep what you need.

        Examples
        --------
        >>> print(record.methods())  # doctest: +SKIP
        """
        from hexoframe.analysis.methods import describe_methods  # noqa: PLC0415

        return describe_methods(self)

    @one_warning()
    def plot(
        self,
        what: str | int | None = None,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        duration: Length | None = None,
        ax: Any = None,
    ) -> tuple[Figure, Any]:
        """Draw a picture; needs the extra ``hexoframe[plot]``.

        Parameters
        ----------
        what : str or int, optional
            ``"overview"``, which is the default; ``"beats"``, ``"breaths"``,
            ``"coverage"``, ``"hrv"``, ``"rr"``, ``"sleep"``, ``"summary"``; or any
            channel or column: ``"ecg"``, ``"respiration"``, ``"rr_interval"`` and
            ``"activity"`` have pictures of their own. Up to a minute of ECG is a strip
            on millimetre paper.
        start, end : str, datetime, timedelta, int or float, optional
            Where to begin and to end, as for `between`: a time with a zone, or a length
            behind the start of the record, such as ``"90s"``; all of it by default.
        duration : str, timedelta or number, optional
            How long, such as ``"10s"``, in the place of an end.
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
            If matplotlib is not installed, a length of time is not valid, both an end
            and a duration are given, a part of the coverage is asked for, or there is
            nothing to draw.
        TimestampError
            If a time has no zone, or there is nothing of the record then.
        UnknownChannelError
            If the model has no such channel.
        """
        from hexoframe.plotting import plot_record  # noqa: PLC0415

        return plot_record(self, what, start=start, end=end, duration=duration, ax=ax)

    @one_warning()
    def explore(
        self,
        path: str | Path | None = None,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        channels: Sequence[str | int] | None = None,
        overwrite: bool = False,
    ) -> RecordView:
        """Return a page to zoom into the record, from the night to the single beat.

        One HTML file with the samples in it: a browser opens it from the disk, offline,
        and a notebook shows it inline. It says times in the zone of the record and
        ticks, shades what is missing or in doubt, and writes the line
        ``record.between(...)`` of what is in view.

        Parameters
        ----------
        path : str or Path, optional
            File to write, such as ``"night.html"``; without it nothing is written.
        start, end : str, datetime, timedelta, int or float, optional
            Where to begin and to end, as for `between`; all of it by default.
        channels : sequence of str or int, optional
            Channels and columns, in the order of their panels. By default the first
            lead of the ECG, the belts, what is at 1 Hz, the intervals between beats and
            the states, as far as the record has samples of them.
        overwrite : bool, default False
            Whether a file from before may be replaced.

        Returns
        -------
        RecordView
            The page: ``path``, ``html``, and ``reduced``, the channels of which it does
            not hold every sample.

        Raises
        ------
        ConfigurationError
            If the record has none of the channels, or `path` does not end in .html.
        UnknownChannelError
            If the model has no such channel.
        TimestampError
            As for `between`.
        OutputExistsError
            If the file has other content and `overwrite` was not given.

        Notes
        -----
        A file holds every sample as far as 25 MB allow, which is about a day of ECG and
        belts; without a path, in a notebook, 10 MB. Beyond, the largest channels keep
        the lowest and the highest sample of each 1/16 s (or of longer spans), which the
        page says. ``hexoframe explore`` shows every sample of any record.
        """
        from hexoframe.report.view import make_view  # noqa: PLC0415

        part = self if start is None and end is None else self.between(start, end)
        return make_view(part, path, channels=channels, overwrite=overwrite)

    # -- exits ---------------------------------------------------------------------

    def report(
        self, path: str | Path, *, identify: bool = False, overwrite: bool = False
    ) -> Path:
        """Write a page that opens without Python; needs ``hexoframe[report]``.

        One file, for a reviewer, a supervisor or the records of a laboratory: a line of
        verdict, coverage and wear, the record on one page, the best and the worst
        minute of its ECG, beats, breathing and sleep with their tables, the summary
        beside the vendor's figures, the paragraph of `methods`, and receipts: versions,
        and a checksum of the samples of each channel. It prints on A4, is light or dark
        as the reader's system, asks for no address and runs nothing.

        Parameters
        ----------
        path : str or Path
            File to write, ending in .html.
        identify : bool, default False
            Whether to name the wearer's e-mail and user id and the device, and to show
            what was written by hand: comments of annotations. Without it the id of the
            record is shown all the same, which says nothing to whoever has no access to
            the account, and so are the names of activities.
        overwrite : bool, default False
            Whether a file from before may be replaced.

        Returns
        -------
        Path
            The file. The same record gives the same file, whenever it is written.

        Raises
        ------
        ConfigurationError
            If matplotlib or jinja2 is not installed, or the path does not end in .html.
        OutputExistsError
            If the file has other content and `overwrite` was not given; one with the
            same is left as it is.

        Examples
        --------
        >>> record.report("record.html")  # doctest: +SKIP
        """
        from hexoframe.plotting import plot_record  # noqa: PLC0415
        from hexoframe.report.page import shown_channels, write_report  # noqa: PLC0415

        with without_warning():
            target = write_report(
                self, path, draw=plot_record, identify=identify, overwrite=overwrite
            )
        warn_of_scales(self, shown_channels(self))
        return target

    def to_txt(  # noqa: PLR0913  # the settings of the old script
        self,
        root: str | Path,
        *,
        timestamps: Literal["epoch", "string"] = "epoch",
        timestamp_format: str = CLASSIC_FORMAT,
        tz: str | tzinfo = "UTC",
        dialect: Literal["classic", "port"] = "classic",
        units: Literal["classic", "physical"] = "classic",
        channels: Sequence[str | int] | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write the .txt files of HxApi2_0.

        Parameters
        ----------
        root : str or Path
            Folder in which ``<e-mail or user id>/<record id>/`` is made.
        timestamps : {"epoch", "string"}
            Ticks, or text.
        timestamp_format : str
            strftime format of the text; the classic one holds a tab.
        tz : str or ZoneInfo, default "UTC"
            Zone of the text, whatever the zone that the record is shown in.
        dialect : {"classic", "port"}, default "classic"
            Which HxApi2_0: the vendor's of 2015 (``heartrate.txt``, 12 significant
            digits, halves of a microsecond rounded up), or its port to Python 3
            (``heart_rate.txt`` for a Hexoskin, all digits, halves rounded to even).
            Reading gets the other digits back where a count stands behind a value; the
            adjusted volumes have none, and only the port keeps all of theirs.
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
            If there are such files with other content and `overwrite` was not given.
            Those with the same are left as they are, and only missing ones written.
        """
        return self._write(
            formats.TXT,
            root,
            channels=channels,
            overwrite=overwrite,
            timestamps=timestamps,
            timestamp_format=timestamp_format,
            tz=zone_name(tz),
            dialect=dialect,
            units=units,
        )

    @one_warning()
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
        origin : {"epoch", "start", "midnight"}
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
            If the target has other content and `overwrite` was not given; one with
            the same is left as it is.
        ConfigurationError
            If `root` names a file and no rate is given.
        """
        if rate is None:
            if Path(root).suffix.lower() == ".csv":
                raise ConfigurationError(
                    f"{root} names a file, and without rate= a folder of files is "
                    "written: give a folder, or a rate such as rate='1s' for one "
                    "aligned file"
                )
            return self._write(
                formats.CSV, root, channels=channels, overwrite=overwrite
            )
        from hexoframe.analysis.blocks import align_blocks  # noqa: PLC0415
        from hexoframe.formats.own.csv import write_frame  # noqa: PLC0415
        from hexoframe.recording.metadata import with_units  # noqa: PLC0415

        # A file without a manifest must say its units.
        blocks = (
            with_units(frame)
            for frame, _ in align_blocks(self, rate, channels=channels, origin=origin)
        )
        target = expanded(root)
        with writing_to(target):
            return write_frame(blocks, target, overwrite=overwrite)

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
            If there are such files with other content and `overwrite` was not given.
            Those with the same are left as they are, and only missing ones written.
        """
        return self._write(
            formats.PARQUET, root, channels=channels, overwrite=overwrite
        )

    @one_warning()
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
            If the file has other content and `overwrite` was not given; one with the
            same is left as it is.
        ConfigurationError
            If scipy is not installed, or a channel is too large for the format.
        """
        return self._write(formats.MAT, path, channels=channels, overwrite=overwrite)

    @one_warning()
    def to_edf(
        self,
        path: str | Path,
        *,
        channels: Sequence[str | int] | None = None,
        gaps: Literal["raise", "fill", "split"] = "raise",
        overwrite: bool = False,
    ) -> Path:
        """Write EDF+, which EDFbrowser, MNE, edfio and pyedflib read.

        Parameters
        ----------
        path : str or Path
            File to write; with ``gaps="split"`` a folder of files, without the suffix.
        channels : sequence of str or int, optional
            Channels; all that the record has by default.
        gaps : {"raise", "fill", "split"}, default "raise"
            What to do where samples or values are missing: EDF has a place for each.
            "fill" writes the digital minimum and marks it with an annotation ``BAD_gap
            <channel>`` or ``BAD_nan <column>``. "split" writes a file for each part
            between, where a gap is a second or longer; a shorter one is filled and
            marked.
        overwrite : bool, default False
            Whether files from before may be replaced.

        Returns
        -------
        Path
            The file, or the folder.

        Raises
        ------
        OutputExistsError
            If the file has other content and `overwrite` was not given; one with the
            same is left as it is.
        ConfigurationError
            If there is a gap and `gaps` is "raise", if samples are off their grid, or
            counts do not fit into 16 bits.

        Notes
        -----
        A channel of 1 Hz and more is a signal ``<id>:<name>``, as the vendor labels it,
        of the counts of the recorder; counts of unsigned channels of 16 bits are lower
        by 32 768. A count that was no whole number is rounded, with a warning. A value
        at 1 Hz is that of the second in which it stands; a frame has it at the end of
        that second. After its last sample, up to the end of a data record of a second,
        a signal is filled, with an annotation ``padding <channel>``.

        Events, states, slower channels, activities and annotations are annotations, at
        their exact times. The exact start of the record is in the field for the
        recording and in the time of the first data record; `open_record` reads it.
        Track, metrics, statistics and other facts have no place; name, birth date and
        other facts of a person are never written.

        Source: Kemp and Olivan 2003, https://www.edfplus.info/specs/edfplus.html.

        Examples
        --------
        >>> record.to_edf("night.edf")  # doctest: +SKIP
        """
        return self._write(
            formats.EDF, path, channels=channels, overwrite=overwrite, gaps=gaps
        )

    @one_warning()
    def to_kubios(
        self,
        path: str | Path,
        *,
        beats: Counted = "good",
        gaps: Literal["raise", "split"] = "raise",
        overwrite: bool = False,
    ) -> Path:
        """Write the RR intervals as text for Kubios HRV: one a line, in s.

        Parameters
        ----------
        path : str or Path
            File to write; with ``gaps="split"`` a folder of files, without the suffix.
        beats : {"good", "nn", "all"}, default "good"
            Intervals that count, as for `hrv`.
        gaps : {"raise", "split"}, default "raise"
            What to do where no beat counts for more than 3 s: Kubios adds the intervals
            up, so that a hole would be closed. "split" writes a file for each stretch
            between, and ``stretches.csv`` with the start of each, its length in s and
            its number of intervals. Shorter holes are closed up, with a warning.
        overwrite : bool, default False
            Whether files from before may be replaced.

        Returns
        -------
        Path
            The file, or the folder.

        Raises
        ------
        OutputExistsError
            If the file has other content and `overwrite` was not given; one with the
            same is left as it is.
        ConfigurationError
            If there is a hole of more than 3 s and `gaps` is "raise", or if the record
            has no RR intervals, or none that counts.

        Examples
        --------
        >>> record.to_kubios("rr.txt")  # doctest: +SKIP
        """
        return self._write(
            formats.KUBIOS, path, channels=["rr_interval"], overwrite=overwrite,
            beats=beats, gaps=gaps,
        )  # fmt: skip

    @one_warning()
    def to_wfdb(
        self,
        root: str | Path,
        *,
        channels: Sequence[str | int] | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write WFDB records, as PhysioNet has them: one a rate.

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
            The folder, with ``record_<id>_256hz.hea`` and ``.dat`` and so on for each
            rate of 1 Hz and more. Samples are the counts of the recorder, in 16 bits
            or, where these do not hold them all, in 24; a sample that is missing has
            the value that WFDB keeps for it. The header has the gain, the baseline and
            the time of the first sample, rounded to us; the exact tick is in a comment.

        Raises
        ------
        OutputExistsError
            If there are such files with other content and `overwrite` was not given.
        ConfigurationError
            If no channel has a sample, or samples are off the grid of their rate.

        Notes
        -----
        Events, states, slower channels, activities and annotations have no place, which
        a warning says. Source: https://physionet.org/physiotools/wag/header-5.htm.

        Examples
        --------
        >>> record.to_wfdb("deposit")  # doctest: +SKIP
        """
        return self._write(formats.WFDB, root, channels=channels, overwrite=overwrite)

    @one_warning()
    def to_bids(  # noqa: PLR0913  # the entities of a name, each a word of its own
        self,
        root: str | Path,
        *,
        subject: str | None = None,
        session: str | None = None,
        task: str = "recording",
        run: int | None = None,
        channels: Sequence[str | int] | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write the record into a BIDS dataset, as physiological recordings.

        Parameters
        ----------
        root : str or Path
            Folder of the dataset, which is made, or gets one recording more.
        subject : str, optional
            Label of the subject, of letters and digits; by default those of the
            pseudonym or id of the record or, without one, its start.
        session : str, optional
            Label of the session.
        task : str, default "recording"
            What the subject did, of letters and digits.
        run : int, optional
            Number of the recording, where there are several.
        channels : sequence of str or int, optional
            Channels; all that the record has by default.
        overwrite : bool, default False
            Whether files from before may be replaced.

        Returns
        -------
        Path
            The folder ``sub-<subject>/beh`` with a ``_physio.tsv.gz`` for each rate,
            ``n/a`` where a sample is missing, and ``_events.tsv`` with what has a time
            of its own: beats, breaths, steps, states, slower channels, activities and
            notes. Times count from the start of the record, which ``_scans.tsv`` says.

        Raises
        ------
        OutputExistsError
            If there are such files with other content and `overwrite` was not given.
        ConfigurationError
            If a label has other signs, or samples are off the grid of their rate.

        Notes
        -----
        Nothing that names a person or a device is written, but the text of notes is.
        Track, metrics and statistics are left out, which a warning says. For a study
        see `hexoframe.open_study`. Source:
        https://bids-specification.readthedocs.io, version 1.10.

        Examples
        --------
        >>> record.to_bids("dataset", subject="01", task="rest")  # doctest: +SKIP
        """
        return self._write(
            formats.BIDS, root, channels=channels, overwrite=overwrite,
            subject=subject, session=session, task=task, run=run,
        )  # fmt: skip

    # -- other libraries -----------------------------------------------------------

    @one_warning()
    def to_neurokit(
        self,
        channel: str | int,
        *,
        gaps: Gaps = "raise",
        beats: Counted = "good",
    ) -> Any:
        """Return a channel as NeuroKit2 takes it; nothing is imported.

        Parameters
        ----------
        channel : str or int
            A channel at an even rate, or one column of it (``"ecg_i"``,
            ``"respiration_thoracic"``); or ``"rr_interval"`` for the beats. Samples
            are all that were measured, also what is flagged or not worn (see `usable`).
        gaps : {"raise", "fill"}
            What to do where samples are missing: nothing, with an error that names
            them, or put NaN in their places, so that times stay right.
        beats : {"good", "nn", "all"}
            Intervals that count, as for `hrv`; the others are left out.

        Returns
        -------
        (ndarray of float64, float), or dict
            The signal from its first to its last value, in the unit of the channel, and
            its sampling rate in Hz, the one to give as ``sampling_rate=``. Channels of
            a record have rates of their own: the belts are at half the rate of the ECG.

            Of the beats ``{"RRI": ..., "RRI_Time": ...}``: intervals in ms, and the
            times of their later beats in s since the start of the record, for
            ``neurokit2.hrv_time`` and the like. They take no differences across holes,
            since the times tell where these are.

        Raises
        ------
        ConfigurationError
            If a channel has no even rate, several columns or no samples, samples are
            missing and `gaps` is ``"raise"``, or an argument is none of these.
        UnknownChannelError
            If the model has no such channel, or it was left out.

        Examples
        --------
        >>> signal, rate = record.to_neurokit("respiration_thoracic")  # doctest: +SKIP
        >>> neurokit2.rsp_process(signal, sampling_rate=rate)  # doctest: +SKIP
        >>> neurokit2.hrv_time(record.to_neurokit("rr_interval"))  # doctest: +SKIP
        """
        from hexoframe.bridges.neurokit import to_neurokit  # noqa: PLC0415

        taken = to_neurokit(self, channel, gaps=gaps, beats=beats)
        warn_of_scales(self, [channel])
        return taken

    @one_warning()
    def to_mne(
        self,
        channels: Sequence[str | int] | None = None,
        *,
        gaps: Gaps = "raise",
    ) -> dict[float, Any]:
        """Return a ``Raw`` of MNE for each sampling rate; needs ``hexoframe[mne]``.

        Parameters
        ----------
        channels : sequence of str or int, optional
            Channels and columns at an even rate; by default all that the record has, of
            1 Hz and more, without flags.
        gaps : {"raise", "fill"}
            What to do where samples are missing, as for `to_neurokit`.

        Returns
        -------
        dict of float to mne.io.RawArray
            By the rate in Hz, the fastest first, over the time that all channels of the
            rate have. ECG in V, all else in the unit that the description names.
            ``meas_date`` is the time at which the first sample begins (a value at 1 Hz
            begins a second before its stamp), in microseconds; the exact tick is in
            ``raw.info["description"]``, as JSON.

            Annotations ``BAD_<reason>`` cover what `bad_spans` says of each column, as
            far as there are samples, with ``ch_names``; those of missing samples are
            ``BAD_ACQ_SKIP``, which filters of MNE leave out. Those of the record, such
            as button presses, are called ``annotation``, with their comments.

        Raises
        ------
        ConfigurationError
            If MNE is not installed, a channel has no even rate or no samples, or
            samples are missing and `gaps` is ``"raise"``.
        UnknownChannelError
            If the model has no such channel, or it was left out.

        Examples
        --------
        >>> record.to_mne(["ecg"])[256].filter(1, 40, picks="ecg")  # doctest: +SKIP
        """
        from hexoframe.bridges.mne import to_mne  # noqa: PLC0415

        raws = to_mne(self, channels, gaps=gaps)
        warn_of_scales(self, channels)
        return raws

    def _write(self, form: formats.Format, target: str | Path, **options: Any) -> Path:
        """Write with a format, then warn of scales that were never confirmed."""
        path = form.write(self, target, **options)
        warn_of_scales(self, options["channels"])
        return path

    # -- repr ----------------------------------------------------------------------

    @without_warning()
    def __repr__(self) -> str:
        """One screen of facts; channels at 1 Hz are read for it."""
        from hexoframe.reprs import as_text  # noqa: PLC0415

        # As frames of pandas do, it fits the terminal, and is whole elsewhere.
        at_terminal = is_terminal(sys.stdout)
        return as_text(
            self, shutil.get_terminal_size().columns if at_terminal else None
        )

    @without_warning()
    def _repr_html_(self) -> str:
        """Return the same facts as a table for notebooks, with sparklines."""
        from hexoframe.reprs import as_html  # noqa: PLC0415

        return as_html(self)
