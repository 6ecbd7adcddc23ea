//! At the start: the ledger has no gap, and is what was signed.

use cordon_ledger::{Hash, Tree};
use cordon_model::Text;
use sea_orm::ConnectionTrait;

use super::promises::Promises;
use crate::rows::read;
use crate::state::LEAVES_MAX;
use crate::{Notary, StoreError};

/// The tree over all leaves, and its roots at the sizes asked for.
pub(crate) struct Grown {
    pub(crate) tree: Tree,
    pub(crate) roots: Vec<(u64, Hash)>,
}

/// Reads all leaf hashes, a piece at a time.
pub(crate) async fn grow<C: ConnectionTrait>(
    db: &C,
    site: &str,
    at: &[u64],
) -> Result<Grown, StoreError> {
    let mut tree = Tree::new();
    let mut roots = Vec::new();
    loop {
        let from = tree.size();
        let leaves = read::leaf_hashes(db, site, from..u64::MAX).await?;
        let last = leaves.len() < LEAVES_MAX;
        for leaf in leaves {
            tree.append(leaf);
            if at.contains(&tree.size()) {
                roots.push((tree.size(), tree.root()));
            }
        }
        if last {
            return Ok(Grown { tree, roots });
        }
    }
}

/// How the file of checkpoints was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Beside {
    /// There is nothing to promise yet.
    Empty,
    /// It promises what the database holds.
    Agrees,
    /// It ended earlier, as after a loss of power, and was brought up to date.
    Behind,
    /// It was not there, and was written anew. Somebody removed it, or it was never copied here.
    Missing,
}

/// What the start found.
pub(crate) struct Checked {
    pub(crate) tree: Tree,
    pub(crate) checkpoint: String,
    pub(crate) beside: Beside,
}

/// Compares the leaves with the last checkpoint in the database and the last one beside it.
pub(crate) async fn check<C: ConnectionTrait>(
    db: &C,
    site: &Text,
    notary: &Notary,
    promises: &mut Promises,
) -> Result<Checked, StoreError> {
    let stored = read::last_checkpoint(db, site).await?;
    let signed = stored.as_ref().map(|row| notary.check(&row.text)).transpose()?;
    let beside = promises.last().map(|text| notary.check(text)).transpose()?;
    let sizes: Vec<u64> = [signed, beside].into_iter().flatten().map(|(size, _)| size).collect();
    let grown = grow(db, site, &sizes).await?;
    let size = grown.tree.size();
    for (promised, root) in [signed, beside].into_iter().flatten() {
        if promised > size {
            return Err(StoreError::Ledger(format!(
                "{promised} entries were promised and {size} are there, so entries from {size} on were cut off"
            )));
        }
        if promised > 0 && !grown.roots.contains(&(promised, root)) {
            return Err(StoreError::Ledger(format!("an entry before {promised} was changed")));
        }
    }
    if signed.map_or(0, |(promised, _)| promised) != size {
        return Err(StoreError::Ledger(format!(
            "its last entries, up to {size}, were never signed"
        )));
    }
    let checkpoint = stored.map(|row| row.text).unwrap_or_default();
    let found = match beside {
        _ if size == 0 => Beside::Empty,
        None => Beside::Missing,
        Some((promised, _)) if promised < size => Beside::Behind,
        Some(_) => Beside::Agrees,
    };
    if matches!(found, Beside::Missing | Beside::Behind) {
        promises.add(&checkpoint).await?;
    }
    Ok(Checked { tree: grown.tree, checkpoint, beside: found })
}
