"""The similarity query against brute force in NumPy, on both of its paths, and the plans it must have."""

from decimal import Decimal

import numpy as np
import pytest
from django.db import connection
from pgvector import HalfVector

from catalog.filters import ProductFilter
from catalog.models import Category, Product
from search import knn
from search.duplicates import NEAREST, NEIGHBOURS
from search.indexing.rollout import index_name
from search.models import Embedding


def brute_force(catalogue, query, k, among=None):
    """(product, score) of the k nearest products by their best photo."""
    scores = catalogue.vectors.astype(np.float32) @ query
    best = {}
    for product, score in zip(catalogue.product_ids, scores, strict=True):
        if among is None or product in among:
            best[product] = max(best.get(product, -2), score)
    return sorted(best.items(), key=lambda item: -item[1])[:k]


def overlap(matches, expected):
    return len({match.product_id for match in matches} & {product for product, _ in expected}) / len(expected)


def test_the_exact_path_agrees_with_brute_force(catalogue, query, model):
    matches = Embedding.objects.knn(query, model, 20, exact=True)
    expected = brute_force(catalogue, query, 20)
    assert [match.product_id for match in matches] == [product for product, _ in expected]
    assert np.allclose([match.score for match in matches], [score for _, score in expected], atol=2e-3)


def test_the_index_finds_nearly_everything_brute_force_finds(catalogue, query, model):
    matches = Embedding.objects.knn(query, model, 20)
    assert overlap(matches, brute_force(catalogue, query, 20)) >= 0.95
    assert [match.score for match in matches] == sorted((match.score for match in matches), reverse=True)


def test_each_product_comes_once_with_its_best_view(catalogue, query, model):
    matches = Embedding.objects.knn(query, model, 50)
    assert len({match.product_id for match in matches}) == 50
    scores = dict(zip(catalogue.image_ids, catalogue.vectors.astype(np.float32) @ query, strict=True))
    for match in matches:
        views = catalogue.image_ids[catalogue.product_ids == match.product_id]
        assert scores[match.image_id] == max(scores[view] for view in views)


