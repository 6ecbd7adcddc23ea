//! How often: the bound of an entry on conversations a minute.

use std::collections::HashMap;

use cordon_model::Timestamp;

use crate::document::EntryId;
use crate::policy::MemberNo;

/// Counts the conversations of each entry by the minute.
#[derive(Clone, Default, Debug)]
pub struct Pace {
    minutes: HashMap<(MemberNo, EntryId), (i64, u32)>,
}

impl Pace {
    /// Counts one in, and says whether it is more than the entry bears in this minute.
    pub fn exceeds(
        &mut self,
        member: MemberNo,
        entry: &EntryId,
        bound: Option<u32>,
        at: Timestamp,
    ) -> bool {
        let Some(bound) = bound else { return false };
        let minute = at.secs().div_euclid(60);
        let (held, count) = self.minutes.entry((member, entry.clone())).or_insert((minute, 0));
        if *held != minute {
            (*held, *count) = (minute, 0);
        }
        *count = count.saturating_add(1);
        *count > bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_minute_begins_anew_and_each_entry_counts_for_itself() {
        let mut pace = Pace::default();
        let (a, b) = (EntryId("a".into()), EntryId("b".into()));
        let mut over = |entry: &EntryId, secs| {
            pace.exceeds(MemberNo(0), entry, Some(2), Timestamp::from_secs(secs))
        };
        assert_eq!([over(&a, 0), over(&a, 30), over(&a, 59)], [false, false, true]);
        assert!(!over(&b, 59));
        assert!(!over(&a, 60));
    }
}
