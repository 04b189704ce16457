"""What a request asks for wrongly, said in one sentence: pages show it, the API returns it with its code."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.utils.functional import Promise


class InvalidRequest(BadRequest):
    """`code` is stable, for programs; str() is for people: what is wrong and what to do.

    Django answers it with handler400, catalog.views.bad_request.
    """

    def __init__(self, code: str, sentence: str | Promise, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.status = status

    def __str__(self) -> str:
        return str(self.sentence)
