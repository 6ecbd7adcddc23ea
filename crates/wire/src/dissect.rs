//! What every application parser looks like from outside.

use cordon_model::{App, Credential, Said, Scheme, SecretKey, Text};

/// Who speaks, as far as the sensor knows so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// The end that opened the flow.
    Client,
    /// The end that offers the service.
    Server,
}

impl Side {
    /// The other end.
    #[must_use]
    pub const fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }
}

/// How well bytes fit a protocol.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Guess {
    /// They do not.
    No,
    /// Too few to tell.
    More,
    /// They fit, but other bytes might by chance: to be believed on a customary port, or when the
    /// other direction or a further message fits too.
    Fits,
    /// They are this protocol.
    Sure,
}

/// What a dissector made of the bytes it was offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// So many bytes are done with; what is left is offered again with more behind it. Zero waits.
    /// A dissector consumes as many whole messages as there are before it returns.
    Consumed(usize),
    /// Nothing more to learn from this flow.
    Done,
    /// This is not, or no longer, the protocol, or its framing is lost. The sensor drops what it
    /// holds of this side and offers the next segment afresh, a limited number of times.
    Lost,
}

/// Where a parser puts what it learns.
pub struct Out<'a> {
    key: &'a SecretKey,
    said: &'a mut Vec<Said>,
}

impl<'a> Out<'a> {
    /// Facts go to `said`, secrets are hashed under `key`.
    pub fn new(key: &'a SecretKey, said: &'a mut Vec<Said>) -> Self {
        Out { key, said }
    }

    /// Adds a fact.
    pub fn say(&mut self, said: Said) {
        self.said.push(said);
    }

    /// Adds a credential; the secret is hashed here and now.
    pub fn credential(&mut self, scheme: Scheme, user: &[u8], secret: &[u8]) {
        self.said.push(Said::Credential(Credential::new(self.key, scheme, user, secret)));
    }
}

/// The parser of one stream (both directions) of one protocol.
pub trait StreamDissector: Send {
    /// Offers the contiguous bytes of one side that are not consumed yet.
    fn data(&mut self, side: Side, data: &[u8], out: &mut Out<'_>) -> Step;

    /// Bytes of one side were lost; what comes next starts somewhere else in the stream.
    fn gap(&mut self, side: Side) {
        let _ = side;
    }

    /// How many unconsumed bytes of one side the sensor should hold at most.
    fn window(&self) -> usize {
        8 * 1024
    }
}

/// One UDP payload.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Who speaks.
    pub side: Side,
    /// Port it comes from.
    pub from_port: u16,
    /// Port it goes to.
    pub to_port: u16,
    /// Whether it goes to a group.
    pub multicast: bool,
    /// The payload, perhaps cut by the capture.
    pub payload: &'a [u8],
}

impl Datagram<'_> {
    /// Whether either port is `port`.
    #[must_use]
    pub const fn on_port(&self, port: u16) -> bool {
        self.from_port == port || self.to_port == port
    }
}

/// The parser of the datagrams of one flow, for protocols that need to remember.
pub trait DatagramDissector: Send {
    /// Offers one datagram.
    fn datagram(&mut self, datagram: &Datagram<'_>, out: &mut Out<'_>) -> Step;
}

/// A row of [`crate::protocols::STREAMS`].
pub struct StreamProtocol {
    /// Which application.
    pub app: App,
    /// Judges the first contiguous bytes of one side; may be asked again with more, at most a few
    /// hundred bytes. Cheap: it runs for every new flow.
    pub recognise: fn(Side, &[u8]) -> Guess,
    /// A fresh parser.
    pub start: fn() -> Box<dyn StreamDissector>,
}

/// How datagrams of a protocol are parsed.
pub enum DatagramDissect {
    /// Each on its own. Returns false where the payload turned out not to be the protocol.
    Each(fn(&Datagram<'_>, &mut Out<'_>) -> bool),
    /// With memory.
    Flow(fn() -> Box<dyn DatagramDissector>),
}

/// A row of [`crate::protocols::DATAGRAMS`].
pub struct DatagramProtocol {
    /// Which application.
    pub app: App,
    /// Judges one datagram. Cheap: it runs for every datagram of a flow not yet recognised.
    pub recognise: fn(&Datagram<'_>) -> Guess,
    /// How to parse.
    pub dissect: DatagramDissect,
}

/// Text from hostile bytes: UTF-8 with replacement, cut to `most` characters, without NUL and
/// white space at the ends.
#[must_use]
pub fn text(bytes: &[u8], most: usize) -> Text {
    let slice = bytes.get(..most.saturating_mul(4)).unwrap_or(bytes);
    let trim = |c: char| c == '\0' || c.is_whitespace();
    match std::str::from_utf8(slice) {
        Ok(text) if text.len() <= most => Text::new(text.trim_matches(trim)),
        _ => String::from_utf8_lossy(slice).trim_matches(trim).chars().take(most).collect(),
    }
}

/// Longest MUD URL that is kept, in characters: twice what RFC 8520 allows, so that one that is
/// too long can be told from one that is not.
pub const MAX_MUD_URL: usize = 512;

/// The URL of a MUD string (RFC 8520, 10): behind a space stands what is reserved for later.
#[must_use]
pub fn mud_url(bytes: &[u8]) -> Option<Text> {
    let end = bytes.iter().position(|byte| *byte == b' ').unwrap_or(bytes.len());
    some_text(bytes.get(..end)?, MAX_MUD_URL)
}

/// As [`text`]; none where nothing is left.
#[must_use]
pub fn some_text(bytes: &[u8], most: usize) -> Option<Text> {
    Some(text(bytes, most)).filter(|text| !text.is_empty())
}
