"""The durable record of asynchronous predictions. Postgres is the truth; Celery is only the bell."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kernel import ids
from kernel.clock import now

OPEN = ("queued", "starting", "processing")
CLOSED = ("succeeded", "failed", "canceled")


class Job(models.Model):
    """One asynchronous prediction, from acceptance to its end.

    States move by the named transitions of `services` under a row lock. `lease_token` fences: whoever does not hold
    the current token can't write to the job, so a worker that was given up for dead does no harm when it wakes.
    """

    STATUSES = [(status, status) for status in (*OPEN, *CLOSED)]

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    org_id = models.BigIntegerField()
    key_id = models.BigIntegerField()
    model = models.CharField(max_length=64)
    version = models.PositiveIntegerField(null=True)  # until it ran: the version asked for, None for the route's pick
    variant = models.CharField(max_length=32, blank=True)
    status = models.CharField(max_length=12, choices=STATUSES, default="queued")
    progress = models.FloatField(default=0.0)  # 0 to 1
    stage = models.CharField(max_length=64, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_detail = models.TextField(blank=True)
    usage = models.JSONField(null=True)
    metadata = models.JSONField(default=dict)
    webhook_url = models.URLField(max_length=2000, blank=True)
    idempotency_key = models.CharField(max_length=255, null=True)
    request_hash = models.BinaryField(max_length=32)
    traceparent = models.CharField(max_length=55, blank=True, default="")  # of the call that made it, where traced
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    cancel_requested_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(default=now)  # a job that waits for its turn again
    announced_at = models.DateTimeField(null=True)  # when Celery was last told
    created_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)  # when the result is deleted

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "model", "idempotency_key"], name="jobs_one_per_idempotency_key"),
            models.CheckConstraint(condition=Q(progress__gte=0) & Q(progress__lte=1), name="jobs_progress_0_to_1"),
        ]
        indexes = [
            models.Index(fields=["org_id", "-created_at", "-id"], name="jobs_newest_of_org"),
            models.Index(fields=["lease_expires_at"], condition=Q(status__in=("starting", "processing")),
                         name="jobs_leased"),
            models.Index(fields=["announced_at"], condition=Q(status="queued"), name="jobs_queued"),
            models.Index(fields=["expires_at"], name="jobs_expiring"),
        ]

    @property
    def public_id(self) -> str:
        return ids.prefixed("pred", self.id)


class JobPayload(models.Model):
    """The request as it came, for as long as it is needed: deleted a while after the job has ended."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True, related_name="payload")
    org_id = models.BigIntegerField()
    content_type = models.CharField(max_length=255)
    body = models.BinaryField()
    grant = models.TextField()  # the admitted grant as JSON; the worker asks for the current one before it runs
    delete_after = models.DateTimeField(null=True)


class JobResult(models.Model):
    """The output document as JSON bytes (jsonb refuses NUL characters, which texts may hold), media as data URLs."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True, related_name="result")
    org_id = models.BigIntegerField()
    output = models.BinaryField()


class Outbox(models.Model):
    """One announcement to Celery, written in the transaction that made it necessary."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=now)
    due_at = models.DateTimeField(default=now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], condition=Q(sent_at=None), name="jobs_outbox_unsent")]


class JobEvent(models.Model):
    """What happened to a job, in order: the source of its server-sent events."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="events")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=16)  # status | progress
    data = models.JSONField()
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "sequence"], name="jobs_event_sequence")]


class StoredFile(models.Model):
    """A file of an organization. Its bytes lie in the blob store under the id's hex."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    org_id = models.BigIntegerField()
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=127)
    purpose = models.CharField(max_length=16)
    bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["org_id", "-created_at", "-id"], name="jobs_files_of_org")]

    @property
    def public_id(self) -> str:
        return ids.prefixed("file", self.id)


