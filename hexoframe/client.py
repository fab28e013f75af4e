"""The client of the service: lists as DataFrames, records as `Record`.

Each method is a call downwards, to `hexoframe.api`; a client is a transport and a cache
put together. The functions of the front door, which make a client for themselves, stand
in `service`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hexoframe.api.auth.credentials import base_url_of, find_credential
from hexoframe.api.http.limiter import limiter_for
from hexoframe.api.http.session import Transport
from hexoframe.api.links import CLOCK_OF_HOST, Origin
from hexoframe.api.load.download import (
    Order,
    Refresh,
    estimate_record,
    fetch_record,
    kept_record,
)
from hexoframe.api.load.joining import check_apart, join_records
from hexoframe.api.load.queries import check_filters, id_of, query_of
from hexoframe.api.load.recordhead import fetch_object, number_of
from hexoframe.api.load.resources import (
    annotations_frame,
    frame_of,
    metrics_frame,
    ranges_frame,
    records_frame,
    users_frame,
)
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
from hexoframe.record import Record
from hexoframe.recording.data import warn_of_model
from hexoframe.timestamps import clock_of

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.api.load.costs import Estimate
    from hexoframe.api.load.plan import Way
    from hexoframe.channels.calibration import Scale
    from hexoframe.recording.data import RecordData
    from hexoframe.timestamps import Clock

__all__ = ["Client", "connect", "load_span"]

Moment = int | str | datetime


def connect(  # noqa: PLR0913  # every way to say who one is
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
    cache: bool | str | Path = True,
) -> Client:
    """Return a client of the service; nothing is asked yet.

    What is not given comes from ``HEXOFRAME_USERNAME``, ``HEXOFRAME_PASSWORD``,
    ``HEXOFRAME_API_KEY`` and so on, then from the token that `hexoframe.login` kept.

    Parameters
    ----------
    base_url : str, optional
        ``https://api.hexoskin.com`` (the default), ``https://astro.hexoskin.com``, or
        another server; ``HEXOFRAME_BASE_URL`` names it too.
    username, password : str, optional
        E-mail address and password.
    api_key, api_secret : str, optional
        Public and private key of an application, where the service wants requests to
        be signed.
    token, refresh_token : str, optional
        OAuth2 token, and what renews it.
    client_id, client_secret : str, optional
        OAuth2 client, with which tokens are asked for.
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
    }
    url = base_url_of(base_url)
    credential = find_credential(url, given=given)
    return Client.of(url, credential, cache=cache)


