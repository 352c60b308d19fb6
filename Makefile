# Every target sets up what it needs: a bare machine with Python 3.11 or newer is enough.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: check demo test lint types format clean

check: test lint types

demo: $(INSTALLED)
	$(BIN)/oddframe demo

test: $(INSTALLED)
	$(if $(ARGS),$(BIN)/pytest $(ARGS),OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadfile)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "oddframe needs Python 3.11 or newer, and '$(PYTHON)' is not: name one, as in  make PYTHON=python3.12 $(or $(MAKECMDGOALS),check)" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
