/* Assigned units: looked up by hash, drawn from a file, and data against them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../cli/assign.h"
#include "../../cli/intake.h"
#include "../harness/plan_text.h"
#include "../harness/tap.h"
#include "pilot/memory.h"

static const unsigned char salt[PILOT_SALT_SIZE] = {1, 2, 3};

/* ---- looking up ------------------------------------------------------------------------------ */

static uint64_t key_of(uint64_t i)
{
    uint64_t z = (i + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static bool all_found(const pilot_assigned_t *assigned, uint64_t (*key)(uint64_t), size_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        pilot_assigned_unit_t unit = {.key = key(i), .arm = (uint16_t)(i % 3)};
        if (pilot_assigned_check(assigned, &unit, false, false) != PILOT_ASSIGNED_SAME)
            return false;
        unit.arm = 3;
        if (pilot_assigned_check(assigned, &unit, false, false) != PILOT_ASSIGNED_OTHER_ARM)
            return false;
    }
    return true;
}

static uint64_t crowded(uint64_t i)
{
    return i < 500 ? i : i < 1000 ? UINT64_MAX - i : (uint64_t)1 << 63 | i;
}

static void fill(pilot_assigned_t *assigned, uint64_t (*key)(uint64_t), size_t count)
{
    pilot_assigned_init(assigned, count, false, false);
    for (uint64_t i = 0; i < count; i++) {
        pilot_assigned_unit_t unit = {.key = key(i), .arm = (uint16_t)(i % 3)};
        pilot_assigned_add(assigned, &unit);
    }
    pilot_assigned_sort(assigned);
}

static void test_lookup(void)
{
    static const size_t counts[] = {0, 1, 2, 17, 1000, 200000};
    bool found = true, unknown = true;
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        pilot_assigned_t assigned;
        fill(&assigned, key_of, counts[c]);
        found = found && all_found(&assigned, key_of, counts[c]);
        for (uint64_t i = counts[c]; i < counts[c] + 1000; i++) {
            pilot_assigned_unit_t unit = {.key = key_of(i)};
            unknown = unknown && pilot_assigned_check(&assigned, &unit, false, false) ==
                                     PILOT_ASSIGNED_UNKNOWN;
        }
        pilot_assigned_clear(&assigned);
    }
    ok(found, "every key is found, with its arm");
    ok(unknown, "no other key is");
    pilot_assigned_t assigned;
    fill(&assigned, crowded, 1500);
    ok(all_found(&assigned, crowded, 1500), "keys that are not spread evenly are found too");
    bool ascending = true;
    for (size_t i = 1; i < assigned.units; i++)
        ascending = ascending && (int64_t)assigned.key[i - 1] <= (int64_t)assigned.key[i];
    ok(ascending, "keys stand in the order of bigint");
    pilot_assigned_clear(&assigned);
}

