from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "inference_backend.jobs"
    label = "jobs"
