//! Why a person's change is refused.

use cordon_model::DeviceId;
use cordon_model::record::FindingKey;

/// Why a person's change is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// No record has this id.
    #[error("there is no device {0}: it may have been joined or forgotten; look it up anew")]
    NoDevice(DeviceId),
    /// No finding has this id.
    #[error("there is no finding {}: look it up anew", .0.0)]
    NoFinding(FindingKey),
    /// No change has this id.
    #[error("there is no change {0}: it is too old to be taken back, or never was")]
    NoChange(u64),
    /// Once is enough.
    #[error("change {0} was taken back before")]
    Undone(u64),
    /// Something was built upon it.
    #[error("change {later} ({says}) came later and touches {device}: take that back first")]
    Later {
        /// The later change.
        later: u64,
        /// What it did.
        says: String,
        /// What both touch.
        device: DeviceId,
    },
    /// A text cannot be taken.
    #[error("{field} {problem}")]
    Text {
        /// Which field.
        field: &'static str,
        /// What is wrong, and what is right.
        problem: String,
    },
    /// A device cannot be joined with itself.
    #[error("a device cannot be joined with itself: name two devices")]
    Same,
    /// Nothing is to be changed.
    #[error("nothing is to be changed: name at least one field")]
    Nothing,
    /// A split names no address of the device, or all of them.
    #[error("name some of the addresses of {0}, and leave it at least one")]
    Addresses(DeviceId),
    /// The address that the record is named after.
    #[error("{0} is named after this address: split its other addresses off instead")]
    Namesake(DeviceId),
}
