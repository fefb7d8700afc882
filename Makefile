# Everything that is done with this project, for people and machines alike. `make help` lists it.
# Needed on the machine: Python 3.11 or newer, make, git. Everything else is installed into .venv, pinned and hashed.

PYTHON ?= python3
JOBS ?= 2

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV_LOCK := .ci/requirements-dev.lock
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.PHONY: help demo test lint format typecheck imports tests simulate mutants bench kills goldens holidays schema lock wheel clean

help: ## list what can be done
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## a working project in build/demo: validate, plan, apply, drift, on the sandbox
	rm -rf build/demo
	$(BIN)/reconciler demo build/demo
	@printf '\n   first:  export PATH="%s:$$PATH"\n' "$(CURDIR)/$(BIN)"

test: lint typecheck imports tests ## everything that must hold before a change is merged

lint: $(READY) ## style and form of the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

typecheck: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports --no-logo

# What decides whether somebody is contacted twice has no line and no branch that no test reaches.
PROVEN := reconciler/journal/*,reconciler/apply/*,reconciler/plan/*,reconciler/settle.py,reconciler/reconcile/reviewing.py
PROVEN := $(PROVEN),reconciler/cli/planfile.py,reconciler/cli/reviewed.py

tests: $(READY) ## the tests alone, with branch coverage and the installed wheel
	$(BIN)/pytest -n $(JOBS) --dist loadgroup --cov --cov-report=term:skip-covered
	$(BIN)/coverage report --include='$(PROVEN)' --skip-covered --fail-under=100

# `make simulate N=100000` meets every fault a thousand times; `make simulate SEED=7` tells one history, shortened if it fails.
simulate: N ?= 10000
simulate: $(READY) ## histories under the seeded simulator of clocks, disks, platforms and people
	$(BIN)/python -m tests.simulation --histories $(N) --jobs $(JOBS) $(if $(SEED),--seed $(SEED))

format: $(READY) ## bring the code into form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

mutants: $(READY) ## breakages made on purpose, each killed by the test that it names
	$(BIN)/python -m tests.mutants

# What is measured is the wheel, with what it needs and nothing that only developers have.
bench: MEASURED_PIP := build/measured/venv/bin/python -m pip --disable-pip-version-check
bench: $(READY) ## the figures of tests/benchmarks
	rm -rf build/measured
	$(PIP) wheel -qq --no-deps --no-build-isolation --wheel-dir build/measured .
	$(PYTHON) -m venv build/measured/venv
	$(MEASURED_PIP) install -qq --require-hashes -r requirements.lock
	$(MEASURED_PIP) install -qq --no-deps build/measured/*.whl
	$(BIN)/python tests/benchmarks/run.py --programs build/measured/venv/bin

kills: N ?= 2000
kills: $(READY) ## the real program killed N times: every named point at every write call, then by chance from SEED
	$(BIN)/python -m tests.faults.kills --kills $(N) --jobs $(JOBS) $(if $(SEED),--seed $(SEED))

goldens: $(READY) ## write tests/golden anew; look at the difference before it is committed
	$(BIN)/pytest -q --update-goldens tests/test_reports.py

holidays: $(READY) ## write reconciler/holidays.json anew, once another version of the calendar is installed
	$(BIN)/python -m tests.holidays

schema: $(READY) ## write schema/*.schema.json anew
	$(BIN)/reconciler schema --out schema

wheel: $(READY) ## build the wheel into dist
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

# A pinned version stays as long as it fits; `make lock LOCK=--upgrade` takes the newest.
LOCK ?=
COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-emit-index-url --custom-compile-command "make lock" --quiet $(LOCK)

lock: $(BIN)/python ## pin the dependencies of pyproject.toml with hashes
	$(PIP) install --quiet uv
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --group dev --constraint requirements.lock --output-file $(DEV_LOCK)

clean: ## remove what was made here, .venv too
	rm -rf $(VENV) build dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

# pip is told twice to be quiet: a machine's own index settings may warn about every package.
$(READY): requirements.lock $(DEV_LOCK) pyproject.toml | $(BIN)/python
	$(PIP) install -qq --require-hashes -r $(DEV_LOCK)
	$(PIP) install -qq --no-deps --no-build-isolation --editable .
	@touch $@
