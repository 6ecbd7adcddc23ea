//! Passwords in clear text, and whether they are factory passwords.

use cordon_model::{App, Credential, Fact, FindingKind, Scheme, Severity};

use crate::ends::{Ends, at};
use crate::factory::Factory;
use crate::ledger::{About, Key, Ledger, Moment};

/// A password as it was tried in a conversation.
#[derive(Clone, Copy)]
pub(crate) struct Attempt {
    pub scheme: Scheme,
    /// The row of the table of factory passwords that it is.
    pub factory: Option<&'static Factory>,
    /// Whether it was empty.
    pub empty: bool,
}

/// What became of an attempt.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Verdict {
    /// The service said yes.
    Accepted,
    /// The service did not say no.
    NotRefused,
    /// The answer was not seen.
    Unseen,
}

/// Who sent a credential to whom. SNMP communities stand in answers and traps as well.
pub(crate) fn ends(fact: &Fact, scheme: Scheme) -> Ends {
    match scheme {
        Scheme::SnmpCommunity => snmp_ends(fact),
        Scheme::Telnet => Ends::by_port(fact, App::Telnet.tcp_ports()),
        Scheme::Ftp => Ends::by_port(fact, App::Ftp.tcp_ports()),
        _ => Ends::from_client(fact),
    }
}

/// The agent serves; it sends from port 161, and traps to port 162.
pub(crate) fn snmp_ends(fact: &Fact) -> Ends {
    if fact.from.port == Some(161) || fact.to.port == Some(162) {
        Ends::from_server(fact)
    } else {
        Ends::from_client(fact)
    }
}

/// Notes that a password crossed the network readable.
pub(crate) fn clear_text(ledger: &mut Ledger, fact: &Fact, credential: &Credential) {
    if credential.empty {
        return;
    }
    let ends = ends(fact, credential.scheme);
    let kind = FindingKind::ClearTextCredential;
    let key = Key::service(kind, &ends, fact.vlan, (credential.scheme, &credential.user));
    let about = || {
        let about = About::kind(kind).title(title(credential.scheme)).fix(fix(credential.scheme));
        match credential.scheme {
            Scheme::SnmpCommunity => about.severity(Severity::Medium),
            _ => about,
        }
    };
    ledger.note(key, Moment::of(fact), about, || {
        let to = at(&ends.server);
        let act = act(credential.scheme);
        match (credential.scheme, credential.user.as_str()) {
            (Scheme::SnmpCommunity, _) => {
                format!("SNMP community in clear text between {} and {to}", at(&ends.client))
            }
            (_, "") => format!("{act} with a password in clear text to {to}"),
            (_, user) => format!("{act} as user “{user}” with a password in clear text to {to}"),
        }
    });
}

/// Whether this is FTP's way of having no password (RFC 1635).
pub(crate) fn is_anonymous(credential: &Credential) -> bool {
    credential.scheme == Scheme::Ftp && is_anonymous_account(&credential.user)
}

/// Whether an FTP account means anybody.
pub(crate) fn is_anonymous_account(user: &str) -> bool {
    user.eq_ignore_ascii_case("anonymous") || user.eq_ignore_ascii_case("ftp")
}

/// Notes a factory or empty password, unless the service refused it.
pub(crate) fn default_password(
    ledger: &mut Ledger,
    ends: &Ends,
    vlan: Option<u16>,
    packet: Moment,
    attempt: Attempt,
    verdict: Verdict,
) {
    let Attempt { scheme, factory, empty } = attempt;
    let community = scheme == Scheme::SnmpCommunity;
    // Managers try "public" on whatever they meet; only an answer shows that it is set.
    if (factory.is_none() && !empty) || (community && verdict != Verdict::Accepted) {
        return;
    }
    let kind = FindingKind::DefaultCredential;
    let name = factory.map_or(("", ""), |row| (row.user, row.of));
    let key = Key::service(kind, ends, vlan, (scheme, name, empty, verdict));
    let about = || {
        let severity = match (verdict, community && !name.1.contains("write")) {
            (Verdict::Unseen, _) | (_, true) => Severity::High,
            _ => Severity::Critical,
        };
        let about = About::kind(kind).severity(severity);
        match factory {
            Some(row) => about
                .title(format!("factory password in use ({})", service(scheme)))
                .why(format!("It is the factory setting of {}. {}", row.of, kind.why())),
            None => about
                .title(format!("empty password in use ({})", service(scheme)))
                .why("Whoever reaches the device gets in without a password."),
        }
    };
    ledger.note(key, packet, about, || {
        let with = if empty { "an empty password" } else { "a factory password" };
        let user = if name.0.is_empty() { String::new() } else { format!(" as “{}”", name.0) };
        let end = match verdict {
            Verdict::Accepted => "accepted",
            Verdict::NotRefused => "not refused",
            Verdict::Unseen => "the answer was not seen",
        };
        format!("{}{user} with {with} to {}: {end}", act(scheme), at(&ends.server))
    });
}

const fn service(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::HttpBasic | Scheme::HttpForm => "HTTP",
        Scheme::RtspBasic => "RTSP",
        Scheme::Ftp => "FTP",
        Scheme::Telnet => "Telnet",
        Scheme::Mqtt => "MQTT",
        Scheme::SnmpCommunity => "SNMP",
        Scheme::Controller => "controller",
    }
}

const fn title(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::HttpBasic => "HTTP Basic password sent in clear text",
        Scheme::HttpForm => "HTTP form password sent in clear text",
        Scheme::RtspBasic => "RTSP password sent in clear text",
        Scheme::Ftp => "FTP password sent in clear text",
        Scheme::Telnet => "Telnet password sent in clear text",
        Scheme::Mqtt => "MQTT password sent in clear text",
        Scheme::SnmpCommunity => "SNMP community sent in clear text",
        Scheme::Controller => "controller password sent in clear text",
    }
}

const fn act(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::HttpBasic => "HTTP Basic login",
        Scheme::HttpForm => "HTTP form login",
        Scheme::RtspBasic => "RTSP login",
        Scheme::Ftp => "FTP login",
        Scheme::Telnet => "Telnet login",
        Scheme::Mqtt => "MQTT CONNECT",
        Scheme::SnmpCommunity => "SNMP query",
        Scheme::Controller => "controller login",
    }
}

const fn fix(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::HttpBasic | Scheme::HttpForm => {
            "Serve the page over HTTPS, switch plain HTTP off, then change the password."
        }
        Scheme::RtspBasic => {
            "Use RTSP over TLS or at least Digest login, keep cameras and recorder in a network of their own, then change the password."
        }
        Scheme::Ftp => "Use SFTP or FTPS, switch plain FTP off, then change the password.",
        Scheme::Telnet => "Use SSH, switch Telnet off, then change the password.",
        Scheme::Mqtt => {
            "Let the broker listen with TLS (port 8883) only, then change the password."
        }
        Scheme::SnmpCommunity => {
            "Use SNMPv3 with authentication and privacy, then remove the community."
        }
        Scheme::Controller => {
            "The protocol cannot hide it: let only the engineering station reach the controller, then change the password."
        }
    }
}
