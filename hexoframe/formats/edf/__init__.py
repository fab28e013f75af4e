"""EDF and EDF+: the vendor's files are read, hexoframe's own are written and read.

`header` has the fields of the headers, `records` the data records, `tals` the bytes of
annotations, `seal` the sum of a file; `signals` says which signal is which row of the
channel table, `notes` what annotations say of a record; `writer` and `reader` put them
together. Data records last a second, as the
vendor's do. Source: Kemp et al. 1992 and Kemp and Olivan 2003, https://www.edfplus.info.
"""
