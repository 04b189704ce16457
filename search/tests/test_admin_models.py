"""The models page: from candidate to active and back, by buttons; figures side by side; damaged models refused."""

import io
import zipfile
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from django_q.models import OrmQ

from conftest import photo_of
from ml.models import ModelVersion
from ml.tests.tiny_model import write_tiny_model
from search import tasks
from search.indexing import rollout
from search.indexing.embed import embed_awaiting
from search.indexing.rollout import Asked, build_index, confusions
from search.models import Embedding

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


def test_versions_are_compared_by_three_figures(admin_client, model, candidate, capsys):
    for version, unseen in ((model, 0.25), (candidate, 0.75)):
        version.config["headline"] = {"unseen_recall_1": unseen, "same_kind_precision_6": 0.5}
        version.save(update_fields=["config"])
    page = admin_client.get(PAGE).content.decode()
    assert "Recall@1, products it never saw" in page and "25.0 %" in page and "75.0 %" in page
    call_command("list_models")
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith(candidate.version)]
    assert line.split()[-4:] == ["-", "-", "0.750", "0.500"]


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


def test_a_switch_is_confirmed_with_the_figures_of_both_versions(admin_client, shop, model, candidate):
    confirm = reverse("admin:model_confirm", args=[candidate.pk])
    assert "has not been prepared yet" in admin_client.get(confirm, follow=True).content.decode()
    prepare(admin_client, candidate)
    page = admin_client.get(confirm).content.decode()
    assert f"in place of {model}" in page and "Recall@1" in page
    assert ModelVersion.objects.active() == model, "looking changes nothing"


def test_a_former_version_serves_again_at_once_while_its_embeddings_are_there(
    admin_client, shop, model, candidate, make_product
):
    build_index(model)
    prepare(admin_client, candidate)
    press(admin_client, candidate, "activate")
    make_product("new", photos=0).images.create(view_id="0", file=ContentFile(photo_of("new"), "x.jpg"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollout, "ENOUGH", 85)  # six of seven photos
        page = admin_client.get(reverse("admin:model_confirm", args=[model.pk])).content.decode()
        assert "1 photo is not embedded with it yet" in page
        OrmQ.objects.all().delete()
        press(admin_client, model, "roll_back")
    assert model.state == "active"
    assert any("embed_images" in str(task.task) for task in OrmQ.objects.all()), "what is missing follows"


def test_a_former_version_that_knows_few_of_the_photos_is_prepared_first(admin_client, shop, model, candidate):
    build_index(model)
    prepare(admin_client, candidate)
    press(admin_client, candidate, "activate")
    Embedding.objects.filter(model=model).delete()
    assert "Too few photos" in press(admin_client, model, "roll_back")
    assert model.state == "retired"


def archive(directory: Path, *, prefix: str = "", **changed: bytes) -> SimpleUploadedFile:
    """The directory as a ZIP; `changed`: other contents by the file's stem."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name in ("model.onnx", "card.json"):
            packed.writestr(prefix + name, changed.get(name.partition(".")[0], (directory / name).read_bytes()))
        packed.writestr("../../escaped.txt", b"x")
    return SimpleUploadedFile("model.zip", file.getvalue())


@pytest.mark.parametrize("prefix", ["", "tiny-model/"])
def test_a_model_uploaded_as_a_zip_becomes_a_candidate_once(admin_client, model, settings, tmp_path, prefix):
    directory = write_tiny_model(tmp_path / "elsewhere", seed=3)
    for _ in range(2):
        admin_client.post(reverse("admin:model_upload"), {"archive": archive(directory, prefix=prefix)})
    version = ModelVersion.objects.exclude(pk=model.pk).get()
    assert version.state == "candidate"
    assert sorted(path.name for path in version.directory.iterdir()) == ["card.json", "model.onnx"]
    assert sorted(path.name for path in settings.MODELS_DIR.iterdir()) == [version.version], "nothing else is left"
    assert version.embedder().dim == 256


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"model": b"not the one"}, "sha256"),
        ({"card": b"{"}, "cannot be loaded"),
        ({"card": b"{}"}, "cannot be loaded"),
        ({"card": b'{"version": "../../x", "dim": 256, "input_size": 1, "backbone": "b", "sha256": ""}'}, "no version"),
    ],
)
def test_an_archive_that_holds_no_model_is_refused(admin_client, model, settings, tmp_path, changed, reason):
    directory = write_tiny_model(tmp_path / "elsewhere", seed=3)
    upload = {"archive": archive(directory, **changed)}
    assert reason in admin_client.post(reverse("admin:model_upload"), upload, follow=True).content.decode()
    assert ModelVersion.objects.count() == 1 and not list(settings.MODELS_DIR.iterdir())


def test_what_is_no_archive_is_refused(admin_client, model):
    for upload in ({}, {"archive": SimpleUploadedFile("a.zip", b"text")}):
        page = admin_client.post(reverse("admin:model_upload"), upload, follow=True).content.decode()
        assert "ZIP archive" in page
    assert ModelVersion.objects.count() == 1
