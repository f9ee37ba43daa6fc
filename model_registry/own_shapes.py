"""The shapes of providers' models, versions, traffic and publications in OpenAPI."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inference_backend.jobs.lists import page_of
from kernel.money import major_text
from model_registry import selectors
from model_registry.models import Model, ModelVersion, Publication, TrafficChange

ACCESS = "open: everybody may subscribe; gated: those who asked and whom you let in"


class LicenseSerializer(serializers.Serializer):
    """SPDX names, such as Apache-2.0, of the code around the model and of its weights."""

    code = serializers.CharField(max_length=60)
    weights = serializers.CharField(max_length=60)


class OriginSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=300)
    url = serializers.RegexField(r"^https?://", required=False, max_length=500)


class CardSerializer(serializers.Serializer):
    """What a person must know before using it."""

    use = serializers.CharField(max_length=2000, required=False)
    limits = serializers.CharField(max_length=2000, required=False)
    misuse = serializers.CharField(max_length=2000, required=False)
    origin = OriginSerializer(required=False)


class OfferSerializer(serializers.Serializer):
    """What a unit costs: 0.002 is $0.002."""

    unit = serializers.CharField(help_text="call, image, page, second, 1k_chars, row or point.")
    amount = serializers.CharField(help_text="Decimal text in the currency's unit.")
    currency = serializers.CharField(required=False, default="USD")
    free_per_month = serializers.IntegerField(required=False, default=0, min_value=0, max_value=1_000_000_000)


class ModelTextsSerializer(serializers.Serializer):
    """What can be changed of a model at any time."""

    title = serializers.CharField(max_length=80, required=False)
    title_zh = serializers.CharField(max_length=80, required=False, allow_blank=True)
    summary = serializers.CharField(max_length=300, required=False)
    summary_zh = serializers.CharField(max_length=300, required=False, allow_blank=True)
    industry = serializers.ListField(child=serializers.ChoiceField(choices=[
        "manufacturing", "energy", "finance", "retail", "healthcare", "logistics", "media", "public-sector",
        "education", "agriculture", "security", "developer-tools"]), required=False, max_length=12)
    tags = serializers.ListField(child=serializers.RegexField(r"^[a-z0-9][a-z0-9-]{0,39}$"), required=False,
                                 max_length=20)
    license = LicenseSerializer(required=False)
    card = CardSerializer(required=False)
    pricing = OfferSerializer(required=False)
    access = serializers.CharField(required=False, help_text=ACCESS)


class NewModelSerializer(ModelTextsSerializer):
    """A model to be. Its name gets your organization's prefix."""

    name = serializers.CharField(max_length=64)
    title = serializers.CharField(max_length=80)
    summary = serializers.CharField(max_length=300)
    task = serializers.CharField(help_text="One of the catalogue's tasks, such as tabular-classification.")


class TargetSerializer(serializers.Serializer):
    """A version and its part of the calls, in whole percents."""

    version = serializers.IntegerField(min_value=1)
    weight = serializers.IntegerField(min_value=0, max_value=100)
    label = serializers.CharField(required=False, max_length=32, help_text="Answered as X-Variant.")


class OwnModelSerializer(serializers.Serializer):
    """A model that your organization provides."""

    name = serializers.CharField()
    title = serializers.CharField()
    title_zh = serializers.CharField()
    summary = serializers.CharField()
    summary_zh = serializers.CharField()
    task = serializers.CharField()
    industry = serializers.ListField(child=serializers.CharField())
    tags = serializers.ListField(child=serializers.CharField())
    license = serializers.DictField(child=serializers.CharField())
    card = serializers.DictField()
    pricing = OfferSerializer()
    visibility = serializers.CharField(help_text="private, organization or public")
    access = serializers.CharField(help_text=ACCESS)
    model_state = serializers.CharField(help_text="active, deprecated, retired or taken_down")
    publication = serializers.CharField(allow_null=True, help_text="State of the latest request to publish.")
    versions = serializers.IntegerField()
    ready = serializers.ListField(child=serializers.IntegerField())
    live = TargetSerializer(many=True)
    signature = serializers.DictField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


