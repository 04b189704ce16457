"""Rollout of a model: embed every photo with it, build its index, compare it with the active one, switch.

The active model serves until the switch, which is one transaction. A rollback is the same with the former version.
"""

from __future__ import annotations

import itertools
import logging
import random
from dataclasses import dataclass

import psycopg
from django.conf import settings
from django.db import OperationalError, connection
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from catalog.locks import advisory_lock
from catalog.machine import memory_bytes
from catalog.models import ProductImage
from ml.models import ModelVersion
from search.indexing.queue import enqueue_photos
from search.models import Embedding, photos_awaiting

logger = logging.getLogger(__name__)

HNSW = "m = 16, ef_construction = 160"  # recall@10 among 1,000,000 photos: .990; with ef_construction = 64: .977
SAMPLE = 500  # queries for the comparison of two models: a 95 % interval of at most ±4.4 points
KS = (1, 5, 10)
CONFUSIONS = 12  # confused pairs of products stored with a version


@dataclass(frozen=True)
class Progress:
    embedded: int
    total: int  # readable photos

    @property
    def percent(self) -> int:
        return 100 * self.embedded // self.total if self.total else 100


def progress(model: ModelVersion) -> Progress:
    """How many of the catalogue's readable photos have an up-to-date embedding under `model`."""
    total = ProductImage.objects.readable().count()
    return Progress(total - photos_awaiting(model).count(), total)


def prepare(model: ModelVersion) -> None:
    """Start the preparation: workers embed all photos with `model`, and the last task finishes it."""
    if model.state == ModelVersion.State.ACTIVE:
        return
    model.embedder()  # a broken model fails here, before anything is queued
    model.start_preparing()
    awaiting = list(photos_awaiting(model).values_list("pk", flat=True))
    enqueue_photos(awaiting)
    if not awaiting:
        finish(model)


class Unloadable(RuntimeError):
    """The version's files are missing or damaged."""


def prepare_in_background(model: ModelVersion) -> None:
    """Enqueue `prepare`. Does nothing if the preparation was started already. Raises Unloadable."""
    _load(model)
    if model.state in (ModelVersion.State.CANDIDATE, ModelVersion.State.RETIRED):
        model.start_preparing()
    async_task("search.tasks.prepare", model.pk, group="embed", task_name=f"prepare {model}"[:100])


def _load(model: ModelVersion) -> None:
    try:
        model.embedder().warm_up()
    except Exception as error:  # ONNX Runtime raises its own kinds on a damaged file
        raise Unloadable(_("%(version)s cannot be loaded: %(error)s") % {"version": model, "error": error}) from error


class Busy(RuntimeError):
    """Another process is preparing this version."""


def finish(model: ModelVersion, wait: bool = True) -> bool:
    """Build the index of a version whose photos are all embedded, evaluate it, and mark it ready; False if photos still
    wait.

    Raises Busy if another process is doing it and `wait` is False.
    """
    if photos_awaiting(model).exists():
        return False
    with advisory_lock("model", model.pk, wait=wait) as alone:
        if not alone:
            raise Busy(f"Another process prepares {model}.")
        model.refresh_from_db()
        if model.state != ModelVersion.State.READY:
            build_index(model)
            compare(model)
            model.mark_ready()
    return model.state == ModelVersion.State.READY


class NotReady(RuntimeError):
    """The version is not prepared, or photos were added that are not embedded with it yet."""


def switch(model: ModelVersion) -> None:
    """Make `model` the active version. Raises NotReady if photos await embedding with it."""
    if model.state == ModelVersion.State.ACTIVE:
        return
    if model.state != ModelVersion.State.READY:
        raise NotReady(f"{model} has not been prepared: embed the catalogue with it first.")
    model.make_active()


ENOUGH = 90  # per cent of the photos that must be embedded with a former version for a rollback to it


def can_roll_back(model: ModelVersion) -> bool:
    """Whether a former version may serve at once: its index is valid, and at least ENOUGH per cent of the photos are
    embedded with it.
    """
    return model.state == ModelVersion.State.RETIRED and has_index(model) and progress(model).percent >= ENOUGH


def roll_back(model: ModelVersion) -> None:
    """Make a former version active again; photos added since are embedded afterwards. Raises NotReady, Unloadable."""
    if model.state == ModelVersion.State.ACTIVE:
        return
    if not can_roll_back(model):
        raise NotReady(_("Too few photos are embedded with %s: prepare it first.") % model)
    _load(model)
    model.make_active()
    enqueue_photos(list(photos_awaiting(model).values_list("pk", flat=True)))


