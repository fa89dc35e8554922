# Pilot: build, tests, demo.  `make help` lists the targets.
VERSION := 0.1.0
SAN ?=
BUILD ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
comma := ,

CC ?= cc
PROTOC_C ?= protoc-c
PKGS := libsodium libzmq gsl libprotobuf-c yaml-0.1 libpq smartcols libcrypto openblas lapacke libmicrohttpd
PKG_CONFIG ?= pkg-config
# System headers come through -isystem: their warnings are not ours.
PKG_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null))
PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null) -lcsv -lglpk -lm -lpthread

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
  -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
  -Wundef -Wvla -Wwrite-strings -Wno-format-nonliteral
WERROR ?= $(if $(CI),-Werror)
OPTIMIZE ?= -O2 -g
CFLAGS ?=
# Same bits everywhere: no contraction into fused operations, no reassociation.
ALL_CFLAGS = -std=gnu17 $(OPTIMIZE) -ffp-contract=off -fno-strict-aliasing -include lib/base/banned.h -fstack-protector-strong \
  -D_GNU_SOURCE -DPILOT_VERSION='"$(VERSION)"' -Iinclude -I$(BUILD)/gen -isystem $(BUILD)/gen/proto \
  $(PKG_CFLAGS) $(WARNINGS) $(WERROR) $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer) $(CFLAGS)
ALL_LDFLAGS = $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

LIBS := base stat plan disclosure picture page wire store http
PROGRAMS := pilot pilot-coordinator pilot-worker
DIR_pilot := cli
DIR_pilot-coordinator := coordinator
DIR_pilot-worker := worker

