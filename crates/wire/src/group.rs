//! Group membership: IGMP versions 1 to 3 (RFC 1112, 2236, 3376), MLD versions 1 and 2
//! (RFC 2710, 3810).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cordon_model::Said;
use cordon_model::fact::GroupMembership;

use crate::{Out, Reader};

/// Groups told from one report: a device joins a handful; the rest is left out.
const MAX_GROUPS: u16 = 16;

/// Reads an IGMP message. False where it is malformed; types that are not about membership
/// (PIM, DVMRP …) say nothing.
pub fn igmp(message: &[u8], out: &mut Out<'_>) -> bool {
    let mut reader = Reader::new(message);
    let walked = (|| {
        let kind = reader.u8()?;
        reader.skip(3)?;
        match kind {
            0x11 => one(v4(&mut reader)?, true, out),
            0x12 | 0x16 | 0x17 => one(v4(&mut reader)?, false, out),
            0x22 => report(&mut reader, 4, v4, out)?,
            _ => {}
        }
        Some(())
    })();
    walked.is_some()
}

/// Reads an ICMPv6 message of type 130, 131, 132 or 143 from its type byte on. False where it is
/// malformed or of another type.
pub fn mld(message: &[u8], out: &mut Out<'_>) -> bool {
    let mut reader = Reader::new(message);
    let walked = (|| {
        let kind = reader.u8()?;
        reader.skip(3)?;
        if kind == 143 {
            return report(&mut reader, 16, v6, out);
        }
        reader.skip(4)?;
        let group = v6(&mut reader)?;
        match kind {
            130 => one(group, true, out),
            131 | 132 => one(group, false, out),
            _ => return None,
        }
        Some(())
    })();
    walked.is_some()
}

type ReadAddress = fn(&mut Reader<'_>) -> Option<IpAddr>;

fn v4(reader: &mut Reader<'_>) -> Option<IpAddr> {
    reader.array::<4>().map(|octets| IpAddr::V4(Ipv4Addr::from(octets)))
}

fn v6(reader: &mut Reader<'_>) -> Option<IpAddr> {
    reader.array::<16>().map(|octets| IpAddr::V6(Ipv6Addr::from(octets)))
}

fn one(group: IpAddr, query: bool, out: &mut Out<'_>) {
    let group = Some(group).filter(|group| !group.is_unspecified());
    out.say(Said::Group(GroupMembership { group, query }));
}

/// The group records of an IGMPv3 or MLDv2 report; both have the same shape.
fn report(
    reader: &mut Reader<'_>,
    size: usize,
    read: ReadAddress,
    out: &mut Out<'_>,
) -> Option<()> {
    reader.skip(2)?;
    let count = reader.u16()?;
    for _ in 0..count.min(MAX_GROUPS) {
        reader.skip(1)?;
        let auxiliary = usize::from(reader.u8()?) * 4;
        let sources = usize::from(reader.u16()?) * size;
        one(read(reader)?, false, out);
        reader.skip(sources + auxiliary)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::said;

    fn groups(facts: &[Said]) -> Vec<String> {
        let text = |said: &Said| match said {
            Said::Group(GroupMembership { group, query }) => format!("{group:?} {query}"),
            other => panic!("{other:?}"),
        };
        facts.iter().map(text).collect()
    }

    #[test]
    fn each_group_of_a_version_3_report_is_told() {
        let bytes = [
            0x22, 0, 0, 0, 0, 0, 0, 2, // two records
            4, 0, 0, 1, 239, 255, 255, 250, 10, 0, 0, 1, // one source
            4, 1, 0, 0, 224, 0, 0, 251, 9, 9, 9, 9, // auxiliary data
        ];
        let (good, facts) = said(|out| igmp(&bytes, out));
        assert!(good);
        assert_eq!(groups(&facts), ["Some(239.255.255.250) false", "Some(224.0.0.251) false"]);
    }

    #[test]
    fn a_report_that_promises_more_groups_than_it_holds_keeps_what_was_read() {
        let bytes = [0x22, 0, 0, 0, 0, 0, 0xff, 0xff, 4, 0, 0, 0, 224, 0, 0, 251];
        let (good, facts) = said(|out| igmp(&bytes, out));
        assert!(!good);
        assert_eq!(facts.len(), 1);
    }

    #[test]
    fn a_flood_of_groups_is_bounded() {
        let mut bytes = vec![0x22, 0, 0, 0, 0, 0, 1, 0];
        bytes.extend([4, 0, 0, 0, 224, 0, 0, 251].repeat(256));
        assert_eq!(said(|out| igmp(&bytes, out)).1.len(), usize::from(MAX_GROUPS));
    }

    #[test]
    fn a_general_query_has_no_group() {
        let (_, facts) = said(|out| igmp(&[0x11, 100, 0, 0, 0, 0, 0, 0], out));
        assert_eq!(groups(&facts), ["None true"]);
        let (_, facts) = said(|out| mld(&[vec![130], vec![0; 27]].concat(), out));
        assert_eq!(groups(&facts), ["None true"]);
    }

    #[test]
    fn mld_version_2_reports_are_read() {
        let mut bytes = vec![143, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0];
        bytes.extend("ff02::fb".parse::<Ipv6Addr>().unwrap().octets());
        let (good, facts) = said(|out| mld(&bytes, out));
        assert!(good);
        assert_eq!(groups(&facts), ["Some(ff02::fb) false"]);
    }
}
