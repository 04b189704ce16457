"""What staff mark as right and wrong reaches `train_triplet --catalogue`."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from catalog.models import Product
from conftest import photo_of
from ml.data.datasets import JudgedPicture
from ml.images import Crop
from search.feedback import judged_pictures
from search.models import Judgement, Query
from search.query import create_query


@pytest.fixture
def shop(model, make_product: Callable[..., Product]) -> list[Product]:
    return [make_product(f"mug-{number}", photos=2) for number in range(4)]


def judged(sku: str, *, right: tuple[str, ...] = (), wrong: tuple[str, ...] = (), crop: Crop | None = None) -> Query:
    query = create_query([photo_of(sku)], [crop])
    for verdict, skus in (("right", right), ("wrong", wrong)):
        for found in Product.objects.filter(sku__in=skus):
            Judgement.objects.create(query=query, product=found, verdict=verdict)
    return query


def test_a_judged_search_becomes_a_picture_with_what_it_shows_and_what_not(shop: list[Product]) -> None:
    create_query([photo_of("nobody-judged-this")])
    first = judged("mug-0", right=("mug-0",), wrong=("mug-2", "mug-1"))
    second = judged("other", wrong=("mug-3",))
    assert judged_pictures() == [
        JudgedPicture(str(first.pk), bytes(first.thumbnail), "mug-0", ("mug-1", "mug-2")),
        JudgedPicture(str(second.pk), bytes(second.thumbnail), None, ("mug-3",)),
    ]


def test_a_picture_that_several_products_are_right_for_shows_none_of_them_for_sure(shop: list[Product]) -> None:
    judged("mug-0", right=("mug-0", "mug-1"), wrong=("mug-3",))
    (picture,) = judged_pictures()
    assert (picture.product, picture.wrong) == (None, ("mug-3",))


def test_only_the_part_that_was_searched_for_is_learned_from(shop: list[Product]) -> None:
    query = judged("mug-0", right=("mug-0",), crop=Crop(0.5, 0.25, 0.5, 0.5))
    (picture,) = judged_pictures()
    whole, part = (Image.open(io.BytesIO(data)) for data in (bytes(query.thumbnail), picture.jpeg))
    assert part.size == (whole.width // 2, whole.height // 2)
    expected = whole.crop((whole.width // 2, whole.height // 4, whole.width, whole.height * 3 // 4))
    assert np.abs(np.asarray(part, float) - np.asarray(expected, float)).mean() < 3


def test_training_on_the_catalogue_says_how_many_judged_searches_it_learns_from(
    shop: list[Product], settings, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path
    judged("mug-0", right=("mug-0",))
    judged("mug-1", wrong=("mug-2",))
    said = io.StringIO()
    small = {"backbone": "mobilenet", "input_size": 32, "weights": "missing.weights.h5", "val_fraction": 0}
    with pytest.raises(CommandError, match="There is no weights file"):
        call_command("train_triplet", catalogue=True, out=settings.MODELS_DIR, stdout=said, **small)
    assert "Learning from 9 photos of 4 products and of 2 judged searches; validation: none." in said.getvalue()
