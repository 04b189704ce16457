"""Photos on the product form: many at once in, previews, their order, which one leads."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline

from catalog.imports.importer import free_view
from catalog.models import Product, ProductImage
from catalog.photos.validation import SUFFIXES, InvalidPhoto, check_photo


class ManyPhotosInput(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "admin/catalog/drop_photos.html"

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Render with the project's template engine; Django's form renderer does not look in the
        project's templates.
        """
        return super().render(name, value, attrs, TemplatesSetting())

    class Media:
        js = ["admin_photos.js"]


class ManyPhotosField(forms.FileField):
    """Any number of photos. Each one that cannot be used has an error message with its file name."""

    widget = ManyPhotosInput(attrs={"accept": ",".join(["image/*", *sorted(set(SUFFIXES.values()))])})

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files: Sequence[UploadedFile] = data if isinstance(data, list | tuple) else [data] if data else []
        problems = []
        for file in files:
            try:
                check_photo(file.read())
            except InvalidPhoto as error:
                problems.append(f"{file.name}: {error}")
            file.seek(0)
        if problems:
            raise forms.ValidationError(problems)
        return list(files)


class ProductForm(forms.ModelForm):
    new_photos = ManyPhotosField(
        required=False,
        label=gettext_lazy("Add photos"),
        help_text=gettext_lazy("Choose several at once, or drop them here."),
    )


def add_photos(product: Product, files: Sequence[UploadedFile]) -> tuple[int, int]:
    """Append `files` to the product's photos, in order; returns (number added, number skipped because the product
    already has them).
    """
    images = list(product.images.all())
    known = {image.sha256 for image in images}
    views = {image.view_id for image in images}
    position = max((image.position + 1 for image in images), default=0)
    added = 0
    for file in files:
        data = file.read()
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 in known:
            continue
        known.add(sha256)
        view_id = free_view(file.name or "photo", product.sku, views)
        views.add(view_id)
        image = ProductImage(product=product, view_id=view_id, position=position + added)
        image.replace_file(data, check_photo(data).suffix)
        added += 1
    return added, len(files) - added


class PhotoInline(TabularInline):
    model = ProductImage
    template = "admin/catalog/photos_inline.html"
    fields = ["view_id", "position"]
    extra = 0
    ordering = ["position", "id"]

    def has_add_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        return False  # new ones come in by the field above, many at once
