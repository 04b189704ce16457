"""Nothing is lost: a real worker is killed with SIGKILL in mid-batch, another one finishes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import connection

from search.models import Embedding, photos_awaiting


def start_worker() -> subprocess.Popen:
    environment = {
        **os.environ,
        "DATABASE_URL": "postgres:///{NAME}?host={HOST}&user={USER}".format(**connection.settings_dict),
        "Q_TIMEOUT": "3",
        "Q_RETRY": "4",
        "SEARCH_TEST_MEDIA": "",
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", "qcluster"],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
