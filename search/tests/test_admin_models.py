"""The models page: from candidate to active and back, by buttons; figures side by side; damaged models refused."""

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django_q.models import OrmQ

from conftest import photo_of
from ml.models import ModelVersion
from ml.tests.tiny_model import write_tiny_model
from search import tasks
from search.indexing.embed import embed_awaiting
from search.indexing.rollout import Asked, confusions

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = reverse("admin:ml_modelversion_changelist")


@pytest.fixture
def candidate(settings) -> ModelVersion:
    directory = write_tiny_model(settings.MODELS_DIR / "tiny-20261123-0000001", seed=1)
    return ModelVersion.objects.register(directory)


@pytest.fixture
def shop(model, make_product) -> None:
    for number in range(3):
        make_product(f"sku-{number}", photos=2)
    embed_awaiting(model)


def press(client, version: ModelVersion, what: str) -> str:
    response = client.post(reverse("admin:model_do", args=[version.pk, what]), follow=True)
    version.refresh_from_db()
    return response.content.decode()


def prepare(client, version: ModelVersion) -> None:
    press(client, version, "prepare")
    tasks.prepare(version.pk)  # what the worker does
    embed_awaiting(version)
    tasks.finish_preparing(version.pk)
    version.refresh_from_db()


def test_a_candidate_is_prepared_activated_and_rolled_back(admin_client, shop, model, candidate):
    assert "Embed everything with it" in admin_client.get(PAGE).content.decode()
    prepare(admin_client, candidate)
    assert candidate.state == "ready"
    page = admin_client.get(PAGE).content.decode()
    assert "Recall@1 on the shop&#x27;s own photos" in page and "of how many photos" in page
    press(admin_client, candidate, "activate")
    model.refresh_from_db()
    assert (candidate.state, model.state) == ("active", "retired")
    assert "Roll back to it" in admin_client.get(PAGE).content.decode()
    prepare(admin_client, model)
    press(admin_client, model, "activate")
    assert model.state == "active"


def test_progress_is_told_while_it_is_prepared(admin_client, shop, model, candidate):
    press(admin_client, candidate, "prepare")
    url = reverse("admin:model_progress", args=[candidate.pk])
    assert "0 of 6 photos embedded" in admin_client.get(url).content.decode()
    press(admin_client, candidate, "cancel")
    assert admin_client.get(url).headers["HX-Refresh"] == "true"
    assert candidate.state == "candidate"


def test_a_version_that_is_not_ready_does_not_take_over(admin_client, shop, model, candidate):
    assert "has not been prepared" in press(admin_client, candidate, "activate")
    assert ModelVersion.objects.active() == model


def test_a_damaged_model_is_refused_at_once(admin_client, shop, model, candidate):
    (candidate.directory / "model.onnx").write_bytes(b"not a model")
    assert "cannot be loaded" in press(admin_client, candidate, "prepare")
    assert candidate.state == "candidate"


def test_the_curves_of_a_training_are_shown(admin_client, candidate):
    assert "model_curves" not in admin_client.get(PAGE).content.decode()
    (candidate.directory / "curves.png").write_bytes(b"\x89PNG")
    url = reverse("admin:model_curves", args=[candidate.pk])
    assert url in admin_client.get(PAGE).content.decode()
    assert b"".join(admin_client.get(url).streaming_content) == b"\x89PNG"


def test_what_a_version_confuses_is_shown_side_by_side(admin_client, shop, model, make_product):
    twin = make_product("twin", photos=2)
    for image, view in zip(twin.images.all(), range(2), strict=True):
        image.file.save("same.jpg", ContentFile(photo_of("sku-0", view)))
    embed_awaiting(model)
    press(admin_client, model, "measure")
    assert OrmQ.objects.latest("pk").task["func"] == "search.tasks.measure"
    tasks.measure(model.pk)  # what the worker does
    page = admin_client.get(PAGE).content.decode()
    (panel,) = [part for part in page.split('<ol class="staff-pairs')[1].split("<li ")[1:] if "twin" in part]
    assert "Title of twin" in panel and "Title of sku-0" in panel and panel.count("<img") == 2
    twin.delete()
    assert "twin" not in admin_client.get(PAGE).content.decode()


def test_the_most_frequent_confusions_come_first():
    answers = [
        Asked(1, 10, [(5, 20, 0.7), (2, 10, 0.6)]),
        Asked(2, 10, [(5, 20, 0.8)]),
        Asked(5, 20, [(1, 10, 0.7)]),
        Asked(7, 30, [(5, 20, 0.95)]),
        Asked(8, 30, [(7, 30, 0.99)]),
    ]
    assert confusions(answers) == [
        {"times": 3, "score": 0.8, "image": 2, "other": 5},
        {"times": 1, "score": 0.95, "image": 7, "other": 5},
    ]
    assert len(confusions(answers, most=1)) == 1
