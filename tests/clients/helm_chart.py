"""`helm_chart.py CHART`: lints and renders a chart with Helm's own engine; checks its objects by Kubernetes' schemas.

Reads the values as JSON from stdin and writes {"lint": …, "objects": […], "faults": […]} to stdout. Kinds that are not
Kubernetes' own (KEDA's) have no schema there and are listed as "unchecked".
"""

from __future__ import annotations

import json
import sys

import kubernetes_validate
import yaml
from helm_python import Chart, lint

CORE = ("v1", "apps/v1", "batch/v1", "autoscaling/v2", "policy/v1", "networking.k8s.io/v1")
VERSIONS = ("1.29", "1.37")


def main() -> None:
    values = json.load(sys.stdin)
    with Chart.load(sys.argv[1]) as chart:
        chart.validate_schema(values)
        files = chart.render(values, name="shop", namespace="tessera")  # template → its text
    objects = [found for name, text in files.items() if name.endswith(".yaml")
               for found in yaml.safe_load_all(text) if found]
    faults, unchecked = [], []
    for found in objects:
        name = f"{found['kind']} {found['metadata']['name']}"
        if found["apiVersion"] not in CORE:
            unchecked.append(name)
            continue
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(found, version, strict=True)
            except Exception as error:
                faults.append(f"{name} ({version}): {error}"[:600])
    json.dump({"lint": lint(sys.argv[1], values), "objects": objects, "faults": faults, "unchecked": unchecked},
              sys.stdout, default=str)


if __name__ == "__main__":
    main()
