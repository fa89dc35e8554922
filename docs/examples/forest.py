#!/usr/bin/python3
"""A pilot's headline and its forest, as the public may see them; again when they change.

    forest.py PILOT             once
    forest.py PILOT --wait      and once more, after the next release or withdrawal of the pilot

Needs psycopg 3 (Debian: python3-psycopg).  The connection is libpq's: PGHOST, PGDATABASE, PGUSER,
PGSSLMODE, a password in ~/.pgpass.
"""
import sys

import psycopg

PLACES = 40
MARKS = {"c": "hidden", "k": "low", "z": "n/a"}

LATEST = "SELECT analysis FROM dashboard.analyses WHERE pilot = %s AND latest"

HEADLINE = """
    SELECT outcome, arm, estimate, estimate_mark, ci_low, ci_high, p_value, p_value_mark
    FROM dashboard.effects
    WHERE analysis = %s AND scope = 'pooled' AND subgroup IS NULL
    ORDER BY ordinal"""

FOREST = """
    SELECT agency, e.estimate, e.estimate_mark, e.ci_low, e.ci_high
    FROM dashboard.agencies g
    JOIN dashboard.effects e USING (analysis, outcome, agency, ordinal)
    WHERE g.analysis = %s AND g.ordinal = 0
    ORDER BY g.eb_estimate DESC NULLS LAST, agency"""


def told(number, mark):
    """The number, or why there is none: never 0 in its place."""
    return MARKS[mark] if number is None else f"{number:g}"


def interval(low, middle, high, scale):
    """An interval as text, drawn between the ends of the scale."""
    def place(x):
        return round((x - scale[0]) / ((scale[1] - scale[0]) or 1) * (PLACES - 1))
    line = ["-" if place(low) <= i <= place(high) else " " for i in range(PLACES)]
    line[place(middle)] = "o"
    return "".join(line)


def show(connection, pilot):
    """Print the latest analysis of the pilot; its number, or None."""
    found = connection.execute(LATEST, [pilot]).fetchone()
    if found is None:
        print(f"{pilot}: nothing is released")
        return None
    print(f"{pilot}: analysis {found[0]}")
    for outcome, arm, estimate, mark, low, high, p, p_mark in connection.execute(HEADLINE, found):
        limits = "" if low is None or high is None else f" [{low:g}, {high:g}]"
        print(f"  {outcome}, {arm}: {told(estimate, mark)}{limits}, p {told(p, p_mark)}")
    rows = connection.execute(FOREST, found).fetchall()
    drawn = [row for row in rows if None not in (row[1], row[3], row[4])]
    scale = (min((row[3] for row in drawn), default=0), max((row[4] for row in drawn), default=0))
    for agency, estimate, mark, low, high in rows:
        line = interval(low, estimate, high, scale) if None not in (estimate, low, high) else ""
        print(f"  {agency:<20} {told(estimate, mark):>8}  {line}".rstrip())
    return found[0]


def main():
    arguments = sys.argv[1:]
    wait = "--wait" in arguments
    pilots = [word for word in arguments if word != "--wait"]
    if len(pilots) != 1:
        sys.exit(__doc__)
    with psycopg.connect(autocommit=True) as connection:
        # First listen, then look: a release in between is not missed.
        connection.execute("LISTEN pilot_results")
        shown = show(connection, pilots[0])
        if not wait:
            return
        sys.stdout.flush()
        # Every pilot's releases and withdrawals are told; the text is the analysis' number.
        for _ in connection.notifies():
            found = connection.execute(LATEST, pilots).fetchone()
            if (found and found[0]) != shown:
                show(connection, pilots[0])
                return


if __name__ == "__main__":
    main()
