"""hexoframe's own record folders.

`parquet` and `csv` are the two formats, `manifest` what both say of a record, `verify`
the comparison of files with it, and `footer` what a Parquet file says of itself.
"""
