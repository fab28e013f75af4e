r"""The functions of the old script HxApi2_0, for scripts that must go on running.

A script in Python 3 needs one changed import::

    import hexoframe.hxapi as HxApi2_0

    auth = HxApi2_0.SessionInfo(
        publicKey=..., privateKey=..., username=..., password=...
    )
    data = HxApi2_0.getRecordData(auth, recordID=12345)
    HxApi2_0.saveTxt(data, "HexoskinData/")

Names, arguments, results and files are those of the vendor's last version, of 2015,
without its faults: README lists the differences. Where the port to Python 3 has other
names, both answer: ``data["heartrate"]`` and ``data["heart_rate"]``. Records are loaded
by `hexoframe.client`, so a second load comes from the cache. New programs should use
`hexoframe.load_record`.

The functions are here; `samples` collects what they return, `objects` lists what the
service has, `files` writes the .txt, `sessions` logs in.

These variables may be set or edited after the import:

=================== ================================================================
`MODEL`             ``"Hexoskin"`` or ``"CHA3000"``; resets the two tables below
`DIALECT`           ``"classic"``, or ``"port"`` for the names and files of the port to
                    Python 3; resets them too
`raw_datatypes`     name of a file -> ids of the waveforms in it
`datatypes`         the same for all other channels
`TIMESTAMP`         ``"Epoch"`` (ticks) or ``"String"`` (text)
`TIMESTAMP_FORMAT`  strftime format of the text
`TIMEZONE`          zone of the text, such as ``"America/Montreal"``; the old script
                    took that of the computer
`dataSampleRate`    ticks a sample; not used, kept for scripts that read it
=================== ================================================================
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, get_args

from hexoframe.api.http.objects import field_of
from hexoframe.api.load.recordhead import object_path
from hexoframe.api.load.resources import id_of
from hexoframe.formats.text.lines import Stamps
from hexoframe.formats.text.names import Dialect
from hexoframe.formats.text.writer import halves_of
from hexoframe.hxapi.files import (
    MODELS,
    SAMPLE_RATES,
    Model,
    check_choice,
    save,
    tables_of,
)
from hexoframe.hxapi.loading import samples_of_record, samples_of_user
from hexoframe.hxapi.objects import (
    ObjectSource,
    key_of,
    linked,
    list_objects,
    tick_of,
    track_points,
)
from hexoframe.hxapi.samples import SampleTuples
from hexoframe.hxapi.sessions import SessionInfo, client_of, test_auth
from hexoframe.paths import expanded, writing_to
from hexoframe.timestamps import CLASSIC_FORMAT, clock_of, ticks_to_text

if TYPE_CHECKING:
    from hexoframe.hxapi.names import DialectDict
    from hexoframe.timestamps import Clock

__all__ = [
    "DIALECT",
    "MODEL",
    "TIMESTAMP",
    "TIMESTAMP_FORMAT",
    "TIMEZONE",
    "SessionInfo",
    "clearCache",
    "convertTimestamps",
    "dataSampleRate",
    "datatypes",
    "getData",
    "getRangeData",
    "getRangeList",
    "getRecordData",
    "getRecordInfo",
    "getRecordList",
    "getTrackPoints",
    "getUnsubsampledData",
    "raw_datatypes",
    "saveTxt",
    "test_auth",
]

MODEL: Model = "Hexoskin"
DIALECT: Dialect = "classic"
TIMESTAMP: Literal["Epoch", "String"] = "Epoch"
TIMESTAMP_FORMAT = CLASSIC_FORMAT
TIMEZONE = "UTC"
raw_datatypes, datatypes = tables_of(MODEL, DIALECT)
dataSampleRate: dict[int, Any] = {
    number: rate or [] for number, rate in SAMPLE_RATES.items()
}

_STAMPS = ("Epoch", "String")
_CHOICES = {"MODEL": MODELS, "DIALECT": get_args(Dialect), "TIMESTAMP": _STAMPS}


class _Settable(ModuleType):
    """The module itself: checks what a script sets; tables follow it."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a variable of the module."""
        if name in _CHOICES:
            check_choice(f"{name} = {value!r}", value, _CHOICES[name])
        # An impossible zone or format shows here, not when a sample is looked at.
        if name == "TIMEZONE":
            ticks_to_text([], clock=256, tz=value)
        if name == "TIMESTAMP_FORMAT":
            ticks_to_text([], clock=256, fmt=value)
        super().__setattr__(name, value)
        if name in {"MODEL", "DIALECT"}:
            tables = tables_of(MODEL, DIALECT)
            super().__setattr__("raw_datatypes", tables.raw)
            super().__setattr__("datatypes", tables.others)