class Client:
    """What one user can ask of one server.

    Made by `connect`, or of a transport. Safe for use by several threads.

    Parameters
    ----------
    transport : Transport
        Sends the requests.
    cache : Cache, optional
        Where records are kept; None keeps none.
    """

    def __init__(self, transport: Transport, cache: Cache | None = None) -> None:
        self.transport = transport
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
            Who asks.
        cache : bool, str or Path, default True
            Whether records are kept, or the folder for them.
        """
        kept: Cache | None
        if isinstance(cache, bool):
            kept = Cache() if cache else None
        else:
            kept = Cache(Path(cache).expanduser())
        # The pace is that of the user, also where no record is kept.
        pace = Cache() if kept is None else kept
        limiter = limiter_for(str(Origin.of(base_url)), pace.folder)
        return cls(Transport(base_url, credential, limiter=limiter), kept)

    def __repr__(self) -> str:
        """Return the host; what else there is stays hidden."""
        return f"<Client of {self.base_url}>"

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections that are kept open."""
        self.transport.close()

    @property
    def base_url(self) -> str:
        """Scheme, host and port."""
        return str(self.transport.origin)

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
        limit: int | None = None,
        **filters: Any,
    ) -> pd.DataFrame:
        """Return the records that may be seen, the newest first.

        Parameters
        ----------
        user : int or str, optional
            Id, e-mail address or URI of their user.
        device : str, optional
            Id of the device, such as ``HXSKIN1200002070``.
        start, end : int, str or datetime, optional
            Only what begins at `start` or later, and ends at `end` or before: times
            with a zone, or ticks.
        status : str, optional
            Only those of this status, such as ``complete``.
        limit : int, optional
            How many at most; None for all.
        **filters
            Other filters of the service, such as ``id__in=[1, 2]`` or
            ``order_by="start"``.

        Returns
        -------
        DataFrame
            A row a record, index `start` (UTC, ns): id, duration, user, email, end,
            last_modified, clock (ticks a second), device, status.

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
            If there are records, and none of that status; it names those there are.
        """
        self._check_filters("record", filters)
        query = self._query(user=user, device=device, start=start, end=end, **filters)
        query.setdefault("order_by", "-start")
        # The service has no filter for the status.
        pages = self.transport.pages(
            "/api/record/", query, limit=limit if status is None else None
        )
        if status is None:
            return records_frame(islice(pages, limit))
        others: set[str] = set()
        found = records_frame(islice(_of_status(pages, status, others), limit))
        if others and not len(found):
            warn(
                f"no record has the status {status!r}; those there are have: "
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
        """Return the ranges (activities) that may be seen, the newest first.

        Parameters
        ----------
        user, start, end, limit, **filters
            As for `list_records`.

        Returns
        -------
        DataFrame
            A row a range, index `start` (UTC, ns): id, user, name, end, duration,
            status, rank, activitytype, trainingroutine, note, last_modified.
        """
        self._check_filters("range", filters)
        query = self._query(user=user, start=start, end=end, **filters)
        query.setdefault("order_by", "-start")
        return ranges_frame(self.transport.pages("/api/range/", query, limit=limit))

    def list_users(self, *, limit: int | None = None, **filters: Any) -> pd.DataFrame:
        """Return the user and those who share with them.

        Parameters
        ----------
        limit, **filters
            As for `list_records`.

        Returns
        -------
        DataFrame
            A row a user: id, username, email, first_name, last_name, profile.
        """
        self._check_filters("user", filters)
        query = self._query(**filters)
        return users_frame(self.transport.pages("/api/user/", query, limit=limit))

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
            Only what lies from `start` to `end`.

        Returns
        -------
        DataFrame
            A row an annotation, index `start` (UTC, ns): id, user, record, datatype,
            annotation (its text), last_modified.
        """
        self._check_filters("annotation", filters)
        query = self._query(user=user, start=start, **filters)
        if end is not None:
            # An annotation is a moment and has no end of its own.
            query["start__lte"] = self._query(end=end)["end__lte"]
        query.setdefault("order_by", "start")
        pages = self.transport.pages("/api/annotation/", query, limit=limit)
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
            id, name, title, value and unit; low, high and bin_unit of a bin, NaN where
            the metric is no histogram; record and range.

        Raises
        ------
        ConfigurationError
            If not just one of `record` and `range` is given.
        """
        if (record is None) == (range is None):
            raise ConfigurationError(
                f"record={record!r} and range={range!r}: give one of the two"
            )
        if metrics is None:
            metrics = [one["id"] for one in self.transport.pages("/api/metric/")]
        name, number = ("record", record) if range is None else ("range", range)
        asked = {name: str(number), "include_metrics": ",".join(map(str, metrics))}
        return metrics_frame(self.transport.get_json("/api/report/", asked))

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
            A column a field of its schema; times in UTC, ns; related objects by id.

        Raises
        ------
        NotFoundError
            If the service has no such list.
        ResponseError
            If it is no list of objects, as `data` and `report` are.
        """
        name = resource.strip("/").removeprefix("api/")
        schema = self._schema(name)
        if "no_timestamps" in schema.get("fields", ()):
            # Asked for so, the service would send all samples that there are.
            raise ResponseError(
                f"{self.base_url}/api/{name}/ gives samples, and no list of objects: "
                "load_record() and load_channel() get them"
            )
        check_filters(name, filters, schema)
        query = self._query(**filters)
        return frame_of(
            self.transport.pages(f"/api/{name}/", query, limit=limit), schema
        )

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
            what else there is.

        Raises
        ------
        NotFoundError
            If there is none, or it may not be seen.
        """
        return fetch_object(self.transport, "record", record)

    def account(self) -> dict[str, Any]:
        """Return the user who asks, as the service knows them.

        Raises
        ------
        AuthenticationError
            If it does not know them.
        """
        return next(iter(self.transport.pages("/api/account/")))

    def _schema(self, name: str) -> dict[str, Any]:
        """Return the fields and filters of a list."""
        try:
            schema: dict[str, Any] = self.transport.get_json(f"/api/{name}/schema/")
        except NotFoundError as error:
            known = sorted(self.transport.get_json("/api/"))
            near = get_close_matches(name, known) or known
            raise NotFoundError(
                f"{self.base_url} has no list {name!r}: give {' or '.join(near)}",
                status=error.status,
            ) from error
        return schema

    def _check_filters(self, name: str, filters: Mapping[str, Any]) -> None:
        """Refuse filters that the service would pass over in silence."""
        if filters.keys() - {"order_by"}:
            check_filters(name, filters, self._schema(name))

    def _query(self, **filters: Any) -> dict[str, str | int]:
        asked = [value for value in filters.values() if value is not None]
        timed = any(isinstance(value, datetime) for value in asked) or any(
            isinstance(filters.get(name), str) for name in ("start", "end")
        )
        # Where no time becomes ticks, nobody needs to know how long a tick is.
        clock = self._server_clock() if timed else 256
        return dict(query_of(clock=clock, **filters))

    def _server_clock(self) -> Clock:
        """Return the ticks in a second of the server; one that is unknown is asked."""
        known = CLOCK_OF_HOST.get(self.base_url, self._clock)
        if known is None:
            newest = self.transport.pages("/api/record/", limit=1)
            starts = [one["start"] for one in newest if one.get("start")]
            known = clock_of(starts[0]) if starts else 256
            self._clock = known
        return known

    # -- records ---------------------------------------------------------------------

    def load_record(  # noqa: PLR0913  # each is a question that only the caller can answer
        self,
        record: int | str,
        *,
        channels: Sequence[str | int] | None = None,
        waveforms: bool = True,
        start: Moment | None = None,
        end: Moment | None = None,
        model: str = "auto",
        units: Scale = "physical",
        transport: Way = "auto",
        refresh: Refresh = False,
        offline: bool = False,
        allow_partial: bool = False,
        progress: bool | None = None,
    ) -> Record:
        """Load a record, from the cache where that has it as it is now.

        Parameters
        ----------
        record : int or str
            Id of the record.
        channels : sequence of str or int, optional
            Channels to load, by any name or id; all by default.
        waveforms : bool, default True
            Whether ECG, respiration, acceleration and PPG are loaded where `channels`
            does not name them; without them a night is there in a second.
        start, end : int, str or datetime, optional
            Part of the record: times with a zone, or ticks. What begins from `start` up
            to, not including, `end` is loaded, as in `Record.between`: of a rate the
            last value is stamped where its second (or its five minutes) ends.
        model : str, default "auto"
            ``Hexoskin``, ``CHA3000``, ``astroskin_256`` or ``astroskin_1000``; by
            default clock and channels tell.
        units : {"physical", "raw"}
            Values in mV, g, mL/min and so on, or counts of the recorder.
        transport : {"auto", "zip", "json"}
            By default each channel is taken from where it is exact: from the binary
            export, or from pages of JSON.
        refresh : bool or "tables", default False
            Fetch again what the cache has: with ``"tables"`` activities, annotations,
            track and metrics, which takes a second, with True the samples too. An
            activity or annotation that was added since is no change of the record, and
            comes to it this way alone; `list_ranges` and `list_annotations` always ask.
        offline : bool, default False
            Ask nobody: what the cache has, as it was when it was loaded.
        allow_partial : bool, default False
            Go on where samples do not come that the service holds; what is lost stands
            in `coverage`.
        progress : bool, optional
            Whether a bar is drawn on stderr; by default where that is a terminal or a
            notebook.

        Returns
        -------
        Record
            The recording, with info, all activities that reach into it, annotations,
            track and metrics.

        Raises
        ------
        NotFoundError
            If there is no such record, or it may not be seen.
        AuthenticationError, RateLimitedError, ServerError, UnreachableError
            If the service refuses, fails or cannot be reached.
        IncompleteDataError
            If samples did not come that the service holds. What came is kept, and the
            same call goes on there.
        TimestampError
            If a time has no zone, or the part lies outside the record.
        UnknownChannelError
            If a channel that was asked for is none of the model.
        CacheError
            If `offline` is given and the cache does not have it.

        Examples
        --------
        >>> client.load_record(12345, channels=["ecg", "heart_rate"])  # doctest: +SKIP
        """
        order = Order(
            channels=channels,
            waveforms=waveforms,
            start=start,
            end=end,
            model=model,
            transport=transport,
            options=ReadOptions(scale=units, allow_partial=allow_partial),
        )
        if isinstance(refresh, str) and refresh != "tables":
            raise ConfigurationError(
                f"refresh={refresh!r}: give True, False or 'tables' for activities, "
                "annotations, track and metrics alone"
            )
        if offline and refresh:
            raise ConfigurationError(
                "offline=True asks nobody and refresh= fetches again: leave one out"
            )
        if offline:
            return self._load_offline(record, order)
        try:
            data = fetch_record(
                self.transport,
                record,
                order,
                cache=self.cache,
                refresh="tables" if refresh == "tables" else bool(refresh),
                progress=progress,
            )
        except UnreachableError as error:
            self._tell_what_is_kept(error, record, order)
            raise
        if channels is None:
            warn_of_model(data, model)
        return Record.of(data)

    def _tell_what_is_kept(
        self, error: UnreachableError, record: int | str, order: Order
    ) -> None:
        number = number_of("record", record)
        if self.cache is None or not self.cache.entries(self.base_url, number):
            return
        try:
            kept_record(self.cache, self.base_url, number, order)
        except HexoframeError as missing:
            error.add_note(str(missing))
        else:
            error.add_note(
                f"record {number}: the cache has what was loaded before; offline=True "
                "opens it without asking"
            )

    def _load_offline(self, record: int | str, order: Order) -> Record:
        if self.cache is None:
            raise ConfigurationError(
                "offline=True needs the cache: leave cache=False out"
            )
        number = number_of("record", record)
        return Record.of(kept_record(self.cache, self.base_url, number, order))

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
            As for `load_record`, but for `channels`.

        Returns
        -------
        DataFrame
            Its samples; no row if the record lacks it.
        """
        return self.load_record(record, channels=[channel], **how)[channel]

    def load_range(self, /, number: int | str, **how: Any) -> Record:
        """Load what records hold of a range (an activity).

        That is what begins in it, as in `Record.between`: of 540 s there are 540 heart
        rates, the last one stamped with the end of the range.

        Parameters
        ----------
        number : int or str
            Id of the range.
        **how
            As for `load_record`, but for `start`, `end` and `offline`.

        Returns
        -------
        Record
            Of one record its part; several records follow each other, and the time
            between them is a gap.

        Raises
        ------
        NotFoundError
            If there is no such range or it may not be seen, or no record reaches into
            it.
        ConfigurationError
            If `offline` is given: which records there are, only the service knows.
        """
        _refuse_offline(how)
        told = fetch_object(self.transport, "range", number)
        user, start, end = id_of(told.get("user")), told.get("start"), told.get("end")
        if not user or not start or not end:
            raise ResponseError(
                f"range {number} tells no user, start or end, so no record is known: "
                "load_record() loads one by its id"
            )
        try:
            return self.load_user(user, int(start), int(end), **how)
        except NotFoundError as error:
            raise NotFoundError(
                f"no record that may be seen reaches into range {number}"
            ) from error

    def load_user(
        self, user: int | str, start: Moment, end: Moment, **how: Any
    ) -> Record:
        """Load what the records of a user hold between two times.

        Parameters
        ----------
        user : int or str
            Id, e-mail address or URI.
        start, end : int, str or datetime
            Times with a zone, or ticks: what begins from `start` up to, not including,
            `end`, as in `Record.between`.
        **how
            As for `load_record`, but for `offline`.

        Returns
        -------
        Record
            As for `load_range`.

        Raises
        ------
        NotFoundError
            If there is no record.
        ConfigurationError
            If two records run at the same time, or are of different models, or
            `offline` is given.
        """
        _refuse_offline(how)
        bounds = self._query(start=start, end=end)
        span = int(bounds["start__gte"]), int(bounds["end__lte"])
        return load_span(self, user, span, **how)

    def estimate(  # noqa: PLR0913  # the questions of load_record that matter for it
        self,
        record: int | str,
        *,
        channels: Sequence[str | int] | None = None,
        waveforms: bool = True,
        start: Moment | None = None,
        end: Moment | None = None,
        model: str = "auto",
        transport: Way = "auto",
    ) -> Estimate:
        """Return what `load_record` would cost; one or two requests are sent for it.

        Parameters
        ----------
        record, channels, waveforms, start, end, model, transport
            As for `load_record`.

        Returns
        -------
        Estimate
            requests, megabytes on the wire, minutes at the allowed pace. One request
            where the cache has it all.
        """
        order = Order(
            channels=channels,
            waveforms=waveforms,
            start=start,
            end=end,
            model=model,
            transport=transport,
            options=ReadOptions(),
        )
        return estimate_record(self.transport, record, order, cache=self.cache)


def load_span(
    client: Client,
    user: int | str,
    span: tuple[int, int],
    *,
    ahead: int = 0,
    **how: Any,
) -> Record:
    """Load what the records of a user hold in a span.

    Parameters
    ----------
    client : Client
        Loads the records.
    user : int or str
        Id, e-mail address or URI.
    span : (int, int), in ticks
        Start and end, which is not included: records that reach into it are loaded.
    ahead : int, in ticks, default 0
        How much sooner the part of a record begins, where the record has begun.
    **how
        As for `Client.load_record`.

    Returns
    -------
    Record
        The records one behind the other.

    Raises
    ------
    NotFoundError
        If there is no record.
    ConfigurationError
        If two records run at the same time, or are of different models.
    """
    first, last = span
    # Ticks need no clock.
    query = query_of(
        clock=256, user=user, start__lt=last, end__gt=first, order_by="start"
    )
    found = list(client.transport.pages("/api/record/", query))
    if not found:
        raise NotFoundError(
            f"user {user} has no record that may be seen from tick {first} to "
            f"{last}; list_records(user=...) shows those there are"
        )
    check_apart(found)
    parts: list[RecordData] = [
        client.load_record(
            one["id"],
            start=max(first - ahead, int(one["start"])),
            end=last if not one["end"] or last <= int(one["end"]) else None,
            **how,
        )
        for one in found
    ]
    return Record.of(join_records(parts))


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
            "which records there are, only the service knows: leave offline=True out, "
            "or load what the cache has of a record with load_record(id, "
            "offline=True), of a part that was loaded with its start= and end="
        )
