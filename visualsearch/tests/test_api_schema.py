"""The API does what its schema says: schemathesis calls every operation, as a stranger and with each scope."""

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from schemathesis import Case
from schemathesis.core.result import Ok

from catalog.models import ApiToken, Scope

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif("SCHEMATHESIS" not in os.environ, reason="takes minutes: set SCHEMATHESIS=1 to run it"),
]

EXAMPLES = 5  # of each operation, for each caller: those of schema-valid input and as many of invalid

bounded = hypothesis_settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


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


@pytest.mark.parametrize("caller", ["anonymous", *Scope.values, "every scope"])
def test_every_operation_answers_as_the_schema_says(
    caller: str, model: Any, make_product: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = {"search": "100000/min", "search_token": "100000/min"}
    monkeypatch.setattr("search.parameters.SearchRate.THROTTLE_RATES", rates)
    make_product("shoe-1", photos=2)
    headers = headers_of(caller)
    api = schemathesis.openapi.from_wsgi("/api/schema/", WSGIHandler(), headers={"Accept": "application/json"})
    findings = []
    operations = [result.ok() for result in api.get_all_operations() if isinstance(result, Ok)]
    for operation in operations:

        @bounded
        @given(case=operation.as_strategy())
        def check(case: Case) -> None:
            case.call_and_validate(headers=headers)

        try:
            check()
        except BaseException as error:
            findings.append(f"{operation.label}: {error!r} {getattr(error, 'exceptions', '')}")
    assert not findings, "\n\n".join(findings)
    assert len(operations) > 25