sys.modules[__name__].__class__ = _Settable


# -- data ------------------------------------------------------------------------------


def getRecordData(
    auth: SessionInfo,
    recordID: int | str,
    downloadRaw: bool = True,  # noqa: FBT001, FBT002  # as in the old script
) -> dict[str, Any]:
    """Return the samples of a record, its activities, its track and its facts.

    Parameters
    ----------
    auth : SessionInfo
        The login.
    recordID : int or str
        Id of the record.
    downloadRaw : bool, default True
        Whether to load `raw_datatypes` too.

    Returns
    -------
    dict
        A sequence of tuples for each name in `raw_datatypes` and `datatypes`, which
        answers to its name in the other dialect too; ``annotations``, the activities
        (ranges) that overlap the record; ``track``, the points of their tracks;
        ``info``, the record itself.

    Raises
    ------
    HexoframeError
        If the record cannot be loaded, or not completely.
    """
    client = client_of(auth)
    info = getRecordInfo(auth, recordID)
    names = _wanted(raw=downloadRaw)
    data = samples_of_record(client, info, names, stamps=_stamps)
    return data | _surroundings(auth, info)


def getRangeData(
    auth: SessionInfo,
    rangeID: int | str,
    downloadRaw: bool = True,  # noqa: FBT001, FBT002  # as in the old script
) -> dict[str, Any]:
    """Return the samples of a range (activity), as `getRecordData` does for a record.

    Parameters
    ----------
    auth, downloadRaw
        As for `getRecordData`.
    rangeID : int or str
        Id of the range.

    Returns
    -------
    dict
        As from `getRecordData`; ``info`` is the range.

    Raises
    ------
    HexoframeError
        If the range cannot be loaded, or not completely.
    """
    source = _source(auth)
    path = object_path("range", key_of("range", rangeID))
    info = linked(source.session.get_object(path), source)
    user, start, end = (field_of(info, name) for name in ("user", "start", "end"))
    data = getData(auth, user, start, end, downloadRaw)
    return data | _surroundings(auth, info)


def getData(
    auth: SessionInfo,
    user: int | str | Mapping[str, Any],
    start: int | str,
    end: int | str,
    downloadRaw: bool = True,  # noqa: FBT001, FBT002  # as in the old script
) -> dict[str, Any]:
    """Return the samples of a user between two ticks.

    Parameters
    ----------
    auth, downloadRaw
        As for `getRecordData`.
    user : int, str or dict
        Id, URI or e-mail address of the user, or ``record["user"]``; "" for yourself.
    start, end : int or str, in ticks
        First and last tick; both are included.

    Returns
    -------
    dict
        A sequence of tuples for each name in `raw_datatypes` and `datatypes`.

    Raises
    ------
    HexoframeError
        If the samples cannot be loaded, or not completely.
    """
    return _in_span(auth, user, (start, end), _wanted(raw=downloadRaw))


