"""Projects and members on the wire; thin."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.authentication import ApiRequest
from projects import services
from projects.filters import AuditFilter
from projects.models import AuditEntry, Membership, Project
from projects.querysets import AuditEntryQuerySet, MembershipQuerySet, ProjectQuerySet
from projects.serializers import (
    AgentSerializer,
    AuditEntrySerializer,
    MemberSerializer,
    NewMemberSerializer,
    ProjectSerializer,
    RoleSerializer,
)


class ProjectViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Project]):
    serializer_class = ProjectSerializer
    request: ApiRequest
    queryset = Project.objects.none()
    sortable = ("created_at", "name")

    def get_queryset(self) -> ProjectQuerySet:
        return Project.objects.visible_to(self.request.user).with_role_of(self.request.user)

    def _answer(self, pk: UUID, code: int) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=pk)).data, status=code)

    def create(self, request: ApiRequest) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        project = services.create_project(by=request.user, **serializer.validated_data)
        return self._answer(project.pk, status.HTTP_201_CREATED)

    def partial_update(self, request: ApiRequest, pk: UUID) -> Response:
        project = self.get_object()
        services.require_administrator(by=request.user, project=project)
        serializer = self.get_serializer(project, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        services.update_project(by=request.user, project=project, **serializer.validated_data)
        return self._answer(project.pk, status.HTTP_200_OK)


class ProjectAgentViewSet(GenericViewSet[Project]):
    """Which agent answers in a project, where it is not the site's; the administrators' alone."""

    serializer_class = AgentSerializer
    request: ApiRequest
    queryset = Project.objects.none()

    def get_queryset(self) -> ProjectQuerySet:
        return Project.objects.visible_to(self.request.user)

    def _own(self) -> Project:
        project = self.get_object()
        services.require_administrator(by=self.request.user, project=project)
        return project

    def retrieve(self, request: ApiRequest, pk: UUID) -> Response:
        return Response(self.get_serializer(self._own()).data)

    def partial_update(self, request: ApiRequest, pk: UUID) -> Response:
        project = self._own()
        serializer = self.get_serializer(project, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        project = services.update_project(by=request.user, project=project, **serializer.validated_data)
        return Response(self.get_serializer(project).data)


class MemberViewSet(mixins.ListModelMixin, GenericViewSet[Membership]):
    serializer_class = MemberSerializer
    request: ApiRequest
    queryset = Membership.objects.none()

    def get_queryset(self) -> MembershipQuerySet:
        members = Membership.objects.visible_to(self.request.user).select_related("user")
        return members.filter(project=self._project())

    def _project(self) -> Project:
        return get_object_or_404(Project.objects.visible_to(self.request.user), pk=self.kwargs["project_id"])

    @extend_schema(request=NewMemberSerializer, responses={201: MemberSerializer})
    def create(self, request: ApiRequest, project_id: UUID) -> Response:
        project = self._project()
        services.require_administrator(by=request.user, project=project)
        serializer = NewMemberSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        membership = services.add_member(by=request.user, project=project, **serializer.validated_data)
        return Response(MemberSerializer(membership).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=RoleSerializer, responses=MemberSerializer)
    def partial_update(self, request: ApiRequest, project_id: UUID, user_id: int) -> Response:
        project = self._project()
        services.require_administrator(by=request.user, project=project)
        serializer = RoleSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        role = serializer.validated_data["role"]
        membership = services.change_role(by=request.user, project=project, user_id=user_id, role=role)
        return Response(MemberSerializer(membership).data)

    def destroy(self, request: ApiRequest, project_id: UUID, user_id: int) -> Response:
        services.remove_member(by=request.user, project=self._project(), user_id=user_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class AuditViewSet(mixins.ListModelMixin, GenericViewSet[AuditEntry]):
    """Who changed what in a project; its administrators' alone."""

    serializer_class = AuditEntrySerializer
    filterset_class = AuditFilter
    request: ApiRequest
    queryset = AuditEntry.objects.none()

    def get_queryset(self) -> AuditEntryQuerySet:
        user = self.request.user
        project = get_object_or_404(Project.objects.visible_to(user), pk=self.kwargs["project_id"])
        services.require_administrator(by=user, project=project)
        return AuditEntry.objects.visible_to(user).filter(project=project).select_related("log")
