"""The tree of categories: read with its counts, branches moved, categories merged. It never has a cycle."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from catalog.models import Category, Product


class CategoryCycle(ValueError):
    """The category cannot go there; str() says why."""


@dataclass(slots=True)
class Node:
    category: Category
    path: list[str]  # names, from the top
    line: list[int]  # ids, from the top, its own last
    own: int  # products in it
    hidden: int  # of which shoppers do not see
    total: int = 0  # products in it and below
    children: list[Node] = field(default_factory=list)

    @property
    def depth(self) -> int:
        return len(self.path) - 1


def read_tree() -> list[Node]:
    """All categories, each behind its parent, alphabetically; two queries."""
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
    """With all that is below it. Raises CategoryCycle, also where another move makes it one at the same moment, or
    where there is one of its name already.
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
    """Its products and branches go to `target`, those of one name into each other; then it is deleted. How many
    products moved. Raises CategoryCycle where `target` lies below it.
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
    """Until the end of the transaction, nobody else changes the shape of the tree; reading goes on."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE catalog_category IN SHARE ROW EXCLUSIVE MODE")
