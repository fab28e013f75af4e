"""``python -m hexoframe``: the same as the command ``hexoframe``."""

from __future__ import annotations

from hexoframe.app.cli import main

if __name__ == "__main__":
    main()
