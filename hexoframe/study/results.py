"""Results of a map: kept as Parquet, read back as one frame with the subjects."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pandas as pd

from hexoframe.study.layout import number_in, result_folder, result_key
from hexoframe.study.outcomes import failures_frame, kept_failures
from hexoframe.study.tables import joined_frame, notes_of, read_table

if TYPE_CHECKING:
    import pyarrow as pa

    from hexoframe.study.storage import Storage

__all__ = ["Results"]

# Files that are fetched at a time where each takes a round trip.
_READERS = 16


class Results:
    """The results of one name in a study.

    `Study.map` and `Study.results` return them.

    Attributes
    ----------
    name : str
        What they are kept under.
    """

    def __init__(
        self, storage: Storage, name: str, subjects: Callable[[], pd.DataFrame]
    ) -> None:
        self._storage = storage
        self._subjects = subjects
        self.name = name

    def __repr__(self) -> str:
        """Say how many records there are, and how many failed."""
        failed = len(self._storage.listing(f"failures/{self.name}"))
        return f"<Results {self.name!r}: {len(self.records)} records, {failed} failed>"

    @property
    def records(self) -> list[int]:
        """Numbers of the records with a result, ascending."""
        names = self._storage.listing(result_folder(self.name))
        numbers = (number_in(name) for name in names if name.endswith(".parquet"))
        return sorted(number for number in numbers if number is not None)

    @property
    def frame(self) -> pd.DataFrame:
        """All rows, by record, with the columns of `Study.subjects` behind `record`.

        A column that a result has too is called ``subjects_<name>``. Units, where the
        results have some, are in ``frame.attrs["hexoframe"]["units"]``.
        """
        rows = joined_frame(self._tables())
        attrs = rows.attrs
        subjects = self._subjects()
        if not len(subjects.columns):
            return rows
        twice = {name: f"subjects_{name}" for name in subjects if name in rows}
        joined = rows.join(subjects.rename(columns=twice), on="record")
        own = [name for name in rows if name != "record"]
        others = [name for name in joined if name not in {"record", *own}]
        frame = joined[["record", *others, *own]]
        frame.attrs = attrs
        return frame

    @property
    def failures(self) -> pd.DataFrame:
        """Records without a result, with the reason: as in `SyncOutcome.failures`."""
        return failures_frame(kept_failures(self._storage, self.name))

    @property
    def warnings(self) -> pd.DataFrame:
        """What was warned of where a result was computed: record, warning."""
        rows = [
            (number, text)
            for number, table in zip(self.records, self._tables(), strict=True)
            for text in notes_of(table).get("warnings", ())
        ]
        return pd.DataFrame(rows, columns=["record", "warning"]).astype(
            {"record": "int64", "warning": "string"}
        )

    def _tables(self) -> list[pa.Table]:
        def table(number: int) -> Any:
            return read_table(self._storage.read(result_key(self.name, number)))

        if self._storage.path("") is not None:
            return [table(number) for number in self.records]
        with ThreadPoolExecutor(_READERS) as pool:
            return list(pool.map(table, self.records))
