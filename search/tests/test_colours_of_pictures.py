"""Main colours are taken from the pictures themselves, kept on products and embeddings, and narrow every list."""

from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.urls import reverse
from PIL import Image, ImageDraw

from catalog.filters import ProductFilter
from catalog.models import Category, Product, ProductImage
from catalog.photos.looks import look_of
from catalog.text_search import find_products
from search.indexing.looks import find_missing_looks
from search.models import Embedding
from search.query import create_query
from search.tasks import embed_images, requeue_stale_photos

pytestmark = pytest.mark.django_db


def picture(item: str, ground: str = "white", size: tuple[int, int] = (160, 120)) -> bytes:
    photo = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(photo)
    draw.rectangle((size[0] * 0.5, size[1] * 0.25, size[0] * 0.75, size[1] * 0.75), fill=item)
    file = BytesIO()
    photo.save(file, "PNG")
    return file.getvalue()


def product(sku: str, *items: str, **fields: object) -> Product:
    made = Product.objects.create(sku=sku, title=f"Thing {sku}", category=Category.objects.named("Things"), **fields)
    for position, item in enumerate(items):
        photo = ContentFile(picture(item), "x.png")
        ProductImage.objects.create(product=made, view_id=str(position), position=position, file=photo)
    return made


def embed(*products: Product) -> None:
    embed_images(list(ProductImage.objects.filter(product__in=products).values_list("pk", flat=True)))
    for each in products:
        each.refresh_from_db()


@pytest.mark.parametrize(
    ("shade", "name"),
    [
        ("#101010", "black"), ("#8a8a8a", "grey"), ("#d9c7a3", "beige"), ("#6b4423", "brown"), ("#c1121f", "red"),
        ("#f3722c", "orange"), ("#f9c80e", "yellow"), ("#2b8a3e", "green"), ("#1fb5ad", "turquoise"),
        ("#1d4ed8", "blue"), ("#0b1f4b", "blue"), ("#7b2cbf", "purple"), ("#ff8fab", "pink"), ("#7f1d1d", "red"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ground", ["white", "#dcd3c8"])
def test_an_items_colour_is_named_whatever_plain_ground_it_lies_on(shade, name, ground):
    look = look_of(Image.open(BytesIO(picture(shade, ground))))
    assert look.colours == [name]
    x, y, width, height = look.focus
    assert (x, y, x + width, y + height) == pytest.approx((0.5, 0.25, 0.75, 0.75), abs=0.05)
    assert look.ground


def test_white_things_are_white_and_the_ground_gives_no_colour():
    assert look_of(Image.open(BytesIO(picture("white", "#2b8a3e")))).colours == ["white"]


def test_a_products_colours_are_those_of_its_first_picture_and_follow_it(model):
    shoe = product("shoe", "#1d4ed8", "#c1121f")
    embed(shoe)
    assert shoe.colours == ["blue"]
    assert Embedding.objects.filter(product=shoe).values_list("colours", flat=True)[0] == ["blue"]
    shoe.images.first().delete()
    shoe.refresh_from_db()
    assert shoe.colours == ["red"]
    assert Embedding.objects.filter(product=shoe).values_list("colours", flat=True)[0] == ["red"]
    shoe.images.get().replace_file(picture("#2b8a3e"), ".png")
    embed(shoe)
    assert shoe.colours == ["green"]


def test_photos_embedded_before_colours_were_known_are_looked_at_by_the_worker(model):
    shoe = product("shoe", "#1d4ed8")
    embed(shoe)
    ProductImage.objects.update(colours=None, created="2020-01-01T00:00Z")
    assert requeue_stale_photos() == 1
    embed(shoe)
    assert shoe.colours == ["blue"]
    assert requeue_stale_photos() == 0


def test_embed_images_now_looks_at_photos_too_and_a_file_that_is_gone_is_not_tried_again(model):
    shoe, other = product("shoe", "#1d4ed8"), product("other", "#c1121f")
    embed(shoe, other)
    ProductImage.objects.update(colours=None)
    other.images.get().file.storage.delete(other.images.get().file.name)
    call_command("embed_images", "--now")
    shoe.refresh_from_db(), other.refresh_from_db()
    assert (shoe.colours, other.colours) == (["blue"], [])
    assert find_missing_looks([image.pk for image in ProductImage.objects.all()]) == 0


def test_a_colour_narrows_a_photo_search_and_a_list(model, client):
    products = [product("blue", "#1d4ed8"), product("red", "#c1121f"), product("green", "#2b8a3e")]
    embed(*products)
    query = create_query([picture("#1d4ed8")])
    for address in (reverse("results", args=[query.pk]), reverse("products")):
        page = client.get(address, {"colour": ["red", "green"]})
        assert b"Thing red" in page.content and b"Thing green" in page.content and b"Thing blue" not in page.content
        (group,) = [group for group in page.context["facets"].groups if group.name == "colour"]
        assert [(choice.value, choice.count, choice.chosen) for choice in group.choices] == [
            ("red", 1, True), ("green", 1, True), ("blue", 1, False)
        ]  # fmt: skip
        assert client.get(address, {"colour": "mauve"}).status_code == 400


def test_colour_words_find_what_looks_so_in_both_languages(model):
    products = [product("blue", "#1d4ed8"), product("red", "#c1121f")]
    embed(*products)
    for words in ("blue", "blaue", "blue thing"):
        assert [found.sku for found in find_products(words).products] == ["blue"], words
    assert [found.sku for found in find_products("rotes").products] == ["red"]


def test_a_title_with_the_word_comes_before_a_picture_of_that_colour(model):
    embed(product("a", "#1d4ed8"))
    Product.objects.create(sku="z", title="Zinc in blue")
    assert [found.sku for found in find_products("blue").products] == ["z", "a"]


def test_what_a_product_costs_now_is_filtered_and_sorted_by(model, client):
    reduced = product("reduced", "#1d4ed8", price=80, sale_price=20)
    dearer = product("dearer", "#1d4ed8", price=30, sale_price=35)
    embed(reduced, dearer)
    query = create_query([picture("#1d4ed8")])
    for address in (reverse("results", args=[query.pk]), reverse("products")):
        assert b"Thing reduced" in client.get(address, {"max_price": "25"}).content
        assert b"Thing dearer" not in client.get(address, {"max_price": "25"}).content
        cheapest = client.get(address, {"sort": "price"}).content
        assert cheapest.index(b"Thing reduced") < cheapest.index(b"Thing dearer")
    assert ProductFilter(min_price=30).among(Product.objects.all()).get() == dearer
    Product.objects.filter(pk=reduced.pk).update(sale_price=None)
    assert Embedding.objects.get(product=reduced).current_price == 80
