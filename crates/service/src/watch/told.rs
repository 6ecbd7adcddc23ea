//! What name servers told devices.

use std::time::Duration;

use cordon_contract::lifetime;
use cordon_enforce::keeper::Told;
use cordon_model::fact::{Dns, DnsKind, DnsValue};
use cordon_model::{Fact, Said};

/// The answer of a name server that a fact is; none for anything else.
pub(super) fn answer(fact: &Fact) -> Option<&Dns> {
    match &fact.said {
        Said::Dns(dns) if dns.kind == DnsKind::Dns && dns.response => Some(dns),
        _ => None,
    }
}

/// What a device was told, under the name that it asked for: the aliases on the way are the content
/// network's affair.
pub(super) fn told(fact: &Fact) -> impl Iterator<Item = Told> {
    let question = answer(fact).and_then(|dns| Some((dns, dns.questions.first()?, fact.to.ip?)));
    question.into_iter().flat_map(move |(dns, question, asker)| {
        dns.records.iter().filter_map(move |record| {
            let DnsValue::Address(ip) = record.value else { return None };
            let until = fact.at.plus(lifetime(Duration::from_secs(u64::from(record.ttl))));
            Some(Told { asker, name: question.name.clone(), ip, until })
        })
    })
}
