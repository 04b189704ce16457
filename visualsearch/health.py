"""What an orchestrator and a Prometheus server ask for."""

from __future__ import annotations

import logging
import secrets
import shutil
from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST

from catalog.photos import decoders
from ml.models import ModelVersion
from visualsearch.metrics import exposition

logger = logging.getLogger(__name__)

LEAST_DISK = 200_000_000  # bytes free, below which uploads and thumbnails are about to fail


def warm_up() -> None:
    """Load the active model into this process, start a decoder; log, and serve without, if that cannot be done."""
    try:
        decoders.warm_up()
        if model := ModelVersion.objects.active():
            model.embedder().warm_up()
    except Exception:
        logger.exception("The active model could not be loaded; searches will fail until it can.")
    finally:
        connection.close()  # of a thread that does not come back to it


class HealthMiddleware:
    """Answers the probes before anything else can refuse them: an orchestrator calls by address, and without TLS."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        view = {"/healthz/live": live, "/healthz/ready": ready, "/metrics": metrics}.get(request.path)
        if view is None:
            return self.get_response(request)
        response = view(request)
        response["Cache-Control"] = "no-store"
        return response


def live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("alive\n", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """Can this process serve searches? 200, else 503; the reason for those who may know it, see may_look_inside."""
    checks = indexing_status()
    healthy = all(state == "ok" for state in checks.values())
    body = {"ready": healthy, **(checks if may_look_inside(request) else {})}
    return JsonResponse(body, status=200 if healthy else 503)


def indexing_status() -> dict[str, str]:
    """What serving needs -> "ok", or what is wrong: the database reachable and migrated, a model that loads, disk."""
    checks: dict[str, str] = {}
    try:
        model = ModelVersion.objects.active()
        checks["database"] = "ok"
        checks["model"] = "ok" if model else "no model is active"
        if model:
            model.embedder().warm_up()
    except DatabaseError as error:
        checks["database"] = (str(error).splitlines() or [type(error).__name__])[0]
    except Exception as error:  # whatever keeps a model from loading
        checks["model"] = f"{type(error).__name__}: {error}"
    checks["disk"] = _disk()
    return checks


def _disk() -> str:
    free = shutil.disk_usage(settings.VAR_DIR).free
    return "ok" if free >= LEAST_DISK else f"only {free / 1e6:.0f} MB are free in {settings.VAR_DIR}"


def may_look_inside(request: HttpRequest) -> bool:
    """Whether to tell this client how we are: with METRICS_TOKEN by that token, without it from this machine only."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return secrets.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    if "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META:
        return False  # a proxy on this machine asks for somebody else
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:  # a unix socket has no address, and whoever reaches it is on this machine
        return True


def metrics(request: HttpRequest) -> HttpResponse:
    if not may_look_inside(request):
        sentence = "Metrics are for this machine, or for whoever sends METRICS_TOKEN as a bearer token."
        return JsonResponse({"detail": sentence, "code": "forbidden"}, status=403)
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
