"""One change applied to many products: its preview, and its execution in batches that are safe to repeat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_q.tasks import async_task

from catalog.models import BulkEdit, Category, Product

BATCH = 500  # products in one transaction
AT_ONCE = 1000  # products changed within the request; more are changed by a worker
MOST = Decimal("9999999999.99")


class PriceChange(models.TextChoices):
    NONE = "", gettext_lazy("leave as it is")
    SET = "set", gettext_lazy("set to")
    ADD = "add", gettext_lazy("add (with a minus: take off)")
    PERCENT = "percent", gettext_lazy("add per cent (with a minus: take off)")


@dataclass(frozen=True)
class Change:
    """The fields to change; an empty one stays as it is."""

    category: int | None = None  # 0: none
    brand: str = ""
    price: str = ""  # PriceChange
    amount: str = ""  # decimal
    currency: str = ""
    attributes: dict[str, str] = field(default_factory=dict)  # name -> value; "" removes the attribute


@dataclass(frozen=True, slots=True)
class Effect:
    product: Product  # with the new values, unsaved
    changes: list[str]  # in words; empty where nothing changes
    problem: str = ""  # why this product cannot be changed


def effects(products: Iterable[Product], change: Change) -> Iterator[Effect]:
    """The effect of `change` on each product. Writes nothing."""
    category = Category.objects.filter(pk=change.category).first() if change.category else None
    for product in products:
        yield _effect(product, change, category)


def _effect(product: Product, change: Change, category: Category | None) -> Effect:
    before = {name: getattr(product, name) for name in ("category", "brand", "price", "currency", "attributes")}
    if change.category is not None:
        product.category = category
    product.brand = change.brand or product.brand
    product.currency = change.currency or product.currency
    product.attributes = _attributes(product.attributes, change.attributes)
    if change.price:
        price = _price(product.price, PriceChange(change.price), Decimal(change.amount))
        if price is not None and not 0 <= price <= MOST:
            return Effect(product, [], _("Its price would be %s.") % price)
        product.price = price
    changes = [
        f"{Product._meta.get_field(name).verbose_name}: {_short(value)} → {_short(getattr(product, name))}"  # type: ignore[union-attr]
        for name, value in before.items()
        if value != getattr(product, name)
    ]
    return Effect(product, changes)


def _price(price: Decimal | None, how: PriceChange, amount: Decimal) -> Decimal | None:
    """Rounded to cents, half up. For a product without a price only "set" gives one."""
    if how == PriceChange.SET:
        return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    if price is None:
        return None
    new = price + (amount if how == PriceChange.ADD else price * amount / 100)
    return new.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _attributes(attributes: dict[str, Any], change: dict[str, str]) -> dict[str, Any]:
    merged = {**attributes, **{name: value for name, value in change.items() if value}}
    return {name: value for name, value in merged.items() if change.get(name) != ""}


def _short(value: object) -> str:
    text = "–" if value in (None, "", {}) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def start(products: models.QuerySet[Product], change: Change, user: User) -> BulkEdit:
    """Apply it: within the request if there are at most AT_ONCE products, else in the background."""
    ids = list(products.order_by("pk").values_list("pk", flat=True))
    edit = BulkEdit.objects.create(user=user, change=asdict(change), products=ids)
    if len(ids) <= AT_ONCE:
        work(edit.pk)
        edit.refresh_from_db()
    else:
        transaction.on_commit(lambda: _queue(edit))
    return edit


def _queue(edit: BulkEdit) -> None:
    name = f"bulk edit {edit.pk}"
    async_task("catalog.bulk_edit.work", edit.pk, group="bulk edit", timeout=3600, task_name=name)


def work(edit_id: int) -> None:
    """The task. A batch and `reached` are written in one transaction, so a second delivery continues where the first
    stopped.
    """
    while _work_on_a_batch(edit_id):
        pass


def _work_on_a_batch(edit_id: int) -> bool:
    """False if no products were left."""
    with transaction.atomic():
        edit = BulkEdit.objects.select_for_update().get(pk=edit_id)
        ids = edit.products[edit.reached : edit.reached + BATCH]
        if not ids:
            return False
        batch = Product.objects.filter(pk__in=ids).select_related("category").select_for_update(of=("self",))
        changed = [effect for effect in effects(batch.order_by("pk"), Change(**edit.change)) if effect.changes]
        products = [effect.product for effect in changed]
        Product.objects.bulk_update(products, ["category", "brand", "price", "currency", "attributes"])
        Product.objects.filter(pk__in=[product.pk for product in products]).update(updated=Now())
        if edit.user_id:
            _log(edit.user_id, changed)
        edit.reached += len(ids)
        edit.save(update_fields=["reached"])
    return True


def _log(user_id: int, effects: list[Effect]) -> None:
    """An entry in the History of each changed product."""
    kind = ContentType.objects.get_for_model(Product)
    LogEntry.objects.bulk_create(
        LogEntry(
            user_id=user_id,
            content_type=kind,
            object_id=str(effect.product.pk),
            object_repr=str(effect.product)[:200],
            action_flag=CHANGE,
            change_message="; ".join(effect.changes),
        )
        for effect in effects
    )
