"""From a saved photo to a row of search_embedding."""

from datetime import timedelta

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django_q.models import OrmQ

from catalog.imports.importer import Outcome, run_import
from catalog.models import Product, ProductImage
from conftest import photo_of
from search.indexing.embed import embed_awaiting
from search.models import Embedding, photos_awaiting
from search.tasks import embed_images, requeue_stale_photos


def test_an_embedding_is_the_unit_vector_of_its_photo(model, make_product):
    image = make_product().images.get()
    assert embed_awaiting(model) == 1
    row = Embedding.objects.get(image=image, model=model)
    ((_, vector),) = model.embedder().embed_photos([photo_of("shoe-1")], max_bytes=10**7, max_pixels=10**7)
    assert np.allclose(row.vector, vector, atol=1e-3)
    assert row.photo_sha256 == image.sha256


def test_embedding_twice_writes_one_row(model, make_product):
    image = make_product().images.get()
    embed_images([image.pk])
    embed_images([image.pk])
    assert Embedding.objects.count() == 1
    assert not photos_awaiting(model).exists()


def test_a_replaced_file_is_embedded_anew(model, make_product):
    image = make_product().images.get()
    embed_awaiting(model)
    before = Embedding.objects.get().vector
    image.file.save("new.jpg", ContentFile(photo_of("another")))
    assert photos_awaiting(model).get() == image
    embed_awaiting(model)
    assert Embedding.objects.get().vector != before


def test_an_unreadable_photo_is_marked_and_blocks_nobody(model, make_product):
    product = make_product(photos=3)
    broken = product.images.all()[1]
    broken.file.save("broken.jpg", ContentFile(photo_of("shoe-1")[:400]))
    embed_awaiting(model)
    broken.refresh_from_db()
    assert "damaged" in broken.error
    assert Embedding.objects.count() == 2
    assert not photos_awaiting(model).exists()


def test_a_missing_file_is_marked(model, make_product):
    image = make_product().images.get()
    image.file.storage.delete(image.file.name)
    embed_awaiting(model)
    image.refresh_from_db()
    assert "cannot be found" in image.error


def test_a_photo_deleted_on_the_way_leaves_no_row(model, make_product):
    image = make_product().images.get()
    pk = image.pk
    image.delete()
    assert embed_images([pk]) == 0
    assert not Embedding.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_photos_of_one_commit_become_one_task_and_a_rollback_none(make_product):
    OrmQ.objects.all().delete()
    with transaction.atomic():
        make_product(photos=3)
        assert not OrmQ.objects.exists()
    (task,) = [row.task for row in OrmQ.objects.all()]
    assert sorted(task["args"][0]) == sorted(ProductImage.objects.values_list("pk", flat=True))

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        make_product("shoe-2")
        raise ZeroDivisionError
    assert OrmQ.objects.count() == 1


def queued_batches() -> list[list[int]]:
    return [row.task["args"][0] for row in OrmQ.objects.order_by("pk")]


@pytest.mark.django_db(transaction=True)
def test_an_import_queues_a_task_for_many_products_together(tmp_path, monkeypatch):
    monkeypatch.setattr("catalog.signals.BATCH", 4)
    for number in range(10):
        (tmp_path / f"{number}_0.jpg").write_bytes(photo_of(str(number)))
    run_import(tmp_path)
    assert [len(batch) for batch in queued_batches()] == [4, 4, 2]
    photos = ProductImage.objects.order_by("pk").values_list("pk", flat=True)
    assert sorted(photo for batch in queued_batches() for photo in batch) == list(photos)


@pytest.mark.django_db(transaction=True)
def test_an_import_that_is_stopped_queues_what_went_in(tmp_path, monkeypatch):
    monkeypatch.setattr("catalog.imports.importer.BATCH", 1)
    for number in range(5):
        (tmp_path / f"{number}_0.jpg").write_bytes(photo_of(str(number)))

    def stop_at_the_fourth(outcomes: list[Outcome]) -> None:
        if outcomes[0].line == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_import(tmp_path, stop_at_the_fourth)
    assert [len(batch) for batch in queued_batches()] == [3] and ProductImage.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_photo_that_lost_its_task_gets_another(make_product, monkeypatch):
    image = make_product().images.get()
    OrmQ.objects.all().delete()
    assert requeue_stale_photos() == 0  # it came just now
    monkeypatch.setattr("search.tasks.PATIENCE", timedelta(0))
    assert requeue_stale_photos() == 1
    assert [row.task["args"][0] for row in OrmQ.objects.all()] == [[image.pk]]
    assert requeue_stale_photos() == 0  # its new task is waiting


def test_facts_follow_the_product(model, make_product):
    product = make_product(photos=2, price=10, brand="Old")
    embed_awaiting(model)
    Product.objects.filter(pk=product.pk).update(price=20, brand="New", is_active=False, attributes={"colour": "red"})
    facts = Embedding.objects.values_list("current_price", "brand", "is_active", "attributes", "category_id")
    assert list(facts) == [(20, "New", False, {"colour": "red"}, product.category_id)] * 2


def test_facts_follow_a_photo_to_another_product(model, make_product):
    image, other = make_product().images.get(), make_product("boot-1", photos=0, category="Boots")
    embed_awaiting(model)
    image.product = other
    image.save()
    row = Embedding.objects.get()
    assert (row.product_id, row.category_id) == (other.pk, other.category_id)
