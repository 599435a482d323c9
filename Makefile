# make play   runs the instrument: live where a MIDI keyboard is plugged in, else a tune to files
# make test   runs every check; make bench measures; both set everything up themselves
# sudo make install   makes a box of this machine, which plays when it is switched on
# sudo make uninstall takes all of it away but what was played
# make soak   plays hours of everything in simulated time; make soak-live ten minutes on real ports
# make soak-overnight   eight hours in one go, in simulated time
# make update makes a signed update for boxes that trust your key (notochord-box update key)
# make versus times our brain and the original Notochord, which gets an environment of its own
# make image  makes a card for Raspberry Pis, and a disk for the guest of test-appliance
# make test-appliance boots the image in an emulated machine, and plays it
# make arm    plays the brain on emulated cores of a Pi 4 and a Pi 5 and compares its answers
VENV := .venv
ORIGINAL := .venv-original
BIN := $(VENV)/bin
PYTHON ?= python3
MODE ?= duet
MINUTES ?= 10

.PHONY: play test soak soak-overnight soak-live lint bench versus arm latency image test-appliance \
  install uninstall update clean

play: $(VENV)/.installed
	@$(BIN)/notochord-box play --mode $(MODE)

test: lint
	$(BIN)/python -m pytest
	$(BIN)/python -m pytest -m dies

# Six hours of playing everything, in simulated time: a quarter of an hour or so.
soak: $(VENV)/.installed-test
	$(BIN)/python -m pytest -rP -m soak

# One box for eight hours: a quarter of an hour or so.
soak-overnight: $(VENV)/.installed-test
	$(BIN)/python -m pytest -rP -m overnight

# The same for ten minutes in real time, through a real JACK server; latency before and after.
soak-live: $(VENV)/.installed
	@mkdir -p performance
	$(BIN)/notochord-box soak --minutes $(MINUTES) --json performance/soak.json

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/mypy notochord firmware_py hardware

bench: $(VENV)/.installed
	$(BIN)/notochord bench

versus: $(VENV)/.installed $(ORIGINAL)/.installed
	@mkdir -p performance
	$(BIN)/notochord versus speed --json performance/versus.json

# Slow: several minutes, and half a gigabyte in .arm/ the first time.
arm: $(VENV)/.installed
	@mkdir -p performance
	$(BIN)/notochord arm parity --json performance/arm.json

# Slow: minutes, and 3 GB in build/ the first time. IMAGE=amd64 makes the guest's.
IMAGE ?= pi amd64
image: $(VENV)/.installed
	@$(BIN)/python -m hardware.image $(IMAGE)

# Four processes: what waits most of the time beside what computes all the time. The card for a Pi, which
# takes longest to make, is not needed at once.
test-appliance: $(VENV)/.installed-test
	@test -n "$$NOTOCHORD_IMAGES" || $(BIN)/python -m hardware.image pi & \
	$(BIN)/python -m pytest -m appliance -n 4 --dist loadfile tests/appliance; \
	code=$$?; wait; exit $$code

latency: $(VENV)/.installed
	$(BIN)/notochord-box latency --mode harmonize

install uninstall:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: use Raspberry Pi OS Bookworm or newer"; exit 2; }
	@$(PYTHON) -B -m firmware_py.box.install $@ --root "$(DESTDIR)/"

update: $(VENV)/.installed
	@mkdir -p build
	@$(BIN)/notochord-box update make --out build

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 play"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "no virtual environment could be made; install python3-venv"; exit 2; }
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

# Without its dependencies: those of its apps are not needed, and it asks for an older torch.
$(ORIGINAL)/.installed: notochord/versus/requirements.txt
	@test -x $(ORIGINAL)/bin/python || $(PYTHON) -m venv $(ORIGINAL) || \
	  { echo "no virtual environment could be made; install python3-venv"; exit 2; }
	$(ORIGINAL)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	$(ORIGINAL)/bin/pip install --quiet --disable-pip-version-check --no-deps notochord==0.8.0
	@touch $@

clean:
	rm -rf $(VENV) $(ORIGINAL) .arm build performance .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
