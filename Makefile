# SPDX-License-Identifier: Apache-2.0
# Every target sets up what it needs by itself; a second run is fast.

PYTHON ?= python3
PORT ?= 8080
SECONDS ?= 600
VENV := .venv
SDK := .venv-sdk
BIN := $(VENV)/bin
CONSTRAINTS := constraints/airflow-3.3.txt
READY := $(VENV)/.ready
SDK_READY := $(SDK)/.ready
# Compiled tests are kept: without them each process of each run compiles all of them again.
export PYTHONDONTWRITEBYTECODE :=
# As many processes share the tests as two cores need: those on sockets wait half of their time, and those that start
# processes of their own want the machine for themselves.
PARALLEL := --numprocesses 2 --dist worksteal
WAITING := --numprocesses 3 --dist worksteal
UV = $(shell command -v uv || echo $(BIN)/uv)

.DEFAULT_GOAL := help
.PHONY: help demo airflow test testall matrix lint format unit bench benchfull attack torture fuzz sdk constraints clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

demo: $(READY) ## Run the outreach example on a private Airflow against the sandbox, and print its funnel
	@$(BIN)/python scripts/demo.py

airflow: $(READY) ## Open Airflow's UI with the sandbox (PORT=8080)
	@$(BIN)/python scripts/standalone.py --port $(PORT)

test: lint ## Run lint, type checks and the tests that start no processes
	$(BIN)/python -m pytest $(WAITING) -m "not system"

testall: lint ## Run lint, type checks and all tests, with PostgreSQL, Airflow's processes, torture, benchmarks, and twenty seconds of fuzzing from a fixed seed
	$(BIN)/python -m pytest $(WAITING) -m "not system"
	$(BIN)/python -m pytest $(PARALLEL) -m system
	$(BIN)/python scripts/fuzzing.py --seconds 20 --seed 1

unit: $(READY) ## Run the unit tests: no socket, no process; one to two minutes
	$(BIN)/python -m pytest $(PARALLEL) -m unit

matrix: $(READY) ## Run the unit and sockets tests with all supported releases of Airflow and Python (JOBS=lowest-py3.10 or JOBS=--quick)
	@$(BIN)/python scripts/matrix.py $(JOBS)

lint: $(READY) ## Check formatting, lint rules and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(READY) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) $(SDK_READY) ## Measure bulk checks and sends against other clients; seven minutes
	@$(BIN)/python benchmarks/bench.py --docs docs

benchfull: $(READY) $(SDK_READY) ## Measure the same with a million numbers, and waits and the receiver; an hour
	@$(BIN)/python benchmarks/bench.py --full --mapped --docs docs
	$(BIN)/python benchmarks/waiting.py
	$(BIN)/python benchmarks/receiving.py

attack: $(READY) ## Attack the receiver on loopback and print what it cost; two minutes
	@$(BIN)/python benchmarks/attack.py

torture: $(READY) ## Kill bulk tasks at random moments while the vendors fail, and count repeats (SEED=7 repeats a run)
	@$(BIN)/python scripts/torture.py $(if $(SEED),--seed $(SEED))

fuzz: $(READY) ## Fuzz replies, webhooks, numbers, files and templates for ten minutes (SECONDS=600); finds are kept
	@$(BIN)/python scripts/fuzzing.py --seconds $(SECONDS)

sdk: $(READY) $(SDK_READY) ## Run the vendors' own clients against the sandbox, in an environment of their own
	$(BIN)/python -m pytest tests/contract/test_green_sdk.py tests/contract/test_green_clients.py
	@echo "Not run: WuzAPI's client wuzapi-node, which the npm registry did not have when this was written"

constraints: $(READY) ## Write the constraint files: the newest releases, and those of the matrix
	$(BIN)/python scripts/make_constraints.py $(UV) constraints

clean: ## Remove all files that the other targets have made
	rm -rf $(VENV) $(SDK) .matrix .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "Python 3.10 to 3.13 is needed; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || $(UV) venv --python $(PYTHON) $(VENV)
	@command -v uv >/dev/null || test -x $(BIN)/uv || \
		{ $(BIN)/python -m ensurepip >/dev/null && $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; }
	$(UV) pip install --quiet --python $(BIN)/python --constraint $(CONSTRAINTS) --group dev --editable .
	@touch $@

$(SDK_READY): pyproject.toml scripts/sdk/package.json $(READY)
	@test -x $(SDK)/bin/python || $(PYTHON) -m venv $(SDK) || $(UV) venv --python $(PYTHON) $(SDK)
	$(UV) pip install --quiet --python $(SDK)/bin/python --group sdk
	@mkdir -p $(SDK)/node && cp scripts/sdk/package.json $(SDK)/node/
	@if command -v npm >/dev/null; then npm install --prefix $(SDK)/node --ignore-scripts --no-audit --no-fund --loglevel error; \
		else echo "Node.js is missing: the vendors' clients for it are not run"; fi
	@touch $@
