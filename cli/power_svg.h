/* power_svg.h - the power curve as a picture: one panel an outcome, SVG without scripts or fonts of
 * its own, that follows the reader's choice of light or dark. */
#ifndef PILOT_CLI_POWER_SVG_H
#define PILOT_CLI_POWER_SVG_H

#include <stdio.h>

#include "power_rows.h"

void pilot_power_svg(const pilot_plan_t *plan, const pilot_power_rows_t *rows, FILE *out);

#endif
