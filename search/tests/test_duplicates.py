"""Photos that are there twice: found in batches, remembered, resumed, dismissed; two products become one."""

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.db import DatabaseError, connection

from catalog.merge import merge_products
from catalog.models import Product
from conftest import photo_of
from ml.models import ModelVersion
from search import duplicates, tasks
from search.duplicates import compare_photos, merge, uncompared
from search.indexing.embed import embed_awaiting
from search.models import ComparedPhoto, Embedding, Judgement, PhotoPair
from search.query import answer, create_query
from search.tests.doubled_photos import add_photo, saved_again


@pytest.fixture
def shop(shop_with_doubles) -> dict[str, Product]:
    return shop_with_doubles


def pairs() -> list[tuple[str, str]]:
    return sorted((pair.first.product.sku, pair.second.product.sku) for pair in PhotoPair.objects.all())


def test_the_same_file_and_nearly_the_same_picture_are_found_and_nothing_else(shop, model):
    assert compare_photos(model)
    assert pairs() == [("a", "same-file"), ("a", "same-picture"), ("same-file", "same-picture")]
    shown = PhotoPair.objects.shown(model)
    assert [pair.second.product.sku for pair in shown.of_one_file()] == ["same-file"]
    assert shown.of_two_products().count() == 2 and not shown.of_one_product().exists()


def test_nearly_the_same_picture_twice_on_one_product_is_found(make_product, model):
    product = make_product("a")
    add_photo(product, saved_again(photo_of("a")))
    embed_awaiting(model)
    compare_photos(model)
    assert PhotoPair.objects.shown(model).of_one_product().count() == 1


def test_pictures_that_differ_are_no_pair_however_near_a_model_brings_them(shop, model):
    first, other = (Embedding.objects.get(image=shop[sku].images.get()) for sku in ("a", "other"))
    other.vector = first.vector
    other.save()
    compare_photos(model)
    assert ("a", "other") not in pairs() and len(pairs()) == 3


def test_comparing_again_changes_nothing(shop, model):
    compare_photos(model)
    before = list(PhotoPair.objects.values())
    ComparedPhoto.objects.all().delete()
    compare_photos(model)
    assert list(PhotoPair.objects.values()) == before


def test_only_new_and_replaced_photos_are_compared(shop, model, make_product):
    compare_photos(model)
    assert not uncompared(model).exists()
    new = add_photo(shop["other"], photo_of("a"))
    shop["a"].images.get().file.save("new.jpg", ContentFile(photo_of("replaced")))
    embed_awaiting(model)
    assert [row.image_id for row in uncompared(model)] == [shop["a"].images.get().pk, new.pk]
    compare_photos(model)
    assert ("same-file", "other") in [
        (pair.first.product.sku, pair.second.product.sku) for pair in PhotoPair.objects.shown(model)
    ]


FAIL_AT_THE_THIRD_PHOTO = """
CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is full'; END $$;
CREATE TRIGGER fail_once BEFORE INSERT ON search_comparedphoto
    FOR EACH ROW WHEN (NEW.image_id = {image}) EXECUTE FUNCTION fail_once();
"""


