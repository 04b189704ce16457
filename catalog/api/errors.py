"""Every error of the API has the body {"detail", "code"}; invalid fields are listed in "fields" as well."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import IntegrityError
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler as default_handler

from catalog.errors import RequestError


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST_FRAMEWORK's EXCEPTION_HANDLER.

    Returns None for exceptions that are not errors of the request; visualsearch.unstorable and handler500 answer those,
    as JSON too.
    """
    if isinstance(error, RequestError):
        return Response({"detail": str(error), "code": error.code}, status=error.status, headers=error.headers)
    if isinstance(error, RequestDataTooBig):
        return Response({"detail": _("This request is too large."), "code": "body_too_long"}, status=413)
    if isinstance(error, SuspiciousOperation):
        return Response({"detail": _("We cannot read this request."), "code": "bad_request"}, status=400)
    if isinstance(error, IntegrityError):  # two concurrent requests, each valid by itself
        sentence = _("Another call changed the same thing at this moment. Please repeat yours.")
        return Response({"detail": sentence, "code": "conflict"}, status=409)
    response = default_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        response.data = invalid(response.data)
    else:
        detail = str(error.detail) if isinstance(error, APIException) else _("There is nothing at this address.")
        code = error.get_codes() if isinstance(error, APIException) else {404: "not_found"}.get(response.status_code)
        response.data = {"detail": detail, "code": code if isinstance(code, str) else "refused"}
    return response


def invalid(problems: Any) -> dict[str, Any]:
    """Body for the errors of a serializer: "detail" is the first message, "fields" holds all messages by field."""
    fields = problems if isinstance(problems, dict) else {"non_field_errors": problems}
    name, sentence = _first_sentence(fields)
    return {"detail": f"{name}: {sentence}", "code": "invalid", "fields": fields}


def _first_sentence(problem: Any) -> tuple[str, str]:
    name, value = next(iter(problem.items()))
    while not isinstance(value, str):
        value = next(iter(value.values() if isinstance(value, dict) else value))
    return name, value
