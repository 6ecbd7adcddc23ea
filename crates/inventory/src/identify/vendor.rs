//! Who made it, from its address block; and one spelling for each maker.

use cordon_model::{Attribute, Mac, Reason, Text};

use super::rules::{built_in, fill};
use super::{Case, Evidence};
use crate::oui;
use crate::saying::Field;
use crate::scope::{virtual_machine, virtual_router};

/// Endings of company names that say nothing.
const LEGAL: [&str; 44] = [
    "inc",
    "inc.",
    "incorporated",
    "corp",
    "corp.",
    "corporation",
    "co",
    "co.",
    "company",
    "ltd",
    "ltd.",
    "limited",
    "llc",
    "llc.",
    "gmbh",
    "ag",
    "ag.",
    "kg",
    "b.v.",
    "bv",
    "n.v.",
    "s.a.",
    "sa",
    "s.p.a.",
    "spa",
    "s.r.l.",
    "srl",
    "oy",
    "ab",
    "a/s",
    "aps",
    "as",
    "plc",
    "plc.",
    "pty",
    "pty.",
    "pte",
    "pte.",
    "co.,ltd",
    "co.,ltd.",
    "co.,",
    "ltd,",
    "(pty)",
    "&",
];

/// Claims from the address block.
pub(super) fn read(case: &mut Case, mac: Mac) {
    if let Some(virtual_router) = virtual_router(mac) {
        let says = format!(
            "its link-layer address {mac} is that of {} group {}: several routers share it",
            virtual_router.protocol, virtual_router.group
        );
        add(case, Attribute::Type, "router", 0.9, &says);
        let name = format!("virtual router {}", virtual_router.group);
        add(case, Attribute::Name, &name, 0.6, &says);
        return;
    }
    if let Some(product) = virtual_machine(mac) {
        let says = format!("its link-layer address {mac} is one that {product} gives out");
        add(case, Attribute::Type, "virtual-machine", 0.7, &says);
        return;
    }
    // A locally administered address says nothing about a maker, nor does one made of zeros.
    if mac.is_local() || mac.oui() == 0 {
        return;
    }
    let Some(owner) = oui::owner(mac) else { return };
    let says = format!("link-layer address {mac} belongs to {owner}");
    let lower = owner.to_ascii_lowercase();
    let rule = built_in().matching(Field::Oui, owner, &lower).next();
    let confidence = rule.as_ref().and_then(|(rule, _)| rule.confidence).unwrap_or(0.6);
    add(case, Attribute::Vendor, &plain(owner), confidence, &says);
    if let Some((rule, captures)) = rule {
        for (attribute, template) in &rule.values {
            if *attribute != Attribute::Vendor {
                let value = fill(template, &captures);
                add(case, *attribute, &value, confidence * 0.8, &says);
            }
        }
    }
}

fn add(case: &mut Case, attribute: Attribute, value: &str, confidence: f32, says: &str) {
    case.add(Evidence {
        attribute,
        value: value.into(),
        confidence,
        own: false,
        maker: None,
        reason: Reason { says: says.into(), source: "oui".into(), packet: None },
    });
}

/// The name by which people know a maker.
pub(super) fn plain(name: &str) -> Text {
    let name = name.trim();
    let lower = name.to_ascii_lowercase();
    for (rule, captures) in built_in().matching(Field::Oui, name, &lower) {
        let vendor = rule.values.iter().find(|(attribute, _)| *attribute == Attribute::Vendor);
        if let Some((_, template)) = vendor {
            return fill(template, &captures);
        }
    }
    let mut rest = name;
    while let Some((before, last)) = rest.rsplit_once([' ', ',']) {
        let last = last.trim().to_ascii_lowercase();
        if last.is_empty() || LEGAL.contains(&last.as_str()) {
            rest = before.trim_end_matches([' ', ',']);
        } else {
            break;
        }
    }
    Text::new(if rest.is_empty() { name } else { rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_maker_has_one_spelling() {
        assert_eq!(plain("Example Widgets Co., Ltd."), "Example Widgets");
        assert_eq!(plain("TP-LINK TECHNOLOGIES CO.,LTD."), "TP-Link");
        assert_eq!(plain("Signify B.V."), plain("Philips Lighting BV"));
        assert_eq!(plain("Inc."), "Inc.");
    }

    #[test]
    fn a_made_up_address_has_no_maker() {
        let mut case = Case::default();
        read(&mut case, Mac([0x02, 0x17, 0x88, 1, 2, 3]));
        assert!(case.evidence.is_empty());
    }
}
