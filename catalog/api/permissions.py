"""Permissions of API requests: those of the account in the admin, limited to the scopes of the token.

An account gets permissions from its groups (docs/permissions.md). A request with a token needs both the permission and
the scope. Public endpoints are public with any token.
"""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from catalog.models import ApiToken, Scope


def may(request: Request | HttpRequest, permission: str | tuple[str, ...], scope: Scope) -> bool:
    """Whether the account has `permission` (one name such as "catalog.view_product", or several: all of them) and its
    token `scope`.
    """
    token = getattr(request, "auth", None)
    if isinstance(token, ApiToken) and scope not in token.scopes:
        return False
    return request.user.has_perms([permission] if isinstance(permission, str) else permission)


def sees_hidden_products(request: Request | HttpRequest) -> bool:
    return may(request, "catalog.view_product", Scope.CATALOGUE_READ)


class PerMethod(BasePermission):
    """Each method needs the permission that the view's `permissions` maps it to; a method without
    an entry is public.
    """

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
