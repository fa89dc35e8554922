/* Frames over ZeroMQ sockets, never waiting. */
#include "pilot/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "pilot/memory.h"

pilot_send_t pilot_wire_send_bytes(void *socket, const pilot_routing_t *routing, const void *bytes,
                                   size_t length)
{
    if (routing && zmq_send(socket, routing->bytes, routing->size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
        return errno == EHOSTUNREACH ? PILOT_SEND_GONE : PILOT_SEND_AGAIN;
    if (zmq_send(socket, bytes, length, ZMQ_DONTWAIT) < 0)
        return PILOT_SEND_AGAIN;
    return PILOT_SEND_OK;
}

pilot_send_t pilot_wire_send(void *socket, const pilot_routing_t *routing,
                             const Pilot__Frame *frame)
{
    uint8_t small[2048];
    size_t length = protobuf_c_message_get_packed_size(&frame->base);
    PILOT_AUTOFREE uint8_t *large = length > sizeof small ? pilot_alloc_raw(length, 1) : NULL;
    uint8_t *bytes = large ? large : small;
    protobuf_c_message_pack(&frame->base, bytes);
    return pilot_wire_send_bytes(socket, routing, bytes, length);
}

/* Drop the parts of a message that has more than it should. */
static void drain_parts(void *socket)
{
    int more = 0;
    size_t size = sizeof more;
    while (!zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size) && more) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        if (zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) < 0)
            more = 0;
        zmq_msg_close(&part);
    }
}

/* The routing part of a message on a ROUTER.  False: nothing there. */
static bool receive_routing(void *socket, pilot_routing_t *ret_routing)
{
    uint8_t bytes[256];
    int size = zmq_recv(socket, bytes, sizeof bytes, ZMQ_DONTWAIT);
    if (size < 0)
        return false;
    /* ROUTER assigns 5 bytes to peers that set none; those who set a longer one go unanswered. */
    ret_routing->size = size <= PILOT_ROUTING_SIZE ? (uint8_t)size : 0;
    memcpy(ret_routing->bytes, bytes, ret_routing->size);
    return true;
}

pilot_status_t pilot_wire_receive(void *socket, pilot_routing_t *ret_routing,
                                  uint32_t *ret_protocol, Pilot__Frame **ret_frame,
                                  pilot_error_t *error)
{
    *ret_frame = NULL;
    if (ret_protocol)
        *ret_protocol = 0;
    if (ret_routing && !receive_routing(socket, ret_routing))
        return PILOT_OK;
    zmq_msg_t message;
    zmq_msg_init(&message);
    int size = zmq_msg_recv(&message, socket, ZMQ_DONTWAIT);
    if (size < 0) {
        zmq_msg_close(&message);
        return PILOT_OK;
    }
    pilot_status_t status;
    if (zmq_msg_more(&message)) {
        drain_parts(socket);
        status = pilot_error_set(error, PILOT_E_PROTOCOL, "a message of several parts");
    } else {
        if (ret_protocol)
            *ret_protocol = pilot_wire_protocol(zmq_msg_data(&message), (size_t)size);
        status = pilot_wire_unpack(zmq_msg_data(&message), (size_t)size, ret_frame, error);
    }
    zmq_msg_close(&message);
    return status;
}

static pilot_status_t new_socket(void *context, int type, int64_t max_message, void **ret_socket,
                                 pilot_error_t *error)
{
    const int none = 0;
    void *socket = context ? zmq_socket(context, type) : NULL;
    if (!socket)
        return pilot_error_set(error, PILOT_E_BUG, "no ZeroMQ socket: %s", zmq_strerror(errno));
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    /* No high-water marks: with one reached, heartbeats of the transport lose messages; what is in
     * flight is bounded by credits. */
    zmq_setsockopt(socket, ZMQ_RCVHWM, &none, sizeof none);
    zmq_setsockopt(socket, ZMQ_SNDHWM, &none, sizeof none);
    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max_message, sizeof max_message);
    *ret_socket = socket;
    return PILOT_OK;
}

pilot_status_t pilot_wire_router_new(void *context, void **ret_socket, pilot_error_t *error)
{
    const int yes = 1;
    pilot_status_t status =
        new_socket(context, ZMQ_ROUTER, PILOT_WIRE_MESSAGE_TO_COORDINATOR, ret_socket, error);
    if (!status)
        zmq_setsockopt(*ret_socket, ZMQ_ROUTER_MANDATORY, &yes, sizeof yes);
    return status;
}

pilot_status_t pilot_wire_dealer_new(void *context, void **ret_socket, pilot_error_t *error)
{
    const int yes = 1, first_retry_ms = 100, last_retry_ms = 2000;
    pilot_status_t status =
        new_socket(context, ZMQ_DEALER, PILOT_WIRE_MESSAGE_TO_WORKER, ret_socket, error);
    if (status)
        return status;
    zmq_setsockopt(*ret_socket, ZMQ_IMMEDIATE, &yes, sizeof yes);
    zmq_setsockopt(*ret_socket, ZMQ_RECONNECT_IVL, &first_retry_ms, sizeof first_retry_ms);
    zmq_setsockopt(*ret_socket, ZMQ_RECONNECT_IVL_MAX, &last_retry_ms, sizeof last_retry_ms);
    return PILOT_OK;
}
