"""What a file is that is in no format of hexoframe: named for messages.

The content decides, then the name. Formats that are read do not belong here.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path

from hexoframe.paths import is_file

__all__ = ["STUDY_FORMAT", "STUDY_NOTE", "is_document", "is_study", "kind_of"]

STUDY_NOTE, STUDY_FORMAT = "study.json", "hexoframe study"
"""The file that makes a folder a study of many recordings, and the format in it."""
_HEAD = 4096
# Offset, bytes there, what the file is. The first that fits counts.
_MARKS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"0       ", "an EDF file of another maker; read it with MNE or edfio"),
    (0, b"\xffBIOSEMI", "a BDF file"),
    (8, b".FIT", "a FIT file of a sports watch"),
    (0, b"MATLAB ", "a MATLAB file"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (0, b"RDX2\n", "an R workspace"),
    (0, b"RDX3\n", "an R workspace"),
    (0, b"X\n\0\0\0", "an R data file (RDS)"),
    (0, b"$FL", "an SPSS file"),
    (0, b"<stata_dta>", "a Stata file"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"ARROW1", "an Arrow or Feather file"),
    (0, b"PAR1", "one Parquet file; open the folder with its manifest.json instead"),
    (0, b"\x80\x04\x95", "a Python pickle"),
    (0, b"\x80\x05\x95", "a Python pickle"),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (0, b"%PDF", "a PDF document"),
    (0, b"{\\rtf", "an RTF document"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (8, b"WEBP", "a WebP picture"),
    (8, b"AVI ", "an AVI video"),
    (4, b"ftypheic", "a HEIC picture"),
    (4, b"ftypM4A", "a sound file"),
    (4, b"ftyp", "a video"),
    (0, b"ID3", "a sound file"),
    (0, b"OggS", "a sound file"),
    (0, b"fLaC", "a sound file"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (0, b"Rar!", "a RAR archive; unpack it first"),
    (0, b"BZh", "a bzip2 file; unpack it first"),
    (0, b"\xfd7zXZ\0", "an xz file; unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd file; unpack it first"),
    (257, b"ustar", "a tar archive; unpack it first"),
)
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
# Documents that are ZIP files: how a member begins, what the document is.
_IN_ZIP = (
    ("xl/", "an Excel workbook"),
    ("word/", "a Word document"),
    ("ppt/", "a PowerPoint presentation"),
    ("Index/", "an iWork document"),
    ("doc.kml", "a KMZ map"),
)
_FIRST_IN_ZIP = re.compile(
    r"\[Content_Types\]\.xml|mimetype|_rels/|docProps/|customXml/|META-INF/|xl/|word/|"
    r"ppt/|Index/|doc\.kml|[^/]*\.npy"
)
_MIMETYPES = {
    "spreadsheet": "an OpenDocument spreadsheet",
    "opendocument": "an OpenDocument file",
    "epub": "an electronic book",
}
# A root element, with or without a prefix.
_IN_XML = {
    "gpx": "a GPX track",
    "trainingcenterdatabase": "a TCX file of a sports watch",
    "kml": "a KML map",
    "html": "a web page, perhaps the answer of a login; fetch the file again",
    "svg": "an SVG picture",
    "healthdata": "an export of Apple Health",
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD_OFFICE = {
    ".xls": "an Excel workbook",
    ".doc": "a Word document",
    ".ppt": "a PowerPoint presentation",
}
# For content that has no mark.
_BY_NAME = {
    **_OLD_OFFICE,
    ".acq": "an AcqKnowledge file",
    ".bdf": "a BDF file",
    ".docx": "a Word document",
    ".edf": "an EDF file",
    ".fit": "a FIT file of a sports watch",
    ".gpx": "a GPX track",
    ".h5": "an HDF5 file",
    ".mat": "a MATLAB file",
    ".ods": "an OpenDocument spreadsheet",
    ".parquet": "a Parquet file",
    ".pdf": "a PDF document",
    ".rda": "an R workspace",
    ".rdata": "an R workspace",
    ".rds": "an R data file (RDS)",
    ".sav": "an SPSS file",
    ".tcx": "a TCX file of a sports watch",
    ".xlsx": "an Excel workbook",
}
_FIRST_LINE = 40


def kind_of(path: Path) -> str:
    """Say what a file is, by its content, else by its name."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return _by_content(head, path) or _by_name(path)


