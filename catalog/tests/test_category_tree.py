"""Staff move and merge categories; the tree keeps every product and never bites its own tail."""

import pytest
from django.urls import reverse

from catalog.category_tree import CategoryCycle, merge_category, move_category, read_tree
from catalog.models import Category, Product


@pytest.fixture
def tree(make_product) -> dict[str, Category]:
    """clothing > shoes > boots, and footwear > boots; one product in shoes, and one in each of the boots."""
    clothing, footwear = Category.objects.named("clothing"), Category.objects.named("footwear")
    shoes = Category.objects.named("shoes", clothing)
    boots, other_boots = Category.objects.named("boots", shoes), Category.objects.named("boots", footwear)
    categories = {"clothing": clothing, "footwear": footwear, "shoes": shoes, "boots": boots, "other": other_boots}
    for name in ("shoes", "boots", "other"):
        Product.objects.create(sku=name, title=name, category=categories[name], is_active=name != "boots")
    return categories


def test_the_tree_counts_what_is_in_a_category_and_below_it(tree):
    nodes = {tuple(node.path): (node.own, node.total, node.hidden) for node in read_tree()}
    assert list(nodes)[:3] == [("clothing",), ("clothing", "shoes"), ("clothing", "shoes", "boots")]
    assert nodes[("clothing",)] == (0, 2, 0) and nodes[("clothing", "shoes")] == (1, 2, 0)
    assert nodes[("clothing", "shoes", "boots")] == (1, 1, 1)


def test_the_tree_takes_two_queries_however_many_categories(tree, django_assert_num_queries):
    with django_assert_num_queries(2):
        read_tree()


def test_a_branch_moves_with_all_below_it(admin_client, tree):
    address = reverse("admin:category_arrange", args=[tree["shoes"].pk])
    admin_client.post(address, {"target": tree["footwear"].pk, "do": "move"})
    assert ["footwear", "shoes", "boots"] in [node.path for node in read_tree()]


def test_a_category_never_goes_below_itself(admin_client, tree):
    with pytest.raises(CategoryCycle):
        move_category(tree["clothing"], tree["boots"])
    with pytest.raises(CategoryCycle):
        merge_category(tree["clothing"], tree["shoes"])
    page = reverse("admin:category_arrange", args=[tree["clothing"].pk])
    assert admin_client.post(page, {"target": tree["boots"].pk, "do": "move"}).status_code == 200
    change = reverse("admin:catalog_category_change", args=[tree["clothing"].pk])
    values = {"name": "clothing", "slug": "clothing", "parent": tree["boots"].pk}
    assert "lies below" in admin_client.post(change, values).content.decode()
    tree["clothing"].refresh_from_db()
    assert tree["clothing"].parent is None


def test_two_of_one_name_are_not_put_beside_each_other(tree):
    with pytest.raises(CategoryCycle, match="merge"):
        move_category(tree["other"], tree["shoes"])


def test_merging_moves_products_and_merges_branches_of_one_name(admin_client, tree):
    page = reverse("admin:category_arrange", args=[tree["footwear"].pk])
    response = admin_client.post(page, {"target": tree["shoes"].pk, "do": "merge"}, follow=True)
    assert "1 products moved" in response.content.decode()
    assert [node.path for node in read_tree()] == [["clothing"], ["clothing", "shoes"], ["clothing", "shoes", "boots"]]
    assert set(tree["boots"].products.values_list("sku", flat=True)) == {"boots", "other"}


def test_the_page_lists_the_tree_and_its_product_links(admin_client, tree):
    page = admin_client.get(reverse("admin:catalog_category_changelist")).content.decode()
    assert "?category=shoes" in page and "--depth: 2" in page
