"""Pages of a record, each a single file that opens without Python and asks no address.

The report to send, which holds no script; `page` alone asks a record, the others take
frames and figures:

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
html        templates (jinja2, in ``templates``) filled and written

The view to zoom into: `view` writes it, of what `viewdata` takes from a record and
`encoding` packs; `serve` shows it on this machine. Its script and style are in
``assets``, with uPlot, which draws the lines, and its licence.
"""
