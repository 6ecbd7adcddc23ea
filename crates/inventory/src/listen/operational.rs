//! What controllers say of themselves, and who does what to them.

use cordon_model::operation::ControllerIdentity;
use cordon_model::{App, Fact, Operation, Outcome, PacketId, Text};

use crate::ends::{Act, End};
use crate::inventory::{Child, ChildKind, Inventory};
use crate::saying::Field;

/// Different acts remembered of one end.
const MOST_ACTS: usize = 48;
/// Units remembered behind one address.
const MOST_UNITS: usize = 32;

pub(super) fn operation(inventory: &mut Inventory, fact: &Fact, operation: &Operation) {
    let asked = operation.outcome == Outcome::Asked;
    if let Some(end) = inventory.speaker(fact) {
        end.acts(operation, asked, fact.packet);
    }
    // A target that never answers may not exist.
    if asked
        && let Some(id) = inventory.ends.known(fact.to.mac, fact.to.ip)
        && let Some(end) = inventory.ends.get(id)
    {
        end.acts(operation, false, fact.packet);
    }
}

impl End {
    fn acts(&mut self, operation: &Operation, actor: bool, packet: PacketId) {
        let Operation { app, verb, .. } = *operation;
        let same = |act: &Act| act.app == app && act.verb == verb && act.actor == actor;
        let known = self.acts.iter().position(same);
        if known.is_none() && self.acts.len() < MOST_ACTS {
            self.acts.push(Act { app, verb, actor, packet, count: 0, units: Vec::new() });
        }
        let at = known.unwrap_or(self.acts.len().saturating_sub(1));
        let Some(act) = self.acts.get_mut(at).filter(|act| same(act)) else { return };
        act.count = act.count.saturating_add(1);
        if let Some(unit) = operation.unit
            && operation.outcome == Outcome::Done
            && !act.units.contains(&unit)
            && act.units.len() < MOST_UNITS
        {
            act.units.push(unit);
        }
    }
}

pub(super) fn controller(
    inventory: &mut Inventory,
    fact: &Fact,
    app: App,
    identity: &ControllerIdentity,
) {
    let Some(id) = inventory.speaker_id(fact) else { return };
    if let (App::Bacnet, Some(instance)) = (app, identity.instance) {
        // A BACnet router speaks for many devices; the first is taken for itself.
        let own = inventory.children.iter().find(|child| child.hub == id).map(|child| &child.key);
        let key = format!("bacnet-{instance}");
        let first = own.is_none_or(|own| *own == key);
        let text = |text: &Option<Text>| text.as_ref().map(ToString::to_string);
        inventory.child(Child {
            name: text(&identity.name),
            vendor: text(&identity.vendor),
            model: text(&identity.model).or_else(|| text(&identity.product)),
            firmware: text(&identity.firmware),
            ..Child::new(id, ChildKind::BacnetDevice, key, fact.packet)
        });
        if !first {
            return;
        }
    }
    let Some(end) = inventory.ends.get(id) else { return };
    for (field, text) in [
        (Field::OtVendor, &identity.vendor),
        (Field::OtProduct, &identity.product),
        (Field::OtModel, &identity.model),
        (Field::OtFirmware, &identity.firmware),
        (Field::OtSerial, &identity.serial),
        (Field::OtName, &identity.name),
        (Field::OtKind, &identity.kind),
    ] {
        if let Some(text) = text {
            end.sayings.add_via(field, Some(app), text, fact.packet, fact.at);
        }
    }
}