OwnModelPageSerializer = page_of(OwnModelSerializer)


class VersionUploadSerializer(serializers.Serializer):
    """A version as a form: files, or the id of what was uploaded before."""

    file = serializers.FileField(required=False, help_text="model.onnx or a zip bundle; may come several times.")
    manifest = serializers.CharField(required=False, help_text="YAML or JSON, as a field or a file.")
    upload_id = serializers.CharField(required=False)
    file_id = serializers.CharField(required=False)


class VersionOfUploadSerializer(serializers.Serializer):
    """The same as JSON."""

    manifest = serializers.DictField(required=False)
    upload_id = serializers.CharField(required=False)
    file_id = serializers.CharField(required=False)


class CheckSerializer(serializers.Serializer):
    """One check of a version, in the order in which they are made."""

    id = serializers.CharField()
    title = serializers.CharField()
    check_status = serializers.CharField(source="status", help_text="passed, failed, warning or skipped")
    detail = serializers.CharField()
    fix = serializers.CharField(help_text="What to do about it.")
    code = serializers.CharField()
    ms = serializers.FloatField()
    values = serializers.DictField()


class ReportSerializer(serializers.Serializer):
    """Every check of a version, its figures and its log."""

    model = serializers.CharField()
    version = serializers.IntegerField()
    version_state = serializers.CharField()
    checks = CheckSerializer(many=True)
    profile = serializers.DictField()
    facts = serializers.DictField(allow_null=True)
    isolation = serializers.DictField()
    signature = serializers.DictField(allow_null=True)
    log = serializers.ListField(child=serializers.CharField())
    compression = serializers.DictField(allow_null=True, help_text="Of a compressed version: before and after.")
    hub = serializers.DictField(allow_null=True, help_text="Of an imported version: what was fetched, its licence.")
    progress = serializers.DictField(allow_null=True, help_text="While a hub's file is fetched: {done, total} bytes.")


class CompressSerializer(serializers.Serializer):
    """How a version is to be made smaller, and on what its answers are compared."""

    method = serializers.ChoiceField(choices=["int8_dynamic", "int8_static", "fp16"])
    calibration_file_id = serializers.CharField(required=False, help_text="Lines of {input, output?}, for int8_static.")
    data_file_id = serializers.CharField(required=False, help_text="Lines of {input, output?}: accuracy is told on it.")
    min_agreement = serializers.FloatField(required=False, min_value=0, max_value=1, help_text="0.9 unless told.")


class ImportSerializer(serializers.Serializer):
    """An ONNX file of a public hub's repository."""

    repository = serializers.CharField(max_length=200, help_text="organization/name")
    revision = serializers.CharField(max_length=100, required=False, help_text="A commit, tag or branch; main.")
    path = serializers.CharField(max_length=300, required=False, help_text="onnx/model.onnx or model.onnx unless told.")
    name = serializers.CharField(max_length=64, required=False)
    title = serializers.CharField(max_length=80, required=False)
    summary = serializers.CharField(max_length=300, required=False)
    task = serializers.CharField(max_length=64, required=False)
    manifest = serializers.DictField(required=False)


class InspectionSerializer(serializers.Serializer):
    """What an upload would be read as; nothing was kept."""

    format = serializers.CharField()
    signature = serializers.DictField(allow_null=True)
    facts = serializers.DictField(allow_null=True)
    manifest = serializers.DictField(allow_null=True)
    schemas = serializers.DictField(allow_null=True)
    checks = CheckSerializer(many=True)


class DifferenceSerializer(serializers.Serializer):
    pointer = serializers.CharField()
    change = serializers.CharField(help_text="added, removed or changed")
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class VersionDiffSerializer(serializers.Serializer):
    """What callers see differently; additions break nobody."""

    version = serializers.IntegerField()
    against = serializers.IntegerField()
    compatible = serializers.BooleanField()
    changes = DifferenceSerializer(many=True)


class DeprecationSerializer(serializers.Serializer):
    sunset = serializers.DateTimeField()
    successor = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    note = serializers.CharField(required=False, max_length=500, default="", allow_blank=True)


