"""The product list and form: what they show, what they change, and how few queries they take."""

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from catalog.imports.importer import plan_import
from catalog.models import Category, Product, ProductImage
from conftest import photo_of
from search.indexing.embed import embed_awaiting
from search.models import Embedding

LIST = reverse("admin:catalog_product_changelist")


def form_of(product: Product, **changes: object) -> dict[str, object]:
    """The POST of the product form as a browser would send it, with `changes`."""
    images = list(product.images.all()) if product.pk else []
    data: dict[str, object] = {
        "title": product.title,
        "sku": product.sku,
        "category": product.category_id or "",
        "brand": product.brand,
        "price": product.price or "",
        "currency": product.currency,
        "is_active": "on",
        "description": "",
        "attributes": "{}",
        "images-TOTAL_FORMS": len(images),
        "images-INITIAL_FORMS": len(images),
    }
    for index, image in enumerate(images):
        data[f"images-{index}-id"] = image.pk
        data[f"images-{index}-product"] = product.pk
        data[f"images-{index}-view_id"] = image.view_id
        data[f"images-{index}-position"] = image.position
    return data | changes


def change(client, product: Product, **changes: object):
    return client.post(reverse("admin:catalog_product_change", args=[product.pk]), form_of(product, **changes))


def skus(response) -> list[str]:
    return [product.sku for product in response.context["cl"].result_list]


def test_the_list_tells_what_is_ready_what_waits_and_why_one_failed(admin_client, make_product, model):
    make_product("ready")
    embed_awaiting(model)
    make_product("waiting")
    make_product("failed").images.update(error="This photo is cut off.")
    make_product("bare", photos=0)
    page = admin_client.get(LIST).content.decode()
    rows = {sku: page.split(f">Title of {sku}<")[1].split("</tr>")[0] for sku in ("ready", "waiting", "failed", "bare")}
    for sku, expected in {"ready": ">ready<", "waiting": ">waiting<", "failed": "cut off", "bare": "no photo<"}.items():
        assert expected in rows[sku]


def test_a_longer_list_takes_no_more_queries(admin_client, make_product, model, django_assert_num_queries):
    def queries() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(LIST).status_code == 200
        return len(captured)

    make_product("a", photos=2)
    few = queries()
    for number in range(8):
        make_product(f"b{number}", photos=2, category=f"Category {number}")
    assert queries() == few <= 12


@pytest.mark.parametrize(
    ("term", "expected"),
    [("mug-1", ["mug-1", "mug-12"]), ("blu mu", ["mug-1"]), ("Acme", ["lamp"]), ("nothing", []), ("' | & !", [])],
)
def test_the_search_box_finds_skus_by_their_start_and_unfinished_words(admin_client, make_product, term, expected):
    make_product("mug-1", title="Blue mug")
    make_product("mug-12", title="Red cup")
    make_product("lamp", title="Lamp", brand="Acme")
    assert sorted(skus(admin_client.get(LIST, {"q": term}))) == expected


def test_filters_by_category_indexing_status_and_photos(admin_client, make_product, model):
    make_product("ready", category="Mugs")
    embed_awaiting(model)
    make_product("waiting", category="Lamps")
    make_product("failed", category="Lamps").images.update(error="x")
    make_product("bare", photos=0, category="Lamps")
    assert skus(admin_client.get(LIST, {"category": "mugs"})) == ["ready"]
    for state in ("ready", "waiting", "failed"):
        assert skus(admin_client.get(LIST, {"indexing_status": state})) == [state]
    assert skus(admin_client.get(LIST, {"photos": "none"})) == ["bare"]
    assert skus(admin_client.get(LIST, {"photos": "broken"})) == ["failed"]


def test_hiding_and_activating_many_leaves_a_history(admin_client, make_product):
    ids = [make_product(sku).pk for sku in ("a", "b")]
    admin_client.post(LIST, {"action": "hide", "_selected_action": ids})
    assert not Product.objects.filter(is_active=True).exists()
    admin_client.post(LIST, {"action": "activate", "_selected_action": ids})
    assert Product.objects.filter(is_active=True).count() == 2
    assert LogEntry.objects.count() == 4


