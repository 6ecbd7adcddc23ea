//! What the rules say of single kinds of packets: what a probe is compared with.

use std::net::IpAddr;

use cordon_contract::Carrier;
use cordon_model::Text;

use crate::answer::{Answer, Way};
use crate::prover::{End, Prover};

/// Whether packets of one kind get through.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Chance {
    /// One at least does, in these words.
    Possible(Text),
    /// None does.
    Impossible,
    /// None does by the rules, but not everything passes them; or only once a name is told.
    Unknown(Text),
}

/// One kind of packet that opens a conversation: every one with these, whatever else is in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kind {
    /// Source address.
    pub from: IpAddr,
    /// Destination address.
    pub to: IpAddr,
    /// What carries it.
    pub carrier: Carrier,
    /// Port of the service, or type.
    pub port: u16,
}

impl Prover<'_> {
    /// What the rules say of each kind of packet between two ends.
    #[must_use]
    pub fn chances(&self, from: &End, to: &End, kinds: &[Kind]) -> Vec<Chance> {
        let answer = self.answer(from, to);
        let ways: &[Way] = match &answer {
            Answer::Possible { ways, .. } => ways,
            Answer::Impossible { .. } | Answer::Unknown { .. } => &[],
        };
        let doubt = match &answer {
            Answer::Impossible { .. } => None,
            Answer::Unknown { limits, .. } => limits.first().cloned(),
            // Limits of what is possible also tell what may yet stop it; here only those count that
            // may let more through.
            Answer::Possible { .. } if ways.len() >= crate::MAX_WAYS => {
                Some("there are more ways than are looked at".into())
            }
            Answer::Possible { .. } => self.doubt(from, to),
        };
        let chance = |kind: &Kind| {
            let admits = |way: &&Way| way.admits(kind.from, kind.to, kind.carrier, kind.port);
            let open = ways.iter().filter(admits);
            match (open.clone().find(|way| !way.told), open.clone().next(), &doubt) {
                (Some(way), ..) => Chance::Possible(way.says().into()),
                (None, Some(way), _) => Chance::Unknown(way.says().into()),
                (None, None, Some(doubt)) => Chance::Unknown(doubt.clone()),
                (None, None, None) => Chance::Impossible,
            }
        };
        kinds.iter().map(chance).collect()
    }
}
