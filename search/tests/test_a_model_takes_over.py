"""Preparing, comparing, switching and rolling back, with two real models; searches go on throughout."""

import json
import threading
import time
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from conftest import photo_of
from ml.models import KNOWN_SECONDS, ModelVersion
from ml.tests.tiny_model import write_tiny_model
from search.indexing import rollout
from search.indexing.embed import embed_awaiting
from search.models import Embedding, Query
from search.query import answer, create_query, reembed_if_stale

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def candidate(settings) -> ModelVersion:
    directory = write_tiny_model(settings.MODELS_DIR / "tiny-20261123-0000001", seed=1)
    return ModelVersion.objects.register(directory)


@pytest.fixture
def shop(model, make_product) -> list:
    products = [make_product(f"sku-{number}", photos=2) for number in range(12)]
    embed_awaiting(model)
    return products


def test_activate_model_embeds_indexes_compares_and_switches(shop, model, candidate):
    output = StringIO()
    call_command("activate_model", candidate.version, "--now", stdout=output)
    candidate.refresh_from_db()
    model.refresh_from_db()
    assert (candidate.state, model.state) == ("active", "retired")
    assert Embedding.objects.filter(model=candidate).count() == 24
    assert rollout.index_name(candidate) in index_names()
    assert set(candidate.metrics["catalogue"]) == {candidate.version, model.version}
    assert candidate.metrics["catalogue"][model.version]["queries"] == 24
    assert f"{candidate} is active" in output.getvalue()


def test_the_way_back_is_the_same_command(shop, model, candidate):
    call_command("activate_model", candidate.version, "--now", stdout=StringIO())
    call_command("activate_model", model.version, "--now", stdout=StringIO())
    assert ModelVersion.objects.active() == model


def test_a_version_that_was_not_prepared_does_not_switch(shop, candidate):
    with pytest.raises(rollout.NotReady):
        rollout.switch(candidate)


def test_a_broken_candidate_is_refused_and_the_active_one_serves_on(shop, model, candidate):
    (candidate.directory / "model.onnx").write_bytes(b"not a network")
    with pytest.raises(CommandError, match="cannot be loaded"):
        call_command("activate_model", candidate.version, "--now")
    assert ModelVersion.objects.active() == model


def test_photos_that_come_in_meanwhile_are_embedded_with_both(shop, model, candidate, make_product):
    from search.tasks import embed_images

    rollout.prepare(candidate)
    image = make_product("late").images.get()
    embed_images([image.pk])
    assert Embedding.objects.filter(image=image).count() == 2


def test_an_interrupted_index_build_is_done_again(shop, model):
    name = rollout.index_name(model)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass(%s)", [name])
    rollout.build_index(model)
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
        assert cursor.fetchone() == (True,)


def test_the_database_allows_one_active_model(model, candidate):
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelVersion.objects.filter(pk=candidate.pk).update(state="active")


def test_a_shared_search_follows_to_the_next_model(shop, model, candidate):
    query = create_query([photo_of("sku-3")])
    call_command("activate_model", candidate.version, "--now", stdout=StringIO())
    first, *_ = answer(Query.objects.get(pk=query.pk))
    assert first.product.sku == "sku-3"
    assert Query.objects.get(pk=query.pk).model == candidate


def test_which_model_serves_is_known_without_a_query_and_another_processs_switch_is_seen_soon(
    model, candidate, monkeypatch, django_assert_num_queries
):
    assert ModelVersion.objects.serving() == model
    states = ModelVersion.State
    ModelVersion.objects.filter(pk=model.pk).update(state=states.RETIRED)  # as another process does it
    ModelVersion.objects.filter(pk=candidate.pk).update(state=states.ACTIVE)
    with django_assert_num_queries(0):
        ModelVersion.objects.serving()
    later = time.monotonic() + KNOWN_SECONDS
    monkeypatch.setattr("ml.models.time.monotonic", lambda: later)
    assert ModelVersion.objects.serving() == candidate
    model.make_active()  # one's own is seen at once
    assert ModelVersion.objects.serving() == model


def test_a_search_made_by_a_process_that_knows_of_the_switch_is_not_taken_back_by_one_that_does_not(
    shop, model, candidate
):
    ModelVersion.objects.serving()
    query = create_query([photo_of("sku-3")])
    Query.objects.filter(pk=query.pk).update(model=candidate)
    ModelVersion.objects.filter(pk=model.pk).update(state=ModelVersion.State.RETIRED)
    ModelVersion.objects.filter(pk=candidate.pk).update(state=ModelVersion.State.ACTIVE)
    query = Query.objects.get(pk=query.pk)
    reembed_if_stale(query)
    assert query.model == candidate


def test_searches_go_on_during_a_switch_and_never_mix_models(shop, model, candidate):
    """Every answer must be one that either model gives alone; mixed vectors would score below a perfect match."""
    problems: list[object] = []
    stop = threading.Event()
    asked = 0

    def search_in_a_loop() -> None:
        nonlocal asked
        try:
            while not stop.is_set():
                results = answer(create_query([photo_of("sku-3")]), k=3)
                asked += 1
                if results[0].product.sku != "sku-3" or results[0].score < 0.99:
                    problems.append(results)
        except Exception as error:
            problems.append(error)
        finally:
            connection.close()

    shoppers = [threading.Thread(target=search_in_a_loop) for _ in range(3)]
    for shopper in shoppers:
        shopper.start()
    for version in (candidate, model, candidate):
        call_command("activate_model", version.version, "--now", stdout=StringIO())
    stop.set()
    for shopper in shoppers:
        shopper.join()
    assert not problems
    assert asked > 10


def test_registering_twice_is_one_version_and_another_file_under_its_name_is_refused(candidate):
    assert ModelVersion.objects.register(candidate.directory) == candidate
    card = json.loads((candidate.directory / "card.json").read_text())
    (candidate.directory / "card.json").write_text(json.dumps(card | {"sha256": "0" * 64}))
    with pytest.raises(ValueError, match="another model file"):
        ModelVersion.objects.register(candidate.directory)


def test_recall_is_that_of_brute_force(shop, model):
    figures = rollout.compare(model)[model.version]
    rows = list(Embedding.objects.filter(model=model).values_list("product_id", "vector"))
    products, vectors = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -2)
    assert figures["1"] == np.mean(products[scores.argmax(axis=1)] == products)


def index_names() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'search_embedding'")
        return {row[0] for row in cursor.fetchall()}


def test_a_shop_with_one_photo_a_product_is_told_that_nothing_could_be_compared(model, candidate, make_product):
    make_product("alone")
    output = StringIO()
    call_command("activate_model", candidate.version, "--now", stdout=output)
    assert "Not compared: no product has two photos" in output.getvalue()
    assert f"{candidate.version} is active." in output.getvalue()
