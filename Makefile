# Vedette's verbs. `make help` lists them; each sets up what it needs, once.
#
# Variables:  PYTHON=python3.12   the interpreter that makes the virtual environment (3.11 or later)
#             VENV=.venv          where the virtual environment lies
#             LOG=FILE ARGS=...   what `make hunt` reads, and further options for it
#             TESTS=... ARGS=...  what the test targets run, and further options for pytest
#             MINUTES=10          how long `make fuzz` puts bytes into the readers

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(name) -c 'import sys; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)))
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

LOG ?= src/vedette/packs/linux-firewall/evidence/gw-nft-01.audit.log.gz
ARGS ?=
TESTS ?= tests
MINUTES ?= 10
JOBS ?= auto

.PHONY: help hunt test test-long check format bench fuzz docs sigmahq lock clean distclean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

hunt: $(VENV)/.run.stamp ## set up, then hunt through the recording that the project ships
	$(BIN)/vedette hunt $(ARGS) $(LOG)

test: $(VENV)/.dev.stamp $(VENV)/.parser.stamp ## set up, then every test that takes no minutes
	$(BIN)/python -m pytest -n $(JOBS) -m "not long" --durations=20 $(ARGS) $(TESTS)

test-long: $(VENV)/.dev.stamp $(VENV)/.oracle.stamp $(VENV)/.parser.stamp $(VENV)/.spark.stamp ## the tests that take minutes
	VEDETTE_ORACLE=$(VENV)/oracle/bin/python $(BIN)/python -m pytest -n $(JOBS) -m long --durations=12 $(ARGS) $(TESTS)

check: $(VENV)/.dev.stamp ## lint, format, types, import layers, house rules, documentation, locks
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q $(ARGS) tests/house tests/docs

format: $(VENV)/.dev.stamp ## write the code in the house's form
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

bench: $(VENV)/.dev.stamp $(VENV)/.peers.stamp ## race the hunt and the conversion to KQL; what correlations hold
	$(BIN)/python -m benchmarks.run $(ARGS)
	$(BIN)/python -m benchmarks.correlation
	$(BIN)/python -m benchmarks.conversion --peer $(VENV)/peers/bin/python

fuzz: $(VENV)/.dev.stamp ## the property tests with 5,000 examples, where they ask for no number; then bytes for MINUTES
	$(BIN)/python -m pytest -n $(JOBS) -m hypothesis --hypothesis-profile=fuzz $(ARGS) $(TESTS)
	VEDETTE_FUZZ_MINUTES=$(MINUTES) $(BIN)/python -m pytest -n $(JOBS) $(ARGS) tests/telemetry/auditd/test_fuzz.py tests/telemetry/events/test_fuzz.py tests/telemetry/carrier/test_fuzz.py

docs: $(VENV)/.dev.stamp ## write the generated parts of the documentation
	$(BIN)/python docs/generate_cli.py
	$(BIN)/python docs/generate_findings.py
	$(BIN)/python docs/generate_output.py
	$(BIN)/python docs/generate_sources.py

sigmahq: $(VENV)/.dev.stamp ## write docs/sigmahq-findings.md from the rules below VEDETTE_SHARED
	$(BIN)/python docs/generate_sigmahq_findings.py

# Pins only what is new or no longer fits; `make lock ARGS=--upgrade` takes the newest of everything.
lock: ## pin what pyproject.toml asks for
	PYTHON="$(PYTHON)" requirements/lock $(ARGS)

clean: ## remove caches and build output
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache src/*.egg-info
	find src tests docs benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean ## remove the virtual environment too
	@if [ -f "$(VENV)/pyvenv.cfg" ]; then rm -rf "$(VENV)"; fi

# The virtual environment. Stamps make repeated calls instant; a changed lock or pyproject.toml brings it up to date.

$(VENV)/.made.stamp:
	@if [ -z "$(PYTHON)" ]; then \
	  echo "Vedette needs Python 3.11 or later, and none was found; name one with: make PYTHON=/path/to/python3" >&2; exit 3; fi
	@if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	  echo "Vedette needs Python 3.11 or later; $(PYTHON) is older or can't run" >&2; exit 3; fi
	@if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
	  version=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	  echo "$(PYTHON) can't make virtual environments; on Debian and Ubuntu: apt-get install python$$version-venv" >&2; exit 3; fi
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run.stamp: $(VENV)/.made.stamp requirements/build.txt requirements/run.txt pyproject.toml
	$(PIP) -r requirements/build.txt -r requirements/run.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev.stamp: $(VENV)/.made.stamp requirements/build.txt requirements/dev.txt pyproject.toml
	$(PIP) -r requirements/build.txt -r requirements/dev.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $(VENV)/.run.stamp $@

# A second engine for KQL, of half a gigabyte; it lives apart, since no other test needs it.
$(VENV)/.oracle.stamp: $(VENV)/.made.stamp requirements/oracle.txt
	$(PYTHON) -m venv $(VENV)/oracle
	$(VENV)/oracle/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/oracle.txt
	@touch $@

# Spark is 450 MB, and needs Java 17; without Java its tests are skipped, as `vedette hunt --engine spark` says.
$(VENV)/.spark.stamp: requirements/spark.txt | $(VENV)/.dev.stamp
	$(PIP) -r requirements/spark.txt
	@touch $@

# Microsoft's parser of KQL, for `convert --check`, `kql check` and their tests; without npm these say what is missing.
$(VENV)/.parser.stamp: src/vedette/kql/check/package.py | $(VENV)/.run.stamp
	@if [ -n "$$VEDETTE_NO_PARSER" ]; then echo "VEDETTE_NO_PARSER is set: no check of KQL by Microsoft's parser"; \
	elif $(BIN)/vedette kql parser status >/dev/null 2>&1; then touch $@; \
	elif ! command -v npm >/dev/null; then echo "npm is missing: no check of KQL by Microsoft's parser, its tests are skipped"; \
	elif $(BIN)/vedette kql parser install; then touch $@; \
	else echo "the parser can't be fetched: no check of KQL by Microsoft's parser, its tests are skipped"; fi

# The other converter to KQL, with the release of pySigma that it asks for.
$(VENV)/.peers.stamp: $(VENV)/.made.stamp requirements/peers.txt
	$(PYTHON) -m venv $(VENV)/peers
	$(VENV)/peers/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/peers.txt
	@touch $@
