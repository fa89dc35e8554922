#include "coordinator_queue_made.h"

#include <stdlib.h>
#include <string.h>

#include "../harness/tap.h"

enum { ESTIMATE = 1, POOL = 2, RESIDUAL = 3, FINISH = 4, COMPARE = 5, WHOLE = 6, BOUNDS = 7 };
#define NOBODY UINT32_MAX

/* ---- the table ------------------------------------------------------------------------------- */

/* Next state by state and event; -1: the event means nothing. */
static const int wanted[PILOT_JOB_STATES][PILOT_JOB_EVENTS] = {
#define NO -1
    /*               LEASE             RESULT             COMMIT            FAIL GIVE_UP RETURN DUE
       CANCEL */
    [PILOT_JOB_READY] = {PILOT_JOB_LEASED, PILOT_JOB_STORING, NO, NO, PILOT_JOB_QUARANTINED, NO, NO,
                         PILOT_JOB_CANCELLED},
    [PILOT_JOB_LEASED] = {NO, PILOT_JOB_STORING, NO, PILOT_JOB_WAITING, PILOT_JOB_QUARANTINED,
                          PILOT_JOB_READY, NO, PILOT_JOB_CANCELLED},
    [PILOT_JOB_WAITING] = {PILOT_JOB_LEASED, PILOT_JOB_STORING, NO, NO, NO, NO, PILOT_JOB_READY,
                           PILOT_JOB_CANCELLED},
    [PILOT_JOB_STORING] = {NO, NO, PILOT_JOB_STORED, PILOT_JOB_WAITING, PILOT_JOB_QUARANTINED, NO,
                           NO, PILOT_JOB_CANCELLED},
    [PILOT_JOB_STORED] = {NO, NO, NO, NO, NO, NO, NO, NO},
    [PILOT_JOB_QUARANTINED] = {NO, NO, NO, NO, NO, NO, NO, NO},
    [PILOT_JOB_CANCELLED] = {NO, NO, NO, NO, NO, NO, NO, NO},
};

