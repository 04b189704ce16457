"""From a folder of photos to a registered model that embeds, in one command; and what it says when it cannot."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from ml.embedder import load_embedder
from ml.models import ModelVersion
from ml.tests.drawing import draw

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
    call_command("train_triplet", data=[str(data)], out=out, val_fraction=0.4, **(SMALL | options))


@pytest.mark.django_db
def test_training_ends_in_a_registered_candidate_that_embeds(photos: Path, models: Path, tmp_path: Path) -> None:
    train(photos, models, json=tmp_path / "card.json")
    card = json.loads((tmp_path / "card.json").read_text())
    version = ModelVersion.objects.get(version=card["version"])
    assert version.state == "candidate"
    folder = models / version.version
    kept = {"model.onnx", "model-fp32.onnx", "card.json", "history.csv", "curves.png", "network.weights.h5", "run.json"}
    assert {path.name for path in folder.iterdir()} == kept
    embedder = load_embedder(folder)
    vectors, features = embedder.embed_with_features(np.zeros((2, 32, 32, 3), np.uint8))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert features.shape == (2, 1, 1, 1024)
    assert version.metrics["keras_onnx_cosine"] >= 0.9999


def says(expected: str, data: Path, out: Path, **options: Any) -> None:
    with pytest.raises(CommandError, match=expected):
        train(data, out, **options)
    assert not out.exists() or not list(out.iterdir())


def test_a_folder_where_no_product_has_two_photos(tmp_path: Path) -> None:
    for product in range(3):
        draw(tmp_path / "photos" / f"{product}_0.png", seed=product)
    says("No product has two photos", tmp_path / "photos", tmp_path / "models")


def test_photos_that_cannot_be_read(photos: Path, models: Path) -> None:
    for path in photos.iterdir():
        path.write_bytes(b"not a photo " + path.name.encode())
    says("None of the photos can be read", photos, models)


def test_weights_of_another_network(photos: Path, models: Path, tmp_path: Path) -> None:
    from ml.network import build_network

    other = tmp_path / "other.weights.h5"
    build_network("mobilenet", 32, dim=8).save_weights(other)
    says("does not fit mobilenet with 256 dimensions", photos, models, weights=str(other))


def test_a_weights_file_that_is_not_there(photos: Path, models: Path) -> None:
    says("There is no weights file", photos, models, weights="missing.weights.h5")


def test_an_unknown_backbone(photos: Path, models: Path) -> None:
    says("is not a backbone", photos, models, backbone="resnet51")


def test_a_disk_without_room(photos: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.runs.NEEDED_BYTES", 10**18)
    says("training needs", photos, models)


def test_nothing_to_learn_from() -> None:
    with pytest.raises(CommandError, match="--data PATH, --catalogue or --resume DIR"):
        call_command("train_triplet")


def test_resuming_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"holds no run\.json"):
        call_command("train_triplet", resume=tmp_path)
