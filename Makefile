# Pilot: build, tests, demo.  `make help` lists the targets.
VERSION := 0.1.0
SAN ?=
BUILD ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
comma := ,

CC ?= cc
PROTOC_C ?= protoc-c
PKGS := libzmq gsl libprotobuf-c libsodium yaml-0.1 libpq smartcols libcrypto openblas lapacke
PKG_CONFIG ?= pkg-config
# System headers come through -isystem: their warnings are not ours.
PKG_CFLAGS = $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null))
PKG_LIBS = $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null) -lcsv -lm -lpthread

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdeclaration-after-statement=0 \
  -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
  -Wundef -Wvla -Wwrite-strings -Wno-format-nonliteral
WARNINGS := $(filter-out -Wdeclaration-after-statement=0,$(WARNINGS))
WERROR ?= $(if $(CI),-Werror)
OPTIMIZE ?= -O2 -g
CFLAGS ?=
# Same bits everywhere: no contraction into fused operations, no reassociation.
ALL_CFLAGS = -std=gnu17 $(OPTIMIZE) -ffp-contract=off -fno-strict-aliasing -fstack-protector-strong \
  -D_GNU_SOURCE -DPILOT_VERSION='"$(VERSION)"' -Iinclude -I$(BUILD)/gen -isystem $(BUILD)/gen/proto \
  $(PKG_CFLAGS) $(WARNINGS) $(WERROR) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer) $(CFLAGS)
ALL_LDFLAGS = $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

LIBS := base stat plan wire store
PROGRAMS := pilot pilot-coordinator pilot-worker
DIR_pilot := cli
DIR_pilot-coordinator := coordinator
DIR_pilot-worker := worker

lib_sources = $(wildcard lib/$(1)/*.c)
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB_FILES := $(foreach l,$(LIBS),$(BUILD)/libpilot-$(l).a)
# Order for the linker: users before used.
LINK_LIBS := $(foreach l,store wire plan stat base,$(BUILD)/libpilot-$(l).a)

.DEFAULT_GOAL := all
.PHONY: all
all: deps-quiet ## build the three programs into build/
	@$(MAKE) --no-print-directory programs

.PHONY: programs
programs: $(addprefix $(BUILD)/,$(PROGRAMS))

# ---- what needs installing -----------------------------------------------------------------------
.PHONY: deps deps-quiet
deps: ## install what building, running and testing need
	deploy/install-deps.sh
deps-quiet:
	@deploy/install-deps.sh --quiet

# ---- generated code ------------------------------------------------------------------------------
PROTO_C := $(BUILD)/gen/proto/pilot.pb-c.c
$(BUILD)/gen/proto/pilot.pb-c.c $(BUILD)/gen/proto/pilot.pb-c.h &: proto/pilot.proto
	@mkdir -p $(@D)
	$(PROTOC_C) --c_out=$(@D) -Iproto $<
$(BUILD)/obj/gen/pilot.pb-c.o: $(PROTO_C)
	@mkdir -p $(@D)
	$(CC) -std=gnu17 $(OPTIMIZE) $(if $(SAN),-fsanitize=$(SAN)) -w -I$(BUILD)/gen/proto $(PKG_CFLAGS) -c $< -o $@

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
	$(CC) -c $< -o $@

# ---- compile and archive -------------------------------------------------------------------------
$(BUILD)/obj/%.o: %.c | $(BUILD)/gen/proto/pilot.pb-c.h
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

EXTRA_wire := $(BUILD)/obj/gen/pilot.pb-c.o
EXTRA_store := $(BUILD)/obj/gen/migrations.o
define lib_rule
$(BUILD)/libpilot-$(1).a: $(call objects,$(call lib_sources,$(1))) $(EXTRA_$(1))
	@rm -f $$@
	ar rcs $$@ $$^
endef
$(foreach l,$(LIBS),$(eval $(call lib_rule,$(l))))

# A program's own modules (all but main.c) are an archive too, so that tests can link them.
define program_rule
$(BUILD)/libpilot-$(DIR_$(1)).a: $(call objects,$(filter-out %/main.c,$(wildcard $(DIR_$(1))/*.c)))
	@rm -f $$@
	ar rcs $$@ $$^
$(BUILD)/$(1): $(BUILD)/obj/$(DIR_$(1))/main.o $(BUILD)/libpilot-$(DIR_$(1)).a $(LINK_LIBS)
	$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(PKG_LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

# ---- unit tests: tests/unit/<module>_<thing>_test.c, module = a lib, or coordinator worker cli ----
UNIT_SOURCES := $(wildcard tests/unit/*_test.c)
UNIT_PROGRAMS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(UNIT_SOURCES))
LINK_stat := $(BUILD)/libpilot-stat.a $(BUILD)/libpilot-base.a
LINK_base := $(BUILD)/libpilot-base.a
LINK_plan := $(BUILD)/libpilot-plan.a $(BUILD)/libpilot-base.a
LINK_wire := $(BUILD)/libpilot-wire.a $(BUILD)/libpilot-base.a
LINK_store := $(BUILD)/libpilot-store.a $(BUILD)/libpilot-base.a
LINK_coordinator := $(BUILD)/libpilot-coordinator.a $(LINK_LIBS)
LINK_worker := $(BUILD)/libpilot-worker.a $(LINK_LIBS)
LINK_cli := $(BUILD)/libpilot-cli.a $(LINK_LIBS)
module_of = $(firstword $(subst _, ,$(notdir $(1))))
define unit_rule
$(1): $(patsubst $(BUILD)/tests/%,$(BUILD)/obj/tests/unit/%.o,$(1)) $(BUILD)/obj/tests/harness/tap.o $(LINK_$(call module_of,$(1)))
	@mkdir -p $$(@D)
	$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(PKG_LIBS)
endef
$(foreach t,$(UNIT_PROGRAMS),$(eval $(call unit_rule,$(t))))

.PHONY: unit-programs unit
unit-programs: $(UNIT_PROGRAMS)
unit: deps-quiet ## the unit tests alone
	@$(MAKE) --no-print-directory unit-programs
	@$(if $(UNIT_PROGRAMS),prove -e '' $(UNIT_PROGRAMS))

.PHONY: clean
clean: ## remove what was built
	rm -rf build build-*

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | column -t -s '	'

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
