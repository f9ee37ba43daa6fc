"""The image calls in the API description. The gateway answers them before Django sees them; here is who has no key."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference_backend.jobs.serializers import PredictionUsageSerializer
from kernel.problems import Problem

IDEMPOTENCY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description="at most 255 characters")


class ClassifyRequestSerializer(serializers.Serializer):
    """An image for the default classifier."""

    image_base64 = serializers.CharField(help_text="The image in base64, as a data URL, or a file id.")
    top_k = serializers.IntegerField(required=False, help_text="1 to 100 labels, 5 unless told.")


class LabelSerializer(serializers.Serializer):
    label = serializers.CharField()
    score = serializers.FloatField()


class ClassificationSerializer(serializers.Serializer):
    model = serializers.CharField()
    version = serializers.IntegerField()
    predictions = LabelSerializer(many=True)
    usage = PredictionUsageSerializer()


class AnalyzeImageRequestSerializer(serializers.Serializer):
    """One image, either as content or by its address, and what to look for in it."""

    image = serializers.CharField(required=False, help_text="Base64, a data URL, or a file id.")
    url = serializers.CharField(required=False, help_text="A public http(s) address of at most 10 MB.")
    types = serializers.ListField(child=serializers.CharField(), help_text="1 to 8 tasks of the catalogue, in any "
                                  "case: object_detection, text_recognition, face_detection, barcode_reading, …")


class ImageAnalysisSerializer(serializers.Serializer):
    """The analyses by the names that were asked for; each is billed as a call of its own, a failed one is not."""

    id = serializers.CharField()
    object = serializers.CharField(help_text="Always `image_analysis`.")
    results = serializers.DictField(help_text="{model, version, output, warnings, usage, error} of each analysis.")
    detected_objects = serializers.ListField(child=serializers.DictField(), help_text="Of object_detection.")
    recognized_text = serializers.CharField(allow_null=True, help_text="Of text_recognition.")
    usage = serializers.DictField(help_text="{cost, currency} of all.")


class Classify(APIView):
    throttle_classes = ()  # the data plane keeps its Idempotency-Keys

    @extend_schema(operation_id="images_classify", tags=["images"], summary="Classify an image",
                   parameters=[IDEMPOTENCY], request=ClassifyRequestSerializer,
                   responses={200: ClassificationSerializer})
    def post(self, request: Request) -> Response:
        raise Problem("permission_denied", "send an API key: this call is served by the gateway")


class AnalyzeImage(APIView):
    throttle_classes = ()  # as above

    @extend_schema(operation_id="images_analyze", tags=["images"], summary="Analyse an image in several ways",
                   parameters=[IDEMPOTENCY], request=AnalyzeImageRequestSerializer,
                   responses={200: ImageAnalysisSerializer})
    def post(self, request: Request) -> Response:
        raise Problem("permission_denied", "send an API key: this call is served by the gateway")


urlpatterns = [path("classify", Classify.as_view()), path("analyze-image", AnalyzeImage.as_view())]
