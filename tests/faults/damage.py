"""The kinds of damage that files meet, each a function of chance and a path.

`KINDS` holds them by name. A kind changes what lies at a path (a file or a folder) in
place, and raises `CannotHitError` where there is nothing that it could hit: a file
without JSON has no JSON value to change. Answers of the service share `broken_json`
and `BYTES`; the doors that all this comes through are in `doors`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

Damage = Callable[[Random, Path], None]

TEXTS = (".csv", ".txt", ".json", ".tag", ".sha256", ".toy")
# More than 10 MB would be no small input any more.
_MOST_BYTES = 8 << 20


class CannotHitError(Exception):
    """This kind of damage finds nothing here to change."""


# -- bytes -----------------------------------------------------------------------------


def flip(rng: Random, data: bytes) -> bytes:
    spoilt = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 8, 64))):
        spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
    return bytes(spoilt)


def truncate(rng: Random, data: bytes) -> bytes:
    return data[: rng.choice((0, 1, len(data) - 1, rng.randrange(len(data))))]


def _block(rng: Random, data: bytes) -> tuple[int, int]:
    size = min(rng.choice((1, 2, 16, 512, 4096)), len(data))
    first = rng.randrange(len(data) - size + 1)
    return first, first + size


def delete_block(rng: Random, data: bytes) -> bytes:
    first, last = _block(rng, data)
    return data[:first] + data[last:]


def double_block(rng: Random, data: bytes) -> bytes:
    first, last = _block(rng, data)
    return data[:last] + data[first:last] + data[last:]


def swap_blocks(rng: Random, data: bytes) -> bytes:
    size = min(rng.choice((1, 2, 16, 512)), len(data) // 2)
    one = rng.randrange(len(data) - 2 * size + 1)
    two = rng.randrange(one + size, len(data) - size + 1)
    middle = data[one + size : two]
    return b"".join(
        (data[:one], data[two : two + size], middle, data[one : one + size],
         data[two + size :])
    )  # fmt: skip


def zero_block(rng: Random, data: bytes) -> bytes:
    first, last = _block(rng, data)
    return data[:first] + bytes(last - first) + data[last:]


def noise_block(rng: Random, data: bytes) -> bytes:
    first, last = _block(rng, data)
    return data[:first] + rng.randbytes(last - first) + data[last:]


def append(rng: Random, data: bytes) -> bytes:
    tail = rng.choice((b"\0", b"\n", b"\r\n\r\n", b"\x1a", b"garbage", bytes(4096)))
    return data + tail


def whole_twice(_: Random, data: bytes) -> bytes:
    return data + data


def noise(rng: Random, data: bytes) -> bytes:
    return rng.randbytes(len(data))


BYTES: dict[str, Callable[[Random, bytes], bytes]] = {
    "bits flipped": flip,
    "truncated": truncate,
    "block deleted": delete_block,
    "block doubled": double_block,
    "blocks swapped": swap_blocks,
    "block of zeros": zero_block,
    "block of noise": noise_block,
    "something appended": append,
    "whole doubled": whole_twice,
    "all noise": noise,
}


def _files(path: Path, *suffixes: str) -> list[Path]:
    """Regular files at or below a path, in order, those of the suffixes alone."""
    return [
        file
        for file in _below(path)
        if file.is_file() and (not suffixes or file.suffix in suffixes)
    ]


def _below(path: Path) -> list[Path]:
    """All but folders at or below a path; what is too deep to be named is left out."""
    if not path.is_dir():
        return [path]
    found = [Path(root, name) for root, _, names in os.walk(path) for name in names]
    return sorted(each for each in found if len(str(each)) < 3000)


def _a_file(rng: Random, path: Path, *suffixes: str) -> Path:
    found = [file for file in _files(path, *suffixes) if file.stat().st_size > 1]
    if not found:
        raise CannotHitError
    # Files that say what the others are come as often as all others together.
    heads = [file for file in found if file.suffix == ".json"]
    return rng.choice(heads if heads and rng.random() < 0.5 else found)


def _of_bytes(change: Callable[[Random, bytes], bytes]) -> Damage:
    def damage(rng: Random, path: Path) -> None:
        file = _a_file(rng, path)
        file.write_bytes(change(rng, file.read_bytes()))

    return damage


# -- JSON ------------------------------------------------------------------------------

_NESTED = 100_000
# Texts of JSON, since json.dumps makes no such thing as 1e999 or a nest of brackets.
NASTY: tuple[str, ...] = (
    "null", "true", "false", "0", "1", "-1", "0.5", "-0.0", "1e308", "1e999", "-1e999",
    "NaN", "Infinity", "-Infinity", '""', '"0"', '"x"', '" "', '"nan"', '"\\u0000"',
    '"\\ud800"', '"\\udfff\\ud800"', '"\\u202e\\u001b[31m"', '"../../../x"', '"/"',
    '"1e999"', '"2999-01-01T00:00:00"', '"0001-01-01T00:00:00"', '"-1"', "[]", "{}",
    "[[]]", "[null]", "[0]", '["x"]', '{"a": 1}', '{"": {}}', "[1, 2, 3]", "[NaN]",
    "9" * 5000, "-" + "9" * 5000, "0." + "3" * 5000, '"' + "9" * 5000 + '"',
    str(2**31), str(2**53 + 1), str(2**63), str(-(2**63) - 1), str(2**64), str(10**30),
    "[" * _NESTED + "]" * _NESTED, '{"a":' * _NESTED + "1" + "}" * _NESTED,
    "[" * _NESTED, '"' + "x" * 300_000 + '"', "[" + "0," * 200_000 + "0]",
)  # fmt: skip
_MARK = "\x01hit\x01"


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    found = []
    below = [value]
    while below:
        one = below.pop()
        keys = one.keys() if isinstance(one, dict) else range(len(one))
        for key in keys:
            found.append((one, key))
            if isinstance(one[key], dict | list):
                below.append(one[key])
    return found


def _load(data: bytes) -> Any:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise CannotHitError from error
    if not isinstance(value, dict | list) or not value:
        raise CannotHitError
    return value


def json_value(rng: Random, data: bytes) -> bytes:
    """Change a value, of any depth, to one of another type or of a nasty size."""
    value = _load(data)
    places = _places(value)
    container, key = rng.choice(places)
    container[key] = _MARK
    text = json.dumps(value).replace(json.dumps(_MARK), rng.choice(NASTY))
    return text.encode()


def json_whole(rng: Random, data: bytes) -> bytes:  # noqa: ARG001  # like the others
    return rng.choice(NASTY).encode()


def json_key(rng: Random, data: bytes) -> bytes:
    """Remove, rename or double a key."""
    value = _load(data)
    places = [(one, key) for one, key in _places(value) if isinstance(one, dict)]
    if not places:
        raise CannotHitError
    container, key = rng.choice(places)
    how = rng.choice(("remove", "rename", "double"))
    held = container.pop(key)
    if how == "rename":
        new = rng.choice((key.upper(), key + " ", "", "x" * 5000, "\u0131", _MARK))
        container[new] = held
    if how == "double":
        container[_MARK] = held
        text = json.dumps({key: 1})[1:-4]
        twice = f"{text}: {rng.choice(NASTY[:30])}, {text}"
        return json.dumps(value).replace(json.dumps(_MARK), twice, 1).encode()
    return json.dumps(value).replace(_MARK, "\\ud800").encode()


def json_item(rng: Random, data: bytes) -> bytes:
    """Remove, double or move an item of a list."""
    value = _load(data)
    places = [(one, key) for one, key in _places(value) if isinstance(one, list)]
    if not places:
        raise CannotHitError
    container, key = rng.choice(places)
    how = rng.choice(("remove", "double", "move", "thousand"))
    held = container[key] if how in {"double", "thousand"} else container.pop(key)
    container[key:key] = [held] * {"remove": 0, "thousand": 1000}.get(how, 1)
    if how == "move" and container:
        container.append(container.pop(0))
    return json.dumps(value).encode()


JSON: dict[str, Callable[[Random, bytes], bytes]] = {
    "JSON value": json_value,
    "JSON whole": json_whole,
    "JSON key": json_key,
    "JSON item": json_item,
}


def broken_json(change: Callable[[Random, bytes], bytes]) -> Damage:
    def damage(rng: Random, path: Path) -> None:
        file = _a_file(rng, path, ".json")
        file.write_bytes(change(rng, file.read_bytes()))

    return damage


# -- texts -----------------------------------------------------------------------------

_CELLS = (
    b"", b" ", b"NaN", b"nan", b"inf", b"-inf", b"1e308", b"1e999", b"-1e999", b"0x10",
    b"9" * 5000, b"-", b"+", b".", b"1_0", b"1,5", b"=1+1", b'"', b'"1"', b"\0",
    b"\xff\xfe", b"\xe2\x88\x921", b"\xd9\xa3", b"1e-400", b"None", b"true", b"#REF!",
    b"18446744073709551616", b"-9223372036854775809", b"2999-01-01T00:00:00Z",
    b"0001-01-01", b"-0", b"x" * 100_000, b"\x1b[2J", b"65536", b"-1",
)  # fmt: skip


def text_cell(rng: Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    row = rng.choice((0, rng.randrange(len(lines)), len(lines) - 1))
    line = lines[row]
    sign = next((mark for mark in (b"\t", b",", b";") if mark in line), b",")
    cells = line.rstrip(b"\r\n").split(sign)
    cells[rng.randrange(len(cells))] = rng.choice(_CELLS)
    lines[row] = sign.join(cells) + b"\n"
    return b"".join(lines)


def text_line(rng: Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    row = rng.randrange(len(lines))
    how = rng.choice(("remove", "double", "move", "empty", "short", "long", "blank"))
    line = lines.pop(row)
    new = {
        "double": [line, line],
        "move": [],
        "empty": [b"\n"],
        "short": [line[: len(line) // 2] + b"\n"],
        "long": [line.rstrip(b"\r\n") + b",1\t1;1\n"],
        "blank": [b"\n", line, b"\n"],
    }.get(how, [])
    lines[row:row] = new
    if how == "move":
        lines.append(line)
    return b"".join(lines)


def text_sign(rng: Random, data: bytes) -> bytes:
    """Change the separators, the quotes or the ends of lines of a whole text."""
    old, new = rng.choice(
        ((b"\n", b"\r\n"), (b"\n", b"\r"), (b",", b";"), (b",", b"\t"), (b".", b","),
         (b"\t", b","), (b",", b",,"), (b"\n", b"\n\n"), (b"\n", b""), (b",", b'","'))
    )  # fmt: skip
    return data.replace(old, new)


def encoding(rng: Random, data: bytes) -> bytes:
    """Save a text with a mark of its encoding, or in another encoding."""
    text = data.decode("utf-8", "replace")
    return rng.choice(
        (
            lambda: b"\xef\xbb\xbf" + data,
            lambda: b"\xef\xbb\xbf\xef\xbb\xbf" + data,
            lambda: text.encode("utf-16"),
            lambda: text.encode("utf-16-le"),
            lambda: text.encode("utf-32"),
            lambda: b"\xff\xfe" + data,
            lambda: text.encode("utf-7"),
            lambda: data.replace(b"e", b"\xe9", 1),
        )
    )()


TEXT: dict[str, Callable[[Random, bytes], bytes]] = {
    "cell of a text": text_cell,
    "line of a text": text_line,
    "signs of a text": text_sign,
    "encoding": encoding,
}


def _of_text(change: Callable[[Random, bytes], bytes]) -> Damage:
    def damage(rng: Random, path: Path) -> None:
        file = _a_file(rng, path, *TEXTS)
        file.write_bytes(change(rng, file.read_bytes()))

    return damage


# -- members of a folder ---------------------------------------------------------------

NAMES = (
    "x" * 255, "x" * 251 + ".csv", "-rf", " ", "a\nb.csv", "\x1b[31m.csv", "con", "~",
    "\u202egpj.csv", "CAF\u00c9.csv", "a\\b.csv", "..csv", "%s%n.csv", "*.csv", "[x]",
    "\udcff.csv", "record_41.zip", ".hidden", "ECG_I.wav.icloud", "nul.txt",
)  # fmt: skip


def _members(path: Path) -> list[Path]:
    if not path.is_dir():
        raise CannotHitError
    return _below(path)


def member_removed(rng: Random, path: Path) -> None:
    for _ in range(rng.choice((1, 1, 2, 5))):
        found = _members(path)
        if not found:
            raise CannotHitError
        rng.choice(found).unlink()


def member_renamed(rng: Random, path: Path) -> None:
    found = _members(path)
    one = rng.choice(found)
    other = rng.choice(found)
    how = rng.choice(("swap", "over", "copy", "case", "odd"))
    if how == "swap":
        spare = path / ".spare"
        one.rename(spare)
        if other != one:
            other.rename(one)
        spare.rename(other)
    elif how == "over":
        one.replace(other)
    elif how == "copy" and one != other:
        shutil.copy(one, other)
    elif how == "case":
        one.rename(one.with_name(one.name.swapcase()))
    else:
        with contextlib.suppress(OSError):
            one.rename(one.with_name(rng.choice(NAMES)))


def member_added(rng: Random, path: Path) -> None:
    found = _members(path)
    name, donor = rng.choice(NAMES), rng.choice(found)
    place = donor.parent / name
    how = rng.choice(("copy", "empty", "folder", "deep", "many"))
    with contextlib.suppress(FileExistsError):
        if how == "copy":
            shutil.copy(donor, place)
        elif how == "empty":
            place.touch()
        elif how == "folder":
            place.mkdir()
        elif how == "deep":
            _deep(donor.parent)
        else:
            for number in range(300):
                (donor.parent / f"{number}{donor.suffix}").touch()


def _deep(folder: Path) -> None:
    """Nest folders until their path is longer than the system takes at once."""
    here = os.open(folder, os.O_RDONLY)
    try:
        for _ in range(40):
            os.mkdir("d" * 120, dir_fd=here)
            below = os.open("d" * 120, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
    finally:
        os.close(here)


def member_is_a_folder(rng: Random, path: Path) -> None:
    one = rng.choice(_members(path))
    one.unlink()
    one.mkdir()


# -- links, FIFOs, devices -------------------------------------------------------------


def _spot(rng: Random, path: Path) -> Path:
    """A file to replace, or the path itself, or a new name; nothing is there then."""
    how = rng.random()
    if path.is_dir() and how < 0.4:
        return path / rng.choice(("new.csv", "new.wav", "new.json", "new.txt", "new"))
    spot = path if path.is_file() or how < 0.5 else rng.choice(_members(path))
    shutil.rmtree(spot) if spot.is_dir() else spot.unlink()
    return spot


def link(rng: Random, path: Path) -> None:
    """Put a link in the place of a file: in a circle, to a parent, to nothing."""
    spot = _spot(rng, path)
    other = spot.with_name("other")
    how = rng.choice(("self", "pair", "parent", "nothing", "long"))
    target = {
        "self": spot.name,
        "pair": other.name,
        "parent": "..",
        "nothing": "nowhere",
        "long": "y/" * 2000,
    }[how]
    spot.symlink_to(target)
    if how == "pair":
        other.symlink_to(spot.name)


def fifo(rng: Random, path: Path) -> None:
    os.mkfifo(_spot(rng, path))


def device(rng: Random, path: Path) -> None:
    names = ("/dev/zero", "/dev/full", "/dev/null", "/dev/urandom", "/dev/tty")
    _spot(rng, path).symlink_to(rng.choice(names))


def plug(rng: Random, path: Path) -> None:
    """Put a socket in the place of a file."""
    spot = _spot(rng, path)
    here = os.open(spot.parent, os.O_RDONLY)
    # The name of a socket is short, the path of a test is not.
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{here}/{spot.name}"[:107])
    os.close(here)


# -- bombs -----------------------------------------------------------------------------

_MEGA = 1 << 20


def packed(unit: bytes, times: int) -> bytes:
    """Return what deflate makes of a unit of about 1 MB, many times over.

    Each copy ends at a byte of its own, so one is packed and the others are copied.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(unit) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece * times + packer.flush(zlib.Z_FINISH)


