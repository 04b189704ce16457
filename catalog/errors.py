"""What a request asks for and cannot have: one family of errors, with one handler for pages and one for the API.

Pages: search/pages/errors.py. API: catalog/api/errors.py. Nothing of Django is imported here, so that processes
without it can raise and catch these errors too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.utils.functional import Promise


RETRY_AFTER = 2  # seconds


class RequestError(Exception):
    """`code` is stable, for programs; str() is for people: what is wrong and what to do; `status` is HTTP's.

    `headers` go with the answer: whoever may succeed later (503) is told when.
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
    """A parameter, or the whole request, that cannot be used as it is."""
