"""JSON from outside: read once, checked once, and handed on in a typed form.

`JsonSource.read` refuses what no program here can use (numbers that are not finite or
do not fit into 64 bits, text that is not Unicode, endless nesting), `typed` what has
another type than the code behind it expects. Both name the place, the field and the
value. What the values mean does not belong here.

A decoder such as msgspec would do a part of it: its messages lack the value and the
keys of objects, and whole numbers may have any size.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from hexoframe.errors import FileFormatError, HexoframeError

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["JsonSource", "shown"]

_T = TypeVar("_T")
# A whole number of more characters cannot fit into 64 bits.
_MOST_DIGITS = 20
_LIMIT = 1 << 63
# The deepest real file has 6 levels.
_DEEPEST = 64
_SHOWN = 80  # characters of what was found, in a message


class _WrongTypeError(Exception):
    """A value has another type than is expected; the text names field and value."""


@dataclass(frozen=True, slots=True)
class JsonSource:
    """Where JSON comes from: what it is called in messages, and which error it raises.

    `advice` ends each message: the way out.
    """

    where: str
    error: type[HexoframeError] = FileFormatError
    advice: str = ""

    def fail(self, text: str) -> HexoframeError:
        """Return the error that says so of the source."""
        end = f"; {self.advice}" if self.advice else ""
        return self.error(f"{self.where}: {text}{end}")

    def read(self, data: bytes | str, *, nan_is_null: bool = False) -> Any:
        """Return the value of a JSON text, or raise with the reason.

        `nan_is_null` reads a bare NaN, which some servers print for no value, as null.
        """
        try:
            value = json.loads(
                data,
                parse_int=_integer,
                parse_float=_finite,
                parse_constant=functools.partial(_constant, nan_is_null=nan_is_null),
            )
            _check(value)
        except RecursionError:
            reason = "nested too deeply"
        except ValueError as wrong:
            reason = str(wrong)
        else:
            return value
        # Outside of the handlers, since the errors of json carry the whole text.
        raise self.fail(f"not JSON: {reason}")

    def typed(self, value: Any, kind: type[_T], *, field: str = "") -> _T:
        """Return a value of JSON in a type, or raise with its field and the value.

        `kind` is made of bool, int, float, str, None, Any, Literal, unions, tuples,
        lists, dicts, and of dataclasses and NamedTuples, which are objects (a
        NamedTuple also a list). Their defaults stand for absent fields; other fields
        are ignored.
        """
        try:
            made: _T = _made(value, kind, field)
        except _WrongTypeError as wrong:
            raise self.fail(str(wrong)) from None
        return made


# -- text to values --------------------------------------------------------------------


def _integer(text: str) -> int:
    if len(text) > _MOST_DIGITS or not -_LIMIT <= int(text) < _LIMIT:
        raise ValueError(f"the number {_short(text)} does not fit into 64 bits")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {_short(text)} is too large")
    return number


def _constant(name: str, *, nan_is_null: bool) -> None:
    if not (nan_is_null and name == "NaN"):
        raise ValueError(f"{name} is not a number of JSON")


def _check(value: Any) -> None:
    """Refuse endless nesting, and text that cannot be written again."""
    level = [value]
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                below += [*each, *each.values()]
            elif isinstance(each, list):
                below += each
            elif isinstance(each, str):
                _check_text(each)
        if not below:
            return
        level = below
    raise ValueError(f"nested more than {_DEEPEST} times")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as wrong:
        raise ValueError(f"{shown(text)} holds half a character") from wrong


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def shown(value: Any) -> str:
    """Return a value as JSON in ASCII, shortened for a message."""
    try:
        return _short(json.dumps(value))
    except (RecursionError, TypeError, ValueError):
        return f"a {type(value).__name__}"


# -- values to types -------------------------------------------------------------------


def _made(value: Any, kind: Any, field: str) -> Any:
    """Return a value in a type; `field` is its place in the whole."""
    if kind is Any:
        return value
    if kind in _PLAIN:
        name, allowed = _PLAIN[kind]
        if type(value) not in allowed:
            _refuse(field, value, name)
        return float(value) if kind is float else value
    origin = get_origin(kind)
    if origin is not None:
        return _MAKERS[origin](value, kind, field)
    return _record(value, kind, field)


_PLAIN: Mapping[Any, tuple[str, frozenset[type]]] = {
    bool: ("true or false", frozenset({bool})),
    int: ("a whole number", frozenset({int})),
    float: ("a number", frozenset({int, float})),
    str: ("a text", frozenset({str})),
    type(None): ("null", frozenset({type(None)})),
}


def _refuse(field: str, value: Any, expected: str) -> NoReturn:
    place = f"{field}: " if field else ""
    raise _WrongTypeError(f"{place}expected {expected}, found {shown(value)}")


def _literal(value: Any, kind: Any, field: str) -> Any:
    choices = get_args(kind)
    if not any(value == each and type(value) is type(each) for each in choices):
        listed = ", ".join(map(str, choices))
        _refuse(field, value, f"one of {listed}" if len(choices) > 1 else listed)
    return value


def _union(value: Any, kind: Any, field: str) -> Any:
    kinds = get_args(kind)
    if value is None and type(None) in kinds:
        return None
    reasons = []
    for each in kinds:
        if each is type(None):
            continue
        try:
            return _made(value, each, field)
        except _WrongTypeError as wrong:
            reasons.append(wrong)
    if len(reasons) == 1:
        raise reasons[0]
    _refuse(field, value, " or ".join(_PLAIN[each][0] for each in kinds))


def _list(value: Any, kind: Any, field: str) -> list[Any]:
    if not isinstance(value, list):
        _refuse(field, value, "a list")
    (inner,) = get_args(kind)
    return [_made(each, inner, f"{field}[{at}]") for at, each in enumerate(value)]


def _tuple(value: Any, kind: Any, field: str) -> tuple[Any, ...]:
    if get_args(kind)[-1] is Ellipsis:
        return tuple(_list(value, list[get_args(kind)[0]], field))  # type: ignore[misc]
    kinds = get_args(kind)
    if not isinstance(value, list) or len(value) != len(kinds):
        _refuse(field, value, f"a list of {len(kinds)}")
    return tuple(
        _made(each, inner, f"{field}[{at}]")
        for at, (each, inner) in enumerate(zip(value, kinds, strict=True))
    )


def _dict(value: Any, kind: Any, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(field, value, "an object")
    _, inner = get_args(kind)
    return {
        name: _made(each, inner, _below(field, name)) for name, each in value.items()
    }


def _record(value: Any, kind: Any, field: str) -> Any:
    """Return a dataclass or NamedTuple of an object."""
    names, needed = _fields(kind)
    if isinstance(value, list) and issubclass(kind, tuple) and len(value) == len(names):
        value = dict(zip(names, value, strict=True))
    if not isinstance(value, dict):
        _refuse(field, value, "an object")
    for name in needed:
        if name not in value:
            raise _WrongTypeError(f"{_below(field, name)} is missing")
    return kind(
        **{
            name: _made(value[name], inner, _below(field, name))
            for name, inner in names.items()
            if name in value
        }
    )


@functools.cache
def _fields(kind: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the fields of a type with their types, and those that have no default."""
    hints = get_type_hints(kind)
    if dataclasses.is_dataclass(kind):
        fields = dataclasses.fields(kind)
        optional = {
            each.name
            for each in fields
            if each.default is not dataclasses.MISSING
            or each.default_factory is not dataclasses.MISSING
        }
        names = [each.name for each in fields]
    else:
        names, optional = list(kind._fields), set(kind._field_defaults)
    return (
        {name: hints[name] for name in names},
        tuple(name for name in names if name not in optional),
    )


def _below(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name


_MAKERS: Mapping[Any, Callable[[Any, Any, str], Any]] = {
    Literal: _literal,
    Union: _union,
    types.UnionType: _union,
    list: _list,
    tuple: _tuple,
    dict: _dict,
}
