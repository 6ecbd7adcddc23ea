//! Capture files and standard input.

use std::{
    fs::File,
    io::{self, IsTerminal, Read},
    os::fd::AsFd,
    path::Path,
};

use cordon_model::{LinkType, PacketId, RawPacket, Timestamp};

use crate::{
    CaptureError, InputPath, InputStatus, Progress,
    classic::{Classic, Magic},
    pcapng::{self, Pcapng},
    unpack::{Bytes, Packing, unpack},
    window::Window,
};

/// One capture file, or standard input, read from its first packet to its last or to the damage.
pub struct FileSource {
    window: Window,
    format: Format,
    input: u32,
    status: InputStatus,
    progress: Progress,
}

enum Format {
    Classic(Classic),
    Pcapng(Pcapng),
    Over,
}

/// What a format found next.
pub(crate) enum Step {
    Packet(Record),
    End,
    /// Nothing more can be read, for this reason.
    Damaged(String),
}

/// A packet and where its bytes lie in the window.
pub(crate) struct Record {
    pub(crate) at: Timestamp,
    pub(crate) link: LinkType,
    pub(crate) wire_len: u32,
    pub(crate) place: usize,
    pub(crate) len: usize,
}

impl FileSource {
    /// Opens an input; `input` becomes [`PacketId::input`] of its packets.
    ///
    /// # Errors
    /// Where it cannot be opened, is empty, or is no capture.
    pub fn open(path: &InputPath, input: u32) -> Result<FileSource, CaptureError> {
        let (file, total) = match path {
            InputPath::Stdin if io::stdin().is_terminal() => return Err(CaptureError::Terminal),
            InputPath::Stdin => {
                let stdin = io::stdin().as_fd().try_clone_to_owned();
                let name = path.to_string();
                (File::from(stdin.map_err(|source| CaptureError::Io { name, source })?), None)
            }
            InputPath::File(path) => open_file(path)?,
        };
        let progress = Progress::new(total);
        let bytes = Counted { source: file, progress: progress.clone() };
        Self::read(Box::new(bytes), path.to_string(), input, progress)
    }

    /// Reads an input that is already open, or lies in memory.
    ///
    /// # Errors
    /// Where it is empty or no capture.
    pub fn from_reader(
        reader: Box<dyn Read + Send>,
        name: &str,
        input: u32,
    ) -> Result<FileSource, CaptureError> {
        let progress = Progress::new(None);
        let bytes = Counted { source: reader, progress: progress.clone() };
        Self::read(Box::new(bytes), name.to_owned(), input, progress)
    }

    /// The next packet; `None` at the end and at the damage, which [`Self::status`] tells apart.
    /// It is lent until the next call.
    #[inline]
    #[allow(clippy::should_implement_trait, reason = "an Iterator cannot lend from itself")]
    pub fn next(&mut self) -> Option<RawPacket<'_>> {
        let step = match &mut self.format {
            Format::Classic(classic) => classic.next(&mut self.window),
            Format::Pcapng(pcapng) => pcapng.next(&mut self.window, &mut self.status),
            Format::Over => return None,
        };
        let record = match step {
            Step::Packet(record) => record,
            Step::End => return self.over(None),
            Step::Damaged(damage) => return self.over(Some(&damage)),
        };
        let Record { at, link, wire_len, place, len } = record;
        let number = self.status.count(at, len, wire_len);
        let id = PacketId { input: self.input, number };
        Some(RawPacket { id, at, link, wire_len, data: self.window.at(place, len) })
    }

    /// What was read so far, and what is damaged.
    #[must_use]
    pub fn status(&self) -> &InputStatus {
        &self.status
    }

    /// A handle that tells how far the input has been read.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    fn read(
        bytes: Bytes,
        path: String,
        input: u32,
        progress: Progress,
    ) -> Result<FileSource, CaptureError> {
        let (bytes, packing) = match unpack(bytes) {
            Ok(unpacked) => unpacked,
            Err(source) => return Err(CaptureError::Io { name: path, source }),
        };
        let window = Window::new(bytes);
        let status = InputStatus { path, ..InputStatus::default() };
        let mut source = FileSource { window, format: Format::Over, input, status, progress };
        source.recognise(packing)?;
        Ok(source)
    }

    /// Decides the format from the first bytes.
    fn recognise(&mut self, packing: Packing) -> Result<(), CaptureError> {
        let name = &self.status.path;
        let Some(head) = self.window.peek(4).and_then(|bytes| bytes.first_chunk()).copied() else {
            return self.too_short(packing);
        };
        if head == pcapng::SECTION_HEADER {
            self.status.format = format!("pcapng{}", packing.suffix());
            self.format = Format::Pcapng(Pcapng::default());
        } else if let Some(magic) = Magic::recognise(head) {
            self.status.format = format!("{}{}", magic.name, packing.suffix());
            match Classic::open(magic, &mut self.window) {
                Ok((classic, interface)) => {
                    self.format = Format::Classic(classic);
                    self.status.name_interface(interface);
                }
                Err(damage) => {
                    self.over(Some(&damage));
                }
            }
        } else {
            // More of the head helps to say what it is; there may be no more.
            let _ = self.window.peek(32);
            return Err(CaptureError::not_a_capture(name, self.window.rest()));
        }
        Ok(())
    }

    /// There are not even four bytes.
    fn too_short(&mut self, packing: Packing) -> Result<(), CaptureError> {
        let name = self.status.path.clone();
        if packing != Packing::Plain {
            self.status.format = format!("unknown{}", packing.suffix());
            let damage = self.window.why_it_ends("the header of the file");
            self.over(Some(&damage));
            return Ok(());
        }
        Err(match self.window.take_trouble() {
            Some(source) => CaptureError::Io { name, source },
            None if self.window.rest().is_empty() => CaptureError::Empty { name },
            None => CaptureError::not_a_capture(&name, self.window.rest()),
        })
    }

    #[cold]
    fn over(&mut self, damage: Option<&str>) -> Option<RawPacket<'_>> {
        self.format = Format::Over;
        self.status.cut_short = damage.map(|damage| match self.status.packets {
            0 => format!("before the first packet: {damage}"),
            packets => format!("after packet {packets}: {damage}"),
        });
        None
    }
}

fn open_file(path: &Path) -> Result<(File, Option<u64>), CaptureError> {
    let opened = File::open(path).and_then(|file| file.metadata().map(|meta| (file, meta)));
    let (file, meta) = opened.map_err(|source| CaptureError::opening(path, source))?;
    if meta.is_dir() {
        return Err(CaptureError::Unreadable { path: path.to_path_buf() });
    }
    Ok((file, meta.is_file().then_some(meta.len())))
}

/// Counts what is read.
struct Counted<R> {
    source: R,
    progress: Progress,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let got = self.source.read(into)?;
        self.progress.advance(got);
        Ok(got)
    }
}
