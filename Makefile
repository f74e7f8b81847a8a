# Needs python3 (3.11 to 3.13) and make; every target does the set-up that it needs.
#
# Without an active environment: .venv is created here and gets requirements.txt. A stamp named
# after the file's checksum remembers that, so the next call installs nothing.
# With an active one (VIRTUAL_ENV): that one is used. What it lacks is added, what it has stays.

PYTHON ?= python3

ifdef VIRTUAL_ENV
environment := $(VIRTUAL_ENV)
ready := complete-active-environment
else
environment := .venv
ready := .venv/ready-$(firstword $(shell cksum < requirements.txt))
endif

python := $(environment)/bin/python

.DEFAULT_GOAL := help
.PHONY: help install demo test exhaustive check benchmark complete-active-environment

help: ## List the targets
	@sed -nE 's/^([a-z]+): .*## (.*)/\1|\2/p' $(MAKEFILE_LIST) \
	  | while IFS='|' read -r target summary; do printf '  make %-11s %s\n' "$$target" "$$summary"; done

install: $(ready) ## Set up the environment and stop there

demo: $(ready) ## Watch CLIP learn to point: scenes, detector, two models, ensemble, result table
	$(python) -m vg_mc demo

pytest = OMP_NUM_THREADS=1 $(python) -m pytest -q --durations=10 --numprocesses=auto --maxprocesses=4 --dist=worksteal

test: $(ready) ## Run the test suite
	$(pytest)

exhaustive: $(ready) ## Run the slow tests that `make test` leaves out: more models, more launchers
	$(pytest) -m exhaustive

check: $(ready) ## Lint, format and types; changes nothing
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy

benchmark: $(ready) ## Measure speed and memory against the plain way of doing the same
	$(python) -m benchmarks

.venv/ready-%:
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit(f"vg_mc needs Python \
	3.11 to 3.13, and $(PYTHON) is {sys.version.split()[0]}: make PYTHON=python3.12 demo")'
	.venv/bin/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install --disable-pip-version-check --requirement requirements.txt
	rm -f .venv/ready-* && touch $@

complete-active-environment:
	@$(python) .ci/complete_environment.py
