# The only commands: people and CI use the same.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
COVERAGE := --cov --cov-report=term:skip-covered --no-cov-on-fail --cov-fail-under=97

# More processes would slow down the videos that tests play, and the tests that measure time.
PROCESSES := -n 3
FIREFOX := --browser firefox -m "" $(addprefix tests/browser/test_,detection.py browser_life.py delivery.py hls.py site.py other_content.py)
TOGETHER := $(MAKE) --no-print-directory --jobs=2 --output-sync=target

RUNS := 10
DATABASE := both

.DEFAULT_GOAL := help
.PHONY: help setup site run check test nightly bench lint format crash wheel environments firefox
.PHONY: lint-python lint-frontend test-python test-frontend

help:  ## Show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP)  ## Install everything into .venv; does nothing if it is there

site: $(STAMP)  ## Build the demo site into frontend/dist; does nothing if it is newer than its sources
	@bin/frontend $(VENV) site

run: $(STAMP)  ## Run Valkey, database, web, worker and Flower until Ctrl-C
	@$(MAKE) --no-print-directory site || echo "The site could not be built (see above); the API works without it." >&2
	@exec $(BIN)/pulse up

check: $(STAMP)  ## Lint, and run all tests that need no server, in a minute
	@$(TOGETHER) lint-python lint-frontend test-python test-frontend

test: $(STAMP)  ## Lint, then run all tests, on real servers and in a real browser; ARGS=... are arguments for pytest instead
ifdef ARGS
	$(BIN)/python -m pytest $(ARGS)
else
	@$(TOGETHER) lint-python lint-frontend test-frontend
	$(BIN)/python -m pytest $(PROCESSES) --durations=25
endif

nightly: $(STAMP)  ## Run what takes hours: the longest tests, the crash harness, its mutations, and tables that grow
	$(BIN)/python -m pytest $(PROCESSES) -m "" $(COVERAGE)
	$(BIN)/python -m pytest $(FIREFOX)
	$(BIN)/python -m tests.environments
	$(BIN)/python -m crash --runs $(RUNS) --database $(DATABASE)
	$(BIN)/python -m crash --runs $(RUNS) --database $(DATABASE) --errands
	$(BIN)/python -m crash.mutants --database $(DATABASE)
	$(BIN)/python -m benchmarks growth

crash: $(STAMP)  ## Kill, freeze, cut and fill everything while events flow, then check the counts; RUNS=n SEED=s DATABASE=...
	@$(BIN)/python -m crash --runs $(RUNS) $(if $(SEED),--seed $(SEED)) --database $(DATABASE) $(if $(ERRANDS),--errands)

firefox: $(STAMP)  ## Run the player's browser tests in Firefox (bin/debian-programs downloads it)
	@$(BIN)/python -m pytest $(FIREFOX) $(ARGS)

environments: $(STAMP)  ## Try other servers (PgBouncer, Redis 7.0, PostgreSQL 15, TLS, ...): a day, a SIGKILL and an audit on each
	@$(BIN)/python -m tests.environments $(ARGS)

bench: $(STAMP)  ## Measure everything beside its rivals, about 30 minutes; ARGS="accept count --quick" for less, ARGS=--help
	@$(BIN)/python -m benchmarks $(ARGS)

lint: lint-python lint-frontend  ## ruff, mypy --strict, import contracts, plain English; tsc, ESLint and Prettier

lint-python: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python bin/plain-english

lint-frontend: $(STAMP)
	bin/frontend $(VENV) typecheck
	bin/frontend $(VENV) lint

test-frontend: lint-frontend
	bin/frontend $(VENV) test

test-python: $(STAMP)
	$(BIN)/python -m pytest -q -n 2 -m "not (server or worker or browser or stack or nightly)"

wheel: $(STAMP) site  ## Build the wheel, with migrations and site, into dist/
	@rm -rf build
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

format: $(STAMP)  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	bin/frontend $(VENV) format

$(STAMP): setup.cfg pyproject.toml constraints.txt
	@PYTHON=$(PYTHON) sh bin/make-venv $(VENV)
	@echo "Installing into $(VENV); this is done once ..."
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[local,dev]'
	@touch $(STAMP)
