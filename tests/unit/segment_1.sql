-- A segment of version 1: what is there in the folders of users.
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE words (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE tracebacks (id INTEGER PRIMARY KEY, text BLOB NOT NULL) STRICT;
CREATE TABLE tasks (id INTEGER PRIMARY KEY, 
    key INTEGER NOT NULL, task ANY NOT NULL, name INTEGER, worker INTEGER, queue INTEGER,
    state INTEGER NOT NULL, retries INTEGER, seen REAL NOT NULL,
    sent REAL, received REAL, started REAL, finished REAL, runtime INTEGER, waited INTEGER,
    args TEXT, kwargs TEXT, result TEXT, exception TEXT, traceback INTEGER,
    own_root INTEGER NOT NULL, root ANY, parent ANY, origin INTEGER, extra TEXT, attempts TEXT
) STRICT;
CREATE TABLE open (id INTEGER PRIMARY KEY, 
    key INTEGER NOT NULL, task ANY NOT NULL, name INTEGER, worker INTEGER, queue INTEGER,
    state INTEGER NOT NULL, retries INTEGER, seen REAL NOT NULL,
    sent REAL, received REAL, started REAL, finished REAL, runtime INTEGER, waited INTEGER,
    args TEXT, kwargs TEXT, result TEXT, exception TEXT, traceback INTEGER,
    own_root INTEGER NOT NULL, root ANY, parent ANY, origin INTEGER, extra TEXT, attempts TEXT
) STRICT;
CREATE TABLE again (key INTEGER PRIMARY KEY) STRICT;
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, started REAL NOT NULL, last REAL NOT NULL, pid INTEGER, host TEXT,
    version TEXT, ended INTEGER NOT NULL, dropped INTEGER NOT NULL
) STRICT;
CREATE TABLE workers (
    at REAL NOT NULL, worker INTEGER NOT NULL, status TEXT NOT NULL, running INTEGER,
    processed INTEGER, succeeded INTEGER, failed INTEGER, retried INTEGER, load REAL
) STRICT;
CREATE TABLE queues (
    at REAL NOT NULL, queue INTEGER NOT NULL, ready INTEGER, unacked INTEGER, consumers INTEGER
) STRICT;
CREATE TABLE gaps (since REAL NOT NULL, until REAL, reason TEXT) STRICT;
CREATE TABLE marks (at REAL NOT NULL, text TEXT NOT NULL, by TEXT NOT NULL) STRICT;
CREATE TABLE actions (at REAL NOT NULL, entry TEXT NOT NULL) STRICT;
CREATE TABLE alerts (
    at REAL NOT NULL, raised INTEGER NOT NULL, detector TEXT NOT NULL, subject TEXT NOT NULL,
    severity TEXT NOT NULL, since REAL NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE TABLE totals (
    kind INTEGER NOT NULL, last REAL NOT NULL, name INTEGER, bucket INTEGER,
    number INTEGER NOT NULL, busy INTEGER, longest INTEGER
) STRICT;
CREATE INDEX tasks_key ON tasks (key);
CREATE INDEX tasks_text ON tasks (task) WHERE typeof(task) = 'text';
CREATE INDEX tasks_seen ON tasks (seen);
CREATE INDEX tasks_other ON tasks (seen, state) WHERE state <> 4;
CREATE INDEX tasks_name ON tasks (name, seen, runtime);
CREATE INDEX tasks_slow ON tasks (runtime, seen) WHERE runtime > 1000000;
CREATE INDEX tasks_root ON tasks (root) WHERE root IS NOT NULL;
CREATE UNIQUE INDEX open_task ON open (task);
