/* Which worker gets which job next. */
#include "coordinator_queue_made.h"

#include <string.h>

#include "../harness/tap.h"

static void test_fairness(void)
{
    pilot_queue_t *queue = new_queue();
    pilot_job_row_t rows[20] = {0};
    for (size_t i = 0; i < 20; i++)
        rows[i].job = i + 1;
    add(queue, 100, rows, 10);
    for (int i = 0; i < 5; i++)
        pick(queue, 0, 0);
    add(queue, 200, rows + 10, 10);
    int of_first = 0;
    for (int i = 0; i < 6; i++)
        of_first += pick(queue, 0, 0) <= 10;
    ok(of_first == 3, "two analyses of one priority take turns from the newcomer's arrival on");
    pilot_queue_add_analysis(queue, 300, 1, "c");
    const pilot_job_row_t urgent = {.job = 50};
    pilot_queue_add_jobs(queue, 300, &urgent, 1, 0);
    ok(pick(queue, 0, 0) == 50, "a higher priority goes first");
    pilot_queue_free(queue);
}

static void test_classes(void)
{
    pilot_queue_t *queue = new_queue();
    const pilot_job_row_t rows[] = {{.job = 1}, {.job = 2}};
    const char *wanted_class = NULL;
    pilot_job_order_t order;
    pilot_queue_worker_came(queue, 2, "other");
    pilot_queue_add_analysis(queue, 10, 0, NULL);
    pilot_queue_add_jobs(queue, 10, rows, 2, 0);
    ok(pilot_queue_pick(queue, 2, true, 0, &order, NULL) && order.pins_class,
       "the first lease says that it pins the class");
    pilot_queue_set_class(queue, 10, "other");
    ok(!pick(queue, 0, 0), "then no worker of another class gets a job");
    ok(!pilot_queue_starving(queue, &wanted_class),
       "nobody starves while one of the class is here");
    pilot_queue_worker_left(queue, 2);
    ok(pilot_queue_starving(queue, &wanted_class) == 10 && !strcmp(wanted_class, "other"),
       "when it leaves, the analysis starves and its class is named");
    ok(!pilot_queue_pick(queue, 2, true, 0, &order, NULL), "a worker that left gets nothing");
    pilot_queue_free(queue);
}

static void test_locality(void)
{
    pilot_queue_t *queue = new_queue();
    const pilot_job_row_t rows[] = {{.job = 1, .submission = 71, .rows = 50000},
                                    {.job = 2, .submission = 72, .rows = 50000},
                                    {.job = 3, .submission = 73, .rows = 50000}};
    int64_t again_ms = INT64_MAX;
    pilot_job_order_t order;
    pilot_queue_cached(queue, 1, 71);
    pilot_queue_cached(queue, 0, 72);
    pilot_queue_cached(queue, 1, 73);
    add(queue, 10, rows, 3);
    ok(pick(queue, 0, 0) == 2, "a worker gets what it has in its cache");
    ok(!pilot_queue_pick(queue, 0, true, 10, &order, &again_ms) && again_ms == 52,
       "what another has cached waits as long as loading would take (52 ms)");
    ok(pick(queue, 1, 10) == 1, "for the one that has it");
    ok(pick(queue, 0, 52) == 3, "but not longer");
    pilot_queue_return(queue, 3, 0, 60);
    pilot_queue_worker_left(queue, 1);
    ok(pick(queue, 0, 60) == 3, "when that one leaves, anybody gets it at once");
    pilot_queue_free(queue);
}

/* A worker that dies takes all down that it holds; only one of them is to blame. */
static void test_alone(void)
{
    pilot_queue_t *queue = new_queue();
    const pilot_job_row_t rows[] = {{.job = 1}, {.job = 2}, {.job = 3}, {.job = 4}};
    pilot_job_order_t order;
    add(queue, 10, rows, 4);
    pick(queue, 0, 0);
    pilot_queue_fail(queue, 1, PILOT_FAILURE_DEATH, 0);
    int64_t now_ms = pilot_queue_tick(queue, 0);
    pilot_queue_tick(queue, now_ms);
    ok(pilot_queue_pick(queue, 0, false, now_ms, &order, NULL) && order.job == 2 && !order.alone,
       "a worker that holds something gets no job under which another died");
    ok(pilot_queue_pick(queue, 1, true, now_ms, &order, NULL) && order.job == 1 && order.alone,
       "an idle one gets it, alone");
    pilot_queue_fail(queue, 1, PILOT_FAILURE_DEATH, now_ms);
    now_ms = pilot_queue_tick(queue, now_ms);
    pilot_queue_tick(queue, now_ms);
    ok(!pilot_queue_pick(queue, 0, false, now_ms + 6000, &order, NULL),
       "when all are busy for long, one is kept free");
    ok(pilot_queue_pick(queue, 1, false, now_ms + 6000, &order, NULL) && order.job == 3,
       "but only one");
    ok(pilot_queue_pick(queue, 0, true, now_ms + 6000, &order, NULL) && order.job == 1,
       "and gets it once it is idle");
    pilot_queue_free(queue);
}

int main(void)
{
    test_fairness();
    test_classes();
    test_locality();
    test_alone();
    return tap_done();
}
