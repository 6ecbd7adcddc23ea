//! A contract under signatures: the Dead Simple Signing Envelope (DSSE 1.0.0).
//!
//! What is signed is exactly what is read: the bytes of the contract lie in the envelope, so that
//! a later version that would write them differently still finds the signature good.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::document::Contract;

/// What the payload is.
pub const PAYLOAD_TYPE: &str = "application/vnd.cordon.contract+json";

/// Most bytes of a contract: 4,096 entries with all their reasons stay below.
const MAX_BYTES: usize = 3 << 20;
/// Most signatures that are tried.
const MAX_SIGNATURES: usize = 16;

/// A contract, or what is said of contracts, under signatures.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// What the payload is; [`PAYLOAD_TYPE`] for a contract.
    #[serde(rename = "payloadType")]
    payload_type: String,
    /// The contract's bytes, in base64.
    payload: String,
    /// Who signed.
    signatures: Vec<Signature>,
}

/// One signature.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// By which key, as its owner names it; says nothing until the signature was checked.
    pub keyid: String,
    /// The signature, in base64.
    pub sig: String,
}

/// Why an envelope is not accepted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Something else is in it.
    #[error("the envelope holds {0:?} and no contract; give one with payload type {PAYLOAD_TYPE}")]
    OtherType(String),
    /// Too large.
    #[error("the envelope is larger than any contract; nothing was read")]
    TooLarge,
    /// No base64.
    #[error("the envelope is damaged: its {0} is not base64; fetch the file again")]
    Base64(&'static str),
    /// No contract.
    #[error("the envelope's payload is no contract: {0}")]
    Payload(String),
    /// Nobody known signed it.
    #[error("no signature of the envelope is by a key that is trusted here; it was not accepted")]
    Untrusted,
}

