"""Creates, changes and deletes activities and annotations, each once.

`ObjectChanges` has the methods that `Client` has. All is checked before anything is
sent; an object that is there already is not made again, so a call that failed can be
repeated.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hexoframe.api.load.recordhead import fetch_object, object_path
from hexoframe.api.write.content import (
    ANNOTATION,
    RANGE,
    Content,
    Written,
    change_of,
    content_of,
    query_for,
    rows_of,
    says_the_same,
    shown_frame,
)
from hexoframe.errors import HexoframeError, HexoframeWarning, ResponseError, warn

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.api.http.session import ServiceSession
    from hexoframe.timestamps import Clock
    from hexoframe.timestamps.moments import Moment

__all__ = ["ObjectChanges"]

# Numbers the looks for what is there; those of other processes from elsewhere on.
_LOOKS = itertools.count(time.time_ns() % 100_000)
# What became of a row: it was made, was there already, or would be made.
_MADE, _THERE, _WOULD = "made", "there", "to make"


class ObjectChanges:
    """The changes of a client: what users write to the service."""

    session: ServiceSession

    def server_clock(self) -> Clock:
        """Return the ticks per second of the server."""
        raise NotImplementedError

    def account(self) -> dict[str, Any]:
        """Return the object of this user."""
        raise NotImplementedError

    # -- ranges ------------------------------------------------------------------------

    def create_range(  # noqa: PLR0913  # the fields of a range
        self,
        name: str,
        start: Moment,
        end: Moment,
        *,
        note: str = "",
        trainingroutine: int | None = None,
        activitytype: int | None = None,
        user: int | str | None = None,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Make a range (an activity) from one time to another.

        One that says the same of the same user is not made again but returned; so a
        call that failed can be repeated.

        Parameters
        ----------
        name : str
            What it is called.
        start, end : int, str or datetime
            Times with a zone, or ticks; rounded to ticks so that both lie in the range.
        note : str, default ""
            A text beside it.
        trainingroutine, activitytype : int, optional
            Ids: ``client.get("trainingroutine")`` lists them, such as 12 for sleep,
            which the service computes sleep and heart rate variability for.
        user : int or str, optional
            Id or URI of the user; by default the one who is logged in.
        dry_run : bool, default False
            Send nothing: return what would be made, or what is there.

        Returns
        -------
        dict
            The object as the service has it; without an `id` if it would be made.

        Raises
        ------
        ConfigurationError, TimestampError
            If a value is not allowed, or the end is not later than the start; nothing
            was sent then.
        AuthenticationError
            If these credentials are read-only.
        RequestError
            If the service refuses, fails or cannot be reached; a note says so if it is
            not known whether the range was made.
        """
        fields = {
            "name": name,
            "start": start,
            "end": end,
            "note": note,
            "trainingroutine": trainingroutine,
            "activitytype": activitytype,
            "user": user,
        }
        return self._create_one(RANGE, fields, dry_run=dry_run)

    def create_ranges(
        self,
        frame: pd.DataFrame,
        *,
        user: int | str | None = None,
        dry_run: bool = False,
    ) -> pd.DataFrame:
        """Make the ranges (activities) of a table, after all of it was checked.

        Parameters
        ----------
        frame : DataFrame
            Columns name, start and end, and perhaps note, trainingroutine, activitytype
            and user, as for `create_range`; the index may be `start`, as that of
            `list_ranges`, whose other columns are left out.
        user : int or str, optional
            User of the rows that name none; by default the one who is logged in.
        dry_run : bool, default False
            Send nothing: show what would be made.

        Returns
        -------
        DataFrame
            A row per range, in the order of the table: id, the columns above, and
            `state`: ``made``, ``there`` for one that was there already, ``to make``.

        Raises
        ------
        ConfigurationError, TimestampError
            If a row is not allowed, or two are equal; the message has its number.
            Nothing was sent then.
        AuthenticationError, RequestError
            As for `create_range`; a note says which rows were made.
        """
        return self._create_table(RANGE, frame, user=user, dry_run=dry_run)

    def update_range(  # noqa: PLR0913  # the fields of a range
        self,
        number: int | str,
        *,
        name: str | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
        note: str | None = None,
        trainingroutine: int | None = None,
        activitytype: int | None = None,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Change some fields of a range, and no others.

        Parameters
        ----------
        number : int or str
            Id of the range.
        name, start, end, note, trainingroutine, activitytype, dry_run
            As for `create_range`; None leaves a field as it is.

        Returns
        -------
        dict
            The object as it is then, or with `dry_run` as it would be.

        Raises
        ------
        NotFoundError
            If there is none, or this user may not see it.
        ConfigurationError, TimestampError, AuthenticationError, RequestError
            As for `create_range`. The change may be sent again.
        """
        fields = {
            "name": name,
            "start": start,
            "end": end,
            "note": note,
            "trainingroutine": trainingroutine,
            "activitytype": activitytype,
        }
        return self._update(RANGE, number, fields, dry_run=dry_run)

    def delete_range(
        self, number: int | str, *, dry_run: bool = False
    ) -> dict[str, Any]:
        """Delete a range; the samples of its records stay.

        Parameters
        ----------
        number : int or str
            Id of the range.
        dry_run : bool, default False
            Delete nothing: return what would be deleted.

        Returns
        -------
        dict
            The object as it was.

        Raises
        ------
        NotFoundError
            If there is none, or this user may not see it.
        AuthenticationError, RequestError
            As for `create_range`.
        """
        return self._delete(RANGE, number, dry_run=dry_run)

    # -- annotations -------------------------------------------------------------------

    def create_annotation(  # noqa: PLR0913  # the fields of an annotation
        self,
        annotation: str,
        start: Moment,
        *,
        datatype: int | str = "comment",
        record: int | None = None,
        user: int | str | None = None,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Make an annotation: a text at a moment.

        One that says the same is not made again but returned, as by `create_range`.

        Parameters
        ----------
        annotation : str
            The text.
        start : int, str or datetime
            Time with a zone, or tick; rounded down to a tick.
        datatype : {"comment", "start", "stop"} or int, default "comment"
            What kind of annotation.
        record : int, optional
            Id of the record that it belongs to; by time alone without it.
        user, dry_run
            As for `create_range`.

        Returns
        -------
        dict
            The object as the service has it; without an `id` if it would be made.

        Raises
        ------
        ConfigurationError, TimestampError, AuthenticationError, RequestError
            As for `create_range`.
        """
        fields = {
            "annotation": annotation,
            "start": start,
            "datatype": datatype,
            "record": record,
            "user": user,
        }
        return self._create_one(ANNOTATION, fields, dry_run=dry_run)

    def create_annotations(
        self,
        frame: pd.DataFrame,
        *,
        user: int | str | None = None,
        dry_run: bool = False,
    ) -> pd.DataFrame:
        """Make the annotations of a table, after all of it was checked.

        Parameters
        ----------
        frame : DataFrame
            Columns annotation and start, and perhaps datatype, record and user, as for
            `create_annotation`; the index may be `start`, as that of
            `list_annotations`.
        user, dry_run
            As for `create_ranges`.

        Returns
        -------
        DataFrame
            A row per annotation: id, the columns above, and `state`, as of
            `create_ranges`.

        Raises
        ------
        ConfigurationError, TimestampError, AuthenticationError, RequestError
            As for `create_ranges`.
        """
        return self._create_table(ANNOTATION, frame, user=user, dry_run=dry_run)

    def update_annotation(  # noqa: PLR0913  # the fields of an annotation
        self,
        number: int | str,
        *,
        annotation: str | None = None,
        start: Moment | None = None,
        datatype: int | str | None = None,
        record: int | None = None,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Change some fields of an annotation, and no others.

        Parameters
        ----------
        number : int or str
            Id of the annotation.
        annotation, start, datatype, record, dry_run
            As for `create_annotation`; None leaves a field as it is.

        Returns
        -------
        dict
            The object as it is then, or with `dry_run` as it would be.

        Raises
        ------
        NotFoundError, ConfigurationError, AuthenticationError, RequestError
            As for `update_range`.
        """
        fields = {
            "annotation": annotation,
            "start": start,
            "datatype": datatype,
            "record": record,
        }
        return self._update(ANNOTATION, number, fields, dry_run=dry_run)

    def delete_annotation(
        self, number: int | str, *, dry_run: bool = False
    ) -> dict[str, Any]:
        """Delete an annotation.

        Parameters
        ----------
        number : int or str
            Id of the annotation.
        dry_run : bool, default False
            Delete nothing: return what would be deleted.

        Returns
        -------
        dict
            The object as it was.

        Raises
        ------
        NotFoundError, AuthenticationError, RequestError
            As for `delete_range`.
        """
        return self._delete(ANNOTATION, number, dry_run=dry_run)

    # -- how it is done ----------------------------------------------------------------

    @cached_property
    def _own_id(self) -> int:
        """Id of the user who is logged in."""
        number = self.account().get("id")
        if not isinstance(number, int):
            raise ResponseError(
                f"{self.session.origin}/api/account/ names no user: give user="
            )
        return number

    def _create_one(
        self, kind: Written, fields: dict[str, Any], *, dry_run: bool
    ) -> dict[str, Any]:
        if fields["user"] is None:
            fields["user"] = self._own_id
        content = content_of(kind, fields, clock=self.server_clock())
        ((made, _),) = self._create_all(kind, [content], dry_run=dry_run)
        return made

    def _create_table(
        self,
        kind: Written,
        frame: pd.DataFrame,
        *,
        user: int | str | None,
        dry_run: bool,
    ) -> pd.DataFrame:
        contents = rows_of(
            kind,
            frame,
            user=lambda: self._own_id if user is None else user,
            clock=self.server_clock(),
        )
        done = self._create_all(kind, contents, dry_run=dry_run) if contents else []
        return shown_frame(kind, [item for item, _ in done], [how for _, how in done])

    def _create_all(
        self, kind: Written, contents: Sequence[Content], *, dry_run: bool
    ) -> list[tuple[dict[str, Any], str]]:
        """Return each object, and whether it was made, was there or would be made."""
        there = self._there(kind, contents)
        done: list[tuple[dict[str, Any], str]] = []
        try:
            for content in contents:
                found = next(
                    (o for o in there if says_the_same(kind, content, o)), None
                )
                if found is not None:
                    done.append((found, _THERE))
                elif dry_run:
                    done.append((content, _WOULD))
                else:
                    done.append((self._create(kind, content), _MADE))
        except HexoframeError as error:
            if len(contents) > 1:
                error.add_note(_account(kind, done, len(contents)))
            raise
        return done

    def _there(
        self, kind: Written, contents: Sequence[Content]
    ) -> list[dict[str, Any]]:
        """Return the objects that may say the same as some contents."""
        query = query_for(contents, look=next(_LOOKS))
        return list(self.session.pages(kind.path, query))

    def _create(self, kind: Written, content: Content) -> dict[str, Any]:
        """Make one object, once; what the service makes of it is compared."""

        def equal() -> list[dict[str, Any]]:
            found = self._there(kind, [content])
            return [each for each in found if says_the_same(kind, content, each)]

        made, resent = self.session.create(
            kind.path, content, lambda: next(iter(equal()), None)
        )
        if resent:
            # A service that is slow may have acted on the first request after all.
            others = [each for each in equal() if each.get("id") != made.get("id")]
            if others:
                self.session.delete(object_path(kind.name, made["id"]))
                made = others[0]
        if not says_the_same(kind, content, made):
            told = [f"{name}={made.get(name)!r}" for name in kind.needed]
            warn(
                f"{kind.name} {made.get('id')} was made, and the service has another "
                f"content than was sent: {', '.join(told)}",
                HexoframeWarning,
            )
        return made

    def _update(
        self,
        kind: Written,
        number: int | str,
        fields: Mapping[str, Any],
        *,
        dry_run: bool,
    ) -> dict[str, Any]:
        there = fetch_object(self.session, kind.name, number)
        given = {name: value for name, value in fields.items() if value is not None}
        content = change_of(kind, there, given, clock=self.server_clock())
        if dry_run or not content:
            return {**there, **content}
        self.session.patch(object_path(kind.name, number), content)
        return fetch_object(self.session, kind.name, number)

    def _delete(
        self, kind: Written, number: int | str, *, dry_run: bool
    ) -> dict[str, Any]:
        there = fetch_object(self.session, kind.name, number)
        if not dry_run:
            self.session.delete(object_path(kind.name, number))
        return there


def _account(
    kind: Written, done: Sequence[tuple[Mapping[str, Any], str]], count: int
) -> str:
    """Return which rows of a table were made before one failed."""
    made = [str(item.get("id")) for item, how in done if how == _MADE]
    ids = f" (ids {', '.join(made)})" if made else ""
    return (
        f"row {len(done)} of {count} failed: {len(made)} {kind.name}s were made before "
        f"it{ids}, and nothing after it was sent. The same call goes on there: those "
        "that are there are not made again"
    )
