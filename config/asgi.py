"""The one origin: the lean gateway in front of Django in one process. `python -m config.asgi` serves it."""

from __future__ import annotations

import os

import django

from config import workers

if __name__ == "__main__":
    workers.lead("TESSERA_WEB_WORKERS")

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.asgi import get_asgi_application  # noqa: E402

from config import data_plane, observability, serve, telemetry  # noqa: E402
from config.admission import Bounded  # noqa: E402
from config.settings import ENV  # noqa: E402
from inference_backend.gateway import Gateway  # noqa: E402
from inference_backend.jobs.submitter import JobSubmitter  # noqa: E402

telemetry.start("web")
_runtime = data_plane.runtime(ENV, jobs=JobSubmitter(), label="web")
application = Gateway(_runtime, observability.metrics_app(_runtime, Bounded(get_asgi_application())),
                      trusted=ENV.trusted_proxies)

if __name__ == "__main__":
    serve.http(application, ENV.host, ENV.port, workers=ENV.web_workers)
