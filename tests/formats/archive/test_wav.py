"""WAV files as literals, and what their headers and samples are."""

from __future__ import annotations

import io
import string
import struct
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.errors import FileFormatError
from hexoframe.formats.archive.wav import (
    WavHeader,
    iter_counts,
    parse_counts,
    read_wav_header,
)

# 1 track, 256 Hz, 16 bit, written out by hand: the 44 bytes that the service writes.
HEAD = (
    b"RIFF\x2c\x00\x00\x00WAVE"
    b"fmt \x10\x00\x00\x00\x01\x00\x01\x00"
    b"\x00\x01\x00\x00\x00\x02\x00\x00\x02\x00\x10\x00"
    b"data\x08\x00\x00\x00"
)
NAMES = string.ascii_letters + string.digits + "_ "
SAMPLES = b"\x01\x00\xff\xff\x00\x80\xff\x7f"


def fmt(*, form=1, tracks=1, rate=256, bits=16, size=16):
    width = bits // 8
    body = struct.pack(
        "<HHIIHH", form, tracks, rate, rate * width * tracks, width * tracks, bits
    )
    return chunk(b"fmt ", body.ljust(size, b"\x00"))


def chunk(name, body, *, size=None):
    told = len(body) if size is None else size
    return name + struct.pack("<I", told) + body + b"\x00" * (len(body) % 2)


def riff(*chunks):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def parsed(data, where="ECG_I.wav"):
    return read_wav_header(io.BytesIO(data), len(data), where=where)


def counts_of(data):
    """Return the counts, which are the same whole and in pieces."""
    header = parsed(data)
    counts = parse_counts(data, header, where="ECG_I.wav")
    pieces = list(iter_counts(io.BytesIO(data), header, 3, where="ECG_I.wav"))
    assert [len(piece) for piece in pieces[:-1]] == [3] * (len(pieces) - 1)
    assert [count for piece in pieces for count in piece.tolist()] == counts.tolist()
    return counts


def test_the_header_of_the_service_is_44_bytes_and_the_samples_follow():
    header = parsed(HEAD + SAMPLES)
    assert header == WavHeader(rate=256, bits=16, offset=44, samples=4, stated=4)
    assert counts_of(HEAD + SAMPLES).tolist() == [1, -1, -32768, 32767]


@pytest.mark.parametrize("told", [0, 4, 36, 40, 48, 0x7FFFFFFF, 0xFFFFFFFF])
def test_the_riff_size_is_ignored_whatever_it_says(told):
    data = HEAD[:4] + struct.pack("<I", told) + HEAD[8:] + SAMPLES
    assert parsed(data).samples == 4


def test_chunks_before_the_samples_are_stepped_over_in_any_order():
    note = chunk(b"LIST", b"INFOISFT\x04\x00\x00\x00test")
    odd = chunk(b"JUNK", b"abc")
    for chunks in ([note, fmt()], [fmt(), note], [odd, fmt(), odd], [fmt(size=18)]):
        data = riff(*chunks, chunk(b"data", SAMPLES))
        assert counts_of(data).tolist() == [1, -1, -32768, 32767]


@pytest.mark.parametrize("name", [b"LIST", b"bext", b"id3 ", b"cue "])
def test_chunks_after_the_samples_are_no_samples(name):
    data = riff(fmt(), chunk(b"data", SAMPLES), chunk(name, b"\x05\x00\x06\x00"))
    header = parsed(data)
    assert (header.samples, header.stated) == (4, 4)


def test_a_chunk_after_no_samples_is_no_samples():
    data = riff(fmt(), chunk(b"data", b""), chunk(b"LIST", b"INFOabcd"))
    assert parsed(data).samples == 0


@pytest.mark.parametrize("told", [0, 0xFFFFFFFF])
def test_a_data_size_that_was_never_filled_in_means_all_that_follows(told):
    header = parsed(riff(fmt(), chunk(b"data", SAMPLES, size=told)))
    assert (header.samples, header.stated) == (4, 4)


@pytest.mark.parametrize("told", [2, 4, 6])
def test_samples_beyond_a_data_size_that_is_too_small_are_kept(told):
    header = parsed(riff(fmt(), chunk(b"data", SAMPLES, size=told)))
    assert header.samples == 4


def test_samples_that_spell_letters_are_still_samples():
    # 27204, 27207: counts of respiration as real records hold them, the bytes 'DjGj'.
    counts = np.array([27204, 27207] * 8, dtype="<i2").tobytes()
    assert parsed(riff(fmt(), chunk(b"data", counts, size=8))).samples == 16


def test_samples_beyond_a_small_data_size_are_kept_in_a_long_file():
    counts = np.arange(20_000, dtype="<i2").tobytes()
    whole = riff(fmt(), chunk(b"data", counts, size=30_000))
    assert parsed(whole).samples == 20_000


def test_a_chunk_behind_many_samples_is_no_samples():
    counts = np.arange(20_000, dtype="<i2").tobytes()
    whole = riff(fmt(), chunk(b"data", counts), chunk(b"LIST", b"INFOabcd"))
    assert parsed(whole).samples == 20_000


