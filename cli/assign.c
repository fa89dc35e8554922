#include "assign.h"

#include <stdlib.h>
#include <string.h>

#include "intake_content.h"
#include "pilot/memory.h"

const char *pilot_assignment_method(const pilot_units_t *units)
{
    bool blocks = units->block != NULL;
    if (units->with_arms)
        return "as given in the file";
    if (units->cluster)
        return blocks ? "complete randomization of clusters within blocks, unbiased controlled "
                        "rounding"
                      : "complete randomization of clusters, unbiased controlled rounding";
    if (units->plan->level == PILOT_LEVEL_ACROSS)
        return blocks ? "complete randomization of agencies within blocks, unbiased controlled "
                        "rounding"
                      : "complete randomization of agencies, unbiased controlled rounding";
    return blocks ? "complete randomization of units within blocks, unbiased controlled rounding"
                  : "complete randomization of units, unbiased controlled rounding";
}

uint64_t pilot_assignment_group(const pilot_units_t *units, uint32_t agency)
{
    uint8_t digest[PILOT_SHA256_SIZE];
    uint64_t number;
    pilot_text_t name = PILOT_TEXT_INIT;
    pilot_text_appendf(&name, "%s\n", units->plan->pilot);
    if (units->plan->level == PILOT_LEVEL_AGENCY) {
        const pilot_agency_t *named = pilot_agencies_get(units->agencies, agency);
        pilot_text_append_bytes(&name, named->name, named->name_length);
    }
    pilot_sha256_of(name.data, name.length, digest);
    pilot_text_clear(&name);
    memcpy(&number, digest, sizeof number);
    return __builtin_bswap64(number);
}

/* ---- drawing --------------------------------------------------------------------------------- */

static bool same_group(const pilot_units_t *units, const pilot_record_t *a, const pilot_record_t *b)
{
    return pilot_units_group(units, a) == pilot_units_group(units, b);
}

static bool same_block(const pilot_units_t *units, const pilot_record_t *a, const pilot_record_t *b)
{
    return same_group(units, a, b) &&
           (!units->block ||
            pilot_label_compare(pilot_units_block(units, a), pilot_units_block(units, b)) == 0);
}

static bool same_whole(const pilot_units_t *units, const pilot_record_t *a, const pilot_record_t *b)
{
    return same_block(units, a, b) &&
           pilot_label_compare(pilot_units_whole(units, a), pilot_units_whole(units, b)) == 0;
}

static void list_blocks(pilot_assignment_t *assignment, pilot_record_t *const *ranked)
{
    const pilot_units_t *units = assignment->units;
    size_t capacity = 0;
    for (size_t i = 0; i < units->count; i++) {
        if (i == 0 || !same_block(units, ranked[i - 1], ranked[i])) {
            assignment->block = pilot_grow(assignment->block, &capacity, assignment->blocks + 1,
                                           sizeof *assignment->block);
            assignment->block[assignment->blocks++] =
                (pilot_assigned_block_t){.group = pilot_units_group(units, ranked[i])};
        }
        pilot_assigned_block_t *block = &assignment->block[assignment->blocks - 1];
        block->units++;
        if (i == 0 || !same_whole(units, ranked[i - 1], ranked[i]))
            block->wholes++;
    }
}

/* Give the arms of one group, whose blocks begin at first_block and records at ranked. */
static size_t draw_group(pilot_assignment_t *assignment, pilot_record_t **ranked,
                         size_t first_block, size_t blocks)
{
    const pilot_units_t *units = assignment->units;
    uint32_t *size PILOT_AUTOFREE = PILOT_NEW_ARRAY(uint32_t, blocks);
    size_t wholes = 0, records = 0;
    for (size_t i = 0; i < blocks; i++) {
        size[i] = assignment->block[first_block + i].wholes;
        wholes += size[i];
        records += assignment->block[first_block + i].units;
    }
    uint16_t *arm PILOT_AUTOFREE = PILOT_NEW_ARRAY(uint16_t, wholes);
    pilot_assign(&assignment->shares, size, blocks, units->plan->assignment_seed,
                 pilot_assignment_group(units, ranked[0]->agency), arm);
    size_t whole = 0;
    for (size_t i = 0; i < records; i++) {
        if (i > 0 && !same_whole(units, ranked[i - 1], ranked[i]))
            whole++;
        ranked[i]->arm = arm[whole];
    }
    return records;
}

