"""Files that are written and summed by another thread, and the list of sums."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from hexoframe.errors import FileFormatError
from hexoframe.formats.checksums import (
    SUMS,
    SummedFile,
    read_sums,
    sha256_of,
    write_sums,
)

BLOCKS = [bytes([number]) * (number * 7000 + 1) for number in range(20)]


def test_a_file_has_all_blocks_in_order_and_their_sum(tmp_path):
    path = tmp_path / "ECG_I.txt"
    with SummedFile(path) as file:
        for block in BLOCKS:
            file.write(block)
    assert path.read_bytes() == b"".join(BLOCKS)
    assert file.sha256 == hashlib.sha256(b"".join(BLOCKS)).hexdigest()


def test_a_file_without_a_block_is_empty(tmp_path):
    with SummedFile(tmp_path / "empty.txt") as file:
        pass
    assert (tmp_path / "empty.txt").read_bytes() == b""
    assert file.sha256 == hashlib.sha256().hexdigest()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is full")
@pytest.mark.parametrize("blocks", [[b"1"], BLOCKS])
def test_a_full_disk_is_an_error_whatever_waits(blocks):
    def write():
        with SummedFile(Path("/dev/full")) as file:
            for block in blocks:
                file.write(block)

    with pytest.raises(OSError, match="No space left"):
        write()


def test_an_error_between_two_blocks_ends_the_thread(tmp_path):
    before = threading.active_count()

    def write():
        with SummedFile(tmp_path / "a.txt") as file:
            file.write(BLOCKS[5])
            raise KeyError

    with pytest.raises(KeyError):
        write()
    assert threading.active_count() == before


def test_sums_that_are_known_stand_beside_those_that_are_not(tmp_path):
    (tmp_path / "info.txt").write_bytes(b"id : 5\n")
    with SummedFile(tmp_path / "hr.txt") as file:
        file.write(b"1\t70\n")
    write_sums(tmp_path, {"hr.txt": file.sha256})
    assert read_sums(tmp_path) == {
        name: sha256_of(tmp_path / name) for name in ("hr.txt", "info.txt")
    }
    lines = (tmp_path / SUMS).read_text("ascii").splitlines()
    assert [line.split("  ")[1] for line in lines] == ["hr.txt", "info.txt"]


def test_an_empty_list_is_no_list_without_files(tmp_path):
    (tmp_path / SUMS).touch()
    with pytest.raises(FileFormatError, match="is empty, so it was cut or overwritten"):
        read_sums(tmp_path)
