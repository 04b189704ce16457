"""Tasks that wait in the queue under the names of functions that have moved since: workers find them again."""

from django.core.signing import BadSignature
from django.db import migrations
from django_q.signing import SignedPackage

MOVED = {
    "catalog.import_runs.work": "catalog.imports.runs.work",
    "search.tasks.tend": "search.tasks.requeue_stale_photos",
    "search.tasks.sweep_queries": "search.tasks.delete_expired_queries",
}


def rename(apps, schema_editor):
    for row in apps.get_model("django_q", "OrmQ").objects.all():
        try:
            task = SignedPackage.loads(row.payload)
        except BadSignature:  # of another SECRET_KEY: no worker would take it either
            continue
        if task["func"] in MOVED:
            task["func"] = MOVED[task["func"]]
            row.payload = SignedPackage.dumps(task)
            row.save(update_fields=["payload"])


class Migration(migrations.Migration):
    dependencies = [
        ("django_q", "0018_task_success_index"),
        ("search", "0006_readiness_from_the_index"),
    ]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]
