//! Whoever listens to the pipeline: what is remembered, what is learned, what name servers tell.

use std::time::Duration;

use cordon_contract::learn::{Learned, Learner, Who};
use cordon_contract::lifetime;
use cordon_enforce::keeper::Told;
use cordon_model::fact::{DnsKind, DnsValue};
use cordon_model::{Fact, Flow, Said};
use cordon_pipeline::{Conclusions, Sink};

use super::{Detector, Recorder};

/// Takes what name servers told devices.
pub type Teller = Box<dyn Fn(Told) + Send>;

/// Whoever listens to the pipeline.
pub(super) struct Ears {
    pub recorder: Recorder,
    learner: Learner,
    teller: Option<Teller>,
    detector: Option<Detector>,
}

impl Ears {
    pub fn new(seed: u64, teller: Option<Teller>, detector: Option<Detector>) -> Self {
        Ears { recorder: Recorder::new(seed), learner: Learner::new(), teller, detector }
    }

    /// What every device does, by what was concluded about who they are.
    pub fn learned(&self, conclusions: &Conclusions) -> Vec<Learned> {
        let devices = &conclusions.devices;
        self.learner.conclude(&Who {
            devices: &devices.devices,
            index_of: &|party| devices.index_of(party),
        })
    }

    /// Passes an answer of a name server on, under the name that was asked for: the aliases on the
    /// way are the content network's affair.
    fn tell(&self, fact: &Fact) {
        let (Some(teller), Said::Dns(dns)) = (&self.teller, &fact.said) else { return };
        let (Some(question), Some(asker)) = (dns.questions.first(), fact.to.ip) else { return };
        if dns.kind != DnsKind::Dns || !dns.response {
            return;
        }
        for record in &dns.records {
            if let DnsValue::Address(ip) = record.value {
                let ttl = lifetime(Duration::from_secs(u64::from(record.ttl)));
                teller(Told { asker, name: question.name.clone(), ip, until: fact.at.plus(ttl) });
            }
        }
    }
}

impl Sink for Ears {
    fn fact(&mut self, fact: &Fact) {
        self.recorder.fact(fact);
        self.learner.fact(fact);
        self.tell(fact);
        if let Some(detector) = &self.detector {
            detector.fact(fact);
        }
    }

    fn flow(&mut self, flow: &Flow) {
        self.recorder.flow(flow);
        self.learner.flow(flow);
        if let Some(detector) = &self.detector {
            detector.flow(flow);
        }
    }
}
