"""What every test shares. Unit tests have no sockets; tests of the real stack do."""

from __future__ import annotations

import os

import pytest
from pytest_socket import disable_socket, enable_socket

# As in the hosts: more threads than that fight for the same two cores, and take longer.
for _library in ("OMP", "OPENBLAS"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

NEEDS_SERVICES = ("stack", "browser", "django_db", "enable_socket")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/catalog/" in item.path.as_posix():
            item.add_marker("catalog")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if any(item.get_closest_marker(name) for name in NEEDS_SERVICES):
        enable_socket()
    else:
        disable_socket(allow_unix_socket=True)  # asyncio's own wake-up pair is a Unix socket


# What migrations fill, and no test changes.
KEPT = ("django_migrations", "django_content_type", "auth_permission")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """After a test that commits, only the tables that hold something are emptied. Django truncates a hundred of them
    and writes the permissions again, which takes longer than most of these tests."""
    from django.test import TransactionTestCase

    TransactionTestCase._fixture_teardown = lambda test: _empty_tables()


def _empty_tables() -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        tables = [f'"{name}"' for name in connection.introspection.django_table_names(only_existing=True)
                  if name not in KEPT]
        cursor.execute(" UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables))
        filled = [row[0] for row in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")  # neither foreign keys nor our guards
        for table in filled:
            cursor.execute(f"DELETE FROM {table}")
