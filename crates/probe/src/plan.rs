//! What is tried: few ports, chosen to say the most, or those that somebody named.

use std::time::Duration;

use thiserror::Error;

use crate::Port;

/// Most ports of one probe: enough to see whether rules hold, and no scan.
pub const MAX_PORTS: usize = 24;
/// Most ports that are chosen where the far end must be treated with care.
pub const MAX_CAREFUL: usize = 8;
/// Most ports of a kind that are chosen: what the rules allow, what was seen, what they forbid.
const OF_A_KIND: usize = 8;
/// What people care about most, tried where the rules forbid it: remote log-in, web, files, desktops.
const TELLING: [u16; 8] = [22, 23, 80, 443, 445, 3389, 5900, 8080];

/// How the far end has to be treated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Care {
    /// An ordinary device.
    Ordinary,
    /// A plant or lives depend on it: only what is known to be served or allowed is chosen.
    Careful,
}

/// What a choice is made from.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// Ranges that the rules let through, both ends included.
    pub possible: &'a [(Port, Port)],
    /// What the far end was seen to serve.
    pub served: &'a [Port],
    /// How it has to be treated.
    pub care: Care,
    /// Whether a machine with `--listen` stands at the far end: only then is UDP tried.
    pub listening: bool,
}

/// Chooses what to try: first what the rules let through, then what was seen to be served, then a few
/// telling ports of the rest. At most [`MAX_PORTS`], the same every time.
#[must_use]
pub fn choose(from: &Choice<'_>) -> Vec<Port> {
    let mut chosen: Vec<Port> = Vec::new();
    let most = match from.care {
        Care::Ordinary => MAX_PORTS,
        Care::Careful => MAX_CAREFUL,
    };
    let fits = |port: &Port| port.number() > 0 && (from.listening || matches!(port, Port::Tcp(_)));
    let mut take = |ports: &mut dyn Iterator<Item = Port>| {
        let mut taken = 0;
        for port in ports.filter(|port| fits(port)) {
            if taken >= OF_A_KIND || chosen.len() >= most {
                return;
            }
            if !chosen.contains(&port) {
                chosen.push(port);
                taken += 1;
            }
        }
    };
    // Whole ranges say little by their first port; single ports come first.
    let single = from.possible.iter().filter(|(first, last)| first == last);
    take(&mut single.map(|(first, _)| *first));
    take(&mut from.served.iter().copied());
    if from.care == Care::Ordinary {
        take(&mut TELLING.into_iter().map(Port::Tcp));
    }
    chosen
}

/// How long is waited between two tries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Pace(Duration);

/// A pace that is none.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum PaceError {
    /// Faster than [`Pace::FLOOR`].
    #[error("a probe tries no faster than four times a second; wait at least 250ms")]
    TooFast,
    /// Slower than [`Pace::CEILING`].
    #[error("a probe waits at most a minute between two tries")]
    TooSlow,
}

impl Pace {
    /// The shortest wait: small devices have few places for connections that begin.
    pub const FLOOR: Duration = Duration::from_millis(250);
    /// The longest.
    pub const CEILING: Duration = Duration::from_secs(60);

    /// A pace.
    ///
    /// # Errors
    /// Where it is shorter than [`Pace::FLOOR`] or longer than [`Pace::CEILING`].
    pub fn new(wait: Duration) -> Result<Self, PaceError> {
        match wait {
            wait if wait < Self::FLOOR => Err(PaceError::TooFast),
            wait if wait > Self::CEILING => Err(PaceError::TooSlow),
            wait => Ok(Pace(wait)),
        }
    }

    /// The wait between two tries.
    #[must_use]
    pub const fn wait(self) -> Duration {
        self.0
    }
}

impl Default for Pace {
    fn default() -> Self {
        Pace(Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Choice<'_> =
        Choice { possible: &[], served: &[], care: Care::Ordinary, listening: false };

    #[test]
    fn no_choice_is_a_scan() {
        let all: Vec<Port> = (1..=65_535).map(Port::Tcp).collect();
        let single: Vec<_> = all.iter().map(|port| (*port, *port)).collect();
        let from = Choice { possible: &single, served: &all, listening: true, ..NOTHING };
        assert!(choose(&from).len() <= MAX_PORTS);
        assert!(choose(&Choice { care: Care::Careful, ..from }).len() <= MAX_CAREFUL);
    }

    #[test]
    fn a_controller_is_tried_only_where_it_serves_or_may_be_reached() {
        let from = Choice {
            possible: &[(Port::Tcp(502), Port::Tcp(502)), (Port::Tcp(1), Port::Tcp(65_535))],
            served: &[Port::Tcp(102), Port::Udp(161)],
            care: Care::Careful,
            listening: false,
        };
        assert_eq!(choose(&from), [Port::Tcp(502), Port::Tcp(102)]);
        assert_eq!(choose(&Choice { care: Care::Careful, ..NOTHING }), []);
    }

    #[test]
    fn what_is_allowed_served_and_telling_is_tried_once_each() {
        let from = Choice {
            possible: &[(Port::Tcp(443), Port::Tcp(443))],
            served: &[Port::Tcp(443), Port::Tcp(104)],
            ..NOTHING
        };
        let chosen = choose(&from);
        assert_eq!(chosen.get(..3), Some(&[Port::Tcp(443), Port::Tcp(104), Port::Tcp(22)][..]));
        assert_eq!(chosen.len(), 2 + TELLING.len() - 1);
    }

    #[test]
    fn datagrams_go_only_to_who_listens() {
        let from = Choice { served: &[Port::Udp(53)], ..NOTHING };
        assert!(!choose(&from).contains(&Port::Udp(53)));
        assert!(choose(&Choice { listening: true, ..from }).contains(&Port::Udp(53)));
    }

    #[test]
    fn nobody_is_hurried() {
        assert_eq!(Pace::new(Duration::ZERO), Err(PaceError::TooFast));
        assert_eq!(Pace::new(Duration::from_millis(249)), Err(PaceError::TooFast));
        assert!(Pace::new(Pace::FLOOR).is_ok());
        assert_eq!(Pace::new(Duration::from_secs(61)), Err(PaceError::TooSlow));
        assert_eq!(Pace::default().wait(), Duration::from_secs(1));
    }
}
