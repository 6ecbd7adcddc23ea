//! Whoever listens to the pipeline: what is remembered, what is learned, what name servers tell.

use cordon_contract::learn::{Learned, Learner, Who};
use cordon_enforce::keeper::Told;
use cordon_model::{Fact, Flow};
use cordon_pipeline::{Conclusions, Sink};

use super::told::told;
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
}

impl Sink for Ears {
    fn fact(&mut self, fact: &Fact) {
        self.recorder.fact(fact);
        self.learner.fact(fact);
        if let Some(teller) = &self.teller {
            told(fact).for_each(teller);
        }
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
