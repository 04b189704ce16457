"""The database is away: 503 with Retry-After, JSON to programs, a page to people."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from visualsearch.database import no_connection
from visualsearch.error_response import error_response

logger = logging.getLogger(__name__)

RETRY_AFTER = 5  # seconds


class DatabaseGoneMiddleware:
    """503 with Retry-After, and a line in the log instead of a traceback for each request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not no_connection(exception):
            return None
        logger.error("%s %s: no database: %s", request.method, request.path, " ".join(str(exception).split()))
        return database_gone(request)


def database_gone(request: HttpRequest) -> HttpResponse:
    sentence = _("The shop is being restarted. Please try again in a moment.")
    return error_response(request, "no_database", sentence, 503, RETRY_AFTER)
