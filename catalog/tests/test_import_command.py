"""manage.py import_products: a thin shell that lists what it refuses."""

from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from catalog.models import Product, ProductImage
from conftest import photo_of

pytestmark = pytest.mark.django_db


def test_the_good_rows_go_in_and_the_bad_ones_are_listed_with_a_failing_status(tmp_path):
    (tmp_path / "products.csv").write_text("sku,title,price\n12,Mug,5\n13,Cup,cheap\n")
    out = StringIO()
    with pytest.raises(CommandError, match="refused"):
        call_command("import_products", str(tmp_path), stdout=out)
    assert "line 3, 13: refused: The price 'cheap' is not a number such as 12.50." in out.getvalue()
    assert Product.objects.get().sku == "12"


def test_a_dry_run_lists_the_changes_and_writes_nothing(tmp_path):
    (tmp_path / "12_0.jpg").write_bytes(photo_of("12"))
    out = StringIO()
    call_command("import_products", str(tmp_path), "--dry-run", stdout=out)
    assert "line 1, 12: new: title: 12; currency: EUR; photo 0 added" in out.getvalue()
    assert not Product.objects.exists()


def test_an_unusable_path_is_one_sentence(tmp_path):
    with pytest.raises(CommandError, match="does not exist"):
        call_command("import_products", str(tmp_path / "nowhere"))


def test_the_real_grocery_catalogue_imports(tmp_path):
    grocery = settings.BASE_DIR.parent / "shared" / "data" / "grocery" / "catalogue"
    if not grocery.exists():
        pytest.skip("the grocery photos are not on this machine")
    call_command("import_products", str(grocery), stdout=StringIO())
    assert (Product.objects.count(), ProductImage.objects.count()) == (57, 57)
    apple = Product.objects.get(sku="000")
    assert (apple.title, apple.category.name, apple.category.parent.name) == ("Golden Delicious", "Apple", "Fruit")
