//! Where devices say that their makers describe them (RFC 8520): what each source said last.

use cordon_model::{Fact, MudSource, MudUrl, Text, Timestamp};

use crate::ends::End;

impl End {
    /// It names its MUD file. Of one source only the latest is kept: each is a singleton
    /// (RFC 8520, 10.1).
    pub(crate) fn names_mud(&mut self, source: MudSource, url: Option<&Text>, fact: &Fact) {
        let Some(url) = url else { return };
        match self.mud.iter_mut().find(|known| known.source == source) {
            Some(known) if known.url == *url => {
                known.first = known.first.min(fact.at);
                known.last = known.last.max(fact.at);
            }
            Some(known) => *known = said(source, url, fact),
            None => self.mud.push(said(source, url, fact)),
        }
    }

    /// Leaves out what was last said before `before`.
    pub(crate) fn forget_mud(&mut self, before: Timestamp) {
        self.mud.retain(|known| known.last >= before);
    }
}

fn said(source: MudSource, url: &Text, fact: &Fact) -> MudUrl {
    MudUrl { url: url.clone(), source, packet: fact.packet, first: fact.at, last: fact.at }
}

/// What a device of several ends says: the latest of each source, newest first.
pub(crate) fn of_device(ends: &[&End]) -> Vec<MudUrl> {
    let mut all: Vec<&MudUrl> = ends.iter().flat_map(|end| &end.mud).collect();
    all.sort_by_key(|one| (std::cmp::Reverse(one.last), one.source, one.packet));
    let mut latest: Vec<MudUrl> = Vec::new();
    for one in all {
        if !latest.iter().any(|known| known.source == one.source) {
            latest.push(one.clone());
        }
    }
    latest
}