def test_a_header_that_promises_more_than_there_is_says_both_numbers():
    header = parsed(riff(fmt(), chunk(b"data", SAMPLES, size=100)))
    assert (header.samples, header.stated) == (4, 50)
    header = parsed(riff(fmt(), chunk(b"data", b"", size=100)))
    assert (header.samples, header.stated) == (0, 50)


def test_samples_of_32_bits_are_read_as_such():
    counts = np.array([-70_000, 5, 2**31 - 1], dtype="<i4")
    data = riff(fmt(bits=32), chunk(b"data", counts.tobytes()))
    header = parsed(data)
    assert (header.bits, header.samples, header.stated) == (32, 3, 3)
    np.testing.assert_array_equal(counts_of(data), counts)


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ({"tracks": 2}, "2 tracks"),
        ({"bits": 8}, "8 bits"),
        ({"bits": 24}, "24 bits"),
        ({"form": 3, "bits": 32}, "format 3"),
        ({"form": 0xFFFE}, "format 65534"),
    ],
)
def test_other_kinds_of_wav_are_refused_with_what_was_found(kind, found):
    data = riff(fmt(**kind), chunk(b"data", SAMPLES))
    with pytest.raises(FileFormatError, match=rf"ECG_I\.wav: expected .*{found}"):
        parsed(data)


@pytest.mark.parametrize("kept", [45, 47, 49])
def test_a_file_cut_in_the_middle_of_a_sample_is_refused_with_the_byte(kept):
    with pytest.raises(FileFormatError, match=rf"ECG_I\.wav.* byte {kept}\b.*cut"):
        parsed((HEAD + SAMPLES)[:kept])


def test_a_file_of_32_bits_cut_in_the_middle_of_a_sample_is_refused():
    data = riff(fmt(bits=32), chunk(b"data", SAMPLES))[:-2]
    with pytest.raises(FileFormatError, match="4-byte sample"):
        parsed(data)


def test_a_stray_byte_after_all_promised_samples_costs_none_of_them():
    header = parsed(HEAD + SAMPLES + b"\x00")
    assert (header.samples, header.stated) == (4, 4)


@pytest.mark.parametrize("kept", [0, 3, 11, 12, 20, 35, 36, 43])
def test_a_file_cut_in_its_header_is_refused(kept):
    with pytest.raises(FileFormatError, match=r"ECG_I\.wav.*found|begins with"):
        parsed((HEAD + SAMPLES)[:kept])


def test_what_is_no_wav_is_refused_with_its_first_bytes():
    with pytest.raises(FileFormatError, match=r"x\.wav.*b'time \[s\],ECG'.*RIFF"):
        parsed(b"time [s],ECG_I", where="x.wav")


def test_a_header_without_any_sample_is_an_empty_channel():
    header = parsed(HEAD[:40] + b"\x00\x00\x00\x00")
    assert (header.samples, header.stated) == (0, 0)


@given(
    counts=st.lists(st.integers(-(2**15), 2**15 - 1), max_size=40),
    rate=st.sampled_from([1, 64, 128, 256, 300]),
)
def test_any_wav_of_the_standard_library_gives_its_samples(counts, rate):
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(struct.pack(f"<{len(counts)}h", *counts))
    data = buffer.getvalue()
    header = parsed(data)
    assert (header.rate, header.samples, header.stated) == (
        rate,
        len(counts),
        len(counts),
    )
    assert counts_of(data).tolist() == counts


@given(
    counts=st.lists(st.integers(-(2**15), 2**15 - 1), max_size=30),
    told=st.integers(0, 100),
)
def test_no_whole_sample_is_lost_whatever_the_header_says(counts, told):
    body = struct.pack(f"<{len(counts)}h", *counts)
    header = parsed(riff(fmt(), chunk(b"data", body, size=2 * told)))
    # Bytes that make a whole chunk, name and size, are one.
    rest = body[2 * told :]
    named = len(rest) >= 8 and all(chr(byte) in NAMES for byte in rest[:4])
    chunked = named and int.from_bytes(rest[4:8], "little") <= len(rest) - 8
    assert chunked or header.samples == len(counts)
    assert header.stated >= header.samples


@given(data=st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(data):
    for head in (data, HEAD + data, HEAD[:20] + data):
        try:
            header = parsed(head)
        except FileFormatError:
            continue
        assert header.offset + header.samples * header.bits // 8 <= len(head)


@pytest.mark.parametrize("kept", [51, 46, 44, 10, 0])
def test_a_file_that_shrank_after_its_header_was_read_is_refused(kept):
    header = parsed(HEAD + SAMPLES)
    data = (HEAD + SAMPLES)[:kept]
    whole = max(0, kept - 44) // 2
    told = rf"ECG_I\.wav: changed after.* 4 samples, .* after {whole}$"
    with pytest.raises(FileFormatError, match=told):
        parse_counts(data, header, where="ECG_I.wav")
    with pytest.raises(FileFormatError, match=told):
        list(iter_counts(io.BytesIO(data), header, 1, where="ECG_I.wav"))
