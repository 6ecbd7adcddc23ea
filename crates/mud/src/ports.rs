//! Conditions on ports (RFC 8519, `port-range-or-operator`).

/// A condition on a port.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PortMatch {
    /// This one.
    Eq(u16),
    /// Any but this one.
    Neq(u16),
    /// This one and those below.
    Lte(u16),
    /// This one and those above.
    Gte(u16),
    /// From the first to the second, both included; the first is not above the second.
    Range(u16, u16),
}

impl PortMatch {
    /// The ports as ranges with both ends included: none, one or two.
    pub fn ranges(self) -> impl Iterator<Item = (u16, u16)> {
        let (first, second) = match self {
            PortMatch::Eq(port) => (Some((port, port)), None),
            PortMatch::Lte(port) => (Some((0, port)), None),
            PortMatch::Gte(port) => (Some((port, u16::MAX)), None),
            PortMatch::Range(first, last) => (Some((first, last)), None),
            PortMatch::Neq(port) => {
                let below = port.checked_sub(1).map(|last| (0, last));
                (below, port.checked_add(1).map(|first| (first, u16::MAX)))
            }
        };
        first.into_iter().chain(second)
    }

    /// Whether a port fulfils it.
    #[must_use]
    pub fn contains(self, port: u16) -> bool {
        self.ranges().any(|(first, last)| (first..=last).contains(&port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_means_its_ports_at_the_ends_too() {
        let all = |m: PortMatch| m.ranges().collect::<Vec<_>>();
        assert_eq!(all(PortMatch::Neq(0)), [(1, 65535)]);
        assert_eq!(all(PortMatch::Neq(65535)), [(0, 65534)]);
        assert_eq!(all(PortMatch::Neq(80)), [(0, 79), (81, 65535)]);
        assert!(!PortMatch::Neq(80).contains(80) && PortMatch::Neq(80).contains(81));
        assert!(PortMatch::Lte(80).contains(80) && !PortMatch::Lte(80).contains(81));
        assert!(PortMatch::Gte(80).contains(80) && !PortMatch::Gte(80).contains(79));
    }
}
