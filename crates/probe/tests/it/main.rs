//! Sockets, on loopback.

#![allow(clippy::unwrap_used, reason = "what a test needs and does not get should end it")]

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use cordon_probe::listen::Listener;
use cordon_probe::sockets::{run, source};
use cordon_probe::{MAX_PORTS, Outcome, Pace, Port};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A port that was free a moment ago.
fn free() -> u16 {
    TcpListener::bind((HERE, 0)).unwrap().local_addr().unwrap().port()
}

fn probed(ports: &[Port]) -> (Vec<(Port, Outcome)>, Vec<Duration>) {
    let (mut all, waited) = (Vec::new(), RefCell::new(Vec::new()));
    let wait = |time| waited.borrow_mut().push(time);
    run(HERE, HERE, ports, Pace::default(), 7, &wait, &mut |port, outcome| {
        all.push((port, outcome))
    });
    (all, waited.into_inner())
}

#[test]
fn an_open_port_is_told_from_a_closed_one() {
    let open = TcpListener::bind((HERE, 0)).unwrap();
    let (open_port, closed) = (Port::Tcp(open.local_addr().unwrap().port()), Port::Tcp(free()));
    let (all, waited) = probed(&[open_port, closed]);
    assert_eq!(all, [(open_port, Outcome::Connected), (closed, Outcome::Refused)]);
    assert_eq!(waited, [Duration::from_secs(1)], "between two tries and not after the last");
    // Not a byte was sent.
    let (mut stream, _) = open.accept().unwrap();
    assert_eq!(std::io::Read::read(&mut stream, &mut [0; 8]).unwrap(), 0);
}

#[test]
fn a_datagram_that_nobody_takes_is_refused_and_one_without_answer_is_silent() {
    let closed = UdpSocket::bind((HERE, 0)).unwrap().local_addr().unwrap().port();
    let mute = UdpSocket::bind((HERE, 0)).unwrap();
    let mute_port = Port::Udp(mute.local_addr().unwrap().port());
    let (all, _) = probed(&[Port::Udp(closed), mute_port]);
    assert_eq!(all, [(Port::Udp(closed), Outcome::Refused), (mute_port, Outcome::Silent)]);
}

#[test]
fn no_more_ports_are_tried_than_a_probe_may_have() {
    let port = free();
    let (all, waited) = probed(&vec![Port::Tcp(port); 100]);
    assert_eq!((all.len(), waited.len()), (MAX_PORTS, MAX_PORTS - 1));
}

#[test]
fn who_listens_answers_a_probe_and_says_what_reached_it() {
    let (tcp, udp) = (Port::Tcp(free()), Port::Udp(free()));
    let mut listener = Listener::open(Some(HERE), &[tcp, udp]).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let (tell, told) = mpsc::channel();
    let stop = Arc::clone(&done);
    let listening = std::thread::spawn(move || {
        let stopped = || stop.load(Ordering::SeqCst);
        listener.run(&stopped, &std::thread::sleep, &mut |port, from| {
            tell.send((port, from.ip())).unwrap();
        });
    });
    // What is no probe is not answered, so that nobody can have it send for them.
    let stranger = UdpSocket::bind((HERE, 0)).unwrap();
    stranger.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    for datagram in [&b"hello"[..], b"cordon?1", b"cordon?1 and much more than that"] {
        stranger.send_to(datagram, (HERE, udp.number())).unwrap();
        assert!(stranger.recv_from(&mut [0; 64]).is_err());
    }
    let (all, _) = probed(&[tcp, udp]);
    assert_eq!(all, [(tcp, Outcome::Connected), (udp, Outcome::Connected)]);
    done.store(true, Ordering::SeqCst);
    listening.join().unwrap();
    assert_eq!(told.iter().collect::<Vec<_>>(), [(tcp, HERE), (udp, HERE)]);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind((HERE, 0)).unwrap();
    let port = Port::Tcp(taken.local_addr().unwrap().port());
    assert_eq!(Listener::open(Some(HERE), &[port]).err().unwrap().0, port);
}

#[test]
fn the_address_that_would_be_sent_from_is_found_without_sending() {
    assert_eq!(source(HERE).unwrap(), HERE);
}
