"""Resources of the service, as the vendor's client offers them: ``auth.api.record``.

Each has ``list()`` and ``get()``. Objects have attributes, lists know their next page.
Samples (``auth.api.data``) are loaded whole, where the service would thin them. Nothing
is changed at the service.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from hexoframe.api.http.objects import field_of, page_of
from hexoframe.api.load.recordhead import object_path
from hexoframe.api.load.resources import id_of
from hexoframe.errors import ConfigurationError, ResponseError
from hexoframe.formats.text.lines import Stamps
from hexoframe.hxapi.loading import samples_of_record, samples_of_user
from hexoframe.hxapi.objects import ObjectSource, Related, key_of, linked, tick_of

if TYPE_CHECKING:
    from hexoframe.client import Client

__all__ = [
    "RESOURCES",
    "ClientAnswer",
    "DataAccess",
    "DataOfUser",
    "ObjectAccess",
    "ObjectList",
    "SampleList",
]

RESOURCES = (
    "account",
    "activitytype",
    "annotation",
    "datatype",
    "device",
    "metric",
    "profile",
    "range",
    "record",
    "track",
    "trackpoint",
    "trainingroutine",
    "unit",
    "user",
)
"""Resources whose objects are listed and got; `data` comes in addition."""

# Names may stand for numbers, as those of devices do.
_KEY = re.compile(r"\w+")
_JSON = (None, "application/json")
# What says which samples are wanted; flat and no_timestamps say in which form.
_DATA = frozenset(
    {"record", "range", "user", "start", "end", "datatype", "datatype__in"}
    | {"flat", "no_timestamps"}
)


class ClientAnswer(NamedTuple):
    """What scripts read of an answer: ``records.response.result["objects"]``."""

    result: Any


class ObjectList(list[Related]):
    """A page of objects, and those that follow when `load_next` is called.

    Attributes
    ----------
    nexturl, prevurl : str or None
        Where the list goes on, as the service says.
    response : ClientAnswer
        The answer, with the objects in it.
    """

    def __init__(
        self, resource: str, source: ObjectSource, path: str, query: Mapping[str, Any]
    ) -> None:
        super().__init__()
        self._resource = resource
        self._source = source
        self._path = path
        self.nexturl: str | None = None
        self.prevurl: str | None = None
        self.response = ClientAnswer({})
        self._load(path, query)

    def _load(self, path: str, query: Mapping[str, Any] | None) -> None:
        session = self._source.session
        answer = session.get_json(path, query)
        meta, objects = page_of(answer, session.origin, self._path)
        self.extend(self._object(item) for item in objects)
        following = meta.next
        if following is not None:
            following = session.origin.vet(following, seen_at=self._path)
        self.nexturl, self.prevurl = following, meta.previous
        self.response = ClientAnswer({**answer, "objects": list(self)})

    def _object(self, item: Mapping[str, Any]) -> Related:
        name = self._source.name(self._resource, item.get("id"))
        return Related(name, linked(item, self._source))

    def load_next(self) -> None:
        """Append the next page; StopIteration if there is none, as in the client."""
        if self.nexturl is None:
            raise StopIteration("this is the end of the list; nexturl is None then")
        self._load(self.nexturl, None)

    def prefetch_all(self) -> ObjectList:
        """Append all pages that follow, and return the list."""
        while self.nexturl is not None:
            self.load_next()
        return self

    def iter_all(self) -> Iterator[Related]:
        """Yield all objects; pages are requested as they are needed."""
        number = 0
        while number < len(self) or self.nexturl is not None:
            if number == len(self):
                self.load_next()
                continue
            yield self[number]
            number += 1


@dataclass(frozen=True, slots=True)
class _Access:
    """A resource of the service, which is only read."""

    name: str
    source: ObjectSource

    def __repr__(self) -> str:
        """Return the resource and the server."""
        return f"<{self.name} of {self.source.session.origin}>"

    def __getattr__(self, name: str) -> NoReturn:
        """Say what there is instead of what changes the service."""
        raise AttributeError(
            f"auth.api.{self.name} has no {name!r}: hexoframe only reads, with list() "
            "and, of all resources but data, get()"
        )


class ObjectAccess(_Access):
    """``auth.api.record`` and the like."""

    __slots__ = ()

    def list(
        self,
        get_args: Mapping[str, Any] | None = None,
        format: str | None = None,  # noqa: A002  # as in the vendor's client
        **filters: Any,
    ) -> ObjectList:
        """Return the first objects that the filters leave, 20 unless `limit` is set.

        Parameters
        ----------
        get_args : mapping, optional
            Filters of the service, such as ``{"user": 1511}``.
        format : str, optional
            Only ``"application/json"``, which is the default.
        **filters
            More of them; a sequence is a list of the service, an object its id.

        Returns
        -------
        ObjectList
            Their list.

        Raises
        ------
        ConfigurationError
            If another format is asked for.
        RequestError
            If the service refuses, such as a filter that it does not have.
        """
        _check_format(format)
        query = {key: _written(v) for key, v in {**(get_args or {}), **filters}.items()}
        return ObjectList(self.name, self.source, f"/api/{self.name}/", query)

    def get(self, uri: Any, force_refresh: bool = False) -> Related:  # noqa: ARG002, FBT001, FBT002  # as in the vendor's client
        """Return one object.

        Parameters
        ----------
        uri : int, str or Related
            Its id, its URI, or an object.
        force_refresh : bool, default False
            Objects are never kept, so this changes nothing.

        Returns
        -------
        Related
            The object: ``record.start`` or ``record["start"]``.

        Raises
        ------
        ConfigurationError
            If this is no id.
        NotFoundError
            If there is no such object, or this user may not see it.
        """
        key = id_of(uri)
        if self.name == "device" and isinstance(key, str) and _KEY.fullmatch(key):
            path = f"/api/device/{key}/"
        else:
            path = object_path(self.name, key_of(self.name, uri))
        item = self.source.session.get_object(path)
        name = self.source.name(self.name, item.get("id"))
        return Related(name, linked(item, self.source))


# -- samples ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DataOfUser:
    """The samples of one user: sequences of ``(tick, value)`` by datatype."""

    user: str
    data: dict[int, Any]


class SampleList(list[Any]):
    """What ``auth.api.data.list()`` returns: a `DataOfUser` for each user.

    With ``flat=True`` it holds the samples themselves.
    """

    def __init__(self, items: Iterable[Any], result: list[Any]) -> None:
        super().__init__(items)
        self.response = ClientAnswer(result)


class DataAccess(_Access):
    """``auth.api.data``."""

    __slots__ = ("_client",)
    _client: Client

    def __init__(self, source: ObjectSource, client: Client) -> None:
        super().__init__("data", source)
        object.__setattr__(self, "_client", client)

    def list(
        self,
        get_args: Mapping[str, Any] | None = None,
        format: str | None = None,  # noqa: A002  # as in the vendor's client
        **filters: Any,
    ) -> SampleList:
        """Return samples, all of them: an answer of the service would be thinned.

        Parameters
        ----------
        get_args : mapping, optional
            Filters: `record`, `range` or `user`; `start` and `end` in ticks, both
            included; `datatype` or `datatype__in`; `flat`; `no_timestamps`.
        format : str, optional
            Only ``"application/json"``, which is the default.
        **filters
            More of them.

        Returns
        -------
        SampleList
            Empty if there are no samples.

        Raises
        ------
        ConfigurationError
            If a filter is not one of these, no datatype is named, or nothing says whose
            samples or from when.
        HexoframeError
            If the samples cannot be loaded, or not completely.
        """
        _check_format(format)
        asked = {**(get_args or {}), **filters}
        if unknown := sorted(asked.keys() - _DATA):
            raise ConfigurationError(
                f"auth.api.data.list() has no {', '.join(unknown)}; it has "
                f"{', '.join(sorted(_DATA))}"
            )
        names = {str(number): number for number in _datatypes(asked)}
        user, found = self._load(asked, names)
        if not any(len(samples) for samples in found.values()):
            return SampleList((), [])
        if _is_true(asked.get("no_timestamps")):
            found = {key: [row[1] for row in rows] for key, rows in found.items()}
        if _is_true(asked.get("flat")):
            rows = [row for samples in found.values() for row in samples]
            return SampleList(rows, rows)
        data = DataOfUser(user, {int(key): rows for key, rows in found.items()})
        return SampleList((data,), [{"user": user, "data": found}])

    def _load(
        self, asked: Mapping[str, Any], names: Mapping[str, int]
    ) -> tuple[str, dict[str, Any]]:
        """Return whose samples they are, and the samples."""
        ends = {
            name: tick_of(name, asked[name])
            for name in ("start", "end")
            if name in asked
        }
        info = self._described(asked)
        if "record" in asked:
            given = (
                ends.get("start", int(field_of(info, "start"))),
                ends.get("end", _LAST),
            )
            data = samples_of_record(
                self._client, info, names, stamps=_ticks, span=given if ends else None
            )
            return _uri(field_of(info, "user")), data
        if info:
            told = {name: int(field_of(info, name)) for name in ("start", "end")}
            ends = {**told, **ends}
        if len(ends) < 2:
            raise ConfigurationError(
                "auth.api.data.list() needs record=, range=, or user= with start= and "
                "end= in ticks: which samples are wanted?"
            )
        whose = (
            field_of(info, "user") if info else asked.get("user") or self.source.account
        )
        span = (ends["start"], ends["end"])
        data = samples_of_user(self._client, whose, span, names, stamps=_ticks)
        return _uri(whose), data

    def _described(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the record or range that was asked for, {} if none."""
        for name in ("record", "range"):
            if name in asked:
                path = object_path(name, key_of(name, asked[name]))
                found = self.source.session.get_object(path)
                _check_span(found, path)
                return found
        return {}


