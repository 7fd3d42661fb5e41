# The only commands: people and CI use the same.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
COVERAGE := --cov --cov-report=term:skip-covered --no-cov-on-fail --cov-fail-under=97

.DEFAULT_GOAL := help
.PHONY: help setup run test lint format

help:  ## Show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP)  ## Install everything into .venv; does nothing if it is there

run: $(STAMP)  ## Run Valkey, database, web, worker and Flower until Ctrl-C
	@exec $(BIN)/pulse up

test: lint  ## Lint, then run all tests on real servers; ARGS=... for some of them
	$(BIN)/python -m pytest $(or $(ARGS),$(COVERAGE))

lint: $(STAMP)  ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(STAMP)  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(STAMP): setup.cfg pyproject.toml constraints.txt
	@PYTHON=$(PYTHON) sh bin/make-venv $(VENV)
	@echo "Installing into $(VENV); this is done once ..."
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[local,dev]'
	@touch $(STAMP)
