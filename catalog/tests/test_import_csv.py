"""The columns of a CSV become fields; what cannot is refused with its line and a plain reason."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from catalog.imports.importer import Action, Outcome, plan_import, run_import
from catalog.imports.sources import UnusableSource
from catalog.imports.values import Reading
from catalog.models import Category, Product
from conftest import photo_of

pytestmark = pytest.mark.django_db

HEADER = "sku,title,category,department,brand,price,currency,description,attributes,images\n"


@pytest.fixture
def write(tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(photo_of("a"))

    def write(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "list.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def imported(path: Path) -> list[Outcome]:
    outcomes: list[Outcome] = []
    run_import(path, outcomes.extend)
    return outcomes


def test_every_column_arrives(write):
    imported(write(HEADER + '12,Mug,Mugs,Kitchen,Acme,12.5,usd,"Blue, round","{""colour"": ""blue""}",a.jpg\n'))
    mug = Product.objects.get(sku="12")
    assert (mug.title, mug.brand, mug.price, mug.currency) == ("Mug", "Acme", Decimal("12.50"), "USD")
    assert (mug.description, mug.attributes) == ("Blue, round", {"colour": "blue"})
    assert (mug.category.name, mug.category.parent.name) == ("Mugs", "Kitchen")
    assert mug.images.count() == 1


def test_columns_that_are_absent_keep_what_the_product_has(write):
    imported(write("sku,title,price,category\n12,Mug,5,Mugs\n"))
    imported(write("sku,brand\n12,Acme\n"))
    mug = Product.objects.get()
    assert (mug.title, mug.brand, mug.price, mug.category.name) == ("Mug", "Acme", 5, "Mugs")


def test_an_empty_cell_leaves_a_value_alone_and_a_word_of_ones_choice_empties_it(write):
    imported(write("sku,title,price,brand,category\n12,Mug,5,Acme,Mugs\n"))
    imported(write("sku,title,price,brand,category\n12,,,,\n"))
    mug = Product.objects.get()
    assert (mug.title, mug.price, mug.brand, mug.category.name) == ("Mug", 5, "Acme", "Mugs")
    for row in ("12,Mug,-none-,-none-,Mugs", "12,-none-,-none-,Acme,-none-"):
        run_import(write(f"sku,title,price,brand,category\n{row}\n"), reading=Reading(empty_word="-none-"))
    mug.refresh_from_db()
    assert (mug.title, mug.price, mug.brand) == ("Mug", None, ""), "a product keeps its title; that row is refused"
    run_import(write("sku,category\n12,-none-\n"), reading=Reading(empty_word="-none-"))
    mug.refresh_from_db()
    assert mug.category is None


def test_one_category_name_under_two_departments_is_two_categories(write):
    imported(write("sku,category,department\n1,Shoes,Women\n2,Shoes,Men\n3,Shoes,Men\n"))
    assert Category.objects.filter(name="Shoes").count() == 2
    assert Product.objects.get(sku="2").category == Product.objects.get(sku="3").category


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_encoding_and_delimiter_that_a_spreadsheet_writes_is_read(write, encoding, delimiter):
    lines = ["sku,title,price", "12,Café – 5 € Größe,1.50", "13,Naïve,2"]
    imported(write("\r\n".join(lines).replace(",", delimiter), encoding))
    assert Product.objects.get(sku="12").title == "Café – 5 € Größe"


def test_a_decimal_comma_is_a_price(write):
    imported(write("sku;price\n12;12,50\n"))
    assert Product.objects.get().price == Decimal("12.50")


@pytest.mark.parametrize(
    ("columns", "cells", "reason"),
    [
        ("sku,title", ",Mug", "SKU is empty"),
        ("sku,title", "12,", "title is empty"),
        ("sku,title", "no\tgood,Mug", "control characters"),
        ("sku,title", "12," + "x" * 501, "500 characters"),
        ("sku,title", "12,Mug,blue", "3 cells"),
        ("sku,price", "12,cheap", "not a number"),
        ("sku,price", "12,NaN", "not a number"),
        ("sku,price", "12,-1", "below zero"),
        ("sku,price", "12,0.999", "three decimals"),
        ("sku,price", "12,99999999999", "digits"),
        ("sku,currency", "12,Euro", "currency"),
        ("sku,attributes", "12,blue", "JSON object"),
        ("sku,attributes", "12,[1]", "JSON object"),
        ("sku,attributes", '12,"{""a"": NaN}"', "JSON object"),
        ("sku,attributes", '12,"{""a"": ""\\u0000""}"', "JSON object"),
        ("sku,attributes", '12,"{""a"": ""\\ud800""}"', "JSON object"),
        ("sku,category", "12," + "x" * 101, "100 letters"),
        ("sku,title", "12,a\0b", "no text"),
        ("sku,title", "1\0,Mug", "no text"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_reason_and_the_others_go_in(write, columns, cells, reason):
    filler = {"sku,title": "Title", "sku,price": "1"}.get(columns, "")
    good, bad, after = imported(write(f"{columns}\ngood1,{filler}\n{cells}\ngood2,{filler}\n"))
    assert (good.action, bad.action, after.action) == (Action.CREATE, Action.REFUSE, Action.CREATE)
    assert bad.line == 3
    assert reason in " ".join(bad.problems)
    assert set(Product.objects.values_list("sku", flat=True)) == {"good1", "good2"}


def test_the_second_row_of_a_sku_names_the_first(write):
    _, second = imported(write("sku,title\n12,Mug\n12,Cup\n"))
    assert second.problems == ["This SKU is in line 2 already."]
    assert Product.objects.get().title == "Mug"


def test_line_numbers_count_the_lines_inside_quotes(write):
    _, bad = imported(write('sku,description\n1,"two\nlines"\n,x\n'))
    assert bad.line == 4


@pytest.mark.parametrize("content", ["", "title,price\nMug,3\n", "\x00\x01\x02"])
def test_a_file_without_a_sku_column_is_refused_as_a_whole(write, content):
    with pytest.raises(UnusableSource, match="sku"):
        imported(write(content))


@pytest.mark.parametrize(
    "name", ["missing.jpg", "../outside.jpg", "/etc/hostname", "link.jpg", "folder", "text.jpg", "cut.jpg"]
)
def test_a_photo_that_cannot_be_taken_is_named_and_the_rest_of_the_row_goes_in(write, tmp_path, name):
    outside = tmp_path.parent / "outside.jpg"
    outside.write_bytes(photo_of("outside"))
    (tmp_path / "link.jpg").symlink_to(outside)
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.jpg").write_text("<html>")
    (tmp_path / "cut.jpg").write_bytes(photo_of("cut")[:20])
    (outcome,) = imported(write(f"sku,title,images\n12,Mug,{name}|a.jpg\n"))
    assert outcome.action == Action.CREATE
    assert len(outcome.problems) == 1 and name in outcome.problems[0]
    assert Product.objects.get().images.count() == 1


def test_photos_over_the_limits_are_refused(write, settings):
    settings.PHOTO_MAX_BYTES = 100
    (outcome,) = imported(write("sku,title,images\n12,Mug,a.jpg\n"))
    assert "larger than" in outcome.problems[0]
    settings.PHOTO_MAX_BYTES, settings.PHOTO_MAX_PIXELS = 20_000_000, 100
    (outcome,) = imported(write("sku,title,images\n13,Mug,a.jpg\n"))
    assert "pixels" in outcome.problems[0]


def test_a_dry_run_tells_what_would_happen_and_writes_nothing(write):
    imported(write("sku,title,price\n12,Mug,5\n13,Cup,5\n"))
    planned = list(
        plan_import(write("sku,title,price,category,images\n12,Mug,6,New,a.jpg\n13,Cup,5,,\n14,Jug,1,,\n15,,1,,\n"))
    )
    assert [outcome.action for outcome in planned] == [Action.CHANGE, Action.KEEP, Action.CREATE, Action.REFUSE]
    assert planned[0].changes == ["price: 5.00 → 6.00", "category: New", "photo a added"]
    assert set(Product.objects.values_list("sku", "price")) == {("12", 5), ("13", 5)}
    assert not Category.objects.exists()


def test_what_we_export_guarded_against_formulas_imports_as_it_was(write):
    from catalog.imports.spreadsheets import guarded

    for number, title in enumerate(["=1+1", "+49", "-5", "@x", "'quoted", "plain"]):
        imported(write(f'sku,title\n{number},"{guarded(title)}"\n'))
        assert Product.objects.get(sku=str(number)).title == title
        assert not guarded(title).startswith(("=", "+", "-", "@"))


def test_attributes_are_stored_as_json(write):
    imported(write('sku;attributes\n12;"' + json.dumps({"größe": [1, 2.5, None]}).replace('"', '""') + '"\n'))
    assert Product.objects.get().attributes == {"größe": [1, 2.5, None]}
