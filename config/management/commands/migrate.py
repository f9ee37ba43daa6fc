"""Django's migrate, quick where there is nothing to do or where the same was done before."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.migrations.executor import MigrationExecutor

from config import schema

PARTIAL = ("app_label", "plan", "check_unapplied", "prune", "fake", "fake_initial")


class Command(migrate.Command):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        folder = schema.cache()
        if any(options[word] for word in PARTIAL) or options["database"] != DEFAULT_DB_ALIAS:
            super().handle(*args, **options)
        elif folder is not None and schema.is_empty():
            with schema.alone(folder) as file:
                if file.exists():
                    schema.load(file)
                else:
                    super().handle(*args, **options)
                    schema.save(file)
        elif self._anything_to_do():
            super().handle(*args, **options)

    def _anything_to_do(self) -> bool:
        executor = MigrationExecutor(connection)
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
