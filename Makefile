# Everything a newcomer needs: `make run` plays the demo, `make test` proves the project; both set themselves up first.
# Nothing here names a package index: pip and uv take it from the machine's own configuration.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup setup-run run test soak mutation bench bench-peers check lock clean
MAKEFLAGS += --no-print-directory

# The first Python of 3.11 or newer that can make a virtual environment; `make PYTHON=...` chooses another.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
CLIENTS := ccxt bpx sdk
CLIENT_STAMPS := $(CLIENTS:%=.venv-clients/%/.installed)
CORE_SOURCES := $(shell find src/ringfence/core src/ringfence/config src/ringfence/schema -name '*.py' 2>/dev/null)
ARGS ?=
# Two files of tests at a time; `make test WORKERS=` runs them one after the other.
WORKERS ?= -n 2 --dist loadfile

# -qq keeps errors; every package comes with the hashes in its lock file or not at all.
PIP_INSTALL := install -qq --disable-pip-version-check --no-input
LOCKED := --require-hashes -r
UV_COMPILE := uv pip compile --generate-hashes --universal --python-version 3.11 --no-header --no-annotate --quiet

# say(step, lock file): what is about to be installed, and how much of it.
say = printf 'set-up: %-28s %3d packages ...\n' '$(1)' $$(grep -c '==' $(2))
# size(directory): what it came to.
size = printf 'set-up: %-28s %s on disk\n' '$(1)' "$$(du -sh $(1) | cut -f1)"

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what development and tests need (does only what is out of date)
setup: $(VENV)/.dev $(VENV)/.project $(CLIENT_STAMPS) $(VENV)/.core

setup-run: $(VENV)/.run $(VENV)/.project $(VENV)/.core

run: setup-run ## Play the demo venue (ARGS="--port 0 ..." goes to `ringfence demo`)
	@$(BIN)/ringfence demo $(ARGS)

test: setup ## Check everything, then run the tests (ARGS goes to pytest)
	@$(MAKE) check
	@$(BIN)/pytest tests $(WORKERS) $(ARGS)

soak: setup ## Run the long tests (ARGS goes to pytest)
	@$(BIN)/pytest tests -m soak --timeout 0 $(ARGS)

mutation: setup ## Plant faults in the core and see whether the tests find them (ARGS="--minutes 20 --seed 1")
	@$(BIN)/python -m tests.mutation.run $(ARGS)

bench: setup-run ## Measure the core on this machine (ARGS goes to `ringfence bench core`)
	@$(BIN)/ringfence bench core $(ARGS)

bench-peers: $(VENV)/.dev $(VENV)/.project $(VENV)/.core .venv-peers/.installed ## Measure the order books of PyPI
	@$(BIN)/python bench/peers/run.py .venv-peers/bin/python $(ARGS)

# Every check runs, so that one round shows all there is to mend.
check: $(VENV)/.dev $(VENV)/.project ## Lint, types and structure, in under 20 seconds
	@failed=; \
	$(BIN)/ruff check --quiet --output-format concise . || failed="$$failed ruff"; \
	$(BIN)/ruff format --check --quiet . || failed="$$failed ruff-format"; \
	$(BIN)/basedpyright --level error || failed="$$failed basedpyright"; \
	$(BIN)/lint-imports --no-logo || failed="$$failed lint-imports"; \
	$(BIN)/pytest -q tests/test_tidy.py || failed="$$failed tidy"; \
	test -z "$$failed" || { echo "check: failed:$$failed" >&2; exit 1; }

clean: ## Remove the environments and everything generated
	@rm -rf $(VENV) .venv-clients .venv-peers .import_linter_cache .pytest_cache .ruff_cache .hypothesis build dist
	@find src tests -name __pycache__ -prune -exec rm -rf {} +

# uv does not read pip's configuration, so the index goes over in the environment of this one recipe.
lock: $(VENV)/.dev ## Write the lock files anew from pyproject.toml and requirements/*.in (ARGS="--upgrade")
	@index=$$($(BIN)/pip config get global.index-url 2>/dev/null || true); \
	if [ -n "$${PIP_INDEX_URL:-$$index}" ]; then export UV_DEFAULT_INDEX="$${PIP_INDEX_URL:-$$index}"; fi; \
	export PATH="$(CURDIR)/$(BIN):$$PATH"; set -e; \
	$(UV_COMPILE) $(ARGS) pyproject.toml --group build -o requirements/run.txt; \
	$(UV_COMPILE) $(ARGS) pyproject.toml --group build --group dev -c requirements/run.txt -o requirements/dev.txt; \
	for client in $(CLIENTS); do \
		$(UV_COMPILE) $(ARGS) requirements/clients-$$client.in -o requirements/clients-$$client.txt; \
	done; \
	$(UV_COMPILE) $(ARGS) requirements/peers.in -o requirements/peers.txt; \
	for file in requirements/*.txt; do printf '%-32s %3d packages\n' $$file $$(grep -c '==' $$file); done

# Each stamp below is a file inside its environment; it is older than its lock file when there is work to do.

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "set-up: needs Python 3.11 or newer with venv (Debian: python3-venv)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt | $(VENV)/bin/python
	@$(call say,$(VENV) to run,$<)
	@$(BIN)/python -m pip $(PIP_INSTALL) $(LOCKED) $<
	@$(call size,$(VENV))
	@touch $@

# The development lock holds every package of the run lock at the same version, so it also satisfies the run stamp.
$(VENV)/.dev: requirements/dev.txt | $(VENV)/bin/python
	@$(call say,$(VENV) to develop,$<)
	@$(BIN)/python -m pip $(PIP_INSTALL) $(LOCKED) $<
	@$(call size,$(VENV))
	@touch $@ $(VENV)/.run

# The build backend is in both locks, so the project itself installs from this folder alone.
$(VENV)/.project: pyproject.toml | $(VENV)/.run
	@$(BIN)/python -m pip $(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@echo 'set-up: ringfence itself, editable'
	@touch $@

.venv-clients/%/.installed: requirements/clients-%.txt | $(VENV)/bin/python
	@$(call say,.venv-clients/$*,$<)
	@$(BIN)/python -m venv --clear --without-pip $(@D)
	@$(BIN)/python -m pip --python $(@D)/bin/python $(PIP_INSTALL) $(LOCKED) $<
	@$(call size,$(@D))
	@touch $@

# Not part of set-up: only `make bench-peers` needs it.
.venv-peers/.installed: requirements/peers.txt | $(VENV)/bin/python
	@$(call say,$(@D),$<)
	@$(BIN)/python -m venv --clear --without-pip $(@D)
	@$(BIN)/python -m pip --python $(@D)/bin/python $(PIP_INSTALL) $(LOCKED) $<
	@$(call size,$(@D))
	@touch $@

# Compiled ahead, so that neither the first start nor the first test waits for the compiler.
$(VENV)/.core: $(CORE_SOURCES) requirements/run.txt | $(VENV)/.project
	@echo 'set-up: compiling the core ...'
	@$(BIN)/python -m ringfence.core.build
	@touch $@
