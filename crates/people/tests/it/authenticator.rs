//! A security key in software, honest or not (WebAuthn Level 3, 6; keys ES256 of RFC 9053).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// One credential on one key, and how it misbehaves.
#[derive(Clone)]
pub struct Authenticator {
    pub key: SigningKey,
    pub id: Vec<u8>,
    /// The user handle that it was registered with.
    pub user: Vec<u8>,
    /// Signature counter; zero for keys that have none.
    pub counter: u32,
    /// What the browser says where it is.
    pub origin: String,
    /// Answers for this site whatever is asked.
    pub site: Option<String>,
    /// Whether it verifies its person.
    pub verifies: bool,
    /// Whether the page is in a frame of another.
    pub framed: bool,
}

impl Authenticator {
    /// The same `seed` is the same key.
    pub fn new(seed: u8, origin: &str) -> Self {
        Authenticator {
            key: SigningKey::from_slice(&[seed; 32]).unwrap(),
            id: vec![seed; 24],
            user: Vec::new(),
            counter: 1,
            origin: origin.to_owned(),
            site: None,
            verifies: true,
            framed: false,
        }
    }

    /// Another key that pretends to be this one.
    pub fn forged(&self) -> Self {
        Authenticator { key: SigningKey::from_slice(&[99; 32]).unwrap(), ..self.clone() }
    }

    /// The same key, claiming to be somebody else's.
    pub fn claiming(&self, user: &str) -> Self {
        let user = (0..16).map(|i| u8::from_str_radix(&user[2 * i..2 * i + 2], 16).unwrap());
        Authenticator { user: user.collect(), ..self.clone() }
    }

    /// `navigator.credentials.create`.
    pub fn create(&mut self, options: &Value) -> Value {
        let options = &options["publicKey"];
        self.user = decode(&options["user"]["id"]);
        let mut data = self.data(options["rp"]["id"].as_str().unwrap(), 0x40);
        self.count();
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        let point = self.key.verifying_key().to_sec1_point(false);
        data.extend([0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32]);
        data.extend(point.x().unwrap());
        data.extend([0x22, 0x58, 32]);
        data.extend(point.y().unwrap());
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        let client = self.client("webauthn.create", &options["challenge"]);
        json!({
            "id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key",
            "response": {
                "attestationObject": encode(&object), "clientDataJSON": encode(&client),
            },
        })
    }

    /// `navigator.credentials.get`.
    pub fn get(&mut self, options: &Value) -> Value {
        let options = &options["publicKey"];
        let data = self.data(options["rpId"].as_str().unwrap(), 0);
        self.count();
        let client = self.client("webauthn.get", &options["challenge"]);
        let signed = [data.as_slice(), &Sha256::digest(&client)].concat();
        let signature: Signature = self.key.sign(&signed);
        json!({
            "id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key",
            "response": {
                "authenticatorData": encode(&data), "clientDataJSON": encode(&client),
                "signature": encode(signature.to_der().as_bytes()),
                "userHandle": encode(&self.user),
            },
        })
    }

    fn count(&mut self) {
        if self.counter > 0 {
            self.counter += 1;
        }
    }

    fn data(&self, site: &str, flags: u8) -> Vec<u8> {
        let site = self.site.as_deref().unwrap_or(site);
        let flags = flags | 0x01 | if self.verifies { 0x04 } else { 0 };
        let mut data = Sha256::digest(site).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client(&self, kind: &str, challenge: &Value) -> Vec<u8> {
        let client = json!({
            "type": kind, "challenge": challenge, "origin": self.origin,
            "crossOrigin": self.framed,
        });
        serde_json::to_vec(&client).unwrap()
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(value: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(value.as_str().unwrap()).unwrap()
}
