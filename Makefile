# Every target sets up what it needs: a bare machine with Python 3.11 or newer is enough.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help check demo test lint types format hooks clean weights

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: weights ## render a scene, fit, score, draw: see it work
	$(BIN)/oddframe demo

test: weights ## run the tests; some of them: make test ARGS="tests/models -k knn"
	$(if $(ARGS),$(BIN)/pytest $(ARGS),OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadfile)

weights: $(INSTALLED) ## fetch the weights of the networks that demo and tests run
	@$(BIN)/oddframe models get nanodet movenet-lightning centernet

lint: $(INSTALLED) ## check rules and format with ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED) ## check types with mypy, strict
	$(BIN)/mypy

check: test lint types ## run test, lint and types, as CI does

format: $(INSTALLED) ## repair what ruff can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

hooks: $(INSTALLED) ## run lint and types before every commit (needs the program pre-commit)
	pre-commit install

clean: ## remove the virtual environment and all caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "oddframe needs Python 3.11 or newer, and '$(PYTHON)' is not: name one, as in  make PYTHON=python3.12 $(or $(MAKECMDGOALS),check)" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
