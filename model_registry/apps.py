from django.apps import AppConfig


class ModelRegistryConfig(AppConfig):
    name = "model_registry"
    label = "model_registry"
