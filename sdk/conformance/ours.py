"""The kit on the product that is running beside it, and for comparison on its Triton alone and on MLServer.

Run by `make conformance`. Prints a table, what the others lack, and as its last line one JSON object. Exit status: that
of the kit on the product; what the others lack is told, not held against anybody.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
VAR = Path(os.environ["TESSERA_VAR"])
SCOPES = ["predict", "files", "billing", "webhooks"]
sys.path.insert(0, str(ROOT))


def new_key(url: str) -> str:
    """An organization of its own, subscribed to what the kit calls, and a key with the scopes that it looks at."""
    with httpx.Client(base_url=url, timeout=60, follow_redirects=True) as session:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', session.get("/signup/").text)
        if found is None:
            raise SystemExit("conformance: the page of /signup/ has no form")
        session.post("/signup/", headers={"Referer": f"{url}/signup/"}, data={
            "email": f"{secrets.token_hex(6)}@example.com", "password": "correct horse battery staple",
            "organization": "Conformance", "csrfmiddlewaretoken": found[1]}).raise_for_status()
        headers = {"X-CSRFToken": session.cookies["csrf"], "Referer": url}
        for model in ("text-embed", "digit-recognise"):
            body = {"model": model, "plan": "payg"}
            session.post("/api/v1/subscriptions", json=body, headers=headers).raise_for_status()
        made = session.post("/api/v1/api-keys", headers=headers, json={"name": "kit", "mode": "live", "scopes": SCOPES})
        return str(made.raise_for_status().json()["secret"])


def kit(url: str, key: str, *arguments: str) -> dict[str, Any]:
    """The kit's JSON of one target; its command line, as anybody would run it."""
    paths = os.pathsep.join(str(ROOT / "sdk" / part / "src") for part in ("conformance", "python"))
    command = [sys.executable, "-m", "tessera_conformance", f"--url={url}", f"--key={key}", "--json", *arguments]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True,
                          timeout=300)
    if done.returncode not in (0, 1):
        raise SystemExit(f"conformance: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout))


@contextlib.contextmanager
def mlserver() -> Iterator[tuple[str, str] | None]:
    """URL and gRPC address of an MLServer with a net, where the gateway benchmark has built its environment."""
    if not (ROOT / "var" / "bench" / "mlserver" / ".pinned").exists():
        yield None
        return
    import onnx

    from benchmarks.gateway import peers, processes, product

    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        onnx.save(net := product.add_one(), str(folder / "net.onnx"))
        shutil.copy(peers.HERE / "ort_runtime.py", folder)
        port, rpc = processes.free_port(), processes.free_port()
        (folder / "settings.json").write_text(json.dumps({
            "http_port": port, "grpc_port": rpc, "metrics_port": processes.free_port(), "parallel_workers": 0,
            "host": "127.0.0.1", "debug": False}))
        # What the net takes and gives is said here: MLServer's metadata is what its settings say.
        tensors = [[{"name": one.name, "datatype": "FP32",
                     "shape": [size.dim_value or -1 for size in one.type.tensor_type.shape.dim]} for one in ends]
                   for ends in (net.graph.input, net.graph.output)]
        (folder / "net").mkdir()
        (folder / "net" / "model-settings.json").write_text(json.dumps({
            "name": "net", "implementation": "ort_runtime.OnnxModel", "inputs": tensors[0], "outputs": tensors[1],
            "parameters": {"uri": str(folder / "net.onnx"), "version": "1"}}))
        with processes.running([str(peers.environment("mlserver") / "mlserver"), "start", "."],
                               f"http://127.0.0.1:{port}/v2/models/net/ready", cwd=folder,
                               env={"PYTHONPATH": str(folder)}):
            yield f"http://127.0.0.1:{port}", f"127.0.0.1:{rpc}"


def show(name: str, found: dict[str, Any], *, table: bool) -> None:
    print(f"\n{name}: {found['passed']} passed, {found['failed']} failed, {found['skipped']} skipped "
          f"of {found['checks']} in {found['seconds']} s")
    for one in found["results"]:
        if table or one["state"] == "passed":
            mark = {"passed": "ok  ", "failed": "FAIL", "skipped": "skip"}[one["state"]]
            text = (one["reason"] or one["promise"])[:110]
            print(f"  {mark} {one['section']:5} {one['name']:32} {text}")
    if not table:
        groups = found["badge"]["groups"]
        print("  " + ", ".join(f"{group} {counts.get('passed', 0)}/{sum(counts.values())}"
                               for group, counts in groups.items()))


def main() -> int:
    demo = json.loads((VAR / "demo.json").read_text())
    from config.env import load

    env = load()
    badge = VAR / "conformance.json"
    ours = kit(demo["url"], new_key(demo["url"]), "--grpc", demo["grpc"], "--tensor-model", "digit-recognise",
               "--text-model", "text-embed", "--badge", str(badge), "--signing-key", str(VAR / "conformance.pem"))
    show("Tessera", ours, table=True)
    last = {name: ours[name] for name in ("checks", "passed", "failed", "skipped", "conforms", "seconds")}
    headers = [f"--header={prefix}{name}:{secret}" for prefix in ("", "triton-grpc-protocol-") for name, secret in (
        ("tessera-admin", env.triton_admin_secret), ("tessera-infer", env.triton_infer_secret))]
    triton = kit(f"http://{env.triton_url}", "none", "--grpc", env.triton_grpc_url, *headers)
    show("Triton alone (what passes)", triton, table=False)
    last["triton"] = {name: triton[name] for name in ("passed", "failed", "skipped")}
    with mlserver() as peer:
        if peer is None:
            print("\nMLServer: not looked at, its environment is not here (make bench-gateway builds it)")
        else:
            found = kit(peer[0], "none", "--grpc", peer[1], "--tensor-model", "net")
            show("MLServer (what passes)", found, table=False)
            last["mlserver"] = {name: found[name] for name in ("passed", "failed", "skipped")}
    print(f"\nThe signed badge is {badge}.")
    print(json.dumps(last))
    return 1 if ours["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
