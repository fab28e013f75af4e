"""A ZIP and a folder as named members, whole, damaged and hostile."""

from __future__ import annotations

import functools
import gzip
import io
import os
import struct
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.errors import FileFormatError
from hexoframe.formats.archive import container
from hexoframe.formats.archive.container import (
    Folder,
    ZipFolder,
    gunzipped,
    looks_like_zip,
    placeholder_of,
    zip_folders,
)

TEXT = bytes(range(256)) * 40
MEMBERS = {"record_1/ECG_I.wav": TEXT, "record_1/info.json": b"{}"}


def zip_bytes(members, *, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def save(folder, data, name="x.zip"):
    path = folder / name
    path.write_bytes(data)
    return path


def read_all(path):
    """Read every member of every folder, as a reader does."""
    found = {}
    for folder, names in zip_folders(path).items():
        box = ZipFolder(path, folder)
        assert sorted(box.sizes()) == sorted(names)
        for name in names:
            found[folder, name] = box.read(name)
            assert len(found[folder, name]) == box.sizes()[name]
    return found


# -- whole -----------------------------------------------------------------------------


def test_a_folder_and_its_zip_hold_the_same_members(tmp_path):
    folder = tmp_path / "record_1"
    folder.mkdir()
    for name, data in MEMBERS.items():
        (tmp_path / name).write_bytes(data)
    (folder / ".hidden").write_bytes(b"x")
    (folder / "below").mkdir()
    plain = Folder(folder)
    packed = ZipFolder(save(tmp_path, zip_bytes(MEMBERS)), "record_1")
    assert plain.sizes() == packed.sizes() == {"ECG_I.wav": len(TEXT), "info.json": 2}
    for name in plain.sizes():
        assert plain.read(name) == packed.read(name) == MEMBERS[f"record_1/{name}"]
        with plain.open(name) as one, packed.open(name) as other:
            assert one.read(7) == other.read(7)


def test_labels_name_the_file_and_the_folder_in_it(tmp_path):
    path = save(tmp_path, zip_bytes(MEMBERS))
    assert ZipFolder(path, "record_1").label == f"{path}/record_1"
    assert ZipFolder(path, "").label == str(path)
    assert Folder(tmp_path).label == str(tmp_path)


def test_folders_of_a_zip_are_listed_with_their_members(tmp_path):
    names = {
        "range_5/record_1/ECG_I.wav": b"a",
        "range_5/record_2/ECG_I.wav": b"bb",
        "top.txt": b"c",
    }
    path = save(tmp_path, zip_bytes(names))
    assert zip_folders(path) == {
        "range_5/record_1": ["ECG_I.wav"],
        "range_5/record_2": ["ECG_I.wav"],
        "": ["top.txt"],
    }
    assert ZipFolder(path, "range_5/record_2").read("ECG_I.wav") == b"bb"
    assert ZipFolder(path, "").read("top.txt") == b"c"


def test_the_table_of_contents_is_read_once_for_all_members(tmp_path, monkeypatch):
    names = {f"r/record_{n}/ECG_I.wav": bytes([n]) for n in range(50)}
    path = save(tmp_path, zip_bytes(names))
    read = []
    opened = container._open_zip
    monkeypatch.setattr(
        container, "_open_zip", lambda file, at: read.append(at) or opened(file, at)
    )
    assert len(read_all(path)) == 50
    assert read == [str(path)]


def test_a_zip_that_was_replaced_is_seen_anew(tmp_path):
    path = save(tmp_path, zip_bytes({"a/x": b"one"}))
    assert ZipFolder(path, "a").read("x") == b"one"
    save(tmp_path, zip_bytes({"a/x": b"another", "b/y": b"two"}))
    assert ZipFolder(path, "a").read("x") == b"another"
    assert ZipFolder(path, "b").sizes() == {"y": 3}


@pytest.mark.parametrize("prefix", ["./", "./record_1/", "record_1/./", "record_1//"])
def test_other_spellings_of_a_path_find_their_member(tmp_path, prefix):
    path = save(tmp_path, zip_bytes({f"{prefix}ECG_I.wav": TEXT}))
    (folder,) = zip_folders(path)
    assert ZipFolder(path, folder).read("ECG_I.wav") == TEXT


def test_hidden_files_and_those_of_a_file_manager_are_left_out(tmp_path):
    names = {
        "r/ECG_I.wav": b"a",
        "r/.DS_Store": b"b",
        "__MACOSX/r/._ECG_I.wav": b"c",
        "r/": b"",
    }
    assert zip_folders(save(tmp_path, zip_bytes(names))) == {"r": ["ECG_I.wav"]}


@pytest.mark.parametrize(
    ("data", "is_zip"),
    [
        (zip_bytes(MEMBERS), True),
        (zip_bytes({}), True),
        (zip_bytes(MEMBERS)[:50], True),
        (b"RIFF", False),
        (b"", False),
        (b"PK", False),
    ],
)
def test_a_zip_is_told_by_its_first_bytes_whole_or_cut(tmp_path, data, is_zip):
    assert looks_like_zip(save(tmp_path, data)) is is_zip


def test_a_member_that_is_not_there_is_named(tmp_path):
    path = save(tmp_path, zip_bytes(MEMBERS))
    with pytest.raises(FileFormatError, match=r"x\.zip/record_1.*'PPG\.wav'"):
        ZipFolder(path, "record_1").read("PPG.wav")


# -- cut and damaged -------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_a_cut_zip_is_refused_with_the_byte_at_which_it_ends(tmp_path, share):
    data = zip_bytes(MEMBERS)
    kept = int(len(data) * share)
    path = save(tmp_path, data[:kept])
    with pytest.raises(FileFormatError, match=rf"x\.zip.* byte {kept}\b.*cut"):
        zip_folders(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_with_a_wrong_checksum_is_refused_with_its_name(tmp_path, method):
    data = bytearray(zip_bytes({"record_1/ECG_I.wav": TEXT}, method=method))
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 16] ^= 1  # the checksum in the table of contents
    data[14] ^= 1  # and in front of the member
    box = ZipFolder(save(tmp_path, bytes(data)), "record_1")
    with pytest.raises(FileFormatError, match=r"x\.zip/record_1/ECG_I\.wav.*damaged"):
        box.read("ECG_I.wav")


def test_a_damaged_stream_is_refused_with_its_name(tmp_path):
    data = bytearray(zip_bytes({"record_1/ECG_I.wav": TEXT}))
    data[60:80] = b"\xff" * 20
    box = ZipFolder(save(tmp_path, bytes(data)), "record_1")
    with pytest.raises(FileFormatError, match=r"record_1/ECG_I\.wav.*damaged"):
        box.read("ECG_I.wav")


def test_an_encrypted_member_is_refused_and_said_to_be_so(tmp_path):
    data = bytearray(zip_bytes({"record_1/ECG_I.wav": TEXT}))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    box = ZipFolder(save(tmp_path, bytes(data)), "record_1")
    with pytest.raises(FileFormatError, match=r"ECG_I\.wav.*encrypted"):
        box.read("ECG_I.wav")


def test_a_member_packed_in_another_way_is_refused(tmp_path):
    names = {"record_1/ECG_I.wav": TEXT}
    path = save(tmp_path, zip_bytes(names, method=zipfile.ZIP_BZIP2))
    with pytest.raises(FileFormatError, match=r"ECG_I\.wav.*method 12"):
        ZipFolder(path, "record_1").read("ECG_I.wav")


@pytest.mark.parametrize("which", ["place", "table"])
def test_a_name_that_differs_between_its_place_and_the_table_is_refused(
    tmp_path, which
):
    data = zip_bytes({"record_1/info.json": b"{}", "record_1/\u00e9.csv": b""})
    at = data.index(b"info") if which == "place" else data.rindex(b"info")
    path = save(tmp_path, data[:at] + b"h" + data[at + 1 :])
    with pytest.raises(FileFormatError, match=r"'record_1/.nfo.json' is called 'rec"):
        zip_folders(path)


def test_a_member_that_is_there_twice_is_refused(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        archive.writestr("record_1/ECG_I.wav", b"one")
        archive.writestr("record_1/ECG_I.wav", b"two")
    with pytest.raises(FileFormatError, match=r"ECG_I\.wav' is there twice"):
        zip_folders(save(tmp_path, buffer.getvalue()))


def test_an_error_of_the_caller_is_not_taken_for_damage(tmp_path):
    box = ZipFolder(save(tmp_path, zip_bytes(MEMBERS)), "record_1")
    with pytest.raises(RuntimeError, match="mine"), box.open("info.json"):
        raise RuntimeError("mine")


def test_a_member_that_lies_before_the_file_is_refused(tmp_path):
    data = bytearray(zip_bytes({"record_1/ECG_I.wav": TEXT}))
    data[data.rindex(b"PK\x05\x06") + 12] += 100  # the size of the table of contents
    with pytest.raises(FileFormatError, match=r"x\.zip"):
        read_all(save(tmp_path, bytes(data)))


@pytest.mark.parametrize("place", [10_000, 2**31, 2**63, 2**64 - 1])
def test_a_member_that_lies_behind_the_file_is_refused(tmp_path, place):
    # The table of contents in its long form, where places have 64 bits.
    name = b"r/ECG_I.wav"
    entry = (
        struct.pack(
            "<4s4B4HL2L5H2L",
            b"PK\x01\x02",
            20,
            3,
            20,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            len(name),
            12,
            0,
            0,
            0,
            0,
            0xFFFFFFFF,
        )
        + name
        + struct.pack("<2HQ", 1, 8, place)
    )
    front = b"PK\x03\x04" + bytes(26)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), len(front), 0)
    with pytest.raises(FileFormatError, match=rf"x\.zip.*ECG_I.*byte {place} of"):
        read_all(save(tmp_path, front + entry + end))