def getUnsubsampledData(
    auth: SessionInfo,
    userID: int | str | Mapping[str, Any],
    start: int | str,
    end: int | str,
    dataID: int | str | Sequence[int | str],
) -> SampleTuples | list[Any]:
    """Return the samples of some datatypes between two ticks.

    Parameters
    ----------
    auth : SessionInfo
        The login.
    userID, start, end
        As `user`, `start` and `end` for `getData`.
    dataID : int, str or sequence of them
        Datatypes; several become the values of one tuple.

    Returns
    -------
    SampleTuples
        A sequence of tuples.

    Raises
    ------
    HexoframeError
        If the samples cannot be loaded, or not completely.
    """
    collected = _in_span(auth, userID, (start, end), {"dataID": dataID})
    samples: SampleTuples | list[Any] = collected["dataID"]
    return samples


def _in_span(
    auth: SessionInfo, user: Any, span: tuple[Any, Any], names: Mapping[str, Any]
) -> DialectDict:
    """Load what a user recorded in a span of ticks, both ends included."""
    ticks = tick_of("start", span[0]), tick_of("end", span[1])
    return samples_of_user(client_of(auth), user, ticks, names, stamps=_stamps)


def _wanted(*, raw: bool) -> Mapping[str, Any]:
    return {**raw_datatypes, **datatypes} if raw else datatypes


def _source(auth: SessionInfo) -> ObjectSource:
    session = client_of(auth).session
    # The vendor's client calls the user who logged in an account, the port's a user.
    return ObjectSource(session, auth.api.own_id if DIALECT == "classic" else None)


def _stamps(clock: Clock) -> Stamps:
    if TIMESTAMP == "Epoch":
        return Stamps(clock=clock)
    return _text_stamps(clock)


def _text_stamps(clock: Clock) -> Stamps:
    return Stamps(
        clock=clock, fmt=TIMESTAMP_FORMAT, tz=TIMEZONE, halves=halves_of(DIALECT)
    )


def _surroundings(auth: SessionInfo, info: dict[str, Any]) -> dict[str, Any]:
    """Return the activities that overlap a record or a range, and their track."""
    user = id_of(field_of(info, "user"))
    filters = {
        "order_by": "start",
        "user": user,
        # A record that goes on has no end.
        "start__lt": info.get("end"),
        "end__gt": field_of(info, "start"),
    }
    source = _source(auth)
    ranges = list_objects(source, "range", filters)
    track = track_points(source, user, ranges)
    return {"annotations": ranges, "track": track, "info": info}


# -- lists and facts -------------------------------------------------------------------


def getRecordList(
    auth: SessionInfo,
    limit: int | str = "20",
    user: int | str | Mapping[str, Any] = "",
    deviceFilter: str = "",
    *,
    userFilter: int | str = "",
) -> list[dict[str, Any]]:
    """Return records, the newest first.

    Parameters
    ----------
    auth : SessionInfo
        The login.
    limit : int or str, default "20"
        How many at most; 0 for all.
    user : int, str or dict, optional
        Id, URI or e-mail address of a user, or ``record["user"]``.
    deviceFilter : str, optional
        Device, such as ``"HXSKIN1200001234"``.
    userFilter : int or str, optional
        Another name of `user`.

    Returns
    -------
    list of dict
        Records as the service gives them; ``record["user"].email`` is the wearer's.

    Raises
    ------
    ConfigurationError
        If `limit` is no whole number.
    """
    filters = {"user": id_of(user or userFilter), "device": id_of(deviceFilter)}
    return list_objects(_source(auth), "record", filters, limit)


def getRangeList(  # noqa: PLR0913, PLR0917  # as in the old script
    auth: SessionInfo,
    limit: int | str = "20",
    user: int | str | Mapping[str, Any] = "",
    activitytype: int | str = "",
    start: int | str = "",
    end: int | str = "",
) -> list[dict[str, Any]]:
    """Return ranges (activities), by their start.

    Parameters
    ----------
    auth, limit, user
        As for `getRecordList`.
    activitytype : int or str, optional
        Id of a type of activity.
    start, end : int or str, in ticks, optional
        Only ranges that begin at or after `start`, and end at or before `end`.

    Returns
    -------
    list of dict
        Ranges as the service gives them.

    Raises
    ------
    ConfigurationError
        If `limit` is no whole number.
    """
    filters = {
        "order_by": "start",
        "user": id_of(user),
        "activitytype": id_of(activitytype),
        "start__gte": start if start == "" else tick_of("start", start),
        "end__lte": end if end == "" else tick_of("end", end),
    }
    return list_objects(_source(auth), "range", filters, limit)


