/* libFuzzer: any bytes as a frame, and as what frames carry.  A frame that unpacks must be within
 * its limits, pack again, and come back as the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int condition)
{
    if (!condition)
        abort();
}

/* Bytes of a message that unpacked once unpack again, to a message of the same bytes. */
static void check_again(const ProtobufCMessage *message)
{
    size_t length, again_length;
    uint8_t *bytes = pilot_message_pack(message, &length);
    ProtobufCMessage *again = NULL;
    demand(pilot_message_unpack(message->descriptor, bytes, length, SIZE_MAX / 64, &again, NULL) ==
           PILOT_OK);
    uint8_t *again_bytes = pilot_message_pack(again, &again_length);
    demand(length == again_length && !memcmp(bytes, again_bytes, length));
    pilot_message_free(again);
    free(again_bytes);
    free(bytes);
}

static void check_carried(const void *bytes, size_t length)
{
    Pilot__ResultRows *rows = NULL;
    Pilot__Spec *spec = NULL;
    Pilot__Part *part = NULL;
    if (!pilot_rows_unpack(bytes, length, &rows, NULL)) {
        check_again(&rows->base);
        pilot_message_free(&rows->base);
    }
    if (!pilot_spec_unpack(bytes, length, &spec, NULL)) {
        check_again(&spec->base);
        pilot_message_free(&spec->base);
    }
    if (!pilot_part_unpack(bytes, length, &part, NULL)) {
        check_again(&part->base);
        pilot_message_free(&part->base);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pilot_error_t error = {0};
    Pilot__Frame *frame = NULL;
    uint32_t protocol = pilot_wire_protocol(data, size);
    if (pilot_wire_unpack(data, size, &frame, &error)) {
        demand(!frame && error.status == PILOT_E_PROTOCOL && error.message[0]);
    } else {
        demand(frame->protocol == protocol);
        demand(protocol == PILOT_PROTOCOL || frame->body_case == PILOT__FRAME__BODY_REFUSE);
        demand(size <= PILOT_FRAME_OTHER_BYTES || frame->body_case == PILOT__FRAME__BODY_RESULT);
        check_again(&frame->base);
        if (frame->body_case == PILOT__FRAME__BODY_RESULT)
            check_carried(frame->result->rows.data, frame->result->rows.len);
        else if (frame->body_case == PILOT__FRAME__BODY_JOB && frame->job->has_spec)
            check_carried(frame->job->spec.data, frame->job->spec.len);
        pilot_wire_free(frame);
    }
    check_carried(data, size);
    char endpoint[160];
    size_t length = size < sizeof endpoint - 1 ? size : sizeof endpoint - 1;
    memcpy(endpoint, data, length);
    endpoint[length] = '\0';
    if (!pilot_wire_endpoint_allowed(endpoint, NULL))
        demand(!strncmp(endpoint, "ipc://", 6) || !strncmp(endpoint, "tcp://", 6));
    return 0;
}
