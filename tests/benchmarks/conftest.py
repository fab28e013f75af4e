"""Benchmarks are run by hand (run.py); pytest looks at test_run.py alone."""

collect_ignore_glob = [
    "bench_*.py",
    "child.py",
    "classic.py",
    "harness.py",
    "run.py",
    "serving.py",
    "world.py",
]
