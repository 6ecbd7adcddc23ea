//! A ledger as a store keeps it, and everything that an attacker does to one.

use cordon_crypto::{Ed25519, SigningKey};
use cordon_ledger::{
    Checkpoint, Fault, Hash, Kind, List, LogKey, Origin, Row, Span, Tree, Verified, encode,
    leaf_hash, verify,
};
use cordon_model::Timestamp;
use cordon_model::record::{Action, Entry};

#[derive(Clone)]
pub struct Log {
    /// Key, bytes and hash of each record.
    pub rows: Vec<(u64, Vec<u8>, Hash)>,
    pub database: Vec<String>,
    pub file: Vec<String>,
    pub saved: Option<String>,
}

pub fn origin() -> Origin {
    "cordon/plant".parse().unwrap()
}

pub fn signer(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

pub fn key() -> LogKey {
    signer(1).log_key(&origin())
}

pub fn entry(number: u64) -> Entry {
    Entry {
        at: Timestamp::from_secs(1_700_000_000 + number as i64),
        actor: "person:anna".into(),
        action: Action::DeviceEdit,
        subject: format!("device-{number}").into(),
        detail: [("field".into(), "owner".into()), ("to".into(), format!("{number}").into())]
            .into(),
    }
}

pub fn signed(rows: &[(u64, Vec<u8>, Hash)], size: usize, seed: u8) -> String {
    let tree = Tree::from_leaf_hashes(rows[..size].iter().map(|row| row.2));
    let at = Some(Timestamp::from_secs(1_700_000_000 + size as i64));
    Checkpoint { origin: origin(), size: size as u64, root: tree.root(), at }.sign(&signer(seed))
}

impl Log {
    /// `count` records with a checkpoint after each `batch`, and after the last.
    pub fn new(count: u64, batch: u64) -> Log {
        let rows: Vec<_> = (0..count).map(|index| row(index, &entry(index))).collect();
        let ends = (1..=count).filter(|size| size % batch == 0 || *size == count);
        let database: Vec<String> = ends.map(|size| signed(&rows, size as usize, 1)).collect();
        Log { rows, file: database.clone(), database, saved: None }
    }

    pub fn verify(&self) -> Result<Verified, Fault> {
        let rows = self.rows.iter().map(|(index, record, leaf)| Row {
            index: *index,
            record,
            leaf: *leaf,
        });
        let database = self.database.iter().map(|text| (List::Database, text.as_str()));
        let file = self.file.iter().map(|text| (List::File, text.as_str()));
        let saved = self.saved.iter().map(|text| (List::Saved, text.as_str()));
        verify(rows, database.chain(file).chain(saved), &key(), &Ed25519)
    }

    /// Gives every row the key of its position, as an attacker does who hides a gap.
    pub fn renumber(&mut self) {
        (0..).zip(&mut self.rows).for_each(|(index, row)| row.0 = index);
    }

    /// Signs all checkpoints anew.
    pub fn resign(&mut self, seed: u8) {
        let sizes: Vec<usize> = self
            .database
            .iter()
            .map(|text| Checkpoint::parse(text).unwrap().size as usize)
            .filter(|size| *size <= self.rows.len())
            .collect();
        self.database = sizes.iter().map(|size| signed(&self.rows, *size, seed)).collect();
    }
}

pub fn row(index: u64, entry: &Entry) -> (u64, Vec<u8>, Hash) {
    let record = encode(index, entry).unwrap();
    let leaf = leaf_hash(&record);
    (index, record, leaf)
}

/// The fault at exactly this record, whatever is proven before it.
#[track_caller]
pub fn expect(result: Result<Verified, Fault>, wanted: Kind, at: Span) -> u64 {
    match result {
        Err(Fault::Record { kind, span, proven }) => {
            assert_eq!((kind, span), (wanted, at));
            assert!(proven <= at.first);
            proven
        }
        other => panic!("wanted {wanted:?} at {at}, got {other:?}"),
    }
}