def test_a_member_whose_place_holds_something_else_is_refused(tmp_path):
    data = bytearray(zip_bytes({"record_1/ECG_I.wav": TEXT}))
    data[:4] = b"RIFF"
    with pytest.raises(FileFormatError, match=r"record_1/ECG_I\.wav.*damaged.*byte 0"):
        read_all(save(tmp_path, bytes(data)))


def test_a_member_without_a_name_is_refused(tmp_path):
    data = bytearray(zip_bytes({"r": b"x"}))
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 46] = 0  # names end at the first NUL
    with pytest.raises(FileFormatError, match="has no name"):
        zip_folders(save(tmp_path, bytes(data)))


@functools.cache
def sound_zip():
    return zip_bytes({"record_1/ECG_I.wav": TEXT, "record_1/a.csv": b"time [s],a\n"})


@given(
    places=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4),
    cut=st.integers(0, 200),
)
def test_any_damage_is_refused_or_harmless(tmp_path_factory, places, cut):
    data = bytearray(sound_zip())
    for place, value in places:
        data[place % len(data)] = value
    path = save(tmp_path_factory.getbasetemp(), bytes(data[: len(data) - cut]))
    found, said = {}, str(path)
    try:
        found = read_all(path)
    except FileFormatError as error:
        said = str(error)
    assert str(path) in said
    # What could be read is what was packed: a checksum stands over each member.
    assert set(found.values()) <= {TEXT, b"time [s],a\n"}


