"""Idempotency-Key: a request that is repeated, because its response was lost, takes effect once and gets the same
response.

The response is stored in the transaction of the changes it reports, so a killed process leaves both or neither. A
second request with the same key while the first one runs does not wait: an advisory lock, held until the transaction
ends, makes it fail with 409.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, cast

from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.errors import InvalidRequest
from catalog.models import IdempotentAnswer

KEPT = timedelta(hours=24)
MAX_LENGTH = 255
PATTERN = r"^[\x21-\x7e]+$"  # without spaces: HTTP strips them at both ends of a header
HEADERS = ("ETag", "Location")  # of the response; stored with it

Handler = Callable[..., Response]


def idempotent(handler: Handler) -> Handler:
    """Decorator for a method of a view that needs an account. Raises InvalidRequest."""

    @wraps(handler)
    def once(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return handler(view, request, *args, **kwargs)
        if not re.fullmatch(PATTERN, key) or len(key) > MAX_LENGTH:
            sentence = _("Idempotency-Key must be 1 to %(most)d printable ASCII characters, none of them a space.")
            raise InvalidRequest("bad_idempotency_key", sentence % {"most": MAX_LENGTH})
        fingerprint, account = _fingerprint(request), cast(User, request.user)
        with transaction.atomic():
            _lock(account.pk, key)
            if stored := IdempotentAnswer.objects.filter(user=account, key=key).first():
                return _again(stored, fingerprint)
            response = handler(view, request, *args, **kwargs)
            IdempotentAnswer.objects.create(
                user=account,
                key=key,
                request_sha256=fingerprint,
                status=response.status_code,
                headers={name: response[name] for name in HEADERS if name in response},
                body=JSONRenderer().render(response.data).decode(),
            )
        return response

    return once


def delete_expired_answers() -> int:
    """The hourly task."""
    return IdempotentAnswer.objects.filter(created__lt=timezone.now() - KEPT).delete()[0]


def _lock(user_id: int, key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtext('visualsearch api'), hashtext(%s))", [f"{user_id} {key}"]
        )
        (alone,) = cursor.fetchone() or (False,)
    if not alone:
        sentence = _("A call with this Idempotency-Key is being carried out. Repeat it in a moment.")
        raise InvalidRequest("in_progress", sentence, status=409)


def _again(stored: IdempotentAnswer, fingerprint: str) -> Response:
    if stored.request_sha256 != fingerprint:
        sentence = _("This Idempotency-Key was used for another call. Use a new one for each.")
        raise InvalidRequest("idempotency_key_reused", sentence, status=422)
    headers = {**stored.headers, "Idempotency-Replayed": "true"}
    return Response(json.loads(stored.body) if stored.body else None, status=stored.status, headers=headers)


def _fingerprint(request: Request) -> str:
    """SHA-256 of method, path and body; of the content of files, not of the multipart encoding."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    data = request.data
    fields = sorted(data.lists()) if hasattr(data, "lists") else [("", [data])]
    for name, values in fields:
        for value in values:
            if isinstance(value, UploadedFile):
                part = hashlib.sha256()
                for chunk in value.chunks():
                    part.update(chunk)
                value.seek(0)
                value = part.hexdigest()
            digest.update(json.dumps([name, value], sort_keys=True, default=str).encode())
    return digest.hexdigest()
