//! GRE, VXLAN and IP-in-IP are looked into once.

use cordon_model::Transport;

use crate::look;
use crate::packets::{CLIENT, SERVER, ethernet, ip, question, udp, udp_datagram};

fn inner_ip() -> Vec<u8> {
    ip(CLIENT.0, SERVER.0, 17, 0, &udp_datagram(CLIENT, (SERVER.0, 53), &question()))
}

fn tunnelled(frame: Vec<u8>) -> usize {
    let memory = look(&[frame]);
    assert!(memory.flows.iter().any(|flow| flow.tunnelled && flow.transport == Transport::Udp));
    assert!(memory.flows.iter().any(|flow| !flow.tunnelled));
    memory.facts.len()
}

#[test]
fn gre_vxlan_and_ip_in_ip_show_what_they_carry() {
    let (a, b) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
    let gre = [&[0, 0, 8, 0][..], &inner_ip()].concat();
    assert_eq!(tunnelled(ethernet(0x0800, &ip(a, b, 47, 0, &gre))), 1);
    assert_eq!(tunnelled(ethernet(0x0800, &ip(a, b, 4, 0, &inner_ip()))), 1);
    let vxlan = [&[8, 0, 0, 0, 0, 0, 1, 0][..], &ethernet(0x0800, &inner_ip())].concat();
    assert_eq!(tunnelled(udp((a, 50_000), (b, 4789), &vxlan)), 1);
}

#[test]
fn a_tunnel_in_a_tunnel_in_a_tunnel_ends() {
    let (a, b) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
    let mut packet = inner_ip();
    for _ in 0..40 {
        packet = ip(a, b, 4, 0, &packet);
    }
    assert!(look(&[ethernet(0x0800, &packet)]).facts.is_empty());
}
