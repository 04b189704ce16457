"""ETag, If-Match and If-None-Match: a client that changes a state it has not seen gets a 412 (RFC 9110, section 13)."""

from __future__ import annotations

import hashlib
from typing import Any

from django.utils.http import parse_etags
from django.utils.translation import gettext_lazy as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.errors import InvalidRequest


def etag_of(representation: Any) -> str:
    """A strong validator of the body of a GET."""
    return f'"{hashlib.sha256(JSONRenderer().render(representation)).hexdigest()[:32]}"'


def tagged(request: Request, representation: Any, status: int = 200) -> Response:
    """The response with an ETag header; 304 without a body if If-None-Match contains it."""
    etag = etag_of(representation)
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if request.method in ("GET", "HEAD") and ("*" in known or etag in [tag.removeprefix("W/") for tag in known]):
        return Response(status=304, headers={"ETag": etag})
    return Response(representation, status=status, headers={"ETag": etag})


def require_match(request: Request, representation: Any) -> None:
    """Raises InvalidRequest (412) if If-Match does not contain the ETag of the current state. Call it with the row
    locked.
    """
    wanted = parse_etags(request.headers.get("If-Match", ""))
    if request.headers.get("If-Match") is None or "*" in wanted or etag_of(representation) in wanted:
        return
    sentence = _("This was changed since you read it. Read it again and repeat your change.")
    raise InvalidRequest("precondition_failed", sentence, status=412)
