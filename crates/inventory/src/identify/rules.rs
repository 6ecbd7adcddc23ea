//! Our own patterns: text files of one rule a line, read once.
//!
//! `field, field | pattern | vendor=…; model=…; type=…; os=…; firmware=…; name=…; conf=0.8`
//! where fields are those of [`Field`], patterns those of [`Glob`], and `$1` to `$4` stand for
//! what the pattern captured.

use std::sync::OnceLock;

use cordon_model::{Attribute, Text};

use super::glob::{Captures, Glob};
use crate::saying::Field;

/// The pattern files, in the order in which they are tried.
const FILES: [(&str, &str); 9] = [
    ("home.txt", include_str!("../../patterns/home.txt")),
    ("media.txt", include_str!("../../patterns/media.txt")),
    ("cameras.txt", include_str!("../../patterns/cameras.txt")),
    ("office.txt", include_str!("../../patterns/office.txt")),
    ("network.txt", include_str!("../../patterns/network.txt")),
    ("industry.txt", include_str!("../../patterns/industry.txt")),
    ("medical.txt", include_str!("../../patterns/medical.txt")),
    ("systems.txt", include_str!("../../patterns/systems.txt")),
    ("makers.txt", include_str!("../../patterns/makers.txt")),
];

/// One line.
#[derive(Debug)]
pub(crate) struct Rule {
    glob: Glob,
    pub values: Vec<(Attribute, &'static str)>,
    /// Overrides the weight of the field.
    pub confidence: Option<f32>,
}

/// All rules, by field.
#[derive(Debug)]
pub(crate) struct Rules(Vec<Vec<Rule>>);

/// The rules that are built in.
pub(crate) fn built_in() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| {
        let mut rules = Rules(Field::ALL.iter().map(|_| Vec::new()).collect());
        for (_, text) in FILES {
            for line in text.lines() {
                // A line that cannot be read is caught by the tests, not by the user.
                let _ = rules.add(line);
            }
        }
        rules
    })
}

impl Rules {
    /// The rules for one field that match, in file order, with what they captured.
    pub(crate) fn matching<'t>(
        &self,
        field: Field,
        text: &'t str,
        lower: &str,
    ) -> impl Iterator<Item = (&Rule, Captures<'t>)> {
        self.0
            .get(field as usize)
            .into_iter()
            .flatten()
            .filter_map(move |rule| Some((rule, rule.glob.matches(text, lower)?)))
    }

    /// Reads one line; empty lines and comments are nothing.
    fn add(&mut self, line: &'static str) -> Result<(), String> {
        let line = line.trim();
        if line.is_empty() || line.starts_with("##") {
            return Ok(());
        }
        let mut parts = line.splitn(3, " | ");
        let (Some(fields), Some(pattern), Some(values)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(format!("not three parts: {line}"));
        };
        let glob = Glob::new(pattern.trim());
        if glob.is_blank() {
            return Err(format!("a pattern without text matches everything: {line}"));
        }
        let (values, confidence) = values_of(values)?;
        for name in fields.split(',') {
            let name = name.trim();
            let Some(field) = Field::ALL.iter().find(|field| field.name() == name) else {
                return Err(format!("no field {name:?}: {line}"));
            };
            if let Some(rules) = self.0.get_mut(*field as usize) {
                rules.push(Rule { glob: glob.clone(), values: values.clone(), confidence });
            }
        }
        Ok(())
    }
}

type Values = (Vec<(Attribute, &'static str)>, Option<f32>);

fn values_of(text: &'static str) -> Result<Values, String> {
    let (mut values, mut confidence) = (Vec::new(), None);
    for pair in text.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(format!("not name=value: {pair}"));
        };
        let attribute = match name.trim() {
            "vendor" => Attribute::Vendor,
            "model" => Attribute::Model,
            "type" => Attribute::Type,
            "os" => Attribute::Os,
            "firmware" => Attribute::Firmware,
            "name" => Attribute::Name,
            "conf" => {
                let number = value.trim().parse::<f32>().map_err(|e| format!("{pair}: {e}"))?;
                confidence = Some(number);
                continue;
            }
            other => return Err(format!("no attribute {other:?}")),
        };
        values.push((attribute, value.trim()));
    }
    Ok((values, confidence))
}

/// Puts captures in the place of `$1` to `$4`.
pub(crate) fn fill(template: &str, captures: &Captures<'_>) -> Text {
    if !template.contains('$') {
        return Text::new(template);
    }
    let mut out = template.to_owned();
    for (index, capture) in captures.iter().enumerate() {
        out = out.replace(&format!("${}", index + 1), capture);
    }
    Text::new(out.trim())
}

#[cfg(test)]
mod tests {
    use cordon_model::DeviceType;

    use super::*;

    #[test]
    fn every_line_of_every_pattern_file_can_be_read() {
        let mut rules = Rules(Field::ALL.iter().map(|_| Vec::new()).collect());
        let mut lines = 0;
        for (file, text) in FILES {
            for (number, line) in text.lines().enumerate() {
                if let Err(error) = rules.add(line) {
                    panic!("patterns/{file}:{}: {error}", number + 1);
                }
                lines += 1;
            }
        }
        assert!(lines > 300, "{lines}");
    }

    #[test]
    fn every_type_in_the_pattern_files_exists() {
        for rule in built_in().0.iter().flatten() {
            for (attribute, value) in &rule.values {
                if *attribute == Attribute::Type {
                    assert!(DeviceType::ALL.iter().any(|kind| kind.name() == *value), "{value}");
                }
            }
        }
    }

    #[test]
    fn captures_take_their_places() {
        assert_eq!(fill("DCS-$1 rev $2", &["930L", "B1", "", ""]), "DCS-930L rev B1");
        assert_eq!(fill("plain", &["x", "", "", ""]), "plain");
    }
}
