"""The client of the service: lists as DataFrames, records as `Record`.

A client is a session and a cache; each method calls `hexoframe.api`. The functions of
the front door, which make a client themselves, are in `service`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hexoframe.api.auth.credentials import base_url_of, find_credential
from hexoframe.api.http.objects import field_of
from hexoframe.api.http.session import ServiceSession
from hexoframe.api.links import CLOCK_OF_HOST
from hexoframe.api.load.download import (
    LoadOptions,
    Refresh,
    estimate_record,
    family_of_record,
    fetch_record,
    kept_record,
)
from hexoframe.api.load.follow import Follower, FollowOptions
from hexoframe.api.load.joining import check_apart, join_records
from hexoframe.api.load.recordhead import fetch_object, number_of
from hexoframe.api.load.resources import (
    annotations_frame,
    check_filters,
    frame_of,
    id_of,
    metrics_frame,
    query_of,
    ranges_frame,
    records_frame,
    users_frame,
)
from hexoframe.api.write.changes import ObjectChanges
from hexoframe.api.write.files import ActivityFiles
from hexoframe.cache import Cache
from hexoframe.errors import (
    ConfigurationError,
    HexoframeError,
    HexoframeWarning,
    NotFoundError,
    ResponseError,
    UnreachableError,
    warn,
)
from hexoframe.formats.options import ReadOptions
from hexoframe.paths import expanded
from hexoframe.record import Record
from hexoframe.recording.data import warn_of_model
from hexoframe.timestamps import clock_of, tick_to_time, time_to_tick
from hexoframe.timestamps.moments import Length, Moment

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.api.load.follow import LivePart
    from hexoframe.api.load.plan import Estimate, Transport
    from hexoframe.channels.calibration import Scale
    from hexoframe.recording.data import RecordData
    from hexoframe.timestamps import Clock

__all__ = ["Client", "connect", "load_span"]


def connect(  # noqa: PLR0913  # every way to log in
    base_url: str | None = None,
    *,
    username: str | None = None,
    password: str | None = None,
    api_key: str | None = None,
    api_secret: str | None = None,
    token: str | None = None,
    refresh_token: str | None = None,
    client_id: str | None = None,
    client_secret: str | None = None,
    scope: str | None = None,
    cache: bool | str | Path = True,
) -> Client:
    """Return a client of the service; no request is sent yet.

    Missing values come from ``HEXOFRAME_USERNAME``, ``HEXOFRAME_PASSWORD``,
    ``HEXOFRAME_API_KEY`` and so on, then from the token that `hexoframe.login` kept.

    Parameters
    ----------
    base_url : str, optional
        ``https://api.hexoskin.com`` (the default), ``https://astro.hexoskin.com``, or
        another server; ``HEXOFRAME_BASE_URL`` names it too.
    username, password : str, optional
        E-mail address and password.
    api_key, api_secret : str, optional
        Public and private key of an application, if the service wants signed requests.
    token, refresh_token : str, optional
        OAuth2 token, and the token that renews it.
    client_id, client_secret : str, optional
        OAuth2 client, which tokens are requested with.
    scope : {"readonly", "readwrite"}, optional
        What tokens are requested for; ``readonly`` by default, with which nothing can
        be created, changed or deleted.
    cache : bool, str or Path, default True
        Whether loaded records are kept, or the folder for them.

    Returns
    -------
    Client
        Close it, or use it in a ``with`` block.

    Raises
    ------
    AuthenticationError
        If no source has credentials for this host.
    ConfigurationError
        If a value is half of a pair, or the host is not reached by https.

    Examples
    --------
    >>> import hexoframe
    >>> client = hexoframe.connect()  # doctest: +SKIP
    >>> client.list_records(limit=5)  # doctest: +SKIP
    """
    given = {
        "username": username,
        "password": password,
        "api_key": api_key,
        "api_secret": api_secret,
        "token": token,
        "refresh_token": refresh_token,
        "client_id": client_id,
        "client_secret": client_secret,
        "scope": scope,
    }
    url = base_url_of(base_url)
    credential = find_credential(url, given=given)
    return Client.of(url, credential, cache=cache)


class Client(ObjectChanges, ActivityFiles):
    """The lists and records of one user on one server, and what that user writes.

    Made by `connect`, or of a session. Safe for use by several threads.

    Parameters
    ----------
    session : ServiceSession
        Sends the requests.
    cache : Cache, optional
        Stores loaded records; None keeps none.
    """

    def __init__(self, session: ServiceSession, cache: Cache | None = None) -> None:
        self.session = session
        self.cache = cache
        self._clock: Clock | None = None

    @classmethod
    def of(
        cls, base_url: str, credential: Any, *, cache: bool | str | Path = True
    ) -> Self:
        """Return a client for a host and a credential.

        Parameters
        ----------
        base_url : str
            The host.
        credential : Credential
            Credential of that host.
        cache : bool, str or Path, default True
            Whether records are kept, or the folder for them.
        """
        kept: Cache | None
        if isinstance(cache, bool):
            kept = Cache() if cache else None
        else:
            kept = Cache(expanded(cache, what="cache="))
        return cls(ServiceSession(base_url, credential), kept)

    def __repr__(self) -> str:
        """Return the host, and no secret."""
        return f"<Client of {self.base_url}>"

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections that are kept open."""
        self.session.close()

    @property
    def base_url(self) -> str:
        """Scheme, host and port."""
        return str(self.session.origin)

    # -- lists -----------------------------------------------------------------------

    def list_records(  # noqa: PLR0913  # the filters of the service
        self,
        /,
        *,
        user: int | str | None = None,
        device: str | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
        status: str | None = None,
        changed_since: datetime | str | None = None,
        limit: int | None = None,
        **filters: Any,
    ) -> pd.DataFrame:
        """Return the records that this user may see, the newest first.

        Parameters
        ----------
        user : int or str, optional
            Id, e-mail address or URI of the user who was recorded.
        device : str, optional
            Id of the device, such as ``HXSKIN1200002070``.
        start, end : int, str or datetime, optional
            Only records that begin at `start` or later, and end at `end` or before:
            times with a zone, or ticks.
        status : str, optional
            Only those of this status, such as ``complete``.
        changed_since : datetime or str, optional
            Only records that the service changed then or later (``last_modified``): a
            time with a zone.
        limit : int, optional
            How many at most; None for all.
        **filters
            Other filters of the service, such as ``id__in=[1, 2]`` or
            ``order_by="start"``.

        Returns
        -------
        DataFrame
            One row per record, index `start` (UTC, ns): id, duration, email, user,
            device, end, last_modified, clock (ticks per second), status.

        Raises
        ------
        TimestampError
            If a time has no zone, or `end` lies before `start`.
        ConfigurationError
            If the service has no such filter.
        RequestError
            If the service refuses, fails or cannot be reached.
        IncompleteDataError
            If fewer records came than the list holds.

        Warns
        -----
        HexoframeWarning
            If there are records, but none of that status; it lists the others.
        """
        given = {"user": user, "device": device, "start": start, "end": end}
        if changed_since is not None:
            filters["last_modified__gte"] = _change_of(changed_since)
        if status is None:
            return records_frame(self._newest("record", filters, limit, **given))
        # The service cannot filter by status.
        records = self._newest("record", filters, None, **given)
        others: set[str] = set()
        found = records_frame(islice(_of_status(records, status, others), limit))
        if others and not len(found):
            warn(
                f"no record has the status {status!r}; the status of the others: "
                f"{', '.join(sorted(others))}",
                HexoframeWarning,
            )
        return found

    def list_ranges(
        self,
        *,
        user: int | str | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
        limit: int | None = None,
        **filters: Any,
    ) -> pd.DataFrame:
        """Return the ranges (activities) that this user may see, the newest first.

        Parameters
        ----------
        user, start, end, limit, **filters
            As for `list_records`.

        Returns
        -------
        DataFrame
            One row per range, index `start` (UTC, ns): id, name, note, status, rank,
            activitytype, trainingroutine, last_modified, end, user, duration.
        """
        given = {"user": user, "start": start, "end": end}
        return ranges_frame(self._newest("range", filters, limit, **given))

    def list_users(self, *, limit: int | None = None, **filters: Any) -> pd.DataFrame:
        """Return the user and those who share with them.

        Parameters
        ----------
        limit, **filters
            As for `list_records`.

        Returns
        -------
        DataFrame
            One row per user: id, username, email, first_name, last_name, profile (id).
        """
        self._check_filters("user", filters)
        query = self._query(**filters)
        return users_frame(self.session.pages("/api/user/", query, limit=limit))

    def list_annotations(
        self,
        *,
        user: int | str | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
        limit: int | None = None,
        **filters: Any,
    ) -> pd.DataFrame:
        """Return annotations and button presses, the oldest first.

        Parameters
        ----------
        user, limit, **filters
            As for `list_records`; ``record=`` is one of the filters.
        start, end : int, str or datetime, optional
            Only those from `start` to `end`.

        Returns
        -------
        DataFrame
            One row per annotation, index `start` (UTC, ns): id, user, record, datatype,
            annotation (its text), last_modified.
        """
        self._check_filters("annotation", filters)
        query = self._query(user=user, start=start, **filters)
        if end is not None:
            # An annotation is a moment without an end.
            query["start__lte"] = self._query(end=end)["end__lte"]
        query.setdefault("order_by", "start")
        pages = self.session.pages("/api/annotation/", query, limit=limit)
        return annotations_frame(pages)

    def list_metrics(
        self,
        *,
        record: int | str | None = None,
        range: int | str | None = None,  # noqa: A002  # what the service calls it
        metrics: Sequence[int] | None = None,
    ) -> pd.DataFrame:
        """Return metrics of a record or a range, histograms too.

        Parameters
        ----------
        record, range : int or str, optional
            Id of the one or the other.
        metrics : sequence of int, optional
            Ids of metrics; all that the service has by default.

        Returns
        -------
        DataFrame
            id, name, title, value and unit; low, high and bin_unit of a bin, NaN if
            the metric is not a histogram; record and range. A histogram has one row
            per bin.

        Raises
        ------
        ConfigurationError
            Unless exactly one of `record` and `range` is given.
        """
        if (record is None) == (range is None):
            raise ConfigurationError(
                f"record={record!r} and range={range!r}: give one of the two"
            )
        if metrics is None:
            metrics = [one["id"] for one in self.session.pages("/api/metric/")]
        name, number = ("record", record) if range is None else ("range", range)
        query = {name: str(number), "include_metrics": ",".join(map(str, metrics))}
        return metrics_frame(self.session.get_json("/api/report/", query))

    def get(
        self, resource: str, *, limit: int | None = None, **filters: Any
    ) -> pd.DataFrame:
        """Return any list of the service.

        Parameters
        ----------
        resource : str
            Its name, such as ``"device"`` or ``"activitytype"``.
        limit : int, optional
            How many objects at most; None for all.
        **filters
            Filters of the service, such as ``id__in=[1, 2]``.

        Returns
        -------
        DataFrame
            One column per field of its schema; times in UTC, ns; related objects by id.

        Raises
        ------
        NotFoundError
            If the service has no such list.
        ResponseError
            If it is not a list of objects, such as `data` and `report`.
        """
        name = resource.strip("/").removeprefix("api/")
        schema = self._schema(name)
        if "no_timestamps" in schema.get("fields", ()):
            # To a request without a record the service would send all samples it has.
            raise ResponseError(
                f"{self.base_url}/api/{name}/ gives samples, not a list of objects: "
                "load_record() and load_channel() get them"
            )
        check_filters(name, filters, schema)
        query = self._query(**filters)
        return frame_of(self.session.pages(f"/api/{name}/", query, limit=limit), schema)

    def record_info(self, record: int | str) -> dict[str, Any]:
        """Return what the service says of a record.

        Parameters
        ----------
        record : int or str
            Id of the record.

        Returns
        -------
        dict
            The object as it came: id, user, device, start and end in ticks, status and
            more.

        Raises
        ------
        NotFoundError
            If there is none, or this user may not see it.
        """
        return fetch_object(self.session, "record", record)

    def account(self) -> dict[str, Any]:
        """Return the object of this user.

        Returns
        -------
        dict
            The object as it came.

        Raises
        ------
        AuthenticationError
            If the service does not know this user.
        """
        for account in self.session.pages("/api/account/"):
            return account
        raise ResponseError(
            f"{self.base_url}/api/account/ names no user; is this a Hexoskin server?"
        )

    def _newest(
        self, name: str, filters: Mapping[str, Any], limit: int | None, **given: Any
    ) -> Iterator[dict[str, Any]]:
        """Return the objects of a list, by default the newest first."""
        self._check_filters(name, filters)
        query = {"order_by": "-start", **self._query(**given, **filters)}
        return self.session.pages(f"/api/{name}/", query, limit=limit)

    def _schema(self, name: str) -> dict[str, Any]:
        """Return the fields and filters of a list."""
        try:
            return self.session.get_object(f"/api/{name}/schema/")
        except NotFoundError as error:
            known = sorted(self.session.get_object("/api/"))
            near = get_close_matches(name, known) or known
            raise NotFoundError(
                f"{self.base_url} has no list {name!r}: give {' or '.join(near)}",
                status=error.status,
            ) from error

    def _check_filters(self, name: str, filters: Mapping[str, Any]) -> None:
        """Refuse filters that the service would ignore without a word."""
        if filters.keys() - {"order_by"}:
            check_filters(name, filters, self._schema(name))

    def _query(self, **filters: Any) -> dict[str, str | int]:
        given = [value for value in filters.values() if value is not None]
        timed = any(isinstance(value, datetime) for value in given) or any(
            isinstance(filters.get(name), str) for name in ("start", "end")
        )
        # The clock only matters if a time becomes a tick.
        clock = self.server_clock() if timed else 256
        return dict(query_of(clock=clock, **filters))

    def server_clock(self) -> Clock:
        """Return the ticks per second of the server; an unknown one is requested."""
        known = CLOCK_OF_HOST.get(self.base_url, self._clock)
        if known is None:
            newest = self.session.pages("/api/record/", limit=1)
            starts = [one["start"] for one in newest if one.get("start")]
            known = clock_of(starts[0]) if starts else 256
            self._clock = known
        return known

    # -- records ---------------------------------------------------------------------

    def load_record(  # noqa: PLR0913  # only the caller can decide each of them
        self,
        record: int | str,
        *,
        channels: Sequence[str | int] | None = None,
        waveforms: bool = True,
        start: Moment | None = None,
        end: Moment | None = None,
        model: str = "auto",
        units: Scale = "physical",
        transport: Transport = "auto",
        refresh: Refresh = False,
        offline: bool = False,
        allow_partial: bool = False,
        progress: bool | None = None,
    ) -> Record:
        """Load a record, from the cache if that has its present state.

        Parameters
        ----------
        record : int or str
            Id of the record.
        channels : sequence of str or int, optional
            Channels to load, by any name or id; all by default.
        waveforms : bool, default True
            Whether ECG, respiration, acceleration and PPG are loaded if `channels` does
            not name them; without them a night loads in a second.
        start, end : int, str or datetime, optional
            Part of the record: times with a zone, or ticks. What begins from `start` up
            to, not including, `end` is loaded, as in `Record.between`: the last value
            of a rate is stamped at the end of its second (or its five minutes).
        model : str, default "auto"
            ``Hexoskin``, ``CHA3000``, ``astroskin_256`` or ``astroskin_1000``; by
            default clock and channels tell.
        units : {"physical", "raw"}
            Values in mV, g, mL/min and so on, or counts of the recorder.
        transport : {"auto", "zip", "json"}
            By default each channel is taken from where it is exact: from the binary
            export, or from JSON.
        refresh : bool or "tables", default False
            Fetch again what the cache has: with ``"tables"`` activities, annotations,
            track and metrics, which takes a second, with True the samples too. An
            activity or annotation that was added since does not change the record, so
            it is only loaded with `refresh`; `list_ranges` and `list_annotations`
            always ask the service.
        offline : bool, default False
            Send no request: the record as it was when it was stored in the cache.
        allow_partial : bool, default False
            Go on without samples that the service holds and does not send; `coverage`
            shows what is lost.
        progress : bool, optional
            Whether a progress bar is drawn on stderr; by default in a terminal or a
            notebook.

        Returns
        -------
        Record
            The recording, with info, all activities that overlap it, annotations, track
            and metrics.

        Raises
        ------
        NotFoundError
            If there is no such record, or this user may not see it.
        AuthenticationError, RateLimitedError, ServerError, UnreachableError
            If the service refuses, fails or cannot be reached.
        IncompleteDataError
            If samples are missing that the service holds. What came is kept, and the
            same call goes on there.
        TimestampError
            If a time has no zone, or the part lies outside the record.
        UnknownChannelError
            If the model has no such channel.
        CacheError
            If `offline` is given and the cache does not have it.

        Examples
        --------
        >>> client.load_record(12345, channels=["ecg", "heart_rate"])  # doctest: +SKIP
        """
        options = LoadOptions(
            channels=channels,
            waveforms=waveforms,
            start=start,
            end=end,
            model=model,
            transport=transport,
            reading=ReadOptions(scale=units, allow_partial=allow_partial),
        )
        if isinstance(refresh, str) and refresh != "tables":
            raise ConfigurationError(
                f"refresh={refresh!r}: give True, False or 'tables' for activities, "
                "annotations, track and metrics alone"
            )
        if offline and refresh:
            raise ConfigurationError(
                "offline=True sends no request and refresh= fetches again: leave one "
                "out"
            )
        if offline:
            return self._load_offline(record, options)
        try:
            data = fetch_record(
                self.session,
                record,
                options,
                cache=self.cache,
                refresh="tables" if refresh == "tables" else bool(refresh),
                progress=progress,
            )
        except UnreachableError as error:
            self._note_what_is_kept(error, record, options)
            raise
        if channels is None:
            warn_of_model(data, model)
        return Record.of(data)

    def _note_what_is_kept(
        self, error: UnreachableError, record: int | str, options: LoadOptions
    ) -> None:
        number = number_of("record", record)
        if self.cache is None or not self.cache.entries(self.base_url, number):
            return
        try:
            kept_record(self.cache, self.base_url, number, options)
        except HexoframeError as missing:
            error.add_note(str(missing))
        else:
            error.add_note(
                f"record {number}: the cache has what was loaded before; offline=True "
                "opens it without a request"
            )

    def _load_offline(self, record: int | str, options: LoadOptions) -> Record:
        if self.cache is None:
            raise ConfigurationError(
                "offline=True needs the cache: leave cache=False out"
            )
        number = number_of("record", record)
        return Record.of(kept_record(self.cache, self.base_url, number, options))

    def follow(  # noqa: PLR0913  # only the caller can decide each of them
        self,
        record: int | str,
        *,
        every: Length = "15s",
        channels: Sequence[str | int] | None = None,
        waveforms: bool = True,
        start: Moment | None = None,
        late: Length = "30s",
        patience: Length = "10min",
        seen: Mapping[str, pd.DataFrame] | None = None,
        model: str = "auto",
        progress: bool | None = None,
    ) -> Iterator[LivePart]:
        """Follow a record while it is recorded: new samples as they come, each once.

        Rates, intervals and other events come while a phone sends them; the service has
        ECG, respiration and acceleration only when the recording is over. The last part
        has the whole record, and those samples that did not come before: all parts
        together hold what it holds.

        Parameters
        ----------
        record : int or str
            Id of the record.
        every : str or timedelta, default "15s"
            Time between two looks, from 0.2 s; longer, up to eight times, while nothing
            comes. A look takes two requests or more, which count against the five a
            second of all programs of a user.
        channels, waveforms, model, progress
            As for `load_record`.
        start : int, str or datetime, optional
            From where on: a time with a zone, a tick, or a length behind the start of
            the record; from its start by default.
        late : str or timedelta, default "30s"
            How far before the newest sample a look asks again, as samples may come
            late. Later ones are in the last part.
        patience : str or timedelta, default "10min"
            After how long without new samples, or another status, the record is given
            up: the status says ``realtime`` for long after a phone stopped. A service
            that fails, or does not answer, is asked again for as long.
        seen : mapping of str to DataFrame, optional
            Samples that the caller has, by channel: they do not come again.

        Yields
        ------
        LivePart
            A mapping from channel to the frame of its new samples; `status`, `until`
            (the time of the newest sample) and, in the last part, `record`, the whole
            record; `is_complete` says whether the service has all of that.

        Raises
        ------
        NotFoundError, AuthenticationError, UnreachableError and others
            As `load_record`.
        KeyboardInterrupt
            After Ctrl-C; its note says what came.

        Warns
        -----
        UnfinishedRecordWarning
            Of the channels that come at the end, once; and if the record is given up
            before it is complete.
        HexoframeWarning
            If the whole record differs from what came while it was recorded.

        Examples
        --------
        >>> for part in client.follow(12345, every="15s"):  # doctest: +SKIP
        ...     print(part.until, part["heart_rate"])
        """
        options = FollowOptions(
            load=LoadOptions(
                channels=channels,
                waveforms=waveforms,
                start=start,
                model=model,
                reading=ReadOptions(),
            ),
            every=every,
            late=late,
            patience=patience,
            seen={} if seen is None else seen,
        )

        def load() -> Record:
            return self.load_record(
                record,
                channels=channels,
                waveforms=waveforms,
                start=start,
                model=model,
                progress=progress,
            )

        find_family = partial(family_of_record, self.session, options=options.load)
        follower = Follower(
            self.session, record, options, find_family=find_family, load=load
        )
        return follower.parts()

    def load_channel(
        self, /, record: int | str, channel: str | int, **how: Any
    ) -> pd.DataFrame:
        """Load one channel of a record.

        Parameters
        ----------
        record : int or str
            Id of the record.
        channel : str or int
            Name or id of the channel.
        **how
            As for `load_record`, except `channels`.

        Returns
        -------
        DataFrame
            Its samples; empty if the record has none.
        """
        return self.load_record(record, channels=[channel], **how)[channel]

    def load_range(self, /, number: int | str, **how: Any) -> Record:
        """Load the part of the records that lies in a range (an activity).

        The part holds what begins in the range, as in `Record.between`: 540 s have 540
        heart rates, the last one stamped with the end of the range.

        Parameters
        ----------
        number : int or str
            Id of the range.
        **how
            As for `load_record`, except `start`, `end` and `offline`.

        Returns
        -------
        Record
            The part of one record, or of several one after the other, with gaps between
            them.

        Raises
        ------
        NotFoundError
            If there is no such range or this user may not see it, or no record overlaps
            it.
        ConfigurationError
            If `offline` is given: only the service knows which records there are.
        """
        _refuse_offline(how)
        if how.keys() & {"start", "end"}:
            raise ConfigurationError(
                "a range has a start and an end of its own: cut the record that comes "
                "with between(), or name two times in load_user()"
            )
        item = fetch_object(self.session, "range", number)
        user, start, end = id_of(item.get("user")), item.get("start"), item.get("end")
        if not user or not start or not end:
            raise ResponseError(
                f"range {number} has no user, start or end, so its records are not "
                "known: load_record() loads one by its id"
            )
        try:
            return load_span(self, user, (int(start), int(end)), **how)
        except NotFoundError as error:
            raise NotFoundError(
                f"no record that this user may see overlaps range {number}"
            ) from error

    def load_user(
        self, user: int | str, start: Moment, end: Moment, **how: Any
    ) -> Record:
        """Load the part of a user's records that lies between two times.

        Parameters
        ----------
        user : int or str
            Id, e-mail address or URI.
        start, end : int, str or datetime
            Times with a zone, or ticks: what begins from `start` up to, not including,
            `end`, as in `Record.between`.
        **how
            As for `load_record`, except `offline`.

        Returns
        -------
        Record
            As for `load_range`.

        Raises
        ------
        NotFoundError
            If there is no record.
        ConfigurationError
            If two records overlap in time, or are of different models, or `offline` is
            given.
        """
        _refuse_offline(how)
        bounds = self._query(start=start, end=end)
        span = int(bounds["start__gte"]), int(bounds["end__lte"])
        return load_span(self, user, span, **how)

    def estimate(  # noqa: PLR0913  # the options of load_record that matter for it
        self,
        record: int | str,
        *,
        channels: Sequence[str | int] | None = None,
        waveforms: bool = True,
        start: Moment | None = None,
        end: Moment | None = None,
        model: str = "auto",
        transport: Transport = "auto",
    ) -> Estimate:
        """Return what `load_record` would cost; one or two requests are sent for it.

        Parameters
        ----------
        record, channels, waveforms, start, end, model, transport
            As for `load_record`.

        Returns
        -------
        Estimate
            requests, megabytes as sent, minutes at the allowed rate. The megabytes are
            those of a usual record, within a factor of 1.5 of most; a GPS track comes
            on top. One request if the cache has it all.
        """
        options = LoadOptions(
            channels=channels,
            waveforms=waveforms,
            start=start,
            end=end,
            model=model,
            transport=transport,
            reading=ReadOptions(),
        )
        return estimate_record(self.session, record, options, cache=self.cache)


