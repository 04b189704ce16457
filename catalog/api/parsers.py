"""JSON bodies, with what Postgres could not keep refused before any view sees it.

NUL and lone surrogates fit no text column, infinite numbers no jsonb, and what is nested hundreds of levels deep
breaks recursive code. Every view and serializer behind this may trust its strings. (A form holds no surrogates, and the
fields of forms and serializers refuse NUL.)
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import parsers
from rest_framework.exceptions import ParseError, ValidationError

from catalog.errors import InvalidRequest

MAX_DEPTH = 32  # levels of lists and objects
MAX_NUMBER = 1e300  # what a double holds with room to spare: clients in every language read it back


class JSONParser(parsers.JSONParser):
    """Raises InvalidRequest where the body is too long, ParseError, and ValidationError by field."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            sentence = _("The request is larger than %(limit)s MB. Send it in parts.")
            raise InvalidRequest("body_too_long", sentence % {"limit": limit // 1_000_000}, status=413)
        try:
            value = super().parse(BytesIO(body), media_type, parser_context)
        except RecursionError:
            raise ParseError(_("This is nested too deeply.")) from None
        fields = value if isinstance(value, dict) else {"non_field_errors": value}
        if problems := {name: [problem] for name, part in fields.items() if (problem := problem_with([name, part]))}:
            raise ValidationError({name if is_storable(name) else "?": texts for name, texts in problems.items()})
        return value


def problem_with(value: Any) -> str:
    """A sentence if a text or a number somewhere in `value` cannot be kept, or lies too deep; else nothing."""
    waiting = [(value, 0)]
    while waiting:
        part, depth = waiting.pop()
        if depth > MAX_DEPTH:
            return _("This is nested too deeply.")
        if isinstance(part, dict):
            waiting += [(inner, depth + 1) for pair in part.items() for inner in pair]
        elif isinstance(part, list):
            waiting += [(inner, depth + 1) for inner in part]
        elif isinstance(part, str) and not is_storable(part):
            return _("A text holds a character that cannot be kept.")
        elif isinstance(part, int | float) and not abs(part) <= MAX_NUMBER:
            return _("A number is too large to be kept.")
    return ""


def is_storable(text: str) -> bool:
    """Whether Postgres can keep it: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
