"""Photos by URL with real workers: killed in the middle, all of them still come in, once, and are embedded."""

import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from catalog.models import ProductImage, RemotePhoto
from catalog.photos.fetch import request_photos
from catalog.tests.http_server import http_server
from conftest import photo_of
from ml.tests.tiny_model import write_tiny_model
from search.models import Embedding
from search.tasks import requeue_stale_photos
from search.tests.real_worker import kill, wait_until, workers

pytestmark = pytest.mark.django_db(transaction=True)


def test_photos_whose_worker_is_killed_come_in_with_the_next_one(model, make_product, tmp_path, settings, monkeypatch):
    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.1)
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(photo_of(handler.path))

    write_tiny_model(settings.MODELS_DIR / model.version)
    product = make_product("mug", photos=0)
    with http_server() as server:
        server.answers = {f"/{number}.jpg": slow for number in range(40)}
        monkeypatch.setenv("FETCH_ALLOWED_HOSTS", server.host)
        with workers(tmp_path, timeout=120) as start:
            request_photos(product, [server.url(path) for path in server.answers])
            worker = start()
            wait_until(lambda: product.images.count() > 5, 60)
            kill(worker)
            assert 5 < product.images.count() < 40
            # as if Q_RETRY and the leases were over
            OrmQ.objects.update(lock=timezone.now() - timedelta(hours=1))
            RemotePhoto.objects.filter(state="waiting").update(next_try=timezone.now())
            start(), start()
            wait_until(lambda: not RemotePhoto.objects.exclude(state="fetched").exists(), 60)
            ProductImage.objects.update(created=timezone.now() - timedelta(hours=1))

            def all_embedded() -> bool:
                requeue_stale_photos()  # as every minute: finds those of which the killed worker told nobody
                return Embedding.objects.filter(model=model).count() == 40

            wait_until(all_embedded, 120)
    assert [image.view_id for image in product.images.all()] == [str(number) for number in range(40)]
    assert len(server.asked) <= 40 + 4, "at most what was under way when the worker died is fetched twice"