def test_backslashes_are_separators(tmp_path):
    data = zip_bytes({"r\\one.csv": b"a", "r\\deep\\two.csv": b"b"})
    path = save(tmp_path, data)
    assert zip_folders(path) == {"r": ["one.csv"], "r/deep": ["two.csv"]}
    assert ZipFolder(path, "r/deep").read("two.csv") == b"b"


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("RR_interval.csv", None),
        (".RR_interval.csv.icloud", "RR_interval.csv"),
        ("ECG_I.wav.crdownload", "ECG_I.wav"),
        ("ECG_I.wav.PART", "ECG_I.wav"),
        (".icloud", None),
        (".DS_Store", None),
    ],
)
def test_a_placeholder_names_the_file_that_it_stands_for(name, plain):
    assert placeholder_of(name) == plain


def test_a_gzip_that_unpacks_to_more_than_a_recording_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(container, "_BOMB_BYTES", 1 << 21)
    monkeypatch.setattr(container, "_BOMB_RATIO", 10)
    (tmp_path / "ECG_I.wav.gz").write_bytes(gzip.compress(bytes(1 << 22)))
    with pytest.raises(FileFormatError, match=r"ECG_I\.wav\.gz: unpacks to more than"):
        gunzipped(Folder(tmp_path)).sizes()


