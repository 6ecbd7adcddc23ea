//! Whether the service itself is well, for people and for Prometheus.

use std::fmt::Write as _;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use cordon_history::History as _;
use cordon_model::Timestamp;
use cordon_model::record::{Action, DataClass, Keep};

use super::Engine;
use super::options::MetricsFor;
use super::show::time;
use crate::intake::{BOUND, SourceState};
use crate::view::{CheckView, HealthView, RetentionView, SettingsView, SourceView};
use crate::{Answer, Caller, Problem, ProblemKind, RESERVE_BYTES, Visit};

/// A certificate that ends within this time is worth a warning, in days.
const CERTIFICATE_DAYS: u64 = 14;

const MIB: u64 = 1 << 20;

/// 1 January 2025, before this was written: an earlier time is wrong for certain.
const PLAUSIBLE: Timestamp = Timestamp::from_secs(1_735_689_600);

impl Engine {
    pub(super) fn show_health(&self, caller: &Caller) -> Answer<HealthView> {
        self.may_view(caller)?;
        let mut view = self.health_numbers();
        view.checks = self.checks(&view);
        view.retention = self.retention();
        let worst = view.checks.iter().map(|check| rank(&check.verdict)).max().unwrap_or(0);
        view.verdict = ["good", "warning", "bad"].get(worst).copied().unwrap_or("good").to_owned();
        view.checks.sort_by_key(|check| std::cmp::Reverse(rank(&check.verdict)));
        Ok(view)
    }

