"""A request that cannot be served, answered in its own language: JSON to programs, a page to people."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string


def error_response(
    request: HttpRequest, code: str, sentence: str, status: int, retry_after: int | None = None
) -> HttpResponse:
    """`code` is stable, for programs; `sentence` says to people what is wrong and what to do.

    `retry_after`, in seconds, becomes the Retry-After header. Neither session nor database is used.
    """
    response: HttpResponse
    if request.path.startswith("/api/") or request.headers.get("Accept") == "application/json":
        response = JsonResponse({"detail": sentence, "code": code}, status=status)
    else:
        page = render_to_string("error.html", {"sentence": sentence, "retry_after": retry_after})
        response = HttpResponse(page, status=status)
    response["Cache-Control"] = "no-store"
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response
