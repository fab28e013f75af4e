"""Samples of a record, or of a user between two ticks, under the names of a script.

What a script asks for becomes a load of `hexoframe.client`. How samples look is for
`samples`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from hexoframe.api.http.objects import field_of
from hexoframe.api.load.resources import id_of
from hexoframe.client import load_span
from hexoframe.errors import NotFoundError
from hexoframe.hxapi.samples import SampleQuery, collect
from hexoframe.timestamps import clock_of

if TYPE_CHECKING:
    from hexoframe.client import Client
    from hexoframe.formats.text.lines import Stamps
    from hexoframe.hxapi.names import DialectDict
    from hexoframe.recording.data import RecordData
    from hexoframe.timestamps import Clock

__all__ = ["samples_of_record", "samples_of_user"]

StampForm = Callable[["Clock"], "Stamps"]
Span = tuple[int, int]


def samples_of_record(
    client: Client,
    info: Mapping[str, Any],
    names: Mapping[str, Any],
    *,
    stamps: StampForm,
    span: Span | None = None,
) -> DialectDict:
    """Load samples of a record, given as the service describes it.

    `span` holds first and last tick, both included, None for all.
    """
    number, start = field_of(info, "id"), field_of(info, "start")

    def load(
        *, span: Span | None = None, ahead: int = 0, **how: Any
    ) -> RecordData | None:
        if span is None:
            return client.load_record(number, **how)
        first, last = max(span[0] - ahead, int(start)), span[1]
        end = info.get("end")
        if first >= last or (end and first > int(end)):
            return None
        until = last if not end or last <= int(end) else None
        return client.load_record(number, start=first, end=until, **how)

    query = SampleQuery(names=names, stamps=stamps, span=span)
    return collect(load, query, clock=clock_of(start))


def samples_of_user(
    client: Client,
    user: Any,
    span: Span,
    names: Mapping[str, Any],
    *,
    stamps: StampForm,
) -> DialectDict:
    """Load what a user recorded in a span of ticks, both ends included."""

    def load(**how: Any) -> RecordData | None:
        whose = id_of(user) or client.account()["id"]
        try:
            return load_span(client, whose, **how)
        except NotFoundError as error:
            # Without a status it is the list of records that is empty.
            if error.status is not None:
                raise
            return None

    query = SampleQuery(names=names, stamps=stamps, span=span)
    return collect(load, query, clock=clock_of(span[0]))
