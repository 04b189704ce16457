from collections.abc import Callable

import pytest

from catalog.models import Product
from ml.models import ModelVersion
from search.tasks import embed_images


@pytest.fixture
def embedded(model: ModelVersion, make_product: Callable[..., Product]) -> Callable[..., Product]:
    """As make_product, with the photos embedded: shoppers find it."""

    def make(sku: str, **fields: object) -> Product:
        product = make_product(sku, **fields)
        embed_images(list(product.images.values_list("pk", flat=True)))
        return product

    return make
