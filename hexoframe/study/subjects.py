"""Who wore the shirt: a table of subjects, by record, by user id or by e-mail."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from hexoframe.errors import ConfigurationError, HexoframeWarning, warn
from hexoframe.paths import check_path, expanded
from hexoframe.study.layout import SUBJECTS

if TYPE_CHECKING:
    from hexoframe.study.receipts import Index
    from hexoframe.study.storage import Storage

__all__ = ["keep_subjects", "participants_of", "subjects_of"]

_KEYS = ("record", "user", "email")


def keep_subjects(
    storage: Storage, given: pd.DataFrame | str | os.PathLike[str], index: Index
) -> None:
    """Check a table of subjects, or a CSV of one, and keep it in the study."""
    table = _given(given)
    key = next((name for name in _KEYS if name in table), None)
    if key is None:
        raise ConfigurationError(
            f"the subjects have the columns {', '.join(map(str, table.columns))}: one "
            "must be record (its number), user (the id at the service) or email, to "
            "say of which records each row is"
        )
    table[key] = _keys_of(table[key], key)
    twice = table[key][table[key].duplicated()]
    if len(twice):
        raise ConfigurationError(
            f"the subjects have two rows of {key} {twice.iloc[0]}: one of them, please"
        )
    _tell_strangers(table[key], key, index)
    sink = io.BytesIO()
    try:
        table.to_parquet(sink, index=False)
    except pa.ArrowException as error:
        raise ConfigurationError(
            f"the subjects cannot be kept ({error}): one type a column, please"
        ) from error
    data = sink.getvalue()
    with suppress(FileNotFoundError):
        if storage.read(SUBJECTS) == data:
            return
    storage.write(SUBJECTS, data)


def _given(given: pd.DataFrame | str | os.PathLike[str]) -> pd.DataFrame:
    if isinstance(given, pd.DataFrame):
        named = given.index.name is not None
        table = given.reset_index() if named else given.reset_index(drop=True)
    elif isinstance(given, str | os.PathLike):
        path = expanded(Path(given))
        check_path(path)
        # Which of , ; and tab parts the columns, the file itself tells.
        table = pd.read_csv(path, sep=None, engine="python", encoding="utf-8-sig")
    else:
        raise ConfigurationError(
            f"subjects are a DataFrame, or the path of a CSV, not {type(given)!r}"
        )
    table.columns = pd.Index([str(name).strip() for name in table.columns])
    return table


def _keys_of(column: pd.Series, key: str) -> pd.Series:
    if column.isna().any():
        raise ConfigurationError(f"a row of the subjects has no {key}: each needs one")
    if key == "email":
        return column.astype("string").str.strip().str.lower()
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = column[numbers.isna() | (numbers % 1 != 0)]
    if len(wrong):
        raise ConfigurationError(
            f"the subjects have the {key} {wrong.iloc[0]!r}: give whole numbers"
        )
    return numbers.astype("int64")


def _tell_strangers(keys: pd.Series, key: str, index: Index) -> None:
    """Warn of rows that are of no record: a slip of the pen would lose a subject."""
    there = set(_keys_in(index, key))
    strangers = [str(each) for each in keys if each not in there]
    if strangers and there:
        more = f" and {len(strangers) - 5} more" if len(strangers) > 5 else ""
        warn(
            f"{key} {', '.join(strangers[:5])}{more} of the subjects: the study has no "
            "such record yet",
            HexoframeWarning,
        )


def _keys_in(index: Index, key: str) -> list[object]:
    if key == "record":
        return list(index.rows)
    values = (row[key] for row in index.rows.values())
    return [
        value.lower() if isinstance(value, str) else value
        for value in values
        if value is not None
    ]


def subjects_of(storage: Storage, index: Index) -> pd.DataFrame:
    """Return the subjects by record; without columns if none were given."""
    records = pd.Index(sorted(index.rows), dtype="int64", name="record")
    try:
        table = pd.read_parquet(io.BytesIO(storage.read(SUBJECTS)))
    except FileNotFoundError:
        return pd.DataFrame(index=records)
    key = next(name for name in _KEYS if name in table)
    if key == "record":
        return table.set_index("record").reindex(records)
    of_record = pd.Series(
        {number: row[key] for number, row in sorted(index.rows.items())}, dtype="object"
    )
    wanted = of_record.str.lower() if key == "email" else of_record
    found = table.set_index(key).reindex(wanted.to_numpy())
    return found.set_axis(records)


def participants_of(subjects: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
    """Return the label of each record's subject, and what is so in all of its records.

    A label has letters and digits alone; that of a record without a subject is its
    number.
    """
    numbers = subjects.index.to_series().astype("string")
    given = subjects.get("subject", pd.Series(pd.NA, subjects.index))
    names = given.astype("string").fillna(numbers)
    labels = names.str.replace(r"[^A-Za-z0-9]", "", regex=True).rename("participant")
    for label, those in names.groupby(labels):
        different = those.unique().tolist()
        if len(different) > 1 or not label:
            raise ConfigurationError(
                f"subjects {', '.join(map(repr, different))}: a label has letters and "
                f"digits alone, which makes {label!r} of them; give each subject "
                "another one"
            )
    groups = subjects.drop(columns="subject", errors="ignore").groupby(labels)
    values = groups.nunique(dropna=False)
    return labels, groups.first()[[name for name in values if values[name].max() <= 1]]
