//! What hosts say to each other: real sockets, counted where packets leave and where they arrive.

use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::ops::AddAssign;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::message;
use super::world::{
    CAMERA, DESK, FILMS, HOSTS, Host, IMAGING, INTERNET, MAKER, NAMES, PHONE, RECORDER, THERMOSTAT,
    TV, ZONE, at,
};

/// Where telnet listens, as those who scan for it know.
const TELNET: [u16; 2] = [23, 2323];
/// The medical images' (DICOM, PS3.8), the maker's (MQTT over TLS), the television's, the films'.
const IMAGES: u16 = 104;
const REPORTS: u16 = 8883;
const CASTING: u16 = 8009;
const WEB: u16 = 443;
/// The recorder's (RFC 3551, section 8).
const FILM: u16 = 5004;
/// Packets of the camera in one go.
const FRAMES: u16 = 25;

/// How long work waits for an answer; a lost first packet is sent again within this time.
const PATIENCE: Duration = Duration::from_millis(3500);
/// How long an attack waits: shorter than a second, so that the kernel sends one packet per try.
const HASTE: Duration = Duration::from_millis(700);
/// A packet that has left has arrived, and was counted, after this time, or never; looked at so often.
const UNDERWAY: Duration = Duration::from_millis(20);
const LOOKS: u32 = 50;

/// What was sent and what came of it: conversations over TCP (the first packet of each), packets
/// over UDP.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Counted {
    /// Counted by who sent it.
    pub sent: u64,
    /// Counted by who got it.
    pub arrived: u64,
    /// Conversations that were answered, as who began them saw it.
    pub answered: u64,
}

impl AddAssign for Counted {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.arrived += other.arrived;
        self.answered += other.answered;
    }
}

/// A piece of everyday work.
pub struct Work {
    /// What it is, in words.
    pub says: &'static str,
    /// How it is carried.
    pub carried: &'static str,
    from: &'static Host,
    to: To,
}

