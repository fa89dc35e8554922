#include "pilot/wire.h"

#include <glob.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "pilot/memory.h"
#include "../harness/tap.h"

static Pilot__Frame *roundtrip(const Pilot__Frame *frame, pilot_error_t *error)
{
    size_t length;
    PILOT_AUTOFREE uint8_t *bytes = pilot_wire_pack(frame, &length);
    Pilot__Frame *back = NULL;
    pilot_wire_unpack(bytes, length, &back, error);
    return back;
}

static void test_roundtrip(void)
{
    Pilot__Hello hello = PILOT__HELLO__INIT;
    hello.instance = (char *)"abc";
    hello.build = (char *)"0.1.0";
    hello.cpu_class = (char *)"Ünïcode";
    hello.credits = 3;
    Pilot__Frame frame = pilot_wire_frame(PILOT__FRAME__BODY_HELLO, &hello.base);
    Pilot__Frame *back = roundtrip(&frame, NULL);
    ok(back && back->body_case == PILOT__FRAME__BODY_HELLO, "a HELLO comes back as a HELLO");
    ok(back && back->protocol == PILOT_PROTOCOL, "with our protocol number");
    is_text(back ? back->hello->cpu_class : NULL, "Ünïcode", "and its text");
    pilot_wire_free(back);
}

static void test_refused(void)
{
    pilot_error_t error = {0};
    Pilot__Hello hello = PILOT__HELLO__INIT;
    hello.instance = (char *)"a\xff";
    hello.build = hello.cpu_class = (char *)"";
    Pilot__Frame frame = pilot_wire_frame(PILOT__FRAME__BODY_HELLO, &hello.base);
    ok(!roundtrip(&frame, &error) && error.status == PILOT_E_PROTOCOL,
       "text that is not UTF-8 is refused");
    ok(strstr(error.message, "UTF-8") != NULL, "and the message says so");

    Pilot__Job job = PILOT__JOB__INIT;
    job.kind = (Pilot__JobKind)77;
    frame = pilot_wire_frame(PILOT__FRAME__BODY_JOB, &job.base);
    ok(!roundtrip(&frame, &error), "an unknown kind of job is refused");

    Pilot__Frame empty = PILOT__FRAME__INIT;
    empty.protocol = PILOT_PROTOCOL;
    ok(!roundtrip(&empty, &error), "a frame without a body is refused");
    const uint8_t unknown[] = {0x08, PILOT_PROTOCOL, 0x3a, 0x04, 0x08, 0x01, 0x50, 0x01};
    Pilot__Frame *none = NULL;
    ok(pilot_wire_unpack(unknown, sizeof unknown, &none, &error) == PILOT_E_PROTOCOL &&
           strstr(error.message, "unknown field"),
       "a field that we do not know is refused");
    ok(pilot_wire_unpack("GET / HTTP/1.1", 14, &none, &error) == PILOT_E_PROTOCOL && !none,
       "what is no frame at all is refused");
    ok(pilot_wire_unpack("", 0, &none, &error) == PILOT_E_PROTOCOL, "so is an empty message");
}

static void test_protocol(void)
{
    pilot_error_t error = {0};
    Pilot__Credit credit = PILOT__CREDIT__INIT;
    Pilot__Frame frame = pilot_wire_frame(PILOT__FRAME__BODY_CREDIT, &credit.base);
    frame.protocol = 900;
    ok(!roundtrip(&frame, &error) && strstr(error.message, "900"),
       "another protocol is refused and its number told");
    size_t length;
    PILOT_AUTOFREE uint8_t *bytes = pilot_wire_pack(&frame, &length);
    ok(pilot_wire_protocol(bytes, length) == 900, "its number can be read without unpacking");

    Pilot__Refuse refuse = PILOT__REFUSE__INIT;
    refuse.reason = (char *)"too old";
    frame = pilot_wire_frame(PILOT__FRAME__BODY_REFUSE, &refuse.base);
    frame.protocol = 2;
    Pilot__Frame *back = roundtrip(&frame, &error);
    is_text(back ? back->refuse->reason : NULL, "too old", "a REFUSE of any protocol is read");
    pilot_wire_free(back);
}

/* A frame of the kind with `size` bytes of payload. */
static pilot_status_t unpack_sized(bool result, size_t size)
{
    PILOT_AUTOFREE uint8_t *payload = pilot_alloc(size, 1);
    Pilot__Result with_rows = PILOT__RESULT__INIT;
    Pilot__Job with_spec = PILOT__JOB__INIT;
    Pilot__Frame frame;
    if (result) {
        with_rows.rows = (ProtobufCBinaryData){.data = payload, .len = size};
        frame = pilot_wire_frame(PILOT__FRAME__BODY_RESULT, &with_rows.base);
    } else {
        with_spec.has_spec = 1;
        with_spec.spec = (ProtobufCBinaryData){.data = payload, .len = size};
        frame = pilot_wire_frame(PILOT__FRAME__BODY_JOB, &with_spec.base);
    }
    size_t length;
    PILOT_AUTOFREE uint8_t *bytes = pilot_wire_pack(&frame, &length);
    Pilot__Frame *back = NULL;
    pilot_status_t status = pilot_wire_unpack(bytes, length, &back, NULL);
    pilot_wire_free(back);
    return status;
}

