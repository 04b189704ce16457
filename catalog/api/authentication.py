"""Authentication of API requests: a client's token (Authorization: Bearer ...), or a session of the admin."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from catalog.models import ApiToken


class ClientToken(TokenAuthentication):
    """request.user is the account that the token belongs to, request.auth the ApiToken. Raises AuthenticationFailed."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        if not token.isascii() or b"\0" in token:
            raise AuthenticationFailed(_("This token is not known, has expired or was revoked."))
        return super().authenticate_credentials(token)
