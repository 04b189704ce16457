from django.apps import AppConfig


class VisualsearchConfig(AppConfig):
    name = "visualsearch"

    def ready(self) -> None:
        from visualsearch import database, login, metrics, queue, replica  # noqa: F401 - they listen to signals
