"""The tree of categories: read with product counts, branches moved, categories merged. It never contains a cycle."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from catalog.models import Category, Product


class CategoryCycle(ValueError):
    """The category cannot be moved or merged there; str() is the reason."""


@dataclass(slots=True)
class Node:
    category: Category
    path: list[str]  # names, from the root
    line: list[int]  # ids, from the root to this category
    own: int  # products directly in it
    hidden: int  # of `own`, those not on sale
    total: int = 0  # products in it and in all categories below
    children: list[Node] = field(default_factory=list)

    @property
    def depth(self) -> int:
        return len(self.path) - 1


def read_tree() -> list[Node]:
    """All categories in depth-first order, siblings by name; two SQL queries."""
    counts = {
        row["category"]: (row["own"], row["hidden"])
        for row in Product.objects.order_by()
        .values("category")
        .annotate(own=Count("pk"), hidden=Count("pk", filter=Q(is_active=False)))
    }
    below: dict[int | None, list[Category]] = {}
    for category in Category.objects.order_by("name", "pk"):
        below.setdefault(category.parent_id, []).append(category)
    nodes: list[Node] = []

    def visit(parent: int | None, path: list[str], line: list[int]) -> list[Node]:
        found = []
        for category in below.get(parent, []):
            own, hidden = counts.get(category.pk, (0, 0))
            node = Node(category, [*path, category.name], [*line, category.pk], own, hidden)
            nodes.append(node)
            node.children = visit(category.pk, node.path, node.line)
            node.total = own + sum(child.total for child in node.children)
            found.append(node)
        return found

    visit(None, [], [])
    return nodes


def move_category(category: Category, parent: Category | None) -> None:
    """Move a category and everything below it under `parent`.

    Raises CategoryCycle if that would make a cycle (checked against concurrent moves), or if `parent` already has a
    child of that name.
    """
    with transaction.atomic():
        _lock()
        if parent and category.pk in parent.line():
            raise CategoryCycle(_("“%(parent)s” lies below “%(category)s”.") % {"parent": parent, "category": category})
        if Category.objects.filter(parent=parent, name=category.name).exclude(pk=category.pk).exists():
            raise CategoryCycle(_("There is a “%s” there already: merge the two.") % category)
        category.parent = parent
        category.save(update_fields=["parent"])


def merge_category(category: Category, target: Category) -> int:
    """Move the products and children of a category to `target`, merge children of the same name, and delete the
    category.

    Returns the number of products moved. Raises CategoryCycle if `target` lies below the category.
    """
    with transaction.atomic():
        _lock()
        if category.pk in target.line():
            raise CategoryCycle(_("“%(parent)s” lies below “%(category)s”.") % {"parent": target, "category": category})
        return _merge(category, target)


def _merge(category: Category, target: Category) -> int:
    moved = Product.objects.filter(category=category).update(category=target)
    for child in Category.objects.filter(parent=category):
        same = Category.objects.filter(parent=target, name=child.name).first()
        if same:
            moved += _merge(child, same)
        else:
            Category.objects.filter(pk=child.pk).update(parent=target)
    category.delete()
    return moved


def _lock() -> None:
    """Until the end of the transaction no other transaction can change the shape of the tree;
    reading is not blocked.
    """
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE catalog_category IN SHARE ROW EXCLUSIVE MODE")
