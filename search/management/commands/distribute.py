"""manage.py distribute"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.indexing.distribution import NoCitus, distribute


class Command(BaseCommand):
    help = "Spread the photos' embeddings over the servers of a Citus cluster. May be repeated; see docs/scaling.md."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            changed = distribute()
        except NoCitus as reason:
            raise CommandError(str(reason)) from reason
        self.stdout.write("The embeddings are distributed by photo." if changed else "They are distributed already.")