static void draw(pilot_assignment_t *assignment, pilot_record_t **ranked)
{
    for (size_t first = 0, end; first < assignment->blocks; first = end) {
        for (end = first + 1; end < assignment->blocks &&
                              assignment->block[end].group == assignment->block[first].group;)
            end++;
        ranked += draw_group(assignment, ranked, first, end - first);
    }
}

/* ---- taking stock ---------------------------------------------------------------------------- */

static void count_arms(pilot_assignment_t *assignment, pilot_record_t *const *ranked)
{
    const pilot_units_t *units = assignment->units;
    size_t arms = assignment->shares.arms, block = 0;
    assignment->count = PILOT_NEW_ARRAY(uint64_t, arms);
    assignment->count_wholes = PILOT_NEW_ARRAY(uint64_t, arms);
    for (size_t i = 0; i < assignment->blocks; i++) {
        assignment->block[i].count = PILOT_NEW_ARRAY(uint64_t, arms);
        assignment->wholes += assignment->block[i].wholes;
    }
    for (size_t i = 0; i < units->count; i++) {
        if (i > 0 && !same_block(units, ranked[i - 1], ranked[i]))
            block++;
        assignment->block[block].count[ranked[i]->arm]++;
        assignment->count[ranked[i]->arm]++;
        if (i == 0 || !same_whole(units, ranked[i - 1], ranked[i]))
            assignment->count_wholes[ranked[i]->arm]++;
    }
}

static int compare_agencies(const void *a, const void *b, void *context)
{
    const pilot_units_t *units = context;
    const pilot_agency_t *x =
        pilot_agencies_get(units->agencies, ((const pilot_assigned_agency_t *)a)->agency);
    const pilot_agency_t *y =
        pilot_agencies_get(units->agencies, ((const pilot_assigned_agency_t *)b)->agency);
    return pilot_label_compare((pilot_label_t){x->name, x->name_length},
                               (pilot_label_t){y->name, y->name_length});
}

static void list_agencies(pilot_assignment_t *assignment)
{
    pilot_units_t *units = assignment->units;
    pilot_content_t *content = pilot_content_new(&units->layout);
    size_t capacity = 0;
    for (size_t i = 0; i < units->count; i++) {
        const pilot_record_t *record = assignment->by_agency[i];
        if (i == 0 || record->agency != assignment->by_agency[i - 1]->agency) {
            assignment->agency = pilot_grow(assignment->agency, &capacity, assignment->agencies + 1,
                                            sizeof *assignment->agency);
            assignment->agency[assignment->agencies++] = (pilot_assigned_agency_t){
                .agency = record->agency,
                .first = i,
                .count = PILOT_NEW_ARRAY(uint64_t, assignment->shares.arms)};
            pilot_content_begin(content, false);
        }
        pilot_assigned_agency_t *agency = &assignment->agency[assignment->agencies - 1];
        agency->units++;
        agency->count[record->arm]++;
        pilot_content_row(content, record);
        if (i + 1 == units->count || assignment->by_agency[i + 1]->agency != record->agency)
            pilot_content_end(content, agency->content_sha256);
    }
    pilot_content_free(content);
    if (assignment->agencies > 1)
        qsort_r(assignment->agency, assignment->agencies, sizeof *assignment->agency,
                compare_agencies, units);
}

