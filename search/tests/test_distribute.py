"""`manage.py distribute`, as far as one Postgres can tell; the whole on a server with Citus, where there is one."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from catalog.models import Product, ProductImage
from search.indexing.distribution import replace_triggers
from search.indexing.embed import embed_awaiting
from search.models import Embedding

pytestmark = pytest.mark.django_db

FACTS = """
SELECT count(*) FROM search_embedding e
JOIN catalog_productimage i ON i.id = e.image_id JOIN catalog_product p ON p.id = i.product_id
WHERE (e.product_id, e.category_id, e.brand, e.current_price, e.attributes, e.colours, e.is_active)
      IS NOT DISTINCT FROM (p.id, p.category_id, p.brand, p.current_price, p.attributes, p.colours, p.is_active)
"""


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def with_true_facts() -> int:
    with connection.cursor() as cursor:
        cursor.execute(FACTS)
        return int(cursor.fetchone()[0])


def has_citus() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_available_extensions WHERE name = 'citus'")
        return cursor.fetchone() is not None


@pytest.fixture
def shop(model, make_product):
    """Two products with three photos, embedded where embeddings have no trigger and no foreign key."""
    with connection.cursor() as cursor:
        replace_triggers(cursor)
    make_product("mug", photos=2, brand="Kiln", attributes={"colour": "red"})
    make_product("shoe", photos=1)
    embed_awaiting(model)


def test_without_citus_it_refuses_in_a_sentence_and_changes_nothing():
    if has_citus():
        pytest.skip("this server has Citus")
    with pytest.raises(CommandError, match="This Postgres server has no Citus"):
        call_command("distribute")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_trigger WHERE tgname = 'search_embedding_fill'")
        assert cursor.fetchone()


def test_a_new_embedding_brings_its_facts(shop):
    assert with_true_facts() == Embedding.objects.count() == 3


def test_facts_follow_a_bulk_update(shop):
    Product.objects.update(price=77, brand="Other", is_active=False)
    assert with_true_facts() == 3 and set(Embedding.objects.values_list("brand", flat=True)) == {"Other"}


def test_facts_follow_a_photo_to_another_product(shop):
    ProductImage.objects.filter(product__sku="shoe").update(product=Product.objects.get(sku="mug"), view_id="moved")
    assert with_true_facts() == 3


@pytest.mark.parametrize("table", ["catalog_productimage", "ml_modelversion"])
def test_embeddings_go_with_their_photo_and_with_their_model(shop, table):
    execute("DELETE FROM search_query")
    execute(f"DELETE FROM {table}")
    assert not Embedding.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_on_a_cluster_a_search_is_answered_by_its_shards(model, make_product):
    if not has_citus():
        pytest.skip("needs a Postgres server with Citus: scripts/build_citus.sh")
    call_command("distribute")
    call_command("distribute")
    make_product("mug", photos=2)
    embed_awaiting(model)
    embedding = Embedding.objects.filter(product__sku="mug").first()
    assert embedding is not None
    assert with_true_facts() == 2
    assert len(Embedding.objects.knn(embedding.vector.to_numpy(), model, 5)) == 1
