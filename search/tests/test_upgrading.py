"""What a former version left in the database goes on working."""

import importlib

import pytest
from django.apps import apps
from django_q.models import OrmQ, Schedule
from django_q.signing import SignedPackage

from search.indexing.queue import enqueue_photos
from search.signals import SCHEDULES, prepare_database

pytestmark = pytest.mark.django_db

rename = importlib.import_module("search.migrations.0007_renamed_queue_tasks").rename


def test_tasks_that_wait_under_a_former_name_are_found_again():
    for func in ("search.tasks.tend", "catalog.import_runs.work", "search.tasks.embed_images"):
        OrmQ.objects.create(key="visualsearch", payload=SignedPackage.dumps({"func": func, "args": (7,)}))
    signed_by_another = OrmQ.objects.create(key="visualsearch", payload="no-signature")
    rename(apps, None)
    tasks = [SignedPackage.loads(row.payload) for row in OrmQ.objects.order_by("pk") if row != signed_by_another]
    assert [task["func"] for task in tasks] == [
        "search.tasks.requeue_stale_photos",
        "catalog.imports.runs.work",
        "search.tasks.embed_images",
    ]
    assert {task["args"] for task in tasks} == {(7,)}


def test_schedules_of_former_names_go_and_those_of_feeds_stay():
    for name in ("search.tasks.tend", "feed 7"):
        Schedule.objects.create(name=name, func=name)
    prepare_database()
    assert set(Schedule.objects.values_list("name", flat=True)) == {*SCHEDULES, "feed 7"}


def test_every_schedule_and_task_names_a_function_that_is_there_and_what_it_does():
    prepare_database()
    for schedule in Schedule.objects.all():
        module, _, function = schedule.func.rpartition(".")
        assert callable(getattr(importlib.import_module(module), function))
        assert function.replace("_", " ") in schedule.kwargs
    enqueue_photos([1, 2])
    assert OrmQ.objects.latest("pk").task["name"] == "embed photos (2)"
