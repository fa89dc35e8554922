/* holder.h - the name of a coordinator in work.lease, from which another one on the same machine
 * can tell that its process has ended: then nobody needs to wait until the lease runs out. */
#ifndef PILOT_HOLDER_H
#define PILOT_HOLDER_H

#include <stdbool.h>
#include <stddef.h>

#define PILOT_HOLDER_SIZE 192

/* "host:pid boot.namespace.pid.start": host and pid for people, the rest to be sure. */
void pilot_holder_name(char name[PILOT_HOLDER_SIZE]);

/* True only when it is certain: same boot, same PID namespace, and no such process any more. */
bool pilot_holder_is_dead(const char *name);

#endif
