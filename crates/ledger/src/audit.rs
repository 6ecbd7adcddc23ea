//! Reads a ledger from its beginning and finds the first thing that is wrong with it.

use std::cmp::Ordering;

use crate::record::claimed_index;
use crate::{Checkpoint, Fault, Hash, Kind, List, LogKey, Span, Tree, Verifier, leaf_hash};

/// Checkpoints that one audit holds in memory: 64 bytes each, 256 MiB in all.
pub const CHECKPOINTS_MAX: usize = 4 << 20;

/// One record as it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row<'a> {
    /// Its place by the key it is kept under, from 0.
    pub index: u64,
    /// Its bytes.
    pub record: &'a [u8],
    /// The leaf hash kept beside it.
    pub leaf: Hash,
}

/// A ledger that is what was signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    /// How many records.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// The latest checkpoint; none when there are no records.
    pub last: Option<Checkpoint>,
    /// How many records the checkpoints outside the database cover; what comes after them could be
    /// cut off with the database's own checkpoints unnoticed.
    pub outside: u64,
}

/// Verifies a ledger at one go; see [`Auditor`] for reading it in pieces.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify<'a>(
    rows: impl IntoIterator<Item = Row<'a>>,
    checkpoints: impl IntoIterator<Item = (List, &'a str)>,
    key: &LogKey,
    verifier: &dyn Verifier,
) -> Result<Verified, Fault> {
    let mut auditor = Auditor::new(key.clone(), verifier);
    checkpoints.into_iter().for_each(|(list, text)| auditor.checkpoint(list, text));
    rows.into_iter().for_each(|row| auditor.row(row));
    auditor.finish()
}

/// An audit in progress: first all checkpoints, then all records in the order of their keys.
///
/// Memory is that of the checkpoints; records pass through. After a fault the rest is read on to
/// tell what kind of fault it is.
pub struct Auditor<'a> {
    key: LogKey,
    verifier: &'a dyn Verifier,
    promises: Vec<Promise>,
    latest: Option<Checkpoint>,
    /// For each list: how many checkpoints it had, and the size of the last.
    seen: [(u64, u64); 3],
    sorted: bool,
    /// Index of the first promise that is not reached.
    next: usize,
    /// So many records from the beginning fit a checkpoint.
    proven: u64,
    /// The tree of the hashes kept beside the records.
    leaves: Tree,
    /// That tree before its last leaf.
    before: Tree,
    /// The tree of the records' own hashes, where it differs, and the first record that differs.
    records: Option<(Tree, u64)>,
    phase: Phase,
}

/// A checkpoint that was found genuine.
#[derive(Clone, Copy)]
struct Promise {
    size: u64,
    root: Hash,
    list: List,
}

enum Phase {
    Reading,
    /// The hashes up to this size do not give the signed root; the next record may tell why.
    Mismatch(Promise),
    /// That, said; unless a later checkpoint fits, and two signed ones contradict each other.
    Doubted(Fault, Promise),
    /// A record claims another place than it stands at.
    Misplaced(Box<Misplaced>),
    Settled(Fault),
}

/// What is known about a record in a wrong place, and what came after it.
struct Misplaced {
    at: u64,
    claims: u64,
    /// Which places the next two records claim.
    next: [Option<u64>; 2],
    /// Whether the record that belongs here came later.
    found: bool,
    /// Whether another record claims the same place later.
    again: bool,
    /// The tree without the record before this one, and without this one.
    without: [Tree; 2],
    /// Which of these trees gives the next signed root.
    fits: Option<u64>,
}

impl<'a> Auditor<'a> {
    /// An audit with this key, which must come from somewhere else than the ledger.
    #[must_use]
    pub fn new(key: LogKey, verifier: &'a dyn Verifier) -> Self {
        Auditor {
            key,
            verifier,
            promises: Vec::new(),
            latest: None,
            seen: [(0, 0); 3],
            sorted: false,
            next: 0,
            proven: 0,
            leaves: Tree::new(),
            before: Tree::new(),
            records: None,
            phase: Phase::Reading,
        }
    }

    /// Takes a checkpoint, in the order in which its list has it. Checkpoints come before rows.
    pub fn checkpoint(&mut self, list: List, text: &str) {
        if matches!(self.phase, Phase::Settled(_)) {
            return;
        }
        if let Err(fault) = self.promise(list, text) {
            self.phase = Phase::Settled(fault);
        }
    }

    /// Takes the next record, in the order of its key.
    pub fn row(&mut self, row: Row<'_>) {
        self.sort();
        let hash = leaf_hash(row.record);
        match &mut self.phase {
            Phase::Reading => self.read(row, hash),
            Phase::Mismatch(promise) => {
                let promise = *promise;
                self.settle_mismatch(promise, Some((claim(&row, &hash), hash)));
                self.doubt(promise, row.leaf);
            }
            Phase::Doubted(_, promise) => {
                let promise = *promise;
                self.doubt(promise, row.leaf);
            }
            Phase::Misplaced(misplaced) => {
                misplaced.look(claim(&row, &hash), row.leaf, self.promises.get(self.next));
            }
            Phase::Settled(_) => {}
        }
    }

