"""What a caller may do: as in the admin, and of a token no more than its scopes say.

A permission is the account's, given by its groups (see docs/permissions.md). A token acts for an account and narrows
it: both must allow a call. What is public stays public with any token.
"""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from catalog.models import ApiToken, Scope


def may(request: Request | HttpRequest, permission: str | tuple[str, ...], scope: Scope) -> bool:
    """Whether the account has `permission`, such as "catalog.view_product", or all of them, and its token `scope`."""
    token = getattr(request, "auth", None)
    if isinstance(token, ApiToken) and scope not in token.scopes:
        return False
    return request.user.has_perms([permission] if isinstance(permission, str) else permission)


def sees_hidden_products(request: Request | HttpRequest) -> bool:
    return may(request, "catalog.view_product", Scope.CATALOGUE_READ)


class PerMethod(BasePermission):
    """Each method needs the permission that the view's `permissions` names for it; a method not named is public."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        permission = getattr(view, "permissions", {}).get("GET" if request.method == "HEAD" else request.method)
        if permission is None:
            return True
        return may(request, permission, self.scope(request, view))

    def scope(self, request: Request, view: APIView) -> Scope:
        return Scope.CATALOGUE_READ if request.method in SAFE_METHODS else Scope.CATALOGUE_WRITE


class ModelsPerMethod(PerMethod):
    def scope(self, request: Request, view: APIView) -> Scope:
        return Scope.MODELS
