"""Errors of requests: one family of exceptions with code and HTTP status, with one handler for pages and one for the
API.

Pages: search/pages/errors.py. API: catalog/api/errors.py. This module imports nothing of Django, so that decoder
processes can raise and catch these errors without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.utils.functional import Promise


RETRY_AFTER = 2  # seconds


class RequestError(Exception):
    """A request that cannot be answered. `code` is stable, for programs; str() is a translated message that says what
    is wrong and what to do; `status` is the HTTP status.

    `headers` are added to the response, such as Retry-After for a 503.
    """

    def __init__(self, code: str, sentence: str | Promise, status: int = 400) -> None:
        super().__init__(code, sentence, status)
        self.code = code
        self.sentence = sentence
        self.status = status
        self.headers = {"Retry-After": str(RETRY_AFTER)} if status == 503 else {}

    def __str__(self) -> str:
        return str(self.sentence)


class InvalidRequest(RequestError):
    """A parameter, or the whole request, is invalid."""
