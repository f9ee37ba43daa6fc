#!/bin/sh
# Installs the locked packages into a virtual environment: install.sh PREFIX. The Dockerfile and a test run the same.
set -eu
prefix="$1"
here="$(cd "$(dirname "$0")" && pwd)"
test -f "$here/requirements.lock" || here="$(dirname "$here")"
"${PYTHON:-python3}" -m venv "$prefix"
"$prefix/bin/python" -m pip install -q --no-cache-dir --disable-pip-version-check --require-hashes -r "$here/requirements-uv.lock"
"$prefix/bin/uv" pip sync -q --python "$prefix/bin/python" --require-hashes "$here/requirements-uv.lock" "$here/requirements.lock"
