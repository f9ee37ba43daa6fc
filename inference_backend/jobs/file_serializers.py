"""The shapes of files, uploads and batches in OpenAPI."""

from __future__ import annotations

from rest_framework import serializers

from inference_backend.files import PURPOSES
from inference_backend.jobs.lists import page_of


class StoredFileSerializer(serializers.Serializer):
    """A file of your organization."""

    id = serializers.CharField(help_text="file_…; stands for the content in a prediction's media fields.")
    object = serializers.CharField(help_text="Always `file`.")
    filename = serializers.CharField()
    content_type = serializers.CharField()
    purpose = serializers.CharField(help_text=f"{', '.join(PURPOSES)} or batch_output.")
    bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="When it is deleted.")


StoredFilePageSerializer = page_of(StoredFileSerializer)


class FileUploadSerializer(serializers.Serializer):
    """One file of at most 64 MiB; larger ones come in parts (uploads)."""

    file = serializers.FileField()
    purpose = serializers.CharField(required=False, help_text=f"One of {', '.join(PURPOSES)}; user_data unless told.")
    expires_after = serializers.IntegerField(required=False, help_text="Seconds, an hour to 90 days; 30 days else.")


class UploadRequestSerializer(serializers.Serializer):
    """A file that will come in parts."""

    filename = serializers.CharField()
    bytes = serializers.IntegerField(help_text="Of the whole file, at most 512 MiB.")
    content_type = serializers.CharField(required=False)
    purpose = serializers.CharField(required=False)
    sha256 = serializers.CharField(required=False, help_text="Of the whole file, lower-case hex; checked at the end.")


class UploadPartSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    bytes = serializers.IntegerField()
    sha256 = serializers.CharField()


class UploadSerializer(serializers.Serializer):
    """A file on its way. After a broken connection, send the parts that `parts` lacks."""

    id = serializers.CharField(help_text="upload_…")
    object = serializers.CharField(help_text="Always `upload`.")
    filename = serializers.CharField()
    bytes = serializers.IntegerField()
    state = serializers.CharField(help_text="open, completed or canceled.")
    max_part_bytes = serializers.IntegerField()
    parts = UploadPartSerializer(many=True)
    file_id = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class CompleteUploadSerializer(serializers.Serializer):
    sha256 = serializers.CharField(required=False, help_text="Of the whole file; checked.")


class BatchRequestSerializer(serializers.Serializer):
    """Many calls from a file of JSON lines: `{"custom_id", "method", "url", "body"}`, or for predictions the short
    form `{"custom_id", "input", "parameters"}`."""

    input_file_id = serializers.CharField(help_text="A file of the purpose batch.")
    model = serializers.CharField(required=False, help_text="Short for the endpoint of its predictions.")
    endpoint = serializers.CharField(required=False, help_text="/api/v1/models/{model}/predictions, /v1/embeddings "
                                                               "or /v1/moderations.")
    metadata = serializers.DictField(required=False)


class BatchCountsSerializer(serializers.Serializer):
    total = serializers.IntegerField()
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()


class BatchFaultSerializer(serializers.Serializer):
    line = serializers.IntegerField(allow_null=True)
    code = serializers.CharField()
    message = serializers.CharField()


class BatchUsageSerializer(serializers.Serializer):
    cost = serializers.CharField(help_text="Decimal text in the currency's unit, before included units and tiers.")
    currency = serializers.CharField(allow_null=True)


class BatchUrlsSerializer(serializers.Serializer):
    get = serializers.CharField()
    cancel = serializers.CharField()


class BatchSerializer(serializers.Serializer):
    """A batch: each line is metered and billed as a call of its own."""

    id = serializers.CharField(help_text="batch_…")
    object = serializers.CharField(help_text="Always `batch`.")
    endpoint = serializers.CharField()
    status = serializers.CharField(help_text="validating, in_progress, finalizing, completed, failed, canceling, "
                                             "canceled or expired.")
    progress = serializers.FloatField(help_text="0 to 1.")
    counts = BatchCountsSerializer()
    input_file_id = serializers.CharField()
    output_file_id = serializers.CharField(allow_null=True)
    error_file_id = serializers.CharField(allow_null=True)
    errors = BatchFaultSerializer(many=True, help_text="Why the input file was refused.")
    metadata = serializers.DictField()
    usage = BatchUsageSerializer()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField()
    urls = BatchUrlsSerializer()


BatchPageSerializer = page_of(BatchSerializer)
