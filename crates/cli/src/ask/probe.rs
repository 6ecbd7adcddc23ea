//! `cordon probe`: asks the service what is tried, tries it from this machine, and tells what came of it.

mod write;

use std::cell::RefCell;
use std::net::IpAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use cordon_probe::listen::Listener;
use cordon_probe::sockets::{PATIENCE, run, source};
use cordon_probe::{MAX_PORTS, Port};
use cordon_service::view::{ProbePlanView, ProbeView};
use serde_json::{Value, json};

use super::show;
use crate::args::{Form, ProbeArgs};
use crate::failure::Failure;
use crate::output::print;
use crate::service::{Answer, Service, encode};

/// `cordon probe`.
pub fn probe(args: &ProbeArgs) -> Result<ExitCode, Failure> {
    if !args.listen.is_empty() {
        return listen(args);
    }
    let service = Service::find(&args.at)?;
    // First only to learn where it goes: the way there tells which address this machine has on it.
    let first = plan(&service, args, None, true)?.value;
    let to = address(&first)?;
    let from = source(to).map_err(|error| {
        Failure::Other(format!("this machine has no way to {to}, so nothing was sent: {error}"))
    })?;
    let planned = plan(&service, args, Some(from), args.rehearse)?;
    if args.rehearse {
        let pace = args.every;
        show(&planned, &args.shown, |page, view| write::rehearsed(page, view, pace))?;
        return Ok(ExitCode::SUCCESS);
    }
    let plan = planned.value;
    // What is sent is what was written down, to the address of the first answer or to none.
    if address(&plan)? != to {
        return Err(Failure::Other(
            "the device changed its address meanwhile; try again".to_owned(),
        ));
    }
    let ports = ports(&plan)?;
    if args.shown.format == Form::Text {
        super::text(args.shown.color, |page| write::planned(page, &plan, args.every, PATIENCE))?;
    }
    let mut outcomes = Vec::new();
    let nonce = getrandom::u64().map_err(Failure::Random)?;
    let failed = RefCell::new(None);
    run(from, to, &ports, args.every, nonce, &std::thread::sleep, &mut |port, outcome| {
        outcomes.push(json!({ "port": port.to_string(), "outcome": outcome.name() }));
        if args.shown.format == Form::Text {
            let line = format!("  {port} {}\n", outcome.says());
            let _ = print(&line).map_err(|error| failed.replace(Some(error)));
        }
    });
    // What was tried is told to the service, also where nobody reads on.
    let path = format!("/api/v1/probes/{}", encode(&plan.id));
    let answer = service.post::<ProbeView>(&path, &json!({ "outcomes": outcomes }))?;
    if let Some(error) = failed.into_inner() {
        return Err(error);
    }
    show(&answer, &args.shown, write::met)?;
    if let Some(path) = &args.output {
        let text = serde_json::to_string_pretty(&answer.value.envelope).unwrap_or_default();
        std::fs::write(path, text)
            .map_err(|error| Failure::Other(format!("{}: {error}", path.display())))?;
    }
    Ok(match answer.value.answer.as_str() {
        "got-through" => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    })
}

fn plan(
    service: &Service,
    args: &ProbeArgs,
    source: Option<IpAddr>,
    rehearse: bool,
) -> Result<Answer<ProbePlanView>, Failure> {
    let ports: Vec<String> = args.ports.iter().map(Port::to_string).collect();
    let body: Value = json!({
        "from": args.from, "to": args.to, "source": source.map(|ip| ip.to_string()), "ports": ports,
        "towards_ot": args.towards_ot, "listening": args.listening, "rehearse": rehearse,
    });
    service.post("/api/v1/probes", &body)
}

fn address(plan: &ProbePlanView) -> Result<IpAddr, Failure> {
    let ip = plan.address.parse().ok();
    // A service that is not ours must not have this machine send to everybody, or to itself.
    let single = |ip: &IpAddr| {
        let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
        !ip.is_multicast() && !ip.is_unspecified() && !ip.is_loopback() && !broadcast
    };
    ip.filter(single).ok_or_else(|| not_understood("its address"))
}

/// The ports of a plan; more than a probe may have are not believed.
fn ports(plan: &ProbePlanView) -> Result<Vec<Port>, Failure> {
    let texts = plan.tries.iter().map(|one| one.port.0.as_str());
    let ports = cordon_probe::ports(texts).map_err(|error| Failure::Other(error.to_string()))?;
    if ports.is_empty() || plan.id.is_empty() { Err(not_understood("its plan")) } else { Ok(ports) }
}

fn not_understood(what: &str) -> Failure {
    Failure::Other(format!("{what} is not understood, so nothing was sent; see `cordon status`"))
}

#[allow(clippy::disallowed_methods, reason = "how long to listen is about this machine's time")]
fn listen(args: &ProbeArgs) -> Result<ExitCode, Failure> {
    if args.listen.len() > MAX_PORTS {
        return Err(Failure::Other(format!(
            "at most {MAX_PORTS} ports are listened on; name fewer"
        )));
    }
    let mut listener = Listener::open(args.on, &args.listen).map_err(|(port, error)| {
        Failure::Other(format!(
            "cannot listen on {port}: {error}; ports below 1024 need root, and one that something serves is taken"
        ))
    })?;
    let names: Vec<String> = args.listen.iter().map(Port::to_string).collect();
    print(&format!("Listening on {} for {:?}.\n", names.join(", "), args.listen_for))?;
    let began = Instant::now();
    let mut heard: Vec<(Port, IpAddr)> = Vec::new();
    let failed = RefCell::new(None);
    let done = || began.elapsed() >= args.listen_for || failed.borrow().is_some();
    let wait = |time: Duration| std::thread::sleep(time);
    listener.run(&done, &wait, &mut |port, from| {
        heard.push((port, from.ip()));
        let line = format!("  {port} was reached from {}\n", from.ip());
        let _ = print(&line).map_err(|error| failed.replace(Some(error)));
    });
    if let Some(error) = failed.into_inner() {
        return Err(error);
    }
    print(&write::heard(&args.listen, &heard))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use cordon_service::view::{ProbePort, ProbeTryView};

    use super::*;

    fn planned(address: &str, ports: usize) -> ProbePlanView {
        let one = |number: usize| ProbeTryView {
            port: ProbePort(format!("tcp/{number}")),
            ..ProbeTryView::default()
        };
        ProbePlanView {
            id: "p".into(),
            address: address.into(),
            tries: (1..=ports).map(one).collect(),
            ..ProbePlanView::default()
        }
    }

    #[test]
    fn a_service_cannot_make_this_machine_scan_or_flood() {
        for bad in
            ["255.255.255.255", "224.0.0.1", "ff02::1", "0.0.0.0", "127.0.0.1", "::1", "x", ""]
        {
            assert!(address(&planned(bad, 1)).is_err(), "{bad}");
        }
        assert!(address(&planned("10.0.6.5", 1)).is_ok());
        assert!(ports(&planned("10.0.6.5", MAX_PORTS)).is_ok());
        assert!(ports(&planned("10.0.6.5", MAX_PORTS + 1)).is_err());
        assert!(ports(&planned("10.0.6.5", 0)).is_err());
    }
}
