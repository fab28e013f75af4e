"""CSV files of the vendor's converter (HxConvertSourceFile): seconds and values.

Two tools wrote them, and their files lie about in the same folders as the service's own
event files, so each file is looked at for itself:

* the MATLAB tool of 2014: no heading, time and value with 8 decimals. It looks the gain
  up by the whole path, finds none, and prints counts, as signed 16-bit numbers;
* the C tool of 2015 and its successors: ``time [s],name [unit] (/api/datatype/<id>/),``
  or no heading (``-noheader``); physical values with 5 or 8 decimals, and with none
  where the gain is 1. Options: ``-addquality`` (quality as a third column), ``-group``
  (all 1 Hz channels in ``outputData.csv``), ``-epoch`` (POSIX seconds; event files are
  then called ``<name>_epoch.csv``). Event files it copies: counts without decimals,
  whatever unit the heading gives, the last line twice;
* the service: ``time [s],name [unit](/api/datatype/<id>/)`` over counts.

Records are opened in `reader`; `files` says what a file is, `export` what a folder of
them is (family, start, end), `columns` has the numbers of a column, `judgement` whether
they are counts or physical values, `channels` a channel that is read when touched. No
other format lives here: the dashboard's CSV and hexoframe's own are elsewhere.
"""

from hexoframe.formats.converter.reader import read, sniff

__all__ = ["read", "sniff"]