def getRecordInfo(auth: SessionInfo, recordID: int | str) -> dict[str, Any]:
    """Return a record as the service describes it.

    Parameters
    ----------
    auth : SessionInfo
        The login.
    recordID : int or str
        Id of the record.

    Returns
    -------
    dict
        Its fields; ``info["user"].email`` is the wearer's.

    Raises
    ------
    NotFoundError
        If there is no such record, or this user may not see it.
    """
    info = client_of(auth).record_info(key_of("record", recordID))
    return linked(info, _source(auth))


def getTrackPoints(
    auth: SessionInfo,
    userID: int | str | Mapping[str, Any],
    ranges: Iterable[Mapping[str, Any] | int],
) -> list[tuple[Any, ...]]:
    """Return the points of the tracks of some ranges.

    Parameters
    ----------
    auth : SessionInfo
        The login.
    userID : int, str or dict
        Whose they are.
    ranges : iterable of dict or int
        What `getRangeList` returns, or ids.

    Returns
    -------
    list of tuple
        Time, altitude, longitude, latitude and horizontal accuracy of every point.
    """
    return track_points(_source(auth), userID, ranges)


# -- the rest --------------------------------------------------------------------------


def convertTimestamps(arr: Any, format: str) -> Any:  # noqa: A002  # its old name
    """Return samples with their time as ticks or as text.

    Parameters
    ----------
    arr : SampleTuples, or list of tuple or int
        SampleTuples, or rows that begin with a tick, or ticks.
    format : {"Epoch", "String"}
        Ticks, or text in `TIMESTAMP_FORMAT` and `TIMEZONE`.

    Returns
    -------
    SampleTuples, or list of tuple or str
        Lists are returned as they are for "Epoch".

    Raises
    ------
    ConfigurationError
        If there is no such format.
    """
    check_choice(f"format={format!r}", format, _STAMPS)
    if isinstance(arr, SampleTuples):
        clock = arr.stamps.clock
        as_text = format == "String"
        return arr.stamped(_text_stamps(clock) if as_text else Stamps(clock=clock))
    if format == "Epoch" or not len(arr):
        return arr
    rows = [tuple(row) if isinstance(row, Iterable) else (row,) for row in arr]
    ticks = [tick_of("arr", row[0]) for row in rows]
    texts = ticks_to_text(
        ticks,
        clock=clock_of(ticks[0]),
        fmt=TIMESTAMP_FORMAT,
        tz=TIMEZONE,
        halves=halves_of(DIALECT),
    )
    return [
        text if len(row) == 1 else (text, *row[1:])
        for text, row in zip(texts.tolist(), rows, strict=True)
    ]


def saveTxt(data: Mapping[str, Any], dirname: str | Path) -> Path:
    """Write one .txt for each name into ``<dirname>/<e-mail>/<id>/``.

    Parameters
    ----------
    data : mapping
        Result of `getRecordData` or `getRangeData`, edited or not. Files of these names
        are replaced.
    dirname : str or Path
        Parent of the user's folder.

    Returns
    -------
    Path
        ``<dirname>/<e-mail>/<id>``.

    Raises
    ------
    ConfigurationError
        If ``data["info"]`` has no user or no id, or an entry is no sequence of rows.
    """
    target = expanded(dirname)
    with writing_to(target):
        return save(data, target, DIALECT)


def clearCache(auth: SessionInfo) -> None:
    """Remove all records from the cache on this computer.

    Samples that were loaded and not yet read are lost too.

    Parameters
    ----------
    auth : SessionInfo
        The login.
    """
    auth.api.clear_resource_cache()
