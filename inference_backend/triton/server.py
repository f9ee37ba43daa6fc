"""Starts the Triton of the nvidia-pytriton wheel as a real process, and owns it.

`python -m inference_backend.triton.server` runs it in the foreground for a supervisor; addresses, secrets and folders
come from the environment (TRITON_URL, TRITON_GRPC_URL, TRITON_ADMIN_SECRET, TRITON_INFER_SECRET, TRITON_REPOSITORY,
TESSERA_VAR). Triton has no way to take a secret but its command line, so the two secrets are worth nothing outside the
loopback interface of this machine.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import functools
import hashlib
import http.client
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO

from inference_backend.triton.zygote import Zygote

ADMIN_HEADER = "tessera-admin"
INFER_HEADER = "tessera-infer"
# Over gRPC Triton looks for the same names behind this prefix.
GRPC_HEADER_PREFIX = "triton-grpc-protocol-"
ADMIN_APIS = "metadata,model-config,model-repository,statistics,shared-memory,trace,logging"
INFER_APIS = "inference"
SOURCE_ROOT = Path(__file__).resolve().parents[2]
OUR_BACKENDS = ("onnxruntime", "host")
CACHE_DAYS = 30
ZYGOTE_TRIES = 3
ZYGOTE_WAIT_S = 15.0
PROBE_EVERY_S = 0.5
HANG_S = 8.0  # without one answer; a probe waits for 2 s
START_S = 60.0  # until the first answer: a busy machine takes its time to read a gigabyte of libraries
HUNG, GROWN = 101, 102  # statuses of `watch`
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 — POSIX shared memory, where the stubs' regions lie


class TritonError(RuntimeError):
    """Triton can't start or has ended; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class TritonSettings:
    """Where this Triton lives. Empty secrets leave its interfaces open, which only a test should want."""

    state: Path  # private, writable: backends, log, process file
    repository: Path
    http_port: int = 8100
    grpc_port: int = 8101
    metrics_port: int = 8102
    admin_secret: str = ""
    infer_secret: str = ""
    address: str = "127.0.0.1"
    models: tuple[str, ...] = ()  # loaded at start
    memory_mb: int = 1024  # of the server itself, without its models' processes; more is a leak
    fork_server: bool = True  # models start as forks of a process that has their libraries, where that can be built

    @classmethod
    def from_environment(cls) -> TritonSettings:
        env = os.environ
        var = Path(env.get("TESSERA_VAR") or SOURCE_ROOT / "var")
        address, http_port = _endpoint(env.get("TRITON_URL") or "127.0.0.1:8100", "TRITON_URL")
        _, grpc_port = _endpoint(env.get("TRITON_GRPC_URL") or f"{address}:{http_port + 1}", "TRITON_GRPC_URL")
        return cls(
            state=var / "triton", repository=Path(env.get("TRITON_REPOSITORY") or var / "models"), address=address,
            http_port=http_port, grpc_port=grpc_port, metrics_port=grpc_port + 1,
            admin_secret=env.get("TRITON_ADMIN_SECRET", ""), infer_secret=env.get("TRITON_INFER_SECRET", ""),
        )


def _endpoint(text: str, variable: str) -> tuple[str, int]:
    host, _, port = text.removeprefix("http://").removeprefix("grpc://").rstrip("/").rpartition(":")
    if not host or not port.isdecimal():
        raise TritonError(f"{variable} must be host:port, not {text!r}")
    return host, int(port)


