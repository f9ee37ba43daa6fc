"""deploy/helm through Helm's own engine, each object against the schemas of two Kubernetes versions."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.client_environments import CLIENTS, ROOT, python_with

pytestmark = pytest.mark.stack  # needs an environment of its own, from the package index

VALUES: dict[str, Any] = {
    "image": {"repository": "registry.example.com/tessera", "tag": "1.0.0"}, "host": "api.example.com",
    "existingSecret": "tessera", "autoscaling": {"keda": {"enabled": True}},
    "external": {"postgres": {"cidrs": ["10.9.0.0/24"]}, "redis": {"cidrs": ["10.9.1.0/24"]}},
}


def helm(values: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    try:
        python = python_with("helm")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"Helm's engine can't be had here: {error}")
    return subprocess.run([python, CLIENTS / "helm_chart.py", ROOT / "deploy" / "helm"], input=json.dumps(values),
                          capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def chart() -> dict[str, Any]:
    done = helm(VALUES)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout))


def of_kind(chart: dict[str, Any], *kinds: str) -> dict[str, dict[str, Any]]:
    return {found["metadata"]["name"]: found for found in chart["objects"] if found["kind"] in kinds}


def pods(chart: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: found["spec"]["template"]["spec"]
            for name, found in of_kind(chart, "Deployment", "StatefulSet", "Job").items()}


def test_every_object_keeps_to_the_schemas_and_lint_finds_nothing(chart: dict[str, Any]) -> None:
    assert chart["faults"] == []
    assert chart["lint"]["errors"] == []
    assert [message for message in chart["lint"]["messages"] if message["severity"] > 1] == []
    assert all(name.startswith("ScaledObject ") for name in chart["unchecked"])  # KEDA's, of which no schema is here


def test_every_pod_is_hardened(chart: dict[str, Any]) -> None:
    for name, pod in pods(chart).items():
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
            assert "limits" in container["resources"], name


def test_secrets_are_named_and_never_held(chart: dict[str, Any]) -> None:
    assert of_kind(chart, "Secret") == {}
    for name, pod in pods(chart).items():
        for container in pod["containers"]:
            by_name = {"secretRef": {"name": "tessera"}} in container.get("envFrom", []) or any(
                entry.get("valueFrom", {}).get("secretKeyRef", {}).get("name") == "tessera"
                for entry in container["env"])
            assert by_name, name
            assert not [entry for entry in container["env"] if "SECRET" in entry["name"] and "value" in entry], name


def test_pools_are_labels_and_taints(chart: dict[str, Any]) -> None:
    for pool, gpus in (("hot", 1), ("warm", 1), ("cold", None)):
        pod = pods(chart)[f"shop-triton-{pool}"]
        assert pod["nodeSelector"] == {"tessera.dev/pool": pool}
        assert {"key": "tessera.dev/pool", "operator": "Equal", "value": pool,
                "effect": "NoSchedule"} in pod["tolerations"]
        assert pod["containers"][0]["resources"]["limits"].get("nvidia.com/gpu") == gpus
        for part in ("gateway", "worker"):
            container = pods(chart)[f"shop-{part}-{pool}"]["containers"][0]
            env = {entry["name"]: entry.get("value") for entry in container["env"]}
            assert env["TRITON_URL"] == f"shop-triton-{pool}:8000"


def test_whoever_answers_can_be_probed_scaled_and_evicted_one_by_one(chart: dict[str, Any]) -> None:
    scaled = {found["spec"]["scaleTargetRef"]["name"] for found in of_kind(
        chart, "HorizontalPodAutoscaler", "ScaledObject").values()}
    assert scaled == {"shop-web"} | {f"shop-{part}-{cell}" for part in ("gateway", "worker")
                                     for cell in ("hot", "warm", "cold")}
    budgets = of_kind(chart, "PodDisruptionBudget")
    assert {"shop-web", "shop-gateway-hot", "shop-gateway-warm"} <= set(budgets)
    assert all(budget["spec"]["maxUnavailable"] == 1 for budget in budgets.values())
    for name in ("shop-web", "shop-gateway-hot"):
        container = pods(chart)[name]["containers"][0]
        assert container["readinessProbe"]["httpGet"]["path"] == "/v2/health/ready"
        assert pods(chart)[name]["terminationGracePeriodSeconds"] > 30 + 5  # the drain, and the sleep before it


def test_the_network_is_closed_but_for_what_is_named(chart: dict[str, Any]) -> None:
    policies = of_kind(chart, "NetworkPolicy")
    nothing = policies["shop-nothing"]["spec"]
    assert nothing["policyTypes"] == ["Ingress", "Egress"]
    assert not {"egress", "ingress"} & set(nothing)
    triton = policies["shop-triton"]["spec"]
    assert "egress" not in triton
    assert "Egress" in triton["policyTypes"]
    reached = {block["ipBlock"]["cidr"] for rule in policies["shop-exits"]["spec"]["egress"] for block in rule["to"]
               if "ipBlock" in block}
    assert reached == {"10.9.0.0/24", "10.9.1.0/24", "0.0.0.0/0"}


def test_what_has_no_default_is_asked_for() -> None:
    for missing in ("image", "host", "existingSecret"):
        done = helm({name: value for name, value in VALUES.items() if name != missing})
        assert done.returncode != 0
        assert "HelmValuesError" in done.stderr, missing


def test_without_keda_workers_scale_by_their_processors() -> None:
    done = helm({**VALUES, "autoscaling": {"keda": {"enabled": False}}})
    chart = json.loads(done.stdout)
    assert of_kind(chart, "ScaledObject") == {}
    assert "shop-worker-hot" in of_kind(chart, "HorizontalPodAutoscaler")
