"""What the composition root itself remembers."""

from __future__ import annotations

from django.db import models

from kernel import clock


class Preparation(models.Model):
    """The last run of `prepare` on this database: what it read, and which folders of Triton's repository
    (model/version) it wrote. One row."""

    fingerprint = models.CharField(max_length=64)
    served = models.JSONField(default=list)
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.fingerprint[:12]}"
