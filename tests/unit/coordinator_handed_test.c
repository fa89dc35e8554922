/* What the audit log is told of jobs that went out: every pin under its worker, compactly. */
#include "../../coordinator/handed.h"

#include <string.h>

#include "../harness/tap.h"
#include "pilot/memory.h"

static void is_json(const pilot_handed_t *const *handed, size_t count, const char *want,
                    const char *name)
{
    pilot_text_t json = PILOT_TEXT_INIT;
    pilot_handed_json(handed, count, 3, &json);
    is_text(json.data, want, "%s", name);
    pilot_text_clear(&json);
}

static void test_ranges(void)
{
    pilot_handed_t handed = {0};
    const pilot_handed_t *all[] = {&handed};
    is_json(all, 1, "[]", "nothing went out");
    pilot_handed_add(&handed, 7, 0, 1, "a", 5, 9);
    is_json(all, 1, "[{\"analysis\":7,\"epoch\":3,\"jobs\":1,\"workers\":{\"a\":\"5-9\"}}]",
            "one job");
    pilot_handed_add(&handed, 7, 0, 1, "a", 0, 0);
    pilot_handed_add(&handed, 7, 0, 1, "a", 10, 12);
    pilot_handed_add(&handed, 7, 0, 1, "a", 2, 2);
    is_json(all, 1, "[{\"analysis\":7,\"epoch\":3,\"jobs\":4,\"workers\":{\"a\":\"0,2,5-12\"}}]",
            "pins are sorted, neighbours are one range");
    pilot_handed_add(&handed, 7, 0, 1, "a", 6, 7);
    pilot_handed_add(&handed, 7, 0, 1, "a", 3, 20);
    is_json(all, 1, "[{\"analysis\":7,\"epoch\":3,\"jobs\":6,\"workers\":{\"a\":\"0,2-20\"}}]",
            "what went out twice, or within another, is one range");
    pilot_handed_clear(&handed);
    pilot_handed_add(&handed, 1, 0, 1, "a", UINT32_MAX, UINT32_MAX);
    pilot_handed_add(&handed, 1, 0, 1, "a", 0, 0);
    is_json(all, 1,
            "[{\"analysis\":1,\"epoch\":3,\"jobs\":2,\"workers\":{\"a\":\"0,4294967295\"}}]",
            "the last number has no neighbour");
    pilot_handed_clear(&handed);
}

static void test_groups(void)
{
    pilot_handed_t first = {0}, second = {0};
    const pilot_handed_t *all[] = {&first, &second};
    pilot_handed_add(&first, 9, 0, 1, "b", 0, 1);
    pilot_handed_add(&first, 9, 1, 1, "a", 2, 3);
    pilot_handed_add(&second, 8, 5, 2, "c\"\n", 4, 4);
    pilot_handed_add(&second, 9, 6, 2, "b", 1, 4);
    is_json(all, 2,
            "[{\"analysis\":8,\"epoch\":3,\"jobs\":1,\"workers\":{\"c\\\"\\n\":\"4\"}},"
            "{\"analysis\":9,\"epoch\":3,\"jobs\":3,\"workers\":{\"a\":\"2-3\",\"b\":\"0-4\"}}]",
            "analyses by number, workers by name, over several batches");
    pilot_handed_clear(&first);
    pilot_handed_clear(&second);
}

static void test_names(void)
{
    pilot_handed_t handed = {0};
    const pilot_handed_t *all[] = {&handed};
    pilot_handed_add(&handed, 1, 0, 1, "b\xff\xc3\xa9", 0, 0);
    is_json(all, 1, "[{\"analysis\":1,\"epoch\":3,\"jobs\":1,\"workers\":{\"b???\":\"0\"}}]",
            "a name that is no UTF-8 is still logged");
    pilot_handed_clear(&handed);
    char name[200];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    pilot_handed_add(&handed, 1, 0, 1, name, 0, 0);
    ok(strlen(handed.worker[0].name) == sizeof handed.worker[0].name - 1, "a long name is cut");
    pilot_handed_add(&handed, 1, 0, 2, "successor", 0, 0);
    ok(handed.worker_count == 2, "a successor in the same slot is another worker");
    pilot_handed_clear(&handed);
}

int main(void)
{
    test_ranges();
    test_groups();
    test_names();
    return tap_done();
}
