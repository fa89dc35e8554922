-- Registry, outcomes, work, results and dashboard: the tables.
-- Forward-only.  Runs inside one transaction, as the owner of the schemas.

CREATE SCHEMA registry;
CREATE SCHEMA outcomes;
CREATE SCHEMA work;
CREATE SCHEMA results;
CREATE SCHEMA dashboard;

COMMENT ON SCHEMA registry IS 'Pilot: plans, agencies, submissions';
COMMENT ON SCHEMA outcomes IS 'Pilot: unit rows, one table a pilot, partitioned by load';
COMMENT ON SCHEMA work IS 'Pilot: analyses, jobs and their stored rows';
COMMENT ON SCHEMA results IS 'Pilot: views to read results from';
COMMENT ON SCHEMA dashboard IS 'Pilot: released tables, after disclosure control';

CREATE TABLE registry.schema_version (
    version     int PRIMARY KEY,
    name        text NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE registry.schema_version IS 'Migrations that were applied, one row each';

CREATE TABLE registry.pilots (
    pilot       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE CHECK (name ~ '^[a-z][a-z0-9_]{0,47}$'),
    created_by  text NOT NULL DEFAULT session_user,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE registry.plans (
    plan          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pilot         bigint NOT NULL REFERENCES registry.pilots,
    version       int NOT NULL CHECK (version > 0),
    sha256        text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    json          text NOT NULL,
    source        text NOT NULL,
    columns       text[] NOT NULL,
    across        boolean NOT NULL DEFAULT false,
    clustered     boolean NOT NULL DEFAULT false,
    registered_by text NOT NULL DEFAULT session_user,
    registered_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (pilot, version)
);
COMMENT ON COLUMN registry.plans.json IS 'Canonical JSON (RFC 8785) of the plan as written; sha256 is over it';
COMMENT ON COLUMN registry.plans.columns IS 'SQL columns of outcomes.<pilot> that the plan needs of a submission';
COMMENT ON COLUMN registry.plans.across IS 'analysis.level is across: labels of units, blocks and clusters are global';
COMMENT ON COLUMN registry.plans.clustered IS 'The plan names a cluster column';

CREATE TABLE registry.agencies (
    agency  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pilot   bigint NOT NULL REFERENCES registry.pilots,
    name    text COLLATE "C" NOT NULL CHECK (name <> ''),
    UNIQUE (pilot, name)
);

CREATE TABLE registry.loads (
    load       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pilot      bigint NOT NULL REFERENCES registry.pilots,
    plan       bigint NOT NULL REFERENCES registry.plans,
    state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'sealed', 'rejected')),
    begun_by   text NOT NULL DEFAULT session_user,
    begun_at   timestamptz NOT NULL DEFAULT now(),
    ended_at   timestamptz,
    begun_in   xid8 NOT NULL DEFAULT pg_current_xact_id(),
    reserved   int NOT NULL DEFAULT 0 CHECK (reserved BETWEEN 0 AND 1048576)
);
COMMENT ON TABLE registry.loads IS 'One submit = one load = one partition of outcomes.<pilot>';
COMMENT ON COLUMN registry.loads.begun_in IS 'An open load belongs to one transaction, which seals it or leaves nothing';
COMMENT ON COLUMN registry.loads.reserved IS 'Submission ids taken so far of the load''s own 2^20: load * 1048576 + 0, 1, ...';

CREATE TABLE registry.submissions (
    submission     bigint PRIMARY KEY,
    agency         bigint NOT NULL REFERENCES registry.agencies,
    load           bigint NOT NULL REFERENCES registry.loads,
    revision       int CHECK (revision > 0),
    state          text NOT NULL CHECK (state IN ('accepted', 'rejected', 'superseded', 'withdrawn')),
    rows           bigint NOT NULL CHECK (rows >= 0),
    content_sha256 text CHECK (content_sha256 ~ '^[0-9a-f]{64}$'),
    file_sha256    text CHECK (file_sha256 ~ '^[0-9a-f]{64}$'),
    columns        text[] NOT NULL DEFAULT '{}',
    submitted_by   text NOT NULL DEFAULT session_user,
    submitted_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (agency, revision)
);
COMMENT ON COLUMN registry.submissions.submission IS 'load * 1048576 + n: the ids of one load lie in one range, which bounds its partition';
COMMENT ON COLUMN registry.submissions.columns IS 'SQL columns of outcomes.<pilot> that this submission fills';
CREATE UNIQUE INDEX submissions_one_accepted ON registry.submissions (agency)
    WHERE state = 'accepted';