def _checksum(unit: bytes, times: int) -> int:
    crc = 0
    for _ in range(times):
        crc = zlib.crc32(unit, crc)
    return crc


def bomb(rng: Random, path: Path) -> None:
    """Let one member of a ZIP unpack to 1.5 GB."""
    if not zipfile.is_zipfile(path):
        raise CannotHitError
    members = _unzip(path)
    names = [name for name in members if not name.endswith("/")]
    name = rng.choice(names)
    head = members.pop(name)
    fill = _filling(rng, name, head)
    times = 1500 * _MEGA // len(fill)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for other, data in members.items():
            made.writestr(other, data)
        _write_bomb(made, name, fill, times)


def _filling(rng: Random, name: str, head: bytes) -> bytes:
    """Return about 1 MB that a reader of such a file takes for more of the same."""
    lines = head.splitlines(keepends=True)
    if name.endswith(".csv") and len(lines) > 1 and rng.random() < 0.7:
        return lines[-1] * (_MEGA // len(lines[-1]))
    unit = rng.choice((b"\0", b" ", b"[", b"1\n", b"0,0\n", b"\n", b'{"a":[\n'))
    return unit * (_MEGA // len(unit))


def _write_bomb(made: zipfile.ZipFile, name: str, fill: bytes, times: int) -> None:
    """Write a member whose data were packed before; its sizes and checksum are true."""
    data = packed(fill, times)
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.CRC = _checksum(fill, times)
    info.compress_size, info.file_size = len(data), len(fill) * times
    info.header_offset = made.fp.tell()
    made.fp.write(info.FileHeader(zip64=False) + data)
    made.start_dir = made.fp.tell()
    made.filelist.append(info)
    made.NameToInfo[name] = info
    made._didModify = True


def many_members(rng: Random, path: Path) -> None:
    """Add tens of thousands of members to a ZIP."""
    if not zipfile.is_zipfile(path):
        raise CannotHitError
    with zipfile.ZipFile(path, "a") as made:
        first = made.namelist()[0].rpartition("/")[0]
        end = rng.choice((".csv", ".wav", ".json", ""))
        for number in range(20_000):
            made.writestr(f"{first}/{number}{end}", b"")


def lying_sizes(rng: Random, path: Path) -> None:
    """Change sizes, offsets, flags or methods in the directory of a ZIP."""
    if not zipfile.is_zipfile(path):
        raise CannotHitError
    data = bytearray(path.read_bytes())
    mark = rng.choice((b"PK\x01\x02", b"PK\x05\x06", b"PK\x03\x04"))
    spots = [at for at in range(len(data)) if data.startswith(mark, at)]
    spot = rng.choice(spots) + rng.randrange(4, 46)
    for place in range(spot, min(spot + rng.choice((1, 2, 4)), len(data))):
        data[place] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
    path.write_bytes(data)


# -- inside a ZIP ----------------------------------------------------------------------


def _unzip(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def inside(damage: Damage) -> Damage:
    """Let a kind damage the files in a ZIP, packed again with true checksums."""

    def within(rng: Random, path: Path) -> None:
        if not zipfile.is_zipfile(path):
            raise CannotHitError
        folder = path.with_name("unzipped")
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        damage(rng, folder)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            for file in _files(folder):
                name = str(file.relative_to(folder)).encode("utf-8", "replace")
                with contextlib.suppress(OSError):
                    made.writestr(name.decode(), file.read_bytes())
        shutil.rmtree(folder)

    return within


# -- all of them -----------------------------------------------------------------------

_CONTENT: dict[str, Damage] = {
    **{name: _of_bytes(change) for name, change in BYTES.items()},
    **{name: broken_json(change) for name, change in JSON.items()},
    **{name: _of_text(change) for name, change in TEXT.items()},
    "member removed": member_removed,
    "member renamed": member_renamed,
    "member added": member_added,
}
KINDS: dict[str, Damage] = {
    **_CONTENT,
    "member is a folder": member_is_a_folder,
    "link": link,
    "FIFO": fifo,
    "device": device,
    "socket": plug,
    "bomb": bomb,
    "many members": many_members,
    "directory of a ZIP": lying_sizes,
    **{f"in a ZIP: {name}": inside(damage) for name, damage in _CONTENT.items()},
}
# Kinds that take long or much memory come less often.
RARE = {"bomb": 0.3, "many members": 0.1}
