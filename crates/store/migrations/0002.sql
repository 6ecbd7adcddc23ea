-- What may be done on the network: what stands for each device, what learning proposes, and every
-- step of people. Rows hold whole contracts, so these tables keep their row ids (see 0001).
CREATE TABLE contract (
    site TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id)
) STRICT;

CREATE TABLE proposal (
    site TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id)
) STRICT;

CREATE TABLE step (
    site TEXT NOT NULL, id INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id)
) STRICT;
CREATE TABLE step_device (
    site TEXT NOT NULL, device TEXT NOT NULL, step INTEGER NOT NULL,
    PRIMARY KEY (site, device, step),
    FOREIGN KEY (site, step) REFERENCES step (site, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX step_device_step ON step_device (site, step);