class TritonServer:
    """One Triton process with its Python stubs: start, wait until ready, stop. Also a context manager."""

    def __init__(self, settings: TritonSettings) -> None:
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self._was_ready = False  # since it was started
        # The names of this server's shared memory, so that a sweep can't take another's.
        self._shm_prefix = f"tessera{hashlib.sha256(str(settings.state.resolve()).encode()).hexdigest()[:10]}"
        self._pid_file = settings.state / "triton.pid"
        self.zygote = Zygote(settings.state, settings.repository)
        self._start_zygote: Callable[[], None] | None = None
        self.log_file = settings.state / "triton.log"

    def start(self, output: IO[bytes] | None = None) -> None:
        """Starts the process; its words go to `output` or to `log_file`. A Triton that an earlier owner left behind
        is ended first; a port that anybody else holds is a TritonError."""
        self._end_leftover()
        for port in (self.settings.http_port, self.settings.grpc_port, self.settings.metrics_port):
            _require_free(self.settings.address, port)
        wheel = _wheel()
        library = _libpython_folder()
        stub = self._install_backends(wheel)
        self.settings.repository.mkdir(parents=True, exist_ok=True)
        self._prepare_cache()
        environment = self.environment(wheel, library)
        with contextlib.ExitStack() as files:
            log = output if output is not None else files.enter_context(self.log_file.open("wb"))
            if not self.settings.fork_server:
                self.zygote.reason = "it is switched off"
            elif not self.zygote.install(stub):
                print(f"models start without the fork server: {self.zygote.reason}", file=sys.stderr, flush=True)
            else:
                environment["TESSERA_ZYGOTE_SOCKET"] = str(self.zygote.socket)
                self._start_zygote = functools.partial(self.zygote.start, stub, environment, output or self.log_file)
                self._start_zygote()
                # A model that were loaded before would start on its own, slowly and with all its libraries to itself.
                self.zygote.wait(ZYGOTE_WAIT_S)
            self._was_ready = False
            # Its own session: the stubs stay in its process group and can be ended with it.
            self.process = subprocess.Popen(
                self.command(wheel), env=environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=self.settings.state, start_new_session=True,
            )
        self._pid_file.write_text(str(self.process.pid))

    def command(self, wheel: Path) -> list[str]:
        """Triton's command line."""
        s = self.settings
        options = [
            f"--model-repository={s.repository.resolve()}", "--model-control-mode=explicit", "--strict-readiness=false",
            "--disable-auto-complete-config", f"--backend-directory={(s.state / 'backends').resolve()}",
            f"--http-address={s.address}", f"--http-port={s.http_port}", f"--grpc-address={s.address}",
            f"--grpc-port={s.grpc_port}", f"--metrics-address={s.address}", f"--metrics-port={s.metrics_port}",
            "--allow-sagemaker=false", "--allow-vertex-ai=false", "--allow-gpu-metrics=false",
            f"--cache-directory={wheel / 'caches'}", "--cache-config=local,size=16777216",
            # 1 MB of shared memory is the least an instance takes; it grows with its tensors.
            "--backend-config=python,shm-default-byte-size=1048576",
            "--backend-config=python,shm-growth-byte-size=1048576",
            f"--backend-config=python,shm-region-prefix-name={self._shm_prefix}",
            "--backend-config=python,thread-pool-size=1", "--exit-timeout-secs=5", "--log-format=ISO8601",
        ]
        options += [f"--load-model={name}" for name in s.models]
        for apis, header, secret in ((ADMIN_APIS, ADMIN_HEADER, s.admin_secret),
                                     (INFER_APIS, INFER_HEADER, s.infer_secret)):
            if secret:
                options.append(f"--http-restricted-api={apis}:{header}={secret}")
                options.append(f"--grpc-restricted-protocol={apis}:{header}={secret}")
        return [str(wheel / "bin" / "tritonserver"), *options]

    def environment(self, wheel: Path, library: Path | None) -> dict[str, str]:
        """What Triton and the models' code may see: no password or key of the product is among it."""
        paths = [wheel.parents[1] / "nvidia_pytriton.libs", *([library] if library else [])]
        kept = {k: os.environ[k] for k in ("TZ", "TMPDIR", "TESSERA_NETS", "TESSERA_VAR") if k in os.environ}
        return kept | {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(self.settings.state),
            "LD_LIBRARY_PATH": ":".join(map(str, paths)), "PYTHONHOME": sys.base_prefix,
            "PYTHONPATH": f"{SOURCE_ROOT}:{sysconfig.get_path('purelib')}", "PYTHONNOUSERSITE": "1",
            "TESSERA_NET_CACHE": str((self.settings.state / "nets").resolve()),
            "PYTHONUNBUFFERED": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "ORT_DISABLE_TELEMETRY": "1",
        }

    def _install_backends(self, wheel: Path) -> Path:
        """A private copy, because Triton changes the stub's mode, with the stub of this Python and our backends; the
        stub's path."""
        target = self.settings.state / "backends"
        self.settings.state.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(wheel / "backends" / "python", target / "python")
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        stub = wheel / "python_backend_stubs" / version / "triton_python_backend_stub"
        if not stub.is_file():
            raise TritonError(f"nvidia-pytriton has no stub for Python {version}; use Python 3.11 or 3.12")
        shutil.copy(stub, target / "python" / stub.name)
        (target / "python" / stub.name).chmod(0o755)
        ours = Path(__file__).resolve().parents[1] / "backends"
        for name in OUR_BACKENDS:
            (target / name).mkdir()
            shutil.copy(ours / name / "model.py", target / name / "model.py")
        return target / "python" / stub.name

    def _prepare_cache(self) -> None:
        """The optimised forms of large nets; those that nobody has written or asked for in a month go."""
        cache = self.settings.state / "nets"
        cache.mkdir(exist_ok=True)
        for kept in cache.iterdir():
            if kept.name.startswith(".") or time.time() - kept.stat().st_mtime > CACHE_DAYS * 86_400:
                shutil.rmtree(kept, ignore_errors=True)

    def wait_ready(self, timeout: float = 30.0) -> None:
        """Returns when the server is ready; TritonError with the log's end where it ends or takes too long."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise TritonError(f"Triton ended while starting:\n{self._log_end()}")
            if self.ready():
                return
            time.sleep(0.05)
        raise TritonError(f"Triton was not ready within {timeout:g} s:\n{self._log_end()}")

    def ready(self) -> bool:
        """Whether the server answers that it is ready, asked with a short timeout."""
        connection = http.client.HTTPConnection(self.settings.address, self.settings.http_port, timeout=2)
        try:
            connection.request("GET", "/v2/health/ready")
            ready = connection.getresponse().status == 200
            self._was_ready = self._was_ready or ready
            return ready
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self, timeout: float = 10.0) -> None:
        """Asks it to end, then ends the whole group: a crashed Triton can hang in its own signal handler."""
        process = self.process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout)
        _kill_group(process.pid)
        process.wait()
        self.zygote.stop()
        self.process = None
        self._pid_file.unlink(missing_ok=True)
        self._sweep()

    def watch(self) -> int:
        """Returns when Triton has ended, with its status, or when it has to be ended: it hangs, or it holds memory
        that it should have given back. A fork server that dies is started again."""
        assert self.process is not None
        answered = time.monotonic()
        idle = _Idle(self.process.pid)
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.process.wait(PROBE_EVERY_S)
            if self.ready():
                answered = time.monotonic()
            elif time.monotonic() - answered > (patience := HANG_S if self._was_ready else START_S):
                print(f"Triton has not answered for {patience:g} s: it is ended", file=sys.stderr, flush=True)
                return HUNG
            mb = resident_mb(self.process.pid)
            if mb > 2 * self.settings.memory_mb or (mb > self.settings.memory_mb and idle.now()):
                print(f"Triton keeps {mb:.0f} MB beside its models': it is started anew", file=sys.stderr, flush=True)
                return GROWN
            self._keep_zygote()

    def _keep_zygote(self) -> None:
        """Starts a fork server that has ended again; one that can't stay up is let go, and models start without."""
        if self._start_zygote is None or self.zygote.alive():
            return
        if self.zygote.short_lives >= ZYGOTE_TRIES:
            print("the fork server does not stay up: models start without it", file=sys.stderr, flush=True)
            self._start_zygote = None
            return
        print("the fork server has ended: it is started again", file=sys.stderr, flush=True)
        self._start_zygote()

    def _end_leftover(self) -> None:
        """Ends the Triton of an owner that was killed: it would hold the ports."""
        try:
            pid = int(self._pid_file.read_text())
            if b"tritonserver" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]:
                _kill_group(pid)
                deadline = time.monotonic() + 5
                while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
                    time.sleep(0.05)
        except (OSError, ValueError):
            pass
        self._pid_file.unlink(missing_ok=True)
        self.zygote.end_leftover()
        self._sweep()

    def _sweep(self) -> None:
        for left in SHARED_MEMORY.glob(f"{self._shm_prefix}*"):
            with contextlib.suppress(OSError):
                left.unlink()

    def _log_end(self) -> str:
        with contextlib.suppress(OSError):
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-15:])
        return ""

    def __enter__(self) -> TritonServer:
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()


