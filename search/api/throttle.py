"""Rate limits of searches: by IP address, or by token for clients whose token has the scope `search`."""

from __future__ import annotations

from django.http import HttpRequest

from catalog.models import ApiToken, Scope
from search.rate_limits import SearchRate


class ApiSearchRate(SearchRate):
    """The rate of tokens is REST_FRAMEWORK's DEFAULT_THROTTLE_RATES["search_token"]."""

    def allow_request(self, request: HttpRequest, view: object) -> bool:
        token = getattr(request, "auth", None)
        if isinstance(token, ApiToken) and Scope.SEARCH in token.scopes:
            self.scope = "search_token"
            self.rate = self.get_rate()
            self.num_requests, self.duration = self.parse_rate(self.rate)  # type: ignore[assignment]
        return super().allow_request(request, view)

    def get_cache_key(self, request: HttpRequest, view: object) -> str:
        if self.scope == "search_token":
            return f"{self.scope}:{request.auth.digest[:32]}"  # type: ignore[attr-defined]
        return super().get_cache_key(request, view)
