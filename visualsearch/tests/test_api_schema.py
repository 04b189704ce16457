"""The API does what its schema says: schemathesis calls every operation, as a stranger and with each scope.

`SCHEMATHESIS_EXAMPLES=200` makes a longer run of it.
"""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, assume, given, seed
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from catalog.models import ApiToken, ImportRun, Scope
from conftest import photo_of
from search.query import create_query
from search.tasks import embed_images

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", 4))  # of each operation, caller and kind of input

# What no schema tells, or ours does not (the pattern DRF gives a decimal takes "" and "-"): which categories there are,
# one field by another, whether bytes are a photo, what JSON can say and no database keep.
CODES_BEYOND_A_SCHEMA = {
    *("bad_category", "bad_price", "bad_embedding", "bad_crop", "bad_page"),
    *("no_photo", "not_an_image", "too_many_kinds", "no_source", "unusable_source"),
}
FIELDS_BEYOND_A_SCHEMA = {"image", "category", "parent", "price", "sale_price"}
UNSTORABLE = "may not be blank", "cannot be kept", "too large to be kept", "nested too deeply"

bounded = hypothesis_settings(
    max_examples=EXAMPLES, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture
def shop(model: Any, make_product: Any) -> Callable[[str], dict[str, Any] | None]:
    """Holds one of everything; shop(path) are the parameters of a path of the schema that lead to something."""
    product = make_product("shoe-1", photos=2)
    photos = list(product.images.values_list("pk", flat=True))
    embed_images(photos)
    query = create_query([photo_of("shoe-1")])
    run = ImportRun.objects.create(name="x", source="x")

    def parameters(path: str) -> dict[str, Any] | None:
        known = {
            "sku": "shoe-1",
            "version": model.version,
            "id": query.pk if "/search/" in path else run.pk if "/imports/" in path else photos[0],
        }
        return {name: str(value) for name, value in known.items() if f"{{{name}}}" in path} or None

    return parameters


def headers_of(caller: str) -> dict[str, str]:
    if caller == "anonymous":
        return {}
    scopes = Scope.values if caller == "every scope" else [caller]
    user = User.objects.create_superuser("boss")
    token = ApiToken.objects.create(user, name="schemathesis", scopes=scopes, expiry=timedelta(days=1))[1]
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """The test's transaction outlives the requests in it, as with Django's own test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def beyond_a_schema(response: Any) -> list[Any]:
    """The checks that do not apply to this answer."""
    if response.status_code == 412:  # that its state is out of date goes before all else
        return [negative_data_rejection, positive_data_acceptance]
    if response.status_code == 200 and "refused" in response.json():  # a bulk call is answered item by item
        return [negative_data_rejection]
    if response.status_code != 400:
        return []
    answer = response.json()
    told = (
        answer["code"] in CODES_BEYOND_A_SCHEMA
        or FIELDS_BEYOND_A_SCHEMA & set(answer.get("fields", ()))
        or any(sentence in answer["detail"] for sentence in UNSTORABLE)
    )
    return [positive_data_acceptance] if told else []


@pytest.mark.parametrize("caller", ["anonymous", *Scope.values, "every scope"])
def test_every_operation_answers_as_the_schema_says(
    caller: str, shop: Callable[[str], dict[str, Any] | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.rate_limits.SearchRate.THROTTLE_RATES", {"search": None, "search_token": "9999999/min"})
    headers = headers_of(caller)
    api = schemathesis.openapi.from_wsgi("/api/schema/", WSGIHandler(), headers={"Accept": "application/json"})
    findings = []
    operations = [result.ok() for result in api.get_all_operations() if isinstance(result, Ok)]
    for operation in operations:
        known = shop(operation.path)
        for mode in GenerationMode:
            for path_parameters in [None, known] if known else [None]:

                @seed(14)
                @bounded
                @given(case=operation.as_strategy(mode, path_parameters=path_parameters))
                def check(case: Case) -> None:
                    assume(
                        case.media_type != "multipart/form-data" or not isinstance(case.body, list | str | int | None)
                    )
                    with transaction.atomic():  # each call finds the same shop
                        response = case.call(headers=headers)
                        case.validate_response(response, headers=headers, excluded_checks=beyond_a_schema(response))
                        transaction.set_rollback(True)

                try:
                    check()
                except Unsatisfiable:  # nothing about this operation can be wrong
                    pass
                except (Exception, BaseExceptionGroup) as error:
                    problems = getattr(error, "exceptions", [])
                    findings.append(f"{operation.label}, {mode}: {error}" + "".join(f"\n{one}" for one in problems))
    assert not findings, "\n\n".join(findings)
    assert len(operations) > 25
