"""Example photos: the home page offers those of the folder that a setting names, and nothing else is read there."""

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path, settings) -> Path:
    for name in ("b.jpg", "a.jpg", "notes.txt"):
        Image.new("RGB", (8, 8), "teal").save(tmp_path / name, "JPEG")
    settings.EXAMPLE_PHOTOS_DIR = tmp_path
    return tmp_path


def test_the_home_page_offers_the_photos_of_the_folder(client: Client, folder: Path):
    assert client.get("/").context["examples"] == ["a.jpg", "b.jpg"]
    assert client.get(reverse("example_photo", args=["a.jpg"])).content == (folder / "a.jpg").read_bytes()


def test_other_files_of_the_folder_are_not_served(client: Client, folder: Path):
    assert client.get(reverse("example_photo", args=["notes.txt"])).status_code == 404


def test_without_a_folder_there_are_no_examples(client: Client, settings):
    settings.EXAMPLE_PHOTOS_DIR = None
    assert client.get("/").context["examples"] == []
    assert client.get(reverse("example_photo", args=["a.jpg"])).status_code == 404
    assert client.post(reverse("search"), {"example": "a.jpg"}).status_code == 404


def test_a_folder_that_is_not_there_offers_nothing(client: Client, settings, tmp_path):
    settings.EXAMPLE_PHOTOS_DIR = tmp_path / "missing"
    assert client.get("/").context["examples"] == []
