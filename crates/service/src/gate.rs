//! The way to the keeper: the process that alone may change the kernel's rules.

use std::collections::HashMap;
use std::os::unix::net::UnixStream as StdStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use cordon_enforce::keeper::{Ask, Line, MAX_LINE, Question, Tell, Told};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};

/// The longest that the keeper may take for an answer: loading the rules of 2,000 devices on a
/// small machine takes seconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// Questions that may wait.
const WAITING: usize = 64;
/// Answers of name servers that may wait; the device asks again where one is lost.
const TOLD: usize = 4_096;
/// Answers of name servers that go in one question.
const TOLD_AT_ONCE: usize = 256;
/// What the keeper tells unasked and nobody has read yet,
const UNASKED: usize = 64;
/// and how much of that packets of the log leave free: a flood of them must not keep us from hearing
/// that rules were taken back.
const FREE_OF_PACKETS: usize = 16;

/// Whoever enforces.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// Where it does not answer; in words, with what to do.
    async fn ask(&self, ask: Ask) -> Result<Tell, String>;
    /// What name servers told devices; never waits.
    fn told(&self, told: Told);
    /// What the keeper tells unasked; taken once.
    fn unasked(&self) -> Option<mpsc::Receiver<Tell>>;
}

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Tell>>>>;

/// A keeper at the other end of a socket.
pub struct Keeper {
    questions: mpsc::Sender<Question>,
    told: mpsc::Sender<Told>,
    waiting: Waiting,
    unasked: Mutex<Option<mpsc::Receiver<Tell>>>,
    next: AtomicU64,
}

impl Keeper {
    /// Speaks with a keeper by this socket; within a runtime.
    ///
    /// # Errors
    /// Where the socket cannot be used.
    pub fn at(socket: StdStream) -> std::io::Result<Self> {
        socket.set_nonblocking(true)?;
        let (read, write) = UnixStream::from_std(socket)?.into_split();
        let waiting = Waiting::default();
        let (questions, asked) = mpsc::channel(WAITING);
        let (told, heard) = mpsc::channel(TOLD);
        let (unasked_in, unasked) = mpsc::channel(UNASKED);
        tokio::spawn(speak(write, asked, heard));
        tokio::spawn(listen(read, Arc::clone(&waiting), unasked_in));
        Ok(Keeper {
            questions,
            told,
            waiting,
            unasked: Mutex::new(Some(unasked)),
            next: AtomicU64::new(1),
        })
    }
}

#[async_trait]
impl Gate for Keeper {
    async fn ask(&self, ask: Ask) -> Result<Tell, String> {
        const GONE: &str = "the process that keeps the rules is gone; what was confirmed stays in \
            force. Start the service anew";
        let no = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(no, answer);
        if self.questions.send(Question { no, ask }).await.is_err() {
            return Err(GONE.to_owned());
        }
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(tell)) => Ok(tell),
            Ok(Err(_)) => Err(GONE.to_owned()),
            Err(_) => Err("the process that keeps the rules does not answer; look at the \
                service's log"
                .to_owned()),
        }
    }

    fn told(&self, told: Told) {
        // A flood of answers is no reason to stop looking at packets.
        let _ = self.told.try_send(told);
    }

    fn unasked(&self) -> Option<mpsc::Receiver<Tell>> {
        self.unasked.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

async fn speak(
    mut write: OwnedWriteHalf,
    mut asked: mpsc::Receiver<Question>,
    mut heard: mpsc::Receiver<Told>,
) {
    loop {
        let question = tokio::select! {
            biased;
            asked = asked.recv() => match asked {
                Some(question) => question,
                None => return,
            },
            first = heard.recv() => {
                let Some(first) = first else { return };
                let mut told = vec![first];
                while told.len() < TOLD_AT_ONCE && let Ok(more) = heard.try_recv() {
                    told.push(more);
                }
                // Nobody waits for the answer to number 0.
                Question { no: 0, ask: Ask::Bind(told) }
            }
        };
        let Ok(mut line) = serde_json::to_vec(&question) else { continue };
        line.push(b'\n');
        if write.write_all(&line).await.is_err() {
            return;
        }
    }
}

async fn listen(read: OwnedReadHalf, waiting: Waiting, unasked: mpsc::Sender<Tell>) {
    let mut read = BufReader::new(read);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let line = (&mut read).take(MAX_LINE as u64).read_until(b'\n', &mut bytes).await;
        if !line.is_ok_and(|read| read > 0) {
            break;
        }
        let Ok(Line { no, tell }) = serde_json::from_slice(&bytes) else { continue };
        let asker =
            no.and_then(|no| waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&no));
        match (asker, no) {
            // Whoever asked may have stopped waiting.
            (Some(asker), _) => drop(asker.send(tell)),
            (None, None) => {
                let packet = matches!(tell, Tell::Logged(_));
                if !packet || unasked.capacity() > FREE_OF_PACKETS {
                    drop(unasked.try_send(tell));
                }
            }
            (None, Some(_)) => {
                if let Tell::Refused(why) = tell {
                    tracing::warn!(why, "the rules cannot follow what a name server told");
                }
            }
        }
    }
    // Nobody is left waiting for an answer that does not come.
    waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, Write as _};

    use cordon_contract::Carrier;
    use cordon_enforce::keeper::{LoggedPacket, Status};
    use cordon_model::{DeviceId, Timestamp};

    use super::*;

    #[tokio::test]
    async fn a_flood_of_logged_packets_hides_nothing_that_matters() {
        let (ours, mut theirs) = StdStream::pair().unwrap();
        let keeper = Keeper::at(ours).unwrap();
        let packet = LoggedPacket {
            device: DeviceId("camera".into()),
            at: Timestamp::default(),
            dropped: true,
            why: "its contract does not allow it".to_owned(),
            from: [10, 0, 0, 7].into(),
            to: [10, 0, 0, 8].into(),
            carrier: Carrier::Tcp,
            service: 23,
            missing: None,
        };
        let questions = theirs.try_clone().unwrap();
        let telling = std::thread::spawn(move || {
            let mut tell = |no, tell| {
                let line = serde_json::to_vec(&Line { no, tell }).unwrap();
                theirs.write_all(&[&line, &b"\n"[..]].concat()).unwrap();
            };
            for _ in 0..10 * UNASKED {
                tell(None, Tell::Logged(Box::new(packet.clone())));
            }
            tell(None, Tell::TakenBack(Status::default()));
            let mut question = String::new();
            std::io::BufReader::new(questions).read_line(&mut question).unwrap();
            let question: Question = serde_json::from_str(&question).unwrap();
            tell(Some(question.no), Tell::Done(Status::default()));
        });
        // What was told before this answer was heard before it.
        keeper.ask(Ask::Status).await.unwrap();
        let mut unasked = keeper.unasked().unwrap();
        let mut heard = Vec::new();
        while let Ok(tell) = unasked.try_recv() {
            heard.push(tell);
        }
        assert_eq!(heard.len(), UNASKED - FREE_OF_PACKETS + 1);
        assert!(matches!(heard.last(), Some(Tell::TakenBack(_))));
        telling.join().unwrap();
    }
}
