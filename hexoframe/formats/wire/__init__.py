"""JSON answers of the API's data resource, as arrays and frames; no network.

======= ======================================================================
answers one answer: bytes to ticks and values
windows the answers of a record's windows, joined and made into frames
======= ======================================================================

Which requests to send does not belong here.
"""
