"""Loading a record: plan the requests, fetch the chunks, build the record."""