class TrafficSerializer(serializers.Serializer):
    """How calls are spread, and the number of the change that made it so."""

    number = serializers.IntegerField()
    targets = TargetSerializer(many=True)
    sticky_by = serializers.CharField(help_text="key, organization or none")
    shadow = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField()
    at = serializers.DateTimeField()


TrafficPageSerializer = page_of(TrafficSerializer)


class NewTrafficSerializer(serializers.Serializer):
    targets = TargetSerializer(many=True)
    sticky_by = serializers.CharField(required=False, default="key")
    shadow = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)


class RollbackSerializer(serializers.Serializer):
    to = serializers.IntegerField(required=False, min_value=1, help_text="The number of a change; else one back.")


class AliasSerializer(serializers.Serializer):
    name = serializers.CharField()
    version = serializers.IntegerField()


class NewAliasSerializer(serializers.Serializer):
    version = serializers.IntegerField(min_value=1)


AliasPageSerializer = page_of(AliasSerializer)


class PublishSerializer(serializers.Serializer):
    visibility = serializers.CharField(help_text="private, organization or public")
    terms_accepted = serializers.BooleanField(required=False, default=False)
    terms = serializers.CharField(required=False, default="", allow_blank=True, max_length=20_000,
                                  help_text="What your customers agree to.")
    pricing = OfferSerializer(required=False)
    access = serializers.CharField(required=False, help_text=ACCESS)


class ApprovalSerializer(serializers.Serializer):
    at = serializers.DateTimeField()
    note = serializers.CharField()


class PublicationSerializer(serializers.Serializer):
    """A request to publish, and what staff decided."""

    id = serializers.IntegerField(allow_null=True)
    model = serializers.CharField()
    visibility = serializers.CharField()
    publication_state = serializers.CharField(allow_null=True)
    approvals = ApprovalSerializer(many=True)
    needed = serializers.IntegerField()
    reason = serializers.CharField()
    requested_at = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)


PublicationPageSerializer = page_of(PublicationSerializer)


class NoteSerializer(serializers.Serializer):
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=500)


class ReasonSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=2000)


def own_model_document(model: Model) -> dict[str, Any]:
    """A provider's model as its owner sees it."""
    price = selectors.price_value(model)
    latest = selectors.publication(model)
    numbers = list(selectors.versions(model).values_list("number", "state"))
    return {
        **{word: getattr(model, word) for word in ("name", "title", "title_zh", "summary", "summary_zh", "task",
                                                  "industry", "tags", "card", "visibility", "access", "signature",
                                                  "created_at", "updated_at")},
        "license": {"code": model.license_code, "weights": model.license_weights}, "model_state": model.state,
        "pricing": {"unit": price.unit, "amount": major_text(price.amount, price.currency),
                    "currency": price.currency, "free_per_month": price.free_per_month},
        "publication": latest.state if latest else None, "versions": len(numbers),
        "ready": sorted(n for n, state in numbers if state == ModelVersion.State.READY), "live": model.traffic}


def report_document(model: Model, version: ModelVersion) -> dict[str, Any]:
    report = version.report or {}
    return {"model": model.name, "version": version.number, "version_state": version.state,
            "checks": report.get("checks", []), "profile": report.get("profile") or {}, "facts": report.get("facts"),
            "isolation": report.get("isolation") or {}, "signature": report.get("signature"),
            "log": report.get("log", []), "compression": report.get("compression"), "hub": report.get("hub"),
            "progress": (version.upload or {}).get("progress")}


def traffic_document(change: TrafficChange) -> dict[str, Any]:
    return {"number": change.number, "targets": change.targets, "sticky_by": change.sticky_by, "shadow": change.shadow,
            "reason": change.reason, "at": change.at}


def publication_document(model: Model, found: Publication | None) -> dict[str, Any]:
    """Who of the staff agreed stays in the house."""
    return {"id": found.pk if found else None, "model": model.name, "visibility": model.visibility,
            "publication_state": found.state if found else None, "needed": 2,
            "approvals": [{"at": a["at"], "note": a["note"]} for a in found.approvals] if found else [],
            "reason": found.reason if found else "", "requested_at": found.requested_at if found else None,
            "decided_at": found.decided_at if found else None}
