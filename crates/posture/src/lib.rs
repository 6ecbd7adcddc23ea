//! The weaknesses: facts and flows in, findings with evidence and the five things to do first out.
//!
//! Facts stream through [`Posture`] once; what they show is noted against addresses, because
//! devices are not known yet. [`Posture::conclude`] then asks who the addresses are, weighs what
//! depends on the kind of device, and returns the findings. The order of facts does not matter,
//! and memory is bounded: what found no room is counted.
//!
//! ```
//! use cordon_model::SecretKey;
//! use cordon_posture::{Posture, PostureOptions};
//! let key = SecretKey::new([7; 32]);
//! let posture = Posture::new(PostureOptions { key, local: Vec::new() });
//! assert!(posture.conclude(&|_, _| None, &[]).is_empty());
//! ```
//!
//! This crate must not know: I/O, clocks, randomness, wire formats, how devices are recognised.

mod certificates;
mod conclude;
mod conclude_internet;
mod conclude_ot;
mod credentials;
mod data;
pub mod docs;
mod ends;
mod exchange;
mod factory;
mod first_five;
mod internet;
mod ledger;
mod mud;
mod names;
mod names_table;
mod ot;
mod services;
mod software;
mod software_table;
mod suite_table;
mod suites;
mod tls;
mod wifi;

use cordon_model::fact::Party;
use cordon_model::{Device, DeviceId, Fact, Finding, Flow, Said, SecretKey, Timestamp};

pub use ends::Network;
pub use first_five::{Action, first_five};

use credentials::Attempt;
use ends::Locals;
use exchange::{Event, Exchanges};
use factory::FactoryTable;
use internet::Internet;
use ledger::{Forget, Ledger};
use names::OddNames;
use software::Software;

/// What the operator decides.
#[derive(Clone, Debug)]
pub struct PostureOptions {
    /// The key under which the run hashes secrets.
    pub key: SecretKey,
    /// Public networks that are the operator's own. Private ones always are.
    pub local: Vec<Network>,
}

/// Who has an address in a VLAN.
pub type WhoIs<'a> = &'a dyn Fn(&Party, Option<u16>) -> Option<DeviceId>;

/// Collects what facts and flows show.
pub struct Posture {
    factory: FactoryTable,
    locals: Locals,
    ledger: Ledger,
    exchanges: Exchanges,
    keys: certificates::Keys,
    acts: ot::Acts,
    internet: Internet,
    odd: OddNames,
    software: Software,
}

impl Posture {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(options: PostureOptions) -> Self {
        Posture {
            factory: FactoryTable::new(&options.key),
            locals: Locals::new(options.local),
            ledger: Ledger::default(),
            exchanges: Exchanges::default(),
            keys: certificates::Keys::default(),
            acts: ot::Acts::default(),
            internet: Internet::default(),
            odd: OddNames::default(),
            software: Software::default(),
        }
    }

    /// Takes in what a packet said.
    pub fn fact(&mut self, fact: &Fact) {
        let Posture { ledger, exchanges, .. } = self;
        match &fact.said {
            Said::Arp(_) | Said::Neighbour(_) => self.locals.learn(fact),
            Said::Eapol(eapol) => services::eapol(ledger, fact, eapol),
            Said::Dns(dns) => {
                self.internet.names.resolved(fact, dns);
                self.odd.add(ledger, fact, dns);
                services::name_broadcast(ledger, fact, dns);
            }
            Said::Upnp(description) => services::upnp(ledger, fact, description),
            Said::HttpRequest(request) => {
                if let Some(host) = &request.host {
                    self.internet.names.asked(fact, host);
                }
                services::http_request(ledger, fact, request);
                data::http(ledger, fact, request);
            }
            Said::HttpResponse(response) => {
                services::http_response(ledger, exchanges, fact, response);
            }
            Said::ClientHello(hello) => {
                if let Some(name) = &hello.sni {
                    self.internet.names.asked(fact, name);
                }
                tls::client_hello(ledger, fact, hello);
            }
            Said::ServerHello(hello) => tls::server_hello(ledger, fact, hello),
            Said::Certificates(chain) => {
                certificates::chain(ledger, &mut self.keys, fact, chain);
                mud::certificates(ledger, fact, chain);
            }
            Said::Dhcp(dhcp) => mud::dhcp(ledger, fact, dhcp),
            Said::Dhcpv6(dhcp) => mud::dhcpv6(ledger, fact, dhcp),
            Said::Lldp(lldp) => mud::lldp(ledger, fact, lldp),
            Said::Ntp(ntp) => services::ntp(ledger, fact, *ntp),
            Said::Snmp(snmp) => services::snmp(ledger, exchanges, fact, snmp),
            Said::Ssh(ssh) => services::ssh(ledger, fact, ssh),
            Said::Telnet(telnet) => services::telnet(ledger, exchanges, fact, telnet),
            Said::Ftp(ftp) => services::ftp(ledger, exchanges, fact, ftp),
            Said::Rtsp(rtsp) => services::rtsp(ledger, exchanges, fact, rtsp),
            Said::Mqtt(mqtt) => {
                services::mqtt(ledger, exchanges, fact, mqtt);
                data::mqtt(ledger, fact, mqtt);
            }
            Said::Coap(coap) => {
                services::coap(ledger, fact, coap);
                data::coap(ledger, fact, coap);
            }
            Said::Operation(operation) => {
                self.acts.add(fact, operation);
                data::operation(ledger, fact, operation);
            }
            Said::Credential(credential) if !credentials::is_anonymous(credential) => {
                credentials::clear_text(ledger, fact, credential);
                let attempt = Attempt {
                    scheme: credential.scheme,
                    factory: self.factory.find(credential),
                    empty: credential.empty && !credential.user.is_empty(),
                };
                let ends = credentials::ends(fact, credential.scheme);
                exchanges.add(ledger, fact, ends, Event::Tried(attempt));
            }
            Said::AccessPoint(ap) => wifi::access_point(ledger, fact, ap),
            _ => {}
        }
        self.software.fact(&mut self.ledger, fact);
    }

    /// Takes in a flow that has ended, or that the capture left open, or a part of a long one.
    pub fn flow(&mut self, flow: &Flow) {
        self.internet.flow(flow);
        if !flow.continues {
            self.exchanges.end(&mut self.ledger, flow.id);
        }
    }

    /// Sightings for which there was no room so far.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.ledger.left_out().saturating_add(self.acts.left_out())
    }

    /// Leaves out what was last seen before `before`; where a table is more than half full, what
    /// was last seen before `if_crowded`, too. What happens every day stays; what never comes
    /// again makes room for what is new.
    pub fn forget(&mut self, before: Timestamp, if_crowded: Timestamp) {
        let forget = Forget { before, if_crowded };
        self.locals.forget(forget);
        self.ledger.forget(forget);
        self.keys.forget(forget);
        self.acts.forget(forget);
        self.internet.forget(forget);
        self.odd.forget(forget);
    }

    /// Draws the conclusions, worst first: `who` tells whose an address is, `devices` what they
    /// are.
    #[must_use]
    pub fn conclude(&self, who: WhoIs<'_>, devices: &[Device]) -> Vec<Finding> {
        conclude::conclude(self, who, devices)
    }

    /// As [`Posture::conclude`], for the end.
    #[must_use]
    pub fn finish(self, who: WhoIs<'_>, devices: &[Device]) -> Vec<Finding> {
        self.conclude(who, devices)
    }
}