CREATE INDEX submissions_load ON registry.submissions (load);

CREATE TABLE registry.dictionaries (
    submission  bigint NOT NULL REFERENCES registry.submissions ON DELETE CASCADE,
    column_name text NOT NULL,
    labels      text[] NOT NULL,
    PRIMARY KEY (submission, column_name)
);
COMMENT ON TABLE registry.dictionaries IS
    'Labels of pilot_arm, pilot_block, pilot_cluster, pilot_received and categorical columns; code c stored in outcomes is labels[c + 1]';

CREATE TABLE registry.problems (
    load     bigint NOT NULL REFERENCES registry.loads ON DELETE CASCADE,
    ordinal  int NOT NULL,
    file     int NOT NULL DEFAULT 1,
    row      bigint,
    "column" text,
    code     text NOT NULL,
    message  text NOT NULL,
    PRIMARY KEY (load, ordinal)
);
COMMENT ON TABLE registry.problems IS 'Report of a rejected load: no values of people''s data';

-- ---- work --------------------------------------------------------------------------------------

CREATE TABLE work.lease (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch      bigint NOT NULL DEFAULT 0,
    holder     text,
    endpoint   text,
    expires_at timestamptz
);
COMMENT ON TABLE work.lease IS 'Which coordinator may write: its epoch is checked in every write transaction';
INSERT INTO work.lease DEFAULT VALUES;

CREATE TABLE work.analyses (
    analysis           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pilot              bigint NOT NULL REFERENCES registry.pilots,
    plan               bigint NOT NULL REFERENCES registry.plans,
    state              text NOT NULL DEFAULT 'queued'
                       CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    confirmatory       boolean NOT NULL DEFAULT true,
    exploratory_reason text,
    data_sha256        text NOT NULL,
    software_version   text,
    cpu_class          text,
    launched_by        text NOT NULL DEFAULT session_user,
    launched_at        timestamptz NOT NULL DEFAULT now(),
    finished_at        timestamptz,
    cancel_requested   boolean NOT NULL DEFAULT false,
    retries            int NOT NULL DEFAULT 0,
    job_count          bigint,
    planned            boolean NOT NULL DEFAULT false
);
COMMENT ON COLUMN work.analyses.planned IS 'All its jobs are inserted (in the same transaction)';
COMMENT ON COLUMN work.analyses.retries IS 'Raised by pilot retry; failures before the last raise are forgotten';
CREATE INDEX analyses_active ON work.analyses (analysis) WHERE state IN ('queued', 'running');
CREATE INDEX analyses_pilot ON work.analyses (pilot);

CREATE TABLE work.pins (
    analysis   bigint NOT NULL REFERENCES work.analyses,
    ordinal    int NOT NULL,
    submission bigint NOT NULL REFERENCES registry.submissions,
    agency     text COLLATE "C" NOT NULL,
    rows       bigint NOT NULL,
    PRIMARY KEY (analysis, ordinal),
    UNIQUE (analysis, submission)
);
COMMENT ON TABLE work.pins IS 'The submissions that an analysis froze, in byte order of the agency''s name; ordinal counts from 0';

CREATE TABLE work.jobs (
    job        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    analysis   bigint NOT NULL REFERENCES work.analyses,
    kind       smallint NOT NULL,
    stage      smallint NOT NULL,
    first_pin  int,
    last_pin   int
);
COMMENT ON TABLE work.jobs IS 'Insert-only. A job is done if and only if work.job_results has it; a job may start when all jobs of lower stages of its analysis are done or given up';
COMMENT ON COLUMN work.jobs.kind IS '0 noop 1 estimate 2 pool 3 residual 4 finish 5 compare';
CREATE INDEX jobs_analysis ON work.jobs (analysis);

