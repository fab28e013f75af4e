"""JSON from outside: what is refused at the door, and what comes out typed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import pytest

from hexoframe.errors import CacheError, FileFormatError, ResponseError
from hexoframe.jsontext import JsonSource, shown

SOURCE = JsonSource("x.json", advice="fetch it again")


class Span(NamedTuple):
    start: int
    kind: Literal["hole", "missing"] = "hole"


@dataclass(frozen=True)
class Held:
    name: str
    spans: tuple[Span, ...] = ()
    pair: tuple[int, int] | None = None
    level: float = 0.0
    said: dict[str, list[int | None]] = field(default_factory=dict)
    who: int | str | None = None
    rest: Any = None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Expecting value"),
        ("{", "Expecting"),
        ("[1, 2", "delimiter"),
        (b"\xff", "decode"),
        ('{"a": NaN}', "NaN is not a number of JSON"),
        ("[-Infinity]", "-Infinity is not a number"),
        ("[1e400]", "1e400 is too large"),
        ("9" * 5000, r"the number 9{80}\.\.\. does not fit into 64 bits"),
        ("[-9223372036854775809]", "-9223372036854775809 does not fit"),
        ("9223372036854775808", "9223372036854775808 does not fit"),
        ('{"a": "\\ud800"}', r'"\\ud800" holds half a character'),
        ('{"\\udfff": 1}', "half a character"),
        (b'"\xed\xa0\x80"', "half a character|decode"),
        ("[" * 100_000, "nested too deeply"),
        ("[" * 65 + "]" * 65, "nested more than 64 times"),
    ],
)
def test_what_no_program_can_use_is_refused_with_the_reason(text, says):
    with pytest.raises(FileFormatError, match=rf"^x\.json: not JSON: .*{says}") as told:
        SOURCE.read(text)
    assert str(told.value).endswith("; fetch it again")
    assert len(str(told.value)) < 250
    # The errors of json hold the whole text.
    assert told.value.__cause__ is None
    assert told.value.__context__ is None


def test_what_is_right_comes_as_json_has_it():
    value = {"a": [1, -1.5, True, None, "é\n😀", 2**63 - 1, -(2**63), 1e308, {}]}
    assert SOURCE.read(json.dumps(value)) == value
    assert SOURCE.read(b"\xef\xbb\xbf[]") == []
    assert SOURCE.read("[" * 64 + "]" * 64) is not None
    assert SOURCE.read("[NaN, 1]", nan_is_null=True) == [None, 1]
    with pytest.raises(ResponseError, match="Infinity"):
        JsonSource("x", ResponseError).read("[Infinity]", nan_is_null=True)


def test_an_object_becomes_its_type_and_unknown_fields_are_ignored():
    told = {
        "name": "a",
        "spans": [{"start": 1, "later": 5}, [7, "missing"]],
        "pair": [3, 4],
        "level": 2,
        "said": {"x": [1, None]},
        "who": "me",
        "rest": {"any": [1]},
        "new": 1,
    }
    made = SOURCE.typed(told, Held)
    assert made == Held(
        name="a",
        spans=(Span(1), Span(7, "missing")),
        pair=(3, 4),
        level=2.0,
        said={"x": [1, None]},
        who="me",
        rest={"any": [1]},
    )
    assert type(made.level) is float
    assert SOURCE.typed({"name": "b"}, Held) == Held(name="b")


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ([], r"expected an object, found \[\]"),
        ({}, "name is missing"),
        ({"name": 5}, "name: expected a text, found 5"),
        ({"name": "a" * 900, "pair": 1}, "pair: expected a list of 2, found 1"),
        ({"name": "a", "pair": [1]}, r"pair: expected a list of 2, found \[1\]"),
        ({"name": "a", "pair": [1, "2"]}, r'pair\[1\]: expected a whole number, .*"2"'),
        ({"name": "a", "pair": [1, 2.0]}, r"pair\[1\]: expected a whole .*found 2\.0"),
        ({"name": "a", "pair": [1, True]}, r"pair\[1\]: .*found true"),
        ({"name": "a", "spans": {}}, r"spans: expected a list, found \{\}"),
        ({"name": "a", "spans": [{}]}, r"spans\[0\]\.start is missing"),
        ({"name": "a", "spans": [[1, "lake"]]}, r"kind: expected one of hole, missing"),
        ({"name": "a", "spans": [[1, 2, 3]]}, r"spans\[0\]: expected an object"),
        ({"name": "a", "level": "1"}, 'level: expected a number, found "1"'),
        ({"name": "a", "level": False}, "level: expected a number, found false"),
        ({"name": "a", "said": {"x": [1, "y"]}}, r'said\.x\[1\]: expected .*"y"'),
        ({"name": "a", "who": []}, r"who: expected a whole number or a text or null"),
        ({"name": "a", "who": ["z" * 900]}, r"found \[\"z{78}\.\.\."),
    ],
)
def test_another_type_is_named_by_its_field_and_value(told, says):
    for error in (FileFormatError, CacheError, ResponseError):
        with pytest.raises(error, match=rf"^x: {says}|^x: .*{says}") as raised:
            JsonSource("x", error).typed(told, Held)
        assert len(str(raised.value)) < 250


def test_a_value_is_shown_short_and_in_ascii():
    assert shown("é\x1b[2J") == '"\\u00e9\\u001b[2J"'
    assert shown(list(range(1000))) == f"{json.dumps(list(range(1000)))[:80]}..."
    assert shown({1, 2}) == "a set"
