//! What may come to be held without anybody's doing: a device that may speak to a name may be told
//! that the name means any address.

use cordon_contract::{Bindings, IpVersion, Policy, Rule, Where};
use cordon_enforce::{CompileError, Compiler, Elements, Options, SetName};
use cordon_model::Timestamp;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The elements that there would be if every name meant every address.
///
/// # Errors
///
/// Where there would be too many.
pub(crate) fn elements(policy: &Policy, at: Timestamp) -> Result<Elements, CompileError> {
    let any4 = IpNet::V4(Ipv4Net::default());
    let any6 = IpNet::V6(Ipv6Net::default());
    let mut rules = Vec::new();
    for rule in &policy.rules {
        let Where::Name(name) = rule.at else { continue };
        let only = policy.only.iter().find(|(held, _)| *held == name);
        for (version, net) in [(IpVersion::V4, any4), (IpVersion::V6, any6)] {
            if only.is_none_or(|(_, only)| *only == version) {
                rules.push(Rule { at: Where::Net(net), ..rule.clone() });
            }
        }
    }
    if rules.is_empty() {
        return Ok(Elements::new());
    }
    let policy = Policy { members: policy.members.clone(), rules, ..Policy::default() };
    let compiler = Compiler::new(&policy)?;
    let ruleset = compiler.ruleset(&Bindings::default(), &Options::default(), at)?;
    let mut elements = ruleset.elements;
    elements.retain(|set, _| matches!(set, SetName::Allow(..)));
    Ok(elements)
}
