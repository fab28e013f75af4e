"""One module or package a file format: bytes on disk to RecordData, and back.

A reader has `sniff(path)`, which looks at the content and never at the file's name, and
`read(path, options)`; a writer has `write(record, root, ...)`. No network here, no
plotting, and nothing that a user's Record adds.
"""
