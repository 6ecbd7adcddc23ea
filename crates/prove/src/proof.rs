//! Standing proofs: what must stay impossible, checked again after each change; and the document
//! that says so, to be signed by whoever keeps the keys.

use cordon_enforce::Loaded;
use cordon_model::{Text, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::answer::{Answer, Finding};
use crate::prover::{End, Prover};
use crate::ways::element_text;

/// What the document calls itself.
pub const SCHEMA: &str = "cordon.proof/1";

/// What no rule shows, and every proof rests on.
const ASSUMES: [&str; 5] = [
    "a device has no way to another but through this machine, except where a limit says so",
    "a device is heard by the interface that the policy names",
    "a device that takes both the link-layer address and the address of a neighbour on its link is that neighbour to these rules; behind a router, the address alone is enough",
    "errors about conversations that may take place pass with them, and so does what connection tracking counts as part of them",
    "the kernel does what its rules say",
];

/// What must be so.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Must {
    /// No packet that opens a conversation gets through.
    Impossible,
}

/// A promise about two ends.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Expectation {
    /// Who opens.
    pub from: End,
    /// To whom.
    pub to: End,
    /// What must be so.
    pub must: Must,
}

/// A promise that is not kept, or of which nobody can say.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Violation {
    /// The promise.
    pub expectation: Expectation,
    /// What is so, with the ways that are open.
    pub finding: Finding,
}

/// What was asked of some rules at a time, and what was found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Proof {
    /// [`SCHEMA`].
    pub schema: Text,
    /// When the rules were read.
    pub at: Timestamp,
    /// SHA-256 of the rules and elements that were read.
    pub ruleset: Text,
    /// SHA-256 of the policy that explains them.
    pub policy: Text,
    /// Promises that are kept.
    pub kept: Vec<Finding>,
    /// Promises that are broken: something gets through.
    pub broken: Vec<Violation>,
    /// Promises of which nothing is certain.
    pub uncertain: Vec<Violation>,
    /// What it rests on and cannot show.
    pub assumes: Vec<Text>,
    /// What of it holds only with care.
    pub limits: Vec<Text>,
}

impl Proof {
    /// The document as bytes to be signed.
    ///
    /// # Errors
    ///
    /// Where it cannot be written, which never happens.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}

impl Prover<'_> {
    /// Checks promises.
    #[must_use]
    pub fn check(&self, expectations: &[Expectation]) -> Proof {
        let mut proof = Proof {
            schema: SCHEMA.into(),
            at: self.at,
            ruleset: digest_of(self.loaded),
            policy: hex(&serde_json::to_vec(self.policy).unwrap_or_default()),
            kept: Vec::new(),
            broken: Vec::new(),
            uncertain: Vec::new(),
            assumes: ASSUMES.map(Text::from).into(),
            limits: self.limits(),
        };
        for expectation in expectations {
            let Must::Impossible = expectation.must;
            let finding = self.prove(&expectation.from, &expectation.to);
            let violation = |finding| Violation { expectation: expectation.clone(), finding };
            match &finding.answer {
                Answer::Impossible { .. } => proof.kept.push(finding),
                Answer::Possible { .. } => proof.broken.push(violation(finding)),
                Answer::Unknown { .. } => proof.uncertain.push(violation(finding)),
            }
        }
        proof
    }
}

/// Rules as they were read, elements as `nft` writes them, sorted; how long an element lives on is
/// left out, for that changes by itself.
fn digest_of(loaded: &Loaded) -> Text {
    let mut sha = Sha256::new();
    let mut line = |text: &str| {
        sha.update(text.as_bytes());
        sha.update(b"\n");
    };
    loaded.lines.iter().chain(&loaded.strange).for_each(|text| line(text));
    for (set, elements) in &loaded.elements {
        line(&set.to_string());
        for element in elements {
            line(&element_text(element));
            if let Some(to) = element.to {
                line(&format!("{to:?}"));
            }
        }
    }
    sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hex(bytes: &[u8]) -> Text {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
