"""Rate limits for expensive requests, counted in Postgres for all web processes together.

DRF's own throttles keep a list in a cache: with one cache per process a client gets a multiple of the rate, and
concurrent requests are missed. Here one SQL statement counts and returns the count.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from catalog.errors import RequestError
from catalog.read_only import takes_nothing

# A period begins with a client's first request after the previous period. The count stops one above the limit.
COUNT = """
INSERT INTO search_ratecount AS rate (key, started, count) VALUES (%(key)s, %(now)s, 1)
ON CONFLICT (key) DO UPDATE SET
    started = CASE WHEN rate.started + %(period)s <= %(now)s THEN %(now)s ELSE rate.started END,
    count = CASE WHEN rate.started + %(period)s <= %(now)s THEN 1 ELSE least(rate.count + 1, %(limit)s + 1) END
RETURNING count, started
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """A client's usage of a rate limit; the middleware RateHeaders adds it to the response."""

    limit: int
    remaining: int
    reset: int  # seconds


class ClientRate(SimpleRateThrottle):
    """The rate is REST_FRAMEWORK's DEFAULT_THROTTLE_RATES[scope]; a client is an IPv4 address or
    an IPv6 /64 network.
    """

    num_requests: int  # set by DRF, from the rate
    duration: int  # seconds

    def get_cache_key(self, request: HttpRequest | Request, view: object) -> str:
        ident = self.get_ident(request) or "local"  # type: ignore[arg-type]  # a unix socket's peer has no address
        try:
            address = ip_address(ident)
        except ValueError:  # not an IP address
            return f"{self.scope}:{ident[:60]}"
        if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
            return f"{self.scope}:{address.exploded[:19]}"
        return f"{self.scope}:{ident}"

    def allow_request(self, request: HttpRequest | Request, view: object) -> bool:
        if self.rate is None or not self.num_requests:
            return True
        now = time.time()
        key = self.get_cache_key(request, view)
        parameters: dict[str, Any] = {"key": key, "now": now, "period": self.duration, "limit": self.num_requests}
        try:
            with connection.cursor() as cursor:
                cursor.execute(COUNT, parameters)
                count, started = cursor.fetchone()
        except DatabaseError as error:
            if takes_nothing(error):
                return True  # a database that cannot write must not block searches
            raise
        self.left = max(1, ceil(started + self.duration - now))
        plain = request._request if isinstance(request, Request) else request
        plain.rate_usage = Usage(self.num_requests, max(0, self.num_requests - count), self.left)  # type: ignore[attr-defined]
        return count <= self.num_requests

    def wait(self) -> float:
        return self.left


class SearchRate(ClientRate):
    scope = "search"


class ExplanationRate(ClientRate):
    """For pages that run the network without a search: likely items, and why a result matched."""

    scope = "explanation"


class MarkRate(ClientRate):
    scope = "mark"


def check_rate(rate: type[ClientRate], request: HttpRequest) -> None:
    """Raises RequestError (429) if the rate is exceeded. For views that are not DRF's."""
    if not rate().allow_request(request, None):
        sentence = _("These were many searches in a short time. Please wait a minute and try again.")
        if rate is MarkRate:
            sentence = _("These were many marks in a short time. Please wait a minute and try again.")
        raise RequestError("throttled", sentence, status=429)