static void test_table(void)
{
    for (int state = 0; state < PILOT_JOB_STATES; state++) {
        bool right = true;
        for (int event = 0; event < PILOT_JOB_EVENTS; event++) {
            pilot_job_state_t next;
            bool any =
                pilot_job_next_state((pilot_job_state_t)state, (pilot_job_event_t)event, &next);
            right = right && (any ? (int)next == wanted[state][event] : wanted[state][event] == NO);
        }
        ok(right, "every event does to a %s job what the table of the test says",
           pilot_job_state_name((pilot_job_state_t)state));
    }
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* WHOLE goes with ESTIMATE and knows its outcomes; BOUNDS comes after POOL and reads its rows. */
static void test_jobs_of_all_rows(void)
{
    const pilot_job_row_t rows[] = {
        {.job = 1, .kind = ESTIMATE, .stage = 0},
        {.job = 2, .kind = WHOLE, .stage = 0, .first = 3, .last = 5},
        {.job = 3, .kind = POOL, .stage = 1},
        {.job = 4, .kind = BOUNDS, .stage = 2},
    };
    pilot_queue_t *queue = new_queue();
    pilot_job_order_t order;
    uint64_t given_up = 0;
    add(queue, 10, rows, 4);
    pick(queue, 0, 0);
    ok(pilot_queue_pick(queue, 1, true, 0, &order, NULL) && order.job == 2 && order.kind == WHOLE &&
           order.first == 3 && order.last == 5 && order.inputs == 0,
       "WHOLE starts at once and knows its outcomes");
    finish(queue, 2);
    ok(!pick(queue, 1, 0), "POOL waits for ESTIMATE");
    finish(queue, 1);
    ok(pilot_queue_pick(queue, 0, true, 0, &order, NULL) && order.job == 3 && order.inputs == 1,
       "WHOLE gives POOL no part");
    finish(queue, 3);
    ok(pilot_queue_pick(queue, 0, true, 0, &order, NULL) && order.job == 4 && order.pool_job == 3,
       "BOUNDS knows the POOL job");
    finish(queue, 4);
    ok(is_finished(queue, &given_up) && given_up == 0, "then the analysis is finished");
    pilot_queue_free(queue);

    queue = new_queue();
    add(queue, 10, rows, 4);
    pick(queue, 0, 0);
    pick(queue, 1, 0);
    finish(queue, 2);
    pilot_queue_fail(queue, 1, PILOT_FAILURE_FINAL, 0);
    ok(is_finished(queue, &given_up) && given_up == 3,
       "without parts there is no POOL, without POOL no BOUNDS");
    pilot_queue_free(queue);
}

static void test_stages(void)
{
    pilot_queue_t *queue = new_queue();
    const pilot_job_row_t rows[] = {
        {.job = 1, .kind = ESTIMATE, .stage = 0}, {.job = 2, .kind = ESTIMATE, .stage = 0},
        {.job = 3, .kind = POOL, .stage = 1},     {.job = 4, .kind = RESIDUAL, .stage = 2},
        {.job = 5, .kind = FINISH, .stage = 3},
    };
    uint64_t given_up = 9;
    pilot_job_order_t order;
    add(queue, 10, rows, 5);
    ok(pick(queue, 0, 0) == 1 && pick(queue, 1, 0) == 2 && !pick(queue, 0, 0),
       "only the first stage is given out");
    finish(queue, 1);
    ok(!pick(queue, 0, 0), "half a stage opens nothing");
    uint32_t holder;
    pilot_queue_result(queue, 2, &holder);
    ok(holder == 1, "a result tells whose lease it ended");
    ok(!pick(queue, 0, 0), "a result that is not committed opens nothing");
    pilot_queue_stored(queue, 2, 0);
    ok(pilot_queue_pick(queue, 0, true, 0, &order, NULL) && order.job == 3 && order.inputs == 2,
       "the commit opens the next stage, whose job knows its inputs");
    finish(queue, 3);
    ok(pilot_queue_pick(queue, 0, true, 0, &order, NULL) && order.job == 4 && order.pool_job == 3,
       "RESIDUAL knows the POOL job");
    finish(queue, 4);
    ok(pilot_queue_pick(queue, 0, true, 0, &order, NULL) && order.job == 5 && order.inputs == 1,
       "FINISH counts RESIDUAL parts");
    ok(!is_finished(queue, &given_up), "the analysis is not finished before its last commit");
    finish(queue, 5);
    ok(is_finished(queue, &given_up) && given_up == 0, "then it is, with nothing given up");
    ok(!is_finished(queue, &given_up), "and that is told once");
    pilot_queue_remove(queue, 10);
    ok(!pilot_queue_knows(queue, 10) && state_of(queue, 3) == PILOT_JOB_STATES,
       "a removed analysis is forgotten with its jobs");
    pilot_queue_free(queue);
}

static void test_loading(void)
{
    pilot_queue_t *queue = new_queue();
    const pilot_job_row_t first = {.job = 1, .kind = ESTIMATE};
    const pilot_job_row_t rest[] = {{.job = 2, .kind = ESTIMATE, .stored = true},
                                    {.job = 3, .kind = POOL, .stage = 1}};
    uint64_t given_up;
    pilot_queue_add_analysis(queue, 10, 0, "c");
    ok(!pilot_queue_add_analysis(queue, 10, 0, "c"), "an analysis is added once");
    pilot_queue_add_jobs(queue, 10, &first, 1, 0);
    ok(pick(queue, 0, 0) == 1, "jobs are given out while others are still loading");
    finish(queue, 1);
    ok(!is_finished(queue, &given_up), "but no stage ends before all are loaded");
    pilot_queue_add_jobs(queue, 10, rest, 2, 0);
    pilot_queue_loaded(queue, 10, 0);
    pilot_job_order_t order;
    ok(pilot_queue_pick(queue, 0, true, 0, &order, NULL) && order.job == 3 && order.inputs == 2,
       "jobs stored before a restart count as inputs");
    uint32_t holder;
    ok(pilot_queue_result(queue, 2, &holder) == PILOT_DELIVERY_AGAIN,
       "and their results, coming again, are compared");
    pilot_queue_add_analysis(queue, 11, 0, NULL);
    pilot_queue_loaded(queue, 11, 0);
    ok(is_finished(queue, &given_up), "an analysis without jobs is finished at once");
    pilot_queue_free(queue);
}

static void test_quarantine(void)
{
    pilot_queue_t *queue = new_queue();
    const pilot_job_row_t rows[] = {{.job = 1, .kind = ESTIMATE},
                                    {.job = 2, .kind = ESTIMATE},
                                    {.job = 3, .kind = POOL, .stage = 1}};
    uint64_t given_up = 0;
    int64_t now_ms = 0;
    add(queue, 10, rows, 3);
    pick(queue, 0, 0);
    pick(queue, 1, 0);
    finish(queue, 2);
    for (int death = 1; death <= 3; death++) {
        pilot_verdict_t verdict = pilot_queue_fail(queue, 1, PILOT_FAILURE_DEATH, now_ms);
        if (death == 3) {
            ok(verdict == PILOT_VERDICT_GIVEN_UP, "the third death quarantines");
            break;
        }
        ok(verdict == PILOT_VERDICT_AGAIN && state_of(queue, 1) == PILOT_JOB_WAITING,
           "death %d makes it wait", death);
        ok(!pick(queue, 0, now_ms), "a waiting job is not given out");
        int64_t due = pilot_queue_tick(queue, now_ms);
        int64_t wait = due - now_ms, expected = 250 << (death - 1);
        ok(wait >= expected * 3 / 4 && wait <= expected * 5 / 4,
           "it waits %d ms and a quarter more or less (%d)", (int)expected, (int)wait);
        now_ms = due;
        pilot_queue_tick(queue, now_ms);
        ok(pick(queue, 0, now_ms) == 1, "then it is given out again");
    }
    pilot_job_order_t order;
    ok(pilot_queue_pick(queue, 0, true, now_ms, &order, NULL) && order.job == 3 &&
           order.inputs == 1 && order.given_up == 1,
       "the next stage goes on with what there is, and knows what is missing");
    uint32_t holder;
    ok(pilot_queue_result(queue, 1, &holder) == PILOT_DELIVERY_UNWANTED,
       "a quarantined job's late result is not wanted");
    finish(queue, 3);
    ok(is_finished(queue, &given_up) && given_up == 1, "the analysis ends with one job given up");
    pilot_queue_free(queue);
}

static void test_failures(void)
{
    pilot_queue_t *queue = new_queue();
    const pilot_job_row_t rows[] = {{.job = 1, .kind = ESTIMATE},
                                    {.job = 2, .kind = ESTIMATE, .errors = 2},
                                    {.job = 3, .kind = ESTIMATE},
                                    {.job = 4, .kind = ESTIMATE, .given_up = true}};
    add(queue, 10, rows, 4);
    ok(pick(queue, 0, 0) == 1 && pick(queue, 0, 0) == 2 && pick(queue, 0, 0) == 3 &&
           !pick(queue, 0, 0),
       "a job given up before a restart stays so");
    ok(pilot_queue_fail(queue, 1, PILOT_FAILURE_FINAL, 0) == PILOT_VERDICT_GIVEN_UP,
       "what is final is not tried again");
    ok(pilot_queue_fail(queue, 2, PILOT_FAILURE_ERROR, 0) == PILOT_VERDICT_GIVEN_UP,
       "failures before a restart count");
    int64_t now_ms = 0;
    int tries = 0;
    while (pilot_queue_fail(queue, 3, PILOT_FAILURE_EXCUSED, now_ms) == PILOT_VERDICT_AGAIN) {
        now_ms = pilot_queue_tick(queue, now_ms);
        pilot_queue_tick(queue, now_ms);
        pick(queue, 0, now_ms);
        tries++;
    }
    ok(tries == 119, "a database that is away is no failure of the job until the 120th time");
    ok(pilot_queue_fail(queue, 3, PILOT_FAILURE_ERROR, 0) == PILOT_VERDICT_NONE,
       "a job that nobody holds cannot fail");
    pilot_queue_free(queue);
}

static void test_lacking_inputs(void)
{
    pilot_queue_t *queue = new_queue();
    const pilot_job_row_t rows[] = {
        {.job = 1, .kind = ESTIMATE},
        {.job = 2, .kind = POOL, .stage = 1},
        {.job = 3, .kind = COMPARE, .stage = 1},
        {.job = 4, .kind = RESIDUAL, .stage = 2},
        {.job = 5, .kind = FINISH, .stage = 3},
    };
    add(queue, 10, rows, 5);
    pick(queue, 0, 0);
    pilot_queue_fail(queue, 1, PILOT_FAILURE_FINAL, 0);
    ok(!pick(queue, 0, 0), "jobs without any input are not sent");
    pilot_note_t note;
    int gave_up = 0;
    while (pilot_queue_next_note(queue, &note))
        gave_up += note.kind == PILOT_NOTE_GAVE_UP;
    ok(gave_up == 4, "they are given up, each with a note");
    ok(note.kind == PILOT_NOTE_FINISHED && note.given_up == 5, "and the analysis ends");
    pilot_queue_free(queue);
}

static void test_deliveries(void)
{
    pilot_queue_t *queue = new_queue();
    const pilot_job_row_t rows[] = {{.job = 1}, {.job = 2}};
    uint32_t holder;
    add(queue, 10, rows, 2);
    ok(pilot_queue_result(queue, 99, &holder) == PILOT_DELIVERY_UNWANTED && holder == NOBODY,
       "a result of an unknown job is not wanted");
    pick(queue, 0, 0);
    pilot_queue_return(queue, 1, 1, 0);
    ok(state_of(queue, 1) == PILOT_JOB_LEASED, "only its holder can give a job back");
    pilot_queue_return(queue, 1, 0, 0);
    ok(state_of(queue, 1) == PILOT_JOB_READY, "a job given back is ready, which is no failure");
    ok(pilot_queue_result(queue, 1, &holder) == PILOT_DELIVERY_FIRST && holder == NOBODY,
       "a late first result is stored");
    ok(pilot_queue_result(queue, 1, &holder) == PILOT_DELIVERY_AGAIN,
       "a second one while the first is on its way is compared");
    pilot_queue_stored(queue, 1, 0);
    ok(pilot_queue_result(queue, 1, &holder) == PILOT_DELIVERY_AGAIN, "and also when it is stored");
    ok(!pilot_queue_claim(queue, 1, 0, 5, 0), "a stored job cannot be claimed");
    ok(pilot_queue_claim(queue, 2, 1, 40, 0) && state_of(queue, 2) == PILOT_JOB_LEASED,
       "a worker that comes back keeps what it holds");
    ok(pilot_queue_claim(queue, 2, 1, 40, 0) && !pilot_queue_claim(queue, 2, 0, 41, 0), "it alone");
    pilot_queue_return(queue, 2, 1, 0);
    pilot_job_order_t order;
    ok(pilot_queue_pick(queue, 0, true, 0, &order, NULL) && order.counter > 40,
       "later leases have higher counters");
    ok(pilot_queue_fail(queue, 2, PILOT_FAILURE_ERROR, 0) == PILOT_VERDICT_AGAIN &&
           pilot_queue_claim(queue, 2, 1, 50, 0),
       "a waiting job can be claimed");
    pilot_queue_free(queue);
}

static void test_storing_fails(void)
{
    pilot_queue_t *queue = new_queue();
    const pilot_job_row_t row = {.job = 1};
    uint32_t holder;
    add(queue, 10, &row, 1);
    pick(queue, 0, 0);
    pilot_queue_result(queue, 1, &holder);
    ok(pilot_queue_fail(queue, 1, PILOT_FAILURE_ERROR, 0) == PILOT_VERDICT_AGAIN &&
           state_of(queue, 1) == PILOT_JOB_WAITING,
       "a result that the database refuses is a failure of its job");
    pilot_queue_free(queue);
}

static void test_cancel(void)
{
    pilot_queue_t *queue = new_queue();
    const pilot_job_row_t rows[] = {{.job = 1}, {.job = 2}, {.job = 3}, {.job = 4, .stage = 1}};
    uint64_t *leased = NULL;
    size_t count = 0;
    uint32_t holder;
    add(queue, 10, rows, 4);
    pick(queue, 0, 0);
    pick(queue, 0, 0);
    pilot_queue_result(queue, 1, &holder);
    pilot_queue_cancel(queue, 10, &leased, &count);
    ok(count == 1 && leased[0] == 2, "cancelling tells which jobs are under way");
    free(leased);
    pilot_note_t note;
    ok(pilot_queue_next_note(queue, &note) && note.kind == PILOT_NOTE_FINISHED && note.cancelled,
       "the analysis is finished, cancelled");
    ok(!pick(queue, 0, 0), "nothing of it is given out");
    ok(pilot_queue_result(queue, 2, &holder) == PILOT_DELIVERY_UNWANTED,
       "results that still come are dropped");
    pilot_queue_stored(queue, 1, 0);
    ok(!pilot_queue_next_note(queue, &note),
       "what was on its way to the database ends nothing twice");
    pilot_queue_free(queue);
}

static void test_many(void)
{
    enum { JOBS = 100000 };
    pilot_queue_t *queue = new_queue();
    pilot_job_row_t *rows = calloc(JOBS, sizeof *rows);
    uint64_t given_up = 1;
    for (size_t i = 0; i < JOBS; i++)
        rows[i].job = i * 3 + 1;
    for (int round = 0; round < 2; round++) {
        add(queue, 10, rows, JOBS);
        size_t done = 0;
        for (uint64_t job; (job = pick(queue, done % 2, 0)); done++)
            finish(queue, job);
        ok(done == JOBS && is_finished(queue, &given_up), "100,000 jobs pass, round %d", round + 1);
        pilot_queue_remove(queue, 10);
    }
    ok(!pilot_queue_count(queue, PILOT_JOB_STORED), "and leave nothing behind");
    free(rows);
    pilot_queue_free(queue);
}

int main(void)
{
    test_table();
    test_stages();
    test_jobs_of_all_rows();
    test_loading();
    test_quarantine();
    test_failures();
    test_lacking_inputs();
    test_deliveries();
    test_storing_fails();
    test_cancel();
    test_many();
    return tap_done();
}
