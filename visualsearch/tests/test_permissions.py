"""docs/permissions.md holds for every route, the admin's as well, and for every kind of caller.

A route without a row fails here, and the message is the row to add, once somebody agrees with what it says.
"""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.template import Origin
from django.template.loaders.base import Loader
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.timezone import now
from django_q.models import Failure

from catalog.models import ApiToken, Feed, ImportRun, Product, RemotePhoto, Scope, Synonym
from conftest import photo_of
from ml.models import ModelVersion
from search.models import PhotoPair, Training
from search.query import create_query

pytestmark = pytest.mark.django_db

TABLE = Path(settings.BASE_DIR) / "docs" / "permissions.md"
GROUPS = ["Catalogue staff", "Model managers"]
CALLERS = ["anonymous", "plain", "staff", *GROUPS, "superuser", *Scope.values]
YES, NO = "yes", "–"

Row = tuple[str, str]  # method, route
Rows = dict[Row, dict[str, str]]  # what each caller gets


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """(route, view) of every pattern, such as ("products/<sku:sku>/", product)."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield re.sub(r"\^?\(\?P<(\w+)>.*", r"<\1>/", route), pattern.callback


def methods(route: str, view: Callable[..., Any]) -> list[str]:
    """Those the view may answer; a page answers 405 to the others."""
    if not hasattr(view, "cls") or not route.startswith("api/v1/"):
        return ["GET", "POST"]
    return [name for name in ("GET", "POST", "PUT", "PATCH", "DELETE") if hasattr(view.cls, name.lower())]


def is_refused(route: str, status: int) -> bool:
    """A photo's own file is not there at all for those who may not see it."""
    return status in (401, 403) or (status == 404 and route.startswith(("media/", "admin/catalog/product/thumbnail/")))


def callers_of(route: str) -> list[str]:
    """Outside /api/ one token stands for all: each route has another."""
    if route.startswith("api/"):
        return CALLERS
    scopes = [str(scope) for scope in Scope.values]
    return [*CALLERS[: -len(scopes)], scopes[len(route) % len(scopes)]]


def table() -> Rows:
    rows: Rows = {}
    for line in TABLE.read_text().splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("|").split(" | ")]
        if len(cells) == len(CALLERS) + 2 and cells[0] in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            rows[cells[0], cells[1]] = dict(zip(CALLERS, cells[2:], strict=True))
    return rows


class BlankTemplates(Loader):
    """Every template is there, and empty: who may see a page does not depend on what is on it."""

    def get_template_sources(self, template_name: str) -> Iterator[Origin]:
        yield Origin(template_name, template_name, self)

    def get_contents(self, origin: Origin) -> str:
        return ""


@pytest.fixture(autouse=True)
def pages_without_content(settings: Any) -> None:
    loaders = {"loaders": [f"{__name__}.{BlankTemplates.__name__}"]}
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": loaders}]


@pytest.fixture
def values(model: ModelVersion, make_product: Any) -> dict[str, object]:
    """What stands for the parameters of a route, in a shop with one of everything."""
    product = make_product("shoe-1", photos=2)
    boss = User.objects.create_superuser("boss")
    first, second = product.images.order_by("pk")
    Feed.objects.create(name="x", url="https://example.com/x.csv")
    RemotePhoto.objects.create(product=product, url="https://example.com/x.jpg", host="example.com", next_try=now())
    Synonym.objects.create(words=["sofa", "couch"], folded=["sofa", "couch"])
    LogEntry.objects.create(user=boss, object_repr="x", action_flag=1)
    sent = {"user_agent": "x", "http_accept": "x", "path_info": "x", "username": "x"}
    AccessAttempt.objects.create(**sent, ip_address="192.0.2.1", get_data="", post_data="", failures_since_start=1)
    AccessLog.objects.create(**sent)
    AccessFailureLog.objects.create(**sent)
    Training.objects.create(data="catalogue", name="x", input_size=32, epochs=1, steps=1, p=2, k=2)
    shown = {"first_sha256": first.sha256, "second_sha256": second.sha256, "score": 1}
    PhotoPair.objects.create(first=first, second=second, model=model, **shown)
    Failure.objects.create(id="1" * 32, name="x", func="x", started=now(), stopped=now(), success=False)
    return {
        "product": product.pk,
        "sku": "shoe-1",
        "slug": "shoes",
        "uuid": create_query([photo_of("shoe-1")]).pk,
        "image": product.images.first().pk,
        "path": product.images.first().file.name,
        "import": ImportRun.objects.create(name="x", source="x").pk,
        "version": model.version,
    }


