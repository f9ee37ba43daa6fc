# Everything that people type. `make help` explains it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export ORT_DISABLE_TELEMETRY := 1
# What every instance of this checkout shares: the tables of a fresh database, and Python's compiled code where the shell
# forbids it in the tree. See config/schema.py and config/embedded/state.py.
export TESSERA_SCHEMA_CACHE ?= $(CURDIR)/var/schema
ifdef PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/var/pycache
unexport PYTHONDONTWRITEBYTECODE
endif
# After the tests: it throws Postgres' connections out.
STORM := $(BIN)/python -m benchmarks.billing.storm
export TESSERA_NETS ?= $(CURDIR)/var/nets

UNIT := not stack and not browser and not django_db and not catalog
STACK := (stack or django_db) and not browser
PYTEST := $(BIN)/python -m pytest -q
# Folders without a unit test, which are slow to import.
UNITS := $(PYTEST) -m "$(UNIT)" --ignore=tests/browser --ignore=tests/catalog --ignore=tests/flows
# Tests of one part empty their Redis database: they get number 15, so that the running product keeps its own.
PARTS := REDIS_URL=$${REDIS_URL%/0}/15 $(PYTEST) -m "$(STACK)" --ignore=tests/flows --ignore=tests/browser --ignore=tests/catalog
LIFE := tests/config/test_lifecycle.py tests/config/test_install_script.py
FLOWS := $(PYTEST) tests/flows
# A process of its own: Playwright keeps an event loop running, which other asyncio tests can't share.
BROWSER := DJANGO_ALLOW_ASYNC_UNSAFE=1 $(PYTEST) -m browser tests/browser

##@ Run
up: needs install frontend ## install what is missing, start the whole product, print the first call (Ctrl-C drains)
	@$(BIN)/python -m config.embedded up

down: ## stop a running instance
	@test ! -x $(BIN)/python || $(BIN)/python -m config.embedded down

reset: ## stop, and forget all data of the embedded instance
	@test ! -x $(BIN)/python || $(BIN)/python -m config.embedded reset

##@ Check
test: needs install frontend nets ## everything that must hold, in four lanes side by side; what each says comes when it ends
	@$(MAKE) --no-print-directory -j4 --output-sync=target lane-pages lane-life lane-parts lane-flows

# Lint, types, layers, units; then the pages, which alone need their examples drawn.
lane-pages: lint
	@$(UNITS) tests
	@TESSERA_VAR=$(CURDIR)/var/test-pages TESSERA_PORT=18600 ./tests/with_stack bash -c '$(BROWSER)'

# The product's own life, in tests that start all that they need; then every entry of the catalogue by itself.
lane-life:
	@TESSERA_EXAMPLES=0 $(PYTEST) $(LIFE)
	@$(PYTEST) -m catalog tests/catalog

# The other parts on real services; then a short storm over money.
lane-parts:
	@TESSERA_EXAMPLES=0 TESSERA_VAR=$(CURDIR)/var/test-parts TESSERA_PORT=18200 ./tests/with_stack bash -c '$(PARTS) $(LIFE:%=--ignore=%) tests && $(STORM) --short'

# Whole paths through the running product.
lane-flows:
	@TESSERA_EXAMPLES=0 ./tests/with_stack bash -c '$(FLOWS)'

test-unit: install ## fast tests only: no sockets, no services
	@$(UNITS) -n 2 --dist loadfile $(or $(ARGS),tests)

test-stack: install frontend ## the parts on real services; ARGS="…" goes to pytest
	@./tests/with_stack bash -c '$(PARTS) $(or $(ARGS),tests)'

test-flows: install frontend ## whole paths through the running product; ARGS="…" goes to pytest
	@./tests/with_stack bash -c '$(FLOWS) $(ARGS)'

test-browser: install frontend ## the pages in Chromium against the running product; FULL=1: in every look; ARGS="…"
	@FULL=$(FULL) ./tests/with_stack bash -c '$(BROWSER) $(ARGS)'

screenshots: install ## every page of the running instance as a picture, into docs/screenshots
	@$(BIN)/python frontend/screenshots.py

lighthouse: install ## the running instance's pages against the portal's budgets; Lighthouse comes from npm
	@node frontend/build/lighthouse.mjs $$($(BIN)/python -c 'import json, os; print(json.load(open(os.environ.get("TESSERA_VAR", "var") + "/demo.json"))["url"])')

clients: needs install frontend nets ## the stock clients of Triton, KServe and OpenAI, each in an environment of its own, against the product
	@./tests/with_stack bash -c '$(PYTEST) -v tests/flows/test_stock_clients.py tests/flows/test_openai_client.py'

