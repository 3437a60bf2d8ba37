# Two commands do everything: `make run` trains the default recipe, `make test` tests the zoo. Both make the
# environment first, once; again when what it is made from has changed.
PYTHON ?= python3
VENV ?= .venv
# Editable, so that the environment runs what the files say now.
INSTALL ?= -e ".[dev]"

.PHONY: run test lint docs

run: $(VENV)/ready
	$(VENV)/bin/python -m zoo.recipes.sentiment

test: $(VENV)/ready
	$(VENV)/bin/python -m pytest

lint: $(VENV)/ready
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# Runs the notebooks and builds the site into build/site; a broken link ends it.
docs: $(VENV)/ready
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet $(INSTALL) -c constraints.txt
	touch $@
