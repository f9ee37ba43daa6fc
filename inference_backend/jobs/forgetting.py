"""What is forgotten when an account is closed: everything that its people sent or got. The jobs' rows stay, empty."""

from __future__ import annotations

import logging

from inference_backend.jobs import files
from inference_backend.jobs.models import (
    BatchLine,
    Job,
    JobPayload,
    JobResult,
    StoredFile,
    Upload,
    WebhookEndpoint,
    WebhookSecret,
)
from kernel.clock import now
from kernel.facts import AccountClosed

log = logging.getLogger(__name__)


def forget(fact: AccountClosed) -> None:
    """Deletes payloads, results, files and webhook addresses of an organization. Again: nothing is left to do.

    What is still running loses its payload when it ends; its key is revoked, so that it is not run anew.
    """
    org = fact.org_id
    ended = Job.objects.filter(org_id=org).exclude(completed_at=None)
    JobPayload.objects.filter(job__in=ended).delete()
    JobPayload.objects.filter(org_id=org).update(delete_after=now())
    JobResult.objects.filter(org_id=org).delete()
    Job.objects.filter(org_id=org).update(webhook_url="", metadata={})
    BatchLine.objects.filter(batch__org_id=org).delete()
    WebhookSecret.objects.filter(org_id=org).delete()
    WebhookEndpoint.objects.filter(org_id=org).delete()
    for file_id in StoredFile.objects.filter(org_id=org).values_list("pk", flat=True):
        files.delete(org_id=org, file_id=file_id)
    for upload_id in Upload.objects.filter(org_id=org, state="open").values_list("pk", flat=True):
        files.cancel_upload(org_id=org, upload_id=upload_id)
    log.info("the payloads and files of organization %s are deleted", org)
