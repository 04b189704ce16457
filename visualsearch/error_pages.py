"""Errors of requests that no view answers: JSON for whatever lies under /api/, a page for people."""

from __future__ import annotations

import sys

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views import defaults

import catalog.views
from visualsearch.database import no_connection
from visualsearch.error_response import error_response
from visualsearch.errors import database_gone


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not _is_api(request):
        return catalog.views.bad_request(request, exception)
    return error_response(request, "bad_request", _("We cannot read this request."), 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not _is_api(request):
        return defaults.permission_denied(request, exception)
    return error_response(request, "permission_denied", _("You may not do this."), 403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_staff(request):
        context = {**admin.site.each_context(request), "title": _("There is nothing at this address")}
        return render(request, "admin/404.html", context, status=404)
    if not _is_api(request):
        return defaults.page_not_found(request, exception)
    return error_response(request, "not_found", _("There is nothing at this address."), 404)


def server_error(request: HttpRequest) -> HttpResponse:
    if no_connection(sys.exc_info()[1]):  # in a middleware, where process_exception is not asked
        return database_gone(request)
    if not _is_api(request):
        return defaults.server_error(request)
    sentence = _("Something went wrong here, and was logged. Please try again later.")
    return error_response(request, "server_error", sentence, 500)


def _is_staff(request: HttpRequest) -> bool:
    """Somebody who works in the admin: sees its pages, and none of the shoppers'."""
    user = getattr(request, "user", None)
    return request.path.startswith(reverse("admin:index")) and user is not None and admin.site.has_permission(request)


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
