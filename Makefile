# make setup | demo | test | lint   (PYTHON=python3.12 make setup for another interpreter, VENV=dir for another place)
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# Chainer's setup.py imports pkg_resources, which setuptools 81 dropped.  pip 25.3 and later take the limit for builds
# from PIP_BUILD_CONSTRAINT, earlier ones from PIP_CONSTRAINT; whichever this pip does not use does no harm.
BUILD := PIP_CONSTRAINT=$(CURDIR)/requirements-build.txt PIP_BUILD_CONSTRAINT=$(CURDIR)/requirements-build.txt

.PHONY: setup demo test lint

setup: $(VENV)/ready

$(VENV)/ready: requirements.txt requirements-dev.txt requirements-build.txt
	$(PYTHON) -m venv $(VENV)
	$(BUILD) $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

DEMO := result/demo

demo: setup
	rm -rf $(DEMO)
	$(BIN)/python train.py --dataset translated --digits fonts --epoch 12 --schedule linear --lr 0.002 --out $(DEMO)
	$(BIN)/python evaluate.py $(DEMO)/model.npz
	$(BIN)/python visualize.py $(DEMO)/model.npz
	@echo
	@echo "The model:          $(DEMO)/model.npz"
	@echo "Where it looks:     $(DEMO)/model.gif, and as a sheet $(DEMO)/model.png"
	@echo "How it learnt:      $(DEMO)/log, $(DEMO)/loss.png, $(DEMO)/error.png"

test: setup
	$(BIN)/python -m pytest -q

lint: setup
	$(BIN)/ruff check .
