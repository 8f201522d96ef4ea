# All set-up happens here: Python 3.11 or later, git and make are enough.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# the package with what it needs, enough for the demo; and that with everything that tests and tools need
DEMO = $(VENV)/.demo
READY = $(VENV)/.ready
INSTALL = $(BIN)/python -m pip install --disable-pip-version-check
# torch for the CPU: the default one of Linux is several gigabytes; empty: the default one
TORCH_INDEX ?= $(if $(filter Linux,$(shell uname -s)),https://download.pytorch.org/whl/cpu)

.PHONY: demo test quick fuzz monkey check lint types contracts example figures docs quirks recordings site architecture \
	sentences screens environments clean

demo: $(or $(wildcard $(READY)),$(DEMO))  ## open the console on the built-in demo (text where there is no terminal)
	@$(BIN)/nbtui; status=$$?; test $$status -le 1 || exit $$status

# a file of tests stays in one process: its fixtures are made once
TESTS = $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

test: $(READY)  ## every test
	@$(TESTS)

quick: $(READY)  ## every test but the slow ones: to run all the time
	@$(TESTS) -m "not slow"

MINUTES ?= 10
fuzz: $(READY)  ## damaged inputs for every reader and command line, MINUTES=10; inputs with faults go to tests/fuzz/found
	@PYTHONPATH=tests $(BIN)/python -m fuzz --minutes $(MINUTES)

monkey: $(READY)  ## random keys in a console on the demo, MINUTES=10
	@PYTHONPATH=tests $(BIN)/python -m fuzz.keys --minutes $(MINUTES)

check: lint types contracts test  ## what CI runs

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports

example: $(READY)  ## a fresh example package under reports/, in place of the one before
	@env -u PYTHONPATH $(BIN)/python tools/example.py

figures: $(READY)  ## the pictures of docs/api.md
	$(BIN)/python docs/make_figures.py

docs: $(READY)  ## keys, settings, flags, programs, tolerances and traces (.md in docs), and the manual pages
	$(BIN)/python tools/tables.py

quirks: $(READY)  ## docs/quirks.md, the numbers that every quirk changes
	$(BIN)/python tools/quirk_numbers.py

recordings: $(READY)  ## outputs of slow commands in docs, made again: minutes
	@env -u PYTHONPATH $(BIN)/python tools/recordings.py

SITE = $(VENV)/.site
site: $(SITE)  ## the docs site in site/; mkdocs and its plugins come into the environment at the first call
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

$(SITE): $(DEMO)
	$(INSTALL) -c constraints.txt -e '.[site]'
	touch $@

architecture: $(READY)  ## the picture and the rooms of docs/architecture.md
	$(BIN)/python tools/architecture.py

sentences: $(READY)  ## docs/sentences.md, every user-visible sentence for review
	$(BIN)/python tools/sentences.py

TORCH ?=
ONLY ?=
environments: $(READY)  ## install in clean environments and try it there; PYTHON=python3.12, TORCH=torch==2.13.0, ONLY="bare lean"
	@env -u PYTHONPATH $(BIN)/python tools/environments.py --python $(PYTHON) $(if $(TORCH),--torch $(TORCH)) $(ONLY)

screens: $(READY)  ## the pictures of the console in docs/screens
	$(BIN)/python tools/screens.py

$(DEMO): EXTRAS =
$(DEMO): SIZE = 230 MB to download, 190 of them torch for the CPU, the rest numpy, sympy and others
$(READY): EXTRAS = [dev,dask,images]
$(READY): SIZE = 330 MB to download (105 after make demo), 190 of them torch for the CPU, the rest numpy, HDF5 and tools
$(DEMO) $(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed (make PYTHON=python3.11 ...)" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV): about $(SIZE)"
	@test -z "$(TORCH_INDEX)" || $(INSTALL) --no-deps --retries 0 --index-url $(TORCH_INDEX) "$$(grep '^torch==' constraints.txt)" \
		|| echo "$(TORCH_INDEX) cannot be used: torch comes from the default index, with CUDA several gigabytes"
	$(INSTALL) -c constraints.txt -e '.$(EXTRAS)'
	touch $@

clean:
	rm -rf $(VENV) dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