    /// What came out.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn finish(mut self) -> Result<Verified, Fault> {
        self.sort();
        if let Phase::Mismatch(promise) = self.phase {
            self.settle_mismatch(promise, None);
        }
        let covered = self.promises.last().map_or(0, |promise| promise.size);
        let there = self.leaves.size();
        let proven = self.proven;
        match self.phase {
            Phase::Settled(fault) | Phase::Doubted(fault, _) => return Err(fault),
            Phase::Misplaced(misplaced) => {
                let (kind, span) = misplaced.judge(proven, covered);
                return Err(Fault::Record { kind, span, proven });
            }
            Phase::Reading | Phase::Mismatch(_) => {}
        }
        match there.cmp(&covered) {
            Ordering::Less => {
                if let Some((_, first)) = self.records {
                    return Err(Fault::Record {
                        kind: Kind::Changed,
                        span: Span::one(first),
                        proven,
                    });
                }
                let list = self.promises.last().map_or(List::Database, |promise| promise.list);
                return Err(Fault::Cut { there, covered, list });
            }
            Ordering::Greater => {
                let count = there.saturating_sub(covered);
                return Err(Fault::Unsigned { first: covered, count });
            }
            Ordering::Equal => {}
        }
        if let Some(missing) = missing(&self.promises) {
            return Err(Fault::CheckpointRemoved { size: missing.size, list: missing.list });
        }
        let outside = self.promises.iter().rev().find(|promise| promise.list != List::Database);
        Ok(Verified {
            size: there,
            root: self.leaves.root(),
            last: self.latest,
            outside: outside.map_or(0, |promise| promise.size),
        })
    }

    fn promise(&mut self, list: List, text: &str) -> Result<(), Fault> {
        let slot = match list {
            List::Database => &mut self.seen[0],
            List::File => &mut self.seen[1],
            List::Saved => &mut self.seen[2],
        };
        let number = slot.0.saturating_add(1);
        let checkpoint = Checkpoint::verify(text, &self.key, self.verifier)
            .map_err(|reason| Fault::Forged { list, number, reason })?;
        let before = slot.1;
        // Whoever keeps checkpoints elsewhere may hand them in as they like.
        if checkpoint.size < before && list != List::Saved {
            return Err(Fault::RolledBack { list, number, size: checkpoint.size, before });
        }
        *slot = (number, checkpoint.size);
        if self.promises.len() >= CHECKPOINTS_MAX {
            return Err(Fault::TooMany);
        }
        self.promises.push(Promise { size: checkpoint.size, root: checkpoint.root, list });
        if self.latest.as_ref().is_none_or(|latest| latest.size <= checkpoint.size) {
            self.latest = Some(checkpoint);
        }
        Ok(())
    }

    /// Puts the checkpoints in order, and compares those of one size.
    fn sort(&mut self) {
        if self.sorted {
            return;
        }
        self.sorted = true;
        self.promises.sort_by_key(|promise| (promise.size, promise.list));
        let empty = Promise { size: 0, root: Tree::new().root(), list: List::Database };
        let mut last = empty;
        for promise in &self.promises {
            if promise.size == last.size && promise.root != last.root {
                if !matches!(self.phase, Phase::Settled(_)) {
                    let lists = (last.list, promise.list);
                    self.phase = Phase::Settled(Fault::Fork { size: promise.size, lists });
                }
                return;
            }
            if promise.size != last.size {
                last = *promise;
            }
        }
        self.next = self.promises.partition_point(|promise| promise.size == 0);
    }

    fn read(&mut self, row: Row<'_>, hash: Hash) {
        let at = self.leaves.size();
        let claims = claim(&row, &hash);
        if claims != at {
            self.misplaced(at, claims, row.leaf);
            return;
        }
        if row.index != at {
            self.settle(Kind::Reordered, Span::one(at));
            return;
        }
        if let Some((records, _)) = &mut self.records {
            records.append(hash);
        } else if hash != row.leaf {
            let mut records = self.leaves.clone();
            records.append(hash);
            self.records = Some((records, at));
        }
        self.before.clone_from(&self.leaves);
        self.leaves.append(row.leaf);
        self.compare();
    }

    /// Compares the tree with the checkpoints of its size.
    fn compare(&mut self) {
        let size = self.leaves.size();
        let Some(promise) = self.promises.get(self.next).copied() else { return };
        if promise.size != size {
            return;
        }
        let fits = self.leaves.root() == promise.root;
        match (&self.records, fits) {
            (None, true) => {
                self.proven = size;
                let rest = self.promises.get(self.next..).unwrap_or_default();
                let same = rest.iter().take_while(|other| other.size == size).count();
                self.next = self.next.saturating_add(same);
            }
            (None, false) => self.phase = Phase::Mismatch(promise),
            // The signed root speaks for the hashes: the bytes were changed.
            (Some((_, first)), true) => self.settle(Kind::Changed, Span::one(*first)),
            // The signed root speaks for the bytes: a hash was changed.
            (Some((records, first)), false) if records.root() == promise.root => {
                self.settle(Kind::HashChanged, Span::one(*first));
            }
            (Some(_), false) => self.settle_mismatch(promise, None),
        }
    }

    /// Says what is wrong in the records since the last good checkpoint, by the record after them.
    fn settle_mismatch(&mut self, promise: Promise, next: Option<(u64, Hash)>) {
        let last = promise.size.saturating_sub(1);
        let span = Span { first: self.proven, last };
        let (kind, span) = match next {
            // Two records claim the last place: something was put in.
            Some((claims, hash)) if claims == last => {
                let mut without = self.before.clone();
                without.append(hash);
                let exact = without.root() == promise.root;
                (Kind::Inserted, if exact { Span::one(last) } else { span })
            }
            _ if span.is_exact() => (Kind::Changed, span),
            _ => (Kind::Rewritten, span),
        };
        let fault = Fault::Record { kind, span, proven: self.proven };
        self.phase = Phase::Doubted(fault, promise);
    }

    /// Reads on after a mismatch. A later checkpoint that fits speaks for everything before it, so
    /// that the key signed two histories: an old state was put back and went on.
    fn doubt(&mut self, doubted: Promise, leaf: Hash) {
        self.leaves.append(leaf);
        let size = self.leaves.size();
        while let Some(promise) =
            self.promises.get(self.next).filter(|promise| promise.size <= size)
        {
            if promise.size == size && promise.root == self.leaves.root() {
                let lists = (promise.list, doubted.list);
                self.phase = Phase::Settled(Fault::Fork { size: doubted.size, lists });
                return;
            }
            self.next = self.next.saturating_add(1);
        }
    }

    fn misplaced(&mut self, at: u64, claims: u64, leaf: Hash) {
        if let Some((_, first)) = self.records {
            self.settle(Kind::Changed, Span::one(first));
            return;
        }
        let mut without_previous = self.before.clone();
        without_previous.append(leaf);
        let mut misplaced = Misplaced {
            at,
            claims,
            next: [None; 2],
            found: false,
            again: false,
            without: [without_previous, self.leaves.clone()],
            fits: None,
        };
        misplaced.compare(self.promises.get(self.next));
        self.phase = Phase::Misplaced(Box::new(misplaced));
    }

    fn settle(&mut self, kind: Kind, span: Span) {
        self.phase = Phase::Settled(Fault::Record { kind, span, proven: self.proven });
    }
}