def _check_span(found: Mapping[str, Any], path: str) -> None:
    """Refuse a record or range without a start, an end or a user."""
    for name in ("start", "end", "user"):
        if not found.get(name):
            raise ResponseError(
                f"{path} has no {name}, so its samples are not known: give record=, "
                "or user= with start= and end="
            )


# Behind every record that there can be.
_LAST = 2**43


def _ticks(clock: Any) -> Stamps:
    return Stamps(clock=clock)


def _uri(user: Any) -> str:
    return f"/api/user/{id_of(user)}/"


def _datatypes(asked: Mapping[str, Any]) -> list[int]:
    named = asked.get("datatype", asked.get("datatype__in"))
    if isinstance(named, str):
        named = named.split(",")
    several = named if isinstance(named, Iterable) else [named]
    try:
        numbers = [key_of("datatype", each) for each in several if each is not None]
    except TypeError:
        numbers = []
    if not numbers:
        raise ConfigurationError(
            f"datatype={named!r}: give the ids of datatypes, such as datatype=19 or "
            "datatype__in=[19, 33]"
        )
    return numbers


def _is_true(value: Any) -> bool:
    return value not in {None, False, "", "0", "false", "False"}


def _check_format(form: str | None) -> None:
    if form not in _JSON:
        raise ConfigurationError(
            f"format={form!r}: only JSON is read here; record.to_csv() and 'hexoframe "
            "download' write files, and hexoframe.open_record() reads those of the "
            "vendor"
        )


def _written(value: Any) -> Any:
    """Return a filter as the service wants it."""
    if isinstance(value, Mapping):
        return value.get("resource_uri", id_of(value))
    if isinstance(value, list | tuple | set):
        return ",".join(str(_written(each)) for each in value)
    return value
