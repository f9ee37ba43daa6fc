"""The shapes of deployments, guarded rollouts and comparisons in OpenAPI."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from inference_backend.jobs.lists import page_of
from model_registry import deployment_scale
from model_registry.models import Model, Rollout


class AutoscaleSerializer(serializers.Serializer):
    """Between `min` and `max` instances so that the metric stays at its target."""

    metric = serializers.ChoiceField(choices=["cpu_utilization", "queue_ms", "rps"], required=False, help_text=(
        "Of each instance: percent of a core, milliseconds that a call waits, or calls a second."))
    target = serializers.FloatField(required=False, help_text="70 for cpu_utilization unless you say.")
    min = serializers.IntegerField(required=False, min_value=1, max_value=32)
    max = serializers.IntegerField(required=False, min_value=1, max_value=32)
    cooldown_s = serializers.IntegerField(required=False, min_value=5, max_value=3600, help_text=(
        "So long fewer must suffice before instances are taken away; 60 unless you say."))


class InstanceGroupSerializer(serializers.Serializer):
    """So many instances on one kind of device."""

    count = serializers.IntegerField(required=False, min_value=1, max_value=32)
    device = serializers.ChoiceField(choices=["auto", "cpu", "gpu"], required=False)
    gpus = serializers.ListField(child=serializers.IntegerField(), required=False)


class BatchingSerializer(serializers.Serializer):
    """Calls that meet run as one."""

    max_batch_size = serializers.IntegerField(required=False, min_value=32, max_value=4096)
    max_queue_delay_us = serializers.IntegerField(required=False, min_value=0, max_value=1_000_000)
    preferred_batch_sizes = serializers.ListField(child=serializers.IntegerField(), required=False)


class QueuePolicySerializer(serializers.Serializer):
    """What becomes of calls that no instance is free for."""

    max_queue_size = serializers.IntegerField(required=False, min_value=0, max_value=100_000)
    timeout_us = serializers.IntegerField(required=False, min_value=0, max_value=600_000_000)
    timeout_action = serializers.ChoiceField(choices=["reject", "delay"], required=False)
    allow_timeout_override = serializers.BooleanField(required=False)


class AnswerCacheSerializer(serializers.Serializer):
    """Equal inputs get the stored answer of the same version for so long."""

    ttl_s = serializers.IntegerField(required=False, min_value=1, max_value=86_400)


class NewDeploymentSerializer(serializers.Serializer):
    """How a model is to be run; what is left out is as for every model."""

    replicas = serializers.IntegerField(required=False, min_value=1, max_value=32)
    autoscale = AutoscaleSerializer(required=False, allow_null=True)
    min = serializers.IntegerField(required=False, min_value=1, max_value=32, help_text="The same as autoscale.min.")
    max = serializers.IntegerField(required=False, min_value=1, max_value=32, help_text="The same as autoscale.max.")
    pool = serializers.ChoiceField(choices=["hot", "warm", "cold"], required=False)
    device = serializers.ChoiceField(choices=["auto", "cpu", "gpu"], required=False)
    instance_groups = InstanceGroupSerializer(many=True, required=False)
    dynamic_batching = BatchingSerializer(required=False, allow_null=True)
    queue_policy = QueuePolicySerializer(required=False, allow_null=True)
    response_cache = AnswerCacheSerializer(required=False, allow_null=True)
    warm_up = serializers.IntegerField(required=False, min_value=0, max_value=100, help_text=(
        "Inferences on made-up values before an instance takes calls."))


class InstancesSerializer(serializers.Serializer):
    """One Triton model of a version: where it is, how many instances it has, and why so many."""

    residency = serializers.CharField(help_text="absent, loading, ready, healing or evicting")
    instances = serializers.IntegerField()
    reason = serializers.CharField(help_text=(
        "fixed, steady, load, idle, cooling, settling, memory, unmeasured or not_loaded; empty before the first look"))
    value = serializers.FloatField(allow_null=True, help_text="Of the metric, at the latest look.")
    memory_mb = serializers.FloatField()
    looked_at = serializers.FloatField(allow_null=True, help_text="Unix time.")


class RunningVersionSerializer(serializers.Serializer):
    version = serializers.IntegerField()
    weight = serializers.IntegerField()
    steps = InstancesSerializer(help_text="What is done before and after the net.")
    net = InstancesSerializer()


class DeploymentSerializer(serializers.Serializer):
    """What was asked for, and what really runs."""

    model = serializers.CharField()
    wanted = NewDeploymentSerializer()
    running = RunningVersionSerializer(many=True)
    updated_at = serializers.DateTimeField()


class AlarmsSerializer(serializers.Serializer):
    """When a rollout is taken back. null switches one off."""

    error_rate = serializers.FloatField(required=False, allow_null=True, min_value=0, max_value=1, help_text=(
        "So much more of the canary's calls may fail than of the stable version's; 0.02 unless you say."))
    latency_ratio = serializers.FloatField(required=False, allow_null=True, min_value=1, help_text=(
        "The canary's p95 may be so many times the stable version's; 2 unless you say."))
    latency_ms = serializers.FloatField(required=False, min_value=0, help_text=(
        "And only where it is slower by so many milliseconds; 25 unless you say."))
    example_mismatch = serializers.FloatField(required=False, allow_null=True, min_value=0, max_value=1, help_text=(
        "So much of the golden examples may be answered differently; 0 unless you say."))


class NewRolloutSerializer(serializers.Serializer):
    """A version that is to take over step by step while it is watched."""

    version = serializers.IntegerField(min_value=1)
    steps = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=99), required=False,
                                  min_length=1, max_length=10, help_text="Percents; [5, 25, 50] unless you say.")
    bake_s = serializers.IntegerField(required=False, min_value=2, max_value=86_400, default=300,
                                      help_text="Seconds of each step.")
    min_calls = serializers.IntegerField(required=False, min_value=0, max_value=1_000_000, default=20,
                                         help_text="A step goes on until the canary answered so many calls.")
    alarms = AlarmsSerializer(required=False)
    examples = serializers.ListField(child=serializers.DictField(), required=False, max_length=50, help_text=(
        "Golden examples {input, parameters?, output, tolerance?}; the stable version's unless you say."))


class RolloutSerializer(serializers.Serializer):
    """A guarded rollout and how it stands."""

    id = serializers.IntegerField()
    model = serializers.CharField()
    stable = serializers.IntegerField()
    canary = serializers.IntegerField()
    rollout_state = serializers.CharField(help_text="running, promoted, rolled_back or canceled")
    step = serializers.IntegerField(help_text="From 0.")
    weight = serializers.IntegerField()
    steps = serializers.ListField(child=serializers.IntegerField())
    bake_s = serializers.IntegerField()
    min_calls = serializers.IntegerField()
    alarms = serializers.DictField()
    seen = serializers.DictField(help_text="Calls, failures and p95 of both versions in this step.")
    alarm = serializers.DictField(allow_null=True, help_text="What took it back.")
    started_at = serializers.DateTimeField()
    step_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


RolloutPageSerializer = page_of(RolloutSerializer)


class OutcomeSerializer(serializers.Serializer):
    """What came of an answer: of `prediction` (its id, or X-Receipt), or of a `subject` of yours that `version`
    answered."""

    metric = serializers.RegexField(r"^[a-z][a-z0-9_.-]{0,39}$", required=False, default="success")
    value = serializers.FloatField(help_text="1 and 0 for yes and no, or any number.")
    prediction = serializers.CharField(required=False, max_length=120)
    version = serializers.IntegerField(required=False, min_value=1)
    subject = serializers.CharField(required=False, max_length=120)
    at = serializers.DateTimeField(required=False)


class NewOutcomesSerializer(serializers.Serializer):
    outcomes = OutcomeSerializer(many=True, min_length=1, max_length=1000)


class RecordedSerializer(serializers.Serializer):
    recorded = serializers.IntegerField()
    repeated = serializers.IntegerField(help_text="Known already; nothing changed.")


class VariantSerializer(serializers.Serializer):
    """A version's outcomes, and how they differ from the control's."""

    version = serializers.IntegerField()
    label = serializers.CharField(allow_blank=True)
    weight = serializers.IntegerField()
    outcomes = serializers.IntegerField()
    mean = serializers.FloatField(allow_null=True)
    deviation = serializers.FloatField(allow_null=True)
    effect = serializers.FloatField(allow_null=True, help_text="The mean minus the control's.")
    interval = serializers.ListField(child=serializers.FloatField(), allow_null=True, help_text="Of the effect, 95 %.")
    p_value = serializers.FloatField(allow_null=True)
    method = serializers.CharField(allow_null=True, help_text=(
        "two_proportion_z, fisher_exact (small counts), welch_t, or too_few"))
    significant = serializers.BooleanField(allow_null=True)


class ExperimentSerializer(serializers.Serializer):
    """Versions compared by a metric."""

    model = serializers.CharField()
    metric = serializers.CharField(allow_blank=True)
    metrics = serializers.ListField(child=serializers.CharField(), help_text="Of which there are outcomes.")
    binary = serializers.BooleanField()
    since = serializers.DateTimeField()
    control = serializers.IntegerField(allow_null=True)
    alpha = serializers.FloatField(help_text="0.05, shared by the comparisons.")
    variants = VariantSerializer(many=True)


class ExperimentQuerySerializer(serializers.Serializer):
    metric = serializers.CharField(required=False, default="", max_length=40)
    since = serializers.DateTimeField(required=False, default=None)


def deployment_document(model: Model) -> dict[str, Any]:
    def shown(found: dict[str, Any]) -> dict[str, Any]:
        return {"residency": found.pop("state"), **found}

    rows = [asdict(row) for row in deployment_scale.running(model)]
    return {"model": model.name, "wanted": deployment_scale.plan_of(model), "updated_at": model.updated_at,
            "running": [{**row, "steps": shown(row["steps"]), "net": shown(row["net"])} for row in rows]}


def rollout_document(found: Rollout) -> dict[str, Any]:
    guard = found.guard
    weight = {"running": guard["steps"][found.step], "promoted": 100}.get(found.state, 0)
    return {"id": found.pk, "model": found.model.name, "stable": found.stable, "canary": found.canary,
            "rollout_state": found.state, "step": found.step, "weight": weight,
            **{word: guard[word] for word in ("steps", "bake_s", "min_calls", "alarms")}, "seen": found.seen,
            "alarm": found.alarm, "started_at": found.started_at, "step_at": found.step_at,
            "ended_at": found.ended_at}
