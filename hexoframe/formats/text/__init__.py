"""The classic .txt of HxApi2_0: one file a channel, a line a sample, tabs between.

======= ======================================================================
reader  reads a folder, or one file, as a record
writer  writes a record as HxApi2_0 does
names   file names, and what they mean
folder  a folder of files: device family, form of the stamps, start and end
channel one channel, read from its files when it is touched
lines   lines of a file: stamps and values
facts   the files without samples: info, annotations, track
======= ======================================================================
"""
