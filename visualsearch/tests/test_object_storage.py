"""Photos and models in a bucket that is not Amazon's: AWS_S3_ENDPOINT_URL. With a real S3 server on loopback (moto)."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.request import Request, urlopen

import boto3
import pytest
from django.conf import settings
from moto.server import ThreadedMotoServer

from conftest import photo_of
from ml.model_storage import DamagedModel
from ml.models import ModelVersion, register_bundled_models
from ml.tests.tiny_model import write_tiny_model
from search.benchmarks.web_process import free_port, web_process
from visualsearch.tests.uploads import FORM, photo_form

STORE = """
import django; django.setup()
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
name = default_storage.save("products/mug.jpg", ContentFile(b"a photo"))
assert default_storage.open(name).read() == b"a photo"
print(default_storage.url(name))
"""


@pytest.fixture
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port())
    server.start()
    try:
        address = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
        urlopen(Request(f"{address}/moto-api/reset", method="POST")).close()  # what the test before left
        yield address
    finally:
        server.stop()


@pytest.fixture
def bucket(endpoint):
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "eu-central-1"}
    return boto3.resource("s3", endpoint_url=endpoint, **keys).create_bucket(
        Bucket="shop", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )


@pytest.fixture
def environment(endpoint, bucket):
    return {
        "MEDIA_BUCKET": "shop",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_S3_ENDPOINT_URL": endpoint,
        "AWS_S3_REGION_NAME": "eu-central-1",
    }


@pytest.fixture
def in_bucket(environment, endpoint, settings, monkeypatch):
    """This process, too, keeps its files there."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    options = {"bucket_name": "shop", "endpoint_url": endpoint, "region_name": "eu-central-1"}
    s3 = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.MEDIA_BUCKET = "shop"
    settings.STORAGES = {**settings.STORAGES, "default": s3}


@pytest.fixture
def shared(db, in_bucket, settings):
    """A model that was made on this machine."""
    directory = settings.MODELS_DIR / "tiny-made-here"
    return ModelVersion.objects.register(write_tiny_model(directory, seed=1, card={"version": directory.name}))


@pytest.mark.django_db(transaction=True)
def test_a_second_machine_searches_with_a_model_that_was_made_on_the_first(shared, environment, tmp_path):
    shared.make_active()
    with web_process(VAR_DIR=str(tmp_path / "second"), **environment) as web:
        status, _, body = web.request("POST", "/api/v1/search/", photo_form(photo_of("mug")), FORM)
        assert status == 200, body
        assert json.loads(body)["model"] == "tiny-made-here"
        assert web.request("GET", "/healthz/ready")[0] == 200
    assert (tmp_path / "second" / "models" / "tiny-made-here" / "card.json").is_file()


def test_migrating_on_a_second_machine_fetches_the_active_model_and_does_not_switch(shared, settings, tmp_path):
    shared.make_active()
    settings.MODELS_DIR = tmp_path / "second"
    register_bundled_models()
    assert ModelVersion.objects.active() == shared and (shared.directory / "model.onnx").is_file()


def test_two_processes_that_fetch_one_model_at_once_both_have_it(shared, settings, tmp_path):
    settings.MODELS_DIR = tmp_path / "second"
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda _: shared.fetch(), range(4)))
    assert [path.name for path in settings.MODELS_DIR.iterdir()] == ["tiny-made-here"]


def test_a_model_that_was_changed_in_the_bucket_is_not_loaded(shared, bucket, settings, tmp_path):
    bucket.Object("models/tiny-made-here/model.onnx").put(Body=b"another")
    settings.MODELS_DIR = tmp_path / "second"
    with pytest.raises(DamagedModel):
        shared.embedder()
    assert not shared.directory.exists()


def test_photos_go_to_the_bucket_of_the_endpoint_in_the_environment(bucket, environment, endpoint, tmp_path):
    own = {"VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "visualsearch.settings"}
    outcome = subprocess.run(
        [sys.executable, "-c", STORE],
        cwd=settings.BASE_DIR,
        env={**os.environ, **own, **environment},
        capture_output=True,
        text=True,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert [stored.key for stored in bucket.objects.all()] == ["products/mug.jpg"]
    assert outcome.stdout.startswith(endpoint)
