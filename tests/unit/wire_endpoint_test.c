#include "pilot/wire.h"

#include <string.h>

#include "../harness/tap.h"

static void test_endpoints(void)
{
    static const struct {
        const char *endpoint;
        bool allowed;
    } cases[] = {
        {"ipc:///tmp/x.sock", true},
        {"ipc://@abstract", true},
        {"tcp://127.0.0.1:5555", true},
        {"tcp://127.9.8.7:1", true},
        {"tcp://[::1]:5555", true},
        {"tcp://localhost:65535", true},
        {"tcp://0.0.0.0:5555", false},
        {"tcp://*:5555", false},
        {"tcp://192.168.1.4:5555", false},
        {"tcp://[::]:5555", false},
        {"tcp://127.0.0.1.example.org:5555", false},
        {"tcp://127.0.0.1", false},
        {"tcp://127.0.0.1:", false},
        {"tcp://127.0.0.1:0", false},
        {"tcp://127.0.0.1:65536", false},
        {"tcp://127.0.0.1:*", false},
        {"tcp://eth0;127.0.0.1:5555", false},
        {"tcp://:5555", false},
        {"inproc://x", false},
        {"udp://127.0.0.1:5555", false},
        {"ipc://", false},
        {"127.0.0.1:5555", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pilot_error_t error = {0};
        pilot_status_t status = pilot_wire_endpoint_allowed(cases[i].endpoint, &error);
        ok((status == PILOT_OK) == cases[i].allowed && (!status || error.message[0]), "'%s' is %s",
           cases[i].endpoint, cases[i].allowed ? "allowed" : "refused with a line");
    }
    char path[160] = "ipc:///tmp/";
    memset(path + 11, 'a', 120);
    ok(pilot_wire_endpoint_allowed(path, NULL) == PILOT_E_USAGE, "too long a path is refused");
    ok(!pilot_wire_endpoint_busy("ipc:///tmp/nobody-listens-here.sock"), "a free path is not busy");
}

int main(void)
{
    test_endpoints();
    ok(strchr(pilot_wire_cpu_class(), '-') != NULL, "the CPU class has a name: %s",
       pilot_wire_cpu_class());
    return tap_done();
}
