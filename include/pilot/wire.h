/* pilot/wire.h - frames between coordinator and workers: pack, unpack within limits, send, receive.
 * proto/PROTOCOL.md tells what they mean.  No function here logs; all are safe from any thread, a
 * socket from its own. */
#ifndef PILOT_WIRE_H
#define PILOT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pilot.pb-c.h>

#include "pilot/error.h"
#include "pilot/frame_limits.h"

/* ---- any message ----------------------------------------------------------------------------- */

/* Packed bytes (caller frees), their number in *ret_length. */
uint8_t *pilot_message_pack(const ProtobufCMessage *message, size_t *ret_length);

/* Unpack at most max_length bytes with bounded memory, and check the whole tree: fields and
 * enum values known, strings UTF-8, numbers finite.  PILOT_E_PROTOCOL otherwise; *ret_message
 * untouched. */
pilot_status_t pilot_message_unpack(const ProtobufCMessageDescriptor *type, const void *bytes,
                                    size_t length, size_t max_length,
                                    ProtobufCMessage **ret_message, pilot_error_t *error);
void pilot_message_free(ProtobufCMessage *message); /* NULL is fine */

/* Shorthands; bytes of a Job's spec, a Result's rows, a stored part.  Caller frees with
 * pilot_message_free(&x->base). */
pilot_status_t pilot_spec_unpack(const void *bytes, size_t length, Pilot__Spec **ret_spec,
                                 pilot_error_t *error);
pilot_status_t pilot_rows_unpack(const void *bytes, size_t length, Pilot__ResultRows **ret_rows,
                                 pilot_error_t *error);
/* `length` is bounded by 1 GB here: parts come from the database. */
pilot_status_t pilot_part_unpack(const void *bytes, size_t length, Pilot__Part **ret_part,
                                 pilot_error_t *error);

/* ---- frames ---------------------------------------------------------------------------------- */

/* The frame's protocol number without unpacking it; 0 when it has none in front. */
uint32_t pilot_wire_protocol(const void *bytes, size_t length);

/* Unpack and check a frame: its size by kind, its protocol number (a Refuse of any protocol
 * passes), its body.  PILOT_E_PROTOCOL with one line otherwise.  Caller frees with
 * pilot_wire_free. */
pilot_status_t pilot_wire_unpack(const void *bytes, size_t length, Pilot__Frame **ret_frame,
                                 pilot_error_t *error);
void pilot_wire_free(Pilot__Frame *frame); /* NULL is fine */

/* Packed frame (caller frees); sets nothing in it. */
uint8_t *pilot_wire_pack(const Pilot__Frame *frame, size_t *ret_length);

/* A frame around a body, on the stack: `message` is borrowed.
 *   Pilot__Frame frame = pilot_wire_frame(PILOT__FRAME__BODY_CREDIT, &credit.base); */
Pilot__Frame pilot_wire_frame(Pilot__Frame__BodyCase body, ProtobufCMessage *message);

/* ---- sockets --------------------------------------------------------------------------------- */

#define PILOT_ROUTING_SIZE 16 /* ROUTER-assigned identities are 5 bytes */
typedef struct pilot_routing {
    uint8_t size;
    uint8_t bytes[PILOT_ROUTING_SIZE];
} pilot_routing_t;

typedef enum pilot_send {
    PILOT_SEND_OK,
    PILOT_SEND_AGAIN, /* the peer's queue is full, or (DEALER) nobody is connected */
    PILOT_SEND_GONE   /* ROUTER: no such peer any more */
} pilot_send_t;

/* Send one frame without waiting.  routing: the peer on a ROUTER, NULL on a DEALER.  A success
 * proves nothing about its arrival. */
pilot_send_t pilot_wire_send(void *socket, const pilot_routing_t *routing,
                             const Pilot__Frame *frame);
/* The same for bytes that are packed already. */
pilot_send_t pilot_wire_send_bytes(void *socket, const pilot_routing_t *routing, const void *bytes,
                                   size_t length);

/* Take the next frame without waiting.  *ret_frame = NULL and PILOT_OK when there is none.
 * ret_routing: on a ROUTER who sent it (filled on PILOT_E_PROTOCOL too); NULL on a DEALER.
 * ret_protocol (NULL allowed): the frame's number, also of one that does not unpack. */
pilot_status_t pilot_wire_receive(void *socket, pilot_routing_t *ret_routing,
                                  uint32_t *ret_protocol, Pilot__Frame **ret_frame,
                                  pilot_error_t *error);

/* New sockets with the options of PROTOCOL.md.  NULL context or a failed socket: PILOT_E_BUG. */
pilot_status_t pilot_wire_router_new(void *context, void **ret_socket, pilot_error_t *error);
pilot_status_t pilot_wire_dealer_new(void *context, void **ret_socket, pilot_error_t *error);

/* Is this an endpoint that may be used without encryption: ipc: (path of at most 107 bytes), or
 * tcp: on 127.0.0.0/8, [::1] or localhost?  Else PILOT_E_USAGE with one line. */
pilot_status_t pilot_wire_endpoint_allowed(const char *endpoint, pilot_error_t *error);

/* Does somebody listen on this ipc: endpoint already?  (libzmq would take the path over.) */
bool pilot_wire_endpoint_busy(const char *endpoint);

/* ---- same bits ------------------------------------------------------------------------------- */

/* Class of machines that compute the same bits: architecture, vector features, OpenBLAS core, C
 * library; "x86_64-avx2+fma-Haswell-glibc2.36".  One string for the life of the process. */
const char *pilot_wire_cpu_class(void);

#endif
