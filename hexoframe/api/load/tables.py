"""The tables that stand beside the samples of a record, and what to do without one.

A table that does not come is told and left out, since the samples count more; it is
asked for again whenever the record is loaded. Those that came may be asked for anew,
without the samples. How a table is fetched stands in `about`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from hexoframe.api.load.recordhead import FACTS, fetch_fact
from hexoframe.errors import (
    AuthenticationError,
    HexoframeError,
    MissingFactsWarning,
    NotFoundError,
    ResponseError,
    ServerError,
    warn,
)

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.api.http.session import Transport
    from hexoframe.api.load.recordhead import RecordHead
    from hexoframe.recording.data import RecordData

__all__ = ["Tables", "tables_of", "unknown_tables", "warn_of_unknown"]

# What fails otherwise (no network, a wrong password, too many requests) is no matter of
# one table, and ends the load.
_BEARABLE = (NotFoundError, ServerError, ResponseError)
# Metrics are those of a whole record, so that a part of it has none.
_OF_THE_WHOLE = frozenset({"metrics"})


class Tables:
    """The tables of one record, those that came and those that did not.

    Parameters
    ----------
    transport : Transport
        Where to ask.
    head : RecordHead
        The record.
    names : sequence of str, optional
        Which of the tables; all by default.
    """

    def __init__(
        self, transport: Transport, head: RecordHead, names: Sequence[str] = FACTS
    ) -> None:
        self._transport = transport
        self._head = head
        self._names = names
        self._found: dict[str, pd.DataFrame | HexoframeError] = {}

    def requests(self) -> Iterator[Callable[[], None]]:
        """Yield the requests for those that were not answered yet."""
        for name in self._names:
            if name not in self._found:
                yield partial(self._ask, name)

    def _ask(self, name: str) -> None:
        try:
            self._found[name] = fetch_fact(self._transport, name, self._head)
        except (AuthenticationError, *_BEARABLE) as error:
            if isinstance(error, AuthenticationError) and error.status != 403:
                raise
            self._found[name] = error

    @property
    def came(self) -> dict[str, pd.DataFrame]:
        """Those that came."""
        return {
            name: table
            for name, table in self._found.items()
            if not isinstance(table, HexoframeError)
        }

    def added_to(self, data: RecordData) -> RecordData:
        """Return a record with those that came; of the others it is told.

        Warns
        -----
        MissingFactsWarning
            For each that did not come.
        """
        for name, error in self._found.items():
            if isinstance(error, HexoframeError):
                known = getattr(data.facts, name) is not None
                state = "are those that were kept before" if known else "are not known"
                warn(
                    f"the {name} of record {self._head.id} {state}: {error}",
                    MissingFactsWarning,
                )
        return self.merged_into(data)

    def merged_into(self, data: RecordData) -> RecordData:
        """Return a record with those that came, and say nothing of the others."""
        return data.of(data, facts=replace(data.facts, **self.came))  # type: ignore[arg-type]


def tables_of(*, part: bool) -> list[str]:
    """Return the tables that a record, or a part of one, has."""
    return [name for name in FACTS if not (part and name in _OF_THE_WHOLE)]


def unknown_tables(data: RecordData, *, part: bool) -> list[str]:
    """Return the tables that did not come when a record was kept.

    Parameters
    ----------
    data : RecordData
        The record.
    part : bool
        Whether it is a part of a record.
    """
    return [name for name in tables_of(part=part) if getattr(data.facts, name) is None]


def warn_of_unknown(data: RecordData, *, part: bool) -> None:
    """Say which tables a record lacks that nobody is asked for now."""
    for name in unknown_tables(data, part=part):
        warn(
            f"the {name} of record {data.id} did not come when it was loaded: load it "
            "once without offline=True, which asks for them again",
            MissingFactsWarning,
        )