def has_index(model: ModelVersion) -> bool:
    """Whether the HNSW index of this version exists and is valid."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [index_name(model)])
        row = cursor.fetchone()
    return bool(row and row[0])


def index_name(model: ModelVersion) -> str:
    return f"search_embedding_hnsw_{model.pk}"


def build_index(model: ModelVersion) -> None:
    """Build the HNSW index of this version without blocking writers. Does nothing if it exists and is valid.

    An interrupted build leaves an invalid index, which is dropped and built again. Must not run in a transaction
    (CREATE INDEX CONCURRENTLY).
    """
    name = index_name(model)
    with advisory_lock("model", model.pk, wait=True), connection.cursor() as cursor:
        if has_index(model):
            return
        cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        create = (
            f"CREATE INDEX CONCURRENTLY {name} ON search_embedding USING hnsw (vector halfvec_cosine_ops) "
            f"WITH ({HNSW}) WHERE model_id = {model.pk:d}"
        )
        memory = _build_memory(model)
        logger.info("The index of %s is built with maintenance_work_mem = %s.", model, memory)
        cursor.execute("SELECT set_config('maintenance_work_mem', %s, false)", [memory])
        try:
            cursor.execute(create)
        except OperationalError as error:
            if not isinstance(error.__cause__, psycopg.errors.DiskFull):
                raise
            # A parallel build shares the graph through /dev/shm, of which a container has 64 MB. A serial one does not.
            logger.warning("The index is built serially: %s", " ".join(str(error).split()))
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            cursor.execute("SET max_parallel_maintenance_workers = 0")
            cursor.execute(create)
            cursor.execute("RESET max_parallel_maintenance_workers")
        cursor.execute("RESET maintenance_work_mem")


GRAPH_BYTES = 1_700  # per photo during the build: 1.2 kB by pgvector's structures at m = 16, plus a margin


def _build_memory(model: ModelVersion) -> str:
    """maintenance_work_mem for the build: enough for the whole graph, but at most a quarter of this machine's memory;
    INDEX_BUILD_MEMORY overrides it.

    A graph that does not fit is built on disk, several times more slowly. The memory of a server on another machine is
    unknown: set INDEX_BUILD_MEMORY there.
    """
    if settings.INDEX_BUILD_MEMORY:
        return settings.INDEX_BUILD_MEMORY
    graph = Embedding.objects.filter(model=model).count() * GRAPH_BYTES
    return f"{max(64, min(graph, memory_bytes() // 4) // 2**20)}MB"


# Exact search ("+ 0" prevents an index scan): the other photos nearest to each sampled photo, nearest first.
NEIGHBOURS = """
SELECT query.image_id, query.product_id, other.image_id, other.product_id, 1 - other.distance
FROM search_embedding AS query, LATERAL (
    SELECT image_id, product_id, (vector <=> query.vector) + 0 AS distance FROM search_embedding
    WHERE model_id = query.model_id AND image_id <> query.image_id
    ORDER BY (vector <=> query.vector) + 0 LIMIT %(k)s
) AS other
WHERE query.model_id = %(model)s AND query.image_id = ANY(%(images)s)
ORDER BY query.image_id, other.distance
"""


@dataclass(frozen=True)
class Asked:
    """A sampled photo and its nearest other photos: (photo, product, cosine), nearest first."""

    image: int
    product: int
    found: list[tuple[int, int, float]]


def compare(model: ModelVersion) -> dict[str, dict[str, float]]:
    """Recall@K of `model` and of the active version on the same photos of the shop's catalogue, leave-one-out.

    Stored as model.metrics["catalogue"]: {version: {"queries": n, "1": .., "5": .., "10": ..}}, fractions, for a seeded
    sample of SAMPLE photos whose product has another photo; empty if there is none. Confused products are stored as
    model.metrics["confusions"]: see `confusions`.
    """
    versions = [model, *ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).exclude(pk=model.pk)]
    images = _sample(versions)
    answers = {version.version: _ask(version, images) for version in versions} if images else {}
    model.metrics["catalogue"] = {version: _recall(asked) for version, asked in answers.items()}
    model.metrics["confusions"] = confusions(answers.get(model.version, []))
    model.save(update_fields=["metrics"])
    return model.metrics["catalogue"]


def confusions(answers: list[Asked], most: int = CONFUSIONS) -> list[dict[str, float]]:
    """The pairs of products confused most often: {"image", "other", "score", "times"}.

    times: how often a photo of one product had a photo of the other as its nearest. image, other: the two most similar
    photos of the pair, with the cosine `score`. At most `most` pairs, the most frequent first.
    """
    worst: dict[frozenset[int], dict[str, float]] = {}
    for asked in answers:
        other, product, score = asked.found[0]
        if product == asked.product:
            continue
        pair = worst.setdefault(frozenset((asked.product, product)), {"times": 0, "score": -2.0})
        pair["times"] += 1
        if score > pair["score"]:
            pair |= {"image": asked.image, "other": other, "score": score}
    return sorted(worst.values(), key=lambda pair: (-pair["times"], -pair["score"]))[:most]


def _sample(versions: list[ModelVersion]) -> list[int]:
    """Up to SAMPLE photos embedded under all `versions` whose product has another such photo; seeded."""
    photos: dict[int, list[int]] = {}
    shared = Embedding.objects.filter(model=versions[0])
    for version in versions[1:]:
        shared = shared.filter(image__in=Embedding.objects.filter(model=version).values("image"))
    for product, image in shared.order_by("image_id").values_list("product_id", "image_id"):
        photos.setdefault(product, []).append(image)
    askable = sorted(image for images in photos.values() if len(images) > 1 for image in images)
    return random.Random(0).sample(askable, min(SAMPLE, len(askable)))


def _ask(model: ModelVersion, images: list[int]) -> list[Asked]:
    with connection.cursor() as cursor:
        cursor.execute(NEIGHBOURS, {"model": model.pk, "images": images, "k": max(KS)})
        rows = cursor.fetchall()
    return [
        Asked(image, product, [found for _, _, *found in neighbours])
        for (image, product), neighbours in itertools.groupby(rows, key=lambda row: row[:2])
    ]


def _recall(answers: list[Asked]) -> dict[str, float]:
    hits = {k: sum(asked.product in [product for _, product, _ in asked.found[:k]] for asked in answers) for k in KS}
    return {"queries": len(answers), **{str(k): count / len(answers) for k, count in hits.items()}}
