"""Guessing passwords: after some failures an account and an address have to wait (django-axes counts, in Postgres)."""

from __future__ import annotations

import logging
from ipaddress import ip_address
from typing import Any

from axes.signals import user_locked_out
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from rest_framework.throttling import BaseThrottle

from visualsearch.error_response import error_response

logger = logging.getLogger(__name__)


def client_address(request: HttpRequest) -> str | None:
    """The client's, as PROXIES says whom to believe; None behind a unix socket."""
    ident = BaseThrottle().get_ident(request)  # type: ignore[arg-type]
    try:
        return str(ip_address(ident or ""))
    except ValueError:
        return None


def locked_out(request: HttpRequest, response: object, credentials: object, *args: Any) -> HttpResponse:
    wait = settings.AXES_COOLOFF_TIME
    sentence = _(
        "Too many failed logins for this account or address. Please wait %(minutes)d minutes and try again, or"
        " ask an administrator to delete the entry under Access attempts."
    )
    minutes = int(wait.total_seconds() // 60)
    return error_response(request, "locked_out", sentence % {"minutes": minutes}, 429, int(wait.total_seconds()))


@receiver(user_locked_out)
def tell_the_log(sender: object, username: str = "", ip_address: str = "", **kwargs: Any) -> None:
    logger.warning("Logins of %r from %s are locked for %s.", username, ip_address, settings.AXES_COOLOFF_TIME)
