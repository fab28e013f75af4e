"""``hexoframe records``, ``info`` and ``estimate``: which records the service has."""

from __future__ import annotations

from typing import Any

import click

from hexoframe.app.batch import each_of
from hexoframe.app.choices import Selection
from hexoframe.app.cli.account import connected
from hexoframe.app.cli.lists import show_frame, show_json, show_lines, width
from hexoframe.app.cli.options import (
    AT_MOST,
    BY_USER,
    FROM,
    UNTIL,
    ids,
    listing,
    selection,
)
from hexoframe.app.cli.running import fail, tell

__all__ = ["estimate", "info", "records"]


@click.command()
@BY_USER
@click.option("--device", metavar="ID", help="Only of this device.")
@FROM
@UNTIL
@click.option(
    "--status", metavar="STATUS", help="Only of this status, such as complete."
)
@AT_MOST
@listing
def records(form: str, **filters: Any) -> None:
    """List the records that you may see, the newest first.

    TIME carries its zone, as 2024-03-01T22:00:00Z does.
    """
    from hexoframe.app.listing import record_rows  # noqa: PLC0415  # pandas

    with connected() as client:
        found = client.list_records(**filters)
    nothing = "There is no such record that you may see."
    show_frame(found, form, record_rows, nothing=nothing)


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
    """Show what downloads would cost, before any begins.

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
