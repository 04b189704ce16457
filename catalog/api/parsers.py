"""JSON request bodies. What Postgres cannot store is rejected here, before any view sees it.

Text columns accept no NUL and no lone surrogate, jsonb no infinite number, and hundreds of nested levels exhaust the
recursion limit. Views and serializers can rely on this check. (Forms cannot contain surrogates, and the fields of forms
and serializers reject NUL.)
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
MAX_NUMBER = 1e300  # below the largest double, so that clients in any language can read it


class JSONParser(parsers.JSONParser):
    """Raises InvalidRequest if the body is too long, ParseError if it is not JSON, ValidationError (by field) if it
    cannot be stored.
    """

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
    """A message if a string or number in `value` cannot be stored, or is nested too deeply; else ""."""
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
    """Whether Postgres can store `text`: no NUL, no lone surrogate."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