CREATE TABLE work.job_results (
    job        bigint PRIMARY KEY REFERENCES work.jobs,
    digest     bytea NOT NULL,
    part       bytea,
    worker     text,
    epoch      bigint NOT NULL,
    unit_rows  bigint,
    pull_us    bigint,
    compute_us bigint,
    stored_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN work.job_results.digest IS 'SHA-256 of the packed result rows: a second delivery must have the same';
COMMENT ON COLUMN work.job_results.part IS 'Mergeable part (packed message) that later jobs read back';

CREATE TABLE work.failures (
    failure    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job        bigint NOT NULL REFERENCES work.jobs,
    retries    int NOT NULL DEFAULT 0,
    worker     text,
    reason     text NOT NULL,
    given_up   boolean NOT NULL DEFAULT false,
    failed_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE work.failures IS 'Append-only. given_up: the job is quarantined in that round of retries';
CREATE INDEX failures_job ON work.failures (job);

CREATE TABLE work.effects (
    analysis       bigint NOT NULL REFERENCES work.analyses,
    job            bigint NOT NULL,
    ordinal        int NOT NULL,
    agency         text COLLATE "C",
    outcome        text NOT NULL,
    subgroup       text,
    level          text,
    arm            text NOT NULL,
    control        text NOT NULL,
    estimand       text NOT NULL,
    estimator      text NOT NULL,
    parameter      text,
    std_error_type text,
    estimate       float8,
    std_error      float8,
    df             float8,
    statistic      float8,
    p_value        float8,
    ci_low         float8,
    ci_high        float8,
    p_randomization         float8,
    p_randomization_mcse    float8,
    ci_randomization_low    float8,
    ci_randomization_high   float8,
    p_adjusted     float8,
    adjustment     text,
    control_mean   float8,
    n              bigint,
    n_arm          bigint,
    n_control      bigint,
    clusters       bigint,
    blocks         bigint,
    status         text NOT NULL,
    reason         text,
    detail         text
);
COMMENT ON COLUMN work.effects.agency IS 'NULL: pooled';
COMMENT ON COLUMN work.effects.ordinal IS 'Place in plan order within the agency';
CREATE UNIQUE INDEX effects_key ON work.effects (analysis, agency, ordinal) NULLS NOT DISTINCT;

CREATE TABLE work.comparisons (
    analysis  bigint NOT NULL REFERENCES work.analyses,
    job       bigint NOT NULL,
    ordinal   int NOT NULL,
    outcome   text NOT NULL,
    subgroup  text,
    level     text,
    arm       text NOT NULL,
    control   text NOT NULL,
    estimand  text NOT NULL,
    estimator text NOT NULL,
    parameter text,
    method    text NOT NULL,
    test      text NOT NULL,
    k         int NOT NULL,
    estimate  float8,
    std_error float8,
    df        float8,
    statistic float8,
    p_value   float8,
    ci_low    float8,
    ci_high   float8,
    pi_low    float8,
    pi_high   float8,
    tau2      float8,
    tau2_low  float8,
    tau2_high float8,
    q         float8,
    q_df      float8,
    q_p_value float8,
    i2        float8,
    h2        float8,
    headline  boolean NOT NULL,
    status    text NOT NULL,
    reason    text,
    detail    text,
    PRIMARY KEY (analysis, ordinal)
);

CREATE TABLE work.agency_effects (
    analysis     bigint NOT NULL REFERENCES work.analyses,
    job          bigint NOT NULL,
    ordinal      int NOT NULL,
    agency       text COLLATE "C" NOT NULL,
    outcome      text NOT NULL,
    subgroup     text,
    level        text,
    arm          text NOT NULL,
    control      text NOT NULL,
    estimand     text NOT NULL,
    estimator    text NOT NULL,
    parameter    text,
    estimate     float8,
    std_error    float8,
    eb_estimate  float8,
    eb_std_error float8,
    weight       float8,
    rank         float8,
    rank_low     float8,
    rank_high    float8,
    leave_one_out_estimate float8,
    status       text NOT NULL,
    reason       text,
    PRIMARY KEY (analysis, agency, ordinal)
);

CREATE TABLE work.quality (
    analysis  bigint NOT NULL REFERENCES work.analyses,
    job       bigint NOT NULL,
    ordinal   int NOT NULL,
    agency    text COLLATE "C",
    "check"   text NOT NULL,
    arm       text,
    variable  text,
    value     float8,
    statistic float8,
    df        float8,
    p_value   float8,
    alarm     boolean NOT NULL,
    detail    text
);
CREATE UNIQUE INDEX quality_key ON work.quality (analysis, agency, ordinal) NULLS NOT DISTINCT;