    fn health_numbers(&self) -> HealthView {
        let gauges = &self.gauges;
        let read = |gauge: &AtomicU64| gauge.load(Ordering::Relaxed);
        let status = self.history.status();
        let certificate = (self.options.certificate)();
        let sizes = self.history.sizes().unwrap_or_default();
        let depth = self.sources.read().unwrap_or_else(PoisonError::into_inner).depth.clone();
        let uptime = self.clock.now().since(self.started).as_secs().max(1);
        HealthView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: time(self.started),
            sources: self.source_views(),
            queue_depth: read(&depth),
            queue_bound: BOUND as u64,
            packets_per_second: read(&gauges.packets) / uptime,
            memory_bytes: resident(),
            data_bytes: sizes.iter().map(|day| day.bytes).sum(),
            free_bytes: status.free_bytes.unwrap_or_default(),
            flows_kept: read(&gauges.flows_kept),
            flows_waiting: status.held_flows as u64,
            flows_lost: read(&gauges.flows_lost).max(status.dropped_flows),
            conclude_ms: read(&gauges.conclude_ms),
            certificate_expires: certificate.expires.map(time),
            certificate_fingerprint: certificate.fingerprint,
            ..HealthView::default()
        }
    }

    fn checks(&self, view: &HealthView) -> Vec<CheckView> {
        let mut checks = self.options.checks.clone();
        for source in &view.sources {
            checks.push(source_check(source));
        }
        checks.extend(self.clock_check());
        checks.push(match &*self.unwritten.lock().unwrap_or_else(PoisonError::into_inner) {
            None => check("database", "good", "everything is written", None),
            Some(why) => check("database", "bad", why.clone(), Some(
                "what was acknowledged is kept; what is seen is written as soon as that is mended",
            )),
        });
        checks.extend(self.detector_check());
        checks.extend(self.promises_kept().map(|(promises, broken)| match broken {
            None => check("promises", "good", format!("{promises} proven to hold"), None),
            Some(says) => {
                check("promises", "bad", says, Some(
                    "see what changed with `cordon contract steps`, and take it back or let go of the promise",
                ))
            }
        }));
        checks.extend(self.probes_open().map(|says| {
            check("probes", "bad", says, Some(
                "look for a way around this machine or a rule that is not loaded; when it is mended, probe again with \
                 `cordon probe`",
            ))
        }));
        checks.extend(self.disk_check(view));
        checks.push(match (view.flows_lost, &*self.flush_error()) {
            (_, Some(error)) => {
                check("history", "bad", format!("flows cannot be written: {error}"), Some(
                    "make room on the disk or mend it; what there is room for is held and written then",
                ))
            }
            (0, None) => check("history", "good", "every flow was kept", None),
            (lost, None) => check(
                "history",
                "warning",
                format!("{lost} flows found no room and were not kept"),
                Some("write more often (history.flush_every) or use a faster disk"),
            ),
        });
        for problem in self.history.status().problems {
            checks.push(check("history", "warning", problem, None));
        }
        checks.push(self.certificate_check());
        let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner).clone();
        checks.push(match verified {
            None => check("ledger", "unknown", "not verified since the service started", None),
            Some((_, Ok(size))) => {
                check("ledger", "good", format!("all {size} records are what was signed"), None)
            }
            Some((_, Err(fault))) => check(
                "ledger",
                "bad",
                fault,
                Some("keep the data folder as evidence and restore a backup: `cordon restore`"),
            ),
        });
        checks
    }

    fn clock_check(&self) -> Option<CheckView> {
        let (now, instant) = (self.clock.now(), self.clock.instant());
        let fix = Some("set the machine's clock, best by NTP");
        if now < PLAUSIBLE {
            return Some(check("clock", "bad", format!("it says {}", time(now)), fix));
        }
        let days = self.steady().ahead(now, instant)?.as_secs() / 86_400;
        let says = format!(
            "it jumped ahead by {days} days; for a week nothing is removed on its account, in case it is wrong"
        );
        Some(check("clock", "warning", says, fix))
    }

    fn disk_check(&self, view: &HealthView) -> Option<CheckView> {
        let free = view.free_bytes / MIB;
        let says = format!(
            "it is full ({free} MiB free): sign-ins and what people do are written into a reserve of {} MiB as long \
             as that lasts, what is seen is not",
            RESERVE_BYTES / MIB
        );
        let fix = format!(
            "make room: remove folders in {} that you have elsewhere, shorten retention.flows, or give it a larger disk; \
             it goes on by itself",
            self.options.data.join(super::backup::BACKUPS).display()
        );
        self.reserve.is_away().then(|| check("disk", "bad", says, Some(&fix)))
    }

    fn flush_error(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.gauges.flush_error.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was not held against contracts; nothing is said where everything was.
    fn detector_check(&self) -> Option<CheckView> {
        let count = |gauge: &AtomicU64| gauge.load(Ordering::Relaxed);
        let missed = count(&self.gauges.not_detected);
        let lost = count(&self.gauges.breaches_lost);
        (missed + lost > 0).then(|| {
            let says = format!(
                "{missed} conversations and words were not held against contracts, {lost} breaches \
                 found no room on the timeline"
            );
            check("detector", "warning", says, Some("more comes than this machine can look at"))
        })
    }

    fn certificate_check(&self) -> CheckView {
        let state = (self.options.certificate)();
        let now = self.clock.now();
        let fix = "give web.certificate and web.key a certificate that is valid; it is taken up by itself";
        match (state.trouble, state.expires) {
            (Some(trouble), _) => check("certificate", "warning", trouble, Some(fix)),
            (None, None) => check("certificate", "unknown", "there is no server certificate", None),
            (None, Some(end)) if end <= now => {
                check("certificate", "bad", format!("it ended {}", time(end)), Some(fix))
            }
            (None, Some(end)) if end.since(now).as_secs() / 86_400 < CERTIFICATE_DAYS => {
                check("certificate", "warning", format!("it ends {}", time(end)), Some(fix))
            }
            (None, Some(end)) => {
                check("certificate", "good", format!("it is valid until {}", time(end)), None)
            }
        }
    }

    pub(super) fn source_views(&self) -> Vec<SourceView> {
        let sources = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        let view = |counters: &std::sync::Arc<crate::intake::Counters>| {
            let (state, says) = match counters.state() {
                SourceState::Running => ("running", None),
                SourceState::Gone(why) => ("gone", Some(why)),
                SourceState::Ended(None) => ("ended", None),
                SourceState::Ended(Some(why)) => ("failed", Some(why)),
            };
            let last = counters.last.load(Ordering::Relaxed);
            SourceView {
                name: counters.name.clone(),
                state: state.to_owned(),
                says,
                packets: counters.packets.load(Ordering::Relaxed),
                dropped_by_kernel: counters.dropped_by_kernel.load(Ordering::Relaxed),
                dropped_by_queue: counters.dropped_by_queue.load(Ordering::Relaxed),
                last: (last != 0).then(|| time(Timestamp::from_nanos(last))),
            }
        };
        sources.counters.iter().map(view).collect()
    }

    fn retention(&self) -> Vec<RetentionView> {
        let sizes = self.history.sizes().unwrap_or_default();
        let of = |table: &str| {
            let days: Vec<_> = sizes.iter().filter(|day| day.table == table).collect();
            let oldest = days.iter().map(|day| day.day.start()).min().map(time);
            let bytes = days.iter().map(|day| day.bytes).sum();
            (oldest, Some(bytes), Some(days.iter().map(|day| day.rows).sum()))
        };
        let view = |(class, keep): &(DataClass, Keep)| {
            let (oldest, bytes, items) = match class {
                DataClass::Flows => of("flows"),
                DataClass::Facts => of("facts"),
                _ => (None, None, None),
            };
            RetentionView {
                class: class.name().to_owned(),
                title: class.title().to_owned(),
                keep: keep.to_string(),
                why: class.why().to_owned(),
                oldest,
                bytes,
                items,
            }
        };
        self.options.retention.iter().map(view).collect()
    }

    pub(super) fn show_settings(&self, caller: &Caller) -> Answer<SettingsView> {
        self.may_view(caller)?;
        Ok(self.options.settings.clone())
    }

    pub(super) fn show_metrics(&self, caller: Option<&Caller>, visit: &Visit) -> Answer<String> {
        if self.options.metrics == MetricsFor::Nobody {
            return Err(Problem::not_found("metrics here: web.metrics says nobody"));
        }
        let open = self.options.metrics == MetricsFor::Local && visit.from.is_loopback();
        match caller {
            Some(caller) => drop(self.may_site(caller, Action::MetricsView)?),
            None if open => {}
            None => {
                let detail =
                    "send an API token with scope metrics, or see web.metrics in cordon.toml";
                return Err(Problem::new(ProblemKind::SignInNeeded, detail));
            }
        }
        Ok(self.metrics_text())
    }

    fn metrics_text(&self) -> String {
        let view = self.health_numbers();
        let counts = self.counts(&self.world.load());
        let mut text = String::new();
        let mut put = |name: &str, kind: &str, help: &str, values: &[(String, u64)]| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# HELP cordon_{name} {help}\n# TYPE cordon_{name} {kind}");
            for (labels, value) in values {
                let _ = writeln!(text, "cordon_{name}{labels} {value}");
            }
        };
        let one = |value: u64| [(String::new(), value)];
        let per = |read: fn(&SourceView) -> u64| -> Vec<(String, u64)> {
            let label = |source: &SourceView| format!("{{source=\"{}\"}}", escaped(&source.name));
            view.sources.iter().map(|source| (label(source), read(source))).collect()
        };
        put("packets_total", "counter", "Packets taken from a source.", &per(|s| s.packets));
        put(
            "packets_dropped_kernel_total",
            "counter",
            "Packets lost in the kernel's ring.",
            &per(|s| s.dropped_by_kernel),
        );
        put(
            "packets_dropped_queue_total",
            "counter",
            "Packets lost because the service was behind.",
            &per(|s| s.dropped_by_queue),
        );
        put(
            "source_up",
            "gauge",
            "Whether a source gives packets.",
            &per(|s| u64::from(s.state == "running")),
        );
        put(
            "queue_batches",
            "gauge",
            "Batches that wait for the pipeline.",
            &one(view.queue_depth),
        );
        put(
            "flows_recorded_total",
            "counter",
            "Flows recorded since the start.",
            &one(counts.flows),
        );
        put("flows_lost_total", "counter", "Flows that found no room.", &one(view.flows_lost));
        put("devices", "gauge", "Devices known.", &one(counts.devices));
        put("devices_online", "gauge", "Devices heard lately.", &one(counts.online));
        let severity = |name: &str, value| (format!("{{severity=\"{name}\"}}"), value);
        put(
            "findings_open",
            "gauge",
            "Open findings.",
            &[
                severity("critical", counts.critical),
                severity("high", counts.high),
                severity("medium", counts.medium),
                severity("low", counts.low),
            ],
        );
        put("approvals_open", "gauge", "Requests for a second person.", &one(counts.approvals));
        put("memory_resident_bytes", "gauge", "Resident memory.", &one(view.memory_bytes));
        put("history_bytes", "gauge", "Bytes of flows and facts on disk.", &one(view.data_bytes));
        put("disk_free_bytes", "gauge", "Bytes free on the data disk.", &one(view.free_bytes));
        put(
            "conclude_milliseconds",
            "gauge",
            "What the latest look at all devices took.",
            &one(view.conclude_ms),
        );
        text
    }
}

