//! What a store of state does, whichever database is behind it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cordon_contract::book::{Proposal, Standing, Step};
use cordon_model::record::{
    Action, Approval, Change, Credential, DataClass, Entry, Event, EventKind, FindingKey,
    FindingState, Invite, Person, PersonId, Record, Session, Token, TrackedFinding,
};
use cordon_model::{DeviceId, Text, Timestamp};

use crate::StoreError;

/// Rows in one page: what a console table shows and a JSON answer carries comfortably.
pub const PAGE_MAX: usize = 1_000;
/// Leaf hashes in one answer: 2 MiB.
pub const LEAVES_MAX: usize = 65_536;
/// Writes in one commit: an import of several thousand devices fits.
pub const WRITES_MAX: usize = 20_000;
/// Ledger entries in one commit.
pub const ENTRIES_MAX: usize = 1_000;
/// Bytes of one row: a record with all its history stays far below.
pub const BODY_MAX: usize = 4 << 20;

/// The state of one site. Object safe: the service holds `Arc<dyn State>`.
#[async_trait]
pub trait State: Send + Sync {
    /// Everything that the service keeps in memory, as of one moment.
    async fn load(&self) -> Result<Snapshot, StoreError>;

    /// Writes all or nothing, durably: once this answers `Ok`, a loss of power changes nothing.
    ///
    /// What was asked for is written even if the caller stops waiting. After an error nothing was
    /// written, except that an error while the disk itself fails
    /// leaves open which of the two it is until the next start.
    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError>;

    /// What happened, newest first.
    async fn events(
        &self,
        wanted: &EventFilter,
        page: Before,
    ) -> Result<Page<Numbered<Event>>, StoreError>;

    /// What people changed, newest first; of one device or of all.
    async fn changes(
        &self,
        device: Option<&DeviceId>,
        page: Before,
    ) -> Result<Page<Change>, StoreError>;

    /// One change.
    async fn change(&self, id: u64) -> Result<Option<Change>, StoreError>;

    /// Steps with contracts, newest first; of one device or of all.
    async fn steps(
        &self,
        device: Option<&DeviceId>,
        page: Before,
    ) -> Result<Page<Step>, StoreError>;

    /// Findings in the order of their ids, after `after`; closed ones too.
    async fn findings(
        &self,
        wanted: &FindingFilter,
        after: Option<&FindingKey>,
        limit: usize,
    ) -> Result<Vec<TrackedFinding>, StoreError>;

    /// Requests for a second person's word, decided ones too, newest first.
    async fn approvals(&self, page: Before) -> Result<Page<Numbered<Approval>>, StoreError>;

    /// Sessions that ended, newest first; of one person or of all.
    async fn past_sessions(
        &self,
        person: Option<&PersonId>,
        page: Before,
    ) -> Result<Page<Numbered<PastSession>>, StoreError>;

    /// Ledger entries in order, from index `from` on.
    async fn ledger(&self, from: u64, limit: usize) -> Result<Vec<LedgerRow>, StoreError>;

    /// Ledger entries that match, newest first.
    async fn ledger_search(
        &self,
        wanted: &LedgerFilter,
        page: Before,
    ) -> Result<Page<LedgerRow>, StoreError>;

    /// Leaf hashes of a range of the ledger; at most [`LEAVES_MAX`].
    async fn leaf_hashes(&self, range: Range<u64>) -> Result<Vec<[u8; 32]>, StoreError>;

    /// Signed checkpoints with a size in this range, in order; at most [`PAGE_MAX`].
    async fn checkpoints(&self, range: Range<u64>) -> Result<Vec<SignedCheckpoint>, StoreError>;

    /// Removes what is past its time. Classes that are kept elsewhere or for good are left alone.
    ///
    /// The rows of `also` are written in the same transaction, and its entries as well where
    /// anything is removed or written: each then says in `rows` how much that is.
    async fn retire(
        &self,
        now: Timestamp,
        keep: &[(DataClass, Duration)],
        also: Commit,
    ) -> Result<Retired, StoreError>;

    /// Writes a consistent copy while others read and write. `to` must not exist.
    async fn backup(&self, to: &Path) -> Result<Backup, StoreError>;

    /// Bytes that the database takes.
    async fn size(&self) -> Result<u64, StoreError>;

    /// Writes what was asked for before, and lets go of the database. Later calls get
    /// [`StoreError::Closed`].
    async fn close(&self) -> Result<(), StoreError>;
}

/// Everything small.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Snapshot {
    /// Devices by id.
    pub devices: Vec<Record>,
    /// Findings by id, closed ones too until their time is over.
    pub findings: Vec<TrackedFinding>,
    /// People.
    pub people: Vec<Person>,
    /// What they sign in with.
    pub credentials: Vec<Credential>,
    /// Sessions that were not ended; whether they ran out is for the reader to see.
    pub sessions: Vec<Session>,
    /// Invitations that were not used.
    pub invites: Vec<Invite>,
    /// API tokens.
    pub tokens: Vec<Token>,
    /// Requests that were not decided.
    pub approvals: Vec<Approval>,
    /// Settings.
    pub settings: BTreeMap<Text, Text>,
    /// Counters and cursors.
    pub counters: BTreeMap<Text, i64>,
    /// The next free [`Change::id`].
    pub next_change: u64,
    /// What stands for devices, by device.
    pub standings: Vec<Standing>,
    /// What is proposed for devices, by device.
    pub proposals: Vec<Proposal>,
    /// The latest steps with contracts, at most [`PAGE_MAX`], oldest first.
    pub steps: Vec<Step>,
    /// The next free [`Step::id`].
    pub next_step: u64,
    /// The ledger's end.
    pub ledger: LedgerHead,
}

