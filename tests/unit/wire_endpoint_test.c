#include "pilot/row_keys.h"
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

static void test_row_keys(void)
{
    Pilot__Arm arm = PILOT__ARM__INIT;
    Pilot__Outcome outcome = PILOT__OUTCOME__INIT;
    Pilot__Arm *arms[] = {&arm, &arm, &arm};
    Pilot__Outcome *outcomes[] = {&outcome, &outcome};
    char *estimators[] = {(char *)"difference_in_means", (char *)"ols"};
    Pilot__Spec spec = PILOT__SPEC__INIT;
    spec.n_arm = 3;
    spec.arm = arms;
    spec.n_outcome = 2;
    spec.outcome = outcomes;
    spec.n_estimator = 2;
    spec.estimator = estimators;

    pilot_row_keys_t keys = pilot_row_keys_begin(&spec, 1);
    pilot_row_key_t key;
    static const size_t want[16][3] = {
        {0, 0, 1}, {0, 0, 1}, {0, 0, 2}, {0, 0, 2}, {0, 1, 1}, {0, 1, 1}, {0, 1, 2}, {0, 1, 2},
        {1, 0, 1}, {1, 0, 1}, {1, 0, 2}, {1, 0, 2}, {1, 1, 1}, {1, 1, 1}, {1, 1, 2}, {1, 1, 2}};
    size_t count = 0;
    bool in_order = true;
    for (; pilot_row_keys_next(&keys, &key); count++)
        in_order = in_order && count < 16 && key.ordinal == count &&
                   key.outcome == want[count][0] && key.subset == want[count][1] &&
                   key.arm == want[count][2] && !strcmp(key.estimator, estimators[count % 2]);
    ok(count == 16, "2 outcomes x 2 subsets x 2 treatments x 2 estimators are 16 rows");
    ok(in_order, "in the order outcome, subset, arm, estimator");
    spec.n_estimator = 0;
    keys = pilot_row_keys_begin(&spec, 0);
    ok(pilot_row_keys_next(&keys, &key) && !strcmp(key.estimator, "auto"), "auto is one estimator");
    spec.n_arm = 1;
    keys = pilot_row_keys_begin(&spec, 0);
    ok(!pilot_row_keys_next(&keys, &key), "no treatment, no rows");
}

int main(void)
{
    test_endpoints();
    test_row_keys();
    ok(strchr(pilot_wire_cpu_class(), '-') != NULL, "the CPU class has a name: %s",
       pilot_wire_cpu_class());
    return tap_done();
}