def test_a_walk_that_is_interrupted_goes_on_where_it_was(shop, model, monkeypatch):
    monkeypatch.setattr(duplicates, "BATCH", 2)
    images = list(uncompared(model).values_list("image_id", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(FAIL_AT_THE_THIRD_PHOTO.format(image=images[2]))
        with pytest.raises(DatabaseError, match="the disk is full"):
            compare_photos(model)
        cursor.execute("DROP TRIGGER fail_once ON search_comparedphoto; DROP FUNCTION fail_once()")
    assert [row.image_id for row in uncompared(model)] == images[2:]
    compare_photos(model)
    assert not uncompared(model).exists() and len(pairs()) == 3


def test_a_slice_that_ends_leaves_the_rest_to_the_next(shop, model):
    assert not compare_photos(model, seconds=-1)
    assert uncompared(model).count() == 6
    assert tasks.compare_photos()


def test_another_model_compares_anew(shop, model):
    compare_photos(model)
    other = ModelVersion.objects.create(
        version="b", sha256="0" * 64, backbone="none", dim=256, input_size=32, config={}
    )
    Embedding.objects.update(model=other)
    assert uncompared(other).count() == 6


def test_what_was_dismissed_is_not_shown_again_until_a_file_is_replaced(shop, model, admin_user):
    compare_photos(model)
    pair = PhotoPair.objects.shown(model).of_two_products().first()
    pair.dismiss(admin_user)
    ComparedPhoto.objects.all().delete()
    compare_photos(model)
    assert pair not in PhotoPair.objects.shown(model).open()
    pair.second.file.save("new.jpg", ContentFile(saved_again(photo_of("a"), 0.7)))
    assert pair not in PhotoPair.objects.shown(model), "until it is compared again it says nothing"
    embed_awaiting(model)
    compare_photos(model)
    assert pair in PhotoPair.objects.shown(model).open()


def test_hidden_products_are_left_alone(shop, model):
    compare_photos(model)
    Product.objects.filter(sku="same-file").update(is_active=False)
    assert PhotoPair.objects.shown(model).count() == 1


def test_a_placeholder_on_many_products_makes_one_pair_each(make_product, model):
    for number in range(20):
        add_photo(make_product(f"sku-{number}", photos=0), photo_of("placeholder"))
    embed_awaiting(model)
    compare_photos(model)
    assert PhotoPair.objects.count() == 19


def test_merging_moves_photos_and_judgements_and_hides_the_other(shop, model, admin_user):
    keep, other = shop["a"], shop["same-file"]
    both, one = create_query([photo_of("a")]), create_query([photo_of("a")])
    answer(one)
    type(one).objects.filter(pk=one.pk).update(best_product=other)
    for query, product, verdict in [(both, keep, "right"), (both, other, "wrong"), (one, other, "right")]:
        Judgement.objects.create(query=query, product=product, verdict=verdict, user=admin_user)
    merging = merge(keep, other)
    assert (len(merging.moved), len(merging.left_out)) == (1, 1)
    assert [image.view_id for image in keep.images.all()] == ["000", "000-2"]
    assert not other.images.exists() and not Product.objects.get(pk=other.pk).is_active
    verdicts = Judgement.objects.order_by("pk").values_list("query", "product", "verdict")
    assert list(verdicts) == [(both.pk, keep.pk, "right"), (one.pk, keep.pk, "right")]
    one.refresh_from_db()
    assert one.best_product == keep
    assert set(Embedding.objects.filter(image__in=keep.images.all()).values_list("product", flat=True)) == {keep.pk}


def test_merging_twice_is_merging_once(shop):
    merge(shop["a"], shop["same-file"])
    again = merge(shop["a"], shop["same-file"])
    assert not again.moved and not again.left_out
    assert shop["a"].images.count() == 2


def test_merging_fills_what_the_kept_product_lacks_and_no_more(make_product):
    keep = make_product("keep", price=None, description="Mine")
    other = make_product("other", price=5, currency="CHF", description="Theirs", brand="Acme", category="Boots")
    assert merge_products(keep, other).filled == ["brand", "price"]
    keep.refresh_from_db()
    assert (keep.price, keep.currency, keep.brand, keep.description) == (5, "CHF", "Acme", "Mine")
    assert keep.category.name == "Shoes"


def test_a_product_is_not_merged_with_itself(make_product):
    product = make_product()
    with pytest.raises(ValueError, match="itself"):
        merge_products(product, product)


def test_a_near_pair_scores_what_its_vectors_do(shop, model):
    compare_photos(model)
    pair = PhotoPair.objects.of_two_products().first()
    first, second = (np.asarray(Embedding.objects.get(image=image).vector) for image in (pair.first, pair.second))
    assert np.isclose(pair.score, first @ second, atol=1e-3) and pair.score >= duplicates.NEAR_ENOUGH_TO_LOOK
