"""A photo that kills whoever reads it: the others of its batch are embedded. With real processes that die."""

import signal
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile

from catalog.models import ProductImage
from conftest import photo_of
from ml.models import ModelVersion
from ml.tests.tiny_model import write_tiny_model
from search.indexing import attempts
from search.indexing.embed import embed_awaiting
from search.models import Embedding, EmbeddingAttempt, photos_awaiting
from search.tests.real_worker import run_until_it_ends

HEALTHY = 39

# What a fault in a library does to a process, at one photo of the batch.
DEADLY = """
import os, signal
import django; django.setup()
from catalog.models import ProductImage
from search.indexing import embed
from search.tasks import embed_images
files_of = embed.files_of
def deadly(images):
    for image in images:
        if image.view_id == "poison":
            os.kill(os.getpid(), signal.SIGKILL)
        yield from files_of([image])
embed.files_of = deadly
embed_images(list(ProductImage.objects.values_list("pk", flat=True)))
"""


@pytest.mark.django_db(transaction=True)
def test_one_deadly_photo_is_found_and_the_others_are_embedded(model: ModelVersion, make_product, tmp_path: Path):
    write_tiny_model(settings.MODELS_DIR / model.version)
    product = make_product("shoe", photos=HEALTHY)
    photo = ContentFile(photo_of("poison"), "p.jpg")
    poison = ProductImage.objects.create(product=product, view_id="poison", position=20, file=photo)

    ends: list[object] = []
    while photos_awaiting(model).exists():
        assert len(ends) < 8, "no end of dying"
        ends.append(run_until_it_ends([sys.executable, "-c", DEADLY], tmp_path))

    assert ends.count(-signal.SIGKILL) == len(attempts.GROUPS)
    assert Embedding.objects.filter(model=model).count() == HEALTHY
    poison.refresh_from_db()
    assert poison.error == attempts.REASON
    assert not EmbeddingAttempt.objects.exists()


@pytest.mark.django_db
def test_a_replaced_file_starts_anew(model: ModelVersion, make_product):
    (image,) = make_product("shoe").images.all()
    EmbeddingAttempt.objects.create(image=image, photo_sha256="another file's", count=9, started=image.created)
    assert attempts.groups_of([image]) == [[image]]


@pytest.mark.django_db
def test_no_photo_is_begun_after_the_task_s_time(model: ModelVersion, make_product):
    product = make_product("shoe", photos=5)
    assert embed_awaiting(model, seconds=-1) == 0
    assert photos_awaiting(model).filter(product=product).count() == 5
    assert not EmbeddingAttempt.objects.exists()
