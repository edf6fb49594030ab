"""Operations on the wire, the staff's alone; thin."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from accounts.authentication import ApiRequest
from artifactsite.operations import services
from artifactsite.operations.overview import Overview
from jobs.models import Job, JobState


class QueueSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    waiting = serializers.IntegerField()
    retrying = serializers.IntegerField()
    oldest_seconds = serializers.FloatField()
    running = serializers.IntegerField()


class WorkerSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    queues = serializers.ListField(child=serializers.CharField())
    threads = serializers.IntegerField()
    running = serializers.IntegerField()
    state = serializers.ChoiceField(choices=["working", "draining", "gone"])
    started_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField()


class MinuteSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    done = serializers.IntegerField()
    failed = serializers.IntegerField()


class FormatSerializer(serializers.Serializer[Any]):
    format = serializers.CharField()
    read = serializers.IntegerField()
    failed = serializers.IntegerField()
    mean_seconds = serializers.FloatField()


class OverviewSerializer(serializers.Serializer[Any]):
    queues = QueueSerializer(many=True)
    workers = WorkerSerializer(many=True)
    last_hour = MinuteSerializer(many=True)
    formats = FormatSerializer(many=True)
    storage = serializers.DictField(child=serializers.IntegerField(), help_text="Bytes.")
    failed_in_a_day = serializers.IntegerField()


class JobSerializer(serializers.ModelSerializer[Job]):
    error = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = [
            "id", "task", "target", "queue", "priority", "state", "attempts", "error", "request", "available_at",
            "created_at", "started_at", "finished_at",
        ]  # fmt: skip

    def get_error(self, job: Job) -> str:
        """The kind of error alone: its words may quote somebody's document."""
        return job.kind_of_error


class JobFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=JobState.choices)

    class Meta:
        model = Job
        fields = ["state", "queue", "task"]


class OperationsView(APIView):
    @extend_schema(responses=OverviewSerializer)
    def get(self, request: ApiRequest) -> Response:
        services.require_staff(request.user)
        return Response(OverviewSerializer(asdict(Overview())).data)


class JobViewSet(mixins.ListModelMixin, GenericViewSet[Job]):
    serializer_class = JobSerializer
    filterset_class = JobFilter
    queryset = Job.objects.none()
    request: ApiRequest

    def get_queryset(self) -> QuerySet[Job]:
        services.require_staff(self.request.user)
        return Job.objects.order_by("-created_at")

    @extend_schema(request=None, responses=JobSerializer)
    def requeue(self, request: ApiRequest, pk: UUID) -> Response:
        job = self.get_object()
        services.requeue(by=request.user, job=job)
        return self._now(job)

    @extend_schema(request=None, responses=JobSerializer)
    def cancel(self, request: ApiRequest, pk: UUID) -> Response:
        job = self.get_object()
        services.cancel(by=request.user, job=job)
        return self._now(job)

    def _now(self, job: Job) -> Response:
        """The newest job for the same row: the one that was queued again, or the one that was cancelled."""
        newest = self.get_queryset().filter(task=job.task, target=job.target).first()
        return Response(self.get_serializer(newest).data)
