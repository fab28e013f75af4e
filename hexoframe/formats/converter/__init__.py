"""CSV files of the vendor's converter (HxConvertSourceFile): seconds and values.

======= ======================================================================
reader  reads a folder, or one file, as a record
folder  a folder of files: device family, start, end, file of each channel
content whether a column holds counts or physical values
files   one file: what it is, and its columns of numbers
======= ======================================================================

Two tools wrote such files, and they lie in the same folders as the service's own event
files, so each file is looked at by itself:

* the MATLAB tool of 2014: no heading, time and value with 8 decimals. It looks the gain
  up by the whole path, finds none, and prints counts, as signed 16-bit numbers;
* the C tool of 2015 and its successors: ``time [s],name [unit] (/api/datatype/<id>/),``
  or no heading (``-noheader``); physical values with 5 or 8 decimals, and with none
  if the gain is 1. Options: ``-addquality`` (quality as a third column), ``-group``
  (all 1 Hz channels in ``outputData.csv``), ``-epoch`` (POSIX seconds; event files are
  then called ``<name>_epoch.csv``). Event files it copies: counts without decimals,
  whatever unit the heading gives, the last line twice;
* the service: ``time [s],name [unit](/api/datatype/<id>/)`` over counts.
"""
