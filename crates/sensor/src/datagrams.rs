//! UDP payload: recognised, and fed to its parser.

use cordon_model::App;
use cordon_wire::protocols::DATAGRAMS;
use cordon_wire::{Datagram, DatagramDissect, DatagramDissector, Out, Step};

use crate::recognise::{Opinion, Verdict, Verdicts};

/// How the datagrams of a flow are looked at.
pub enum Datagrams {
    /// Not recognised yet.
    Unknown(Verdicts),
    /// Each on its own, by the row of this number.
    Each(usize),
    /// With memory.
    Flow(Box<dyn DatagramDissector>),
    /// Not any more.
    Closed,
}

impl Default for Datagrams {
    fn default() -> Self {
        Datagrams::Unknown(Verdicts::default())
    }
}

impl Datagrams {
    /// Takes one datagram; false where it is not what the flow's protocol should look like.
    pub fn take(
        &mut self,
        datagram: &Datagram<'_>,
        app: &mut Option<App>,
        out: &mut Out<'_>,
    ) -> bool {
        if let Datagrams::Unknown(verdicts) = self {
            let opinions = DATAGRAMS.iter().map(|row| Opinion {
                guess: (row.recognise)(datagram),
                on_port: row.app.udp_ports().iter().any(|port| datagram.on_port(*port)),
            });
            match verdicts.hear(datagram.side, opinions) {
                Verdict::Row(number) => {
                    let Some(row) = DATAGRAMS.get(number) else { return false };
                    *app = Some(row.app);
                    *self = match row.dissect {
                        DatagramDissect::Each(_) => Datagrams::Each(number),
                        DatagramDissect::Flow(start) => Datagrams::Flow(start()),
                    };
                }
                _ if verdicts.exhausted() => *self = Datagrams::Closed,
                _ => {}
            }
        }
        match self {
            Datagrams::Each(number) => match DATAGRAMS.get(*number).map(|row| &row.dissect) {
                Some(DatagramDissect::Each(dissect)) => dissect(datagram, out),
                _ => false,
            },
            Datagrams::Flow(parser) => match parser.datagram(datagram, out) {
                Step::Done => {
                    *self = Datagrams::Closed;
                    true
                }
                Step::Consumed(_) => true,
                Step::Lost => false,
            },
            Datagrams::Unknown(_) | Datagrams::Closed => true,
        }
    }
}