def is_study(folder: Path) -> bool:
    """Whether a folder is the root of a study, as `hexoframe.study` makes it."""
    note = folder / STUDY_NOTE
    if not is_file(note):
        return False
    with note.open("rb") as file:
        return f'"{STUDY_FORMAT}"'.encode() in file.read(_HEAD)


def is_document(path: Path) -> bool:
    """Whether a ZIP is a document of an office program or the like."""
    with path.open("rb") as file:
        return _FIRST_IN_ZIP.match(_first_in_zip(file.read(_HEAD))) is not None


def _by_content(head: bytes, path: Path) -> str | None:
    if not head:
        return "an empty file"
    if not head.strip(b"\0"):
        return "a file of zeros, whose content was lost; fetch the file again"
    kind = next((kind for at, mark, kind in _MARKS if head.startswith(mark, at)), None)
    if kind is None and head.startswith(_ZIP):
        kind = _in_zip(head, path)
    elif kind is None and head.startswith(_OLE):
        kind = _OLD_OFFICE.get(path.suffix.lower(), "an old Office document")
    elif kind is None and head.startswith(_GZIP):
        kind = _in_gzip(head, path)
    if kind is not None:
        return kind
    text = _as_text(head)
    return None if text is None else _in_text(text)


def _first_in_zip(head: bytes) -> str:
    """Return the name of the first member of a ZIP, whole or cut."""
    size = int.from_bytes(head[26:28], "little")
    return head[30 : 30 + size].decode("utf-8", "replace")


def _in_zip(head: bytes, path: Path) -> str:
    names = [_first_in_zip(head)]
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError):
        pass  # a cut one: its first member may tell
    for begin, kind in _IN_ZIP:
        if any(name.startswith(begin) for name in names):
            return kind
    if names[0] == "mimetype":
        text = head[:200].decode("latin-1")
        return next((kind for key, kind in _MIMETYPES.items() if key in text), "a ZIP")
    if names[0].endswith(".npy"):
        return "a file of NumPy arrays"
    return "a document of an office program" if is_document(path) else "a ZIP"


def _in_gzip(head: bytes, path: Path) -> str:
    try:
        inner = zlib.decompressobj(wbits=31).decompress(head, _HEAD)
    except zlib.error:
        return "a damaged gzip file; fetch it again"
    kind = _by_content(inner, path.with_suffix("")) if inner else None
    if kind is not None and " R " in f" {kind} ":
        return kind
    return f"packed with gzip: {kind or 'a file of no known kind'}"


def _as_text(head: bytes) -> str | None:
    """Decode the beginning of a text; None if it is none."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
        (b"", "utf-8"),
    ):
        if head.startswith(mark):
            # The last character may be cut.
            text = head.decode(encoding, "ignore")
            lost = len(head) - len(text.encode(encoding, "ignore"))
            plain = all(sign.isprintable() or sign.isspace() for sign in text)
            return text if text and plain and lost < 4 else None
    return None


def _in_text(text: str) -> str:
    begin = text.lstrip()
    if begin.startswith("<"):
        bare = re.sub(r"<[?!](?!doctype html).*?>", "", begin, flags=re.DOTALL)
        root = re.match(
            r"\s*<!?(?:\w+:)?(?:doctype\s+)?(\w+)", bare, flags=re.IGNORECASE
        )
        return _IN_XML.get(root[1].lower() if root else "", "an XML file")
    if re.match(r"\{\s*[\"}]|\[\s*[\[{\"\d\]-]", begin):
        return "a Jupyter notebook" if '"nbformat"' in begin else "a JSON file"
    line = begin.splitlines()[0][:_FIRST_LINE].rstrip() if begin else ""
    return f"a text that begins with {line!r}" if line else "a text of empty lines"


def _by_name(path: Path) -> str:
    kind = _BY_NAME.get(path.suffix.lower())
    if kind is None:
        return "a file of no known kind"
    return f"{kind} by its name, but not by its content"
