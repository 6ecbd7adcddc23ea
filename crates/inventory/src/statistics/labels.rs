//! From the labels of training data to what a person reads.

use cordon_model::DeviceType;

/// A product that the model knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Product {
    /// The model's label.
    pub label: &'static str,
    /// Products that behave alike share a family.
    pub family: &'static str,
    /// Maker.
    pub vendor: &'static str,
    /// Designation.
    pub model: &'static str,
    /// What it is for.
    pub kind: DeviceType,
}

const fn row(
    label: &'static str,
    family: &'static str,
    vendor: &'static str,
    model: &'static str,
    kind: DeviceType,
) -> Product {
    Product { label, family, vendor, model, kind }
}

const PRODUCTS: &[Product] = &[
    row("Aria", "Aria", "Fitbit", "Aria", DeviceType::Scale),
    row("D-LinkCam", "mydlink", "D-Link", "DCS-935L", DeviceType::Camera),
    row("D-LinkDayCam", "D-LinkDayCam", "D-Link", "DCS-930L", DeviceType::Camera),
    row("DLHub", "mydlink", "D-Link", "DCH-G020", DeviceType::Hub),
    row("D-LinkSensor", "mydlink", "D-Link", "DCH-S150", DeviceType::Sensor),
    row("D-LinkSiren", "mydlink", "D-Link", "DCH-S220", DeviceType::Alarm),
    row("D-LinkSwitch", "mydlink", "D-Link", "DSP-W215", DeviceType::Plug),
    row("D-LinkWaterSensor", "mydlink", "D-Link", "DCH-S160", DeviceType::Sensor),
    row("EdimaxCam1", "EdimaxCam1", "Edimax", "IC-3115W", DeviceType::Camera),
    row("EdimaxPlug1101W", "edimaxplug", "Edimax", "SP-1101W", DeviceType::Plug),
    row("EdimaxPlug2101W", "edimaxplug", "Edimax", "SP-2101W", DeviceType::Plug),
    row("EdnetCam1", "EdnetCam1", "Ednet", "Cube", DeviceType::Camera),
    row("EdnetGateway", "EdnetGateway", "Ednet", "Living Gateway", DeviceType::Hub),
    row("HomeMaticPlug", "HomeMaticPlug", "eQ-3", "HomeMatic plug", DeviceType::Plug),
    row("Hue", "Hue", "Philips", "Hue bridge BSB002", DeviceType::Hub),
    row("Lightify", "Lightify", "Osram", "Lightify gateway", DeviceType::Hub),
    row("MAXGateway", "MAXGateway", "eQ-3", "MAX! Cube", DeviceType::Hub),
    row("SmarterCoffee", "smarter", "Smarter", "Coffee", DeviceType::Appliance),
    row("iKettle2", "smarter", "Smarter", "iKettle 2", DeviceType::Appliance),
    row("TP-LinkPlugHS100", "tplink", "TP-Link", "HS100", DeviceType::Plug),
    row("TP-LinkPlugHS110", "tplink", "TP-Link", "HS110", DeviceType::Plug),
    row("WeMoInsightSwitch", "wemo", "Belkin", "WeMo Insight", DeviceType::Plug),
    row("WeMoLink", "wemo", "Belkin", "WeMo Link", DeviceType::Hub),
    row("WeMoSwitch", "wemo", "Belkin", "WeMo Switch", DeviceType::Plug),
    row("Withings", "Withings", "Withings", "scale", DeviceType::Scale),
];

/// Labels that are one product: what hangs on a hub shows itself only through it, and second units
/// of a product carry a number.
const SAME: &[(&str, &str)] = &[
    ("HueBridge", "Hue"),
    ("HueSwitch", "Hue"),
    ("D-LinkHomeHub", "DLHub"),
    ("D-LinkDoorSensor", "DLHub"),
    ("EdimaxCam2", "EdimaxCam1"),
    ("EdnetCam2", "EdnetCam1"),
    ("WeMoInsightSwitch2", "WeMoInsightSwitch"),
    ("WeMoSwitch2", "WeMoSwitch"),
];

/// The label of a profile or of a folder of captures: without the `@…` that names a part of the
/// capture, and with what hangs on a hub counted as the hub.
#[must_use]
pub fn label_of(name: &str) -> &str {
    let name = name.split('@').next().unwrap_or(name);
    SAME.iter().find(|(from, _)| *from == name).map_or(name, |(_, to)| to)
}

/// The product behind a label.
#[must_use]
pub fn product(label: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.label == label)
}

/// The family of a label: products that behave alike; an unknown label is its own family.
#[must_use]
pub fn family(label: &str) -> &str {
    product(label).map_or(label, |product| product.family)
}

/// Whether another product of the family is known.
pub(super) fn has_siblings(label: &str) -> bool {
    let family = family(label);
    PRODUCTS.iter().filter(|product| product.family == family).count() > 1
}

/// What a whole family is for, where its members agree.
pub(super) fn family_kind(product: &Product) -> Option<DeviceType> {
    let mut members = PRODUCTS.iter().filter(|other| other.family == product.family);
    members.all(|other| other.kind == product.kind).then_some(product.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_on_a_hub_counts_as_the_hub() {
        assert_eq!(label_of("HueSwitch@30"), "Hue");
        assert_eq!(label_of("Aria"), "Aria");
        assert_eq!(product(label_of("HueBridge")).unwrap().vendor, "Philips");
    }

    #[test]
    fn a_family_is_for_something_only_where_its_members_agree() {
        assert_eq!(family_kind(product("WeMoLink").unwrap()), None);
        assert_eq!(family_kind(product("TP-LinkPlugHS100").unwrap()), Some(DeviceType::Plug));
        assert!(has_siblings("D-LinkCam") && !has_siblings("Aria"));
    }
}