class Upload(models.Model):
    """A file that comes in parts. Its parts lie in the blob store as <hex>.<number>."""

    STATES = [(state, state) for state in ("open", "completed", "canceled")]

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    org_id = models.BigIntegerField(db_index=True)
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=127)
    purpose = models.CharField(max_length=16)
    bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True)  # as announced; empty: not checked
    state = models.CharField(max_length=10, choices=STATES, default="open")
    file = models.ForeignKey(StoredFile, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField(db_index=True)

    @property
    def public_id(self) -> str:
        return ids.prefixed("upload", self.id)


class UploadPart(models.Model):
    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()  # from 1
    bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "number"], name="jobs_one_part_per_number")]


BATCH_OPEN = ("validating", "in_progress", "finalizing", "canceling")


class Batch(models.Model):
    """Many calls of one endpoint from a file of lines. Its lease fences as a job's does."""

    STATUSES = [(status, status) for status in (*BATCH_OPEN, "completed", "failed", "canceled", "expired")]

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    org_id = models.BigIntegerField()
    key_id = models.BigIntegerField()
    grant = models.TextField()
    endpoint = models.CharField(max_length=160)
    input_file_id = models.UUIDField()
    output_file_id = models.UUIDField(null=True)
    error_file_id = models.UUIDField(null=True)
    status = models.CharField(max_length=12, choices=STATUSES, default="validating")
    total = models.PositiveIntegerField(default=0)
    succeeded = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=38, decimal_places=12, default=0)  # in the currency's unit, as charged
    currency = models.CharField(max_length=3, blank=True)
    errors = models.JSONField(default=list)  # of validation: {line, code, message}
    metadata = models.JSONField(default=dict)
    idempotency_key = models.CharField(max_length=255, null=True)
    request_hash = models.BinaryField(max_length=32)
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(default=now)
    cancel_requested_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()  # what has not run by then is given up

    class Meta:
        constraints = [models.UniqueConstraint(fields=["org_id", "idempotency_key"], name="jobs_one_batch_per_key")]
        indexes = [
            models.Index(fields=["org_id", "-created_at", "-id"], name="jobs_batches_of_org"),
            models.Index(fields=["not_before"], condition=Q(status__in=BATCH_OPEN), name="jobs_batches_open"),
        ]

    @property
    def public_id(self) -> str:
        return ids.prefixed("batch", self.id)


class BatchLine(models.Model):
    """The outcome of one line, kept until the output files are written."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField()  # from 1, as in the file
    custom_id = models.CharField(max_length=512)
    status_code = models.PositiveSmallIntegerField()
    body = models.BinaryField()  # JSON

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="jobs_one_outcome_per_line")]


class WebhookSecret(models.Model):
    """A signing secret of an organization. Two are valid while one is being rotated out."""

    org_id = models.BigIntegerField(db_index=True)
    secret = models.CharField(max_length=80)  # whsec_<base64>
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField(null=True)


class WebhookEndpoint(models.Model):
    """An address of an organization that is told of the events that it chose."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)  # shown as whe_<hex>
    org_id = models.BigIntegerField(db_index=True)
    url = models.URLField(max_length=2000)
    events = models.JSONField(default=list)  # names, "version.*" or "*"
    created_at = models.DateTimeField(default=now)


class WebhookDelivery(models.Model):
    """The log of one message to one URL, over all its attempts. It is of a job, or of an endpoint with its `data`."""

    STATES = [(state, state) for state in ("pending", "delivered", "failed")]

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)  # shown as msg_<hex>: the webhook-id
    org_id = models.BigIntegerField(db_index=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, null=True, related_name="+")
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, null=True, related_name="+")
    data = models.JSONField(null=True)
    event = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=STATES, default="pending")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=now)
    response_status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["next_at"], condition=Q(state="pending"), name="jobs_webhooks_due")]
        constraints = [models.CheckConstraint(name="jobs_webhook_of_one",
                                              condition=Q(job__isnull=False) ^ Q(endpoint__isnull=False))]

    @property
    def url(self) -> str:
        """Where it goes."""
        return str(self.job.webhook_url if self.job is not None else self.endpoint.url)
