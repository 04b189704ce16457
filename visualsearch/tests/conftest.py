import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from visualsearch.tests.embedded_server import wait_until_stopped


@pytest.fixture
def var() -> Iterator[Path]:
    """An empty VAR_DIR with an embedded server of its own, which has stopped when the fixture ends.

    Not below pytest's directory, which only root may enter: root starts the server as another user.
    """
    with tempfile.TemporaryDirectory(dir=settings.VAR_DIR) as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)
        wait_until_stopped(Path(directory))
