PRAGMA application_id = 1668441198;
PRAGMA user_version = 2;
CREATE TABLE schema_step (
    version INTEGER NOT NULL PRIMARY KEY, checksum TEXT NOT NULL
) STRICT;
INSERT INTO schema_step VALUES (1, '3a602afdfe949a23fb71c9c10078954049129413b74a911223eb77b5c52bf8de');
INSERT INTO schema_step VALUES (2, '359240575b459e40d91dd454366959608f5aaceed93ac50c2f5b0cc642abe5c9');
CREATE TABLE device (
    site TEXT NOT NULL, id TEXT NOT NULL, last INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id)
) STRICT;
INSERT INTO device VALUES ('home', 'a', 1700000060000000001, '{"id":"a","seen":{"id":"a","name":{"value":"Küche ☕ ''); --","confidence":0.7,"reasons":[]},"kind":null,"vendor":null,"model":null,"firmware":null,"os":null,"macs":["00:17:88:24:76:ff"],"ips":["10.0.0.7","fe80::1"],"random_mac":false,"parent":null,"routes":false,"vlans":[7],"services":[],"first":"2023-11-14T22:13:20.000000001Z","last":"2023-11-14T22:14:20.000000001Z","packets":18446744073709551615,"bytes":1},"own":{"name":null,"kind":{"value":"router","by":"person:anna","at":"2023-11-14T22:13:21.000000001Z"},"vendor":null,"model":null,"firmware":null,"os":null,"owner":null,"location":null,"zone":null,"criticality":null,"tags":[],"notes":null},"first":"2023-11-14T22:13:20.000000001Z","last":"2023-11-14T22:14:20.000000001Z"}');
CREATE TABLE finding (
    site TEXT NOT NULL, id TEXT NOT NULL, device TEXT, state TEXT NOT NULL,
    last INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id)
) STRICT;
INSERT INTO finding VALUES ('home', 'f', 'a', 'open', 1700000060000000001, '{"id":"f","finding":{"kind":"default-credential","severity":"critical","device":"a","title":"factory password in use","why":"The password is in every botnet''s list; whoever reaches the device owns it.","fix":"Change the password now, then check the device for changes that nobody here made.","evidence":[],"count":3,"first":"2023-11-14T22:13:20.000000001Z","last":"2023-11-14T22:14:20.000000001Z"},"first":"2023-11-14T22:13:20.000000001Z","last":"2023-11-14T22:14:20.000000001Z","state":"open","accepted":null}');
CREATE TABLE event (
    site TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, device TEXT NOT NULL,
    kind TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO event VALUES ('home', 0, 1700000001000000001, 'a', 'appeared', '{"at":"2023-11-14T22:13:21.000000001Z","device":"a","kind":"appeared","says":"said at 1","actor":null}');
CREATE TABLE change (
    site TEXT NOT NULL, id INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id)
) STRICT, WITHOUT ROWID;
INSERT INTO change VALUES ('home', 3, 1700000005000000001, '{"id":3,"at":"2023-11-14T22:13:25.000000001Z","by":"person:anna","says":"joined two devices","before":[{"id":"a","seen":{"id":"a","name":{"value":"Küche ☕ ''); --","confidence":0.7,"reasons":[]},"kind":null,"vendor":null,"model":null,"firmware":null,"os":null,"macs":["00:17:88:24:76:ff"],"ips":["10.0.0.7","fe80::1"],"random_mac":false,"parent":null,"routes":false,"vlans":[7],"services":[],"first":"2023-11-14T22:13:20.000000001Z","last":"2023-11-14T22:14:20.000000001Z","packets":18446744073709551615,"bytes":1},"own":{"name":null,"kind":{"value":"router","by":"person:anna","at":"2023-11-14T22:13:21.000000001Z"},"vendor":null,"model":null,"firmware":null,"os":null,"owner":null,"location":null,"zone":null,"criticality":null,"tags":[],"notes":null},"first":"2023-11-14T22:13:20.000000001Z","last":"2023-11-14T22:14:20.000000001Z"}],"after":["a"],"made":[],"findings":[],"undone":false}');
CREATE TABLE change_device (
    site TEXT NOT NULL, device TEXT NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (site, device, change),
    FOREIGN KEY (site, change) REFERENCES change (site, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO change_device VALUES ('home', 'a', 3);
CREATE TABLE person (
    site TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id), UNIQUE (site, name)
) STRICT, WITHOUT ROWID;
INSERT INTO person VALUES ('home', 'anna', 'anna', '{"id":"anna","name":"anna","role":"operator","created":"2023-11-14T22:13:20.000000001Z","disabled":false}');
CREATE TABLE credential (
    site TEXT NOT NULL, id TEXT NOT NULL, person TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id),
    FOREIGN KEY (site, person) REFERENCES person (site, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO credential VALUES ('home', 'key', 'anna', '{"id":"key","person":"anna","kind":"passkey","label":"yellow key","sealed":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63,64,65,66,67,68,69,70,71,72,73,74,75,76,77,78,79,80,81,82,83,84,85,86,87,88,89,90,91,92,93,94,95,96,97,98,99,100,101,102,103,104,105,106,107,108,109,110,111,112,113,114,115,116,117,118,119,120,121,122,123,124,125,126,127,128,129,130,131,132,133,134,135,136,137,138,139,140,141,142,143,144,145,146,147,148,149,150,151,152,153,154,155,156,157,158,159,160,161,162,163,164,165,166,167,168,169,170,171,172,173,174,175,176,177,178,179,180,181,182,183,184,185,186,187,188,189,190,191,192,193,194,195,196,197,198,199,200,201,202,203,204,205,206,207,208,209,210,211,212,213,214,215,216,217,218,219,220,221,222,223,224,225,226,227,228,229,230,231,232,233,234,235,236,237,238,239,240,241,242,243,244,245,246,247,248,249,250,251,252,253,254,255],"created":"2023-11-14T22:13:20.000000001Z","used":"2023-11-14T22:13:22.000000001Z"}');
CREATE TABLE session (
    site TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, person TEXT NOT NULL,
    expires INTEGER NOT NULL, ended INTEGER, body TEXT NOT NULL,
    PRIMARY KEY (site, id), UNIQUE (site, seq),
    FOREIGN KEY (site, person) REFERENCES person (site, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO session VALUES ('home', '0101010101010101010101010101010101010101010101010101010101010101', 0, 'anna', 1700003600000000001, NULL, '{"hash":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"person":"anna","created":"2023-11-14T22:13:20.000000001Z","expires":"2023-11-14T23:13:20.000000001Z","used":"2023-11-14T22:13:21.000000001Z","agent":"Firefox","from":"10.0.0.9"}');
CREATE TABLE invite (
    site TEXT NOT NULL, id TEXT NOT NULL, expires INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id)
) STRICT, WITHOUT ROWID;
INSERT INTO invite VALUES ('home', '0202020202020202020202020202020202020202020202020202020202020202', 1700003600000000001, '{"hash":[2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2],"person":null,"role":"viewer","by":"local:0","created":"2023-11-14T22:13:20.000000001Z","expires":"2023-11-14T23:13:20.000000001Z"}');
CREATE TABLE token (
    site TEXT NOT NULL, id TEXT NOT NULL, hash TEXT NOT NULL, person TEXT NOT NULL,
    expires INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id), UNIQUE (site, hash),
    FOREIGN KEY (site, person) REFERENCES person (site, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO token VALUES ('home', 't', '0303030303030303030303030303030303030303030303030303030303030303', 'anna', 1700003600000000001, '{"id":"t","hash":[3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3],"person":"anna","label":"grafana","scope":"metrics","created":"2023-11-14T22:13:20.000000001Z","expires":"2023-11-14T23:13:20.000000001Z","used":null}');
CREATE TABLE approval (
    site TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, expires INTEGER NOT NULL,
    decided INTEGER, body TEXT NOT NULL,
    PRIMARY KEY (site, id), UNIQUE (site, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO approval VALUES ('home', 'r', 0, 1700003600000000001, NULL, '{"id":"r","action":"device.forget","subject":"a","request":"{}","reason":"it is gone","asked_by":"anna","asked":"2023-11-14T22:13:20.000000001Z","expires":"2023-11-14T23:13:20.000000001Z","decided":null}');
CREATE TABLE setting (
    site TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (site, name)
) STRICT, WITHOUT ROWID;
INSERT INTO setting VALUES ('home', 'tone', 'dark');
CREATE TABLE counter (
    site TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (site, name)
) STRICT, WITHOUT ROWID;
INSERT INTO counter VALUES ('home', 'read', 7);
CREATE TABLE ledger (
    site TEXT NOT NULL, seq INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
    subject TEXT NOT NULL, record BLOB NOT NULL, leaf BLOB NOT NULL,
    PRIMARY KEY (site, seq)
) STRICT;
INSERT INTO ledger VALUES ('home', 0, 'person:anna', 'device.edit', 'a', X'7B22616374696F6E223A226465766963652E65646974222C226163746F72223A22706572736F6E3A616E6E61222C226174223A22323032332D31312D31345432323A31333A32392E3030303030303030315A222C2264657461696C223A7B22776879223A2262656361757365227D2C22696E646578223A302C227375626A656374223A2261227D', X'4D3FF8CE94251CBABC21E1AD46797CB1456A238E7811FB8E0894CEDFF9E92788');
INSERT INTO ledger VALUES ('home', 1, 'person:anna', 'device.edit', 'a', X'7B22616374696F6E223A226465766963652E65646974222C226163746F72223A22706572736F6E3A616E6E61222C226174223A22323032332D31312D31345432323A31333A32392E3030303030303030315A222C2264657461696C223A7B22776879223A2262656361757365227D2C22696E646578223A312C227375626A656374223A2261227D', X'C09248F28471FA41737E39FD2126ADA63C742315FB3C73C6EEFDC4C6BB7EEBD8');
INSERT INTO ledger VALUES ('home', 2, 'person:anna', 'device.edit', 'a', X'7B22616374696F6E223A226465766963652E65646974222C226163746F72223A22706572736F6E3A616E6E61222C226174223A22323032332D31312D31345432323A31333A32392E3030303030303030315A222C2264657461696C223A7B22776879223A2262656361757365227D2C22696E646578223A322C227375626A656374223A2261227D', X'0F427F6D621745F8627C705CA1F6F29ABC15C6406BF657BEBA52DB5853EA16B4');
CREATE TABLE checkpoint (
    site TEXT NOT NULL, size INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (site, size)
) STRICT, WITHOUT ROWID;
INSERT INTO checkpoint VALUES ('home', 3, 'cordon.test/home
3
1gQHCMcKFpJ/Fpq/+3q4O2z2Xg91FtKQdlBjKJJLwv4=
at 2023-11-14T22:13:29.000000001Z

— cordon.test/home qnu/yVNRir5cNAhTNfwxy2GrEq7dUN7GRTOIDWS1DbXxU5xoIk6q5wNZ0YhTRP8wZOt3xM/585OcizSchoR2x+PpgrA=
');
CREATE TABLE contract (
    site TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id)
) STRICT;
INSERT INTO contract VALUES ('home', 'a', '{"device":"a","signed":{"payloadType":"application/vnd.cordon.contract+json","payload":"eyJzY2hlbWEiOiJjb3Jkb24uY29udHJhY3QvMSIsImRldmljZSI6ImEiLCJuYW1lIjoibGFtcCIsInZlcnNpb24iOjEsIm1hZGUiOiIyMDIzLTExLTE0VDIyOjEzOjI0LjAwMDAwMDAwMVoiLCJieSI6ImxlYXJuaW5nIiwiZW50cmllcyI6W3sicGVlciI6eyJraW5kIjoiZ2F0ZXdheSJ9LCJvcGVucyI6ImRldmljZSIsInRyYW5zcG9ydCI6InVkcCIsInBvcnRzIjpbIjUzIl0sIndoeSI6W3sia2luZCI6ImxlYXJuZWQiLCJmaXJzdCI6IjIwMjMtMTEtMTRUMjI6MTM6MjMuMDAwMDAwMDAxWiIsImxhc3QiOiIyMDIzLTExLTE0VDIyOjEzOjIzLjAwMDAwMDAwMVoiLCJ0aW1lcyI6MSwiZGF5cyI6WzE5Njc1XSwiZXZpZGVuY2UiOlt7ImlucHV0IjowLCJudW1iZXIiOjB9XX1dfV19","signatures":[{"keyid":"test","sig":"RFNTRXYxIDM2IGFwcGxpY2F0aW9uL3ZuZC5jb3Jkb24uY29udHJhY3QranNvbiAzODQgeyJzY2hlbWEiOiJjb3Jkb24uY29udHJhY3QvMSIsImRldmljZSI6ImEiLCJuYW1lIjoibGFtcCIsInZlcnNpb24iOjEsIm1hZGUiOiIyMDIzLTExLTE0VDIyOjEzOjI0LjAwMDAwMDAwMVoiLCJieSI6ImxlYXJuaW5nIiwiZW50cmllcyI6W3sicGVlciI6eyJraW5kIjoiZ2F0ZXdheSJ9LCJvcGVucyI6ImRldmljZSIsInRyYW5zcG9ydCI6InVkcCIsInBvcnRzIjpbIjUzIl0sIndoeSI6W3sia2luZCI6ImxlYXJuZWQiLCJmaXJzdCI6IjIwMjMtMTEtMTRUMjI6MTM6MjMuMDAwMDAwMDAxWiIsImxhc3QiOiIyMDIzLTExLTE0VDIyOjEzOjIzLjAwMDAwMDAwMVoiLCJ0aW1lcyI6MSwiZGF5cyI6WzE5Njc1XSwiZXZpZGVuY2UiOlt7ImlucHV0IjowLCJudW1iZXIiOjB9XX1dfV19"}]},"stage":"warn","reach":"local-only","since":"2023-11-14T22:13:25.000000001Z","versions":1,"refused":["e-0123456789"]}');
CREATE TABLE proposal (
    site TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id)
) STRICT;
INSERT INTO proposal VALUES ('home', 'a', '{"contract":{"schema":"cordon.contract/1","device":"a","name":"lamp","version":1,"made":"2023-11-14T22:13:24.000000001Z","by":"learning","entries":[{"peer":{"kind":"gateway"},"opens":"device","transport":"udp","ports":["53"],"why":[{"kind":"learned","first":"2023-11-14T22:13:23.000000001Z","last":"2023-11-14T22:13:23.000000001Z","times":1,"days":[19675],"evidence":[{"input":0,"number":0}]}]}]}}');
CREATE TABLE step (
    site TEXT NOT NULL, id INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site, id)
) STRICT;
INSERT INTO step VALUES ('home', 5, 1700000006000000001, '{"id":5,"at":"2023-11-14T22:13:26.000000001Z","by":"person:anna","did":{"kind":"staged","stage":"enforce"},"why":"noon","before":[{"device":"a","signed":{"payloadType":"application/vnd.cordon.contract+json","payload":"eyJzY2hlbWEiOiJjb3Jkb24uY29udHJhY3QvMSIsImRldmljZSI6ImEiLCJuYW1lIjoibGFtcCIsInZlcnNpb24iOjEsIm1hZGUiOiIyMDIzLTExLTE0VDIyOjEzOjI0LjAwMDAwMDAwMVoiLCJieSI6ImxlYXJuaW5nIiwiZW50cmllcyI6W3sicGVlciI6eyJraW5kIjoiZ2F0ZXdheSJ9LCJvcGVucyI6ImRldmljZSIsInRyYW5zcG9ydCI6InVkcCIsInBvcnRzIjpbIjUzIl0sIndoeSI6W3sia2luZCI6ImxlYXJuZWQiLCJmaXJzdCI6IjIwMjMtMTEtMTRUMjI6MTM6MjMuMDAwMDAwMDAxWiIsImxhc3QiOiIyMDIzLTExLTE0VDIyOjEzOjIzLjAwMDAwMDAwMVoiLCJ0aW1lcyI6MSwiZGF5cyI6WzE5Njc1XSwiZXZpZGVuY2UiOlt7ImlucHV0IjowLCJudW1iZXIiOjB9XX1dfV19","signatures":[{"keyid":"test","sig":"RFNTRXYxIDM2IGFwcGxpY2F0aW9uL3ZuZC5jb3Jkb24uY29udHJhY3QranNvbiAzODQgeyJzY2hlbWEiOiJjb3Jkb24uY29udHJhY3QvMSIsImRldmljZSI6ImEiLCJuYW1lIjoibGFtcCIsInZlcnNpb24iOjEsIm1hZGUiOiIyMDIzLTExLTE0VDIyOjEzOjI0LjAwMDAwMDAwMVoiLCJieSI6ImxlYXJuaW5nIiwiZW50cmllcyI6W3sicGVlciI6eyJraW5kIjoiZ2F0ZXdheSJ9LCJvcGVucyI6ImRldmljZSIsInRyYW5zcG9ydCI6InVkcCIsInBvcnRzIjpbIjUzIl0sIndoeSI6W3sia2luZCI6ImxlYXJuZWQiLCJmaXJzdCI6IjIwMjMtMTEtMTRUMjI6MTM6MjMuMDAwMDAwMDAxWiIsImxhc3QiOiIyMDIzLTExLTE0VDIyOjEzOjIzLjAwMDAwMDAwMVoiLCJ0aW1lcyI6MSwiZGF5cyI6WzE5Njc1XSwiZXZpZGVuY2UiOlt7ImlucHV0IjowLCJudW1iZXIiOjB9XX1dfV19"}]},"stage":"warn","reach":"local-only","since":"2023-11-14T22:13:25.000000001Z","versions":1,"refused":["e-0123456789"]}]}');
CREATE TABLE step_device (
    site TEXT NOT NULL, device TEXT NOT NULL, step INTEGER NOT NULL,
    PRIMARY KEY (site, device, step),
    FOREIGN KEY (site, step) REFERENCES step (site, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO step_device VALUES ('home', 'a', 5);
CREATE INDEX finding_device ON finding (site, device);
CREATE INDEX event_device ON event (site, device, seq);
CREATE INDEX event_at ON event (site, at);
CREATE INDEX change_device_change ON change_device (site, change);
CREATE INDEX credential_person ON credential (site, person);
CREATE INDEX session_person ON session (site, person, seq);
CREATE INDEX token_person ON token (site, person);
CREATE INDEX ledger_actor ON ledger (site, actor, seq);
CREATE INDEX ledger_action ON ledger (site, action, seq);
CREATE INDEX ledger_subject ON ledger (site, subject, seq);
CREATE INDEX step_device_step ON step_device (site, step);
