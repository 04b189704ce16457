"""Categories by name, as imports ask for them."""

from catalog.models import Category


def test_the_same_name_under_the_same_parent_is_one_category(db):
    clothing = Category.objects.named("Clothing")
    assert Category.objects.named("Shirts", clothing) == Category.objects.named("Shirts", clothing)


def test_the_same_name_under_other_parents_makes_categories_of_their_own(db):
    parents = [Category.objects.named(name) for name in ("Women", "Men", "Children")]
    shirts = [Category.objects.named("Shirts", parent) for parent in parents]
    assert [category.slug for category in shirts] == ["shirts", "shirts-2", "shirts-3"]
    assert [category.parent for category in shirts] == parents


def test_a_name_without_a_letter_gets_a_slug_too(db):
    assert Category.objects.named("???").slug == "category"


def test_descendants_are_found_to_any_depth(db):
    top = Category.objects.named("Clothing")
    shirts = Category.objects.named("Shirts", top)
    polos = Category.objects.named("Polos", shirts)
    Category.objects.named("Lamps")
    assert set(Category.objects.all().with_descendants(["clothing"])) == {top.pk, shirts.pk, polos.pk}
