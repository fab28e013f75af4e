"""The vendor's binary export: a ZIP of WAV and event files, or its unpacked folder.

========= ====================================================================
reader    finds the records of an export and reads them
container ZIP or folder as named members
members   files matched with channels
infofiles info.json and statistics.csv: id, start and end, facts
wav       WAV files: header and counts
events    event files (CSV, .hxd): ticks and values
lengths   lengths of the WAV files, and the gaps at their ends
siblings  files counted against each other: what is cut, what is missing
losses    what a record has lost, and the warnings of it
========= ====================================================================

Nothing writes this format here: the simulator makes such files.
"""
