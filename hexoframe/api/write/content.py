"""Activities and annotations as they are sent: checked, compared with what is there.

The service has no key by which a repeated request is known. So what is there is looked
up, and an object that says the same of the same user and time is the same. No request
is sent here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from hexoframe.api.load.resources import id_of
from hexoframe.errors import ConfigurationError, HexoframeError, TimestampError
from hexoframe.timestamps import clock_of, tick_to_time
from hexoframe.timestamps.moments import moment_to_tick
from hexoframe.timestamps.ticks import whole_number

if TYPE_CHECKING:
    from hexoframe.timestamps import Clock

__all__ = [
    "ANNOTATION",
    "RANGE",
    "Written",
    "change_of",
    "content_of",
    "query_for",
    "rows_of",
    "says_the_same",
    "shown_frame",
]

Content = dict[str, Any]
_ANNOTATIONS: Mapping[str, int] = {"start": 4096, "stop": 4097, "comment": 4098}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A kind of object that users write.

    Attributes
    ----------
    name : str
        Of the resource.
    needed : tuple of str
        Fields without which none is made.
    others : tuple of str
        Further fields that may be given.
    read : tuple of str
        Columns of its list that are the service's own: they are left out when a table
        of them is written.
    """

    name: Literal["range", "annotation"]
    needed: tuple[str, ...]
    others: tuple[str, ...]
    read: tuple[str, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields, in the order in which they are shown."""
        return (*self.needed, *self.others)

    @property
    def path(self) -> str:
        """Path of the list."""
        return f"/api/{self.name}/"


RANGE = Written(
    name="range",
    needed=("name", "start", "end"),
    others=("note", "trainingroutine", "activitytype", "user"),
    read=("id", "status", "rank", "last_modified", "duration", "state"),
)
ANNOTATION = Written(
    name="annotation",
    needed=("annotation", "start"),
    others=("datatype", "record", "user"),
    read=("id", "last_modified", "state"),
)


# -- one object ------------------------------------------------------------------------


def content_of(kind: Written, fields: Mapping[str, Any], *, clock: Clock) -> Content:
    """Return what is sent to make an object.

    `fields` are those of the kind, `user` among them. ConfigurationError or
    TimestampError for a value that is not allowed.
    """
    given = {name: value for name, value in fields.items() if not _is_missing(value)}
    lacking = [name for name in (*kind.needed, "user") if name not in given]
    if lacking:
        raise ConfigurationError(
            f"a new {kind.name} needs {' and '.join(lacking)}: give "
            f"{', '.join(f'{name}=' for name in lacking)}"
        )
    content = _written(kind, given, clock)
    if kind is ANNOTATION:
        content.setdefault("datatype", _uri("datatype", _ANNOTATIONS["comment"]))
    else:
        _check_span(content["start"], content["end"])
    return content


def change_of(
    kind: Written, there: Mapping[str, Any], fields: Mapping[str, Any], *, clock: Clock
) -> Content:
    """Return the fields to change of an object, those alone that differ."""
    content = _written(kind, fields, clock)
    if kind is RANGE:
        start, end = (content.get(name, there.get(name)) for name in ("start", "end"))
        if start is not None and end is not None:
            _check_span(start, end)
    held = _said(kind, there)
    wanted = _said(kind, {**there, **content})
    changed = {name for name in wanted if wanted[name] != held[name]}
    if changed & {"trainingroutine", "activitytype"}:
        changed.add("context")
    return {name: value for name, value in content.items() if name in changed}


def _written(kind: Written, given: Mapping[str, Any], clock: Clock) -> Content:
    """Return fields in the notation of the service."""
    content: Content = {}
    context: Content = {}
    for name, value in given.items():
        if name in {"start", "end"}:
            content[name] = _tick(kind, name, value, clock)
        elif name in {"trainingroutine", "activitytype"}:
            context[name] = _uri(name, _number(kind, name, value))
        elif name in {"user", "record"}:
            content[name] = _uri(name, _number(kind, name, value))
        elif name == "datatype":
            content[name] = _uri(name, _datatype(value))
        else:
            content[name] = _text(kind, name, value)
    # Since 3.x the activity is in `context`.
    return {**content, "context": context} if context else content


def _uri(resource: str, number: int) -> str:
    return f"/api/{resource}/{number}/"


def _tick(kind: Written, name: str, value: Any, clock: Clock) -> int:
    # What is named is in the range: it may begin a part of a tick earlier, end later.
    rounding: Literal["down", "up"] = "up" if name == "end" else "down"
    try:
        return moment_to_tick(value, clock=clock, rounding=rounding)
    except TimestampError as error:
        raise TimestampError(f"{name} of the {kind.name}: {error}") from error


def _number(kind: Written, name: str, value: Any) -> int:
    """Return the id of a related object, given as id, URI or object."""
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    if hasattr(whole, "item"):
        whole = whole.item()
    number = id_of(whole)
    if not isinstance(number, int) or number < 1:
        raise ConfigurationError(
            f"{name} of the {kind.name} is {value!r}: give an id, such as 12"
        )
    return number


def _datatype(value: Any) -> int:
    if isinstance(value, str) and value in _ANNOTATIONS:
        return _ANNOTATIONS[value]
    try:
        return _number(ANNOTATION, "datatype", value)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"datatype of the annotation is {value!r}: give "
            f"{', '.join(_ANNOTATIONS)}, or an id"
        ) from error


def _text(kind: Written, name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(
            f"{name} of the {kind.name} is a {type(value).__name__}: give a text"
        )
    text = value.strip()
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigurationError(
            f"{name} of the {kind.name} holds half a character at place {error.start}: "
            "was the file that it comes from read in its own encoding?"
        ) from error
    # A note may be empty; what names the object may not.
    if not text and name in kind.needed:
        raise ConfigurationError(f"{name} of the {kind.name} is empty: give a text")
    return text


def _check_span(start: int, end: int) -> None:
    if end <= start:
        first, last = (tick_to_time(t, clock=clock_of(t)) for t in (start, end))
        raise TimestampError(
            f"a range cannot end ({last}) before or when it starts ({first}): exchange "
            "them, or give a later end"
        )


def _is_missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


# -- what is there ---------------------------------------------------------------------


def says_the_same(kind: Written, content: Content, there: Mapping[str, Any]) -> bool:
    """Whether an object of the service is what a content makes."""
    wanted, held = _said(kind, content), _said(kind, there)
    if wanted.get("record") is None:
        # The service may find out itself in which record an annotation lies.
        wanted.pop("record", None)
        held.pop("record", None)
    return wanted == held


def _said(kind: Written, item: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an object says, in a form that can be compared."""
    context = item.get("context")
    inside = context if isinstance(context, Mapping) else {}
    said: dict[str, Any] = {}
    for name in kind.fields:
        value = inside.get(name) or item.get(name)
        if name in {"start", "end"}:
            said[name] = None if value is None else whole_number(value, name)
        elif name in {"name", "note", "annotation"}:
            said[name] = str(value or "").strip()
        else:
            said[name] = id_of(value)
    # The routine has a type of its own, which the service fills in.
    if said.get("trainingroutine") is not None:
        said.pop("activitytype", None)
    return said


def query_for(contents: Iterable[Content], *, look: int) -> dict[str, str]:
    """Return the query for all objects that may say the same as some contents.

    The service caches answers, so each `look` asks for some ticks more.
    """
    listed = list(contents)
    starts = [one["start"] for one in listed]
    users = sorted({str(id_of(one["user"])) for one in listed})
    return {
        "user__in" if len(users) > 1 else "user": ",".join(users),
        "start__range": f"{min(starts)},{max(starts) + look}",
        "order_by": "start",
    }


# -- tables ----------------------------------------------------------------------------


def rows_of(
    kind: Written, frame: pd.DataFrame, *, user: Callable[[], int | str], clock: Clock
) -> list[Content]:
    """Return what is sent to make the objects of a table, all checked.

    An index with the name of a field is a column too, as in the lists of the client.
    """
    if not isinstance(frame, pd.DataFrame):
        raise ConfigurationError(
            f"a table of {kind.name}s is a DataFrame, not a {type(frame).__name__}"
        )
    named = frame.index.name
    whole = (
        frame.reset_index() if named in kind.fields and named not in frame else frame
    )
    _check_columns(kind, whole)
    names = [name for name in kind.fields if name in whole]
    contents = []
    for place, row in enumerate(whole[names].itertuples(index=False, name=None)):
        fields = dict(zip(names, row, strict=True))
        if _is_missing(fields.get("user")):
            fields["user"] = user()
        try:
            contents.append(content_of(kind, fields, clock=clock))
        except HexoframeError as error:
            raise type(error)(f"row {place} of the table: {error}") from error
    _check_apart(kind, contents)
    return contents


def _check_columns(kind: Written, frame: pd.DataFrame) -> None:
    known = (*kind.fields, *kind.read)
    if not frame.columns.is_unique:
        twice = sorted(map(str, frame.columns[frame.columns.duplicated()]))
        raise ConfigurationError(
            f"the table has the column {', '.join(twice)} twice: leave one out"
        )
    for name in frame.columns:
        if name not in known:
            near = get_close_matches(str(name), kind.fields) or kind.fields
            raise ConfigurationError(
                f"{name!r} is no column of a table of {kind.name}s, and nothing was "
                f"made: did you mean {' or '.join(near)}?"
            )
    lacking = [name for name in kind.needed if name not in frame]
    if lacking:
        raise ConfigurationError(
            f"a table of {kind.name}s needs the columns {', '.join(kind.needed)}, and "
            f"has no {' and no '.join(lacking)}"
        )


def _check_apart(kind: Written, contents: Sequence[Content]) -> None:
    """Refuse a table that names one object twice, of which one would be made."""
    seen: dict[str, int] = {}
    for place, content in enumerate(contents):
        first = seen.setdefault(str(sorted(_said(kind, content).items())), place)
        if first != place:
            raise ConfigurationError(
                f"rows {first} and {place} of the table are equal, and nothing was "
                "made: leave one out"
            )


def shown_frame(
    kind: Written, objects: Sequence[Mapping[str, Any]], states: Sequence[str]
) -> pd.DataFrame:
    """Return objects as a table: id, the fields of the kind, and the state of each."""
    rows = [_said(kind, item) for item in objects]
    columns: dict[str, Any] = {
        "id": pd.array([item.get("id") for item in objects], dtype="Int64")
    }
    for name in kind.fields:
        values = [row.get(name) for row in rows]
        if name in {"start", "end"}:
            times = [tick_to_time(tick, clock=clock_of(tick)) for tick in values]
            columns[name] = pd.DatetimeIndex(times, dtype="datetime64[ns, UTC]")
        elif name in {"name", "note", "annotation"}:
            columns[name] = pd.array(values, dtype="string")
        else:
            columns[name] = pd.array(values, dtype="Int64")
    columns["state"] = pd.array(list(states), dtype="string")
    return pd.DataFrame(columns)