lib_sources = $(wildcard lib/$(1)/*.c)
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB_FILES := $(foreach l,$(LIBS),$(BUILD)/libpilot-$(l).a)
# Order for the linker: users before used.
LINK_LIBS := $(foreach l,http store wire page disclosure plan picture stat base,$(BUILD)/libpilot-$(l).a)

.DEFAULT_GOAL := all
.PHONY: all
all: deps-quiet ## build the three programs into build/
	@$(MAKE) --no-print-directory programs

.PHONY: programs
programs: $(addprefix $(BUILD)/,$(PROGRAMS))

# `make V=1` shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

# ---- what needs installing -----------------------------------------------------------------------
.PHONY: deps deps-quiet deps-test
deps: ## install what building, running and testing need
	deploy/install-deps.sh --test
deps-quiet:
	@deploy/install-deps.sh --quiet
deps-test:
	@deploy/install-deps.sh --quiet --test

# ---- generated code ------------------------------------------------------------------------------
PROTO_C := $(BUILD)/gen/proto/pilot.pb-c.c
$(BUILD)/gen/proto/pilot.pb-c.c $(BUILD)/gen/proto/pilot.pb-c.h &: proto/pilot.proto
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)$(PROTOC_C) --c_out=$(@D) -Iproto $<
$(BUILD)/obj/gen/pilot.pb-c.o: $(PROTO_C)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu17 $(OPTIMIZE) $(if $(SAN),-fsanitize=$(SAN)) -w -I$(BUILD)/gen/proto $(PKG_CFLAGS) -c $< -o $@

MIGRATIONS := $(sort $(wildcard deploy/sql/*.sql))
# Each migration becomes one entry of a table of {name, begin, end} in the library.
$(BUILD)/gen/migrations.S: $(MIGRATIONS) Makefile
	@mkdir -p $(@D)
	@{ echo '.section .rodata'; \
	   for f in $(MIGRATIONS); do n=$$(basename $$f .sql); \
	     printf 'sql_%s: .incbin "%s"\nsql_%s_end: .byte 0\nname_%s: .asciz "%s"\n' $$n $$f $$n $$n $$n; done; \
	   echo '.section .data.rel.ro,"aw"'; echo '.balign 8'; echo '.global pilot_migration_table'; \
	   echo 'pilot_migration_table:'; \
	   for f in $(MIGRATIONS); do n=$$(basename $$f .sql); \
	     printf '.quad name_%s, sql_%s\n' $$n $$n; done; \
	   echo '.quad 0, 0'; echo '.section .note.GNU-stack,"",@progbits'; } > $@.new && mv $@.new $@
$(BUILD)/obj/gen/migrations.o: $(BUILD)/gen/migrations.S $(MIGRATIONS)
	@mkdir -p $(@D)
	$(Q)$(CC) -c $< -o $@

# Plain loops over a column become wide ones; no sum is among them.
$(BUILD)/obj/lib/stat/design_matrix_panel.o: ALL_CFLAGS += -O3

# ---- compile and archive -------------------------------------------------------------------------
# -MD, not -MMD: what is generated from the .proto counts as a system header.
$(BUILD)/obj/%.o: %.c | $(BUILD)/gen/proto/pilot.pb-c.h
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -MD -MP -c $< -o $@

EXTRA_wire := $(BUILD)/obj/gen/pilot.pb-c.o
EXTRA_store := $(BUILD)/obj/gen/migrations.o
define lib_rule
$(BUILD)/libpilot-$(1).a: $(call objects,$(call lib_sources,$(1))) $(EXTRA_$(1))
	@rm -f $$@
	$$(Q)ar rcs $$@ $$^
endef
$(foreach l,$(LIBS),$(eval $(call lib_rule,$(l))))

# A program's own modules (all but main.c) are an archive too, so that tests can link them.
define program_rule
$(BUILD)/libpilot-$(DIR_$(1)).a: $(call objects,$(filter-out %/main.c,$(wildcard $(DIR_$(1))/*.c)))
	@rm -f $$@
	$$(Q)ar rcs $$@ $$^
$(BUILD)/$(1): $(BUILD)/obj/$(DIR_$(1))/main.o $(BUILD)/libpilot-$(DIR_$(1)).a $(LINK_LIBS)
	$$(call say,LINK,$$@)
	$$(Q)$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(PKG_LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

# ---- tests: all speak TAP; tests/unit/<module>_<thing>_test.c, module = a lib, coordinator, worker, cli
UNIT_SOURCES := $(wildcard tests/unit/*_test.c)
UNIT_PROGRAMS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(UNIT_SOURCES))
LINK_stat := $(BUILD)/libpilot-stat.a $(BUILD)/libpilot-base.a
LINK_base := $(BUILD)/libpilot-base.a
LINK_disclosure := $(BUILD)/libpilot-disclosure.a $(BUILD)/libpilot-base.a
LINK_picture := $(BUILD)/libpilot-picture.a $(BUILD)/libpilot-stat.a $(BUILD)/libpilot-base.a
LINK_plan := $(BUILD)/libpilot-plan.a $(BUILD)/libpilot-base.a
LINK_page := $(BUILD)/libpilot-page.a $(BUILD)/libpilot-plan.a $(LINK_picture)
LINK_wire := $(BUILD)/libpilot-wire.a $(BUILD)/libpilot-plan.a $(BUILD)/libpilot-base.a
LINK_http := $(BUILD)/libpilot-http.a $(BUILD)/libpilot-base.a
LINK_store := $(BUILD)/libpilot-store.a $(BUILD)/libpilot-base.a
LINK_coordinator := $(BUILD)/libpilot-coordinator.a $(LINK_LIBS)
LINK_worker := $(BUILD)/libpilot-worker.a $(LINK_LIBS)
LINK_cli := $(BUILD)/libpilot-cli.a $(LINK_LIBS)
module_of = $(firstword $(subst _, ,$(notdir $(1))))
define unit_rule
$(1): $(patsubst $(BUILD)/tests/%,$(BUILD)/obj/tests/unit/%.o,$(1)) $(BUILD)/obj/tests/harness/tap.o $(LINK_$(call module_of,$(1)))
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$$(Q)$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(PKG_LIBS)
endef
$(foreach t,$(UNIT_PROGRAMS),$(eval $(call unit_rule,$(t))))

# Programs that only benchmarks use.
BENCH_PROGRAMS := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))
$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(LINK_LIBS)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

UNIT_SCRIPTS := $(wildcard tests/unit/*_test.sh)
SQL_TESTS := $(wildcard tests/sql/*_test.sh)
INTEGRATION_TESTS := $(wildcard tests/integration/*_test.sh)
FAULT_TESTS := $(wildcard tests/fault/*_test.sh)
RUN_TESTS = PILOT_BUILD=$(BUILD) tests/harness/run-tests.pl -j 2

.PHONY: unit-programs unit sql integration fault check test-programs
unit-programs: $(UNIT_PROGRAMS)
test-programs: programs unit-programs $(BENCH_PROGRAMS)
unit: deps-test ## unit and golden tests alone
	@$(MAKE) --no-print-directory unit-programs
	@$(RUN_TESTS) $(UNIT_PROGRAMS) $(UNIT_SCRIPTS)
sql integration fault: deps-test
	@$(MAKE) --no-print-directory test-programs
	@$(RUN_TESTS) $($(shell echo $@ | tr a-z A-Z)_TESTS)
sql: ## migrations and functions on a real PostgreSQL
integration: ## real daemons, real data
fault: ## processes killed in the middle

check: deps-test ## install what is missing, then lint and all tests (SAN=address,undefined too)
	@$(MAKE) --no-print-directory $(if $(SAN),,lint) test-programs
	@$(RUN_TESTS) $(UNIT_PROGRAMS) $(UNIT_SCRIPTS) $(SQL_TESTS) $(INTEGRATION_TESTS) $(FAULT_TESTS)

# Three minutes on an idle core for 300 pilots.
ATTACK_PILOTS ?= 300
.PHONY: attack
attack: deps-test ## differencing attacks on disclosure control, ATTACK_PILOTS generated pilots
	@$(MAKE) --no-print-directory $(BUILD)/tests/disclosure_attack_test
	@$(BUILD)/tests/disclosure_attack_test $(ATTACK_PILOTS) 1000

# ---- lint ----------------------------------------------------------------------------------------
C_FILES = $(shell git ls-files '*.c' '*.h' 2>/dev/null || find . -name '*.[ch]')
TIDY_SOURCES = $(filter-out tests/%,$(filter %.c,$(C_FILES)))
# One version everywhere: the next one formats and warns otherwise.  Debian 12 and Ubuntu 24.04 have it.
LLVM := 14
CPPCHECK_VERSION := 2.10
# `$(call have,tool) command`: the command, or a word that it was left out.
have = if ! command -v $(1) >/dev/null; then echo 'lint: $(1) is not here: left out'; exit 0; fi;
.PHONY: lint format
lint: deps-test ## clang-format, include laws, cppcheck, clang-tidy, shell syntax
	@$(call have,clang-format-$(LLVM)) clang-format-$(LLVM) --dry-run -Werror $(C_FILES)
	@tests/harness/include-laws.sh
	@for f in $$(git ls-files '*.sh'); do bash -n $$f || exit 1; done
	@$(MAKE) -s --no-print-directory $(PROTO_C)
	@if cppcheck --version | grep -q ' $(CPPCHECK_VERSION)'; then \
	  cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
	    --suppress=missingInclude --suppress=missingIncludeSystem --suppress=unknownMacro \
	    --suppress=invalidPointerCast -j2 -Iinclude -I$(BUILD)/gen/proto $(TIDY_SOURCES); \
	else echo 'lint: cppcheck $(CPPCHECK_VERSION) is not here: left out'; fi
	@$(call have,clang-tidy-$(LLVM)) $(MAKE) -s --no-print-directory -k -j2 \
	  $(patsubst %.c,$(BUILD)/tidy/%.ok,$(TIDY_SOURCES))
	@echo 'lint: clean'
$(BUILD)/tidy/%.ok: %.c .clang-tidy | $(PROTO_C)
	@mkdir -p $(@D)
	@clang-tidy-$(LLVM) --quiet $< -- $(filter-out -Werror,$(ALL_CFLAGS)) 2>/dev/null && touch $@
format: ## let clang-format decide
	@clang-format-$(LLVM) -i $(C_FILES)

# ---- the main job on real data, benchmarks, fuzzing ----------------------------------------------
.PHONY: demo bench fuzz golden
demo: all ## install, build, and evaluate STAR kindergarten: 79 schools, three arms
	@PILOT_BUILD=$(BUILD) deploy/demo/demo.sh

BENCHES := $(wildcard tests/bench/*.sh)
bench: all ## figures against their goals, as ratios in one run
	@$(MAKE) --no-print-directory $(BENCH_PROGRAMS)
	@PILOT_BUILD=$(BUILD) tests/bench/all.sh

# Eight minutes on an idle core for 2,000 repetitions.
COVERAGE_REPETITIONS ?= 2000
COVERAGE := $(BUILD)/coverage/coverage
$(COVERAGE): $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/coverage/*.c)) $(LINK_LIBS)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)
.PHONY: coverage
coverage: deps-quiet ## how often 95 % intervals hold the effect; writes docs/methods/coverage.md
	@$(MAKE) --no-print-directory $(COVERAGE)
	@tests/coverage/page.sh $(COVERAGE) $(COVERAGE_REPETITIONS) docs/methods/coverage.md

FUZZ_SECONDS ?= 600
FUZZERS := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
fuzz: deps-test ## libFuzzer on plan, CSV, wire frames and the whole submission, FUZZ_SECONDS each
	@tests/fuzz/run.sh $(FUZZ_SECONDS) $(FUZZERS)

.PHONY: soak
soak: deps-test ## 200 agencies at once, and loads of 4,000,000 rows killed at every point: an hour
	@$(MAKE) --no-print-directory test-programs
	@AGENCIES=200 ROWS=2000 TEST_SECONDS=3600 $(RUN_TESTS) tests/fault/agencies_test.sh
	@ROWS=4000000 TEST_SECONDS=7200 $(RUN_TESTS) tests/fault/submit_killed_test.sh

golden: ## make the golden values again (needs R: deploy/install-deps.sh --golden)
	@for script in tests/golden/*/*.R; do echo "  R     $$script"; (cd $$(dirname $$script) && Rscript $$(basename $$script)) || exit 1; done

# ---- install -------------------------------------------------------------------------------------
PREFIX ?= /usr/local
.PHONY: install
install: all ## programs, man pages, completion (PREFIX, DESTDIR)
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(addprefix $(BUILD)/,$(PROGRAMS)) $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(BUILD)/pilot help --man >$(DESTDIR)$(PREFIX)/share/man/man1/pilot.1
	install -m 644 deploy/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	$(BUILD)/pilot help --completion >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/pilot

.PHONY: clean
clean: ## remove what was built
	rm -rf build build-*

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | column -t -s '	'

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
