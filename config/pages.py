"""The pages' files as they are collected: our own compressed, those of the staff's pages as they are."""

from __future__ import annotations

from typing import Any

from whitenoise.storage import CompressedStaticFilesStorage

LIBRARIES = ("admin/", "rest_framework/")  # seldom asked for, and fifteen times as much to compress


class PageFiles(CompressedStaticFilesStorage):
    """WhiteNoise's storage, which serves the compressed form of a file where there is one."""

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Any:
        own = {path: where for path, where in paths.items() if not path.startswith(LIBRARIES)}
        return super().post_process(own, dry_run, **options)
