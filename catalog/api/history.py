"""Changes made over the API appear in the admin's History, with the name of the token that made them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db.models import Model
from django.utils.translation import gettext as _
from rest_framework.request import Request

from catalog.models import ApiToken

__all__ = ["ADDITION", "CHANGE", "DELETION", "log", "names_of"]


def log(request: Request, objects: Sequence[Model], flag: int, what: str) -> None:
    """One log entry for each of `objects`. `what` describes the change, such as "Changed price."."""
    token = request.auth
    by = _("API, token “%(name)s”") % {"name": token.name} if isinstance(token, ApiToken) else _("API")
    user_id: Any = request.user.pk
    LogEntry.objects.log_actions(user_id, objects, flag, f"{what} ({by})")


def names_of(model: type[Model], fields: Iterable[str]) -> str:
    """Verbose names of the fields, as the admin shows them: "title, price"."""
    return ", ".join(str(model._meta.get_field(field).verbose_name) for field in fields)  # type: ignore[union-attr]
