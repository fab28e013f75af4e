"""Filters as the service reads them, and ids of related objects."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from hexoframe.api.load.queries import check_filters, id_of, query_of
from hexoframe.api.load.resources import records_frame
from hexoframe.errors import ConfigurationError, TimestampError


def utc(tick, clock=256):
    """Independent of the package: exact on the grid of whole ns."""
    return pd.Timestamp(tick * 1_000_000_000 // clock, unit="ns", tz="UTC")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("/api/user/1511/", 1511),
        ("/api/v1/device/HXSKIN1200002070/", "HXSKIN1200002070"),
        (7, 7), ("7", 7), (None, None), ({"resource_uri": "/api/user/5/", "id": 5}, 5),
        ({"id": 9}, 9), ("", None),
    ],
)  # fmt: skip
def test_a_related_object_is_its_id(given, wanted):
    assert id_of(given) == wanted


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"user": 5}, {"user": "5"}),
        ({"user": "a@b.org"}, {"user": "a@b.org"}),
        ({"user": "/api/user/5/"}, {"user": "5"}),
        ({"device": "/api/device/HXSKIN1200000001/"}, {"device": "HXSKIN1200000001"}),
        ({"status": "complete", "rank": None}, {"status": "complete"}),
        ({"id__in": [1, 2]}, {"id__in": "1,2"}),
        ({"start__range": (1, 2)}, {"start__range": "1,2"}),
        ({"include_autodetected": True}, {"include_autodetected": "true"}),
        ({"start": "2014-10-30T17:42:37Z"}, {"start__gte": "362160884992"}),
        ({"start": "2014-10-30T17:42:37.001Z"}, {"start__gte": "362160884993"}),
        ({"end": "2014-10-30T17:42:37.001Z"}, {"end__lte": "362160884992"}),
        ({"end": 362160884992}, {"end__lte": "362160884992"}),
        ({"end__gt": dt.datetime(2014, 10, 30, 17, 42, 37, tzinfo=dt.UTC)},
         {"end__gt": "362160884992"}),
        ({"last_modified__gte": pd.Timestamp("2024-01-01", tz="UTC")},
         {"last_modified__gte": "2024-01-01T00:00:00+00:00"}),
    ],
)  # fmt: skip
def test_filters_are_written_as_the_service_reads_them(given, wanted):
    assert query_of(clock=256, **given) == wanted


def test_the_clock_of_the_host_counts():
    found = query_of(clock=1000, start="2023-08-07T01:25:18Z")
    assert found == {"start__gte": "1691371518000"}


def test_a_time_without_zone_is_refused():
    with pytest.raises(TimestampError):
        query_of(clock=256, start=dt.datetime(2014, 10, 30))  # noqa: DTZ001
    with pytest.raises(TimestampError):
        query_of(clock=256, end="2014-10-30T17:42:37")


@pytest.mark.parametrize("name", ["password", "api_key", "access_token", "apikey__in"])
def test_no_secret_comes_into_a_query(name):
    with pytest.raises(ConfigurationError) as caught:
        query_of(clock=256, **{name: "hush"})
    assert "hush" not in str(caught.value)


def test_what_has_no_form_in_a_query_is_refused():
    with pytest.raises(ConfigurationError, match="rank is a dict"):
        query_of(clock=256, rank={})


def test_filters_find_what_they_should(server, connect):
    transport = connect(server)
    records = {r.id: r for r in server.world.records.values()}
    sees = server.world.sees[20001]
    seen = sorted(i for i, r in records.items() if r.user in sees)

    def found(**given):
        query = query_of(clock=256, **given)
        return sorted(records_frame(transport.pages("/api/record/", query))["id"])

    assert found() == seen
    assert len(seen) > 1
    one = records[seen[0]]
    at = utc(one.source.start)
    assert found(user=server.username) == [i for i in seen if records[i].user == 20001]
    assert found(device=one.device) == [
        i for i in seen if records[i].device == one.device
    ]
    assert found(start=at) == [
        i for i in seen if records[i].source.start >= one.source.start
    ]
    assert found(start=at, end=utc(one.source.end)) == [
        i for i in seen
        if records[i].source.start >= one.source.start
        and records[i].source.end <= one.source.end
    ]  # fmt: skip
    assert found(id__in=seen[:2]) == seen[:2]
    assert found(user=999) == []


def test_an_end_before_its_start_is_refused():
    with pytest.raises(TimestampError, match=r"end=.*lies before start="):
        query_of(clock=256, start="2024-03-02T00:00Z", end="2024-03-01T00:00Z")
    assert query_of(clock=256, start=5, end=5) == {"start__gte": "5", "end__lte": "5"}


def test_a_filter_that_a_list_lacks_is_refused():
    schema = {"filtering": {"user": ["exact"], "id": ["exact", "in"], "start": ["gte"]}}
    check_filters("record", {"id__in": [1], "user": 3, "order_by": "start"}, schema)
    with pytest.raises(ConfigurationError, match=r"usr is no filter.*mean user"):
        check_filters("record", {"usr": 3}, schema)
    with pytest.raises(ConfigurationError, match=r"xyz__in is no.*id or offset or or"):
        check_filters("record", {"xyz__in": 3}, schema)
