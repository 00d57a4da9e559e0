# `make` alone lists what there is to do.
# Every target sets up what it needs. PYTHON= names the interpreter, VENV= the folder
# of the virtual environment, ARGS= what is handed on to the command.

PYTHON ?=
VENV ?= .venv
ARGS ?=
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UPGRADE ?=

PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--no-annotate --custom-compile-command "make lock" $(UPGRADE)

.DEFAULT_GOAL := help
.PHONY: help install dev test check format openapi coverage interop faults bench \
	docker-check lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

install: $(STAMP) ## set up .venv from the locked, hashed requirements

$(STAMP): pyproject.toml requirements/dev.txt
	@sh .ci/venv "$(VENV)" "$(PYTHON)"
	@echo "Installing into $(VENV); the first time takes about a minute."
	@$(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

dev: $(STAMP) ## run the gateway with a room inside; nothing else is needed
	@$(BIN)/gateway dev $(ARGS)

test: $(STAMP) ## run the tests, but for interop and faults
	@$(BIN)/python -m pytest -n auto $(ARGS)

check: $(STAMP) ## format, lint, types, layers, dependencies, advisories, openapi
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python .ci/audit.py requirements/base.txt
	$(BIN)/gateway openapi --check openapi/gateway.json

format: $(STAMP) ## format the code and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: $(STAMP) ## write openapi/gateway.json
	$(BIN)/gateway openapi > openapi/gateway.json

coverage: $(STAMP) ## branch coverage of the domain and of the room client, 95 % each
	@$(BIN)/coverage erase
	@$(BIN)/coverage run --source=gateway.domain,gateway.room \
		-m pytest -q tests/domain tests/room $(ARGS)
	@for part in domain room; do \
		$(BIN)/coverage report --fail-under=95 --include="gateway/$$part/*" || exit 1; \
	done

interop: $(STAMP) ## against MeshAgent's SDKs and CLI, Zapier, Node-RED (Python 3.13, Node)
	@sh tests/interop/setup.sh
	@$(BIN)/python -m pytest tests/interop $(ARGS)

faults: $(STAMP) ## break the room, the store and the receivers; count what is left
	@$(BIN)/python -m pytest -o asyncio_debug=false tests/faults $(ARGS)

bench: $(STAMP) ## measure against the baselines, side by side
	@$(BIN)/python -m benchmarks $(ARGS)

docker-check: $(STAMP) ## lint the Dockerfile and run its steps without a container
	@$(PIP_INSTALL) --require-hashes -r requirements/docker.txt
	$(BIN)/hadolint Dockerfile
	@$(BIN)/python .ci/dockerfile.py $(ARGS)

lock: $(STAMP) ## compile requirements/*.txt anew; UPGRADE=--upgrade takes newer ones
	$(LOCK) --python-version 3.11 pyproject.toml --extra postgres -o requirements/base.txt
	$(LOCK) --python-version 3.11 pyproject.toml --group dev -o requirements/dev.txt
	$(LOCK) --python-version 3.11 --group build -o requirements/build.txt
	$(LOCK) --python-version 3.11 --group docker -o requirements/docker.txt
	$(LOCK) --python-version 3.13 requirements/interop.in -o requirements/interop.txt

clean: ## remove what make makes; data/ and .env stay
	rm -rf .venv .venv-* .cache .coverage* .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache build dist tests/interop/node/node_modules \
		integrations/zapier/node_modules integrations/node-red/node_modules
	find gateway tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + \
		2>/dev/null || true
