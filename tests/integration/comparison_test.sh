#!/bin/bash
# Agencies compared by attributes that the plan gives: plan to public rows, whatever the number of
# workers; a school that is listed and sends nothing; a withdrawal.
. "$(dirname "$0")/server.sh"
OWNER=$CONNINFO
python3 tests/harness/star_attributes.py "$PLAN" "$DATA" >"$T/star.yaml"
PLAN=$T/star.yaml
try "$PILOT" init --db "$OWNER"
well "init"
try "$PILOT" check "$PLAN"
is "$(grep -c 'agenc\|comparison' "$T/err")" 0 "nothing of it is for a later version"

dump() { # ANALYSIS FILE
    for table in comparisons agency_effects averages moderators distribution; do
        sql "SELECT to_jsonb(t) - 'analysis' - 'job' FROM work.$table t WHERE analysis = $1
            ORDER BY ordinal, to_jsonb(t) ->> 'agency', (to_jsonb(t) ->> 'place')::int"
    done >"$2"
}
for workers in 1 2 3; do
    try "$PILOT" run "$PLAN" "$DATA" --db "$OWNER" --workers $workers --view moderators
    well "a run by $workers workers"
    dump $workers "$T/rows$workers"
    same "$T/rows$workers" "$T/rows1" "gives the same rows, bit for bit"
done
like "$(cat "$T/out")" 'coefficient +mechanism +compet[^ ]+ +75 ' "its coefficients are printed; three schools have no attribute"

one="analysis = 1 AND outcome = 'reading' AND arm = 'small' AND subgroup IS NULL AND parameter IS NULL"
is "$(sql "SELECT string_agg(format('%s %s %s', kind, attribute, attribute_level), ',' ORDER BY place)
    FROM results.moderators WHERE $one")" \
    "intercept  ,coefficient mechanism competence,coefficient mechanism connection,test mechanism ,coefficient teachers ,test teachers ,test  ,residual  ,group mechanism autonomy,group mechanism competence,group mechanism connection" \
    "one model of all attributes, then the groups: words are levels, numbers a slope"
is "$(sql "SELECT string_agg(weighting || ' ' || k, ',' ORDER BY place) FROM results.averages WHERE $one")" \
    "person 78,site 78" "averages by people and by schools"
is "$(sql "SELECT abs(a.estimate - (SELECT sum(e.estimate * e.n) / sum(e.n) FROM results.effects e
        WHERE $one AND e.scope = 'agency' AND e.estimate IS NOT NULL AND e.std_error > 0)) < 1e-9
    FROM results.averages a WHERE $one AND weighting = 'person'")" t "a person's weight is one"
is "$(sql "SELECT string_agg(DISTINCT outcome || ' ' || threshold, ',' ORDER BY outcome || ' ' || threshold)
    FROM results.distribution WHERE analysis = 1 AND estimand <> 'gap'")" "math 0,reading 5" \
    "harm and benefit begin at the smallest effect of interest"
is "$(sql "SELECT max(threshold) FROM results.distribution WHERE analysis = 1 AND estimand = 'gap'")" 0 \
    "which is not one of gaps"
is "$(sql "SELECT abs(sum(share) - 1) < 1e-9 FROM results.distribution WHERE $one")" t "the shares are of one whole"
is "$(sql "SELECT count(*) FILTER (WHERE num_nonnulls(rank, rank_low, rank_high, rank_simultaneous_low,
        rank_simultaneous_high, ceb_estimate, p_exceeds, hat, std_residual, cooks_distance, dfbetas) = 11)
        || ' ' || count(*) FILTER (WHERE estimate IS NULL AND rank IS NULL)
        || ' ' || count(*) FILTER (WHERE rank_simultaneous_low > rank_low OR rank_simultaneous_high < rank_high)
        || ' ' || round(sum(hat)::numeric, 6) FROM results.agencies WHERE $one")" "78 1 0 1.000000" \
    "every school with an effect stands beside the others"
is "$(sql "SELECT agency FROM results.agencies WHERE $one ORDER BY rank LIMIT 1")" \
    "$(sql "SELECT agency FROM results.effects WHERE $one AND scope = 'agency' ORDER BY estimate DESC NULLS LAST LIMIT 1")" \
    "rank 1 has the largest estimate where higher is better"
sed 's/name: reading, type: continuous, role: primary, better: higher/name: reading, type: continuous, role: primary, better: lower/' \
    "$PLAN" >"$T/lower.yaml"
try "$PILOT" run "$T/lower.yaml" "$DATA" --db "$OWNER" --workers 2
is "$(sql "SELECT agency FROM results.agencies WHERE ${one/analysis = 1/analysis = 4} ORDER BY rank LIMIT 1")" \
    "$(sql "SELECT agency FROM results.effects WHERE $one AND scope = 'agency' ORDER BY estimate LIMIT 1")" \
    "and the smallest where lower is"
is "$(sql "SELECT round(sum(CASE a.analysis WHEN 1 THEN a.share ELSE -a.share END)::numeric, 9)
    FROM results.distribution a WHERE (${one/analysis = 1/a.analysis = 1} AND part = 'harm')
    OR (${one/analysis = 1/a.analysis = 4} AND part = 'benefit')")" 0.000000000 "harm is benefit then"

