"""From a folder of photos to a registered model that embeds, in one command; and what it says when it cannot."""

import io
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from ml.embedder import load_embedder
from ml.models import ModelVersion
from ml.tests.drawing import draw
from ml.tests.tiny_model import write_tiny_model

SMALL = {"backbone": "mobilenet", "input_size": 32, "epochs": 1, "steps": 2, "p": 2, "k": 2}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for product in range(6):
        for view in range(3):
            draw(tmp_path / "photos" / f"{product}_{view}.png", seed=product)
    return tmp_path / "photos"


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    monkeypatch.setattr(settings, "MODELS_DIR", folder)
    monkeypatch.setattr(settings, "VAR_DIR", tmp_path)
    return folder


def train(data: Path, out: Path, **options: Any) -> None:
    call_command("train_triplet", data=[str(data)], out=out, **(SMALL | {"val_fraction": 0.4} | options))


@pytest.mark.django_db
def test_training_ends_in_a_registered_candidate_that_embeds(photos: Path, models: Path, tmp_path: Path) -> None:
    train(photos, models, json=tmp_path / "card.json", tensorboard=True)
    card = json.loads((tmp_path / "card.json").read_text())
    version = ModelVersion.objects.get(version=card["version"])
    assert version.state == "candidate"
    folder = models / version.version
    kept = {"model.onnx", "model-fp32.onnx", "card.json", "history.csv", "curves.png", "network.weights.h5", "run.json"}
    assert {path.name for path in folder.iterdir()} == kept | {"tensorboard"}
    names, values = (folder / "history.csv").read_text().splitlines()
    expected = {name: float(value) for name, value in zip(names.split(","), values.split(","), strict=True)}
    assert expected.pop("epoch") == 1
    assert logged(folder / "tensorboard") == {(1, name): pytest.approx(v, rel=1e-5) for name, v in expected.items()}
    embedder = load_embedder(folder)
    vectors, features = embedder.embed_with_features(np.zeros((2, 32, 32, 3), np.uint8))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert features.shape == (2, 1, 1, 1024)
    assert version.metrics["keras_onnx_cosine"] >= 0.9999


def logged(folder: Path) -> dict[tuple[int, str], float]:
    """By step and name, what TensorBoard would show."""
    import tensorflow as tf
    from tensorflow.core.util.event_pb2 import Event

    (file,) = folder.iterdir()
    events = [Event.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(file))]
    return {(event.step, value.tag): value.simple_value for event in events for value in event.summary.value}


def says(expected: str, data: Path, out: Path, **options: Any) -> None:
    with pytest.raises(CommandError, match=expected):
        train(data, out, **options)
    assert not out.exists() or not list(out.iterdir())


def test_a_folder_where_no_product_has_two_photos(tmp_path: Path) -> None:
    for product in range(3):
        draw(tmp_path / "photos" / f"{product}_0.png", seed=product)
    says("No product has two photos", tmp_path / "photos", tmp_path / "out")


@pytest.mark.django_db
def test_photos_that_cannot_be_read(photos: Path, models: Path) -> None:
    for path in photos.iterdir():
        path.write_bytes(b"not a photo " + path.name.encode())
    says("None of the photos can be read", photos, models)


@pytest.mark.django_db
def test_weights_of_another_network(photos: Path, models: Path, tmp_path: Path) -> None:
    from ml.network import build_network

    other = tmp_path / "other.weights.h5"
    build_network("mobilenet", 32, dim=8).save_weights(other)
    says("does not fit mobilenet with 256 dimensions", photos, models, weights=str(other))


@pytest.mark.django_db
def test_a_weights_file_that_is_not_there(photos: Path, models: Path) -> None:
    says("There is no weights file", photos, models, weights="missing.weights.h5")


@pytest.mark.django_db
def test_an_unknown_backbone(photos: Path, models: Path) -> None:
    says("is not a backbone", photos, models, backbone="resnet51")


def test_a_split_that_leaves_no_product_to_validate_on(tmp_path: Path) -> None:
    for view in range(3):
        draw(tmp_path / "photos" / f"only_{view}.png", seed=view)
    draw(tmp_path / "photos" / "other_0.png", seed=9)
    says("leaves no product with two photos for the part '(val|train)'", tmp_path / "photos", tmp_path / "out")


def test_validation_photos_of_other_products(photos: Path, tmp_path: Path) -> None:
    for view in range(2):
        draw(tmp_path / "phone" / f"elsewhere_{view}.png", seed=view)
    expected = "None of the 2 validation photos shows a product that is trained on"
    says(expected, photos, tmp_path / "out", validate=str(tmp_path / "phone"))


