"""The vendor's binary export: a ZIP of WAV and event files, or its unpacked folder.

========= ====================================================================
reader    finds the records of an export and reads them
container ZIP or folder as named members
infofiles info.json and statistics.csv: id, start and end, facts
wav       WAV files: header and counts
events    event files (CSV, .hxd): ticks and values
lengths   lengths of the WAV files, and the gaps at their ends
========= ====================================================================

Nothing writes this format here: the simulator makes such files.
"""
