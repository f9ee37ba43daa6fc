from importlib import import_module

from django.apps import AppConfig


class ModelRegistryConfig(AppConfig):
    name = "model_registry"
    label = "model_registry"

    def ready(self) -> None:
        import_module("model_registry.hub_tasks")  # Celery finds only tasks.py by itself