def load_span(
    client: Client,
    user: int | str,
    span: tuple[int, int],
    *,
    ahead: int = 0,
    **how: Any,
) -> Record:
    """Load the part of a user's records that lies in a span of ticks.

    With `ahead` each part begins so many ticks earlier, but not before its record.
    Options and errors are those of `Client.load_user`.
    """
    first, last = span
    # The clock does not matter for ticks.
    query = query_of(
        clock=256, user=user, start__lt=last, end__gt=first, order_by="start"
    )
    found = list(client.session.pages("/api/record/", query))
    if not found:
        raise NotFoundError(
            f"user {user} has no record that may be seen from tick {first} to tick "
            f"{last}; list_records(user=...) shows the records of a user"
        )
    check_apart(found)
    parts: list[RecordData] = [
        client.load_record(
            one["id"],
            start=max(first - ahead, int(field_of(one, "start"))),
            end=last if not one.get("end") or last <= int(one["end"]) else None,
            **how,
        )
        for one in found
    ]
    return Record.of(join_records(parts))


def _change_of(moment: datetime | str) -> str:
    """Return a time with a zone as text, to the second before."""
    tick = time_to_tick(moment, clock=1000, rounding="down")
    return tick_to_time(tick, clock=1000).floor("s").isoformat()


def _of_status(
    records: Iterable[dict[str, Any]], status: str, others: set[str]
) -> Iterator[dict[str, Any]]:
    """Yield the records of a status, and note which others there are."""
    for one in records:
        if one.get("status") == status:
            yield one
        else:
            others.add(str(one.get("status")))


def _refuse_offline(how: Mapping[str, Any]) -> None:
    if how.get("offline"):
        raise ConfigurationError(
            "only the service knows which records there are: leave offline=True out, "
            "or load a record from the cache with load_record(id, offline=True), a "
            "part that was loaded with its start= and end="
        )
