"""How a model takes over: embed every photo with it, build its index, compare it with the active one, switch.

Until the switch the active model serves; the switch is one transaction. Rollback is the same with the former version.
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

HNSW = "m = 16, ef_construction = 160"  # 64 found .977 of the ten nearest of 1,000,000 photos, 160 finds .990
SAMPLE = 500  # photos asked about when two models are compared: the 95 % interval is at most ±4.4 points wide
KS = (1, 5, 10)
CONFUSIONS = 12  # pairs of products kept with a version


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
    """Begin, in the background: the workers embed all photos with `model`; the last of them finishes it."""
    if model.state == ModelVersion.State.ACTIVE:
        return
    model.embedder()  # a broken model fails here, before anything is queued
    model.start_preparing()
    awaiting = list(photos_awaiting(model).values_list("pk", flat=True))
    enqueue_photos(awaiting)
    if not awaiting:
        finish(model)


class Unloadable(RuntimeError):
    """The version's files are not there or damaged."""


def prepare_in_background(model: ModelVersion) -> None:
    """Let a worker `prepare` it. Does nothing where that has begun. Raises Unloadable."""
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
    """Another process prepares this version."""


def finish(model: ModelVersion, wait: bool = True) -> bool:
    """Index and compare a version whose photos are all embedded, and mark it ready; False if some still wait.

    Raises Busy where another process is at it and `wait` is False.
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
    """The version has not been prepared, or photos came in that it has not seen."""


def switch(model: ModelVersion) -> None:
    """Let `model` serve from now on. Raises NotReady while photos await it."""
    if model.state == ModelVersion.State.ACTIVE:
        return
    if model.state != ModelVersion.State.READY:
        raise NotReady(f"{model} has not been prepared: embed the catalogue with it first.")
    model.make_active()


ENOUGH = 90  # per cent of the photos embedded with a former version, from which it may serve at once


def can_roll_back(model: ModelVersion) -> bool:
    """Whether a former version may serve at once: its index is whole, and nearly all photos are embedded with it."""
    return model.state == ModelVersion.State.RETIRED and has_index(model) and progress(model).percent >= ENOUGH


def roll_back(model: ModelVersion) -> None:
    """Let a former version serve again, as it is; what came in since is embedded after. Raises NotReady, Unloadable."""
    if model.state == ModelVersion.State.ACTIVE:
        return
    if not can_roll_back(model):
        raise NotReady(_("Too few photos are embedded with %s: prepare it first.") % model)
    _load(model)
    model.make_active()
    enqueue_photos(list(photos_awaiting(model).values_list("pk", flat=True)))


def has_index(model: ModelVersion) -> bool:
    """Whether the HNSW index of this version is there and whole."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [index_name(model)])
        row = cursor.fetchone()
    return bool(row and row[0])


def index_name(model: ModelVersion) -> str:
    return f"search_embedding_hnsw_{model.pk}"


def build_index(model: ModelVersion) -> None:
    """The HNSW index of this version, without locking out writers. Does nothing where it is whole.

    A build that was interrupted leaves an invalid index, which is dropped and built again. Must not run in a
    transaction (CREATE INDEX CONCURRENTLY).
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


GRAPH_BYTES = 1_700  # of a photo while the graph is built: 1.2 kB by pgvector's structures at m = 16, and room


def _build_memory(model: ModelVersion) -> str:
    """What holds the whole graph, at most a quarter of this machine's memory; INDEX_BUILD_MEMORY where it is set.

    A graph that leaves this memory is built on disk, several times slower. Of a server on another machine we do not
    know the memory: set it there.
    """
    if settings.INDEX_BUILD_MEMORY:
        return settings.INDEX_BUILD_MEMORY
    graph = Embedding.objects.filter(model=model).count() * GRAPH_BYTES
    return f"{max(64, min(graph, memory_bytes() // 4) // 2**20)}MB"


# Exact ("+ 0" keeps the index out of it): each sampled photo's nearest other photos, nearest first.
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
    """One sampled photo and its nearest other photos: (photo, product, cosine), nearest first."""

    image: int
    product: int
    found: list[tuple[int, int, float]]


def compare(model: ModelVersion) -> dict[str, dict[str, float]]:
    """Recall@K of `model` and of the active version on the same photos of the shop's own catalogue, leave-one-out.

    Kept as model.metrics["catalogue"]: {version: {"queries": n, "1": .., "5": .., "10": ..}}, fractions; a seeded
    sample of SAMPLE photos whose product has another photo. Empty where there is none. What `model` took for another
    product is kept as model.metrics["confusions"]: see `confusions`.
    """
    versions = [model, *ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).exclude(pk=model.pk)]
    images = _sample(versions)
    answers = {version.version: _ask(version, images) for version in versions} if images else {}
    model.metrics["catalogue"] = {version: _recall(asked) for version, asked in answers.items()}
    model.metrics["confusions"] = confusions(answers.get(model.version, []))
    model.save(update_fields=["metrics"])
    return model.metrics["catalogue"]


def confusions(answers: list[Asked], most: int = CONFUSIONS) -> list[dict[str, float]]:
    """The products taken for each other most often, {"image", "other", "score", "times"}: how often a photo of one
    found the other first, and the two photos of it that are most alike. At most `most`, the worst first."""
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
    """Seeded: up to SAMPLE photos embedded under all `versions`, of products with another such photo."""
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
