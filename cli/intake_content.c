#include "intake_content.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

#define BUFFER_SIZE ((size_t)64 << 10)
#define LARGEST_VALUE (5 + PILOT_INTAKE_LONGEST_KEPT)

enum tag { TAG_ABSENT = 0, TAG_NUMBER = 1, TAG_TEXT = 2 };

struct pilot_content {
    const pilot_intake_layout_t *layout;
    pilot_sha256_t *hash;
    size_t *order; /* columns by the bytes of their names */
    size_t *arm_length;
    uint32_t *text_offset; /* of the row in hand */
    bool received_is_arm;
    size_t used;
    unsigned char buffer[BUFFER_SIZE];
};

static int compare_names(const void *a, const void *b, void *context)
{
    const pilot_intake_layout_t *layout = context;
    return strcmp(layout->column[*(const size_t *)a].stored->name,
                  layout->column[*(const size_t *)b].stored->name);
}

pilot_content_t *pilot_content_new(const pilot_intake_layout_t *layout)
{
    pilot_content_t *content = PILOT_NEW(pilot_content_t);
    content->layout = layout;
    content->hash = pilot_sha256_new();
    content->text_offset = PILOT_NEW_ARRAY(uint32_t, layout->texts + 1);
    content->order = PILOT_NEW_ARRAY(size_t, layout->columns);
    for (size_t i = 0; i < layout->columns; i++)
        content->order[i] = i;
    qsort_r(content->order, layout->columns, sizeof *content->order, compare_names,
            (void *)(uintptr_t)layout);
    content->arm_length = PILOT_NEW_ARRAY(size_t, layout->plan->arm_count);
    for (size_t i = 0; i < layout->plan->arm_count; i++)
        content->arm_length[i] = strlen(layout->plan->arms[i].label);
    return content;
}

void pilot_content_free(pilot_content_t *content)
{
    if (!content)
        return;
    pilot_sha256_free(content->hash);
    free(content->order);
    free(content->arm_length);
    free(content->text_offset);
    free(content);
}

static unsigned char *place(pilot_content_t *content, size_t length)
{
    if (content->used + length > BUFFER_SIZE) {
        pilot_sha256_update(content->hash, content->buffer, content->used);
        content->used = 0;
    }
    unsigned char *at = content->buffer + content->used;
    content->used += length;
    return at;
}

static void put_number(pilot_content_t *content, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits = __builtin_bswap64(bits);
    unsigned char *at = place(content, 9);
    at[0] = TAG_NUMBER;
    memcpy(at + 1, &bits, sizeof bits);
}

static void put_text(pilot_content_t *content, const char *text, size_t length)
{
    uint32_t prefix = __builtin_bswap32((uint32_t)length);
    unsigned char *at = place(content, 5 + length);
    at[0] = TAG_TEXT;
    memcpy(at + 1, &prefix, sizeof prefix);
    memcpy(at + 5, text, length);
}

static void put_absent(pilot_content_t *content)
{
    place(content, 1)[0] = TAG_ABSENT;
}

static void put_arm(pilot_content_t *content, size_t arm)
{
    put_text(content, content->layout->plan->arms[arm].label, content->arm_length[arm]);
}

static void put_received(pilot_content_t *content, const double *number, const uint64_t *given,
                         uint32_t slot)
{
    if (content->received_is_arm && pilot_record_has(given, slot + 1))
        put_arm(content, (size_t)number[slot + 1]);
    else if (!content->received_is_arm && pilot_record_has(given, slot))
        put_number(content, number[slot]);
    else
        put_absent(content);
}

void pilot_content_begin(pilot_content_t *content, bool received_is_arm)
{
    static const char title[] = "pilot content 1\n";
    pilot_sha256_reset(content->hash);
    content->used = 0;
    content->received_is_arm = received_is_arm;
    memcpy(place(content, sizeof title - 1), title, sizeof title - 1);
    for (size_t i = 0; i < content->layout->columns; i++) {
        const char *name = content->layout->column[content->order[i]].stored->name;
        put_text(content, name, strlen(name));
    }
}

void pilot_content_row(pilot_content_t *content, const pilot_record_t *record)
{
    const pilot_intake_layout_t *layout = content->layout;
    const double *number = pilot_record_numbers(record);
    const uint64_t *given = pilot_record_given(layout, record);
    const uint16_t *length = pilot_record_text_lengths(layout, record);
    const char *texts = pilot_record_texts(record);
    uint32_t offset = 0;
    for (size_t i = 0; i < layout->texts; i++) {
        content->text_offset[i] = offset;
        offset += length[i] == UINT16_MAX ? 0 : length[i];
    }
    for (size_t i = 0; i < layout->columns; i++) {
        const pilot_intake_column_t *column = &layout->column[content->order[i]];
        uint32_t slot = column->slot;
        switch (column->place) {
        case PILOT_PLACE_UNIT:
            put_text(content, pilot_record_unit(record), record->unit_length);
            break;
        case PILOT_PLACE_ARM:
            put_arm(content, record->arm);
            break;
        case PILOT_PLACE_NUMBER:
            if (pilot_record_has(given, slot))
                put_number(content, number[slot]);
            else
                put_absent(content);
            break;
        case PILOT_PLACE_TEXT:
            if (length[slot] == UINT16_MAX)
                put_absent(content);
            else
                put_text(content, texts + content->text_offset[slot], length[slot]);
            break;
        case PILOT_PLACE_RECEIVED:
            put_received(content, number, given, slot);
            break;
        }
    }
}

void pilot_content_end(pilot_content_t *content, char ret_hex[PILOT_SHA256_HEX_SIZE])
{
    uint8_t digest[PILOT_SHA256_SIZE];
    pilot_sha256_update(content->hash, content->buffer, content->used);
    pilot_sha256_finish(content->hash, digest);
    pilot_hex(digest, sizeof digest, ret_hex);
}

_Static_assert(LARGEST_VALUE < BUFFER_SIZE, "a value fits in the buffer");
