#include "../../cli/numbers.h"

#include <stdlib.h>

#include "../harness/tap.h"

static void shown(char *got, const char *want, const char *name)
{
    is_text(got, want, "%s", name);
    free(got);
}

int main(void)
{
    shown(pilot_show_number("6.5712345", "0.967"), "6.57", "two significant digits of the error");
    shown(pilot_show_number("437.2", "14.2"), "437", "a large error leaves no decimals");
    shown(pilot_show_number("0.0123456", "0.0031"), "0.0123", "a small error leaves four");
    shown(pilot_show_number("-0.0001", "0.9"), "0.00", "no minus before a zero");
    shown(pilot_show_number(NULL, "1"), NULL, "an absent number is absent");
    shown(pilot_show_number("", NULL), NULL, "an empty number is absent");
    shown(pilot_show_number("60", NULL), "60", "a whole number without a scale stays whole");
    shown(pilot_show_number("0.1234567", NULL), "0.1235", "without a scale: four digits");
    shown(pilot_show_number("3", "0"), "3", "an error of zero is no scale");
    shown(pilot_show_interval("4.6412", "8.5", "0.967"), "[4.64, 8.50]", "an interval");
    shown(pilot_show_interval("4.6412", "", "0.967"), NULL, "half an interval is none");
    shown(pilot_show_interval("-16", "16", NULL), "[-16.0, 16.0]", "its width serves as scale");
    shown(pilot_show_p("0.0004"), "<0.001", "a tiny p");
    shown(pilot_show_p("0.0126"), "0.013", "p to three decimals");
    shown(pilot_show_p("1"), "1.000", "p of one");
    shown(pilot_show_percent("45.31"), "45%", "per cent");
    shown(pilot_show_root("64", "0.967"), "8.00", "tau from its square");
    shown(pilot_show_root("-1", NULL), NULL, "no root of a negative");
    shown(pilot_show_rank("3", "1", "70"), "3 (1-70)", "a rank with its set");
    shown(pilot_show_rank("3", NULL, NULL), "3", "a rank alone");
    ok(pilot_decimals(0) == 3, "no scale: three decimals");
    ok(pilot_decimals(1e300) == 0, "a huge scale: none");
    ok(pilot_decimals(1e-300) == 9, "a tiny scale: at most nine");
    return tap_done();
}
