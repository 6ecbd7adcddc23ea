-- Times are nanoseconds since 1970 in UTC. `body` is a row of cordon-model's records as JSON; the
-- columns beside it are what queries look for, and are written from it. Every table has its site.
--
-- Rows of devices and findings are long. Without a row id, a row longer than a quarter of a page
-- gets pages of its own: the database was four times what it holds.
CREATE TABLE device (
    site TEXT NOT NULL, id TEXT NOT NULL, last INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id)
) STRICT;

CREATE TABLE finding (
    site TEXT NOT NULL, id TEXT NOT NULL, device TEXT, state TEXT NOT NULL,
    last INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id)
) STRICT;
CREATE INDEX finding_device ON finding (site, device);

CREATE TABLE event (
    site TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, device TEXT NOT NULL,
    kind TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_device ON event (site, device, seq);
CREATE INDEX event_at ON event (site, at);

CREATE TABLE change (
    site TEXT NOT NULL, id INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE change_device (
    site TEXT NOT NULL, device TEXT NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (site, device, change),
    FOREIGN KEY (site, change) REFERENCES change (site, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX change_device_change ON change_device (site, change);

CREATE TABLE person (
    site TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id), UNIQUE (site, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE credential (
    site TEXT NOT NULL, id TEXT NOT NULL, person TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id),
    FOREIGN KEY (site, person) REFERENCES person (site, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX credential_person ON credential (site, person);

-- Secrets of sessions, invitations and tokens are here as SHA-256 in hexadecimal only.
CREATE TABLE session (
    site TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, person TEXT NOT NULL,
    expires INTEGER NOT NULL, ended INTEGER, body TEXT NOT NULL,
    PRIMARY KEY (site, id), UNIQUE (site, seq),
    FOREIGN KEY (site, person) REFERENCES person (site, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX session_person ON session (site, person, seq);

CREATE TABLE invite (
    site TEXT NOT NULL, id TEXT NOT NULL, expires INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    site TEXT NOT NULL, id TEXT NOT NULL, hash TEXT NOT NULL, person TEXT NOT NULL,
    expires INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id), UNIQUE (site, hash),
    FOREIGN KEY (site, person) REFERENCES person (site, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX token_person ON token (site, person);

CREATE TABLE approval (
    site TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, expires INTEGER NOT NULL,
    decided INTEGER, body TEXT NOT NULL,
    PRIMARY KEY (site, id), UNIQUE (site, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
    site TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (site, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE counter (
    site TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (site, name)
) STRICT, WITHOUT ROWID;

-- The leaves of the Merkle log (RFC 9162), in order and without a gap, and what was signed.
CREATE TABLE ledger (
    site TEXT NOT NULL, seq INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
    subject TEXT NOT NULL, record BLOB NOT NULL, leaf BLOB NOT NULL,
    PRIMARY KEY (site, seq)
) STRICT;
CREATE INDEX ledger_actor ON ledger (site, actor, seq);
CREATE INDEX ledger_action ON ledger (site, action, seq);
CREATE INDEX ledger_subject ON ledger (site, subject, seq);

CREATE TABLE checkpoint (
    site TEXT NOT NULL, size INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (site, size)
) STRICT, WITHOUT ROWID;
