"""``hexoframe records``, ``ranges``, ``info``, ``estimate``: what the service has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from hexoframe.app.batch import each_of
from hexoframe.app.choices import Selection
from hexoframe.app.cli.account import connected
from hexoframe.app.cli.lists import show_frame, show_json, show_lines, width
from hexoframe.app.cli.options import MOMENT, WholeNumber, ids, listing, selection
from hexoframe.app.cli.running import fail, tell

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.client import Client

__all__ = ["estimate", "info", "ranges", "records"]

_USER = click.option("--user", metavar="USER", help="Only of this user: id or e-mail.")
_START = click.option(
    "--start", metavar="TIME", type=MOMENT, help="Only what begins then or later."
)
_END = click.option(
    "--end", metavar="TIME", type=MOMENT, help="Only what ends then or before."
)
_LIMIT = click.option(
    "--limit", metavar="N", type=WholeNumber(1), help="At most N of them."
)


@click.command()
@_USER
@click.option("--device", metavar="ID", help="Only of this device.")
@_START
@_END
@click.option(
    "--status", metavar="STATUS", help="Only of this status, such as complete."
)
@_LIMIT
@listing
def records(form: str, **filters: Any) -> None:
    """List the records that you may see, the newest first.

    TIME carries its zone, as 2024-03-01T22:00:00Z does.
    """
    from hexoframe.app.listing import record_rows  # noqa: PLC0415  # pandas

    _show(
        lambda client: client.list_records(**filters),
        form,
        record_rows,
        "There is no such record that you may see.",
    )


@click.command()
@_USER
@_START
@_END
@_LIMIT
@listing
def ranges(form: str, **filters: Any) -> None:
    """List the ranges (activities) you may see, the newest first.

    TIME carries its zone, as 2024-03-01T22:00:00Z does.
    """
    from hexoframe.app.listing import range_rows  # noqa: PLC0415  # pandas

    _show(
        lambda client: client.list_ranges(**filters),
        form,
        range_rows,
        "There is no such range that you may see.",
    )


def _show(
    load: Callable[[Client], pd.DataFrame],
    form: str,
    rows: Callable[[pd.DataFrame], list[dict[str, str]]],
    nothing: str,
) -> None:
    with connected() as client:
        found = load(client)
    show_frame(found, form, rows, nothing=nothing)


@click.command()
@click.argument("number", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="As the service says it.")
def info(number: str, *, as_json: bool) -> None:
    """Show what the service says of a record."""
    from hexoframe.app.listing import fact_lines, record_facts  # noqa: PLC0415  # pandas

    with connected() as client:
        answer = client.record_info(number)
    if as_json:
        show_json(answer)
    else:
        show_lines(fact_lines(record_facts(answer), width()))


@click.command()
@ids("ID")
@selection
@listing
def estimate(numbers: tuple[str, ...], selection: Selection, form: str) -> None:
    """Show what downloads would cost, before anything is downloaded.

    A record that the cache has costs one request.
    """
    from hexoframe.app.listing import cost_rows, costs_frame  # noqa: PLC0415  # pandas

    costs, failed = {}, 0
    with connected() as client:
        for number, cost in each_of(
            numbers, lambda each: client.estimate(each, **selection.arguments())
        ):
            if isinstance(cost, Exception):
                tell("record", number, cost)
                failed += 1
            else:
                costs[number] = cost
    if costs:
        show_frame(costs_frame(costs), form, cost_rows)
    fail(failed, len(costs) + failed, "records")
