"""Columns of ASCII bytes, against Python's own str, repr and int."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe import digits
from hexoframe.errors import ConfigurationError

INT64 = st.integers(-(2**63), 2**63 - 1)


def lines(*columns):
    return digits.join(columns).decode().split("\n")[:-1]


@given(st.lists(INT64, max_size=40))
def test_integers_are_written_as_python_writes_them(numbers):
    assert lines(digits.integers(np.array(numbers, np.int64))) == [
        str(number) for number in numbers
    ]


@pytest.mark.parametrize(
    "numbers",
    [
        np.arange(-500, 500),
        np.full(7, -3),
        384_700_526_436 + np.arange(70_000),
        np.arange(65_535, dtype=np.uint16),
        np.array([-(2**63), 2**63 - 1, 0]),
        np.array([9_999, 10_000, 99_999_999, 100_000_000]),
        np.array([0]),
    ],
)
def test_integers_of_every_size_and_range_are_written_exactly(numbers):
    assert lines(digits.integers(numbers)) == [str(n) for n in numbers.tolist()]


def test_no_integers_give_an_empty_column():
    assert digits.integers([]).shape[0] == 0
    assert digits.join([digits.integers([]), digits.floats([])]) == b""


@pytest.mark.parametrize(
    "wrong", [[1.5], [True], ["1"], [[1, 2]], np.array([2**63], np.uint64)]
)
def test_what_is_no_column_of_integers_is_refused(wrong):
    with pytest.raises(ConfigurationError):
        digits.integers(wrong)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=40))
def test_floats_are_written_as_repr_and_nan_as_none(numbers):
    assert lines(digits.floats(numbers)) == [
        "None" if math.isnan(number) else repr(number) for number in numbers
    ]


def test_floats_keep_every_digit_and_the_sign_of_zero():
    numbers = [0.0, -0.0, 43 * 13.28, 331 * 13.28, 1e-07, 5 / 256, math.nan, 1e16]
    assert lines(digits.floats(numbers)) == [
        "0.0",
        "-0.0",
        "571.04",
        "4395.679999999999",
        "1e-07",
        "0.01953125",
        "None",
        "1e+16",
    ]


def test_a_text_table_is_taken_by_value():
    table = digits.TextTable.over(-4, 4, lambda count: repr(count / 256))
    counts = np.array([4, -4, 0, 1, 1])
    assert lines(table.take(counts)) == [repr(count / 256) for count in counts.tolist()]
    assert len(table) == 9
    assert lines(digits.TextTable(["a", "bcd", b"", "ü"]).take([3, 2, 1])) == [
        "ü",
        "",
        "bcd",
    ]
    assert table.take([]).shape == (0, table.columns.shape[1])


@pytest.mark.parametrize("number", [-5, 5, 2**40])
def test_a_number_outside_a_text_table_is_refused_with_its_range(number):
    table = digits.TextTable.over(-4, 4, str)
    with pytest.raises(ConfigurationError, match=rf"{number} .* -4 to 4"):
        table.take([0, number])


def test_a_text_with_a_nul_byte_is_refused():
    with pytest.raises(ConfigurationError, match="text 1"):
        digits.texts(["a", "b\0"])
    with pytest.raises(ConfigurationError, match="NUL"):
        digits.TextTable([b"\0"])
    with pytest.raises(ConfigurationError, match="NUL"):
        digits.join([digits.texts(["a"])], separator=b"\0")


@given(st.lists(st.tuples(INT64, st.text("aü\t ", max_size=5)), min_size=1))
def test_join_sets_columns_side_by_side(rows):
    numbers, words = zip(*rows, strict=True)
    found = digits.join(
        [digits.integers(np.array(numbers)), digits.texts(words)],
        separator=b"; ",
        newline=b"\t\n",
    )
    expected = "".join(f"{number}; {word}\t\n" for number, word in rows)
    assert found == expected.encode()


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ConfigurationError, match=r"\[1, 2\]"):
        digits.join([digits.texts(["a"]), digits.texts(["a", "b"])])
    with pytest.raises(ConfigurationError, match="none"):
        digits.join([])


@given(
    st.integers(1, 18).flatmap(
        lambda width: st.lists(
            st.text("0123456789", min_size=width, max_size=width), min_size=1
        )
    )
)
def test_digit_columns_are_read_as_int_reads_them(texts):
    columns = digits.texts(texts)
    values, valid = digits.decode_integers(columns)
    assert valid.all()
    assert values.tolist() == [int(text) for text in texts]


@given(st.integers(0, 255).filter(lambda byte: not 48 <= byte <= 57))
def test_every_byte_that_is_no_digit_marks_its_row(byte):
    columns = digits.integers(np.arange(1_000, 71_000) + 100_000).copy()
    columns[68_123, 3] = byte
    _, valid = digits.decode_integers(columns)
    assert np.flatnonzero(~valid).tolist() == [68_123]


def test_numbers_of_more_digits_than_int64_holds_are_refused():
    with pytest.raises(ConfigurationError, match="1 to 18"):
        digits.decode_integers(np.full((2, 19), 48, np.uint8))
