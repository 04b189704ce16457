"""Rate limit headers for pages and API."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from search.rate_limits import Usage


class RateHeaders:
    """RateLimit-Limit, -Remaining and -Reset on responses that a rate limit counted, and Retry-After when it was
    exceeded.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        usage: Usage | None = getattr(request, "rate_usage", None)
        if usage is not None:
            response["RateLimit-Limit"] = str(usage.limit)
            response["RateLimit-Remaining"] = str(usage.remaining)
            response["RateLimit-Reset"] = str(usage.reset)
            if response.status_code == 429:
                response["Retry-After"] = str(usage.reset)
        return response
