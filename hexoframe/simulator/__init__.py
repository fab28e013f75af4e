"""A Hexoskin in a box: a synthetic shirt, its exports and a server that serves them.

`shirt` makes a recording: settings and plan of the day, the body with heart, breathing
and gait, then what the device draws (`ecg`, `pulse`) and works out (`vitals`, `hrv`).
`export` writes it as the vendor does, with `statistics` and `dashboard`. Nothing is
imported here: `shirt` and `export` need numpy alone, `server` more.
"""
