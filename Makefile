# One word for each task; `make` alone lists them. Everything lives in .venv, pinned by hash in requirements/.

PYTHON  ?= python3
WORKERS ?= 2
SOAK    ?= 20

VENV    := .venv
BIN     := $(VENV)/bin
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
RUN     := $(VENV)/run-$(VERSION).stamp
TEST    := $(VENV)/test-$(VERSION).stamp
PIP     := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq install
PYTEST  := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
LOCK    := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
           --only-binary :all: --no-header --no-annotate $(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.PHONY: run test soak bench format lock help

run: $(RUN) ## set up, then start the bot; without credentials that is the sandbox
	@$(BIN)/statthotline serve

test: export SOAK = 1
test: $(TEST) ## check everything: format, lint, types, imports, tests
	@echo "== ruff format"
	@$(BIN)/ruff format --check
	@echo "== ruff check"
	@$(BIN)/ruff check
	@echo "== mypy"
	@$(BIN)/mypy
	@echo "== lint-imports"
	@$(BIN)/lint-imports --no-logo
	@echo "== pytest"
	@$(PYTEST)

soak: export SOAK := $(SOAK)
soak: $(TEST) ## the same tests, SOAK times as often (20 if not said), for at most an hour
	@timeout --kill-after 1m 60m $(PYTEST) --timeout 3000

bench: $(TEST) ## measure ours, the limit and a naive peer, into bench.json (ONLY=turn.sqlite: that one)
	@$(BIN)/python -m tests.bench $(ONLY)

format: $(TEST) ## write the code as the checks want it
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

lock: $(TEST) ## renew both locks after a change of requirements/*.in (UPGRADE=1: newest versions)
	@$(LOCK) --output-file requirements/run.lock requirements/run.in
	@$(LOCK) --output-file requirements/test.lock requirements/test.in

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s%s\n", $$1, $$2 }' Makefile

$(RUN): requirements/run.lock pyproject.toml
	$(call set-up,run)
	@touch $(RUN)

# The test lock holds all of the run lock: who may test can run.
$(TEST): requirements/run.lock requirements/test.lock pyproject.toml
	$(call set-up,test)
	@touch $(RUN) $(TEST)

define set-up
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
    echo "Python 3.11 or newer is needed, $(PYTHON) is $(or $(VERSION),missing): apt-get install python3 python3-venv (or make PYTHON=python3.12)" >&2; exit 1; }
@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
    echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }
@echo "Setting up $(VENV) from requirements/$(1).lock, once; this takes a minute or two"
@test -x $(BIN)/pip -a -x $(BIN)/python$(VERSION) || $(PYTHON) -m venv --clear $(VENV)
@$(PIP) --no-compile --require-hashes --only-binary :all: -r requirements/$(1).lock
@$(PIP) --no-index --no-deps --no-build-isolation --editable .
endef
