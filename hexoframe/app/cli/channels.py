"""``hexoframe channels``: what a device records."""

from __future__ import annotations

import click

from hexoframe.app.cli.lists import show_frame
from hexoframe.app.cli.options import listing, model

__all__ = ["channels"]


@click.command()
@model(None)
@listing
def channels(model: str | None, form: str) -> None:
    """Show the channels of a model, or of all models.

    With their ids, rates, units and columns; --csv and --json have gains, offsets and
    sources too.
    """
    from hexoframe.app.listing import channel_rows  # noqa: PLC0415  # pandas
    from hexoframe.channels import channel_table  # noqa: PLC0415  # pandas

    show_frame(channel_table(model), form, channel_rows)
