from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command

from catalog.models import Product
from ml.models import ModelVersion
from search.indexing.ann_recall import recall_of_the_index
from search.indexing.embed import embed_awaiting
from search.knn import EmbeddingManager, Match
from search.models import Embedding


@pytest.fixture
def embedded(make_product: Callable[..., Product], model: ModelVersion) -> ModelVersion:
    for i in range(6):
        make_product(f"p{i}", photos=2)
    embed_awaiting(model)
    return model


def test_nothing_is_lost_where_the_index_finds_all(embedded: ModelVersion) -> None:
    assert recall_of_the_index(embedded, k=3) == (1.0, 12)


def test_what_the_index_misses_is_counted(embedded: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    # An index that overlooks the best of four: no real one loses anything among six products.
    knn = EmbeddingManager.knn

    def overlooks_the_best(*args: object, exact: bool = False, **options: object) -> list[Match]:
        found = knn(*args, exact=exact, **options)  # type: ignore[arg-type]
        return found if exact else found[1:]

    monkeypatch.setattr(EmbeddingManager, "knn", overlooks_the_best)
    assert recall_of_the_index(embedded, k=4) == (0.75, 12)


def test_recall_at_k_says_it_when_asked(embedded: ModelVersion) -> None:
    said = StringIO()
    call_command("recall_at_k", "--catalogue", "--k", "1", "3", "--ann", stdout=said)
    assert "The index finds 100.00% of the 3 products exact search finds (12 queries)." in said.getvalue()


def test_before_anything_is_embedded_there_is_nothing_to_measure(model: ModelVersion) -> None:
    assert not Embedding.objects.exists()
    with pytest.raises(ValueError, match="fewer than two products"):
        recall_of_the_index(model, k=3)
