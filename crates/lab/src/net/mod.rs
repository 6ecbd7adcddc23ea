//! From messages to frames: Ethernet, 802.1Q, IPv4, IPv6, UDP and TCP.

mod frame;
mod stack;
mod tcp;

pub(crate) use frame::{Ip, ethernet, ip_packet, llc, udp};
pub(crate) use stack::Stack;
pub(crate) use tcp::{End, Tcp};
