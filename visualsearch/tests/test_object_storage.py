"""Photos in a bucket that is not Amazon's: found by AWS_S3_ENDPOINT_URL. With a real S3 server on loopback (moto)."""

import os
import subprocess
import sys

import boto3
import pytest
from django.conf import settings
from moto.server import ThreadedMotoServer

from visualsearch.tests.web_process import free_port

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
        yield f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    finally:
        server.stop()


def test_photos_go_to_the_bucket_of_the_endpoint_in_the_environment(endpoint, tmp_path):
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "eu-central-1"}
    bucket = boto3.resource("s3", endpoint_url=endpoint, **keys).create_bucket(
        Bucket="shop", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    environment = {
        **os.environ,
        "VAR_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "visualsearch.settings",
        "MEDIA_BUCKET": "shop",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_S3_ENDPOINT_URL": endpoint,
        "AWS_S3_REGION_NAME": "eu-central-1",
    }
    outcome = subprocess.run(
        [sys.executable, "-c", STORE], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True
    )
    assert outcome.returncode == 0, outcome.stderr
    assert [stored.key for stored in bucket.objects.all()] == ["products/mug.jpg"]
    assert outcome.stdout.startswith(endpoint)