/* For each agency in byte order LENGTH:NAME:CONTENT_SHA256 and a line feed, as of an analysis. */
static void hash_all(pilot_assignment_t *assignment)
{
    pilot_text_t lines = PILOT_TEXT_INIT;
    for (size_t i = 0; i < assignment->agencies; i++) {
        const pilot_assigned_agency_t *agency = &assignment->agency[i];
        const pilot_agency_t *named =
            pilot_agencies_get(assignment->units->agencies, agency->agency);
        pilot_text_appendf(&lines, "%zu:", named->name_length);
        pilot_text_append_bytes(&lines, named->name, named->name_length);
        pilot_text_appendf(&lines, ":%s\n", agency->content_sha256);
    }
    uint8_t digest[PILOT_SHA256_SIZE];
    pilot_sha256_of(lines.data, lines.length, digest);
    pilot_hex(digest, sizeof digest, assignment->sha256);
    pilot_text_clear(&lines);
}

void pilot_assignment_make(pilot_units_t *units, pilot_assignment_t *ret_assignment)
{
    pilot_assignment_t *assignment = ret_assignment;
    const pilot_plan_t *plan = units->plan;
    double probability[PILOT_ASSIGN_MOST_ARMS];
    *assignment = (pilot_assignment_t){.units = units};
    for (size_t i = 0; i < plan->arm_count; i++)
        probability[i] = plan->arms[i].probability;
    pilot_shares_init(&assignment->shares, plan->arms[0].has_probability ? probability : NULL,
                      plan->arm_count);
    pilot_record_t **ranked PILOT_AUTOFREE = pilot_units_ranked(units);
    list_blocks(assignment, ranked);
    if (!units->with_arms)
        draw(assignment, ranked);
    count_arms(assignment, ranked);
    assignment->by_agency = pilot_units_by_agency(units);
    list_agencies(assignment);
    hash_all(assignment);
}

void pilot_assignment_clear(pilot_assignment_t *assignment)
{
    for (size_t i = 0; i < assignment->agencies; i++)
        free(assignment->agency[i].count);
    for (size_t i = 0; i < assignment->blocks; i++)
        free(assignment->block[i].count);
    free(assignment->agency);
    free(assignment->block);
    free(assignment->by_agency);
    free(assignment->count);
    free(assignment->count_wholes);
    *assignment = (pilot_assignment_t){0};
}

/* ---- out ------------------------------------------------------------------------------------- */

void pilot_assignment_write(const pilot_assignment_t *assignment, FILE *file)
{
    pilot_units_write(assignment->units, assignment->units->record, true, &assignment->shares,
                      file);
}

void pilot_assignment_pack(const pilot_assignment_t *assignment,
                           const pilot_assigned_agency_t *agency,
                           const unsigned char salt[PILOT_SALT_SIZE],
                           pilot_assigned_t *ret_assigned)
{
    const pilot_units_t *units = assignment->units;
    pilot_sha256_t *hash = pilot_sha256_new();
    pilot_assigned_init(ret_assigned, agency->units, units->block != NULL, units->cluster != NULL);
    memcpy(ret_assigned->salt, salt, PILOT_SALT_SIZE);
    for (size_t i = 0; i < agency->units; i++) {
        const pilot_record_t *record = assignment->by_agency[agency->first + i];
        pilot_label_t block = pilot_units_block(units, record),
                      cluster = pilot_units_cluster(units, record);
        pilot_assigned_unit_t unit = {.arm = record->arm};
        unit.key = pilot_assigned_hash(hash, salt, pilot_record_unit(record), record->unit_length);
        unit.block = (uint32_t)(pilot_assigned_hash(hash, salt, block.bytes, block.length) >> 32);
        unit.cluster =
            (uint32_t)(pilot_assigned_hash(hash, salt, cluster.bytes, cluster.length) >> 32);
        pilot_assigned_add(ret_assigned, &unit);
    }
    pilot_sha256_free(hash);
    pilot_assigned_sort(ret_assigned);
}
