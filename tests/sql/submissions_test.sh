#!/bin/bash
# What the server checks for clients that are not ours, the revision before, withdrawal.
. "$(dirname "$0")/common.sh"
use_database submissions
migrate 1 "$LATEST"

COLUMNS='{pilot_unit,pilot_arm,pilot_cluster,pilot_weight,pilot_received,pilot_probability,y,b,b_baseline,n,l,d,d_event,x,k}'
TYPES='{text,int2,int4,float8,float8,float8,float8,float8,float8,float8,float8,float8,float8,float8,int4}'
FILLED='["pilot_unit","pilot_arm","pilot_cluster","pilot_weight","pilot_received","pilot_probability","y","b","b_baseline","n","l","d","d_event","x","k"]'
LABELS='{"pilot_arm":["c","t","v"],"pilot_cluster":["g","h"],"k":["u",""]}'
register p "$COLUMNS" "$TYPES" ', "outcomes": [{"name": "y"}, {"name": "b", "type": "binary", "baseline": "b0"},
    {"name": "n", "type": "count"}, {"name": "l", "type": "ordinal", "levels": ["low", "mid", "high"]},
    {"name": "d", "type": "duration", "event": "e"}],
    "covariates": ["z", {"name": "x", "type": "binary"}, {"name": "k", "type": "categorical"}]' >"$T/registered"
sql "CREATE ROLE agency LOGIN; CREATE ROLE other LOGIN; CREATE ROLE eva LOGIN;
    SELECT registry.grant_role('pilot_evaluator', 'eva');
    SELECT registry.grant_agency('p', name, 'agency') FROM unnest(ARRAY['A', 'B', 'D']) AS name;
    SELECT registry.grant_agency('p', 'C', 'other')" >"$T/granted"
OWNER=$CONNINFO
AGENCY=${CONNINFO/user=postgres/user=agency}
OTHER=${CONNINFO/user=postgres/user=other}
EVALUATOR=${CONNINFO/user=postgres/user=eva}
as() { CONNINFO=$1 try_sql; } # conninfo, statements from standard input

is "$(sql "SELECT string_agg(column_name || ': ' || rule, '; ' ORDER BY column_name COLLATE \"C\") FROM registry.plan_rules(1)")" \
    'b: b IN (0, 1); b_baseline: b_baseline IN (0, 1); d: d >= 0; d_event: d_event IN (0, 1); l: l >= 0 AND l < 3 AND l = floor(l); n: n >= 0 AND n = floor(n); pilot_probability: pilot_probability > 0 AND pilot_probability <= 1; pilot_unit: pilot_unit <> '"''"' AND octet_length(pilot_unit) <= 2000; pilot_weight: pilot_weight >= 0; x: x IN (0, 1)' \
    "what a plan asks of values"