impl Misplaced {
    /// Takes note of a record that comes later.
    fn look(&mut self, claims: u64, leaf: Hash, promise: Option<&Promise>) {
        if let Some(free) = self.next.iter_mut().find(|place| place.is_none()) {
            *free = Some(claims);
        }
        self.found |= claims == self.at;
        self.again |= claims == self.claims;
        if promise.is_some_and(|promise| self.without[1].size() < promise.size) {
            self.without.iter_mut().for_each(|tree| tree.append(leaf));
            self.compare(promise);
        }
    }

    /// Compares both guesses with the next signed root.
    fn compare(&mut self, promise: Option<&Promise>) {
        let Some(promise) = promise else { return };
        let guesses = [self.at.saturating_sub(1), self.at];
        for (tree, guess) in self.without.iter().zip(guesses) {
            if self.fits.is_none() && tree.size() == promise.size && tree.root() == promise.root {
                self.fits = Some(guess);
            }
        }
    }

    /// What was done, and to which record.
    fn judge(&self, proven: u64, covered: u64) -> (Kind, Span) {
        let Misplaced { at, claims, next, .. } = *self;
        let following = Some(at.saturating_add(1));
        let here = Span::one(at);
        if claims > at {
            let shifted = next == [Some(at), following];
            if self.found && shifted && (self.again || claims >= covered) {
                return (Kind::Inserted, here);
            }
            if self.found {
                return (Kind::Reordered, here);
            }
            // All others are in their places: this one only says that it belongs elsewhere.
            if next[0] == following || (next[0].is_none() && covered <= at.saturating_add(1)) {
                return (Kind::Changed, here);
            }
            let last = claims.min(covered.max(at.saturating_add(1))).saturating_sub(1);
            return (Kind::Removed, Span { first: at, last });
        }
        if next[0] == following || (next[0].is_none() && covered > at) {
            return (Kind::Changed, here);
        }
        let previous = at.saturating_sub(1);
        let span = match self.fits {
            Some(index) => Span::one(index),
            None if claims == previous && proven < at => Span { first: previous, last: at },
            None => here,
        };
        (Kind::Inserted, span)
    }
}

/// The place that a record says it belongs to: its own word, if its hash still fits, or the key
/// that it is kept under.
fn claim(row: &Row<'_>, hash: &Hash) -> u64 {
    let own = (*hash == row.leaf).then(|| claimed_index(row.record)).flatten();
    own.unwrap_or(row.index)
}

/// The first checkpoint that others have and the database lacks; sorted by size, then list.
fn missing(promises: &[Promise]) -> Option<&Promise> {
    promises
        .chunk_by(|a, b| a.size == b.size)
        .filter_map(|same| same.first())
        .find(|first| first.list != List::Database && first.size > 0)
}