fuzz-api: needs install frontend nets ## schemathesis over the whole OpenAPI document against the product (10 min); ARGS="--examples 50"
	@./tests/with_stack $(BIN)/python -m tests.clients.fuzz_api $(ARGS)

lint: install ## ruff, mypy, import layers
	@$(BIN)/ruff check . && $(BIN)/mypy && (cd sdk/python && ../../$(BIN)/mypy) \
	  && (cd sdk/conformance && ../../$(BIN)/mypy) \
	  && $(BIN)/lint-imports --no-cache >/dev/null && echo "lint: clean"

##@ Build
install: $(VENV)/.installed ## the virtual environment, hash-locked

frontend: frontend/dist/manifest.json ## the pages' scripts and styles

nets: install ## the nets that are too large to commit, from pinned wheels
	@$(BIN)/python -m model_registry.nets build --out $(TESSERA_NETS)

openapi: install ## write sdk/openapi.json from the code, and the SDKs and the specification's files from it
	@$(BIN)/python manage.py spectacular --format openapi-json --validate --fail-on-warn --file sdk/openapi.json
	@$(BIN)/python sdk/generate.py
	@$(BIN)/python sdk/generate_reference.py
	@$(BIN)/python sdk/generate_typescript.py
	@$(BIN)/python sdk/generate_spec.py

sdk: install ## the Python SDK from sdk/openapi.json, checked by mypy and pyright (from npm), its wheels into var/wheels
	@$(BIN)/python sdk/generate.py && $(BIN)/python sdk/generate_reference.py && $(BIN)/python sdk/compat.py
	@cd sdk/python && ../../$(BIN)/mypy && npx --yes pyright@1.1.414 --pythonpath ../../$(BIN)/python
	@cd sdk/python && for part in . tools; do (cd $$part && $(CURDIR)/$(BIN)/hatchling build -t wheel -d $(CURDIR)/var/wheels); done
	@ls -l var/wheels

sdk-java: ## compile the Java SDK with a JDK that is here already (11 or newer), into var/java/tessera-sdk.jar
	@command -v javac >/dev/null || { echo " tessera | a JDK 11 or newer is needed: install one (openjdk-17-jdk-headless) and try again" >&2; exit 1; }
	@rm -rf var/java && mkdir -p var/java/classes
	@javac --release 11 -Xlint:all -Werror -d var/java/classes $$(find sdk/java/src/main/java -name '*.java')
	@jar --create --file var/java/tessera-sdk.jar -C var/java/classes . && ls -l var/java/tessera-sdk.jar

lock: install ## resolve the dependencies anew into requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --group dev -q --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header -o requirements.lock

##@ Catalogue
capability: install ## a new capability: make capability name=… domain=…
	@$(BIN)/python -m model_registry.catalog_kit new $(name) $(domain)

catalog-test: needs install frontend nets ## every capability through a running product, its own or demo=var/demo.json; name=… checks one without
ifneq ($(name),)
	@$(PYTEST) tests/catalog -k "$(subst -,_,$(name))"
else ifneq ($(demo),)
	@$(BIN)/python -m benchmarks.catalogue --demo $(demo)
else
	@./tests/with_stack $(BIN)/python -m benchmarks.catalogue
endif

EVALUATE := $(BIN)/python -m model_registry.catalog_kit.evaluate
catalog-eval: install nets ## measure for the cards what has changed: make catalog-eval [name=…] [domain=…] [all=1]
	@$(EVALUATE) $(name) $(if $(domain),--domain $(domain)) $(if $(all),--all)

catalog-quality: install nets ## the cards' quality alone: as above
	@$(EVALUATE) --part quality $(name) $(if $(domain),--domain $(domain)) $(if $(all),--all)

catalog-latency: install nets ## the cards' latency and memory alone, all of them, on a quiet machine (8 min)
	@$(EVALUATE) --part latency $(name) $(if $(domain),--domain $(domain)) --all

catalog-density: install ## lines of code and manifest of every capability
	@$(BIN)/python -m model_registry.catalog_kit density

##@ Specification
conformance: needs install frontend nets ## does the product keep the Model Service Interface? the kit's checks, on others too (1 min)
	@DJANGO_SETTINGS_MODULE=tests.conformance.settings ./tests/with_stack $(BIN)/python sdk/conformance/ours.py

