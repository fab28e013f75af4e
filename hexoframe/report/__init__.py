"""Pages of a record, each a single file that opens without Python and asks no address.

The view to zoom into: `view` writes it, of what `viewdata` takes from a record and
`encoding` packs; `serve` shows it on this machine. Its script and style are in
``assets``, with uPlot, which draws the lines, and its licence.
"""
