//! What of a contract MUD cannot say.

use std::fmt;

use crate::document::EntryId;

/// Something of a contract that MUD cannot say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unsaid {
    /// Of which entry.
    pub entry: EntryId,
    /// What.
    pub what: UnsaidWhat,
}

/// What MUD cannot say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum UnsaidWhat {
    /// Left out: until when, or at which hours.
    Time,
    /// Left out: a label or a zone.
    Label,
    /// Left out: a device whose address is not known.
    Address,
    /// Left out: names below a name.
    Wildcard,
    /// Left out: a maker or model that is known by name and not by a URL.
    NoUrl,
    /// Left out: the Internet without the site.
    Internet,
    /// Left out: too many ports and addresses.
    TooMany,
    /// Left out: ports of a protocol that has none, or an IP version that does not fit.
    Contradiction,
    /// Written as addresses, which may change.
    DeviceAsAddress,
    /// Written as the broadcast address of the link alone.
    BroadcastOfNetworks,
    /// Written without: who opens. Other readers let both ends open.
    WhoOpens,
    /// Written without: how much.
    Bounds,
    /// Written without: what may be said.
    Verbs,
    /// Written without: which application.
    Application,
}

impl UnsaidWhat {
    /// Whether the entry is not in the file at all.
    #[must_use]
    pub const fn left_out(self) -> bool {
        matches!(
            self,
            UnsaidWhat::Time
                | UnsaidWhat::Label
                | UnsaidWhat::Address
                | UnsaidWhat::Wildcard
                | UnsaidWhat::NoUrl
                | UnsaidWhat::Internet
                | UnsaidWhat::TooMany
                | UnsaidWhat::Contradiction
        )
    }
}

impl fmt::Display for UnsaidWhat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UnsaidWhat::Time => {
                "left out: MUD has no times, and without them it would hold for ever"
            }
            UnsaidWhat::Label => "left out: MUD knows neither labels nor zones of a site",
            UnsaidWhat::Address => "left out: the device has no address yet",
            UnsaidWhat::Wildcard => "left out: MUD has no names that stand for all names below",
            UnsaidWhat::NoUrl => "left out: MUD knows makers and models by their URL alone",
            UnsaidWhat::Internet => "left out: MUD has no word for the Internet without the site",
            UnsaidWhat::TooMany => "left out: it would be too many entries",
            UnsaidWhat::Contradiction => {
                "left out: peer, transport, ports and IP do not go together"
            }
            UnsaidWhat::DeviceAsAddress => "written as the addresses that the device has now",
            UnsaidWhat::BroadcastOfNetworks => "written as 255.255.255.255 alone",
            UnsaidWhat::WhoOpens => "MUD cannot say who opens it; other readers let both ends open",
            UnsaidWhat::Bounds => "written without its bounds; MUD has none",
            UnsaidWhat::Verbs => {
                "written without what may be said in it; MUD sees no further than ports and TLS"
            }
            UnsaidWhat::Application => "written without its application; MUD knows ports",
        })
    }
}