/// A check's line.
fn check(name: &str, verdict: &str, says: impl Into<String>, fix: Option<&str>) -> CheckView {
    CheckView {
        name: name.to_owned(),
        verdict: verdict.to_owned(),
        says: says.into(),
        fix: fix.map(str::to_owned),
    }
}

fn source_check(source: &SourceView) -> CheckView {
    let lost = source.dropped_by_kernel.saturating_add(source.dropped_by_queue);
    let name = format!("capture {}", source.name);
    match (source.state.as_str(), lost) {
        (state @ ("gone" | "failed"), _) => {
            let says = source.says.clone().unwrap_or_default();
            let fix = match state {
                "gone" => "plug it in or set it up; it is listened to again by itself",
                // Only recordings end this way.
                _ => "copy the file anew and play it again; what could be read of it is in",
            };
            check(&name, "bad", says, Some(fix))
        }
        (_, 0) => check(&name, "good", format!("{} packets, none lost", source.packets), None),
        (_, lost) => {
            let all = source.packets.saturating_add(source.dropped_by_kernel).max(1);
            let says = format!("{lost} of {all} packets were lost: what they said is not known");
            check(&name, "warning", says, Some("raise capture.ring_mib, or mirror fewer ports"))
        }
    }
}

fn rank(verdict: &str) -> usize {
    match verdict {
        "bad" => 2,
        "warning" => 1,
        _ => 0,
    }
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Resident memory in bytes, as the kernel counts it.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: Option<u64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.unwrap_or(0).saturating_mul(1024)
}
