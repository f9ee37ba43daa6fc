"""Teams and service accounts over HTTP: what groups people and keys, for programs that set organizations up."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts import selectors, teams
from marketplace.accounts.api import (
    ID,
    INVALID,
    NOT_FOUND,
    ApiKeySerializer,
    CreateServiceKeySerializer,
    NewApiKeySerializer,
    ip_of,
    with_secret,
)
from marketplace.accounts.api_auth import actor_of_request, organization_of_request
from marketplace.accounts.models import Team

TEAM = OpenApiParameter("team_id", int, OpenApiParameter.PATH, description="The team's `id`.")
ACCOUNT = OpenApiParameter("account_id", int, OpenApiParameter.PATH, description="The service account's `id`.")


class TeamSerializer(serializers.Serializer):
    """People and keys that belong together, with a ceiling for the month."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    monthly_limit_minor = serializers.IntegerField(
        allow_null=True, help_text="What its keys may spend together in a month, in minor units; null: no ceiling.")
    people = serializers.ListField(child=serializers.IntegerField(), help_text="Members, by their numbers.")
    api_keys = serializers.ListField(child=serializers.IntegerField(), help_text="The keys' `id`s.")
    created_at = serializers.DateTimeField()


class TeamsSerializer(serializers.Serializer):
    data = TeamSerializer(many=True)


class TeamWishSerializer(serializers.Serializer):
    """A team's name and ceiling."""

    name = serializers.CharField(max_length=80)
    monthly_limit_minor = serializers.IntegerField(default=None, allow_null=True)


class PeopleSerializer(serializers.Serializer):
    """Who belongs to a team: all of them, in place of those before."""

    people = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=2**53), max_length=1000)


class TeamOfKeySerializer(serializers.Serializer):
    """The team that a key shares its ceiling with."""

    team_id = serializers.IntegerField(allow_null=True)


class ServiceAccountSerializer(serializers.Serializer):
    """A program's account: its keys get scopes of its role only."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    role = serializers.CharField(help_text="admin, developer, billing or viewer")
    created_at = serializers.DateTimeField()
    disabled_at = serializers.DateTimeField(allow_null=True)


class ServiceAccountsSerializer(serializers.Serializer):
    data = ServiceAccountSerializer(many=True)


class ServiceAccountWishSerializer(serializers.Serializer):
    """A service account's name and role."""

    name = serializers.CharField(max_length=80)
    role = serializers.CharField(help_text="admin, developer, billing or viewer")


class Teams(APIView):
    @extend_schema(operation_id="teams_list", tags=["teams"], summary="List the organization's teams",
                   responses={200: TeamsSerializer})
    def get(self, request: Request) -> Response:
        return Response({"data": [_told(team) for team in selectors.teams(organization_of_request(request))]})

    @extend_schema(operation_id="teams_create", tags=["teams"], summary="Make a team", request=TeamWishSerializer,
                   responses={201: TeamSerializer, **INVALID})
    def post(self, request: Request) -> Response:
        made = teams.create_team(org=organization_of_request(request), actor=actor_of_request(request),
                                 **_wish(TeamWishSerializer, request))
        return Response(_told(made), status=201)


class OneTeam(APIView):
    @extend_schema(operation_id="teams_retrieve", tags=["teams"], summary="Read a team", parameters=[TEAM],
                   responses={200: TeamSerializer, **NOT_FOUND})
    def get(self, request: Request, team_id: int) -> Response:
        return Response(_told(selectors.team(organization_of_request(request), team_id)))

    @extend_schema(operation_id="teams_update", tags=["teams"], summary="Give a team another name or ceiling",
                   parameters=[TEAM], request=TeamWishSerializer,
                   responses={200: TeamSerializer, **INVALID, **NOT_FOUND})
    def put(self, request: Request, team_id: int) -> Response:
        org = organization_of_request(request)
        selectors.team(org, team_id)
        return Response(_told(teams.change_team(org=org, actor=actor_of_request(request), team_id=team_id,
                                                **_wish(TeamWishSerializer, request))))

    @extend_schema(operation_id="teams_delete", tags=["teams"], parameters=[TEAM], responses={204: None, **NOT_FOUND},
                   summary="End a team; its people stay members, its keys go on")
    def delete(self, request: Request, team_id: int) -> Response:
        teams.remove_team(org=organization_of_request(request), actor=actor_of_request(request), team_id=team_id)
        return Response(status=204)