def resident_mb(pid: int) -> float:
    """Memory that a process holds; 0.0 where it can't be seen."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    except OSError:
        return 0.0


class _Idle:
    """Whether a process has used next to no processor time since it was asked before."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ticks = self._read()

    def _read(self) -> int:
        try:
            fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0
        return int(fields[11]) + int(fields[12])

    def now(self) -> bool:
        before, self._ticks = self._ticks, self._read()
        return self._ticks - before <= 1


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _require_free(address: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            raise TritonError(f"port {port} of {address} is taken; set TESSERA_TRITON_PORT to a free one") from None


def check_machine() -> None:
    """TritonError, in one line, where this machine or this Python can't run Triton and its Python models."""
    _wheel()
    _libpython_folder()


def _wheel() -> Path:
    """The folder of tritonserver in the wheel; found without importing pytriton."""
    try:
        found = Path(str(importlib.metadata.distribution("nvidia-pytriton").locate_file("pytriton/tritonserver")))
    except importlib.metadata.PackageNotFoundError:
        raise TritonError("Triton is missing: install nvidia-pytriton, or set TRITON_URL to a running Triton") from None
    if not (found / "bin" / "tritonserver").is_file():
        raise TritonError(f"nvidia-pytriton has no tritonserver for this platform ({found})")
    return found


def _libpython_folder() -> Path | None:
    """Where the stub finds libpython of this very Python; None where the loader finds it by itself.

    A libpython of another patch version starts, and then fails at `import ssl` against this standard library.
    """
    name = f"libpython{sys.version_info.major}.{sys.version_info.minor}.so.1.0"
    for folder in (Path(sys.base_prefix) / "lib", Path(str(sysconfig.get_config_var("LIBDIR")))):
        if (folder / name).is_file():
            return folder
    loaded = ctypes.util.find_library(name.removeprefix("lib").partition(".so")[0])
    if loaded is None:
        package = name.partition(".so")[0]
        raise TritonError(f"Triton needs {name}: install {package}, or a Python built with --enable-shared")
    code = f"import ctypes; l = ctypes.CDLL({loaded!r}); l.Py_GetVersion.restype = ctypes.c_char_p; " \
           "print(l.Py_GetVersion().decode().split()[0])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stdout.strip()
    running = ".".join(map(str, sys.version_info[:3]))
    if found != running:
        raise TritonError(f"{name} of the system is Python {found or 'unknown'}, but this is {running}: install the "
                          "libpython of the same version")
    return None


def main() -> int:
    """Runs Triton in the foreground until it ends or SIGTERM or SIGINT arrives."""
    try:
        server = TritonServer(TritonSettings.from_environment())

        def end(number: int, frame: FrameType | None) -> None:
            raise SystemExit(0)

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        patience = 10.0
        try:
            server.start(sys.stdout.buffer)
            code = server.watch()
            patience = 0.2 if code == HUNG else patience  # a Triton that hangs doesn't hear a request to end
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            server.stop(patience)
        print(f"Triton ended with status {code}", file=sys.stderr)
        return 1
    except TritonError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
