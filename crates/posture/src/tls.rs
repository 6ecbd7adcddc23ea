//! Weak TLS: versions and suites that servers chose, and clients that offer no better.

use cordon_model::fact::{TlsClientHello, TlsServerHello, TlsVersion};
use cordon_model::{Fact, FindingKind, Severity};

use crate::ends::{Ends, Subject, at};
use crate::ledger::{About, Key, Ledger, Moment};
use crate::suites::{Weakness, weakness};

/// What a server chose is the server's weakness.
pub(crate) fn server_hello(ledger: &mut Ledger, fact: &Fact, hello: &TlsServerHello) {
    let ends = Ends::from_server(fact);
    if hello.version.is_obsolete() {
        let kind = FindingKind::ObsoleteTls;
        let key = Key::service(kind, &ends, fact.vlan, hello.version);
        let about = || {
            About::kind(kind)
                .severity(severity(hello.version))
                .title(format!("service speaks {}", hello.version))
        };
        ledger.note(key, Moment::of(fact), about, || {
            format!("{} chose {} for {}", at(&ends.server), hello.version, at(&ends.client))
        });
    }
    if let Some((name, weakness)) = weakness(hello.suite) {
        let kind = FindingKind::WeakCipherSuite;
        let key = Key::service(kind, &ends, fact.vlan, (weakness, hello.suite));
        let about = || {
            About::kind(kind)
                .severity(weakness.severity())
                .title(weakness.title())
                .why(weakness.why())
        };
        ledger.note(key, Moment::of(fact), about, || {
            format!("{} chose {name} for {}", at(&ends.server), at(&ends.client))
        });
    }
}

/// What a client cannot do better is the client's weakness.
pub(crate) fn client_hello(ledger: &mut Ledger, fact: &Fact, hello: &TlsClientHello) {
    let subject = Subject::of(&fact.from, fact.vlan);
    if hello.version.is_obsolete() {
        let kind = FindingKind::ObsoleteTls;
        let key = Key::one(kind, subject, ("client", hello.version));
        let about = || {
            About::kind(kind)
                .severity(severity(hello.version))
                .title(format!("client knows nothing newer than {}", hello.version))
                .fix("Update the device's firmware; until then keep what it says inside one zone.")
        };
        ledger.note(key, Moment::of(fact), about, || {
            format!("{} offers at most {} to {}", at(&fact.from), hello.version, at(&fact.to))
        });
    }
    let broken = |suite: &u16| weakness(*suite).filter(|(_, weak)| *weak <= Weakness::Anonymous);
    if let Some((name, weak)) = hello.suites.iter().find_map(broken) {
        let kind = FindingKind::WeakCipherSuite;
        let key = Key::one(kind, subject, ("client", weak));
        let about = || {
            About::kind(kind)
                .severity(Severity::Low)
                .title("client accepts broken TLS cipher suites")
                .why("Whoever is on the path may talk the connection down to no protection.")
                .fix("Update the device's firmware, or switch NULL, EXPORT and anonymous suites off in its settings.")
        };
        ledger.note(key, Moment::of(fact), about, || {
            format!("{} offers {name} to {}", at(&fact.from), at(&fact.to))
        });
    }
}

/// SSL is broken in practice; TLS 1.0 and 1.1 are withdrawn.
fn severity(version: TlsVersion) -> Severity {
    match version {
        TlsVersion::SSL2 | TlsVersion::SSL3 => Severity::High,
        _ => Severity::Medium,
    }
}