class PeopleOfTeam(APIView):
    @extend_schema(operation_id="teams_set_people", tags=["teams"], summary="Say who belongs to a team",
                   parameters=[TEAM], request=PeopleSerializer,
                   responses={200: TeamSerializer, **INVALID, **NOT_FOUND})
    def put(self, request: Request, team_id: int) -> Response:
        org = organization_of_request(request)
        selectors.team(org, team_id)
        wish = _wish(PeopleSerializer, request)
        return Response(_told(teams.set_people(org=org, actor=actor_of_request(request), team_id=team_id,
                                               user_ids=wish["people"])))


class TeamOfKey(APIView):
    @extend_schema(operation_id="api_keys_set_team", tags=["api-keys"], summary="Put an API key into a team, or none",
                   parameters=[ID], request=TeamOfKeySerializer,
                   responses={200: ApiKeySerializer, **INVALID, **NOT_FOUND})
    def put(self, request: Request, key_id: int) -> Response:
        org = organization_of_request(request)
        selectors.api_key(org, key_id)
        wish = _wish(TeamOfKeySerializer, request)
        key = teams.assign_key(org=org, actor=actor_of_request(request), key_id=key_id, team_id=wish["team_id"])
        return Response(ApiKeySerializer(key).data)


class ServiceAccounts(APIView):
    @extend_schema(operation_id="service_accounts_list", tags=["teams"], summary="List the service accounts",
                   responses={200: ServiceAccountsSerializer})
    def get(self, request: Request) -> Response:
        found = selectors.service_accounts(organization_of_request(request))
        return Response({"data": ServiceAccountSerializer(found, many=True).data})

    @extend_schema(operation_id="service_accounts_create", tags=["teams"], summary="Make a service account",
                   request=ServiceAccountWishSerializer, responses={201: ServiceAccountSerializer, **INVALID})
    def post(self, request: Request) -> Response:
        made = teams.create_service_account(org=organization_of_request(request), actor=actor_of_request(request),
                                            **_wish(ServiceAccountWishSerializer, request))
        return Response(ServiceAccountSerializer(made).data, status=201)


class OneServiceAccount(APIView):
    @extend_schema(operation_id="service_accounts_disable", tags=["teams"], parameters=[ACCOUNT],
                   summary="End a service account and its keys", responses={204: None, **NOT_FOUND})
    def delete(self, request: Request, account_id: int) -> Response:
        teams.disable_service_account(org=organization_of_request(request), actor=actor_of_request(request),
                                      account_id=account_id, ip=ip_of(request))
        return Response(status=204)


class KeysOfServiceAccount(APIView):
    @extend_schema(operation_id="service_accounts_create_key", tags=["teams"], parameters=[ACCOUNT],
                   summary="Make an API key of a service account", request=CreateServiceKeySerializer,
                   responses={201: NewApiKeySerializer, **INVALID, **NOT_FOUND})
    def post(self, request: Request, account_id: int) -> Response:
        org = organization_of_request(request)
        selectors.service_account(org, account_id)
        key, secret = teams.create_service_key(org=org, actor=actor_of_request(request), account_id=account_id,
                                               ip=ip_of(request), **_wish(CreateServiceKeySerializer, request))
        return Response(with_secret(key, secret), status=201)


def _wish(kind: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    body = kind(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def _told(team: Team) -> dict[str, Any]:
    return dict(TeamSerializer({
        "id": team.pk, "name": team.name, "monthly_limit_minor": team.monthly_limit_minor,
        "people": sorted(person.pk for person in team.people.all()),
        "api_keys": sorted(key.pk for key in team.api_keys.all()), "created_at": team.created_at}).data)


urlpatterns = [
    path("teams", Teams.as_view()),
    path("teams/<int:team_id>", OneTeam.as_view()),
    path("teams/<int:team_id>/people", PeopleOfTeam.as_view()),
    path("api-keys/<int:key_id>/team", TeamOfKey.as_view()),
    path("service-accounts", ServiceAccounts.as_view()),
    path("service-accounts/<int:account_id>", OneServiceAccount.as_view()),
    path("service-accounts/<int:account_id>/api-keys", KeysOfServiceAccount.as_view()),
]