##@ Measure
billing-storm: needs install frontend nets ## kill -9 against metering and charging: nothing lost, doubled or charged twice (8 min)
	@./tests/with_stack $(BIN)/python -m benchmarks.billing.storm $(ARGS)

billing-bench: install ## the ledger's and the meter's speed, and the usage page of 3 million events
	@$(BIN)/python -m benchmarks.billing.bench $(ARGS)

chaos: needs install frontend nets ## faults at random under load, three seeds: each answer billed once, good again in 15 s (8 min); ARGS="--seeds 4"
	@./tests/with_stack $(BIN)/python -m benchmarks.chaos $(ARGS)

overload: needs install frontend nets ## 0.7, 2 and 10 times the capacity, a noisy neighbour, half an hour's soak; ARGS="--soak=2"
	@./tests/with_stack $(BIN)/python -m benchmarks.overload $(ARGS)

swap-storm: needs install frontend nets ## 10,000 calls while versions are swapped 50 times and rolled back 10 times (2 min)
	@./tests/with_stack $(BIN)/python -m benchmarks.swaps $(ARGS)

billing-proofs: install ## billing's promises, each by the tests that hold it, with what they counted (4 min); ARGS="--only …"
	@$(BIN)/python -m benchmarks.billing.proofs $(ARGS)

bench-gateway: needs install frontend nets ## our metered path against Triton alone, LiteLLM's proxy and MLServer (5 min)
	@$(BIN)/python -m benchmarks.gateway $(ARGS)

bench-sdk: needs install frontend nets ## what the Python SDK adds to a call, against raw httpx in turn (1 min); ARGS="--rounds 500"
	@./tests/with_stack $(BIN)/python -m benchmarks.sdk $(ARGS)

isolation: install frontend nets ## what honest models' calls take while uploaded graphs hang, eat memory or crash; last line JSON
	@./tests/with_stack $(BIN)/python -m benchmarks.isolation $(ARGS)

bench-pools: install ## cold starts and memory of models, with and without the fork server; the whole catalogue's memory
	@$(BIN)/python -m benchmarks.pools $(ARGS)

bench-gpu: install ## ResNet-50 through PyTorch, ONNX Runtime and TensorRT, where there is a GPU
	@$(BIN)/python -m benchmarks.gpu

##@ Operate
restore-drill: needs install frontend nets ## back up, restore beside it, compare every table: at most five minutes
	@./tests/with_stack $(BIN)/python manage.py restore_drill --events 100000 $(ARGS)

sbom: install ## the bill of materials (CycloneDX) of everything that is locked, into var/sbom.json
	@$(BIN)/python -m config.supply sbom

audit: install ## known faults of the locked packages, and bandit over our own code; says so where no advisories can be had
	@$(BIN)/python -m config.supply bandit && $(BIN)/python -m config.supply audit

##@ Help
help: ## this text
	@echo; echo "  Tessera: two commands are enough, make up and make test."
	@awk -F':.*## ' '/^##@ / {printf "\n  %s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "    \033[36mmake %-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo; echo "  TESSERA_PORT=9000 make up moves the web port; README.md lists the others."; echo

# Both are looked at before anything is installed, so that what is missing is the first line and the only one.
needs:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null || { \
	  echo " tessera | Python 3.11 or 3.12 is needed: install it, or name it with PYTHON=python3.11 make up" >&2; exit 1; }
	@test -e frontend/dist/manifest.json || node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null || { \
	  echo " tessera | Node 20 or newer is needed to build the pages: install it and try again" >&2; exit 1; }

$(VENV)/.installed: requirements.lock requirements-uv.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo " tessera | installing the locked packages: 1 GB to fetch the first time, then they come from the cache …"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@$(BIN)/uv pip sync --python $(BIN)/python --require-hashes requirements-uv.lock requirements.lock 2>&1 \
	  | { grep --line-buffered -v '^ [+~-] ' || true; }
	@touch $@

frontend/dist/manifest.json: $(shell find frontend/src frontend/templates -type f 2>/dev/null) frontend/package-lock.json
	@echo " tessera | building the pages …"
	@cd frontend && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build -- --logLevel error
	@touch $@

.PHONY: chaos overload restore-drill sbom audit up down reset test lane-pages lane-life lane-parts lane-flows test-unit test-stack test-flows test-browser clients fuzz-api screenshots lighthouse lint install \
  frontend nets openapi sdk lock capability catalog-test catalog-eval catalog-quality catalog-latency catalog-density \
  billing-storm billing-bench billing-proofs swap-storm bench-gateway bench-sdk bench-pools isolation \
  bench-gpu help needs conformance sdk-java
