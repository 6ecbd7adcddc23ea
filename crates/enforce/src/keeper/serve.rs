//! The keeper's loop: questions by one pipe, answers by another.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TrySendError};
use std::time::Duration;

use cordon_model::Timestamp;

use super::Keeper;
use super::messages::{Ask, Line, MAX_LINE, Question, Tell};
use crate::driver::Driver;
use crate::nflog::{LogReader, Record};

/// Between two looks where nobody asks.
const PATIENCE: Duration = Duration::from_millis(500);
/// Questions that may wait.
const WAITING: usize = 256;

/// Answers questions until there are no more: when the other end is gone, so are we.
///
/// # Errors
/// Where an answer cannot be written.
pub fn serve<D: Driver>(
    mut keeper: Keeper<D>,
    questions: impl Read + Send + 'static,
    mut answers: impl Write,
    log: Option<LogReader>,
    now: impl Fn() -> Timestamp,
) -> io::Result<()> {
    let records = log.map(listen);
    let (asked, queue) = mpsc::sync_channel(WAITING);
    std::thread::spawn(move || {
        let mut questions = BufReader::new(questions);
        while let Some(question) = next(&mut questions) {
            if asked.send(question).is_err() {
                return;
            }
        }
    });
    tell(&mut answers, None, &Tell::Done(keeper.status()))?;
    loop {
        let mut waiting = match queue.recv_timeout(PATIENCE) {
            Ok(question) => Some(question),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        while let Some(question) = waiting.take() {
            let question = match question {
                Ok(question) => question,
                Err(why) => {
                    tell(&mut answers, None, &Tell::Refused(why))?;
                    waiting = queue.try_recv().ok();
                    continue;
                }
            };
            let Question { no, mut ask } = question;
            // Answers of name servers come in bursts; one change of the kernel is enough.
            if let Ask::Bind(told) = &mut ask {
                while let Ok(next) = queue.try_recv() {
                    match next {
                        Ok(Question { ask: Ask::Bind(more), .. }) => told.extend(more),
                        other => {
                            waiting = Some(other);
                            break;
                        }
                    }
                }
            }
            let told = keeper.ask(ask, now());
            tell(&mut answers, Some(no), &told)?;
            if waiting.is_none() {
                waiting = queue.try_recv().ok();
            }
        }
        for told in keeper.look(now()) {
            tell(&mut answers, None, &told)?;
        }
        let heard: Vec<Record> = records.iter().flat_map(Receiver::try_iter).collect();
        if !heard.is_empty() {
            for told in keeper.explain(heard, now()) {
                tell(&mut answers, None, &told)?;
            }
        }
    }
}

/// Hears the kernel's log, in a thread that ends with the process. What finds no room is left out:
/// the log is no count.
fn listen(mut log: LogReader) -> Receiver<Record> {
    let (heard, records) = mpsc::sync_channel(WAITING);
    std::thread::spawn(move || {
        loop {
            match log.next(PATIENCE) {
                Ok(Some(record)) => {
                    if let Err(TrySendError::Disconnected(_)) = heard.try_send(record) {
                        return;
                    }
                }
                Ok(None) => {}
                Err(_) => std::thread::sleep(PATIENCE),
            }
        }
    });
    records
}

/// The next question; none at the end, or where a line is longer than any question.
fn next(questions: &mut impl BufRead) -> Option<Result<Question, String>> {
    let mut line = Vec::new();
    let read = questions.take(MAX_LINE as u64).read_until(b'\n', &mut line).ok()?;
    if read == 0 || line.last() != Some(&b'\n') {
        return None;
    }
    Some(serde_json::from_slice(&line).map_err(|error| format!("this is no question: {error}")))
}

fn tell(answers: &mut impl Write, no: Option<u64>, tell: &Tell) -> io::Result<()> {
    let mut line = serde_json::to_vec(&Line { no, tell: tell.clone() })?;
    line.push(b'\n');
    answers.write_all(&line)?;
    answers.flush()
}