impl Envelope {
    /// Puts a contract under a signature. `sign` gets the bytes that are to be signed.
    ///
    /// # Errors
    /// Where the contract is too large.
    pub fn seal(
        contract: &Contract,
        keyid: &str,
        sign: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Result<Self, EnvelopeError> {
        let body = serde_json::to_vec(contract)
            .map_err(|error| EnvelopeError::Payload(error.to_string()))?;
        if body.len() > MAX_BYTES {
            return Err(EnvelopeError::TooLarge);
        }
        Ok(Envelope::of(PAYLOAD_TYPE, &body, keyid, sign))
    }

    /// Puts anything under a signature, such as a proof about contracts.
    #[must_use]
    pub fn of(
        payload_type: &str,
        body: &[u8],
        keyid: &str,
        sign: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Self {
        let sig = STANDARD.encode(sign(&pae(payload_type, body)));
        Envelope {
            payload_type: payload_type.to_owned(),
            payload: STANDARD.encode(body),
            signatures: vec![Signature { keyid: keyid.to_owned(), sig }],
        }
    }

    /// The contract, if a signature holds: `verify` gets the key's name, what was signed, and the
    /// signature.
    ///
    /// # Errors
    /// Where none does, or the envelope is damaged.
    pub fn open(
        &self,
        verify: impl Fn(&str, &[u8], &[u8]) -> bool,
    ) -> Result<Contract, EnvelopeError> {
        self.is_contract()?;
        parse(&self.payload(verify)?)
    }

    /// What is in it, a contract or anything else, if a signature holds; as for [`Envelope::open`].
    ///
    /// # Errors
    /// Where none does, or the envelope is damaged.
    pub fn payload(
        &self,
        verify: impl Fn(&str, &[u8], &[u8]) -> bool,
    ) -> Result<Vec<u8>, EnvelopeError> {
        let body = self.body()?;
        let signed = pae(&self.payload_type, &body);
        let holds = |signature: &Signature| {
            STANDARD.decode(&signature.sig).is_ok_and(|sig| verify(&signature.keyid, &signed, &sig))
        };
        if !self.signatures.iter().take(MAX_SIGNATURES).any(holds) {
            return Err(EnvelopeError::Untrusted);
        }
        Ok(body)
    }

    /// The contract, without asking who signed it.
    ///
    /// # Errors
    /// Where the envelope is damaged.
    pub fn contract(&self) -> Result<Contract, EnvelopeError> {
        self.is_contract()?;
        parse(&self.body()?)
    }

    /// Who says that they signed.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    fn is_contract(&self) -> Result<(), EnvelopeError> {
        if self.payload_type == PAYLOAD_TYPE {
            return Ok(());
        }
        Err(EnvelopeError::OtherType(self.payload_type.chars().take(80).collect()))
    }

    fn body(&self) -> Result<Vec<u8>, EnvelopeError> {
        if self.payload.len() > MAX_BYTES / 3 * 4 + 4 {
            return Err(EnvelopeError::TooLarge);
        }
        STANDARD.decode(&self.payload).map_err(|_| EnvelopeError::Base64("payload"))
    }
}

/// What is signed: type and body with their lengths, so that neither runs into the other (DSSE,
/// "pre-authentication encoding").
fn pae(payload_type: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn parse(body: &[u8]) -> Result<Contract, EnvelopeError> {
    serde_json::from_slice(body).map_err(|error| EnvelopeError::Payload(error.to_string()))
}

#[cfg(test)]
mod tests {
    use cordon_model::{DeviceId, Timestamp};
    use sha2::{Digest, Sha256};

    use super::*;

    /// A stand-in for a signature that anybody could make, who has what is signed.
    fn sign(bytes: &[u8]) -> Vec<u8> {
        Sha256::digest(bytes).to_vec()
    }

    fn verify(keyid: &str, bytes: &[u8], signature: &[u8]) -> bool {
        keyid == "ours" && sign(bytes) == signature
    }

    fn sealed() -> Envelope {
        let contract = Contract::new(DeviceId("d".into()), "lamp", Timestamp::from_secs(1));
        Envelope::seal(&contract, "ours", sign).unwrap()
    }

    #[test]
    fn what_is_signed_is_encoded_as_the_specification_shows() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn a_contract_comes_out_as_it_went_in() {
        assert_eq!(sealed().open(verify).unwrap(), sealed().contract().unwrap());
        let text = serde_json::to_string(&sealed()).unwrap();
        assert_eq!(serde_json::from_str::<Envelope>(&text).unwrap(), sealed());
    }

    #[test]
    fn another_contract_under_the_same_signature_is_refused() {
        let mut forged = sealed();
        let mut contract = forged.contract().unwrap();
        contract.version = 2;
        forged.payload = STANDARD.encode(serde_json::to_vec(&contract).unwrap());
        assert_eq!(forged.open(verify), Err(EnvelopeError::Untrusted));
    }

    #[test]
    fn no_signature_and_a_strangers_are_refused() {
        let mut envelope = sealed();
        for signature in &mut envelope.signatures {
            signature.keyid = "theirs".into();
        }
        assert_eq!(envelope.open(verify), Err(EnvelopeError::Untrusted));
        envelope.signatures.clear();
        assert_eq!(envelope.open(verify), Err(EnvelopeError::Untrusted));
    }

    #[test]
    fn a_good_signature_behind_a_bad_one_counts() {
        let mut envelope = sealed();
        envelope
            .signatures
            .insert(0, Signature { keyid: "ours".into(), sig: "not base64!".into() });
        assert!(envelope.open(verify).is_ok());
    }

    #[test]
    fn something_else_in_the_envelope_is_named() {
        let mut envelope = sealed();
        envelope.payload_type = "application/vnd.in-toto+json".into();
        let error = envelope.open(|_, _, _| true).unwrap_err().to_string();
        assert!(error.contains("in-toto"), "{error}");
        let mut envelope = sealed();
        envelope.payload = STANDARD.encode("{}");
        assert!(matches!(envelope.open(|_, _, _| true), Err(EnvelopeError::Payload(_))));
        envelope.payload = "%".into();
        assert_eq!(envelope.contract(), Err(EnvelopeError::Base64("payload")));
        envelope.payload = "A".repeat(8 << 20);
        assert_eq!(envelope.contract(), Err(EnvelopeError::TooLarge));
    }
}
