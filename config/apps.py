from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """The composition root as an app: management commands, and the wiring once every package is loaded."""

    name = "config"

    def ready(self) -> None:
        from config import wiring

        wiring.connect()
