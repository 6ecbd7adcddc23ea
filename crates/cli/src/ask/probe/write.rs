//! A probe on a terminal.

use std::fmt::Result;
use std::net::IpAddr;
use std::time::Duration;

use cordon_model::Severity;
use cordon_probe::{Pace, Port};
use cordon_report::terminal::page::{Tone, span};
use cordon_service::view::{ProbePlanView, ProbeView};

use crate::ask::Paper;

pub fn rehearsed(page: &mut Paper, view: &ProbePlanView, pace: Pace) -> Result {
    let says = format!(
        "Nothing was sent. To {} ({}) it would try, one every {:?}:",
        view.to.label,
        view.address,
        pace.wait()
    );
    page.paragraph(&[], &[span(Tone::Strong, says)])?;
    for one in &view.tries {
        let what = match one.chance.as_str() {
            "possible" => format!("{}: the rules let it through", one.port.0),
            "impossible" => format!("{}: the rules say that nothing gets through", one.port.0),
            _ => format!("{}: the rules do not say for certain", one.port.0),
        };
        let why = if one.why.is_empty() { String::new() } else { format!("  {}", one.why) };
        page.paragraph(
            &[span(Tone::Normal, "  - ")],
            &[span(Tone::Normal, what), span(Tone::Faint, why)],
        )?;
    }
    notes(page, view)
}

pub fn planned(page: &mut Paper, view: &ProbePlanView, pace: Pace, patience: Duration) -> Result {
    let says = format!(
        "Trying {} ports of {} ({}), one every {:?}, each for {:?} at most, without payload.",
        view.tries.len(),
        view.to.label,
        view.address,
        pace.wait(),
        patience
    );
    page.paragraph(&[], &[span(Tone::Normal, says)])?;
    notes(page, view)
}

fn notes(page: &mut Paper, view: &ProbePlanView) -> Result {
    view.says.iter().try_for_each(|line| page.paragraph(&[], &[span(Tone::Faint, line.as_str())]))
}

pub fn met(page: &mut Paper, view: &ProbeView) -> Result {
    let tone = |name: &str| match name {
        "agrees" => Tone::Good,
        "got-through" => Tone::Severity(Severity::High),
        _ => Tone::Severity(Severity::Medium),
    };
    page.paragraph(&[], &[span(tone(&view.answer), view.says.as_str())])?;
    for line in &view.lines {
        let tone = if line.meaning == "got-through" { tone(&line.meaning) } else { Tone::Normal };
        page.paragraph(&[span(Tone::Normal, "  - ")], &[span(tone, line.says.as_str())])?;
    }
    for limit in &view.limits {
        page.paragraph(
            &[span(Tone::Normal, "  ")],
            &[span(Tone::Faint, format!("Not shown: {limit}."))],
        )?;
    }
    Ok(())
}

/// What reached a machine that listened.
pub fn heard(ports: &[Port], heard: &[(Port, IpAddr)]) -> String {
    let mut text = String::new();
    for port in ports {
        let mut from: Vec<String> =
            heard.iter().filter(|one| one.0 == *port).map(|one| one.1.to_string()).collect();
        from.sort();
        from.dedup();
        text.push_str(&match from.is_empty() {
            true => format!("Nothing reached {port}.\n"),
            false => format!("{port} was reached from {}.\n", from.join(", ")),
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use cordon_service::view::{Link, ProbeLineView, ProbeTryView};

    use super::*;
    use crate::ask::tests::{HOSTILE, harmless, written};

    #[test]
    fn what_a_device_calls_itself_acts_on_no_terminal() {
        let one = ProbeTryView { why: HOSTILE.into(), ..ProbeTryView::default() };
        let plan = ProbePlanView {
            to: Link { id: "x".into(), label: HOSTILE.into() },
            tries: vec![one],
            says: vec![HOSTILE.into()],
            ..ProbePlanView::default()
        };
        harmless(&written(|page| rehearsed(page, &plan, Pace::default())));
        harmless(&written(|page| planned(page, &plan, Pace::default(), Duration::from_secs(2))));
        let view = ProbeView {
            says: HOSTILE.into(),
            lines: vec![ProbeLineView { says: HOSTILE.into(), ..ProbeLineView::default() }],
            limits: vec![HOSTILE.into()],
            ..ProbeView::default()
        };
        harmless(&written(|page| met(page, &view)));
    }

    #[test]
    fn who_listened_says_what_reached_it_and_what_did_not() {
        let ip = IpAddr::from([10, 0, 5, 7]);
        let says = heard(&[Port::Tcp(104), Port::Udp(53)], &[(Port::Tcp(104), ip); 3]);
        assert_eq!(says, "tcp/104 was reached from 10.0.5.7.\nNothing reached udp/53.\n");
    }
}