def test_a_product_with_a_thousand_near_photos_does_not_displace_the_others(catalogue, query, model, make_product):
    product = make_product("many-views", photos=0)
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH photo AS (
                   INSERT INTO catalog_productimage (product_id, file, view_id, position, sha256, error, created)
                   SELECT %s, 'absent.jpg', n, n, repeat('a', 64), '', now() FROM generate_series(1, 1000) AS n
                   RETURNING id)
               SELECT id FROM photo""",
            [product.pk],
        )
        ids = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            "INSERT INTO search_embedding (image_id, model_id, vector, photo_sha256) "
            "SELECT unnest(%s), %s, %s::halfvec, repeat('a', 64)",
            [ids, model.pk, knn.HalfVector(query).to_text()],
        )
    matches = Embedding.objects.knn(query, model, 20)
    assert matches[0].product_id == product.pk
    assert len({match.product_id for match in matches}) == 20


@pytest.mark.parametrize("max_price", [500, 100, 10, 1], ids=lambda price: f"{price / 10:g} % pass")
@pytest.mark.parametrize("walk_cost", [0, 1e9], ids=["index", "exact"])
def test_a_filter_lets_k_products_through_whenever_k_exist(catalogue, query, model, max_price, walk_cost, monkeypatch):
    monkeypatch.setattr(knn, "WALK_COST", walk_cost)
    passing = set(Product.objects.filter(price__lte=max_price).values_list("pk", flat=True))
    matches = Embedding.objects.knn(query, model, 20, ProductFilter(max_price=Decimal(max_price)))
    expected = brute_force(catalogue, query, 20, among=passing)
    assert len(matches) == min(20, len(passing))
    assert overlap(matches, expected) >= 0.95


def test_filters_combine(catalogue, query, model):
    category = Category.objects.get(name="Category 3")
    filters = ProductFilter((category.slug,), ("Brand 3", "Brand 13"), attributes=(("colour", "black"),))
    passing = set(
        Product.objects.filter(
            category=category, brand__in=["Brand 3", "Brand 13"], attributes__colour="black"
        ).values_list("pk", flat=True)
    )
    assert len(passing) > 20
    matches = Embedding.objects.knn(query, model, 20, filters)
    assert [match.product_id for match in matches] == [
        product for product, _ in brute_force(catalogue, query, 20, among=passing)
    ]


def test_hidden_products_are_for_staff_only(catalogue, query, model):
    (first,) = Embedding.objects.knn(query, model, 1)
    Product.objects.filter(pk=first.product_id).update(is_active=False)
    assert Embedding.objects.knn(query, model, 1)[0].product_id != first.product_id
    assert Embedding.objects.knn(query, model, 1, ProductFilter(hidden_too=True))[0].product_id == first.product_id


def test_a_product_can_be_left_out_of_its_own_likes(catalogue, query, model):
    (first,) = Embedding.objects.knn(query, model, 1)
    assert Embedding.objects.knn(query, model, 1, ProductFilter(without_product=first.product_id)) != [first]


def test_nothing_passes_a_filter_that_nothing_satisfies(catalogue, query, model):
    assert Embedding.objects.knn(query, model, 20, ProductFilter(brands=("No such brand",))) == []


def plan(query, model, filters, path=knn.Path.WALK, share=1.0):
    statement, parameters = knn.knn_sql(query, model.pk, filters, 80, path, share)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) " + statement, parameters)
        return "\n".join(row[0] for row in cursor.fetchall())


def paths_taken(query, model, filters, monkeypatch):
    taken, run = [], knn._run
    monkeypatch.setattr(knn, "_run", lambda *given, **named: taken.append(given[4]) or run(*given, **named))
    Embedding.objects.knn(query, model, 20, filters)
    return taken


def test_an_unfiltered_search_walks_the_index_of_its_model(catalogue, query, model):
    assert f"Index Scan using {index_name(model)}" in plan(query, model, ProductFilter())


def test_photos_are_compared_by_walking_the_index(catalogue, query, model):
    parameters = {"vector": HalfVector(query).to_text(), "model": model.pk, "neighbours": NEIGHBOURS}
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + NEAREST, parameters)
        assert f"Index Scan using {index_name(model)}" in cursor.fetchall()[1][0]


def test_a_walk_past_a_filter_forgets_nothing_that_it_meets_late(catalogue, model, monkeypatch):
    monkeypatch.setattr(knn, "WALK_COST", 0)
    monkeypatch.setattr(knn, "_ef_search", lambda share, rows: 10)  # most of what passes lies beyond it
    passing = set(Product.objects.filter(price__lte=100).values_list("pk", flat=True))
    filters = ProductFilter(max_price=Decimal(100))
    shares = [
        overlap(Embedding.objects.knn(view, model, 20, filters), brute_force(catalogue, view, 20, among=passing))
        for view in catalogue.vectors[:6000:100].astype(np.float32)
    ]
    assert np.mean(shares) >= 0.98  # strict order: .97


def test_a_wide_filter_walks_the_index_in_its_order(catalogue, query, model, monkeypatch):
    filters = ProductFilter(max_price=Decimal(500))
    steps = plan(query, model, filters, share=0.5)
    scan = steps.index(f"Index Scan using {index_name(model)}")
    assert "Sort" not in steps[steps.rindex("Limit", 0, scan) : scan]  # in order of the index, not sorted afterwards
    assert paths_taken(query, model, filters, monkeypatch)[0] == knn.Path.WALK


def test_a_narrow_filter_never_touches_the_graph(catalogue, query, model, monkeypatch):
    filters = ProductFilter(max_price=Decimal(1))
    steps = plan(query, model, filters, knn.Path.NARROW)
    assert index_name(model) not in steps
    assert "search_embedding_product_id" in steps
    assert "Index Cond: (product_id = ANY (" in steps  # one scan of the index, not one for each product
    assert set(paths_taken(query, model, filters, monkeypatch)) == {knn.Path.NARROW}


def test_the_walk_holds_as_many_candidates_as_the_filter_will_make_it_pass_over(catalogue, query, model):
    plan(query, model, ProductFilter(max_price=Decimal(300)), share=0.3)
    with connection.cursor() as cursor:
        cursor.execute("SHOW hnsw.ef_search")
        assert cursor.fetchone() == ("320",)  # 80 rows, where 30 % pass, and a fifth more


def test_the_share_that_passes_is_estimated_without_counting(catalogue):
    share, passing = knn._expected_to_pass(ProductFilter(max_price=Decimal(100)), "default")
    really = Product.objects.filter(price__lte=100).count()
    assert passing == pytest.approx(really, rel=0.2) and share == pytest.approx(really / 6000, rel=0.2)


def test_a_walk_that_meets_its_limit_is_answered_from_what_passes(catalogue, query, model, monkeypatch):
    monkeypatch.setattr(knn, "_expected_to_pass", lambda product_filter, using: (0.9, 6000))  # far from it
    monkeypatch.setattr(knn, "WALK_COST", 0.1)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL hnsw.max_scan_tuples = 200")
    filters = ProductFilter(max_price=Decimal(20))
    passing = set(Product.objects.filter(price__lte=20).values_list("pk", flat=True))
    matches = Embedding.objects.knn(query, model, 20, filters)
    assert overlap(matches, brute_force(catalogue, query, 20, among=passing)) == 1
