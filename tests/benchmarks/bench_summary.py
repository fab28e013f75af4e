"""The summary of a kept record, beside the reading of its channels at 1 Hz."""

from __future__ import annotations

import hexoframe
from tests.benchmarks.harness import race, timed


def read_rates(folder):
    record = hexoframe.open_record(folder)
    return [record[name] for name in record if record.channel(name).rate_hz == 1]


def summarise(folder, **how):
    record = hexoframe.open_record(folder)
    table = record.summary(**how)
    read = {name for name in record if record.is_read(name)}
    waves = [name for name in read if record.channel(name).kind == "waveform"]
    if waves:
        raise AssertionError(f"the summary read {', '.join(waves)}")
    return table


def bench(world):
    kept = world.record.to_parquet(world.folder / "kept", overwrite=True)
    for what, how in (("the whole record", {}), ('by="5min"', {"by": "5min"})):
        yield race(
            timed(lambda how=how: summarise(kept, **how)),
            timed(lambda: read_rates(kept)),
            rounds=2 * world.rounds + 1,
            what=f"summary() of a kept record, {what}",
            against="opening it and reading its channels at 1 Hz",
            target=None if how else 3,
            at_most=True,
        )
