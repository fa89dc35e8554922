/* Frames: limits by kind before unpacking, the protocol number before anything else. */
#include "pilot/wire.h"

#include <string.h>

enum { TAG_PROTOCOL = 0x08, RESULT_FIELD = PILOT__FRAME__BODY_RESULT };

/* A varint of at most 5 bytes at *offset; false when it is cut off or longer. */
static bool read_varint(const uint8_t *bytes, size_t length, size_t *offset, uint32_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 35 && *offset < length; shift += 7) {
        uint8_t byte = bytes[(*offset)++];
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret_value = (uint32_t)value;
            return value <= UINT32_MAX;
        }
    }
    return false;
}

/* Protocol number and the field number of the body, from the first bytes. */
static bool read_head(const uint8_t *bytes, size_t length, uint32_t *ret_protocol,
                      uint32_t *ret_body)
{
    size_t offset = 1;
    uint32_t tag;
    if (length < 2 || bytes[0] != TAG_PROTOCOL ||
        !read_varint(bytes, length, &offset, ret_protocol))
        return false;
    *ret_body = read_varint(bytes, length, &offset, &tag) ? tag >> 3 : 0;
    return true;
}

uint32_t pilot_wire_protocol(const void *bytes, size_t length)
{
    uint32_t protocol, body;
    return read_head(bytes, length, &protocol, &body) ? protocol : 0;
}

pilot_status_t pilot_wire_unpack(const void *bytes, size_t length, Pilot__Frame **ret_frame,
                                 pilot_error_t *error)
{
    uint32_t protocol, body;
    if (!read_head(bytes, length, &protocol, &body))
        return pilot_error_set(error, PILOT_E_PROTOCOL,
                               "a frame without a protocol number: the peer is no part of Pilot");
    if (protocol != PILOT_PROTOCOL && body != PILOT__FRAME__BODY_REFUSE)
        return pilot_error_set(error, PILOT_E_PROTOCOL,
                               "a frame of protocol %u, here is protocol %u: install the same "
                               "version on both sides",
                               protocol, PILOT_PROTOCOL);
    size_t limit = body == RESULT_FIELD ? PILOT_FRAME_RESULT_BYTES : PILOT_FRAME_OTHER_BYTES;
    ProtobufCMessage *message;
    pilot_status_t status =
        pilot_message_unpack(&pilot__frame__descriptor, bytes, length, limit, &message, error);
    if (status)
        return status;
    Pilot__Frame *frame = (Pilot__Frame *)message;
    /* Fields may come twice, the last one counts: the head must not promise what the rest breaks.
     */
    if (frame->body_case == PILOT__FRAME__BODY__NOT_SET || (uint32_t)frame->body_case != body ||
        frame->protocol != protocol) {
        pilot_wire_free(frame);
        return pilot_error_set(error, PILOT_E_PROTOCOL, "a frame without one body");
    }
    *ret_frame = frame;
    return PILOT_OK;
}

void pilot_wire_free(Pilot__Frame *frame)
{
    if (frame)
        pilot_message_free(&frame->base);
}

uint8_t *pilot_wire_pack(const Pilot__Frame *frame, size_t *ret_length)
{
    return pilot_message_pack(&frame->base, ret_length);
}

Pilot__Frame pilot_wire_frame(Pilot__Frame__BodyCase body, ProtobufCMessage *message)
{
    Pilot__Frame frame = PILOT__FRAME__INIT;
    frame.protocol = PILOT_PROTOCOL;
    frame.body_case = body;
    frame.hello = (Pilot__Hello *)(void *)message; /* the union's members are all pointers */
    return frame;
}