# ---- every check of a load -----------------------------------------------------------------------
# Two rows of agency A (or $4), the first one's values changed by $1 ("y = 2"), the entry by $2 (jsonb).
load() { # assignments, jsonb to put over the entry, conninfo, agency
    local over=${2:-}
    [ -n "$over" ] || over='{}'
    cat <<SQL | as "${3:-$AGENCY}"
BEGIN;
SELECT load, partition FROM registry.begin_load('p', 1) \gset
SELECT registry.reserve_submissions(1) AS first \gset
CREATE TEMP TABLE rows ON COMMIT DROP AS SELECT * FROM outcomes.:"partition";
INSERT INTO rows VALUES (:first, 1, 'u1', 0, 0, 1, 0.5, 0.5, 1e9, 1, 0, 3, 2, 1.5, 1, 0, 0),
    (:first, 2, 'u2', 1, 1, 0, NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
${1:+UPDATE rows SET $1 WHERE pilot_row = 1;}
INSERT INTO outcomes.:"partition" SELECT * FROM rows;
SELECT agency, revision, state FROM registry.seal_load(:load, jsonb_build_array(jsonb_build_object(
    'submission', :first, 'agency', '${4:-A}', 'rows', 2, 'content_sha256', '$HASH', 'file_sha256', '$HASH',
    'columns', '$FILLED'::jsonb, 'dictionaries', '$LABELS'::jsonb) || '$over'));
COMMIT;
SQL
}
rule() { # column, assignment
    is "$(load "$2")" "PL002 column \"$1\" has a value that the plan does not allow" "refused: $2"
}
is "$(load)" "A|1|accepted" "good rows are accepted"
is "$(load "pilot_received = NULL, y = NULL, b = 0, l = 0, n = 7, d = 0, d_event = 0, x = 1, k = 1")" \
    "A|2|accepted" "so are others"
rule pilot_weight "pilot_weight = -1"
rule pilot_probability "pilot_probability = 0"
rule pilot_probability "pilot_probability = 1.01"
rule pilot_unit "pilot_unit = ''"
rule pilot_unit "pilot_unit = repeat('ü', 1001)"
is "$(load "pilot_unit = repeat('u', 2000)")" "A|3|accepted" "a unit of 2000 bytes is accepted"
rule b "b = 2"
rule b "b = 0.5"
rule b_baseline "b_baseline = -1"
rule n "n = -1"
rule n "n = 1.5"
rule l "l = 3"
rule l "l = -1"
rule l "l = 0.5"
rule d "d = -0.1"
rule d_event "d_event = 2"
rule x "x = 3"
is "$(load "y = 'NaN'" | cut -c1-5)" 23514 "a number that is none is refused"
is "$(load "y = 'infinity'" | cut -c1-5)" 23514 "so is one without end"
is "$(load "pilot_arm = 3" | cut -c1-62)" "PL002 the rows of the load differ from its manifest (their cou" "a code without a label is refused"
is "$(load "k = 2" | cut -c1-5)" PL002 "of categories too"
is "$(load "pilot_cluster = 1")" "PL002 rows of one cluster are in two arms (clusters: 1)" "a cluster is in one arm"
labels() { # changed dictionaries, column, name
    is "$(load "" "{\"dictionaries\": $1}")" \
        "PL002 the labels of column \"$2\" are not as they must be: each once, in at most 2000 bytes, arms as the plan has them" "$3"
}
labels '{"pilot_arm":["c","t"],"pilot_cluster":["g","g"],"k":["u"]}' pilot_cluster "a label that stands twice is refused"
labels '{"pilot_arm":["c","t"],"pilot_cluster":["g",null],"k":["u"]}' pilot_cluster "so is one that is null"
labels '{"pilot_arm":["c","t"],"pilot_cluster":["g",""],"k":["u"]}' pilot_cluster "and an empty one where it must not be"
labels '{"pilot_arm":["c","t"],"pilot_cluster":["g","h"],"k":["u"],"y":["1"]}' y "labels of a number are refused"
labels "{\"pilot_arm\":[\"c\",\"t\"],\"pilot_cluster\":[\"g\",\"h\"],\"k\":[\"u\",\"$(printf 'x%.0s' $(seq 2001))\"]}" k "so is a long one"
labels '{"pilot_arm":["c","t"],"pilot_cluster":["g","h"],"k":["u"],"pilot_received":["c","x"]}' pilot_received "and an arm that the plan lacks"
RECEIVED='{"dictionaries": {"pilot_arm":["c","t","v"],"pilot_cluster":["g","h"],"k":["u"],"pilot_received":["c","t"]}}'
is "$(load "pilot_received = 1" "$RECEIVED")" "A|4|accepted" "received as arms"
is "$(load "pilot_received = 2" "$RECEIVED")" 'PL002 column "pilot_received" has a code without a label' "their codes are checked"
is "$(load "pilot_received = 0.5" "$RECEIVED")" 'PL002 column "pilot_received" has a code without a label' "and are whole"
is "$(load "" '{"columns": ["pilot_unit","pilot_arm"]}' | cut -c1-24)" "PL002 the data lacks col" "no column of the plan may lack"
is "$(load "" '{"rows": 3}' | cut -c1-5)" PL002 "rows are counted"
is "$(load "" '{"agency": "C"}')" "PL006 this login may not submit for one of the agencies in the data" "another's agency"
is "$(load "" '{"agency": "nobody"}')" "PL006 this login may not submit for one of the agencies in the data" "is as one that there is not"
is "$(sql "SELECT count(*) FROM outcomes.p")|$(sql "SELECT count(*) FROM registry.loads WHERE state <> 'sealed'")" "8|0" \
    "what was refused left nothing"

# ---- the revision before -------------------------------------------------------------------------
SUMMARY='{"summary": {"rows": 2, "arms": {"c": 1, "t": 1}, "columns": {"y": {"missing": 1, "numbers": 1, "mean": 1e9, "sd": 0}}}, "warnings": [{"code": "w"}, {"code": "v"}]}'
is "$(load "" "$SUMMARY" "" B)" "B|1|accepted" "a summary comes with the manifest"
previous() { echo "SELECT * FROM registry.previous_summaries('p', '{A,B,C}')" | as "$1"; }
is "$(previous "$AGENCY")" "A|4|2||||||
B|1|2|arm|c|1|||
B|1|2|arm|t|1|||
B|1|2|column|y|1|1|1000000000|0" "and is read back by its agency"
is "$(previous "$OTHER")" "" "by no other"
is "$(previous "$EVALUATOR" | cut -c1-5)" 42501 "nor by an evaluator"
is "$(sql "SELECT verdict, warnings FROM results.submissions WHERE agency = 'B'")" "accepted_with_warnings|2" "warnings are counted for all to see"
POISON='{"summary": {"arms": [1], "columns": {"y": {"missing": "x", "mean": 1e999, "sd": {}}, "b": 3}}}'
is "$(load "" "$POISON" "" B)" "B|2|accepted" "a summary may hold anything"
is "$(previous "$AGENCY" | tail -2)" "B|2|2|column|b||||
B|2|2|column|y||||" "which harms nobody"
is "$(load "" '{"summary": 3}' "" B | cut -c1-5)" 23514 "as long as it is an object"

is "$(load "pilot_unit = 'new'" "" "" B)" "B|3|accepted" "a revision with another unit"
changes() { # conninfo; the ids are looked up by the owner
    local ids
    ids=$(sql "SELECT string_agg(submission::text, ',') FROM registry.submissions s JOIN registry.agencies a USING (agency)
        WHERE a.name = 'B' AND s.revision = 3")
    echo "SELECT added, removed FROM registry.unit_changes('p', '{$ids}')" | as "$1"
}
is "$(changes "$AGENCY")" "1|1" "units that came and went are counted"
is "$(changes "$OTHER")" "" "for its own agency alone"

# ---- content -------------------------------------------------------------------------------------
hash_of() { # entry's changes
    local over=${1:-}
    [ -n "$over" ] || over='{}'
    cat <<SQL | as "$AGENCY"
BEGIN;
SELECT load, partition FROM registry.begin_load('p', 1) \gset
SELECT registry.reserve_submissions(1) AS first \gset
INSERT INTO outcomes.:"partition" VALUES (:first, 1, 'b', 0, 0, 1, 0.5, 0.5, -0.0, 1, 0, 3, 2, 1.5, 1, 0, 0),
    (:first, 2, 'a', 1, 1, 0, NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT registry.content_sha256(jsonb_build_object('submission', :first, 'columns',
    '["pilot_unit", "y", "pilot_arm", "k"]'::jsonb, 'dictionaries', '$LABELS'::jsonb) || '$over');
ROLLBACK;
SQL
}
WANT=$(python3 - <<'PY'
import hashlib, struct
def text(s): s = s.encode(); return b"\2" + struct.pack(">I", len(s)) + s
def number(x): return b"\0" if x is None else b"\1" + struct.pack(">d", x)
h = hashlib.sha256(b"pilot content 1\n")
for name in sorted(["pilot_unit", "y", "pilot_arm", "k"]): h.update(text(name))
h.update(b"\0" + text("t") + text("a") + number(None))
h.update(text("u") + text("c") + text("b") + number(0.0))
print(h.hexdigest())
PY
)
is "$(hash_of)" "$WANT" "the server's content hash is that of the definition"
is "$(hash_of '{"columns": []}')" "PL002 the manifest of the load is incomplete" "of nothing there is none"
is "$(echo "SELECT registry.content_sha256('{}')" | as "$AGENCY")" "PL003 no load is open in this transaction" "nor without a load"

# ---- withdrawal ----------------------------------------------------------------------------------
is "$(load "" "" "$OTHER" C)" "C|1|accepted" "another agency has data"
sql "INSERT INTO registry.agencies (pilot, name) VALUES (1, 'E')"
sql "SELECT registry.reject_load('p', 1, '{A}', '$HASH', '[{\"row\": 1, \"code\": \"x\", \"message\": \"m\"}]'),
    registry.reject_load('p', 1, '{A,C}', '$HASH', '[{\"row\": 2, \"code\": \"x\", \"message\": \"m\"}]')" >"$T/rejected"
echo "SELECT work.launch('p')" | as "$OWNER" >"$T/launched"
sql "INSERT INTO work.jobs (analysis, kind, stage) VALUES (1, 1, 0), (1, 2, 1);
    INSERT INTO work.job_results (job, digest, part, epoch) SELECT job, '', 'labels', 1 FROM work.jobs WHERE kind = 1;
    UPDATE work.analyses SET state = 'done', finished_at = now()"
withdraw() { echo "SELECT * FROM registry.withdraw('p', '$1', $2)" | as "$3"; }
NONE='that this login submits for'
is "$(withdraw C NULL "$AGENCY")" "PL001 there is no agency \"C\" of pilot \"p\" $NONE" "nobody withdraws another's data"
is "$(withdraw nobody NULL "$AGENCY")" "PL001 there is no agency \"nobody\" of pilot \"p\" $NONE" "in the words of an agency that there is not"
is "$(withdraw A NULL "$EVALUATOR" | cut -c1-5)" 42501 "nor does an evaluator"
is "$(withdraw D NULL "$AGENCY")" 'PL002 agency "D" has no data in pilot "p" to withdraw' "what is not there cannot be withdrawn"
is "$(sql "SELECT data_state FROM results.analyses")|$(sql "SELECT count(*) FROM results.latest_analyses")" "current|1" \
    "an analysis before"
is "$(withdraw A "'families said no'" "$AGENCY")" "4|8|1|0" "an agency withdraws: revisions, rows, analyses, those under way"
is "$(sql "SELECT count(*) FROM outcomes.p r JOIN registry.submissions s ON s.submission = r.pilot_submission
    JOIN registry.agencies USING (agency) WHERE name = 'A'")" 0 "its rows of every revision are gone"
is "$(sql "SELECT count(*) FROM outcomes.p")" 8 "others' are not"
is "$(sql "SELECT count(*) FROM registry.dictionaries JOIN registry.submissions USING (submission)
    JOIN registry.agencies USING (agency) WHERE name = 'A'")" 0 "so are its labels"
is "$(sql "SELECT string_agg(row::text, ' ') FROM registry.problems")" 2 "and reports that are its alone"
is "$(sql "SELECT DISTINCT verdict, withdrawn_by, withdrawn_reason, content_sha256 = '$HASH', rows FROM results.submissions
    WHERE agency = 'A' AND state <> 'rejected'")" "withdrawn|agency|families said no|t|2" "hash and count stay, and who and why"
is "$(sql "SELECT data_state FROM results.analyses")|$(sql "SELECT count(*) FROM results.latest_analyses")" "withdrawn|0" \
    "the analysis says so, and is no longer the latest"
is "$(sql "SELECT count(*), count(part) FROM work.job_results")" "1|0" "what its jobs left for each other is gone"
is "$(sql "SELECT sum(pg_relation_size(inhrelid)) FROM pg_inherits JOIN registry.loads ON inhrelid =
    to_regclass('outcomes.\"p\$' || load || '\"') JOIN registry.submissions s USING (load)
    JOIN registry.agencies USING (agency) WHERE name = 'A' AND s.state = 'withdrawn'")" 0 "nothing is left on the disk"
is "$(withdraw A NULL "$AGENCY")" 'PL002 agency "A" has no data in pilot "p" to withdraw' "twice is once"
is "$(load)" "A|5|accepted" "data can be submitted again"
is "$(withdraw A "''" "$OWNER")" "1|2|0|0" "an owner withdraws too; no reason is none"
is "$(sql "SELECT withdrawn_reason IS NULL FROM results.submissions WHERE agency = 'A' AND revision = 5")" t "which is kept as none"

# Two agencies in one load: the other's rows stay.
cat <<SQL | try_sql >"$T/both"
BEGIN;
SELECT load, partition FROM registry.begin_load('p', 1) \gset
SELECT registry.reserve_submissions(2) AS first \gset
INSERT INTO outcomes.:"partition" (pilot_submission, pilot_row, pilot_unit, pilot_arm, pilot_cluster, pilot_weight, pilot_probability)
    SELECT :first + n / 3, n, n, 0, 0, 1, 0.5 FROM generate_series(0, 5) AS n;
SELECT agency FROM registry.seal_load(:load, jsonb_build_array($(for n in 0 1; do
    [ $n = 0 ] || printf ', '
    echo "jsonb_build_object('submission', :first + $n, 'agency', 'X$n', 'rows', 3, 'content_sha256', '$HASH',
    'file_sha256', '$HASH', 'columns', '$FILLED'::jsonb, 'dictionaries', '$LABELS'::jsonb)"; done)));
COMMIT;
SQL
is "$(cat "$T/both")" "X0
X1" "an owner submits two agencies at once"
before=$(sql "SELECT count(*) FROM outcomes.p")
echo "SELECT work.launch('p')" | try_sql >"$T/launched"
is "$(withdraw X0 NULL "$OWNER")" "1|3|1|1" "one of them is withdrawn while an analysis is queued"
is "$(sql "SELECT count(*) FROM outcomes.p")" $((before - 3)) "the other's rows stay"
sql "INSERT INTO work.jobs (analysis, kind, stage) VALUES (2, 1, 0);
    INSERT INTO work.job_results (job, digest, part, epoch) SELECT job, '', 'labels', 1 FROM work.jobs WHERE analysis = 2;
    UPDATE work.analyses SET state = 'running' WHERE analysis = 2"
is "$(sql "SELECT count(part) FROM work.job_results")" 1 "while it runs its parts stay"
sql "UPDATE work.analyses SET state = 'failed', finished_at = now() WHERE analysis = 2"
is "$(sql "SELECT count(part) FROM work.job_results")" 0 "when it has failed they are gone"
is "$(echo "SELECT work.retry(2)" | try_sql)" "PL005 data of analysis 2 was withdrawn; launch a new one" "it is not taken up again"
is "$(withdraw X1 NULL "$OWNER" | cut -c1-4)" "1|3|" "then the other"
is "$(sql "SELECT count(*) FROM outcomes.p")" $((before - 6)) "and its rows are gone too"
finish
