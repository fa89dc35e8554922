/* releaser.h - the thread that releases analyses to the public once they have ended: neither their
 * results nor the next analysis waits for it. */
#ifndef PILOT_RELEASER_H
#define PILOT_RELEASER_H

#include "mail.h"

/* An end is about to be written: the coordinator has a release to do before it may rest. */
void pilot_releaser_expect(pilot_shared_t *shared);
/* After each expect: analyses from this one on are looked through for what is done and unreleased.
 */
void pilot_releaser_wake(pilot_shared_t *shared, uint64_t analysis);
/* Nothing is expected that is not released, or cannot be. */
bool pilot_releaser_is_idle(pilot_shared_t *shared);

/* Thread: until shared->stop, or shared->fenced, which it sets when another took over.  It holds a
 * session only while there is something to release. */
void *pilot_releaser_main(void *shared);

#endif