# -- hostile ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../evil.wav",
        "record_1/../../evil.wav",
        "/evil.wav",
        "//evil.wav",
        "record_1\\..\\evil.wav",
        "..\\evil.wav",
        "C:\\evil.wav",
        "\\\\server\\share\\evil.wav",
        "..",
        "record_1/../info.json",
        "__MACOSX/../../evil.wav",
        "../.evil",
    ],
)
def test_a_name_that_leaves_its_folder_is_refused_and_nothing_is_written(
    tmp_path, name
):
    inner = tmp_path / "inner"
    inner.mkdir()
    path = save(inner, zip_bytes({"record_1/ECG_I.wav": TEXT, name: b"evil"}))
    with pytest.raises(FileFormatError, match="points outside its folder") as caught:
        zip_folders(path)
    assert repr(name) in str(caught.value)
    assert str(path) in str(caught.value)
    with pytest.raises(FileFormatError, match="points outside"):
        ZipFolder(path, "record_1").read("ECG_I.wav")
    assert [item.name for item in tmp_path.rglob("*")] == ["inner", "x.zip"]


def told_size(data, size):
    """Rewrite the unpacked size of the only member, in both places."""
    data = bytearray(data)
    struct.pack_into("<I", data, 22, size)
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 24, size)
    return bytes(data)


def test_a_member_that_says_it_unfolds_to_gigabytes_is_refused_unread(tmp_path):
    data = told_size(zip_bytes({"r/ECG_I.wav": bytes(1 << 20)}), 4_000_000_000)
    with pytest.raises(
        FileFormatError, match=r"ECG_I\.wav' would unpack .* 4000000000"
    ):
        zip_folders(save(tmp_path, data))


def test_a_member_that_unfolds_to_more_than_it_says_is_refused(tmp_path):
    data = told_size(zip_bytes({"r/ECG_I.wav": bytes(64 << 20)}), 1000)
    box = ZipFolder(save(tmp_path, data), "r")
    assert box.sizes() == {"ECG_I.wav": 1000}
    with pytest.raises(FileFormatError, match=r"r/ECG_I\.wav.*damaged"):
        box.read("ECG_I.wav")


def test_a_member_that_unfolds_to_less_than_it_says_is_refused(tmp_path):
    data = told_size(zip_bytes({"r/ECG_I.wav": TEXT}), len(TEXT) + 1000)
    box = ZipFolder(save(tmp_path, data), "r")
    with pytest.raises(FileFormatError, match=r"r/ECG_I\.wav"):
        box.read("ECG_I.wav")


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no symbolic links here")
def test_a_link_in_a_zip_is_data_and_leads_nowhere(tmp_path):
    secret = save(tmp_path, b"secret", "secret.txt")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("r/ECG_I.wav")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(secret))
    box = ZipFolder(save(tmp_path, buffer.getvalue()), "r")
    assert box.read("ECG_I.wav") == str(secret).encode()
    assert Path(secret).read_bytes() == b"secret"