/// Where the ledger ends.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct LedgerHead {
    /// Number of entries.
    pub size: u64,
    /// The latest signed checkpoint; empty while there is no entry.
    pub checkpoint: String,
}

/// One change of one row.
#[derive(Clone, PartialEq, Debug)]
pub enum Write {
    /// A device, new or changed; shared with whoever shows it.
    PutDevice(Arc<Record>),
    /// A device that was joined into another; its events stay.
    DropDevice(DeviceId),
    /// A device with its findings, events and contract, and every change that holds its record.
    ForgetDevice(DeviceId),
    /// A finding, new or changed.
    PutFinding(Box<TrackedFinding>),
    /// A finding away.
    DropFinding(FindingKey),
    /// An event; it gets the next number.
    AddEvent(Event),
    /// A change, new or taken back.
    PutChange(Box<Change>),
    /// What stands for a device, new or changed.
    PutStanding(Arc<Standing>),
    /// What is proposed for a device.
    PutProposal(Arc<Proposal>),
    /// What stands and what is proposed for a device away; its steps stay.
    DropContract(DeviceId),
    /// A step with contracts, new or taken back.
    PutStep(Arc<Step>),
    /// A person, new or changed; their name is unique.
    PutPerson(Person),
    /// A person with what they sign in with, their sessions and tokens.
    DropPerson(PersonId),
    /// Something to sign in with.
    PutCredential(Credential),
    /// Away with it.
    DropCredential(Text),
    /// A session, new or used again. One that ended stays ended.
    PutSession(Session),
    /// The end of a session; who it was stays readable for a while.
    EndSession {
        /// SHA-256 of its secret.
        hash: [u8; 32],
        /// When it ended.
        at: Timestamp,
    },
    /// An invitation.
    PutInvite(Invite),
    /// An invitation is used. It must be there, or the whole commit is refused: so it works once.
    TakeInvite([u8; 32]),
    /// An invitation away, used or not.
    DropInvite([u8; 32]),
    /// An API token.
    PutToken(Token),
    /// Away with it.
    DropToken(Text),
    /// A request or its decision. A decided one is never changed: the commit is refused.
    PutApproval(Box<Approval>),
    /// A setting.
    PutSetting {
        /// Its name.
        name: Text,
        /// Its value.
        value: Text,
    },
    /// A setting back to its default.
    DropSetting(Text),
    /// A counter or cursor.
    PutCounter {
        /// Its name.
        name: Text,
        /// Its value.
        value: i64,
    },
}

/// What is written in one go.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Commit {
    /// Rows, in this order.
    pub writes: Vec<Write>,
    /// What the ledger says about it.
    pub entries: Vec<Entry>,
}

/// What a commit got.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Committed {
    /// The ledger index of its first entry; where the ledger ends, if it had none.
    pub first_index: u64,
    /// The size that the checkpoint speaks for: this commit's entries, and those of others that
    /// were written in the same moment.
    pub size: u64,
    /// The signed checkpoint of that size; empty while the ledger is.
    pub checkpoint_text: String,
}

/// Which rows of a list that grows: those before a number, newest first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Before {
    /// Only rows with a lower number; `None` begins with the newest.
    pub before: Option<u64>,
    /// How many, at most [`PAGE_MAX`].
    pub limit: usize,
}

/// One page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// What to ask `before` for the next page; `None` on the last.
    pub next: Option<u64>,
}

/// A row with its place in the list, which never changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Numbered<T> {
    /// Its number, ascending with time of writing.
    pub number: u64,
    /// The row.
    pub row: T,
}

/// Which events.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct EventFilter {
    /// Of these devices; empty for all.
    pub devices: Vec<DeviceId>,
    /// Of these kinds; empty for all.
    pub kinds: Vec<EventKind>,
    /// Not earlier than this.
    pub since: Option<Timestamp>,
}

/// Which findings.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct FindingFilter {
    /// Of this device.
    pub device: Option<DeviceId>,
    /// In this state.
    pub state: Option<FindingState>,
}

/// Which ledger entries.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct LedgerFilter {
    /// Who.
    pub actor: Option<Text>,
    /// What.
    pub action: Option<Action>,
    /// To what.
    pub subject: Option<Text>,
}

/// One entry of the ledger as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LedgerRow {
    /// Its place, from 0.
    pub index: u64,
    /// The bytes that were hashed.
    pub record: Vec<u8>,
    /// The leaf hash.
    pub leaf: [u8; 32],
}

/// A promise about the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedCheckpoint {
    /// Entries that it speaks for.
    pub size: u64,
    /// The signed text.
    pub text: String,
}

/// A session that is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PastSession {
    /// What it was.
    pub session: Session,
    /// When it was ended.
    pub ended: Timestamp,
}

/// How many rows of each class were removed.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Retired {
    /// Per class, in the order asked; classes that are kept elsewhere are missing.
    pub removed: Vec<(DataClass, u64)>,
    /// Whether the entries that came with it were written.
    pub entered: bool,
}

impl Retired {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.removed.iter().map(|(_, rows)| rows).sum()
    }
}

/// What a backup holds, for the list that goes with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Backup {
    /// Bytes of the file.
    pub bytes: u64,
    /// Its schema.
    pub schema: i64,
    /// Where its ledger ends.
    pub ledger: LedgerHead,
}
