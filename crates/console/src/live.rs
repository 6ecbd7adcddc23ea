//! Live updates: the site's ticks as server-sent events (WHATWG HTML, section 9.2).

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use cordon_service::{Caller, Problem, ProblemKind, Site, Tick};
use futures_util::stream;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout};

use crate::ask::Ask;
use crate::console::Console;
use crate::reply::{Shown, Wrong};

/// Names of the numbers in a [`Tick`] that pages show at once.
pub const NUMBERS: &[&str] = &[
    "devices",
    "open-findings",
    "approvals",
    "capture",
    "packets",
    "packets-sent",
    "packets-per-second",
    "queue-depth",
    "flows",
];

/// Streams at once: a few people with a few tabs each; a stream costs one task and one socket.
const STREAMS_MOST: usize = 128;

/// Streams at once of one session: the tabs of one person.
const STREAMS_EACH: usize = 8;

/// A sign of life, so that both ends notice a dead connection and an ended session.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// After this the browser connects anew, and is asked again who it is.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The browser waits this long before it connects anew.
const RETRY: Duration = Duration::from_secs(3);

/// Who holds how many streams.
#[derive(Clone, Default)]
pub(crate) struct Streams(Arc<Mutex<HashMap<[u8; 32], usize>>>);

/// One stream's place, given back when it ends.
struct Place {
    streams: Streams,
    session: [u8; 32],
}

impl Streams {
    fn take(&self, session: [u8; 32]) -> Option<Place> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.values().sum::<usize>() >= STREAMS_MOST {
            return None;
        }
        let mine = held.entry(session).or_default();
        if *mine >= STREAMS_EACH {
            return None;
        }
        *mine += 1;
        Some(Place { streams: self.clone(), session })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = held.get_mut(&self.session) {
            *mine = mine.saturating_sub(1);
            if *mine == 0 {
                held.remove(&self.session);
            }
        }
    }
}

struct Live {
    site: Arc<dyn Site>,
    caller: Caller,
    ticks: Receiver<Tick>,
    ends: Instant,
    first: bool,
    _place: Place,
}

/// `GET /events`.
pub(crate) async fn events(State(console): State<Console>, ask: Ask) -> Shown {
    let Some(place) = console.streams.take(ask.session) else {
        let says = "Too many pages are open at once. This one works, but does not update itself.";
        return Err(Wrong::from(Problem {
            retry_after: Some(60),
            ..Problem::new(ProblemKind::TooMany, says)
        }));
    };
    #[allow(clippy::disallowed_methods, reason = "how long a connection lives is no decision")]
    let ends = Instant::now() + LONGEST;
    let live = Live {
        ticks: ask.site.ticks(),
        site: ask.site,
        caller: ask.caller,
        ends,
        first: true,
        _place: place,
    };
    let stream = stream::unfold(live, |mut live| async move {
        let event = live.next().await?;
        Some((Ok::<_, Infallible>(event), live))
    });
    Ok(reply(Sse::new(stream)))
}

fn reply(sse: impl IntoResponse) -> Response {
    let mut response = sse.into_response();
    let name = axum::http::HeaderName::from_static("x-accel-buffering");
    response.headers_mut().insert(name, axum::http::HeaderValue::from_static("no"));
    response
}

impl Live {
    async fn next(&mut self) -> Option<Event> {
        if std::mem::take(&mut self.first) {
            return Some(Event::default().retry(RETRY).comment("live"));
        }
        if Instant::now() >= self.ends {
            return None;
        }
        match timeout(HEARTBEAT, self.ticks.recv()).await {
            // Whoever signed out or was disabled meanwhile hears nothing more.
            Ok(Ok(tick)) => self.site.me(&self.caller).ok().and_then(|_| self.tell(&tick)),
            // whoever missed some asks for everything again
            Ok(Err(RecvError::Lagged(_))) => Some(Event::default().event("missed").data("{}")),
            Ok(Err(RecvError::Closed)) => None,
            Err(_) => self.site.me(&self.caller).ok().map(|_| Event::default().comment("here")),
        }
    }

    fn tell(&self, tick: &Tick) -> Option<Event> {
        let event = Event::default().event("tick").id(tick.number.to_string());
        event.json_data(tick).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_can_take_all_streams_and_places_come_back() {
        let streams = Streams::default();
        let held: Vec<Place> = (0..STREAMS_EACH).filter_map(|_| streams.take([1; 32])).collect();
        assert_eq!(held.len(), STREAMS_EACH);
        assert!(streams.take([1; 32]).is_none());
        assert!(streams.take([2; 32]).is_some());
        drop(held);
        assert!(streams.take([1; 32]).is_some());
        assert_eq!(streams.0.lock().unwrap().len(), 0);
    }
}
