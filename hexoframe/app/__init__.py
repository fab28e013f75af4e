"""The application: command line, menu and demo, and what only they use.

The library knows nothing of it. `cli` holds the commands, `menu` the text menu, `demo`
what a newcomer runs first. `batch` loads and writes many records, `pictures` draws them
into files, `listing` sets tables for a terminal, and `wording` rewrites hints of the
API in messages as command-line options.
"""
