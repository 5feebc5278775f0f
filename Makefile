# make setup | demo | test | test-all | lint | compat | mpi | gpu | results | results-check | gpu-check | gpu-emulated
# make setup PYTHON=python3.12 for another interpreter, VENV=dir for another place
# The first of these that is supported, see .ci/python.
PYTHON ?= python3 3.13 3.12 3.11 3.10
VENV ?= .venv
BIN := $(VENV)/bin

# Chainer's setup.py imports pkg_resources, which setuptools 81 dropped.  pip 25.3 and later take the limit for builds
# from PIP_BUILD_CONSTRAINT, earlier ones from PIP_CONSTRAINT; whichever this pip does not use does no harm.
BUILD := PIP_CONSTRAINT=$(CURDIR)/requirements-build.txt PIP_BUILD_CONSTRAINT=$(CURDIR)/requirements-build.txt

.PHONY: setup demo test test-all lint

setup: $(VENV)/ready

$(VENV)/ready: requirements.txt requirements-dev.txt requirements-build.txt
	python=$$(.ci/python $(PYTHON)) && "$$python" -m venv $(VENV)
	@echo "Installing what the scripts need into $(VENV), which takes a minute or two ..."
	$(BUILD) $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

DEMO := result/demo

demo: setup
	rm -rf $(DEMO)
	$(BIN)/python train.py --dataset translated --digits fonts --core relu --epoch 12 --batchsize 64 --lr 0.002 --out $(DEMO)
	$(BIN)/python evaluate.py $(DEMO)/model.npz
	$(BIN)/python visualize.py $(DEMO)/model.npz
	@echo
	@echo "The model:          $(DEMO)/model.npz"
	@echo "Where it looks:     $(DEMO)/model.gif, and as a sheet $(DEMO)/model.png"
	@echo "How it learned:     $(DEMO)/log, $(DEMO)/loss.png, $(DEMO)/error.png"

# A process a core, and a thread a process.
test: setup
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --maxprocesses 8 --durations 10

# The same with the tests that are marked slow, and many examples of what Hypothesis makes up.
test-all: setup
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --maxprocesses 8 --durations 10 -m '' --hypothesis-profile long

lint: setup
	$(BIN)/ruff check .

# The suite's core with the oldest and the newest NumPy, and on other Pythons.
.PHONY: compat
compat:
	.ci/compat

# ChainerMN on this machine's cores: sets up an MPI and tests it.
.PHONY: mpi
mpi: setup
	$(BUILD) $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-mpi.txt
	$(BIN)/python -m pytest -q tests/mpi

# Trains every model of the paper's tables (resumable, many hours); and checks what the documents say of those in models/.
.PHONY: results results-check
results: setup
	$(BIN)/python models/make.py

results-check: setup
	$(BIN)/python models/tables.py --check docs/results.md README.md

# CuPy for this machine's driver, and a check of ten seconds.
.PHONY: gpu
gpu: setup
	$(BUILD) .ci/gpu $(BIN)

# Everything that there is to check and to measure on a GPU; needs CuPy, see `make gpu`.
.PHONY: gpu-check
gpu-check:
	$(BIN)/python benchmarks/gpu_check.py

# The GPU's tests on a machine without one: CuPy on a stand-in for CUDA, see tests/emulator. Needs g++.
.PHONY: gpu-emulated
EMULATOR := .venv-emulator

gpu-emulated: $(EMULATOR)/ready
	OPENBLAS_NUM_THREADS=1 $(EMULATOR)/bin/python -m pytest -q -rs -n auto --maxprocesses 8 tests/gpu tests/emulator

$(EMULATOR)/ready: requirements.txt requirements-dev.txt tests/emulator/requirements.txt tests/emulator/build.py tests/emulator/*.cpp tests/emulator/*.h
	python=$$(.ci/python $(PYTHON)) && "$$python" -m venv $(EMULATOR)
	$(BUILD) $(EMULATOR)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/emulator/requirements.txt
	$(BUILD) $(EMULATOR)/bin/python tests/emulator/build.py
	touch $@
