"""The vendor's binary export: a ZIP of WAV and event files, or its unpacked folder.

Records are found and opened in `reader`; `container` has the ZIP or folder as named
members, `statements` what info.json and statistics.csv say, `wav` and `events` the two
kinds of sample files, `lengths` how long they are and which are too short, `channels` a
channel that is read when touched. No other format lives here, and nothing that writes:
the synthetic shirt makes such files (simulator), hexoframe itself does not.
"""

from hexoframe.formats.archive.reader import holds_record, is_empty, parts, read, sniff

__all__ = ["holds_record", "is_empty", "parts", "read", "sniff"]
