//! Text with numbers that change: `<36-39>` becomes a number of that range at every use.

use crate::rng::Rng;

/// Replaces every `<low-high>`; any other text stays as it is.
pub(crate) fn fill(template: &str, rng: &mut Rng) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('<') {
        filled.push_str(before);
        let range = after.split_once('>').and_then(|(range, tail)| {
            let (low, high) = range.split_once('-')?;
            Some((low.parse::<u64>().ok()?, high.parse::<u64>().ok()?, tail))
        });
        if let Some((low, high, tail)) = range {
            let width = high.saturating_sub(low).saturating_add(1);
            filled.push_str(&(low + rng.below(width)).to_string());
            rest = tail;
        } else {
            filled.push('<');
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ranges_are_replaced() {
        let mut rng = Rng::new(1, 1);
        assert_eq!(fill("t=<7-7>, <b>x</b> <", &mut rng), "t=7, <b>x</b> <");
    }
}
