"""The admin page that changes many products at once: choose the changes, preview them, apply them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django import forms
from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from catalog.bulk_edit import Change, PriceChange, effects, start
from catalog.models import BulkEdit, Category, Product

SHOWN = 20  # products whose changes the preview lists
LEAVE, NO_CATEGORY = "", "0"


class BulkEditForm(forms.Form):
    category = forms.ChoiceField(label=gettext_lazy("Category"), required=False, widget=UnfoldAdminSelectWidget)
    brand = forms.CharField(
        label=gettext_lazy("Brand"),
        required=False,
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Empty: left as it is."),
    )
    price = forms.ChoiceField(
        label=gettext_lazy("Price"), required=False, choices=PriceChange.choices, widget=UnfoldAdminSelectWidget
    )
    amount = forms.DecimalField(
        label=gettext_lazy("Amount or per cent"),
        required=False,
        max_digits=12,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "0.01"}),
    )
    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        required=False,
        max_length=3,
        validators=[RegexValidator(r"^[A-Z]{3}\Z", gettext_lazy("Three capitals, such as EUR."))],
        widget=UnfoldAdminTextInputWidget,
    )
    attributes = forms.CharField(
        label=gettext_lazy("Attributes"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4, "placeholder": "colour = red"}),
        help_text=gettext_lazy("One a line, such as colour = red. Nothing after the sign takes the attribute away."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = Category.objects.select_related("parent")
        paths = sorted((f"{c.parent.name} › {c.name}" if c.parent else c.name, str(c.pk)) for c in named)
        self.fields["category"].choices = [  # type: ignore[attr-defined]
            (LEAVE, _("leave as it is")),
            (NO_CATEGORY, _("none")),
            *((pk, name) for name, pk in paths),
        ]

    def clean_attributes(self) -> dict[str, str]:
        attributes = {}
        for line in self.cleaned_data["attributes"].splitlines():
            name, sign, value = (part.strip() for part in line.partition("="))
            if not (name or sign):
                continue
            if not (name and sign):
                raise forms.ValidationError(_("“%s” is not written as name = value.") % line[:60])
            attributes[name] = value
        return attributes

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            if bool(cleaned["price"]) != (cleaned["amount"] is not None):
                self.add_error("amount", _("Say both what happens to the price and by how much."))
            elif cleaned["price"] == PriceChange.SET and cast(Decimal, cleaned["amount"]) < 0:
                self.add_error("amount", _("A price is not negative."))
            elif not any(value not in ("", None, {}) for value in cleaned.values()):
                raise forms.ValidationError(_("Nothing is to be changed yet."))
        return cleaned

    def change(self) -> Change:
        cleaned = self.cleaned_data
        return Change(
            category=int(cleaned["category"]) if cleaned["category"] != LEAVE else None,
            brand=cleaned["brand"],
            price=cleaned["price"],
            amount="" if cleaned["amount"] is None else str(cleaned["amount"]),
            currency=cleaned["currency"],
            attributes=cleaned["attributes"],
        )


def bulk_edit_page(
    request: HttpRequest, site: AdminSite, selected: QuerySet[Product], opts: Any
) -> HttpResponse | BulkEdit:
    """The form; with step=preview the changes of the first products, with step=apply the changes are made. `selected`:
    the products chosen in the list.
    """
    products = Product.objects.filter(pk__in=selected.order_by().values("pk"))
    step = request.POST.get("step", "")
    form = BulkEditForm(request.POST) if step else BulkEditForm()
    context: dict[str, Any] = {}
    if step in ("preview", "apply") and form.is_valid():
        if step == "apply":
            return start(products, form.change(), cast(User, request.user))
        context = _preview(products, form.change())
    context |= {
        **site.each_context(request),
        "title": _("Change several products"),
        "opts": opts,
        "form": form,
        "media": form.media,
        "count": products.count(),
        "selection": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "select_across": request.POST.get("select_across", "0"),
        "action": request.POST.get("action", ""),
        "index": request.POST.get("index", "0"),
    }
    return render(request, "admin/catalog/bulk_edit.html", context)


def _preview(products: QuerySet[Product], change: Change) -> dict[str, Any]:
    """The effects on all selected products; the first SHOWN changes and problems are listed."""
    shown, problems = [], []
    changed = refused = 0
    for effect in effects(products.select_related("category").order_by("title", "pk").iterator(2000), change):
        if effect.problem:
            refused += 1
            problems += [effect] if refused <= SHOWN else []
        elif effect.changes:
            changed += 1
            shown += [effect] if changed <= SHOWN else []
    return {"preview": True, "shown": shown, "problems": problems, "changed": changed, "refused": refused}
