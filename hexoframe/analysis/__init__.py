"""Frames in, frames out: what is computed from a record. No files, no network."""
