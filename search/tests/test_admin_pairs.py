"""The page of photos to look at: broken ones, and pairs side by side, to merge, remove or dismiss."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_q.models import OrmQ

from catalog.models import Product, ProductImage
from conftest import photo_of
from search.duplicates import compare_photos
from search.indexing.embed import embed_awaiting
from search.models import Judgement, PhotoPair
from search.tests.doubled_photos import add_photo, saved_again

PAGE = reverse("admin:search_photopair_changelist")


@pytest.fixture
def shop(shop_with_doubles, model) -> dict[str, Product]:
    compare_photos(model)
    return shop_with_doubles


def page(client, **query: str) -> str:
    return client.get(PAGE, query).content.decode()


def pair_of(*skus: str) -> PhotoPair:
    return PhotoPair.objects.get(first__product__sku=skus[0], second__product__sku=skus[1])


def merge_url(keep: Product, other: Product) -> str:
    return reverse("admin:photos_merge", args=[keep.pk, other.pk])


def test_both_pictures_are_shown_side_by_side_with_their_products(admin_client, shop):
    text = page(admin_client, show="file")
    (panel,) = text.split('<ol class="staff-pairs">')[1].split("</ol>")[0].split('<li class="staff-panel">')[1:]
    for product in (shop["a"], shop["same-file"]):
        assert product.title in panel and panel.count("<img") == 2
    assert "Title of same-picture" in page(admin_client, show="products")


def test_photos_that_cannot_be_read_are_listed_with_the_reason_and_read_again(admin_client, shop):
    photo = shop["other"].images.get()
    ProductImage.objects.filter(pk=photo.pk).update(error="This photo is cut off.")
    assert "This photo is cut off." in page(admin_client, show="broken")
    before = OrmQ.objects.count()
    admin_client.post(reverse("admin:photos_again", args=[photo.pk]))
    assert OrmQ.objects.count() == before + 1 and not ProductImage.objects.broken().exists()


def test_a_dismissed_pair_is_not_shown_again_but_can_be_taken_back(admin_client, admin_user, shop):
    pair = pair_of("a", "same-file")
    url = reverse("admin:photos_dismiss", args=[pair.pk])
    admin_client.post(url, {"show": "file"})
    assert "Title of same-file" not in page(admin_client, show="file")
    assert "Title of same-file" in page(admin_client, show="dismissed")
    pair.refresh_from_db()
    assert pair.dismissed_by == admin_user
    admin_client.post(url, {"show": "dismissed"})
    assert "Title of same-file" in page(admin_client, show="file")


def test_merging_says_first_what_it_does_and_does_it_once_agreed(admin_client, shop):
    url = merge_url(shop["a"], shop["same-file"])
    text = admin_client.get(url).content.decode()
    assert "1 photo comes over" in text and "1 photo is there already" in text
    assert shop["same-file"].images.count() == 2, "a look writes nothing"
    admin_client.post(url)
    assert shop["a"].images.count() == 2
    assert not Product.objects.get(sku="same-file").is_active
    history = dict(LogEntry.objects.values_list("object_id", "change_message"))
    assert "same-file was merged into it, with 1 of its photos." in history[str(shop["a"].pk)]
    assert "Merged into a and hidden." in history[str(shop["same-file"].pk)]


def test_merging_again_says_that_they_are_one_already(admin_client, shop):
    url = merge_url(shop["a"], shop["same-file"])
    for _ in range(2):
        text = admin_client.post(url, follow=True).content.decode()
    assert "They are one already." in text
    assert LogEntry.objects.count() == 2 and shop["a"].images.count() == 2


def test_one_photo_is_removed_after_asking_and_its_pairs_go_with_it(admin_client, shop):
    photo = shop["same-picture"].images.get(view_id="more")
    url = reverse("admin:photos_remove", args=[photo.pk])
    assert "Its file is deleted" in admin_client.get(url).content.decode()
    last = reverse("admin:photos_remove", args=[shop["a"].images.get().pk])
    assert "only photo" in admin_client.get(last).content.decode()
    storage, name = photo.file.storage, photo.file.name
    admin_client.post(url)
    assert shop["same-picture"].images.count() == 1 and PhotoPair.objects.count() == 1
    assert storage.exists(name), "until the commit"
    assert "gone already" in admin_client.post(url, follow=True).content.decode()


def test_who_may_not_change_the_catalogue_may_not_open_it_or_press_anything(shop, db):
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.groups.add(Group.objects.get(name="Model managers"))
    client = Client()
    client.force_login(clerk)
    pair = pair_of("a", "same-file")
    assert client.get(PAGE).status_code == 403
    for url in (
        reverse("admin:photos_dismiss", args=[pair.pk]),
        reverse("admin:photos_remove", args=[pair.first_id]),
        reverse("admin:photos_again", args=[pair.first_id]),
        merge_url(shop["a"], shop["same-file"]),
        reverse("admin:photos_compare"),
    ):
        assert client.post(url).status_code == 403
    assert PhotoPair.objects.filter(dismissed=None).count() == 3 and Product.objects.filter(is_active=True).count() == 4


def test_catalogue_staff_may_do_all_of_it(shop, db):
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.groups.add(Group.objects.get(name="Catalogue staff"))
    client = Client()
    client.force_login(clerk)
    assert "Merge into this product" in page(client, show="file")
    client.post(merge_url(shop["a"], shop["same-file"]))
    assert not Product.objects.get(sku="same-file").is_active
    assert not Judgement.objects.exists()


def test_more_pairs_take_no_more_queries(admin_client, shop, model):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            admin_client.get(PAGE, {"show": "products"})
        return len(captured)

    few = queries()
    for number in range(4):
        add_photo(shop["other"], saved_again(photo_of("a")) + bytes([number]), f"more-{number}")
    embed_awaiting(model)
    compare_photos(model)
    assert PhotoPair.objects.shown(model).of_two_products().count() > 6
    assert queries() == few
