"""The application: the command line, the menu, the demo, and what only they use.

cli       the commands
menu      the text menu, `hexoframe menu`
demo      the first steps of a newcomer, `hexoframe demo`
batch     load, open and write many records; one that fails does not stop the others
pictures  draw many records into files
listing   lists and facts as rows of text
wording   rewrites API hints in messages as command-line options

The library imports nothing from here.
"""