static void test_sizes(void)
{
    ok(unpack_sized(false, 1000000) == PILOT_OK, "a job of almost 1 MB passes");
    ok(unpack_sized(false, 1u << 20) == PILOT_E_PROTOCOL, "a job over 1 MB is refused");
    ok(unpack_sized(true, 2u << 20) == PILOT_OK, "a result of 2 MB passes");
    ok(unpack_sized(true, 64u << 20) == PILOT_E_PROTOCOL, "a result over 64 MB is refused");

    /* 1 MB that would unpack to 340,000 messages of 48 bytes each and more. */
    PILOT_AUTOFREE uint8_t *bytes = pilot_alloc(1u << 20, 1);
    size_t length = 0;
    for (; length + 8 < 1u << 20; length += 8)
        memcpy(bytes + length, "\x32\x06\x08\x01\x10\x01\x18\x01", 8); /* Hello.held */
    ProtobufCMessage *message = NULL;
    ok(pilot_message_unpack(&pilot__hello__descriptor, bytes, length, 2u << 20, &message, NULL) ==
               PILOT_E_PROTOCOL &&
           !message,
       "unpacking ends without a message when required fields are missing");
}

static void test_numbers(void)
{
    Pilot__Effect effect = PILOT__EFFECT__INIT;
    effect.outcome = effect.arm = effect.control = effect.estimand = (char *)"x";
    effect.estimator = effect.status = (char *)"ok";
    effect.has_estimate = 1;
    effect.estimate = 0.5;
    Pilot__Effect *effects[] = {&effect};
    Pilot__ResultRows rows = PILOT__RESULT_ROWS__INIT;
    rows.n_effect = 1;
    rows.effect = effects;
    for (int round = 0; round < 2; round++) {
        size_t length;
        effect.estimate = round ? NAN : 0.5;
        PILOT_AUTOFREE uint8_t *bytes = pilot_message_pack(&rows.base, &length);
        Pilot__ResultRows *back = NULL;
        pilot_status_t status = pilot_rows_unpack(bytes, length, &back, NULL);
        if (round)
            ok(status == PILOT_E_PROTOCOL && !back, "rows with NaN are refused");
        else
            ok(!status && back->effect[0]->estimate == 0.5 && !back->effect[0]->has_df,
               "rows keep numbers and their absence");
        if (back)
            pilot_message_free(&back->base);
    }
}

static void test_sockets(void)
{
    void *context = zmq_ctx_new(), *router, *dealer;
    pilot_wire_router_new(context, &router, NULL);
    pilot_wire_dealer_new(context, &dealer, NULL);
    zmq_bind(router, "inproc://frames");
    zmq_connect(dealer, "inproc://frames");
    Pilot__Credit credit = PILOT__CREDIT__INIT;
    credit.credits = 7;
    Pilot__Frame frame = pilot_wire_frame(PILOT__FRAME__BODY_CREDIT, &credit.base);
    ok(pilot_wire_send(dealer, NULL, &frame) == PILOT_SEND_OK, "a DEALER sends");
    pilot_routing_t routing;
    uint32_t protocol;
    Pilot__Frame *got = NULL;
    ok(!pilot_wire_receive(router, &routing, &protocol, &got, NULL) && got &&
           got->credit->credits == 7 && routing.size && protocol == PILOT_PROTOCOL,
       "a ROUTER receives frame and sender");
    pilot_wire_free(got);
    ok(!pilot_wire_receive(router, &routing, &protocol, &got, NULL) && !got,
       "nothing more is no error");
    zmq_send(dealer, "a", 1, ZMQ_SNDMORE);
    zmq_send(dealer, "b", 1, 0);
    ok(pilot_wire_receive(router, &routing, &protocol, &got, NULL) == PILOT_E_PROTOCOL,
       "a message of several parts is refused");
    pilot_routing_t nobody = {.size = 5, .bytes = {0, 9, 9, 9, 9}};
    ok(pilot_wire_send(router, &nobody, &frame) == PILOT_SEND_GONE, "an unknown peer is gone");
    zmq_close(dealer);
    zmq_close(router);
    zmq_ctx_term(context);
}

static bool unpacks(const char *path)
{
    static uint8_t bytes[65536];
    FILE *file = fopen(path, "rb");
    size_t length = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file)
        fclose(file);
    const char *name = strrchr(path, '/') + 1;
    pilot_status_t status;
    ProtobufCMessage *message = NULL;
    Pilot__Frame *frame = NULL;
    if (strncmp(name, "spec", 4) == 0)
        status = pilot_spec_unpack(bytes, length, (Pilot__Spec **)&message, NULL);
    else if (strncmp(name, "rows", 4) == 0)
        status = pilot_rows_unpack(bytes, length, (Pilot__ResultRows **)&message, NULL);
    else if (strncmp(name, "part", 4) == 0)
        status = pilot_part_unpack(bytes, length, (Pilot__Part **)&message, NULL);
    else
        status = pilot_wire_unpack(bytes, length, &frame, NULL);
    pilot_message_free(message);
    pilot_wire_free(frame);
    return status == PILOT_OK;
}

/* Frames of another protocol would be refused at once, and the fuzzer would begin with nothing. */
static void test_corpus(void)
{
    glob_t found = {0};
    ok(glob("tests/fuzz/corpus/wire/*", 0, NULL, &found) == 0,
       "the fuzzer has frames to begin with");
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (!strstr(found.gl_pathv[i], "/endpoint"))
            ok(unpacks(found.gl_pathv[i]), "%s unpacks", found.gl_pathv[i]);
    globfree(&found);
}

int main(void)
{
    test_roundtrip();
    test_corpus();
    test_refused();
    test_protocol();
    test_sizes();
    test_numbers();
    test_sockets();
    return tap_done();
}
