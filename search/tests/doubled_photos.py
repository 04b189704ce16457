"""A photo that the catalogue has already, in another form."""

from io import BytesIO

from django.core.files.base import ContentFile
from PIL import Image, ImageOps

from catalog.models import Product, ProductImage


def saved_again(data: bytes, scale: float = 0.5) -> bytes:
    """The same picture in another file, of another size."""
    with Image.open(BytesIO(data)) as photo:
        file = BytesIO()
        ImageOps.scale(photo, scale).save(file, "JPEG", quality=90)
    return file.getvalue()


def add_photo(product: Product, data: bytes, view: str = "more") -> ProductImage:
    return ProductImage.objects.create(product=product, view_id=view, position=9, file=ContentFile(data, "x.jpg"))
