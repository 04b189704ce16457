from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class MlConfig(AppConfig):
    name = "ml"
    verbose_name = _("Learning")

    def ready(self) -> None:
        from ml.models import register_bundled_models

        post_migrate.connect(register_bundled_models, sender=self)
