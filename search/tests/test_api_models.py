"""A program of the model managers prepares a model and switches to it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django_q.models import OrmQ
from rest_framework.test import APIClient

from catalog.models import ApiToken
from ml.models import ModelVersion

pytestmark = pytest.mark.django_db
URL = "/api/v1/models/"
SECOND = "second-20261125-0000000"


@pytest.fixture
def manager_with() -> Callable[[str], APIClient]:
    user = User.objects.create_user("manager", is_staff=True)
    user.groups.add(Group.objects.get(name="Model managers"))

    def make(scope: str) -> APIClient:
        token = ApiToken.objects.create(user, name="trainer", scopes=[scope], expiry=timedelta(days=1))[1]
        return APIClient(headers={"Authorization": f"Bearer {token}"})

    return make


@pytest.fixture
def manager(manager_with: Callable[[str], APIClient]) -> APIClient:
    return manager_with("models")


@pytest.fixture
def second(model: ModelVersion, settings) -> ModelVersion:
    """Another version, whose files are those of the active one."""
    directory = settings.MODELS_DIR / SECOND
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.symlink_to(model.directory)
    return ModelVersion.objects.create(
        version=SECOND, sha256=model.sha256, backbone="tiny", dim=256, input_size=model.input_size
    )


def test_the_models_are_listed(manager, model, second):
    listed = manager.get(URL).json()["results"]
    assert [(entry["version"], entry["state"]) for entry in listed] == [
        (model.version, "active"), (SECOND, "candidate"),
    ]  # fmt: skip
    assert manager.get(f"{URL}{SECOND}/").json()["progress"] is None
    assert manager.get(f"{URL}no-such/").status_code == 404


def test_a_model_is_prepared_and_cancelled(manager, second):
    begun = manager.post(f"{URL}{SECOND}/prepare/")
    assert (begun.status_code, begun.json()["state"]) == (202, "preparing"), begun.json()
    assert begun.json()["progress"] == {"embedded": 0, "total": 0}
    assert OrmQ.objects.count() == 1
    assert manager.post(f"{URL}{SECOND}/cancel/").json()["state"] == "candidate"
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] == [
        "Preparation begun. (API, token “trainer”)",
        "Preparation cancelled. (API, token “trainer”)",
    ]


def test_a_model_that_is_not_ready_does_not_serve(manager, model, second):
    refused = manager.post(f"{URL}{SECOND}/activate/")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_ready")
    assert ModelVersion.objects.active() == model


def test_a_model_that_is_ready_serves(manager, second):
    ModelVersion.objects.filter(pk=second.pk).update(state="ready")
    assert manager.post(f"{URL}{SECOND}/activate/").json()["state"] == "active"
    assert ModelVersion.objects.active() == second


def test_a_model_whose_files_are_gone_is_not_prepared(manager, model):
    ModelVersion.objects.create(version="gone-1", sha256="0" * 64, backbone="x", dim=256, input_size=64)
    refused = manager.post(f"{URL}gone-1/prepare/")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_ready")
    assert ModelVersion.objects.get(version="gone-1").state == "candidate"


@pytest.mark.parametrize("scope", ["search", "catalogue:read", "catalogue:write"])
def test_another_scope_does_not_reach_the_models(manager_with, scope, second):
    client = manager_with(scope)
    assert client.get(URL).status_code == 403
    assert client.post(f"{URL}{SECOND}/prepare/").status_code == 403