# ---- what the plan lists --------------------------------------------------------------------------
is "$(sql "SELECT count(*), count(DISTINCT agency), count(*) FILTER (WHERE attribute IS NULL)
    FROM results.agency_attributes WHERE analysis = 1")" "156|80|3" "attributes by agency, as the pinned plan has them"
is "$(sql "SELECT id, value FROM results.agency_attributes WHERE analysis = 1 AND agency = '11' ORDER BY attribute")" \
    "$(printf 'tn-11|competence\ntn-11|5.5')" "with the id, and the text as written"
is "$(sql "SELECT agency, revision, rows, verdict FROM results.submissions WHERE state = 'missing'")" "nowhere|||missing" \
    "a listed school without data is missing"
is "$(sql "SELECT agency FROM results.latest_submissions WHERE state = 'missing'")" nowhere "in what the latest analysis used too"

# ---- what is released -----------------------------------------------------------------------------
for table in averages distribution; do
    is "$(sql "SELECT count(*) FROM dashboard.$table WHERE analysis = 1")" \
        "$(sql "SELECT count(*) FROM work.$table WHERE analysis = 1")" "every row of $table is there, suppressed or not"
done
hidden="(SELECT d.outcome, d.subgroup, d.level, d.arm, d.estimand FROM dashboard.effects d JOIN work.effects w
    USING (analysis, ordinal, agency) WHERE analysis = 1 AND w.estimate IS NOT NULL AND d.estimate_mark = 'c'
    AND d.estimator IN ('difference_in_means', 'ols', 'lin'))"
for table in averages moderators; do
    is "$(sql "SELECT count(*) FROM dashboard.$table t WHERE analysis = 1 AND EXISTS (SELECT FROM $hidden h WHERE
        (h.outcome, h.arm, h.estimand) = (t.outcome, t.arm, t.estimand) AND h.subgroup IS NOT DISTINCT FROM t.subgroup
        AND h.level IS NOT DISTINCT FROM t.level) AND num_nonnulls(k, estimate, std_error, statistic, p_value) > 0")" 0 \
        "no number of $table is told where a school's effect is hidden"
done
is "$(sql "SELECT count(*) FROM dashboard.agencies t WHERE analysis = 1 AND EXISTS (SELECT FROM $hidden h WHERE
    (h.outcome, h.arm, h.estimand) = (t.outcome, t.arm, t.estimand) AND h.subgroup IS NOT DISTINCT FROM t.subgroup
    AND h.level IS NOT DISTINCT FROM t.level) AND num_nonnulls(rank, rank_low, rank_simultaneous_high, hat, dfbetas,
    p_exceeds, ceb_estimate) > 0")" 0 "nor how a school stands among the others"
is "$(sql "SELECT count(*) > 0 FROM dashboard.moderators WHERE analysis = 1 AND kind = 'group' AND estimate IS NOT NULL")" t \
    "where none is hidden groups are told"
is "$(sql "SELECT count(*), count(*) FILTER (WHERE status = 'suppressed' AND (kind <> 'test' OR attribute IS NOT NULL
        OR place > 0)) FROM dashboard.moderators WHERE analysis = 1")" \
    "$(sql "SELECT count(*) FROM dashboard.moderators d LEFT JOIN work.moderators w USING (analysis, ordinal, place)
        WHERE analysis = 1 AND (d.status = 'suppressed' OR d.kind = w.kind AND d.attribute_level IS NOT DISTINCT FROM
        w.attribute_level)")|0" "of a hidden model one row is left, which every model has; shown ones are there in order"
is "$(sql "SELECT count(*) FROM dashboard.moderators WHERE kind = 'group' AND estimate IS NOT NULL AND k < 3")" 0 \
    "of three schools at least"
is "$(sql "SELECT count(*), count(DISTINCT value) FROM dashboard.agency_attributes WHERE analysis = 1 AND attribute = 'mechanism'")" \
    "77|3" "attributes are the plan's, and public"
is "$(sql "SELECT agency, rows_mark FROM dashboard.submissions WHERE state = 'missing'")" "nowhere|z" "so is who is missing"

# ---- a withdrawal ---------------------------------------------------------------------------------
try "$PILOT" withdraw star_kindergarten --agency 11 --yes --reason test --db "$OWNER"
for table in agencies averages moderators distribution; do
    is "$(sql "SELECT count(*) FROM dashboard.$table")" 0 "what used it has left dashboard.$table"
done

# ---- plans that are refused -----------------------------------------------------------------------
refused() { # sed command, what is said, name
    sed "$1" "$PLAN" >"$T/bad.yaml"
    fails 2 "$2" "$3" "$PILOT" check "$T/bad.yaml"
}
refused 's/by: \[mechanism/by: [mecanism/' 'bad.yaml:[0-9]+:[0-9]+: comparison.by: no agency has the attribute' "an attribute that no agency has"
refused 's/by: \[mechanism/by: [mechanism, mechanism/' 'comparison.by: .*listed twice' "an attribute twice"
refused 's/level: agency/level: across/' 'comparison.by: at level across' "attributes at level across"
finish
