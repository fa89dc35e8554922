# Sourced after common.sh: a database with two agencies' data in (nearly) every table, and logins of all
# roles.  boss eva farm hand board audit stranger: one a role; north, south: agencies of pilot two;
# west: of pilot other.
BUILD=${PILOT_BUILD:-build}
as() { echo "host=$PG_HOME user=$1 dbname=rights"; }
build_rights_data() {
    use_database rights
    "$BUILD/pilot" init --db "$CONNINFO" 2>"$T/log" || return 1
    local login
    for login in boss eva farm hand board audit stranger north south west; do sql "CREATE ROLE $login LOGIN"; done
    sql "GRANT pilot_owner TO boss; SELECT registry.grant_role('pilot_' || role, login) FROM (VALUES
        ('evaluator', 'eva'), ('coordinator', 'farm'), ('worker', 'hand'), ('dashboard', 'board'),
        ('auditor', 'audit')) AS v (role, login)" >"$T/log"
    for pilot in two other; do
        listed='{name: North, attributes: {secret: north}}, {name: South, attributes: {secret: south}}, East'
        [ $pilot = two ] || listed='{name: West, attributes: {secret: west}}'
        cat >"$T/$pilot.yaml" <<YAML
version: 1
pilot: $pilot
columns: {unit: id, agency: agency, arm: arm, block: block}
arms: {control: c, treatments: [t]}
outcomes: [{name: y, type: continuous}, {name: b, type: binary}, {name: d, type: duration, event: e, horizon: 5}]
covariates: [x, {name: g, type: categorical}]
unit_ids: plain
agencies: [$listed]
YAML
        "$BUILD/pilot" register "$T/$pilot.yaml" --db "$(as eva)" >"$T/log" 2>&1 || return 1
    done
    sql "SELECT registry.grant_agency('two', 'North', 'north'), registry.grant_agency('two', 'South', 'south'),
        registry.grant_agency('other', 'West', 'west')" >"$T/log"
    local agency
    for agency in North South; do
        awk -v agency=$agency 'BEGIN { srand(agency == "North" ? 1 : 2); print "id,agency,arm,block,y,b,d,e,x,g"
            for (i = 1; i <= 60; i++) printf "%s%d,%s,%s,b%d,%.6f,%d,%.3f,%d,%.6f,%s\n", substr(agency, 1, 1), i, agency,
                i % 2 ? "t" : "c", i % 3 == 0, rand() * 10 + i % 2, rand() < 0.4, 0.1 + rand() * 9, rand() < 0.6,
                rand(), rand() < 0.5 ? "m" : "f" }' >"$T/$agency.csv"
        sed '5s/,[tc],/,nowhere,/' "$T/$agency.csv" >"$T/$agency-bad.csv"
    done
    (cut -d, -f1-4 "$T/North.csv"; cut -d, -f1-4 "$T/South.csv" | tail -n +2) >"$T/drawn.csv"
    more_rights_data
}

submit_rights_data() { # pilot, file, login
    "$BUILD/pilot" submit "$1" "$2" --db "$(as "$3")" >"$T/log" 2>&1
}

more_rights_data() {
    "$BUILD/pilot" assign "$T/two.yaml" "$T/drawn.csv" --register --as-given --db "$CONNINFO" >"$T/log" 2>&1 || return 1
    local agency
    for agency in North South; do
        submit_rights_data two "$T/$agency-bad.csv" "${agency,}"
        submit_rights_data two "$T/$agency.csv" "${agency,}" || return 1
    done
    (cat "$T/North.csv"; tail -n +2 "$T/South.csv") >"$T/both.csv"
    "$BUILD/pilot" run "$T/two.yaml" "$T/both.csv" --workers 1 --db "$CONNINFO" >"$T/log" 2>&1 || return 1
    for agency in North South; do
        awk -F, -v OFS=, 'NR == 9 { $5 = 4.25 } { print }' "$T/$agency.csv" >"$T/$agency-2.csv"
        submit_rights_data two "$T/$agency-2.csv" "${agency,}" || return 1
    done
    sed 's/,North,/,West,/' "$T/North.csv" >"$T/West.csv"
    submit_rights_data other "$T/West.csv" west || return 1
    "$BUILD/pilot" run "$T/other.yaml" "$T/West.csv" --workers 1 --db "$CONNINFO" >"$T/log" 2>&1 || return 1
    "$BUILD/pilot" purge --keep 0 --older-than 0d --db "$CONNINFO" >"$T/log" 2>&1 || return 1
    "$BUILD/pilot" launch two --db "$(as eva)" >"$T/log" 2>&1 || return 1
    for agency in North South; do
        awk -F, -v OFS=, 'NR == 9 { $5 = 4.75 } { print }' "$T/$agency.csv" >"$T/$agency-3.csv"
        submit_rights_data two "$T/$agency-3.csv" "${agency,}" || return 1
    done
    # What no program leaves behind on a good day.
    sql "INSERT INTO work.failures (job, reason) SELECT min(job), 'lost' FROM work.jobs;
        ALTER TABLE registry.audit_pending DISABLE TRIGGER USER;
        INSERT INTO registry.audit_pending (action, subject) VALUES ('tried', '{}');
        ALTER TABLE registry.audit_pending ENABLE TRIGGER USER;
        UPDATE registry.agencies SET unit_key = md5(name) || md5(name);
        SELECT registry.reset_unit_key('two', name, 'lost') FROM unnest(ARRAY['North', 'South']) AS u (name)" >"$T/log" 2>&1
    made_rows >>"$T/log" 2>&1
}

# Of the tables that comparisons fill, a row each: two agencies and a plan without comparison.by leave
# some of them empty.
made_rows() {
    local table marks more="place, outcome, arm, control, estimand, estimator, status"
    for table in "averages weighting 'site'" "moderators kind 'intercept'" "distribution part 'harm'"; do
        set -- $table
        sql "INSERT INTO work.$1 (analysis, job, ordinal, $more, k, $2)
            SELECT analysis, job, 1000000, 0, outcome, arm, control, estimand, estimator, 'ok', 0, $3
            FROM work.comparisons WHERE headline AND analysis IN (SELECT analysis FROM dashboard.releases)
            ORDER BY analysis, ordinal LIMIT 1"
        marks=$(sql "SELECT string_agg(attname, ', ') FROM pg_attribute
            WHERE attrelid = 'dashboard.$1'::regclass AND atttypid = 'dashboard.mark'::regtype")
        sql "INSERT INTO dashboard.$1 (pilot, analysis, confirmatory, ordinal, $more, $2, $marks)
            SELECT pilot, analysis, true, 1000000, 0, outcome, arm, control, estimand, estimator, 'ok', $3
                $(printf '%s' "$marks" | sed "s/[a-z0-9_]*_mark/'z'/g; s/^/, /")
            FROM dashboard.comparisons WHERE headline ORDER BY analysis, ordinal LIMIT 1"
    done
}
