/* pilot/frame_limits.h - bounds of the wire, checked before anything is unpacked. */
#ifndef PILOT_FRAME_LIMITS_H
#define PILOT_FRAME_LIMITS_H

#define PILOT_PROTOCOL 4u

#define PILOT_FRAME_RESULT_BYTES (64u << 20)                       /* a frame with a Result */
#define PILOT_FRAME_OTHER_BYTES (1u << 20)                         /* any other frame */
#define PILOT_RESULT_ROWS_BYTES (PILOT_FRAME_RESULT_BYTES - 4096u) /* Result.rows in it */
/* ZMQ_MAXMSGSIZE of the two sides: a little more, so that our own check speaks. */
#define PILOT_WIRE_MESSAGE_TO_COORDINATOR (PILOT_FRAME_RESULT_BYTES + (1 << 10))
#define PILOT_WIRE_MESSAGE_TO_WORKER (PILOT_FRAME_OTHER_BYTES + (1 << 10))

/* Memory that unpacking `length` bytes may take. */
#define PILOT_UNPACK_MEMORY(length) ((size_t)(length)*32 + (1u << 20))

#define PILOT_CREDITS_MAX 1024u
#define PILOT_HEARTBEAT_MS 1000u
#define PILOT_SUSPECT_INTERVALS 3 /* silence after which a peer gets no new jobs */
#define PILOT_LOST_INTERVALS 10   /* silence after which its leases end */

#endif
