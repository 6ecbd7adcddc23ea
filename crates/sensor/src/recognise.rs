//! Which protocol a payload is, judged over several payloads of both directions.

use cordon_wire::{Guess, Side};

/// Payloads judged before a flow is given up as unknown.
const MAX_TRIES: u8 = 12;

/// How many payloads of one side in a row must merely fit before they are believed.
const STREAK: u8 = 3;

/// Protocols in a table; the bit sets below have room for so many.
pub const MAX_ROWS: usize = 64;

/// What is known about a flow's protocol so far.
#[derive(Clone, Copy, Default, Debug)]
pub struct Verdicts {
    /// Rows that the client's and the server's payloads fitted so far.
    fitting: [u64; 2],
    streak: [u8; 2],
    spoke: [bool; 2],
    tries: u8,
}

/// What a further payload led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is the protocol of this row.
    Row(usize),
    /// Some row may fit once there is more of this payload.
    More,
    /// Some row fits, but not enough to be believed.
    Fits,
    /// No row fits.
    None,
}

/// What a row thinks of a payload.
pub struct Opinion {
    /// How well the payload fits.
    pub guess: Guess,
    /// Whether the flow runs on a customary port of the row.
    pub on_port: bool,
}

impl Verdicts {
    /// Hears every row about one payload.
    pub fn hear(&mut self, side: Side, opinions: impl Iterator<Item = Opinion>) -> Verdict {
        let mut fitting = 0_u64;
        let mut ported = None;
        let mut more = false;
        for (row, opinion) in opinions.take(MAX_ROWS).enumerate() {
            match opinion.guess {
                Guess::Sure => return Verdict::Row(row),
                Guess::Fits => {
                    fitting |= 1 << row;
                    if opinion.on_port && ported.is_none() {
                        ported = Some(row);
                    }
                }
                Guess::More => more = true,
                Guess::No => {}
            }
        }
        if let Some(row) = ported {
            return Verdict::Row(row);
        }
        self.weigh(side, fitting, more)
    }

    /// Whether it is time to stop.
    pub const fn exhausted(&self) -> bool {
        self.tries >= MAX_TRIES
    }

    fn weigh(&mut self, side: Side, fitting: u64, more: bool) -> Verdict {
        let [client, server] = &mut self.fitting;
        let [client_streak, server_streak] = &mut self.streak;
        let [client_spoke, server_spoke] = &mut self.spoke;
        let (mine, theirs, streak, answered) = match side {
            Side::Client => (client, *server, client_streak, *server_spoke),
            Side::Server => (server, *client, server_streak, *client_spoke),
        };
        match side {
            Side::Client => *client_spoke = true,
            Side::Server => *server_spoke = true,
        }
        self.tries = self.tries.saturating_add(1);
        if fitting == 0 {
            *streak = 0;
            return if more { Verdict::More } else { Verdict::None };
        }
        let lasting = if *streak == 0 { fitting } else { *mine & fitting };
        *streak = if lasting == 0 { 1 } else { streak.saturating_add(1) };
        *mine = if lasting == 0 { fitting } else { lasting };
        let agreed = match (*mine & theirs, *streak) {
            // An other side that speaks something else is the better witness.
            (0, STREAK..) if !answered => *mine,
            (both, _) => both,
        };
        match agreed {
            0 => Verdict::Fits,
            rows => Verdict::Row(rows.trailing_zeros() as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(guess: Guess, on_port: bool) -> impl Iterator<Item = Opinion> {
        [Opinion { guess: Guess::No, on_port: false }, Opinion { guess, on_port }].into_iter()
    }

    #[test]
    fn a_weak_fit_needs_its_port_or_the_other_side() {
        let mut verdicts = Verdicts::default();
        assert_eq!(verdicts.hear(Side::Client, says(Guess::Fits, false)), Verdict::Fits);
        assert_eq!(verdicts.hear(Side::Server, says(Guess::Fits, false)), Verdict::Row(1));
        assert_eq!(
            Verdicts::default().hear(Side::Client, says(Guess::Fits, true)),
            Verdict::Row(1)
        );
    }

    #[test]
    fn three_fitting_payloads_of_one_side_are_believed() {
        let mut verdicts = Verdicts::default();
        for _ in 0..2 {
            assert_eq!(verdicts.hear(Side::Client, says(Guess::Fits, false)), Verdict::Fits);
        }
        assert_eq!(verdicts.hear(Side::Client, says(Guess::Fits, false)), Verdict::Row(1));
    }

    #[test]
    fn a_side_that_answers_in_another_language_is_believed() {
        let mut verdicts = Verdicts::default();
        verdicts.hear(Side::Server, says(Guess::No, false));
        for _ in 0..STREAK + 2 {
            assert_eq!(verdicts.hear(Side::Client, says(Guess::Fits, false)), Verdict::Fits);
        }
    }

    #[test]
    fn a_port_alone_is_never_enough() {
        let mut verdicts = Verdicts::default();
        for _ in 0..MAX_TRIES {
            assert_eq!(verdicts.hear(Side::Client, says(Guess::No, true)), Verdict::None);
        }
        assert!(verdicts.exhausted());
    }
}
