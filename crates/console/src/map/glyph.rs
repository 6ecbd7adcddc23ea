//! A small picture for each family of kinds, on a field of 24 by 24.

/// The path of a kind's family.
pub(super) fn path(kind: Option<&str>) -> &'static str {
    match kind.unwrap_or_default() {
        "router" | "switch" | "access-point" | "firewall" | "hub" | "industrial-gateway" => {
            "M3 14h18v5H3zM7 16.5h.01M11 16.5h.01M12 14V9M8 7a6 6 0 0 1 8 0M5.500 4.500a10 10 0 0 1 13 0"
        }
        "camera" | "video-recorder" | "door-access" => "M3 8h12v9H3zM15 11l6-3v9l-6-3",
        "plc" | "rtu" | "io-module" | "drive" | "relay" | "building-controller" => {
            "M5 4h14v16H5zM9 8h6M9 12h.01M12 12h.01M15 12h.01M9 16h.01M12 16h.01M15 16h.01"
        }
        "hmi" | "engineering-station" | "computer" | "tv" | "game-console" => {
            "M3 5h18v11H3zM9 20h6M12 16v4"
        }
        "scada-server" | "historian" | "server" | "storage" | "virtual-machine" => {
            "M4 4h16v7H4zM4 13h16v7H4zM8 7.500h.01M8 16.500h.01"
        }
        "medical" | "infusion-pump" | "patient-monitor" | "imaging" | "scale" => {
            "M9 3h6v6h6v6h-6v6H9v-6H3V9h6z"
        }
        "printer" => "M7 9V3h10v6M4 9h16v8h-3v4H7v-4H4zM8 14h8",
        "phone" | "voip-phone" | "wearable" => "M7 2h10v20H7zM11 18h2",
        "sensor" | "thermostat" | "meter" | "alarm" => {
            "M12 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM7 7a7 7 0 0 0 0 10M17 7a7 7 0 0 1 0 10M4 4a11 11 0 0 0 0 16M20 4a11 11 0 0 1 0 16"
        }
        "light" | "plug" | "appliance" | "speaker" | "solar-inverter" | "vehicle" => {
            "M13 2 5 14h6l-1 8 8-12h-6z"
        }
        "iot" => "M12 3l8 4.500v9L12 21l-8-4.500v-9zM12 12l8-4.500M12 12v9M12 12 4 7.500",
        _ => "M8.500 9a3.500 3.500 0 1 1 5 3.200c-1 .5-1.500 1.300-1.500 2.300M12 18.500h.01",
    }
}
