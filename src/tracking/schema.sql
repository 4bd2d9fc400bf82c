-- Schema version 1 of the run store (PRAGMA user_version). Never edit a released step: add a new one.
--
-- Conventions
--   * times are milliseconds since the epoch; "deleted" is the time of the soft delete, NULL = active
--   * metric, parameter and tag names are interned in `keys`: key = (SELECT id FROM keys WHERE name = ?)
--   * runs.n is the internal number of a run that every other table refers to; runs.id is its public id
--   * params, tags and the index series_head are clustered by (key, run): a filter or a sort on one key
--     over all runs is one sequential scan, and a look-up for one run is one seek
--   * a missing row is a missing key; in `series` a NULL in latest, min or max is NaN, so that a
--     comparison with it is never true
--   * exactly one series of a (run, key) has head = 1: the one whose latest point is the greatest by
--     (step, ts, value). Filters, sorts and listings look at head = 1 only and never at `points`

CREATE TABLE keys(
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
-- These have fixed numbers, because an index below names one of them.
INSERT INTO keys(id, name) VALUES (1, 'mlflow.parentRunId'), (2, 'mlflow.runName');

CREATE TABLE experiments(
  id                INTEGER PRIMARY KEY AUTOINCREMENT,  -- numbers are never used again
  name              TEXT NOT NULL UNIQUE,               -- stays taken while soft-deleted
  artifact_location TEXT NOT NULL,                      -- '': the default, home/artifacts/<id>
  created           INTEGER NOT NULL,
  updated           INTEGER NOT NULL,
  deleted           INTEGER
) STRICT;

CREATE TABLE experiment_tags(
  experiment INTEGER NOT NULL REFERENCES experiments(id) ON DELETE CASCADE,
  key        TEXT NOT NULL,
  value      TEXT NOT NULL,
  PRIMARY KEY(experiment, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs(
  n              INTEGER PRIMARY KEY,
  id             TEXT NOT NULL UNIQUE,
  experiment     INTEGER NOT NULL REFERENCES experiments(id),
  deleted        INTEGER,
  status         INTEGER NOT NULL,  -- MLflow's: 1 RUNNING 2 SCHEDULED 3 FINISHED 4 FAILED 5 KILLED
  start          INTEGER NOT NULL,
  end            INTEGER,
  name           TEXT NOT NULL,     -- always equal to the tag mlflow.runName
  user           TEXT NOT NULL,
  artifact_uri   TEXT NOT NULL,     -- '': the default, home/artifacts/<experiment>/<id>/artifacts
  exit_code      INTEGER,
  signal         INTEGER,
  tracker_pid    INTEGER NOT NULL DEFAULT 0,
  tracker_start  INTEGER NOT NULL DEFAULT 0,
  tracker_boot   TEXT NOT NULL DEFAULT '',
  tracker_host   TEXT NOT NULL DEFAULT '',
  child_pid      INTEGER NOT NULL DEFAULT 0,
  child_start    INTEGER NOT NULL DEFAULT 0,
  child_boot     TEXT NOT NULL DEFAULT '',
  child_host     TEXT NOT NULL DEFAULT '',
  source_type    TEXT NOT NULL DEFAULT '',
  source_name    TEXT NOT NULL DEFAULT '',
  source_version TEXT NOT NULL DEFAULT '',
  entry_point    TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX runs_by_start ON runs(start DESC, id, experiment) WHERE deleted IS NULL;
CREATE INDEX runs_by_experiment ON runs(experiment, start DESC, id, deleted);
CREATE INDEX runs_by_name ON runs(name);
CREATE INDEX runs_running ON runs(start) WHERE status = 1;

CREATE TABLE params(
  key   INTEGER NOT NULL REFERENCES keys(id),
  run   INTEGER NOT NULL REFERENCES runs(n) ON DELETE CASCADE,
  value TEXT NOT NULL,
  PRIMARY KEY(key, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX params_by_run ON params(run);

CREATE TABLE tags(
  key   INTEGER NOT NULL REFERENCES keys(id),
  run   INTEGER NOT NULL REFERENCES runs(n) ON DELETE CASCADE,
  value TEXT NOT NULL,
  PRIMARY KEY(key, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_by_run ON tags(run);
CREATE INDEX tags_parent ON tags(value) WHERE key = 1;

-- What a metric was measured on, where the client said so; 0 is "nothing in particular".
CREATE TABLE contexts(
  id             INTEGER PRIMARY KEY,
  model_id       TEXT NOT NULL,
  dataset_name   TEXT NOT NULL,
  dataset_digest TEXT NOT NULL,
  UNIQUE(model_id, dataset_name, dataset_digest)
) STRICT;
INSERT INTO contexts VALUES (0, '', '', '');

CREATE TABLE series(
  id          INTEGER PRIMARY KEY,
  run         INTEGER NOT NULL REFERENCES runs(n),
  key         INTEGER NOT NULL REFERENCES keys(id),
  context     INTEGER NOT NULL REFERENCES contexts(id),
  head        INTEGER NOT NULL,
  count       INTEGER NOT NULL,
  latest_step INTEGER NOT NULL,
  latest_ts   INTEGER NOT NULL,
  latest      ANY,               -- ANY, because a REAL column turns -0.0 into 0.0
  min         ANY,
  min_step    INTEGER NOT NULL,
  max         ANY,
  max_step    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX series_identity ON series(run, key, context);
CREATE INDEX series_head ON series(key, head, run, latest, min, max);
CREATE INDEX series_context ON series(context) WHERE context <> 0;

-- 28 bytes a point. A NaN cannot be a REAL in SQLite: it is the text 'NaN', which sorts after numbers.
-- No foreign key: it would cost a look-up for each point.
CREATE TABLE points(
  series INTEGER NOT NULL,
  step   INTEGER NOT NULL,
  ts     INTEGER NOT NULL,
  value  ANY NOT NULL,
  PRIMARY KEY(series, step, ts, value)
) STRICT, WITHOUT ROWID;

-- How far a reader of a run's metrics file has come; written in the transaction of the points.
CREATE TABLE resume(
  run   INTEGER NOT NULL REFERENCES runs(n) ON DELETE CASCADE,
  key   TEXT NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY(run, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifacts(
  run    INTEGER NOT NULL REFERENCES runs(n) ON DELETE CASCADE,
  path   TEXT NOT NULL,
  size   INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  added  INTEGER NOT NULL,
  PRIMARY KEY(run, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE datasets(
  id          INTEGER PRIMARY KEY,
  experiment  INTEGER NOT NULL REFERENCES experiments(id) ON DELETE CASCADE,
  name        TEXT NOT NULL,
  digest      TEXT NOT NULL,
  source_type TEXT NOT NULL,
  source      TEXT NOT NULL,
  schema      TEXT NOT NULL,
  profile     TEXT NOT NULL,
  UNIQUE(experiment, name, digest)
) STRICT;

CREATE TABLE inputs(
  run     INTEGER NOT NULL REFERENCES runs(n) ON DELETE CASCADE,
  dataset INTEGER NOT NULL REFERENCES datasets(id),
  PRIMARY KEY(run, dataset)
) STRICT, WITHOUT ROWID;
CREATE INDEX inputs_by_dataset ON inputs(dataset);

CREATE TABLE input_tags(
  run     INTEGER NOT NULL,
  dataset INTEGER NOT NULL,
  key     TEXT NOT NULL,
  value   TEXT NOT NULL,
  PRIMARY KEY(run, dataset, key),
  FOREIGN KEY(run, dataset) REFERENCES inputs(run, dataset) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE logged_models(
  n              INTEGER PRIMARY KEY,
  id             TEXT NOT NULL UNIQUE,  -- "m-" and 32 hexadecimal digits
  experiment     INTEGER NOT NULL REFERENCES experiments(id),
  name           TEXT NOT NULL,
  artifact_uri   TEXT NOT NULL,
  created        INTEGER NOT NULL,
  updated        INTEGER NOT NULL,
  deleted        INTEGER,
  status         INTEGER NOT NULL,      -- MLflow's: 1 PENDING 2 READY 3 FAILED
  status_message TEXT NOT NULL,
  model_type     TEXT NOT NULL,
  source_run     TEXT NOT NULL          -- runs.id, or ''
) STRICT;
CREATE INDEX logged_models_by_experiment ON logged_models(experiment, created DESC);
CREATE INDEX logged_models_by_run ON logged_models(source_run) WHERE source_run <> '';

CREATE TABLE logged_model_params(
  model INTEGER NOT NULL REFERENCES logged_models(n) ON DELETE CASCADE,
  key   TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY(model, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE logged_model_tags(
  model INTEGER NOT NULL REFERENCES logged_models(n) ON DELETE CASCADE,
  key   TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY(model, key)
) STRICT, WITHOUT ROWID;

-- Logged models that a run reads (output = 0) or has made (output = 1).
CREATE TABLE run_models(
  run    INTEGER NOT NULL REFERENCES runs(n) ON DELETE CASCADE,
  output INTEGER NOT NULL,
  model  TEXT NOT NULL,                 -- logged_models.id
  step   INTEGER NOT NULL,
  PRIMARY KEY(run, output, model)
) STRICT, WITHOUT ROWID;

CREATE TABLE registered_models(
  n           INTEGER PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  user        TEXT NOT NULL,
  created     INTEGER NOT NULL,
  updated     INTEGER NOT NULL
) STRICT;

CREATE TABLE registered_model_tags(
  model INTEGER NOT NULL REFERENCES registered_models(n) ON DELETE CASCADE,
  key   TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY(model, key)
) STRICT, WITHOUT ROWID;

-- Deleted versions keep their row, so that a number is never used again.
CREATE TABLE model_versions(
  model            INTEGER NOT NULL REFERENCES registered_models(n) ON DELETE CASCADE,
  version          INTEGER NOT NULL,
  deleted          INTEGER,
  created          INTEGER NOT NULL,
  updated          INTEGER NOT NULL,
  description      TEXT NOT NULL,
  user             TEXT NOT NULL,
  stage            TEXT NOT NULL,       -- None, Staging, Production, Archived
  source           TEXT NOT NULL,
  storage_location TEXT NOT NULL,
  run              TEXT NOT NULL,       -- runs.id, or ''
  run_link         TEXT NOT NULL,
  logged_model     TEXT NOT NULL,       -- logged_models.id, or ''
  status           INTEGER NOT NULL,    -- MLflow's: 1 PENDING 2 FAILED 3 READY
  status_message   TEXT NOT NULL,
  PRIMARY KEY(model, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX model_versions_by_run ON model_versions(run) WHERE run <> '';

CREATE TABLE model_version_tags(
  model   INTEGER NOT NULL,
  version INTEGER NOT NULL,
  key     TEXT NOT NULL,
  value   TEXT NOT NULL,
  PRIMARY KEY(model, version, key),
  FOREIGN KEY(model, version) REFERENCES model_versions(model, version) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE model_aliases(
  model   INTEGER NOT NULL,
  alias   TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY(model, alias),
  FOREIGN KEY(model, version) REFERENCES model_versions(model, version) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The experiment that always exists.
INSERT INTO experiments(id, name, artifact_location, created, updated) VALUES (0, 'Default', '', 0, 0);