enum To {
    /// A conversation with a host's port.
    Host(&'static Host, u16),
    /// The same with a name of the Internet, which is looked up first.
    Name(&'static str, u16),
    /// A stream of packets without an answer.
    Stream(&'static Host, u16),
}

impl Work {
    /// Whether it has come through.
    pub fn works(&self, counted: Counted) -> bool {
        let answered = matches!(self.to, To::Stream(..)) || counted.answered == counted.sent;
        counted.sent > 0 && counted.arrived == counted.sent && answered
    }
}

/// What everybody does all day.
pub static DAY: [Work; 5] = [
    Work {
        says: "the thermostat reports to its maker's cloud",
        carried: "TCP 8883",
        from: &THERMOSTAT,
        to: To::Name(ZONE[0].0, REPORTS),
    },
    Work {
        says: "the camera streams to the recorder",
        carried: "UDP 5004",
        from: &CAMERA,
        to: To::Stream(&RECORDER, FILM),
    },
    Work {
        says: "the phone casts to the TV",
        carried: "TCP 8009",
        from: &PHONE,
        to: To::Host(&TV, CASTING),
    },
    Work {
        says: "the TV fetches the film",
        carried: "TCP 443",
        from: &TV,
        to: To::Name(ZONE[1].0, WEB),
    },
    Work {
        says: "the desk opens an X-ray from imaging",
        carried: "TCP 104",
        from: &DESK,
        to: To::Host(&IMAGING, IMAGES),
    },
];

/// From whom, and at which socket.
type Way = (Ipv4Addr, SocketAddrV4);

/// Everybody who answers, and what has reached them.
#[derive(Clone, Default)]
pub struct Talk {
    arrived: Arc<Mutex<HashMap<Way, u64>>>,
}

impl Talk {
    /// Has everybody listen.
    pub fn begin() -> io::Result<Self> {
        let talk = Talk::default();
        for (host, port) in [(&IMAGING, IMAGES), (&TV, CASTING)] {
            talk.answers(host, host.ip(), port)?;
        }
        for (ip, port) in [(MAKER, REPORTS), (FILMS, WEB)] {
            talk.answers(&INTERNET, ip, port)?;
        }
        // Forgotten maintenance ports: an attacker finds them.
        for host in targets() {
            for port in TELNET {
                talk.answers(host, host.ip(), port)?;
            }
        }
        talk.takes(&RECORDER, FILM)?;
        talk.knows_names()?;
        Ok(talk)
    }

    /// Every device says its name.
    pub fn names(&self) -> io::Result<()> {
        for host in HOSTS.into_iter().filter(|host| host.is_device()) {
            at(host, || {
                let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 68))?;
                socket.set_broadcast(true)?;
                let asks = message::lease(host.mac, host.ip(), host.name);
                socket.send_to(&asks, (Ipv4Addr::BROADCAST, 67)).map(drop)
            })?;
        }
        Ok(())
    }

    /// Everyday work, all at once, so many times.
    pub fn day(&self, times: u32) -> io::Result<Vec<Counted>> {
        let mut all = vec![Counted::default(); DAY.len()];
        for _ in 0..times {
            let round: io::Result<Vec<Counted>> = std::thread::scope(|scope| {
                let working: Vec<_> =
                    DAY.iter().map(|work| scope.spawn(move || self.work(work))).collect();
                working.into_iter().map(|one| one.join().unwrap_or_else(|_| broken())).collect()
            });
            all.iter_mut().zip(round?).for_each(|(sum, one)| *sum += one);
        }
        Ok(all)
    }

    /// What the camera does all day.
    pub fn camera(&self) -> io::Result<Counted> {
        self.stream(&CAMERA, SocketAddrV4::new(RECORDER.ip(), FILM))
    }

    fn work(&self, work: &Work) -> io::Result<Counted> {
        let from = work.from;
        match work.to {
            To::Host(host, port) => {
                self.converse(from, SocketAddrV4::new(host.ip(), port), PATIENCE)
            }
            To::Name(name, port) => match at(from, || look_up(name))? {
                Some(ip) => self.converse(from, SocketAddrV4::new(ip, port), PATIENCE),
                // It would have gone on: it counts as sent, and as lost.
                None => Ok(Counted { sent: 1, ..Counted::default() }),
            },
            To::Stream(host, port) => self.stream(from, SocketAddrV4::new(host.ip(), port)),
        }
    }

    /// Somebody who took a device over tries telnet everywhere.
    pub fn scan(&self, from: &'static Host) -> io::Result<Counted> {
        let tries: Vec<SocketAddrV4> = targets()
            .flat_map(|host| TELNET.map(|port| SocketAddrV4::new(host.ip(), port)))
            .collect();
        self.attack(from, &tries)
    }

    /// Somebody who took a device over tries every port of another that listens.
    pub fn break_in(&self, from: &'static Host, to: &'static Host) -> io::Result<Counted> {
        let ip = to.ip();
        let tries: Vec<SocketAddrV4> =
            TELNET.into_iter().chain([IMAGES]).map(|port| SocketAddrV4::new(ip, port)).collect();
        self.attack(from, &tries)
    }

    /// Tries at once, so that what is lost costs the time of one.
    fn attack(&self, from: &'static Host, tries: &[SocketAddrV4]) -> io::Result<Counted> {
        let done: Vec<io::Result<Counted>> = std::thread::scope(|scope| {
            let trying: Vec<_> = tries
                .iter()
                .map(|to| scope.spawn(move || self.converse(from, *to, HASTE)))
                .collect();
            trying.into_iter().map(|one| one.join().unwrap_or_else(|_| broken())).collect()
        });
        let mut all = Counted::default();
        for one in done {
            all += one?;
        }
        Ok(all)
    }

    /// One conversation: something is said and answered, or not.
    fn converse(
        &self,
        from: &'static Host,
        to: SocketAddrV4,
        patience: Duration,
    ) -> io::Result<Counted> {
        let before = self.arrivals(from, to);
        let answered = at(from, || Ok(say(to, patience).is_ok()))?;
        let arrived = self.arrived(from, to, before, 1);
        Ok(Counted { sent: 1, arrived, answered: answered.into() })
    }

    fn stream(&self, from: &'static Host, to: SocketAddrV4) -> io::Result<Counted> {
        let before = self.arrivals(from, to);
        at(from, || {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
            for number in 0..FRAMES {
                socket.send_to(&message::film(number), to)?;
                std::thread::sleep(Duration::from_millis(4));
            }
            Ok(())
        })?;
        let arrived = self.arrived(from, to, before, FRAMES.into());
        Ok(Counted { sent: FRAMES.into(), arrived, answered: 0 })
    }

    /// How many of those that were sent have arrived, once they had the time.
    fn arrived(&self, from: &Host, to: SocketAddrV4, before: u64, sent: u64) -> u64 {
        let mut arrived = 0;
        for _ in 0..LOOKS {
            arrived = self.arrivals(from, to) - before;
            if arrived >= sent {
                break;
            }
            std::thread::sleep(UNDERWAY);
        }
        arrived
    }

    fn arrivals(&self, from: &Host, to: SocketAddrV4) -> u64 {
        let arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        arrived.get(&(from.ip(), to)).copied().unwrap_or_default()
    }

    fn count(&self, from: SocketAddr, to: SocketAddrV4) {
        let IpAddr::V4(from) = from.ip() else { return };
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        *arrived.entry((from, to)).or_default() += 1;
    }

    /// Takes conversations, counts them and answers.
    fn answers(&self, host: &'static Host, ip: Ipv4Addr, port: u16) -> io::Result<()> {
        let here = SocketAddrV4::new(ip, port);
        let listener = at(host, || TcpListener::bind(here))?;
        let talk = self.clone();
        std::thread::spawn(move || {
            while let Ok((mut stream, from)) = listener.accept() {
                talk.count(from, here);
                std::thread::spawn(move || {
                    let mut heard = [0; 256];
                    while let Ok(1..) = stream.read(&mut heard) {
                        if stream.write_all(b"understood").is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Ok(())
    }

    /// Takes packets and counts them.
    fn takes(&self, host: &'static Host, port: u16) -> io::Result<()> {
        let here = SocketAddrV4::new(host.ip(), port);
        let socket = at(host, || UdpSocket::bind(here))?;
        let talk = self.clone();
        std::thread::spawn(move || {
            while let Ok((_, from)) = socket.recv_from(&mut [0; 2048]) {
                talk.count(from, here);
            }
        });
        Ok(())
    }

    /// Answers for names.
    fn knows_names(&self) -> io::Result<()> {
        let socket = at(&INTERNET, || UdpSocket::bind((NAMES, 53)))?;
        std::thread::spawn(move || {
            let mut heard = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut heard) {
                let question = heard.get(..length).unwrap_or_default();
                let name = message::asked(question).unwrap_or_default();
                let ip = ZONE.iter().find(|(known, _)| *known == name).map(|(_, ip)| *ip);
                if let Some(answer) = ip.and_then(|ip| message::answer(question, ip)) {
                    // Whoever asked and does not hear it asks again.
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Ok(())
    }
}

/// Whose telnet a camera could find behind the router.
fn targets() -> impl Iterator<Item = &'static Host> {
    HOSTS.into_iter().filter(|host| host.link != "building0")
}

fn say(to: SocketAddrV4, patience: Duration) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&to.into(), patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(b"how is everything")?;
    stream.read_exact(&mut [0; 10])
}

/// Asks for a name's address, twice where the first question is lost.
fn look_up(name: &str) -> io::Result<Option<Ipv4Addr>> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.set_read_timeout(Some(PATIENCE / 2))?;
    let id = socket.local_addr()?.port();
    for _ in 0..2 {
        socket.send_to(&message::question(id, name), (NAMES, 53))?;
        let mut heard = [0; 512];
        if let Ok((length, _)) = socket.recv_from(&mut heard) {
            return Ok(heard.get(..length).and_then(message::told));
        }
    }
    Ok(None)
}

fn broken() -> io::Result<Counted> {
    Err(io::Error::other("a thread broke down"))
}
