"""Loading a record: plan the requests, fetch them, build the record."""
