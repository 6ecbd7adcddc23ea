//! What the kernel says of an interface and of the clock, for those who look whether all is well.

use std::io;

use super::kernel::{self, Reading};

/// ETH_FLAG_LRO of `linux/ethtool.h`.
const LARGE_RECEIVE_OFFLOAD: u32 = 1 << 15;

/// The state of an interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkState {
    /// Whether it was set up.
    pub up: bool,
    /// Whether there is a carrier: something at the other end.
    pub carrier: bool,
    /// Whether it is the loopback of this machine.
    pub loopback: bool,
    /// Whether the kernel joins packets before they are seen (generic receive offload); `None`
    /// where the driver does not say.
    pub joins_packets: Option<bool>,
    /// Whether the hardware does (large receive offload); `None` where the driver does not say.
    pub hardware_joins_packets: Option<bool>,
}

/// The state of the interface of this name. Needs no right.
///
/// # Errors
/// Where there is no such interface.
pub fn link_state(name: &str) -> io::Result<LinkState> {
    let socket = kernel::asking_socket()?;
    let flags = kernel::flags(&socket, name)?;
    let ask = |reading| kernel::ethtool(&socket, name, reading).ok();
    Ok(LinkState {
        up: flags & libc::IFF_UP != 0,
        carrier: flags & libc::IFF_RUNNING != 0,
        loopback: flags & libc::IFF_LOOPBACK != 0,
        joins_packets: ask(Reading::Gro).map(|on| on != 0),
        hardware_joins_packets: ask(Reading::Flags).map(|flags| flags & LARGE_RECEIVE_OFFLOAD != 0),
    })
}

/// Whether the kernel holds its clock, from which packets get their times, for synchronised.
///
/// # Errors
/// Where the kernel does not say.
pub fn clock_is_synchronised() -> io::Result<bool> {
    kernel::clock_is_synchronised()
}
