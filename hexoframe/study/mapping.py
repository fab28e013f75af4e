"""Map: a function over the records of a study; what is computed stays computed."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pandas as pd

from hexoframe.errors import ConfigurationError
from hexoframe.study.layout import (
    check_name,
    number_in,
    read_json,
    result_folder,
    result_key,
    write_json,
)
from hexoframe.study.outcomes import forget_failure, keep_failure, kept_failures
from hexoframe.study.progress import StudyBar
from hexoframe.study.tasks import Job, verbs
from hexoframe.study.workers import outcomes_of
from hexoframe.version import __version__

if TYPE_CHECKING:
    from hexoframe.study.outcomes import Failure
    from hexoframe.study.storage import Storage
    from hexoframe.study.tasks import TaskOutcome
    from hexoframe.study.workers import Workers

__all__ = ["check_function", "name_of", "run_map"]

# So many records that fail alike from the start are a mistake of the function.
_ALIKE = 3
_OWN = frozenset({"function", "result"})
_ABOUT = "about.json"
_OTHER = {
    "function": "another function",
    "code": "another version of the function",
    "arguments": "other arguments",
    "channels": "other channels",
}


def check_function(function: Any, arguments: Mapping[str, Any]) -> None:
    """Refuse what is neither a function nor a verb, and arguments that it lacks."""
    if isinstance(function, str):
        known = verbs()
        if function not in known:
            raise ConfigurationError(
                f"{function!r} is no verb of a record that gives a table: give one of "
                f"{', '.join(known)}, or a function of yours"
            )
        from hexoframe.record import Record  # noqa: PLC0415  # loaded by now

        called: Any = getattr(Record, function)
    elif callable(function):
        called = function
    else:
        raise ConfigurationError(
            f"{function!r} cannot be called: give a function of a record, such as "
            "lambda record: {...}, or the name of a verb, such as 'summary'"
        )
    try:
        inspect.signature(called).bind(None, **arguments)
    except TypeError as error:
        what = function if isinstance(function, str) else _title(function)
        raise ConfigurationError(f"{what} cannot be called so: {error}") from error
    except ValueError:
        pass  # of C: it says nothing of its arguments


def name_of(function: Any, arguments: Mapping[str, Any], given: str | None) -> str:
    """Return the name of the results, by default that of the function and arguments."""
    if given is not None:
        return check_name(given)
    title = function if isinstance(function, str) else _title(function)
    if not re.fullmatch(r"\w+", title, re.ASCII):
        raise ConfigurationError(
            "a function without a name needs one for its results: name='mine-1'"
        )
    parts = [title, *(f"{key}={_word(value)}" for key, value in arguments.items())]
    return check_name("-".join(parts))


def _title(function: Any) -> str:
    return getattr(function, "__name__", None) or repr(function)


def _word(value: Any) -> str:
    text = str(value)
    if re.fullmatch(r"[A-Za-z0-9._+]{1,30}", text):
        return text
    return hashlib.sha256(_described(value).encode()).hexdigest()[:8]


def run_map(  # noqa: PLR0913  # what, of which, and by whom
    job: Job,
    numbers: Sequence[int],
    *,
    storage: Storage,
    workers: Workers,
    overwrite: bool = False,
    retry: bool = True,
    progress: bool | None = None,
) -> None:
    """Compute what the study lacks of the results of a job.

    `storage` is the study as this process opens it; `job` has it as workers do. Raises
    what would meet every record: a mistake of the function, workers without hexoframe.
    """
    name = job.name
    _check_about(storage, job, overwrite=overwrite)
    there = {number_in(file) for file in storage.listing(result_folder(name))}
    if overwrite:
        # All of them now: a run that ends early must leave no mixture.
        for number in there & {*numbers}:
            storage.remove(result_key(name, number or 0))
        there = there - {*numbers}
    failed = {one.record for one in kept_failures(storage, name)}
    todo = [
        number
        for number in numbers
        if number not in there and (retry or number not in failed)
    ]
    begun = _Beginning(storage, job, todo)
    with (
        closing(outcomes_of(job, todo, workers)) as outcomes,
        StudyBar(name, [1.0] * len(todo), show=progress) as bar,
    ):
        for outcome in outcomes:
            bar.finished(1.0)
            begun.note(outcome)
            if outcome.failure is not None:
                keep_failure(storage, name, outcome.failure)
            elif outcome.number in failed:
                forget_failure(storage, name, outcome.number)


class _Beginning:
    """Watches the first records that could be loaded: if all fail alike, it stops.

    They are the first in the order in which they were given, so that the same map ends
    alike however many work at it. A verb of a record is no code of the user, and may
    fail for each record in its own words; the same words are a wrong argument.
    """

    def __init__(self, storage: Storage, job: Job, numbers: Sequence[int]) -> None:
        self._storage = storage
        self._job = job
        self._order = deque(numbers)
        self._known: dict[int, Failure | None] = {}
        self._alike: list[Failure] = []
        self._over = False

    def note(self, outcome: TaskOutcome) -> None:
        """Note an outcome; ConfigurationError at the third failure of a kind."""
        if self._over:
            return
        self._known[outcome.number] = outcome.failure
        while not self._over and self._order and self._order[0] in self._known:
            self._judge(self._known.pop(self._order.popleft()))

    def _judge(self, failure: Failure | None) -> None:
        if failure is None:
            self._over = True
        if failure is None or failure.stage not in _OWN:
            return
        self._alike.append(failure)
        first = self._alike[0]
        words = isinstance(self._job.function, str)
        if failure.type != first.type or (words and failure.message != first.message):
            self._over = True
        elif len(self._alike) == _ALIKE:
            self._stop(first)

    def _stop(self, first: Failure) -> None:
        records = ", ".join(str(one.record) for one in self._alike)
        for one in [*self._alike, *self._known.values()]:
            if one is not None:
                forget_failure(self._storage, self._job.name, one.record or 0)
        trace = f"\n\n{first.trace}" if first.stage == "function" else ""
        advice = (
            ""
            if isinstance(self._job.function, str)
            else ". If these records lack what it needs, let it return that, such as "
            "{'value': nan}"
        )
        raise ConfigurationError(
            f"{self._job.title} failed for the first {_ALIKE} records ({records}) "
            f"alike, so no more were tried: {first.type}: "
            f"{first.message.removesuffix('.')}{advice}{trace}"
        )


# -- what the results are of -----------------------------------------------------------


def _check_about(storage: Storage, job: Job, *, overwrite: bool) -> None:
    """Note what the results of a name are of; refuse to mix those of two functions."""
    key = f"{result_folder(job.name)}/{_ABOUT}"
    about = {
        "function": _title(job.function),
        "code": _code_of(job.function),
        "arguments": {key: _described(value) for key, value in job.arguments.items()},
        "channels": None if job.channels is None else list(map(str, job.channels)),
    }
    try:
        held, _ = read_json(storage, key)
    except FileNotFoundError:
        held = {}
    changed = [part for part in about if held and held.get(part) != about[part]]
    if changed and not overwrite:
        raise ConfigurationError(
            f"the results {job.name!r} are those of {_OTHER[changed[0]]}: give these a "
            f"name of their own (name={_next(job.name)!r}), or say overwrite=True to "
            "compute all anew"
        )
    if changed or not held:
        write_json(storage, key, {**about, "hexoframe": __version__})


def _next(name: str) -> str:
    match = re.fullmatch(r"(.*?)-?(\d+)", name)
    return f"{name}-2" if match is None else f"{match[1]}-{int(match[2]) + 1}"


def _code_of(function: Callable[..., Any] | str) -> str:
    """Return what changes with the code of a function, as far as it can be seen."""
    if isinstance(function, str):
        return function
    inner = inspect.unwrap(getattr(function, "func", function))
    try:
        text = inspect.getsource(inner)
    except (OSError, TypeError):
        code = getattr(inner, "__code__", None)
        text = repr(inner) if code is None else f"{code.co_code!r}{code.co_names}"
        text = re.sub(r" at 0x[0-9a-f]+", "", text)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _described(value: Any) -> str:
    """Return a text that is equal for equal arguments."""
    if isinstance(value, pd.DataFrame | pd.Series):
        return hashlib.sha256(value.to_csv().encode()).hexdigest()[:20]
    try:
        return json.dumps(value, sort_keys=True)
    except (TypeError, ValueError):
        return re.sub(r" at 0x[0-9a-f]+", "", repr(value))
