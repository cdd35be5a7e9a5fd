# `make demo` and `make test` need Python 3.10 or newer and nothing else; see `make help`.

VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --editable
# The newest first. Those of pyenv by their paths, as its shims may be dead.
PYTHONS := $(foreach version,3.14 3.13 3.12 3.11 3.10, \
    python$(version) $(wildcard $(HOME)/.pyenv/versions/$(version).*/bin/python))
SUITABLE := 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'
ARGS ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test install lint screenshots bench trials test-lowest clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.program ## open the monitor on a private demo cluster
	@$(BIN)/celerytui demo

test: $(VENV)/.dev $(VENV)-celery53/.made ## run the tests; ARGS='-k store' is given to pytest
	$(BIN)/python -m pytest -n 5 --dist loadfile --no-loadscope-reorder $(ARGS)

install: $(VENV)/.program ## make .venv with the program and all its extras
	@echo "$(BIN)/celerytui is the program"

lint: $(VENV)/.dev ## linter, formatter, type checker, import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

screenshots: $(VENV)/.dev ## draw screenshots/*.svg anew from the demo's own data
	$(BIN)/python screenshots/make.py

bench: $(VENV)/.bench ## measure us and the others, Flower too; ARGS='receive keys' for some of it
	$(BIN)/python -m benchmarks.__main__ $(ARGS)

trials: $(VENV)/.dev ## every fault of a broker, ten minutes of lost events, many starts: half an hour
	$(BIN)/python -m pytest -n 2 --dist loadfile -rP -o python_files='trial_*.py' tests/trials $(ARGS)

test-lowest: $(VENV)-lowest/.made ## unit and interface tests, on the oldest Python with the lowest versions allowed
	$(VENV)-lowest/bin/python -m pytest -q -n 4 --dist loadfile -m 'not slow' tests/unit tests/ui

clean: ## remove the virtual environments and every cache
	rm -rf $(VENV) $(VENV)-lowest $(VENV)-celery53 build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	    .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@for python in $(PYTHONS) python3; do \
	    if $$python -c $(SUITABLE) 2>/dev/null; then exec $$python -m venv $(VENV); fi; \
	done; \
	echo "No Python 3.10 or newer with its venv module was found (on Debian: apt install python3-venv)" >&2; \
	exit 1

$(VENV)/.program: pyproject.toml | $(BIN)/python
	@echo "Installing celerytui into $(VENV) ..."
	@$(BIN)/python $(PIP_INSTALL) '.[all]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "Installing celerytui and its development tools into $(VENV) ..."
	@$(BIN)/python $(PIP_INSTALL) '.[all,dev]'
	@touch $@ $(VENV)/.program

$(VENV)-celery53/.made: Makefile | $(BIN)/python
	@echo "Installing Celery 5.3 into $(VENV)-celery53, for the workers of some tests ..."
	@$(BIN)/python -m venv --clear $(VENV)-celery53
	@$(VENV)-celery53/bin/python -m pip install --quiet --disable-pip-version-check 'celery[redis]==5.3.*' 'kombu[redis]==5.3.*'
	@touch $@

$(VENV)-lowest/.made: pyproject.toml .ci/lowest.py Makefile | $(VENV)/.dev
	@oldest=$(BIN)/python; \
	for python in $(PYTHONS); do \
	    if $$python -c $(SUITABLE) 2>/dev/null; then oldest=$$python; fi; \
	done; \
	echo "Installing the lowest versions allowed for $$($$oldest --version) into $(VENV)-lowest ..."; \
	$$oldest -m venv --clear $(VENV)-lowest
	@$(BIN)/python .ci/lowest.py >$(VENV)-lowest/lowest.txt
	@$(VENV)-lowest/bin/python $(PIP_INSTALL) '.[test]' --constraint=$(VENV)-lowest/lowest.txt
	@touch $@

$(VENV)/.bench: pyproject.toml | $(BIN)/python
	@echo "Installing celerytui, its development tools and Flower into $(VENV) ..."
	@$(BIN)/python $(PIP_INSTALL) '.[bench]'
	@touch $@ $(VENV)/.dev $(VENV)/.program
