"""The product's own life, with a state folder and ports of its own: up, kill -9 of any part, Ctrl-C, up, reset."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]  # a busy machine starts slowly; nothing here is about speed

ROOT = Path(__file__).resolve().parents[2]
BASE = int(os.environ.get("TESSERA_PORT", "18000")) + 60
PORTS = {"TESSERA_PORT": BASE, "TESSERA_GRPC_PORT": BASE + 1, "TESSERA_GATEWAY_PORT": BASE + 2,
         "TESSERA_REDIS_PORT": BASE + 3, "TESSERA_STRIPE_PORT": BASE + 4, "TESSERA_TRITON_PORT": BASE + 10}
# What the stack beside this test told its own processes, and must not tell this one.
OF_THE_RUN = ("DATABASE_URL", "REDIS_", "TRITON_", "STRIPE_", "TESSERA_SECRET", "TESSERA_KEY", "TESSERA_READY")
TEXT = {"input": {"text": "The delivery was quick and the staff were wonderful."}}


class Product:
    """One embedded product on a folder; started and stopped as a person does."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.output = var.with_suffix(".out")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_RUN)}
        ports = {name: str(port) for name, port in PORTS.items()}
        return own | ports | {"TESSERA_VAR": str(self.var)}

    def run(self, command: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "config.embedded", command], cwd=ROOT, capture_output=True,
                              text=True, env=self.environment | changes, timeout=100, check=False)

    def up(self) -> float:
        """Starts it; the seconds until it is ready."""
        began = time.monotonic()
        with self.output.open("wb") as out:
            self.process = subprocess.Popen([sys.executable, "-m", "config.embedded", "up"], cwd=ROOT, stdout=out,
                                            stderr=subprocess.STDOUT, env=self.environment, start_new_session=True)
        self.wait_for_line("Tessera is up", 500)
        return time.monotonic() - began

    def wait_for_line(self, text: str, seconds: float) -> None:
        assert self.process is not None
        deadline = time.monotonic() + seconds
        while text not in self.output.read_text():
            assert self.process.poll() is None, self.output.read_text()[-4000:]
            assert time.monotonic() < deadline, f"no {text!r} in {seconds} s:\n{self.output.read_text()[-4000:]}"
            time.sleep(0.05)

    def interrupt(self) -> int:
        """Ctrl-C; the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(100)

    @property
    def demo(self) -> dict[str, str]:
        return dict(json.loads((self.var / "demo.json").read_text()))

    def call(self, **headers: str) -> httpx.Response:
        return httpx.post(f"{self.demo['url']}/api/v1/models/sentiment-en/predictions", json=TEXT, timeout=20,
                          headers={"X-API-Key": self.demo["api_key"], **headers})

    def answers(self, seconds: float = 100.0) -> None:
        """A prediction succeeds and the gateway of its own lives, at the latest after so long."""
        _until(lambda: self.call().json().get("status") == "succeeded", seconds)
        _until(lambda: httpx.get(f"http://127.0.0.1:{BASE + 2}/v2/health/live").status_code == 200, seconds)

    def processes(self) -> dict[int, str]:
        """Every process that works in this state folder or has it in its environment, with its command line."""
        found = {}
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                pid = int(folder.name)
                told = f"TESSERA_VAR={self.var}".encode() in (folder / "environ").read_bytes().split(b"\0")
                if told or (folder / "cwd").readlink().is_relative_to(self.var):
                    found[pid] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def one(self, words: str) -> int:
        """The oldest of its processes whose command line holds these words."""
        return min(pid for pid, command in self.processes().items() if words in command)

    def shared_memory(self) -> set[str]:
        """The files of /dev/shm that its processes have mapped."""
        found: set[str] = set()
        for pid in self.processes():
            with contextlib.suppress(OSError):
                found |= set(re.findall(r"/dev/shm/\S+", Path(f"/proc/{pid}/maps").read_text()))
        return found


def _lives(pid: int) -> bool:
    """Whether it still runs; one that ended and waits for init to take note does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _until(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    last: Exception | None = None
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except (httpx.HTTPError, ValueError) as error:
            last = error
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s; last: {last}")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    product = Product(tmp_path_factory.mktemp("life") / "var")
    product.up()
    yield product
    if product.process is not None and product.process.poll() is None:
        product.process.terminate()
        product.process.wait(60)


def test_demo_json_has_what_scripts_need_and_nobody_else_can_read_it(product: Product) -> None:
    assert sorted(product.demo) == ["api_key", "email", "grpc", "password", "test_key", "url"]
    assert (product.var / "demo.json").stat().st_mode & 0o777 == 0o600
    assert product.demo["url"] == f"http://127.0.0.1:{BASE}"
    assert product.demo["api_key"].startswith("tsr_live_")
    assert product.demo["test_key"].startswith("tsr_test_")


def test_the_printed_call_works_when_pasted(product: Product) -> None:
    text = product.output.read_text()
    call = re.search(r"^  curl .*?\n\n", text, re.DOTALL | re.MULTILINE)
    assert call, text
    done = subprocess.run(["bash", "-c", call[0]], capture_output=True, text=True, timeout=60, check=True)
    answer = json.loads(done.stdout)
    assert answer["status"] == "succeeded"
    assert answer["output"]["verdict"] == "positive"


def test_a_second_up_and_a_taken_port_are_one_line(product: Product, tmp_path: Path) -> None:
    twice = product.run("up")
    assert (twice.returncode, twice.stdout) == (1, "")
    assert twice.stderr == " tessera | it is running already: make down stops it\n"
    other = product.run("up", TESSERA_VAR=str(tmp_path / "other"))
    assert other.returncode == 1
    line = f" tessera | port {BASE} is taken: stop what uses it, or choose another with TESSERA_PORT=… make up\n"
    assert other.stderr == line


KILLED = {
    "web": "config.asgi", "gateway": "config.gateway", "worker": "config.celery worker", "redis": "redis-server",
    "triton": "bin/tritonserver", "triton's keeper": "inference_backend.triton.server", "postgres": "bin/postgres",
}


@pytest.mark.parametrize("name", KILLED)
def test_a_killed_part_is_started_again_and_the_product_answers(product: Product, name: str) -> None:
    product.answers()
    victim = product.one(KILLED[name])
    os.kill(victim, signal.SIGKILL)
    _until(lambda: not _lives(victim), 10)
    _until(lambda: any(KILLED[name] in command for command in product.processes().values()), 60)
    product.answers()
    _until(lambda: _job_succeeds(product), 100)


def _job_succeeds(product: Product) -> bool:
    """A queued prediction ends well; False where a connection of before was still in a pool (503, retryable)."""
    queued = product.call(Prefer="respond-async")
    if queued.status_code != 202:
        assert queued.json()["retryable"], queued.text
        return False
    address = f"{product.demo['url']}/api/v1/predictions/{queued.json()['id']}"
    headers = {"X-API-Key": product.demo["api_key"]}
    _until(lambda: httpx.get(address, timeout=20, headers=headers).json()["status"] == "succeeded", 60)
    return True


def test_ctrl_c_leaves_nothing_and_the_next_up_keeps_everything(product: Product) -> None:
    usage = {"X-API-Key": product.demo["api_key"]}
    before = httpx.get(f"{product.demo['url']}/api/v1/usage", headers=usage, timeout=20).json()["data"]
    assert sum(row["events"] for row in before) > 0
    demo, processes, shared = product.demo, product.processes(), product.shared_memory()
    assert any("tritonserver" in command for command in processes.values())
    assert any("postgres" in command for command in processes.values())
    assert any("/dev/shm/tessera" in name for name in shared)

    assert product.interrupt() == 0
    assert product.processes() == {}
    assert [pid for pid in processes if _lives(pid)] == []
    assert [name for name in shared if Path(name).exists()] == []
    assert product.output.read_text().splitlines()[-1] == " tessera | stopped"

    seconds = product.up()
    assert seconds < 300
    assert product.demo == demo
    after = httpx.get(f"{product.demo['url']}/api/v1/usage", headers=usage, timeout=20).json()["data"]
    assert after == before
    product.answers()


def test_a_part_that_can_t_live_ends_the_run_with_its_name(product: Product) -> None:
    """Its port is held by somebody else after it was killed: no number of starts mends that."""
    os.kill(product.one("redis-server"), signal.SIGKILL)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _until(lambda: _bound(taken), 10)
        taken.listen()
        assert product.process is not None
        assert product.process.wait(100) == 1
    assert "redis ended 4 times in a row; its lines are above" in product.output.read_text()
    assert product.processes() == {}


def _bound(taken: socket.socket) -> bool:
    try:
        taken.bind(("127.0.0.1", BASE + 3))
    except OSError:
        return False
    return True


def test_reset_stops_a_running_product_and_forgets_everything(product: Product) -> None:
    product.up()
    done = product.run("reset")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == " tessera | stopped"
    assert product.process is not None
    assert product.process.wait(10) == 0
    assert not product.var.exists()
    assert product.processes() == {}
    assert product.run("down").stdout == " tessera | nothing is running\n"