def test_one_product_in_two_folders_is_one_product(photos: Path, tmp_path: Path) -> None:
    said = io.StringIO()
    for view in (7, 8):
        draw(tmp_path / "more" / f"0_{view}.png", seed=0)
    with pytest.raises(CommandError, match="There is no weights file"):
        data = [str(photos), str(tmp_path / "more")]
        missing = {"weights": "missing.weights.h5", "val_fraction": 0}
        call_command("train_triplet", data=data, out=tmp_path / "out", stdout=said, **(SMALL | missing))
    assert "Learning from 20 photos of 6 products; validation: none." in said.getvalue()


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["--k", "1"], "1 leaves nothing to compare; 2 or more is needed"),
        (["--p", "1"], "1 leaves nothing to compare; 2 or more is needed"),
        (["--teacher", "no-such-model"], "There is no model no-such-model"),
        (["--ema", "1"], "1 is not a fraction from 0 to below 1"),
        (["--augmentation", "2"], "2 is not from 0 to 1"),
        (["--margin", "-1"], "-1 is neither soft nor above 0"),
        (["--input-size", "50"], "50 is not a multiple of 8 from 32 up"),
        (["--json", "no/such/card.json"], "The folder no/such does not exist"),
    ],
)
@pytest.mark.django_db
def test_what_would_fail_later_is_said_at_once(photos: Path, tmp_path: Path, args: list[str], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        call_command("train_triplet", "--data", str(photos), "--out", str(tmp_path / "out"), *args)
    assert not (tmp_path / "out").exists()


@pytest.mark.django_db
def test_a_finished_model_that_was_moved_here_is_registered(models: Path) -> None:
    moved = write_tiny_model(models / "tiny-20261123-0000007", seed=7)
    said = io.StringIO()
    call_command("export_model", str(moved), stdout=said)
    assert ModelVersion.objects.get(version=moved.name).state == "candidate"
    assert f"manage.py activate_model {moved.name}" in said.getvalue()


@pytest.mark.django_db
def test_a_disk_without_room(photos: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.training.runs.NEEDED_BYTES", 10**18)
    says("training needs", photos, models)


def test_one_product_alone_teaches_nothing(tmp_path: Path) -> None:
    for view in range(3):
        draw(tmp_path / "photos" / f"only_{view}.png", seed=view)
    says("All 3 photos show one product", tmp_path / "photos", tmp_path / "out", val_fraction=0)


@pytest.mark.django_db
def test_a_single_batch_is_a_training_too(photos: Path, models: Path) -> None:
    train(photos, models, steps=1)
    assert ModelVersion.objects.filter(backbone="mobilenet", state="candidate").count() == 1


@pytest.mark.django_db
def test_a_loss_that_runs_away_stops_at_once_and_says_what_to_lower(photos: Path, models: Path) -> None:
    with pytest.raises(CommandError, match=r"The loss is (nan|inf) since batch \d of epoch 1.*Lower --learning-rate"):
        train(photos, models, steps=6, learning_rate=1e30)
    assert not ModelVersion.objects.filter(backbone="mobilenet").exists()


@pytest.mark.django_db
def test_the_fast_way_learns_the_last_stage_of_given_weights(photos: Path, models: Path) -> None:
    train(photos, models)
    (first,) = models.iterdir()
    start = first / "network.weights.h5"
    train(photos, models, fast=True, weights=str(start), learning_rate=0.05, ema=0.0, head_epochs=0)
    (fast,) = (folder for folder in models.iterdir() if folder != first)

    assert json.loads((fast / "run.json").read_text())["recipe"]["frozen_stages"]
    assert not list(fast.glob("*.npy"))
    before, after = (weights_of(file) for file in (start, fast / "network.weights.h5"))
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert 0 < len(changed) < len(before) / 2  # the lower stages, the greater part, are as they were


def weights_of(file: Path) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    with h5py.File(file) as opened:
        opened.visititems(lambda name, item: arrays.update({name: item[()]} if hasattr(item, "shape") else {}))
    return arrays


def test_the_fast_way_wants_weights_and_no_teacher(photos: Path, tmp_path: Path) -> None:
    says("give --weights", photos, tmp_path / "out", fast=True)
    says("leave out --teacher", photos, tmp_path / "out", fast=True, weights="imagenet", teacher="any")


@pytest.mark.django_db
def test_a_student_learns_from_a_finished_model(photos: Path, models: Path) -> None:
    train(photos, models)
    teacher = ModelVersion.objects.get(backbone="mobilenet")
    train(photos, models, teacher=teacher.version)
    student = ModelVersion.objects.exclude(pk=teacher.pk).get(backbone="mobilenet")
    assert student.config["training"]["teacher"] == teacher.version
    history = (models / student.version / "history.csv").read_text()
    assert "teacher,relation" in history or "relation" in history.splitlines()[0].split(",")


@pytest.mark.django_db
def test_single_photos_of_known_kinds_teach_kinds_beside_products(tmp_path: Path, models: Path) -> None:
    for view in range(2):
        draw(tmp_path / f"pair-{view}.png", seed=20)
    rows = ["sku,category,images", "pair,shoe,pair-0.png|pair-1.png"]
    for number in range(8):
        draw(tmp_path / f"{number}.png", seed=number)
        rows.append(f"{number},{'hat' if number % 2 else 'shoe'},{number}.png")
    (tmp_path / "products.csv").write_text("\n".join(rows))
    train(tmp_path / "products.csv", models, val_fraction=0)
    version = ModelVersion.objects.get(backbone="mobilenet")
    assert version.config["data"]["kinds"] == 2
    assert "contrast" in (models / version.version / "history.csv").read_text().splitlines()[0]


def test_nothing_to_learn_from() -> None:
    with pytest.raises(CommandError, match="--data PATH, --catalogue or --resume DIR"):
        call_command("train_triplet")


def test_resuming_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"holds no run\.json"):
        call_command("train_triplet", resume=tmp_path)
