"""Input that cannot be kept is the sender's error, on every page and address: a 400 with a sentence, never a 500.

A NUL in an address is refused before any view; what a view finds out only when Postgres or the disk refuses it is
turned into an answer here. Bodies sent to the API are looked through by catalog/api/parsers.py.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, DataError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from psycopg import errors as postgres

from catalog.errors import InvalidRequest
from visualsearch.error_response import error_response

logger = logging.getLogger(__name__)

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class UnstorableInput:
    """Middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        written = request.META.get("QUERY_STRING", "")
        if "\0" in request.path or "%00" in written or "\0" in written:
            return error_response(request, "bad_text", _("This address holds a character that cannot be kept."), 400)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        error = refused_by_storage(exception)
        if error is None:
            return None
        logger.warning("%s %s: %s", request.method, request.path, error.code, exc_info=exception)
        return error_response(request, error.code, str(error), error.status)


def refused_by_storage(exception: BaseException) -> InvalidRequest | None:
    """What to tell the sender if the database or the disk refused what was sent, else None."""
    cause = exception.__cause__
    if isinstance(exception, RequestDataTooBig):
        return InvalidRequest("body_too_long", _("This request is too large."), status=413)
    if (isinstance(exception, OSError) and exception.errno in NO_ROOM) or isinstance(cause, postgres.DiskFull):
        sentence = _("There is no room left to keep this. Please tell the shop, and try again later.")
        return InvalidRequest("no_space", sentence, status=507)
    if isinstance(exception, DatabaseError) and isinstance(cause, postgres.ProgramLimitExceeded):
        return InvalidRequest("too_long", _("A text is too long to be kept."))
    if isinstance(exception, DataError | UnicodeEncodeError):
        return InvalidRequest("bad_text", _("This holds a character or a number that cannot be kept."))
    return None
