/* Packing, and unpacking with bounded memory and a walk over the whole tree: what passes holds only
 * fields and enum values that we know, UTF-8, and finite numbers (but for a piece's). */
#include "pilot/wire.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "pilot/text.h"

uint8_t *pilot_message_pack(const ProtobufCMessage *message, size_t *ret_length)
{
    size_t length = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = pilot_alloc_raw(length, 1);
    *ret_length = protobuf_c_message_pack(message, bytes);
    return bytes;
}

/* ---- bounded memory -------------------------------------------------------------------------- */

typedef struct budget {
    size_t left;
} budget_t;

static void *budget_alloc(void *context, size_t size)
{
    budget_t *budget = context;
    if (size > budget->left)
        return NULL; /* protobuf-c gives up and frees what it has */
    void *memory = malloc(size ? size : 1);
    if (!memory)
        pilot_out_of_memory();
    budget->left -= size;
    return memory;
}

static void budget_free(void *context, void *memory)
{
    (void)context; /* not given back: the bound is on the sum */
    free(memory);
}

/* ---- the walk -------------------------------------------------------------------------------- */

static const char *check_message(const ProtobufCMessage *message);

static const char *check_value(const ProtobufCFieldDescriptor *field, const void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(char *const *)value;
        if (text && !pilot_utf8_valid(text, strlen(text), NULL))
            return "text that is not UTF-8";
        return NULL;
    }
    case PROTOBUF_C_TYPE_ENUM:
        if (!protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)value))
            return "an unknown enum value";
        return NULL;
    case PROTOBUF_C_TYPE_DOUBLE:
        return isfinite(*(const double *)value) ? NULL : "a number that is not finite";
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *inner = *(ProtobufCMessage *const *)value;
        return inner ? check_message(inner) : NULL;
    }
    default:
        return NULL;
    }
}

static size_t element_size(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_ENUM:
        return sizeof(int);
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(double);
    default:
        return sizeof(void *); /* strings and messages; others are not looked into */
    }
}

/* A piece's numbers may be beyond the range of doubles: sums of squares of one agency's absurd
 * outcomes, which the finish refuses in that outcome's rows alone. */
static bool is_looked_into(const ProtobufCMessageDescriptor *type,
                           const ProtobufCFieldDescriptor *field)
{
    if (field->type == PROTOBUF_C_TYPE_DOUBLE && type == &pilot__piece__descriptor)
        return false;
    return field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_ENUM ||
           field->type == PROTOBUF_C_TYPE_DOUBLE || field->type == PROTOBUF_C_TYPE_MESSAGE;
}

static const char *check_field(const ProtobufCMessage *message,
                               const ProtobufCFieldDescriptor *field)
{
    const char *base = (const char *)message;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = *(const size_t *)(base + field->quantifier_offset);
        const char *array = *(char *const *)(base + field->offset);
        for (size_t i = 0; i < count; i++) {
            const char *why = check_value(field, array + i * element_size(field));
            if (why)
                return why;
        }
        return NULL;
    }
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        if (*(const uint32_t *)(base + field->quantifier_offset) != field->id)
            return NULL;
    } else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->quantifier_offset &&
               !*(const protobuf_c_boolean *)(base + field->quantifier_offset)) {
        return NULL; /* absent: the member holds the default */
    }
    return check_value(field, base + field->offset);
}

static const char *check_message(const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    if (message->n_unknown_fields) /* to ignore one could be to compute something else */
        return "an unknown field: install the same version on both sides";
    for (unsigned i = 0; i < type->n_fields; i++) {
        const char *why =
            is_looked_into(type, &type->fields[i]) ? check_field(message, &type->fields[i]) : NULL;
        if (why)
            return why;
    }
    return NULL;
}

/* ---- unpack ---------------------------------------------------------------------------------- */

pilot_status_t pilot_message_unpack(const ProtobufCMessageDescriptor *type, const void *bytes,
                                    size_t length, size_t max_length,
                                    ProtobufCMessage **ret_message, pilot_error_t *error)
{
    if (length > max_length)
        return pilot_error_set(error, PILOT_E_PROTOCOL, "a %s of %zu bytes: at most %zu are taken",
                               type->short_name, length, max_length);
    budget_t budget = {.left = PILOT_UNPACK_MEMORY(length)};
    ProtobufCAllocator allocator = {
        .alloc = budget_alloc, .free = budget_free, .allocator_data = &budget};
    ProtobufCMessage *message = protobuf_c_message_unpack(type, &allocator, length, bytes);
    if (!message)
        return pilot_error_set(error, PILOT_E_PROTOCOL, "a %s that cannot be unpacked",
                               type->short_name);
    const char *why = check_message(message);
    if (why) {
        pilot_message_free(message);
        return pilot_error_set(error, PILOT_E_PROTOCOL, "a %s with %s", type->short_name, why);
    }
    *ret_message = message;
    return PILOT_OK;
}

void pilot_message_free(ProtobufCMessage *message)
{
    if (message)
        protobuf_c_message_free_unpacked(message, NULL); /* malloc's free, as in budget_free */
}

pilot_status_t pilot_spec_unpack(const void *bytes, size_t length, Pilot__Spec **ret_spec,
                                 pilot_error_t *error)
{
    return pilot_message_unpack(&pilot__spec__descriptor, bytes, length, PILOT_FRAME_OTHER_BYTES,
                                (ProtobufCMessage **)ret_spec, error);
}

pilot_status_t pilot_rows_unpack(const void *bytes, size_t length, Pilot__ResultRows **ret_rows,
                                 pilot_error_t *error)
{
    return pilot_message_unpack(&pilot__result_rows__descriptor, bytes, length,
                                PILOT_FRAME_RESULT_BYTES, (ProtobufCMessage **)ret_rows, error);
}

pilot_status_t pilot_part_unpack(const void *bytes, size_t length, Pilot__Part **ret_part,
                                 pilot_error_t *error)
{
    return pilot_message_unpack(&pilot__part__descriptor, bytes, length, (size_t)1 << 30,
                                (ProtobufCMessage **)ret_part, error);
}
