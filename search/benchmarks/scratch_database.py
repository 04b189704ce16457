"""Where the benchmarks put what they measure: never into the shop's own database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from ml.models import ModelVersion
from search.indexing.rollout import index_name


@contextmanager
def scratch_database() -> Iterator[None]:
    """A migrated, empty database beside the real one on the same server, dropped afterwards.

    Without the active model's index: it is built when the rows are there, as it would be for a shop of that size.
    """
    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = f"bench_{name}"
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        if model := ModelVersion.objects.active():
            with connection.cursor() as cursor:
                cursor.execute(f"DROP INDEX {index_name(model)}")
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def bench_model() -> ModelVersion:
    model = ModelVersion.objects.active()
    if model:
        return model
    return ModelVersion.objects.create(
        version="bench", sha256="0" * 64, backbone="none", dim=256, input_size=96, state=ModelVersion.State.ACTIVE
    )
