-- A history on PostgreSQL as it was made before Alembic, in version 1 of its own table `version`.
CREATE TABLE meta (key text PRIMARY KEY, value text NOT NULL);
CREATE TABLE words (id int8 PRIMARY KEY, kind int2 NOT NULL, text text NOT NULL,
    used float8 NOT NULL);
CREATE TABLE tracebacks (id int8 PRIMARY KEY, text bytea NOT NULL, used float8 NOT NULL);
CREATE TABLE sessions (started float8, host text, pid int4, last float8 NOT NULL,
    version text NOT NULL, ended bool NOT NULL, dropped int8 NOT NULL,
    PRIMARY KEY (started, host, pid));
CREATE TABLE gaps (since float8 NOT NULL, until float8, reason text);
CREATE TABLE marks (at float8 NOT NULL, text text NOT NULL, by text NOT NULL);
CREATE TABLE actions (at float8 NOT NULL, entry text NOT NULL);
CREATE TABLE alerts (at float8 NOT NULL, raised bool NOT NULL, detector text NOT NULL,
    subject text NOT NULL, severity text NOT NULL, since float8 NOT NULL, text text NOT NULL);
CREATE TABLE workers (at float8 NOT NULL, worker int8 NOT NULL, status text NOT NULL, running int8,
    processed int8, succeeded int8, failed int8, retried int8, load float8)
    PARTITION BY RANGE (at);
CREATE TABLE queues (at float8 NOT NULL, queue int8 NOT NULL, ready int8, unacked int8,
    consumers int8) PARTITION BY RANGE (at);
CREATE TABLE totals (kind int2 NOT NULL, last float8 NOT NULL, name int8, bucket int4,
    number int8 NOT NULL, busy int8, longest int8);
CREATE INDEX ON totals (last);
CREATE TABLE open (seen float8 NOT NULL, sent float8, received float8, started float8, finished
    float8, runtime int8, waited int8, name int8, worker int8, queue int8, origin int8, traceback
    int8, retries int8, state int2 NOT NULL, own_root int2 NOT NULL, task bytea NOT NULL, root
    bytea, parent bytea, args text, kwargs text, result text, exception text, extra text, attempts
    text, PRIMARY KEY (task));
CREATE TABLE tasks (seen float8 NOT NULL, sent float8, received float8, started float8, finished
    float8, runtime int8, waited int8, name int8, worker int8, queue int8, origin int8, traceback
    int8, retries int8, state int2 NOT NULL, own_root int2 NOT NULL, task bytea NOT NULL, root
    bytea, parent bytea, args text, kwargs text, result text, exception text, extra text, attempts
    text) PARTITION BY LIST (state);
CREATE TABLE tasks_success PARTITION OF tasks FOR VALUES IN (4) PARTITION BY RANGE (seen);
CREATE TABLE tasks_other PARTITION OF tasks DEFAULT PARTITION BY RANGE (seen);
CREATE INDEX ON tasks (task);
CREATE INDEX ON tasks (seen);
CREATE INDEX ON tasks (name, seen);
CREATE INDEX ON tasks (runtime, name) WHERE runtime > 1000000;
CREATE INDEX ON tasks (seen) WHERE length(task) <> 16;
CREATE INDEX ON tasks_other (state, seen);
CREATE TABLE version (number int4 NOT NULL, at float8 NOT NULL, program text NOT NULL);
INSERT INTO version VALUES (1, 1700000000, '0.1.0');
