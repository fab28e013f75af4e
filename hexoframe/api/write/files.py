"""Activities as files: TCX sent to the service, TCX and FIT downloaded from it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hexoframe.api.http.responses import FIT, TCX
from hexoframe.api.load.recordhead import number_of, object_path
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    HexoframeWarning,
    ResponseError,
    warn,
)
from hexoframe.formats.atomic import new_file
from hexoframe.jsontext import JsonSource
from hexoframe.paths import check_path, expanded, is_folder, writing_to

if TYPE_CHECKING:
    from hexoframe.api.http.session import ServiceSession

__all__ = ["ActivityFiles"]

_FORMS: Mapping[str, str] = {"tcx": TCX, "fit": FIT}
# What the files of each format have near their beginning.
_MARKS: Mapping[str, bytes] = {"tcx": b"TrainingCenterDatabase", "fit": b".FIT"}
_NEAR = 4096
# A day at 1 Hz has 20 MB.
_MOST_BYTES = 256 << 20
# Waits between two looks at an import, and until nobody waits, in s.
_SHORTEST_S, _LONGEST_S, _PATIENCE_S = 1.0, 15.0, 600.0


class _ImportForm(NamedTuple):
    """The fields of an import that are used."""

    resource_uri: str
    progress: int | float = 0
    results: list[dict[str, Any]] | None = None


class ActivityFiles:
    """The files of a client: activities that come and go as TCX or FIT."""

    session: ServiceSession

    def upload_tcx(self, path: str | os.PathLike[str]) -> list[dict[str, Any]]:
        """Send a TCX file, and wait until the service has made activities of it.

        Parameters
        ----------
        path : str or path
            The file.

        Returns
        -------
        list of dict
            What the service says of each activity: `resource_uri`, `id` and `rank` of
            its range.

        Raises
        ------
        FileNotFoundError, FileFormatError
            If there is no such file, or it is not TCX; nothing was sent then.
        AuthenticationError
            If these credentials are read-only.
        ResponseError
            If the service makes no activity of it, or takes more than ten minutes.
        RequestError
            If the service refuses, fails or cannot be reached. A file whose answer is
            lost is not sent again, as the service may have it: a note says so.

        Warns
        -----
        HexoframeWarning
            If the service makes no activity of a part of it.
        """
        file = expanded(path)
        check_path(file)
        if is_folder(file):
            raise FileFormatError(f"{file} is a folder: give a TCX file")
        body = file.read_bytes()
        if _MARKS["tcx"] not in body[:_NEAR]:
            raise FileFormatError(
                f"{file} is not a TCX file: it begins with {body[:20]!r}, and has no "
                "TrainingCenterDatabase"
            )
        taken = self.session.upload("/api/import/", body, form=TCX)
        return self._imported(file, _form(taken, self.session))

    def _imported(self, file: Path, form: _ImportForm) -> list[dict[str, Any]]:
        """Wait for an import, and return its results."""
        wait_s, waited_s = _SHORTEST_S, 0.0
        while form.progress < 1:
            if waited_s >= _PATIENCE_S:
                raise ResponseError(
                    f"{self.session.origin} has made {form.progress:.0%} of "
                    f"{file.name} in {waited_s:.0f} s: look for its activity with "
                    "list_ranges() later, before you send it again"
                )
            self.session.pause(wait_s)
            waited_s += wait_s
            wait_s = min(2 * wait_s, _LONGEST_S)
            form = _form(self.session.get_object(form.resource_uri), self.session)
        results = form.results or []
        wrong = [str(one["error"]) for one in results if one.get("error")]
        made = [one for one in results if not one.get("error")]
        if not made:
            raise ResponseError(
                f"{self.session.origin} made no activity of {file.name}: "
                f"{'; '.join(wrong) or 'it does not say why'}"
            )
        if wrong:
            warn(
                f"{self.session.origin} made activities of a part of {file.name}: "
                f"{'; '.join(wrong)}",
                HexoframeWarning,
            )
        return made

    def download_activity(
        self,
        number: int | str,
        to: str | os.PathLike[str] = ".",
        *,
        format: str = "tcx",  # noqa: A002  # the word that users know
        overwrite: bool = False,
    ) -> Path:
        """Write a range (an activity) into a file that sports programs read.

        It holds heart rate, place and energy, as the service writes them; `load_range`
        loads everything.

        Parameters
        ----------
        number : int or str
            Id of the range.
        to : str or path, default "."
            Folder, which is made if need be, and in which it is ``range_<id>.tcx``; or
            the file, by its suffix.
        format : {"tcx", "fit"}
            Format of the file.
        overwrite : bool, default False
            Whether a file with other content may be replaced.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        NotFoundError
            If there is no such range, or this user may not see it.
        ConfigurationError
            If the format is another one.
        OutputExistsError
            If there is a file with other content.
        ResponseError
            If the service sends something else.
        """
        if format not in _FORMS:
            raise ConfigurationError(
                f"format={format!r}: give {' or '.join(map(repr, _FORMS))}"
            )
        target = expanded(to, what="to=")
        if is_folder(target) or target.suffix.lower() != f".{format}":
            target /= f"range_{number_of('range', number)}.{format}"
        if target.parent.exists() and not is_folder(target.parent):
            raise ConfigurationError(
                f"to={str(to)!r} is a file that is not .{format}: give a folder, or a "
                f"file that ends in .{format}"
            )
        path = object_path("range", number)
        body = self.session.get_bytes(
            path, accept=_FORMS[format], most_bytes=_MOST_BYTES
        )
        if _MARKS[format] not in body[:_NEAR]:
            raise ResponseError(
                f"{self.session.origin}{path} answered {len(body)} bytes that are not "
                f"{format.upper()}; is this a Hexoskin server?"
            )
        with writing_to(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        with new_file(target, overwrite=overwrite) as fresh:
            fresh.write_bytes(body)
        return target


def _form(content: Mapping[str, Any], session: ServiceSession) -> _ImportForm:
    source = JsonSource(
        f"{session.origin}/api/import/ answered something that is no import",
        ResponseError,
        advice="is this a Hexoskin server?",
    )
    return source.typed(content, _ImportForm)
