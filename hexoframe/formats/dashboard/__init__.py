"""CSV of the vendor's dashboard, also as spreadsheets and R save it.

====== ===============================================================
reader reads a file as a record
head   headings: stamps, users and channels
sheet  cells and rows
stamps text of stamps to ticks
====== ===============================================================
"""