def of_admin(route: str, name: str, values: dict[str, object]) -> str:
    """A parameter of a page of the admin: what the page is about, or what leads into it."""
    if name in ("product", "keep", "other") or route.startswith("admin/catalog/remotephoto/of/"):
        return "product" if name == "kind" else str(values["product"])
    if route.startswith("admin/catalog/product/thumbnail/") and name == "pk":
        return str(values["image"])
    if name in ("what", "size"):
        return "card" if name == "size" else "stop" if "/training/" in route else "cancel"
    app, _, rest = route.removeprefix("admin/").partition("/")
    model: Any = Product if app == "r" else apps.get_model(app, rest.split("/")[0])
    if name == "content_type_id":
        return str(ContentType.objects.get_for_model(model).pk)
    first = model._default_manager.order_by("pk").first()
    assert first, f"The shop of this test has no {model.__name__}"
    return str(first.pk)


def address(route: str, values: dict[str, object]) -> str:
    if route in ("admin/<app_label>/", "admin/<url>/"):
        return "/admin/catalog/" if "app_label" in route else "/admin/nothing/"

    def value(match: re.Match[str]) -> str:
        kind, _, name = match[1].rpartition(":")
        if route.startswith("admin/"):
            return of_admin(route, name, values)
        if kind == "uuid" or name in ("sku", "slug", "version"):
            return str(values["uuid" if kind == "uuid" else name])
        if name == "path":
            return str(values["path"])
        if "imports/" in route:
            return str(values["import"])
        return str(values["image"]) if kind == "int" else "nothing"

    return "/" + re.sub(r"<([^>]+)>", value, route)


@pytest.fixture
def call() -> Callable[[str, str, str], int]:
    """call(caller, method, address): the status; whatever it changed is undone."""
    boss = User.objects.get_or_create(username="boss", defaults={"is_superuser": True, "is_staff": True})[0]
    clients = {name: Client(raise_request_exception=False) for name in CALLERS}
    for name in ("plain", "staff", *GROUPS):
        user = User.objects.create_user(name, is_staff=name != "plain")
        if name in GROUPS:
            user.groups.add(Group.objects.get(name=name))
        clients[name].force_login(user)
    clients["superuser"].force_login(boss)
    for scope in Scope.values:
        token = ApiToken.objects.create(boss, name=scope, scopes=[scope], expiry=timedelta(days=1))[1]
        clients[scope].defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"

    def status(caller: str, method: str, address: str) -> int:
        signed_in = deepcopy(clients[caller].cookies)
        with transaction.atomic():
            answer = clients[caller].generic(method, address, content_type="application/x-www-form-urlencoded")
            transaction.set_rollback(True)
        clients[caller].cookies = signed_in  # also after a page that signs out
        assert answer.status_code < 500, (caller, method, address)
        to_login = answer.status_code == 302 and "/login/" in answer["Location"]
        return 401 if to_login else answer.status_code

    return status


def test_every_route_has_its_rows(values, call):
    rows, missing = table(), []
    for route, view in dict(routes()).items():
        for method in methods(route, view):
            if (method, route) in rows:
                continue
            found = {caller: call(caller, method, address(route, values)) for caller in callers_of(route)}
            if found["superuser"] != 405:
                cells = [NO if is_refused(route, found.get(caller, found["anonymous"])) else YES for caller in CALLERS]
                missing.append(" | ".join([method, f"`{route}`", *cells]))
    assert not missing, "Rows to look at, and to add to docs/permissions.md:\n" + "\n".join(
        f"| {row} |" for row in missing
    )


def test_every_row_has_its_route():
    known = dict(routes())
    assert not [row for row in table() if row[1] not in known]


@pytest.mark.parametrize("caller", CALLERS)
def test_each_caller_gets_what_the_table_says(caller, values, call):
    wrong = []
    for (method, route), cells in table().items():
        if caller not in callers_of(route):
            continue
        status = call(caller, method, address(route, values))
        if is_refused(route, status) is not (cells[caller] == NO):
            wrong.append(f"{method} {route}: {status}, the table says {cells[caller]}")
    assert not wrong, "\n".join(wrong)
