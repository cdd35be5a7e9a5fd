# `make demo` and `make test` need Python 3.10 or newer and nothing else; see `make help`.

VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --editable
# The first that is there, is new enough and can make a virtual environment (shims may be dead).
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python3.10
SUITABLE := 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'
PYTHONS := 3.10 3.11 3.12 3.13 3.14
ARGS ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test install lint screenshots bench trials test-pythons clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.program ## open the monitor on a private demo cluster
	@$(BIN)/celerytui demo

test: $(VENV)/.dev $(VENV)-celery53/.made ## run the tests; ARGS='-k store' is given to pytest
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

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

test-pythons: $(VENV)/.dev ## the oldest Python with the lowest versions allowed, the newest with the newest
	@run() { \
	    echo "$$($$1 --version), the $$2 versions: unit and interface tests"; \
	    $$1 -m venv --clear $(VENV)-$$2 && \
	    $(BIN)/python .ci/lowest.py >$(VENV)-$$2/lowest.txt && \
	    $(VENV)-$$2/bin/python $(PIP_INSTALL) '.[test]' $$3 && \
	    $(VENV)-$$2/bin/python -m pytest -q -n 4 -m 'not slow' tests/unit tests/ui; \
	}; \
	found=; \
	for version in $(PYTHONS); do \
	    for python in python$$version $$HOME/.pyenv/versions/$$version.*/bin/python; do \
	        if $$python -c $(SUITABLE) 2>/dev/null; then found="$$found $$python"; break; fi; \
	    done; \
	done; \
	set -- $${found:-$(BIN)/python}; \
	for newest; do :; done; \
	run $$1 lowest --constraint=$(VENV)-lowest/lowest.txt || exit 1; \
	if test "$$($$newest --version)" = "$$($(BIN)/python --version)"; then \
	    echo "$$($$newest --version), the newest versions: make test uses them"; \
	else \
	    run $$newest newest; \
	fi

clean: ## remove the virtual environments and every cache
	rm -rf $(VENV) $(VENV)-lowest $(VENV)-newest $(VENV)-celery53 build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	    .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@for python in $(CANDIDATES); do \
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

$(VENV)/.bench: pyproject.toml | $(BIN)/python
	@echo "Installing celerytui, its development tools and Flower into $(VENV) ..."
	@$(BIN)/python $(PIP_INSTALL) '.[bench]'
	@touch $@ $(VENV)/.dev $(VENV)/.program
