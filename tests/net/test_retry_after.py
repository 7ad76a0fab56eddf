"""Retry-After: ASCII digits or an HTTP date, bounded; whatever else a server sends counts as nothing."""

from datetime import UTC, datetime

import pytest

from imgforge_mcp.net.retry_after import retry_after

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAY = 24 * 3600


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param(None, None, id="none"),
        pytest.param("0", 0, id="zero"),
        pytest.param("30", 30, id="whole"),
        pytest.param(" 2.5 ", 2.5, id="fraction"),
        pytest.param("86401", DAY, id="more than a day"),
        pytest.param("999999999", DAY, id="thirty years"),
        pytest.param("9999999999", None, id="ten digits"),
        pytest.param("9" * 5000, None, id="five thousand digits"),
        pytest.param("-1", None, id="negative"),
        pytest.param("1e9", None, id="exponent"),
        pytest.param("NaN", None, id="not a number"),
        pytest.param("Infinity", None, id="infinite"),
        pytest.param("٣", None, id="Arabic digit"),
        pytest.param("３", None, id="full-width digit"),
        pytest.param("soon", None, id="word"),
        pytest.param("", None, id="empty"),
        pytest.param("Sat, 21 Nov 2026 12:01:30 GMT", 90, id="date"),
        pytest.param("Saturday, 21-Nov-26 12:01:30 GMT", 90, id="old date"),
        pytest.param("Sat, 21 Nov 2026 11:00:00 GMT", 0, id="past"),
        pytest.param("Thu, 31 Dec 2099 23:59:59 GMT", DAY, id="far away"),
        pytest.param("Sat, 99 Nov 2026 12:01:30 GMT", None, id="no such day"),
        pytest.param("2026-11-21T12:01:30Z", None, id="another kind of date"),
    ],
)
def test_a_header_means_so_many_seconds(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds
