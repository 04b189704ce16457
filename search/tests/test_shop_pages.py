"""The shop around the search: home, categories, words, product pages, and what search engines read."""

import json
import re
from collections.abc import Callable

import pytest
from django.test import Client

from catalog.models import Category, Product, ProductImage

pytestmark = pytest.mark.django_db


def titles(page: str) -> list[str]:
    return re.findall(r'<span class="name">(.*?)</span>', page)


def test_home_offers_the_categories_that_have_something_on_sale(client: Client, make_product: Callable[..., Product]):
    make_product("shoe-1", category="Shoes")
    make_product("hat-1", category="Hats", is_active=False)
    page = client.get("/").content.decode()
    assert 'href="/categories/shoes/"' in page and "/categories/hats/" not in page


def test_a_category_page_shows_what_lies_below_it(client, make_product):
    clothing = Category.objects.named("Clothing")
    make_product("tee-1", category="Tees", title="A tee")
    Category.objects.filter(name="Tees").update(parent=clothing)
    make_product("mug-1", category="Mugs", title="A mug")
    page = client.get("/categories/clothing/").content.decode()
    assert titles(page) == ["A tee"] and 'href="/categories/tees/"' in page


def test_words_find_products_whatever_their_ending(client, make_product):
    make_product("shoe-1", title="Red running shoe")
    make_product("mug-1", title="Mug", description="Runs hot, looks red")
    make_product("hat-1", title="Hat")
    page = client.get("/products/", {"q": "red runs"}).content.decode()
    assert titles(page) == ["Red running shoe", "Mug"]  # a word in the title weighs more
    assert "Nothing found" in client.get("/products/", {"q": "spaceship"}).content.decode()


def test_words_that_no_product_has_together_find_those_with_some_of_them(client, make_product):
    make_product("shoe-1", title="Red running shoe")
    make_product("shoe-2", title="Blue running shoe")
    page = client.get("/products/", {"q": "red shoe for a spaceship -blue"}).content.decode()
    assert titles(page) == ["Red running shoe"]
    assert "These have some of them" in page
    assert "These have some of them" not in client.get("/products/", {"q": "red shoe"}).content.decode()


@pytest.mark.parametrize("words", ["'", '"', "a & | !", ":*", "(" * 150, "-", "\\"])
def test_any_words_are_searched_without_an_error(client, words):
    assert client.get("/products/", {"q": words}).status_code == 200


def test_products_are_filtered_sorted_and_paged(client, make_product, monkeypatch):
    monkeypatch.setattr("catalog.views.PER_PAGE", 2)
    for number, price in enumerate([30, 10, 20]):
        make_product(f"p-{number}", price=price, brand="Even" if number != 1 else "Odd", photos=0)
    ordered = titles(client.get("/products/", {"sort": "price"}).content.decode())
    assert ordered == ["Title of p-1", "Title of p-2"]
    assert titles(client.get("/products/", {"sort": "price", "page": 2}).content.decode()) == ["Title of p-0"]
    assert titles(client.get("/products/", {"brand": "Odd"}).content.decode()) == ["Title of p-1"]
    assert client.get("/products/", {"page": 3}).status_code == 404


def test_price_bands_hold_every_priced_product_once(client, make_product):
    for number, price in enumerate(["3.99", "4.99", "5", "10", "19.99", "20", "180"]):
        make_product(f"p-{number}", price=price, photos=0)
    page = client.get("/products/")
    assert "up to €4.99" in page.content.decode() and "from €20" in page.content.decode()
    bands = page.context["facets"].bands
    assert sum(band.count for band in bands) == 7
    for band in bands:
        chosen = {"min_price": band.min_price or "", "max_price": band.max_price or ""}
        assert client.get("/products/", chosen).context["count"] == band.count


def test_one_dear_product_does_not_leave_all_others_in_one_band(client, make_product):
    for number in range(40):
        make_product(f"p-{number}", price=10 + number, photos=0)
    make_product("car", price=90_000, photos=0)
    bands = client.get("/products/").context["facets"].bands
    assert len(bands) == 4 and max(band.count for band in bands) <= 15


def test_prices_in_several_currencies_get_no_bands_and_a_word_of_warning(client, make_product):
    for number, currency in enumerate(["EUR", "CHF", "EUR"]):
        make_product(f"p-{number}", price=number * 10 + 3, currency=currency, photos=0)
    page = client.get("/products/", {"max_price": 9.99})
    assert page.context["facets"].bands == [] and "several currencies" in page.content.decode()
    assert "up to 9.99" in page.content.decode() and "up to €" not in page.content.decode()


def test_all_choices_are_there_behind_the_foremost_twelve(client, make_product):
    for number in range(15):
        make_product(f"p-{number}", brand=f"Brand {number:02d}", photos=0)
    make_product("more", brand="Brand 14", photos=0)
    page = client.get("/products/")
    (brands,) = [group for group in page.context["facets"].groups if group.name == "brand"]
    assert len(brands.choices) == 12 and len(brands.rest) == 3
    assert "Brand 14" in [choice.label for choice in brands.choices]
    assert "Show all 15" in page.content.decode()
    for choice in brands.all_choices:
        assert f'value="{choice.value}"' in page.content.decode()


def test_the_menu_is_the_tree_of_departments_with_something_on_sale(client, make_product):
    make_product("tee-1", category="Tees")
    make_product("hat-1", category="Hats", is_active=False)
    Category.objects.filter(name="Tees").update(parent=Category.objects.named("Clothing"))
    page = client.get("/privacy/").content.decode()
    tree = page.split('class="tree"')[1].split("</details>")[0]
    assert tree.index("/categories/clothing/") < tree.index("/categories/tees/") and "hats" not in tree


def test_a_product_page_shows_pictures_facts_and_what_looks_like_it(client, embedded):
    embedded("shoe-1", photos=2, title="Red shoe", price="49.90", brand="Alba", attributes={"shoe_size": "42"})
    embedded("shoe-2", title="Blue shoe")
    page = client.get("/products/shoe-1/").content.decode()
    for words in ("<title>Red shoe", "€49.90", "Alba", "Shoe size", "Red shoe, picture 2 of 2", "Looks like this"):
        assert words in page
    assert titles(page) == ["Blue shoe"]


def test_a_hidden_or_unknown_product_is_a_404_page(client, make_product):
    make_product("shoe-1", is_active=False)
    for sku in ("shoe-1", "no-such"):
        assert client.get(f"/products/{sku}/").status_code == 404
    assert client.get("/products/\0/").status_code == 400  # a character that no SKU can have


def test_search_engines_read_the_product_whatever_its_title(client, make_product):
    make_product("shoe-1", title='</script><script>alert("x")</script>', brand="A&B", price="5.50")
    page = client.get("/products/shoe-1/").content.decode()
    facts = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)[1])
    assert facts["@type"] == "Product" and facts["sku"] == "shoe-1"
    assert facts["name"] == '</script><script>alert("x")</script>' and facts["brand"]["name"] == "A&B"
    assert facts["offers"] | {"price": "5.50", "priceCurrency": "EUR"} == facts["offers"]
    assert re.fullmatch("http://testserver/pictures/[0-9]+/full/", facts["image"][0])
    assert f'<meta property="og:image" content="{facts["image"][0]}"' in page
    assert 'alert("x")' not in page.replace("\\u003C", "").split("ld+json")[0]


def test_the_sitemap_lists_products_on_sale_and_their_categories(client, make_product):
    make_product("shoe-1")
    make_product("shoe-2", is_active=False)
    sitemap = client.get("/sitemap.xml").content.decode()
    assert "/products/shoe-1/</loc>" in sitemap and "/categories/shoes/</loc>" in sitemap
    assert "shoe-2" not in sitemap


def test_a_picture_is_made_once_by_the_address_in_the_page(client, make_product):
    image = make_product("shoe-1").images.get()
    assert f'src="/pictures/{image.pk}/card/"' in client.get("/").content.decode()
    made = client.get(f"/pictures/{image.pk}/card/")
    assert made.status_code == 200 and made["Content-Type"] == "image/jpeg"
    again = client.get(f"/pictures/{image.pk}/card/", headers={"If-None-Match": made["ETag"]})
    assert again.status_code == 304


def test_a_picture_that_cannot_be_decoded_or_an_unknown_size_is_a_404(client, make_product):
    image = make_product("shoe-1").images.get()
    assert client.get(f"/pictures/{image.pk}/huge/").status_code == 404
    with image.file.storage.open(image.file.name, "wb") as file:
        file.write(b"no picture")
    assert client.get(f"/pictures/{image.pk}/card/").status_code == 404
    ProductImage.objects.update(file="gone.jpg")
    assert client.get(f"/pictures/{image.pk}/card/").status_code == 404
    assert client.get("/products/shoe-1/").status_code == 200


def test_the_privacy_page_names_the_retention_time(client, settings):
    settings.QUERY_RETENTION_HOURS = 72
    assert "deleted after 3 days" in client.get("/privacy/").content.decode()


def test_no_page_sets_a_cookie(client, embedded):
    embedded("shoe-1")
    for path in ("/", "/products/", "/products/shoe-1/", "/privacy/"):
        assert not client.get(path).cookies


def test_the_shop_speaks_german_to_those_who_ask_for_it(client, make_product):
    make_product("shoe-1", price="12.90")
    page = client.get("/products/shoe-1/", headers={"Accept-Language": "de"}).content.decode()
    assert '<html lang="de">' in page and "12,90\N{NO-BREAK SPACE}€" in page and "Mit Foto suchen" in page
    client.post("/language/", {"language": "de", "next": "/"})
    assert "Foto wählen" in client.get("/").content.decode()


def test_a_shop_sets_its_name_its_logo_and_its_colours(client, settings):
    settings.SHOP_NAME, settings.SHOP_LOGO, settings.SHOP_CSS = "Kiesel & Co", "/logo.svg", "/kiesel.css"
    page = client.get("/privacy/").content.decode()
    assert "· Kiesel &amp; Co</title>" in page and '<img src="/logo.svg" alt="Kiesel &amp; Co"' in page
    assert page.index("/kiesel.css") > page.index("css/shop.css")
