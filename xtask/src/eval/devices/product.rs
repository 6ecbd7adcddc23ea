//! What the whole product says of a device: sensor, inventory, strings, address blocks and
//! statistics together.

use cordon_inventory::statistics::{Product, guess, product};
use cordon_inventory::{Guess, Inventory, InventoryOptions, NoStatistics, Statistics};
use cordon_model::{Claim, Device, Fact, Flow, Mac, SecretKey, Text};
use cordon_sensor::{Options, Sensor, Sink};

use super::score::Row;
use crate::captures::{Capture, packets, tokens};

/// A claim made with that confidence may hardly ever be wrong.
const SURE: f32 = 0.9;

/// Other names of the makers.
const ALIASES: &[(&str, &[&str])] = &[
    ("Philips", &["Signify", "Royal Philips"]),
    ("Osram", &["Ledvance"]),
    ("Ednet", &["Assmann", "Digitus"]),
    ("eQ-3", &["HomeMatic"]),
    ("Withings", &["Nokia"]),
];

/// What was said of one capture's device.
pub struct Answer {
    name: String,
    product: &'static Product,
    strings: Option<Device>,
    all: Option<Device>,
}

pub struct Answers(Vec<Answer>);

/// The statistics of a model that may be another than the committed one.
struct Given(Mac, Option<Guess>);

impl Statistics for Given {
    fn classify(&self, mac: Mac) -> Option<Guess> {
        self.1.clone().filter(|_| mac == self.0)
    }
}

struct Feed(Inventory);

impl Sink for Feed {
    fn fact(&mut self, fact: &Fact) {
        self.0.fact(fact);
    }

    fn flow(&mut self, flow: &Flow) {
        self.0.flow(flow);
    }
}

impl Answers {
    /// Asks about the captures of these verdicts, with these verdicts as statistics.
    pub fn of(captures: &[Capture], rows: &[Row]) -> Answers {
        let answer = |row: &Row| {
            let capture = captures.get(row.index)?;
            let product = product(&row.label)?;
            let mut sensor = Sensor::new(Options::new(SecretKey::new([7; 32]), 7));
            let mut feed = Feed(Inventory::new(InventoryOptions::default()));
            packets(&capture.path, |packet| {
                sensor.packet(packet, &mut feed);
                true
            });
            sensor.finish(&mut feed);
            let tokens = tokens(&capture.path, capture.mac, None);
            let of_device = |statistics: &dyn Statistics| {
                let devices = feed.0.snapshot(statistics).devices;
                devices.into_iter().find(|device| device.macs.contains(&capture.mac))
            };
            Some(Answer {
                name: capture.name.clone(),
                product,
                strings: of_device(&NoStatistics),
                all: of_device(&Given(capture.mac, guess(&row.verdict, &tokens))),
            })
        };
        Answers(rows.iter().filter_map(answer).collect())
    }
}

pub fn head() {
    println!("| asked | captures | attribute | right | wrong | not said | wrong at ≥ 0.9 |");
    println!("|---|---|---|---|---|---|---|");
}

pub fn lines(name: &str, answers: &Answers) {
    for (source, device) in [
        (
            "without statistics",
            (|answer| answer.strings.as_ref()) as fn(&Answer) -> Option<&Device>,
        ),
        ("with", |answer| answer.all.as_ref()),
    ] {
        for attribute in Attribute::ALL {
            let said: Vec<Said> = answers
                .0
                .iter()
                .map(|answer| attribute.said(device(answer), answer.product))
                .collect();
            let count = |wanted: fn(&Said) -> bool| said.iter().filter(|said| wanted(said)).count();
            let sure = count(|said| matches!(said, Said::Wrong(confidence) if *confidence >= SURE));
            println!(
                "| {name}, {source} | {} | {} | {} | {} | {} | {sure} ({:.2} %) |",
                said.len(),
                attribute.name(),
                count(|said| matches!(said, Said::Right)),
                count(|said| matches!(said, Said::Wrong(_))),
                count(|said| matches!(said, Said::Nothing)),
                100.0 * sure as f64 / said.len().max(1) as f64
            );
        }
    }
}

/// Lists what was said wrongly.
pub fn wrongs(answers: &Answers) {
    println!();
    for answer in &answers.0 {
        for attribute in Attribute::ALL {
            if let Said::Wrong(confidence) = attribute.said(answer.all.as_ref(), answer.product) {
                let said = answer
                    .all
                    .as_ref()
                    .and_then(|device| attribute.text(device))
                    .unwrap_or_default();
                println!("- {}: {} \"{said}\" at {confidence:.2}", answer.name, attribute.name());
            }
        }
    }
}

enum Said {
    Right,
    Wrong(f32),
    Nothing,
}

#[derive(Clone, Copy)]
enum Attribute {
    Vendor,
    Model,
    Type,
}

impl Attribute {
    const ALL: [Attribute; 3] = [Attribute::Vendor, Attribute::Model, Attribute::Type];

    fn name(self) -> &'static str {
        match self {
            Attribute::Vendor => "vendor",
            Attribute::Model => "model",
            Attribute::Type => "type",
        }
    }

    fn text(self, device: &Device) -> Option<String> {
        match self {
            Attribute::Vendor => device.vendor.as_ref().map(|claim| claim.value.to_string()),
            Attribute::Model => device.model.as_ref().map(|claim| claim.value.to_string()),
            Attribute::Type => device.kind.as_ref().map(|claim| claim.value.name().to_owned()),
        }
    }

    fn said(self, device: Option<&Device>, product: &Product) -> Said {
        let Some(device) = device else { return Said::Nothing };
        let judged = |claim: &Option<Claim<Text>>, right: &dyn Fn(&str) -> bool| match claim {
            None => Said::Nothing,
            Some(claim) if right(&claim.value) => Said::Right,
            Some(claim) => Said::Wrong(claim.confidence),
        };
        match self {
            Attribute::Vendor => judged(&device.vendor, &|said| is_vendor(said, product.vendor)),
            Attribute::Model => judged(&device.model, &|said| is_model(said, product)),
            Attribute::Type => match &device.kind {
                None => Said::Nothing,
                Some(claim) if claim.value == product.kind => Said::Right,
                Some(claim) => Said::Wrong(claim.confidence),
            },
        }
    }
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn is_vendor(said: &str, vendor: &str) -> bool {
    let said = plain(said);
    let aliases =
        ALIASES.iter().filter(|(name, _)| *name == vendor).flat_map(|(_, aliases)| *aliases);
    aliases
        .copied()
        .chain([vendor])
        .any(|name| said.contains(&plain(name)) || plain(name).contains(&said))
}

/// Whether one designation contains the other, or all words of it.
fn is_model(said: &str, product: &Product) -> bool {
    let (text, model) = (plain(said), plain(product.model));
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    text.contains(&model)
        || text.len() >= 4 && model.contains(&text)
        || words(product.model).iter().all(|word| text.contains(word.as_str()))
        || words(said).iter().all(|word| model.contains(word.as_str()))
}
