"""The sum in the last annotation vouches for every byte."""

from __future__ import annotations

import hashlib

import pytest

import hexoframe
from hexoframe.errors import FileFormatError, HexoframeWarning, MissingFactsWarning
from tests.formats.shirts import made

MARK = b"\x14hexoframe sha256 "


@pytest.fixture
def path(tmp_path):
    return made(3, names=("ecg", "rr_interval")).to_edf(tmp_path / "a.edf")


def test_the_sum_is_that_of_the_file_with_zeros_in_its_place(path):
    data = path.read_bytes()
    at = data.index(MARK) + len(MARK)
    without = data[:at] + b"0" * 64 + data[at + 64 :]
    assert data[at : at + 64].decode() == hashlib.sha256(without).hexdigest()


@pytest.mark.parametrize("place", [20, 300, 600, 1600, -1500, -400])
def test_a_changed_byte_is_noticed_wherever_it_is(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(FileFormatError):
        hexoframe.open_record(path)


def test_a_file_that_was_changed_on_purpose_opens_with_a_warning(path):
    data = bytearray(path.read_bytes())
    data[1600] ^= 1
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match="not as hexoframe wrote it: its SHA-256"):
        hexoframe.open_record(path)
    with pytest.warns(HexoframeWarning, match="any of its values may be another one"):
        record = hexoframe.open_record(path, allow_partial=True)
    assert len(record["ecg"]) == 768


def test_a_file_without_its_sum_is_refused(path):
    path.write_bytes(path.read_bytes().replace(MARK, b"\x14hexoframe sum256 "))
    with pytest.raises(FileFormatError, match="not as hexoframe wrote it"):
        hexoframe.open_record(path)


def test_a_file_without_the_own_annotation_is_read_as_of_others_with_a_warning(path):
    path.write_bytes(path.read_bytes().replace(b"\x14hexoframe {", b"\x14hexoframf {"))
    with pytest.warns(MissingFactsWarning, match="read as a file of others"):
        record = hexoframe.open_record(path)
    assert len(record["ecg"]) == 768
    assert "rr_interval" not in record


def test_a_note_with_the_words_of_the_sum_is_none(tmp_path):
    record = made(3, names=("ecg",))
    record.annotations  # noqa: B018  # it is a copy
    record.facts.annotations.loc[:, "comment"] = "hexoframe sha256 " + "0" * 64
    path = record.to_edf(tmp_path / "a.edf")
    comments = hexoframe.open_record(path).annotations["comment"]
    assert set(comments) == {"hexoframe sha256 " + "0" * 64}
