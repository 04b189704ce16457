"""Categories in the admin: the tree with its product counts, moving a branch, merging two categories."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget

from catalog.category_tree import CategoryCycle, Node, merge_category, move_category, read_tree
from catalog.models import Category


class CategoryForm(forms.ModelForm):
    def clean_parent(self) -> Category | None:
        parent = self.cleaned_data["parent"]
        if parent and self.instance.pk in parent.line():
            raise forms.ValidationError(_("“%s” lies below this category.") % parent)
        return parent


class TargetForm(forms.Form):
    """The new parent of a category, or the one to merge it into: any category that is not below it."""

    target = forms.ChoiceField(label=gettext_lazy("Category"), required=False, widget=UnfoldAdminSelectWidget)

    def __init__(self, nodes: list[Node], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["target"].choices = [  # type: ignore[attr-defined]
            ("", _("none: a category at the top")),
            *((str(node.category.pk), " › ".join(node.path)) for node in nodes),
        ]


@admin.register(Category)
class CategoryAdmin(ModelAdmin):
    form = CategoryForm
    search_fields = ["name", "slug"]  # used by autocomplete fields of other forms
    autocomplete_fields = ["parent"]
    prepopulated_fields = {"slug": ["name"]}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.arrange_view)
        return [path("<int:pk>/arrange/", view, name="category_arrange"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("Categories"),
            "opts": self.opts,
            "nodes": read_tree(),
            "may_add": self.has_add_permission(request),
            "may_change": self.has_change_permission(request),
        }
        return render(request, "admin/catalog/categories.html", context)

    def arrange_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Move a category with everything below it, or merge it into another."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        tree = {node.category.pk: node for node in read_tree()}
        node = tree.get(pk)
        if node is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(pk))
        possible = [other for other in tree.values() if pk not in other.line]
        form = TargetForm(possible, request.POST or None, initial={"target": node.category.parent_id})
        if request.method == "POST" and form.is_valid():
            target = tree[int(form.cleaned_data["target"])].category if form.cleaned_data["target"] else None
            try:
                return self._arrange(request, node, target)
            except CategoryCycle as error:
                form.add_error("target", str(error))
        context = {
            **self.admin_site.each_context(request),
            "title": " › ".join(node.path),
            "opts": self.opts,
            "node": node,
            "form": form,
            "media": form.media,
            "may_delete": self.has_delete_permission(request),
        }
        return render(request, "admin/catalog/category_arrange.html", context)

    def _arrange(self, request: HttpRequest, node: Node, target: Category | None) -> HttpResponse:
        category = node.category
        if request.POST.get("do") == "merge":
            if target is None or not self.has_delete_permission(request):
                raise CategoryCycle(_("Choose the category that it becomes part of."))
            self.log_deletions(request, [category])
            moved = merge_category(category, target)
            self.log_change(request, target, _("“%s” became part of it.") % category)
            text = _("“%(category)s” is part of “%(target)s” now; %(count)d products moved.")
            values = {"category": category, "target": target, "count": moved}
            self.message_user(request, text % values, messages.SUCCESS)
        else:
            move_category(category, target)
            self.log_change(request, category, _("Moved."))
            self.message_user(request, _("“%s” was moved.") % category, messages.SUCCESS)
        return redirect("admin:catalog_category_changelist")
