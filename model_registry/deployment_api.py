"""How a provider's model is run, rolled out and compared, over HTTP. Each view parses, calls one service and
renders."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference_backend.jobs.lists import PAGING, listed
from model_registry import access, deployment_scale, experiments, rollouts, selectors
from model_registry import deployment_shapes as shapes
from model_registry.own_api import DEPLOY, NOT_FOUND, READ, read


class Deployment(APIView):
    @extend_schema(operation_id="models_deployment", tags=["own models"], summary="See how a model is run",
                   responses={200: shapes.DeploymentSerializer, **NOT_FOUND})
    def get(self, request: Request, model: str) -> Response:
        who = access.caller(request, READ)
        return Response(shapes.deployment_document(selectors.own_model(model, org_id=who.org_id)))

    @extend_schema(operation_id="models_deploy", tags=["own models"], summary="Say how a model is to be run",
                   request=shapes.NewDeploymentSerializer, responses={202: shapes.DeploymentSerializer, **NOT_FOUND},
                   description="Replicas, scaling, batching, queue and warm-up. The running instances go on answering "
                               "while the change is made; where a version does not answer afterwards, everything is "
                               "as before. What is left out is as for every model.")
    def put(self, request: Request, model: str) -> Response:
        who = access.caller(request, DEPLOY)
        done = deployment_scale.deploy(caller=who, name=model, said=request.data)
        return Response(shapes.deployment_document(done), status=202)


class Canary(APIView):
    @extend_schema(operation_id="models_canaries", tags=["own models"], summary="List guarded rollouts",
                   parameters=PAGING, responses={200: shapes.RolloutPageSerializer, **NOT_FOUND})
    def get(self, request: Request, model: str) -> Response:
        who = access.caller(request, READ)
        rows = rollouts.rollouts(selectors.own_model(model, org_id=who.org_id))
        return Response(listed(request, rows, shapes.rollout_document))

    @extend_schema(operation_id="models_start_canary", tags=["own models"], summary="Roll a version out under guard",
                   request=shapes.NewRolloutSerializer, responses={201: shapes.RolloutSerializer, **NOT_FOUND},
                   description="The version gets its calls step by step. Failures, slowness or wrong answers to the "
                               "golden examples take it back at once; after the last step it gets all calls.")
    def post(self, request: Request, model: str) -> Response:
        who = access.caller(request, DEPLOY)
        made = rollouts.start(caller=who, name=model, **read(shapes.NewRolloutSerializer, request))
        return Response(shapes.rollout_document(made), status=201)


class CancelCanary(APIView):
    @extend_schema(operation_id="models_cancel_canary", tags=["own models"], summary="Take a guarded rollout back",
                   request=None, responses={200: shapes.RolloutSerializer, **NOT_FOUND})
    def post(self, request: Request, model: str) -> Response:
        who = access.caller(request, DEPLOY)
        return Response(shapes.rollout_document(rollouts.cancel(caller=who, name=model)))


class Outcomes(APIView):
    @extend_schema(operation_id="models_record_outcomes", tags=["own models"], summary="Say what came of answers",
                   request=shapes.NewOutcomesSerializer, responses={201: shapes.RecordedSerializer, **NOT_FOUND})
    def post(self, request: Request, model: str) -> Response:
        who = access.caller(request, DEPLOY)
        return Response(experiments.record(caller=who, name=model, **read(shapes.NewOutcomesSerializer, request)),
                        status=201)


class Experiment(APIView):
    @extend_schema(operation_id="models_experiment", tags=["own models"], summary="Compare versions by their outcomes",
                   parameters=[shapes.ExperimentQuerySerializer],
                   responses={200: shapes.ExperimentSerializer, **NOT_FOUND})
    def get(self, request: Request, model: str) -> Response:
        who = access.caller(request, READ)
        asked = shapes.ExperimentQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(experiments.report(selectors.own_model(model, org_id=who.org_id), **asked.validated_data))


urlpatterns = [
    path("models/<str:model>/outcomes", Outcomes.as_view()),
    path("models/<str:model>/experiment", Experiment.as_view()),
    path("models/<str:model>/canary", Canary.as_view()),
    path("models/<str:model>/canary/cancel", CancelCanary.as_view()),
    path("models/<str:model>/deployment", Deployment.as_view()),
]