static void test_answers(void)
{
    pilot_assigned_t assigned;
    pilot_assigned_init(&assigned, 3, true, true);
    pilot_assigned_add(&assigned, &(pilot_assigned_unit_t){7, 0, 10, 20});
    pilot_assigned_add(&assigned, &(pilot_assigned_unit_t){7, 1, 11, 21});
    pilot_assigned_add(&assigned, &(pilot_assigned_unit_t){9, 1, 11, 21});
    pilot_assigned_sort(&assigned);
    const struct {
        pilot_assigned_unit_t unit;
        bool block, cluster;
        pilot_assigned_answer_t answer;
        const char *name;
    } cases[] = {
        {{7, 0, 10, 20}, true, true, PILOT_ASSIGNED_SAME, "the first of two with one key"},
        {{7, 1, 11, 21}, true, true, PILOT_ASSIGNED_SAME, "the second of them"},
        {{9, 1, 12, 21}, true, true, PILOT_ASSIGNED_OTHER_BLOCK, "another block"},
        {{9, 1, 11, 22}, true, true, PILOT_ASSIGNED_OTHER_CLUSTER, "another cluster"},
        {{9, 1, 12, 22}, false, false, PILOT_ASSIGNED_SAME, "what the data lacks is not compared"},
        {{9, 0, 11, 21}, true, true, PILOT_ASSIGNED_OTHER_ARM, "another arm"},
        {{8, 0, 10, 20}, true, true, PILOT_ASSIGNED_UNKNOWN, "another unit"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ok(pilot_assigned_check(&assigned, &cases[i].unit, cases[i].block, cases[i].cluster) ==
               cases[i].answer,
           "%s", cases[i].name);
    pilot_assigned_clear(&assigned);
}

static void test_hash(void)
{
    pilot_sha256_t *hash = pilot_sha256_new();
    uint8_t digest[PILOT_SHA256_SIZE];
    unsigned char bytes[PILOT_SALT_SIZE + 2];
    uint64_t first = 0;
    memcpy(bytes, salt, PILOT_SALT_SIZE);
    bytes[PILOT_SALT_SIZE] = 'u';
    bytes[PILOT_SALT_SIZE + 1] = '1';
    pilot_sha256_of(bytes, sizeof bytes, digest);
    for (int i = 0; i < 8; i++)
        first = first << 8 | digest[i];
    ok(pilot_assigned_hash(hash, salt, "u1", 2) == first &&
           pilot_assigned_hash(hash, salt, "u1", 2) == first,
       "a key is the beginning of SHA-256(salt, unit), again and again");
    pilot_sha256_free(hash);
}

/* ---- drawing from a file --------------------------------------------------------------------- */

#define PLAN                                                                                       \
    "version: 1\npilot: p\n"                                                                       \
    "columns: {unit: id, agency: site, arm: arm, block: b, cluster: g}\n"                          \
    "arms: {control: c, treatments: [t, v]}\n"                                                     \
    "outcomes: [{name: y, type: continuous}]\nseed: 11\n"

/* A file that is gone when it is closed. */
static void write_file(char path[32], const char *text)
{
    memcpy(path, "/tmp/pilot-assign-XXXXXX", sizeof "/tmp/pilot-assign-XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        printf("Bail out! no temporary file\n");
        exit(1);
    }
    close(fd);
}

static void read_units(const pilot_plan_t *plan, const char *text, bool with_arms,
                       pilot_units_t *units)
{
    static char path[32];
    const pilot_units_options_t options = {.with_arms = with_arms, .interrupt_fd = -1};
    write_file(path, text);
    if (pilot_units_read(plan, path, &options, units, NULL)) {
        printf("Bail out! the units cannot be read\n");
        exit(1);
    }
    unlink(path);
}

static char *made_units(size_t count, bool reversed)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_text_append(&text, "g,site,b,id\n");
    for (size_t i = 0; i < count; i++) {
        size_t u = reversed ? count - 1 - i : i;
        pilot_text_appendf(&text, "g%zu,%s,b%zu,u%zu\n", u / 2, u % 40 < 20 ? "east" : "west",
                           u / 20 % 6, u);
    }
    return pilot_text_take(&text);
}

static void test_draw(void)
{
    pilot_plan_t *plan = test_plan(PLAN);
    char *forth PILOT_AUTOFREE = made_units(400, false);
    char *back PILOT_AUTOFREE = made_units(400, true);
    pilot_units_t units[2];
    pilot_assignment_t assignment[2];
    read_units(plan, forth, false, &units[0]);
    read_units(plan, back, false, &units[1]);
    for (int i = 0; i < 2; i++) {
        pilot_units_check(&units[i]);
        pilot_assignment_make(&units[i], &assignment[i]);
    }
    ok(pilot_problems_total(units[0].problems) == 0 && assignment[0].wholes == 200 &&
           assignment[0].blocks == 6 && assignment[0].agencies == 2,
       "200 clusters in 6 blocks of 2 agencies");
    is_text(assignment[1].sha256, assignment[0].sha256, "the order of rows does not matter");
    bool whole = true, fair = true;
    for (size_t i = 0; i + 1 < 400; i += 2)
        whole = whole && units[0].record[i]->arm == units[0].record[i + 1]->arm;
    ok(whole, "clusters are in one arm");
    for (size_t b = 0; b < assignment[0].blocks; b++)
        for (size_t a = 0; a < 3; a++) {
            uint64_t clusters = assignment[0].block[b].count[a] / 2;
            uint64_t low = assignment[0].block[b].wholes / 3;
            fair = fair && (clusters == low || clusters == low + 1);
        }
    ok(fair, "each block has a third of its clusters in each arm");
    ok(pilot_assignment_group(&units[0], 0) == 0xf837ce5a2f496ddeu,
       "the group is a hash of pilot and agency (%llx)",
       (unsigned long long)pilot_assignment_group(&units[0], 0));
    for (int i = 0; i < 2; i++) {
        pilot_assignment_clear(&assignment[i]);
        pilot_units_clear(&units[i]);
    }
    pilot_plan_free(plan);
}

/* ---- data against an assignment -------------------------------------------------------------- */

static pilot_assignments_t *assignments_of(const pilot_plan_t *plan, const char *text)
{
    pilot_units_t units;
    pilot_assignment_t given;
    pilot_assignments_t *assignments = pilot_assignments_new(plan);
    read_units(plan, text, true, &units);
    pilot_assignment_make(&units, &given);
    for (size_t i = 0; i < given.agencies; i++) {
        pilot_assigned_t assigned;
        const pilot_agency_t *agency = pilot_agencies_get(units.agencies, given.agency[i].agency);
        pilot_assignment_pack(&given, &given.agency[i], salt, &assigned);
        pilot_assignments_put(assignments, agency->name, agency->name_length, &assigned);
    }
    pilot_assignment_clear(&given);
    pilot_units_clear(&units);
    return assignments;
}

static void check_data(const pilot_plan_t *plan, pilot_assignments_t *assignments, const char *data,
                       size_t memory, const char *want, const char *name)
{
    const pilot_intake_options_t options = {
        .interrupt_fd = -1, .single_thread = true, .memory = memory, .assignments = assignments};
    pilot_intake_result_t result;
    size_t length = strlen(data);
    pilot_intake_check_bytes(plan, &data, &length, 1, &options, &result, NULL);
    pilot_text_t got = PILOT_TEXT_INIT;
    pilot_problems_csv(result.problems, &got);
    char *counts = strstr(got.data, "\n,,");
    if (counts)
        counts[1] = '\0';
    char *body = strchr(got.data, '\n') + 1;
    pilot_text_t all = PILOT_TEXT_INIT;
    pilot_text_appendf(&all, "%s%zu+%zu %llu/%llu", body, result.checked, result.unchecked,
                       (unsigned long long)result.absent, (unsigned long long)result.assigned);
    is_text(all.data, want, "%s", name);
    pilot_text_clear(&got);
    pilot_text_clear(&all);
    pilot_intake_clear(&result);
}

static void test_check(void)
{
    pilot_plan_t *plan = test_plan(PLAN);
    pilot_assignments_t *assignments = assignments_of(plan, "id,site,b,g,arm\n"
                                                            "1,e,p,k,c\n2,e,p,l,t\n3,e,q,m,v\n"
                                                            "1,w,p,k,t\n2,w,p,k,t\n");
#define HEADER "id,site,b,g,arm,y\n"
    check_data(plan, assignments, HEADER "3,e,q,m,v,1\n1,e,p,k,c,1\n2,e,p,l,t,1\n", 0, "1+0 0/3",
               "all are there");
    check_data(plan, assignments, HEADER "3,e,q,m,v,1\n1,w,p,k,t,1\n", 0, "2+0 3/5",
               "who is missing is counted");
    check_data(plan, assignments, HEADER "1,e,p,k,t,1\n2,w,p,k,t,1\n9,e,q,m,v,1\n", 0,
               "2,arm,assignment_differs,not the arm that the unit was assigned to\n"
               "4,id,assignment_differs,the unit was never assigned\n2+0 4/5",
               "rows that differ are told, scattered ones too");
    check_data(plan, assignments, HEADER "1,e,q,k,c,1\n2,e,p,x,t,1\n", 0,
               "2,b,assignment_differs,not the block that the unit was assigned in\n"
               "3,g,assignment_differs,not the cluster that the unit was assigned in\n1+0 3/3",
               "so are block and cluster");
    check_data(plan, assignments, HEADER "1,e,p,k,x,1\n2,e,p,l,t,x\n", 0,
               "2,arm,unknown_arm,not one of the plan's arms\n"
               "3,y,not_a_number,\"not a number (digits, a point, an exponent; no blanks or "
               "thousands marks)\"\n1+0 2/3",
               "a row that is wrong already is told once");
    check_data(plan, assignments, HEADER "1,n,p,k,c,1\n", 0, "0+1 0/0",
               "an agency without an assignment is not checked");
    check_data(plan, assignments, HEADER "1,e,p,k,c,1\n1,e,p,k,c,1\n", 0,
               "3,id,duplicate_unit,the unit is already in row 2 of its agency\n1+0 2/3",
               "a unit that stands twice is no two units");
    pilot_assignments_free(assignments);
    pilot_plan_free(plan);
    plan = test_plan(PLAN "assignment: {unregistered: reject}\n");
    assignments = pilot_assignments_new(plan);
    check_data(plan, assignments, HEADER "1,n,p,k,c,1\n2,n,p,k,c,1\n", 0,
               "2,site,assignment_differs,no assignment of this agency is registered\n0+1 0/0",
               "unless the plan rejects it: told once");
    pilot_assignments_free(assignments);
    pilot_plan_free(plan);
}

/* An agency that is sorted in runs outside memory. */
static void test_runs(void)
{
    pilot_plan_t *plan = test_plan(PLAN);
    pilot_text_t given = PILOT_TEXT_INIT, data = PILOT_TEXT_INIT;
    pilot_text_append(&given, "id,site,b,g,arm\n");
    pilot_text_append(&data, HEADER);
    for (int i = 0; i < 20000; i++) {
        const char *arm = i % 3 == 0 ? "c" : i % 3 == 1 ? "t" : "v";
        pilot_text_appendf(&given, "u%d,e,b%d,g%d,%s\n", i, i % 7, i, arm);
        if (i % 5 != 4)
            pilot_text_appendf(&data, "u%d,e,b%d,g%d,%s,1\n", i, i % 7, i, i == 15000 ? "t" : arm);
    }
    pilot_assignments_t *assignments = assignments_of(plan, given.data);
    check_data(plan, assignments, data.data, 1 << 16,
               "12002,arm,assignment_differs,not the arm that the unit was assigned to\n"
               "1+0 4001/20000",
               "an agency beyond the memory is checked too");
    pilot_assignments_free(assignments);
    pilot_text_clear(&given);
    pilot_text_clear(&data);
    pilot_plan_free(plan);
}

int main(void)
{
    test_lookup();
    test_answers();
    test_hash();
    test_draw();
    test_check();
    test_runs();
    return tap_done();
}
