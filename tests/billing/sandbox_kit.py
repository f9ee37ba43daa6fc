"""The sandbox Stripe as a process of its own, for tests that pay; and a gateway that speaks to it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
API_KEY = "sk_test_sandbox_tests"
SECRET = "whsec_tests"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class SandboxProcess:
    """Starts, kills and restarts the sandbox on one port and one folder."""

    folder: Path
    webhook_url: str = ""
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TESSERA_STRIPE_PORT": str(self.port),
            "STRIPE_API_KEY": API_KEY, "STRIPE_WEBHOOK_SECRET": SECRET, "STRIPE_WEBHOOK_URL": self.webhook_url,
            "STRIPE_SANDBOX_DATA": str(self.folder)}
        self.process = subprocess.Popen([sys.executable, "-m", "billing.sandbox_stripe"], cwd=ROOT, env=environment)
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(f"{self.base}/healthz", timeout=2):
                    return
            except (OSError, http.client.HTTPException):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.05)

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def set(self, **values: int) -> dict[str, Any]:
        return self.control("settings", values)

    def control(self, what: str, values: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.base}/sandbox/{what}", json.dumps(values).encode(),
            {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def get(self, path: str) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.base}{path}", headers={"Authorization": f"Bearer {API_KEY}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def charges(self) -> list[dict[str, Any]]:
        """Every successful charge, by the sandbox's own count."""
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            page = self.get("/v1/payment_intents?limit=100" + (f"&starting_after={after}" if after else ""))
            found += [one for one in page["data"] if one["status"] == "succeeded"]
            if not page["has_more"]:
                return found
            after = page["data"][-1]["id"]
