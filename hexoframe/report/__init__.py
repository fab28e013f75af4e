"""Pages of a record that open without Python: single files that ask for no address.

page        the report of a record: what is computed and drawn, in which order
study_page  the page of a study: a row a record, with sparkline and link
verdict     the line that comes first, and what it rests on
tables      results as tables for a reader: names, units, digits, reasons
ecgminutes  the best and the worst minute of an ECG
receipts    versions, and checksums of the samples
drawings    figures of matplotlib as parts of a page
sparkline   the path of a small line
parts       what a page is made of
texts       numbers, shares, times and lengths as a reader wants them
templates   templates (jinja2) and style sheets
html        templates filled, with a policy that lets nothing run, and written

`page` alone asks a record; the other modules take frames and figures. Every text is
escaped, and no page holds a script or names an address, apart from its links.
"""
