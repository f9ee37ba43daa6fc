"""The TypeScript SDK: generated as the document says; compiled with every check, and run by Node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TSC = ROOT / "frontend" / "node_modules" / ".bin" / "tsc"
SAMPLES = ROOT / "model_registry" / "catalog" / "samples"
sys.path.insert(0, str(ROOT / "sdk"))

import generate_typescript  # noqa: E402


def test_the_generated_files_are_as_the_document_says() -> None:
    stale = [path.name for path, text in generate_typescript.files().items() if path.read_text() != text]
    assert stale == [], "run make openapi"


def test_every_operation_with_json_is_a_method_and_every_schema_a_type() -> None:
    document = json.loads((ROOT / "sdk" / "openapi.json").read_text())
    text = {path.name: source for path, source in generate_typescript.files().items()}
    for name in document["components"]["schemas"]:
        assert f"export interface {name} " in text["types.ts"] or f"export type {name} " in text["types.ts"], name
    assert "  rotate(keyId: number, body: t.RotateApiKeyRequest = {}" in text["resources.ts"]
    assert "retrieve(model: string, options: Options = {}): Promise<t.ModelDetail>" in text["resources.ts"]
    assert "list(query: { cursor" not in text["resources.ts"]


def test_unusual_schemas_become_types() -> None:
    generator = generate_typescript.Generator({"components": {"schemas": {"A": {"enum": ["x"], "type": "string"}}}})
    for schema, wanted in (
            ({"type": ["string", "null"]}, "string | null"), ({"oneOf": [{}, {"type": "null"}]}, "unknown"),
            ({"oneOf": [{"$ref": "#/components/schemas/A"}, {"type": "null"}]}, "t.A | null"), ({}, "unknown"),
            ({"type": "array", "items": {"type": ["integer", "null"]}}, "(number | null)[]"),
            ({"type": "object", "additionalProperties": {"type": "integer"}}, "Record<string, number>")):
        assert generator.type_of(schema, prefix="t.") == wanted
    assert "export type A = string;" in generator.types()
    assert generate_typescript.method_name("apiKeys", "api_keys_rotate") == "rotate"
    assert generate_typescript.method_name("billing", "top_ups_create") == "topUpsCreate"


@pytest.mark.stack
@pytest.mark.skipif(not TSC.exists() or shutil.which("node") is None,
                    reason="no Node or no TypeScript here: `make frontend` installs the compiler")
def test_it_compiles_strictly_and_runs_on_the_product(tmp_path: Path) -> None:
    command = [TSC, "-p", ROOT / "sdk" / "typescript", "--outDir", tmp_path]
    made = subprocess.run(command, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout
    (tmp_path / "package.json").write_text('{"type": "module"}')
    demo = json.loads((Path(os.environ["TESSERA_VAR"]) / "demo.json").read_text())
    ran = subprocess.run(
        ["node", "--test", "--test-reporter=tap", Path(__file__).with_name("product.mjs")], capture_output=True,
        text=True, timeout=120, env={**os.environ, "DIST": str(tmp_path), "BASE_URL": demo["url"],
                                     "API_KEY": demo["api_key"], "SAMPLES": str(SAMPLES)})
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert "\n# fail 0\n# cancelled 0\n# skipped 0\n" in ran.stdout
    assert not json.loads((ROOT / "sdk" / "typescript" / "package.json").read_text()).get("dependencies")