def test_embedding_again_makes_photos_wait_while_their_old_embeddings_serve(admin_client, make_product, model):
    product = make_product("a", photos=2)
    embed_awaiting(model)
    make_product("broken").images.update(error="x")
    admin_client.post(LIST, {"action": "embed_again", "_selected_action": [product.pk, product.pk + 1]})
    assert Embedding.objects.count() == 2
    assert embed_awaiting(model) == 3
    assert not ProductImage.objects.broken().exists()


def test_many_photos_are_added_at_once_in_order(admin_client, make_product):
    product = make_product("a", photos=1)
    files = [SimpleUploadedFile(f"a_{name}.jpg", photo_of(name)) for name in ("left", "right")]
    files.append(SimpleUploadedFile("again.jpg", photo_of("a", 0)))
    assert change(admin_client, product, new_photos=files).status_code == 302
    assert [image.view_id for image in product.images.all()] == ["000", "left", "right"]


def test_a_new_product_is_saved_together_with_its_photos(admin_client, db):
    data = form_of(Product(sku="new", title="New"), new_photos=[SimpleUploadedFile("front.jpg", photo_of("front"))])
    assert admin_client.post(reverse("admin:catalog_product_add"), data).status_code == 302
    assert [image.view_id for image in Product.objects.get(sku="new").images.all()] == ["front"]


def test_a_file_that_is_no_photo_is_named_and_nothing_is_saved(admin_client, make_product):
    product = make_product("a", photos=0)
    files = [SimpleUploadedFile("good.jpg", photo_of("a")), SimpleUploadedFile("notes.txt", b"hello")]
    page = change(admin_client, product, title="Changed", new_photos=files).content.decode()
    assert "notes.txt: This is not a photo we can read" in page
    product.refresh_from_db()
    assert (product.title, product.images.count()) == ("Title of a", 0)


def test_the_order_on_the_form_decides_which_photo_leads(admin_client, make_product):
    product = make_product("a", photos=3)
    change(admin_client, product, **{"images-0-position": 2, "images-2-position": 0})
    assert [image.view_id for image in product.images.all()] == ["002", "001", "000"]


def test_a_photo_is_deleted_on_the_form(admin_client, make_product, model):
    product = make_product("a", photos=2)
    embed_awaiting(model)
    change(admin_client, product, **{"images-0-DELETE": "on"})
    assert [image.view_id for image in product.images.all()] == ["001"]
    assert Embedding.objects.count() == 1


def test_products_that_look_like_it_are_shown_hidden_ones_too(admin_client, make_product, model):
    product = make_product("a")
    make_product("b", is_active=False)
    embed_awaiting(model)
    page = admin_client.get(reverse("admin:product_similar", args=[product.pk])).content.decode()
    assert "Title of b" in page and "Title of a" not in page


def test_thumbnails_of_hidden_products_are_for_staff_only(admin_client, client, make_product):
    image = make_product("a", is_active=False).images.get()
    url = reverse("admin:photo_thumbnail", args=[image.pk, "icon"])
    assert admin_client.get(url)["Content-Type"] == "image/jpeg"
    assert "login" in client.get(url).url


def test_what_is_exported_imports_as_unchanged(admin_client, make_product, tmp_path):
    attributes = {"colour": "blue", "sizes": [1, 2]}
    make_product("a", title="=1+1", description="Two\nlines, and more", attributes=attributes, brand="Größe")
    make_product("b", photos=0, price=None, category="Shoes")
    Category.objects.filter(name="Shoes").update(parent=Category.objects.named("Clothing"))
    response = admin_client.get(reverse("admin:catalog_product_export"))
    exported = b"".join(response.streaming_content)
    assert b"\n=1+1" not in exported and b",=1+1" not in exported, "no cell is a formula"
    (tmp_path / "products.csv").write_bytes(exported)
    planned = list(plan_import(tmp_path / "products.csv"))
    assert [(outcome.action, outcome.changes, outcome.problems) for outcome in planned] == [("keep", [], [])] * 2
