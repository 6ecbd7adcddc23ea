//! What one device did to another over an operational-technology protocol.

use serde::{Deserialize, Serialize};

use crate::{App, Text};

/// The kind of act, in the order of how much it can break.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Asks who the device is.
    Identify,
    /// Reads values.
    Read,
    /// Subscribes to or polls events.
    Subscribe,
    /// Diagnoses or counts.
    Diagnose,
    /// Opens, closes or keeps a session.
    Session,
    /// Logs in with a password.
    Login,
    /// Sets the clock.
    SetTime,
    /// Writes values.
    Write,
    /// Commands an output (select, operate, direct operate).
    Control,
    /// Changes configuration or addresses.
    Configure,
    /// Starts the controller or a program.
    Start,
    /// Stops the controller or a program.
    Stop,
    /// Restarts or resets the device.
    Restart,
    /// Reads a program out of the controller.
    ProgramUpload,
    /// Writes a program into the controller.
    ProgramDownload,
    /// Transfers or activates firmware.
    Firmware,
    /// Transfers or deletes a file.
    File,
    /// Silences or disables communication.
    DisableComms,
}

impl Verb {
    /// Whether the act changes something in the plant.
    #[must_use]
    pub const fn changes(self) -> bool {
        !matches!(
            self,
            Verb::Identify
                | Verb::Read
                | Verb::Subscribe
                | Verb::Diagnose
                | Verb::Session
                | Verb::Login
                | Verb::ProgramUpload
        )
    }

    /// In plain words, to be read behind the actor's name.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Verb::Identify => "asks for the identity of",
            Verb::Read => "reads from",
            Verb::Subscribe => "subscribes to",
            Verb::Diagnose => "diagnoses",
            Verb::Session => "keeps a session with",
            Verb::Login => "logs in to",
            Verb::SetTime => "sets the clock of",
            Verb::Write => "writes to",
            Verb::Control => "commands an output of",
            Verb::Configure => "changes the configuration of",
            Verb::Start => "starts",
            Verb::Stop => "stops",
            Verb::Restart => "restarts",
            Verb::ProgramUpload => "reads the program of",
            Verb::ProgramDownload => "writes a program to",
            Verb::Firmware => "transfers firmware to",
            Verb::File => "transfers a file with",
            Verb::DisableComms => "silences",
        }
    }
}

/// What was read, written or commanded.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Object {
    /// Nothing in particular.
    #[default]
    None,
    /// A range of a numbered table: Modbus coils or registers, DNP3 points, S7 data.
    Range {
        /// Name of the table, such as "holding registers" or "g12v1".
        table: Text,
        /// First number.
        start: u32,
        /// How many.
        count: u32,
    },
    /// An object with instance and property or attribute: BACnet, CIP.
    Instance {
        /// Class or object type.
        class: Text,
        /// Instance number.
        instance: u32,
        /// Property or attribute, if one is named.
        property: Option<Text>,
    },
    /// A named thing: block, tag, file, topic.
    Name(Text),
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Object::None => Ok(()),
            Object::Range { table, start, count: 1 } => write!(f, "{table} {start}"),
            Object::Range { table, start, count } => {
                write!(f, "{table} {start}-{}", u64::from(*start) + u64::from(*count).max(1) - 1)
            }
            Object::Instance { class, instance, property: None } => write!(f, "{class} {instance}"),
            Object::Instance { class, instance, property: Some(property) } => {
                write!(f, "{class} {instance} {property}")
            }
            Object::Name(name) => f.write_str(name),
        }
    }
}

/// Whether the message asks, answers or refuses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A request: the speaker is the actor.
    Asked,
    /// A positive answer: the speaker is the target.
    Done,
    /// An error, exception or reject: the speaker is the target.
    Refused,
}

/// One act over an OT protocol, as one message tells it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Operation {
    /// The protocol.
    pub app: App,
    /// The kind of act.
    pub verb: Verb,
    /// The protocol's own code: function code, service, job.
    pub code: u16,
    /// The protocol's own name of that code, such as "write multiple registers".
    pub name: Text,
    /// Unit, station, slot or other address behind the IP address, if there is one.
    pub unit: Option<u32>,
    /// What it was done to.
    pub object: Object,
    /// The value written, if small enough to say.
    pub value: Option<Text>,
    /// Request, answer or refusal.
    pub outcome: Outcome,
}

/// What an OT device says of itself: identity answers of Modbus, EtherNet/IP, BACnet, S7, DNP3.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct ControllerIdentity {
    /// Vendor name, or number where only that is said.
    pub vendor: Option<Text>,
    /// Product name.
    pub product: Option<Text>,
    /// Model or order number.
    pub model: Option<Text>,
    /// Firmware or revision.
    pub firmware: Option<Text>,
    /// Application software version, where the protocol tells it apart from the firmware (BACnet).
    #[serde(default)]
    pub software: Option<Text>,
    /// Hardware revision.
    pub hardware: Option<Text>,
    /// Serial number.
    pub serial: Option<Text>,
    /// Name given by the operator: station name, object name, tag.
    pub name: Option<Text>,
    /// Location or description given by the operator.
    pub location: Option<Text>,
    /// Device or product type as the protocol classes it, such as "programmable logic controller".
    pub kind: Option<Text>,
    /// Instance number, where the protocol has one (BACnet device instance).
    pub instance: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_reads_like_a_person_would_say_it() {
        let range = Object::Range { table: "holding registers".into(), start: 100, count: 10 };
        assert_eq!(range.to_string(), "holding registers 100-109");
        let all = Object::Range { table: "coils".into(), start: u32::MAX, count: u32::MAX };
        assert!(all.to_string().starts_with("coils 4294967295-"));
    }
}
