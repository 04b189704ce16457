from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class SearchConfig(AppConfig):
    name = "search"
    verbose_name = _("Search")

    def ready(self) -> None:
        from search import signals
        from search.admin.roles import make_groups

        post_migrate.connect(signals.prepare_database, sender=self)
        post_migrate.connect(make_groups, sender=self)
