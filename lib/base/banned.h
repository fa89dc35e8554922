/* banned.h - included before every file of ours: calls that cannot be used safely are errors. */
#ifndef PILOT_BANNED_H
#define PILOT_BANNED_H

/* clang-format off: the headers must come before their functions are poisoned. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#pragma GCC poison strcpy strcat strncpy strncat stpcpy sprintf vsprintf strtok atoi atol atof gets
#pragma GCC poison gmtime localtime ctime asctime

#endif
