"""Providers' models over HTTP: docs/spec/registration.md. Each view parses, calls one service and renders."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from inference_backend.files import MAX_DIRECT
from inference_backend.jobs import files as stored_files
from inference_backend.jobs.lists import PAGING, listed
from kernel import ids
from kernel.paging import whole
from kernel.problems import FieldError, Problem
from model_registry import access, deployment, origins, publication, registration, selectors
from model_registry import own_shapes as shapes
from model_registry.models import Alias, ModelVersion, Publication

READ, WRITE, DEPLOY = "models:read", "models:write", "models:deploy"
NOT_FOUND = {(404, "application/problem+json"): OpenApiResponse(
    OpenApiTypes.OBJECT, description="A problem: model_not_found or version_not_found")}
FORM = 65_536


def read(shape: type[Any], request: Request) -> dict[str, Any]:
    """The checked body of a request."""
    body = shape(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


class NewModels(APIView):
    # The part of `/models` that writes; the shelf adds its list. (A docstring would be every operation's description.)

    @extend_schema(operation_id="models_create", tags=["own models"], summary="Register a model of your own",
                   request=shapes.NewModelSerializer, responses={201: shapes.OwnModelSerializer})
    def post(self, request: Request) -> Response:
        who = access.caller(request, WRITE)
        made = registration.create_model(caller=who, **read(shapes.NewModelSerializer, request))
        return Response(shapes.own_model_document(made), status=201,
                        headers={"Location": f"/api/v1/provider/models/{made.name}"})


class OwnModels(APIView):
    @extend_schema(operation_id="own_models_list", tags=["own models"], summary="List the models that you provide",
                   parameters=PAGING, responses={200: shapes.OwnModelPageSerializer})
    def get(self, request: Request) -> Response:
        who = access.caller(request, READ)
        rows = selectors.own_models(who.org_id).order_by("pk")
        return Response(listed(request, rows, shapes.own_model_document, newest_first=False))


class OneOwnModel(APIView):
    @extend_schema(operation_id="own_models_retrieve", tags=["own models"], summary="Get a model that you provide",
                   responses={200: shapes.OwnModelSerializer, **NOT_FOUND})
    def get(self, request: Request, model: str) -> Response:
        who = access.caller(request, READ)
        return Response(shapes.own_model_document(selectors.own_model(model, org_id=who.org_id)))


class ChangeModel(APIView):
    # The part of `/models/{model}` that writes.


    @extend_schema(operation_id="models_update", tags=["own models"], summary="Change texts, card, licence and price",
                   request=shapes.ModelTextsSerializer, responses={200: shapes.OwnModelSerializer, **NOT_FOUND})
    def patch(self, request: Request, model: str) -> Response:
        who = access.caller(request, WRITE)
        changed = registration.update_model(caller=who, name=model, changes=read(shapes.ModelTextsSerializer, request))
        return Response(shapes.own_model_document(changed))

    @extend_schema(operation_id="models_delete", tags=["own models"], summary="Take a model of yours away",
                   responses={204: None, **NOT_FOUND})
    def delete(self, request: Request, model: str) -> Response:
        registration.delete_model(caller=access.caller(request, WRITE), name=model)
        return Response(status=204)


class Inspect(APIView):
    parser_classes = [MultiPartParser]

    @extend_schema(operation_id="models_inspect", tags=["own models"], summary="Read a model without keeping it",
                   request={"multipart/form-data": shapes.VersionUploadSerializer},
                   responses={200: shapes.InspectionSerializer},
                   description="The signature, JSON Schemas and a draft of the manifest, to correct before a version "
                               "is uploaded.")
    def post(self, request: Request) -> Response:
        access.caller(request, WRITE)
        sent = _files(request)
        if len(sent) != 1:
            raise Problem("bundle_invalid", "send one file", errors=[FieldError("/file", "is required", "required")])
        found = registration.inspect(filename=sent[0][0], file=sent[0][1], manifest=_manifest(request))
        return Response({**found, "checks": shapes.CheckSerializer(found["checks"], many=True).data})


class NewVersions(APIView):
    # The part of `/models/{model}/versions` that writes.

    parser_classes = [JSONParser, MultiPartParser]

    @extend_schema(operation_id="model_versions_create", tags=["own models"], summary="Upload a version",
                   request={"multipart/form-data": shapes.VersionUploadSerializer,
                            "application/json": shapes.VersionOfUploadSerializer},
                   responses={202: OpenApiTypes.OBJECT, **NOT_FOUND},
                   description="Its checks run behind the answer; the report tells how far they are. Over 64 MB, send "
                               "the file by /uploads and name `upload_id` here.")
    def post(self, request: Request, model: str) -> Response:
        who = access.caller(request, WRITE)
        selectors.own_model(model, org_id=who.org_id)
        sent = _files(request) or _stored(request, who.org_id)
        version = registration.start_version(caller=who, name=model, files=sent, manifest=_manifest(request))
        return _begun(model, version)


def _begun(model: str, version: ModelVersion) -> Response:
    return Response({**version_document(version), "model": model}, status=202, headers={
        "Location": f"/api/v1/models/{model}/versions/{version.number}", "Retry-After": "1"})


def _files(request: Request) -> list[tuple[str, Any]]:
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_DIRECT + FORM:
        raise Problem("payload_too_large", f"at most {MAX_DIRECT >> 20} MiB come in one request: use uploads")
    return [(file.name or "model.onnx", file) for file in request.FILES.getlist("file")]


def _stored(request: Request, org_id: int) -> list[tuple[str, Any]]:
    if not isinstance(request.data, dict):
        raise Problem("validation_error", "the body must be a JSON object")
    upload_id, file_id = request.data.get("upload_id"), request.data.get("file_id")
    if upload_id:
        upload = stored_files.upload_of(org_id=org_id, upload_id=ids.unprefixed("upload", str(upload_id)))
        if upload.state != "completed" or upload.file is None:
            raise Problem("invalid_state", "complete the upload first")
        row = upload.file
    elif file_id:
        row = stored_files.file_of(org_id=org_id, file_id=ids.unprefixed("file", str(file_id)))
    else:
        return []
    return [(row.filename, stored_files.open_content(row))]


def _manifest(request: Request) -> str | None:
    given = request.FILES.get("manifest") or request.data.get("manifest")
    if given is None or isinstance(given, str):
        return given or None
    if isinstance(given, dict):
        return json.dumps(given)
    if not hasattr(given, "read"):
        raise Problem("validation_error", errors=[FieldError("/manifest", "must be an object or text")])
    content = given.read((1 << 20) + 1)
    try:
        return str(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise Problem("bundle_invalid", "the manifest is not UTF-8 text") from None


def version_document(version: ModelVersion) -> dict[str, Any]:
    from model_registry.api import ModelVersionSerializer

    return dict(ModelVersionSerializer(version).data)


class Compress(APIView):
    @extend_schema(operation_id="model_versions_compress", tags=["own models"], summary="Make a version smaller",
                   request=shapes.CompressSerializer, responses={202: OpenApiTypes.OBJECT, **NOT_FOUND},
                   description="A new version is made behind the answer: weights of 8 bits, quantised as it runs or on "
                               "calibration data, or numbers of 16 bits. Its report tells size, p50, p95 and accuracy "
                               "before and after.")
    def post(self, request: Request, model: str, version: int) -> Response:
        who = access.caller(request, WRITE)
        made = origins.begin_compression(caller=who, name=model, number=version,
                                         **read(shapes.CompressSerializer, request))
        return _begun(model, made)


class Import(APIView):
    @extend_schema(operation_id="models_import", tags=["own models"], summary="Import a model from a hub",
                   request=shapes.ImportSerializer, responses={202: OpenApiTypes.OBJECT, **NOT_FOUND},
                   description="An ONNX file of a repository, by revision, as the next version of a model, which is "
                               "made where it is new. It is checked like an upload; the report tells how far it is "
                               "and which licence the repository names.")
    def post(self, request: Request) -> Response:
        who = access.caller(request, WRITE)
        said = read(shapes.ImportSerializer, request)
        if "manifest" in said:
            said["manifest"] = json.dumps(said["manifest"])
        model, made = origins.begin_import(caller=who, **said)
        return _begun(model.name, made)


class Report(APIView):
    @extend_schema(operation_id="model_versions_report", tags=["own models"], summary="Get a version's report",
                   responses={200: shapes.ReportSerializer, **NOT_FOUND})
    def get(self, request: Request, model: str, version: int) -> Response:
        who = access.caller(request, READ)
        found = selectors.own_model(model, org_id=who.org_id)
        shown = shapes.report_document(found, selectors.version(found, str(version)))
        return Response(shapes.ReportSerializer(shown).data)


class Diff(APIView):
    @extend_schema(operation_id="model_versions_diff", tags=["own models"], summary="Compare two versions' schemas",
                   parameters=[OpenApiParameter("against", int, required=True)],
                   responses={200: shapes.VersionDiffSerializer, **NOT_FOUND})
    def get(self, request: Request, model: str, version: int) -> Response:
        who = access.caller(request, READ)
        found = selectors.own_model(model, org_id=who.org_id)
        against = request.query_params.get("against", "")
        return Response(deployment.compare_versions(found, selectors.version(found, str(version)),
                                                    selectors.version(found, against)))


class Activate(APIView):
    @extend_schema(operation_id="model_versions_activate", tags=["own models"], summary="Send all calls to a version",
                   request=None, responses={202: shapes.TrafficSerializer, **NOT_FOUND})
    def post(self, request: Request, model: str, version: int) -> Response:
        who = access.caller(request, DEPLOY)
        return Response(shapes.traffic_document(deployment.activate(caller=who, name=model, number=version)),
                        status=202)


class Retire(APIView):
    @extend_schema(operation_id="model_versions_retire", tags=["own models"], summary="End a version", request=None,
                   responses={202: OpenApiTypes.OBJECT, **NOT_FOUND})
    def post(self, request: Request, model: str, version: int) -> Response:
        who = access.caller(request, DEPLOY)
        return Response(version_document(deployment.retire(caller=who, name=model, number=version)), status=202)


class Deprecate(APIView):
    @extend_schema(operation_id="model_versions_deprecate", tags=["own models"],
                   summary="Say until when a version answers", request=shapes.DeprecationSerializer,
                   responses={200: OpenApiTypes.OBJECT, **NOT_FOUND})
    def post(self, request: Request, model: str, version: int) -> Response:
        who = access.caller(request, WRITE)
        said = read(shapes.DeprecationSerializer, request)
        return Response(version_document(deployment.deprecate(caller=who, name=model, number=version, **said)))


class Aliases(APIView):
    @extend_schema(operation_id="model_aliases_list", tags=["own models"], summary="List a model's aliases",
                   responses={200: shapes.AliasPageSerializer, **NOT_FOUND})
    def get(self, request: Request, model: str) -> Response:
        who = access.caller(request, READ)
        found = selectors.own_model(model, org_id=who.org_id)
        rows = Alias.objects.filter(model=found).order_by("name").values("name", "version")
        return Response(whole(list(rows)))


class OneAlias(APIView):
    @extend_schema(operation_id="model_aliases_set", tags=["own models"], summary="Point an alias at a version",
                   request=shapes.NewAliasSerializer, responses={200: shapes.AliasSerializer, **NOT_FOUND})
    def put(self, request: Request, model: str, alias: str) -> Response:
        who = access.caller(request, DEPLOY)
        number = read(shapes.NewAliasSerializer, request)["version"]
        made = deployment.point_alias(caller=who, name=model, alias=alias, number=number)
        return Response({"name": made.name, "version": made.version})

    @extend_schema(operation_id="model_aliases_delete", tags=["own models"], summary="Remove an alias",
                   responses={204: None, **NOT_FOUND})
    def delete(self, request: Request, model: str, alias: str) -> Response:
        deployment.drop_alias(caller=access.caller(request, DEPLOY), name=model, alias=alias)
        return Response(status=204)


class Traffic(APIView):
    @extend_schema(operation_id="models_traffic", tags=["own models"], summary="See how calls are spread",
                   responses={200: shapes.TrafficSerializer, **NOT_FOUND})
    def get(self, request: Request, model: str) -> Response:
        who = access.caller(request, READ)
        return Response(shapes.traffic_document(deployment.traffic(selectors.own_model(model, org_id=who.org_id))))

    @extend_schema(operation_id="models_set_traffic", tags=["own models"], summary="Spread calls over versions",
                   request=shapes.NewTrafficSerializer, responses={200: shapes.TrafficSerializer, **NOT_FOUND},
                   description="Every version that gets calls, and the shadow, must answer a real inference first; if "
                               "one does not, nothing changes. The gateway obeys within a second.")
    def put(self, request: Request, model: str) -> Response:
        who = access.caller(request, DEPLOY)
        said = read(shapes.NewTrafficSerializer, request)
        return Response(shapes.traffic_document(deployment.set_traffic(caller=who, name=model, **said)))


class TrafficHistory(APIView):
    @extend_schema(operation_id="models_traffic_history", tags=["own models"], summary="See how calls were spread",
                   parameters=PAGING, responses={200: shapes.TrafficPageSerializer, **NOT_FOUND})
    def get(self, request: Request, model: str) -> Response:
        who = access.caller(request, READ)
        rows = selectors.traffic_changes(selectors.own_model(model, org_id=who.org_id))
        return Response(listed(request, rows, shapes.traffic_document, by="number"))


class Rollback(APIView):
    @extend_schema(operation_id="models_rollback", tags=["own models"], summary="Spread calls as before",
                   request=shapes.RollbackSerializer, responses={200: shapes.TrafficSerializer, **NOT_FOUND})
    def post(self, request: Request, model: str) -> Response:
        who = access.caller(request, DEPLOY)
        said = read(shapes.RollbackSerializer, request)
        return Response(shapes.traffic_document(deployment.roll_back(caller=who, name=model, **said)))


class Publish(APIView):
    @extend_schema(operation_id="models_publish", tags=["own models"], summary="Ask for the shelf",
                   request=shapes.PublishSerializer, responses={202: shapes.PublicationSerializer,
                                                                200: shapes.PublicationSerializer, **NOT_FOUND})
    def post(self, request: Request, model: str) -> Response:
        who = access.caller(request, WRITE)
        made = publication.publish(caller=who, name=model, **read(shapes.PublishSerializer, request))
        found = selectors.own_model(model, org_id=who.org_id)
        waits = made is not None and made.state == "in_review"
        return Response(shapes.publication_document(found, made), status=202 if waits else 200)


class OnePublication(APIView):
    @extend_schema(operation_id="models_publication", tags=["own models"], summary="See how publishing stands",
                   responses={200: shapes.PublicationSerializer, **NOT_FOUND})
    def get(self, request: Request, model: str) -> Response:
        who = access.caller(request, READ)
        found = selectors.own_model(model, org_id=who.org_id)
        return Response(shapes.publication_document(found, selectors.publication(found)))


class Withdraw(APIView):
    @extend_schema(operation_id="models_withdraw", tags=["own models"], summary="Take a model off the shelf",
                   request=None, responses={200: shapes.PublicationSerializer, **NOT_FOUND})
    def post(self, request: Request, model: str) -> Response:
        who = access.caller(request, WRITE)
        found = publication.withdraw(caller=who, name=model)
        return Response(shapes.publication_document(selectors.own_model(model, org_id=who.org_id), found))


class ForStaff(APIView):
    permission_classes = [AllowAny]  # `access.staff` lets nobody else in


class Publications(ForStaff):
    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        access.staff(request)
        rows = selectors.publications(request.query_params.get("state", ""))
        return Response(listed(request, rows, lambda row: shapes.publication_document(row.model, row),
                               newest_first=False))


class Act(ForStaff):
    """What staff does to a publication or a model: `act` is the service, `shape` what is said with it."""

    act: Callable[..., Publication] | None = None
    shape: type[Serializer[Any]] = shapes.ReasonSerializer

    @extend_schema(exclude=True)
    def post(self, request: Request, **target: Any) -> Response:
        who = access.staff(request)
        assert self.act is not None
        found = self.act(staff=who, **target, **read(self.shape, request))
        return Response(shapes.publication_document(found.model, found))


urlpatterns = [
    path("models/inspect", Inspect.as_view()),
    path("models/import", Import.as_view()),
    path("models/<str:model>/versions/<int:version>/compress", Compress.as_view()),
    path("models/<str:model>/versions/<int:version>/report", Report.as_view()),
    path("models/<str:model>/versions/<int:version>/diff", Diff.as_view()),
    path("models/<str:model>/versions/<int:version>/activate", Activate.as_view()),
    path("models/<str:model>/versions/<int:version>/retire", Retire.as_view()),
    path("models/<str:model>/versions/<int:version>/deprecate", Deprecate.as_view()),
    path("models/<str:model>/aliases", Aliases.as_view()),
    path("models/<str:model>/aliases/<str:alias>", OneAlias.as_view()),
    path("models/<str:model>/traffic", Traffic.as_view()),
    path("models/<str:model>/traffic/history", TrafficHistory.as_view()),
    path("models/<str:model>/rollback", Rollback.as_view()),
    path("models/<str:model>/publish", Publish.as_view()),
    path("models/<str:model>/publication", OnePublication.as_view()),
    path("models/<str:model>/withdraw", Withdraw.as_view()),
    path("provider/models", OwnModels.as_view()),
    path("provider/models/<str:model>", OneOwnModel.as_view()),
    path("staff/publications", Publications.as_view()),
    path("staff/publications/<int:publication_id>/approve", Act.as_view(
        act=publication.approve, shape=shapes.NoteSerializer)),
    path("staff/publications/<int:publication_id>/reject", Act.as_view(act=publication.reject)),
    path("staff/models/<str:name>/takedown", Act.as_view(act=publication.take_down)),
    path("staff/models/<str:name>/reinstate", Act.as_view(act=publication.reinstate)),
]
