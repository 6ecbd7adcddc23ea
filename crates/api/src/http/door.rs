//! Who may knock: networks, host names, and how often.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use cordon_config::Network;
use cordon_service::{Problem, ProblemKind};

use super::problem::Refusal;
use super::{Peer, who};

/// Requests that one address may make at once.
const BURST: f64 = 300.0;
/// Requests per second that one address may make for long.
const RATE: f64 = 60.0;
/// Addresses remembered; the one that waited longest is forgotten first, and had its bucket
/// full again by then.
const ADDRESSES: usize = 4096;

/// What the door lets in.
#[derive(Clone, Debug, Default)]
pub struct DoorOptions {
    /// Networks that may connect; none means all.
    pub networks: Vec<Network>,
    /// Names under which the service is reached, besides any address. A name that is not
    /// listed is refused, so that no page elsewhere can rebind its own name to us.
    pub hostnames: Vec<String>,
}

/// The door.
pub struct Door {
    options: DoorOptions,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Door {
    /// A door with nobody before it.
    #[must_use]
    pub fn new(options: DoorOptions) -> Arc<Self> {
        Arc::new(Door { options, buckets: Mutex::new(HashMap::new()) })
    }

    /// Whether an address may connect at all.
    #[must_use]
    pub fn lets_in(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        ip.is_loopback()
            || self.options.networks.is_empty()
            || self.options.networks.iter().any(|network| network.contains(ip))
    }

    fn host_is_ours(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.rsplit_once(':').map_or(host, |(name, _)| name),
        };
        let listed = self.options.hostnames.iter().any(|own| own.eq_ignore_ascii_case(name));
        listed || name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
    }

    /// Takes one request's worth; how long to wait where there is none left.
    fn take(&self, ip: IpAddr, now: Instant) -> Result<(), u32> {
        let key = subscriber(ip);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES && !buckets.contains_key(&key) {
            let refill = Duration::from_secs_f64(BURST / RATE);
            buckets.retain(|_, bucket| now.saturating_duration_since(bucket.at) < refill);
            if buckets.len() >= ADDRESSES {
                return Err(1);
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { tokens: BURST, at: now });
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * RATE).min(BURST);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return Err(1);
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

/// Refuses what may not knock.
pub async fn admit(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let Some(Peer::Remote(ip)) = request.extensions().get::<Peer>().copied() else {
        return next.run(request).await;
    };
    if let Err(seconds) = door.take(ip, instant()) {
        let mut problem = Problem::new(ProblemKind::TooMany, "too many requests; wait a moment");
        problem.retry_after = Some(seconds);
        return Refusal(problem).into_response();
    }
    if !door.host_is_ours(who::host(&request)) {
        let detail = "this service is not known under that name; add it to web.hostnames in \
                      cordon.toml, or use its address";
        return Refusal(Problem::invalid(detail)).into_response();
    }
    next.run(request).await
}

/// One customer's addresses count as one: a /64 is the least that anybody gets.
pub(super) fn subscriber(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => {
            IpAddr::V6(std::net::Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)))
        }
        v4 => v4,
    }
}

#[allow(clippy::disallowed_methods, reason = "how often somebody knocks is a matter of the clock")]
fn instant() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_rebound_to_us_by_a_page_elsewhere_is_refused() {
        let options =
            DoorOptions { hostnames: vec!["cordon.clinic.lan".into()], ..DoorOptions::default() };
        let door = Door::new(options);
        for ours in ["cordon.clinic.lan:8443", "CORDON.clinic.lan", "10.0.0.7:8443", "[::1]:8443"] {
            assert!(door.host_is_ours(ours), "{ours}");
        }
        assert!(!door.host_is_ours("evil.example:8443") && !door.host_is_ours(""));
    }

    #[test]
    fn a_flood_from_one_address_does_not_lock_out_another() {
        let (door, now) = (Door::new(DoorOptions::default()), instant());
        let noisy: IpAddr = "2001:db8::1".parse().unwrap();
        let refused = (0..1000).filter(|_| door.take(noisy, now).is_err()).count();
        assert_eq!(refused, 700);
        let neighbour: IpAddr = "2001:db8::2".parse().unwrap();
        assert!(door.take(neighbour, now).is_err(), "the same /64 is the same bucket");
        assert!(door.take("192.0.2.1".parse().unwrap(), now).is_ok());
        assert!(door.take(noisy, now + Duration::from_secs(1)).is_ok());
    }
}
