//! What was said in conversations: operations, topics, paths, names asked for.

use std::collections::HashMap;

use cordon_model::fact::{DnsKind, Mqtt};
use cordon_model::{App, Fact, Object, Outcome, Said, Text, Verb};

use super::{End, lower};
use crate::document::{MqttAction, Objects, VerbRule};

/// Most different things kept of one conversation.
const MAX_SAID: usize = 512;
/// Most conversations with something to say.
const MAX_CONVERSATIONS: usize = 50_000;
/// Paths of one method, topics of one direction, ranges of one table: beyond that they become
/// what they have in common.
const MAX_RULES: usize = 16;

/// Who said it to whom: the speaker, the one spoken to, and the port there.
type Conversation = (End, End, u16);

/// One thing that was said.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Word {
    Operation { app: App, verb: Verb, code: u16, of: Text, first: u32, last: u32 },
    Publish(Text),
    Subscribe(Text),
    Http { method: Text, path: Text },
    Coap { method: &'static str, path: Text },
    Asks(Text),
}

impl Word {
    fn rule(&self) -> VerbRule {
        match self.clone() {
            Word::Operation { app, verb, code, of, first, last } => {
                let objects =
                    if of.is_empty() { Vec::new() } else { vec![Objects { of, first, last }] };
                VerbRule::Operation { app, verb, codes: vec![code], objects }
            }
            Word::Publish(topic) => VerbRule::Mqtt { action: MqttAction::Publish, topic },
            Word::Subscribe(topic) => VerbRule::Mqtt { action: MqttAction::Subscribe, topic },
            Word::Http { method, path } => VerbRule::Http { method, path },
            Word::Coap { method, path } => VerbRule::Coap { method: method.into(), path },
            Word::Asks(name) => VerbRule::Dns { name },
        }
    }
}

/// What was said, by conversation.
#[derive(Default)]
pub(crate) struct Sayings {
    held: HashMap<Conversation, Vec<Word>>,
}

impl Sayings {
    /// Takes in what a packet said.
    pub fn fact(&mut self, fact: &Fact) {
        let words = words_of(&fact.said);
        if words.is_empty() {
            return;
        }
        let Some(port) = fact.to.port else { return };
        let conversation = (End::of(&fact.from), End::of(&fact.to), port);
        if self.held.len() >= MAX_CONVERSATIONS && !self.held.contains_key(&conversation) {
            return;
        }
        let held = self.held.entry(conversation).or_default();
        for word in words {
            if held.len() < MAX_SAID && !held.contains(&word) {
                held.push(word);
            }
        }
    }

    /// What may be said in a kind of conversation from now on; empty for anything.
    pub fn rules(&self, client: End, servers: &[End], service: u16) -> Vec<VerbRule> {
        let said = servers.iter().filter_map(|server| self.held.get(&(client, *server, service)));
        let mut words: Vec<&Word> = said.flatten().collect();
        words.sort_unstable();
        words.dedup();
        let mut rules = operations(&words);
        let texts = |pick: fn(&Word) -> Option<&Text>| {
            words.iter().filter_map(|word| pick(word)).cloned().collect::<Vec<_>>()
        };
        let published =
            texts(|word| if let Word::Publish(topic) = word { Some(topic) } else { None });
        let heard =
            texts(|word| if let Word::Subscribe(topic) = word { Some(topic) } else { None });
        let mqtt = |action| move |topic| VerbRule::Mqtt { action, topic };
        rules.extend(topics(published).into_iter().map(mqtt(MqttAction::Publish)));
        rules.extend(topics(heard).into_iter().map(mqtt(MqttAction::Subscribe)));
        let asked = texts(|word| if let Word::Asks(name) = word { Some(name) } else { None });
        rules.extend(super::names::collapse(asked).into_iter().map(|name| VerbRule::Dns { name }));
        for (method, list) in by_method(&words, |word| match word {
            Word::Http { method, path } => Some((method.as_str(), path)),
            _ => None,
        }) {
            let method: Text = method.into();
            let rule = |path| VerbRule::Http { method: method.clone(), path };
            rules.extend(paths(list).into_iter().map(rule));
        }
        for (method, list) in by_method(&words, |word| match word {
            Word::Coap { method, path } => Some((*method, path)),
            _ => None,
        }) {
            let rule = |path| VerbRule::Coap { method: method.into(), path };
            rules.extend(paths(list).into_iter().map(rule));
        }
        rules
    }

    /// The gravest change to a controller that one end asked of another.
    pub fn change(&self, client: End, servers: &[End], service: u16) -> Option<Verb> {
        let said = servers.iter().filter_map(|server| self.held.get(&(client, *server, service)));
        let verbs = said.flatten().filter_map(|word| match word {
            Word::Operation { verb, .. } if verb.changes() => Some(*verb),
            _ => None,
        });
        verbs.max()
    }
}

/// The rules that would allow exactly what was said; none for what no rule is about.
pub(crate) fn rules_of(said: &Said) -> Vec<VerbRule> {
    words_of(said).iter().map(Word::rule).collect()
}

/// What was said, in words that rules know.
fn words_of(said: &Said) -> Vec<Word> {
    let mut words = Vec::new();
    match said {
        Said::Operation(act) if act.outcome == Outcome::Asked => {
            let (of, first, last) = match &act.object {
                Object::None => (Text::default(), 0, u32::MAX),
                Object::Range { table, start, count } => {
                    (table.clone(), *start, start.saturating_add(count.saturating_sub(1)))
                }
                Object::Instance { class, instance, .. } => (class.clone(), *instance, *instance),
                Object::Name(name) => (name.clone(), 0, u32::MAX),
            };
            let (app, verb, code) = (act.app, act.verb, act.code);
            words.push(Word::Operation { app, verb, code, of, first, last });
        }
        Said::Mqtt(mqtt) => match &**mqtt {
            Mqtt::Publish { topic, .. } if !topic.is_empty() => {
                words.push(Word::Publish(topic.clone()))
            }
            Mqtt::Subscribe(topics) => {
                words.extend(topics.iter().cloned().map(Word::Subscribe));
            }
            _ => {}
        },
        Said::HttpRequest(request) => {
            let path = request.path.split(['?', '#']).next().unwrap_or_default();
            words.push(Word::Http { method: request.method.clone(), path: path.into() });
        }
        Said::Coap(coap) => {
            let method = match coap.code {
                1 => "GET",
                2 => "POST",
                3 => "PUT",
                4 => "DELETE",
                _ => return words,
            };
            words.push(Word::Coap { method, path: coap.path.clone() });
        }
        Said::Dns(dns) if dns.kind == DnsKind::Dns && !dns.response => {
            words.extend(dns.questions.iter().map(|question| Word::Asks(lower(&question.name))));
        }
        _ => {}
    }
    words
}

/// Operations by protocol and kind, with their codes and objects.
fn operations(words: &[&Word]) -> Vec<VerbRule> {
    let mut rules: Vec<VerbRule> = Vec::new();
    for word in words {
        let Word::Operation { app, verb, code, of, first, last } = word else { continue };
        let same = |rule: &&mut VerbRule| matches!(rule, VerbRule::Operation { app: a, verb: v, .. } if a == app && v == verb);
        if rules.iter_mut().find(same).is_none() {
            let (app, verb) = (*app, *verb);
            rules.push(VerbRule::Operation { app, verb, codes: Vec::new(), objects: Vec::new() });
        }
        let Some(VerbRule::Operation { codes, objects, .. }) = rules.iter_mut().find(same) else {
            continue;
        };
        if !codes.contains(code) {
            codes.push(*code);
        }
        if !of.is_empty() {
            objects.push(Objects { of: of.clone(), first: *first, last: *last });
        }
    }
    for rule in &mut rules {
        if let VerbRule::Operation { objects, codes, .. } = rule {
            codes.sort_unstable();
            *objects = ranges(std::mem::take(objects));
        }
    }
    rules
}

/// Joins what touches; more than a handful of ranges of one table become the hull.
fn ranges(mut objects: Vec<Objects>) -> Vec<Objects> {
    objects.sort_unstable();
    let mut joined: Vec<Objects> = Vec::new();
    for next in objects {
        match joined.last_mut() {
            Some(held) if held.of == next.of && next.first <= held.last.saturating_add(1) => {
                held.last = held.last.max(next.last);
            }
            _ => joined.push(next),
        }
    }
    let mut hulls: Vec<Objects> = Vec::new();
    for next in &joined {
        match hulls.last_mut() {
            Some(held) if held.of == next.of => held.last = held.last.max(next.last),
            _ => hulls.push(next.clone()),
        }
    }
    let many = |of: &Text| joined.iter().filter(|object| object.of == *of).count() > MAX_RULES;
    let wide: Vec<Objects> = hulls.into_iter().filter(|hull| many(&hull.of)).collect();
    joined.retain(|object| !wide.iter().any(|hull| hull.of == object.of));
    joined.extend(wide);
    joined.sort_unstable();
    joined
}

/// Topics as they are, or by their first level where there are many.
fn topics(list: Vec<Text>) -> Vec<Text> {
    if list.len() <= MAX_RULES {
        return list;
    }
    let top = |topic: &Text| -> Text {
        let level = topic.split('/').next().unwrap_or_default();
        if level.len() == topic.len() { topic.clone() } else { format!("{level}/#").into() }
    };
    let mut tops: Vec<Text> = list.iter().map(top).collect();
    tops.sort_unstable();
    tops.dedup();
    if tops.len() > MAX_RULES { vec!["#".into()] } else { tops }
}

fn by_method<'a>(
    words: &[&'a Word],
    pick: impl Fn(&'a Word) -> Option<(&'a str, &'a Text)>,
) -> Vec<(&'a str, Vec<Text>)> {
    let mut methods: Vec<(&str, Vec<Text>)> = Vec::new();
    for (method, path) in words.iter().filter_map(|word| pick(word)) {
        match methods.iter_mut().find(|(held, _)| *held == method) {
            Some((_, paths)) => paths.push(path.clone()),
            None => methods.push((method, vec![path.clone()])),
        }
    }
    methods
}

/// Paths as they are, or by their first part where there are many.
fn paths(mut list: Vec<Text>) -> Vec<Text> {
    list.sort_unstable();
    list.dedup();
    if list.len() <= MAX_RULES {
        return list;
    }
    let top = |path: &Text| -> Text {
        let end = path.char_indices().skip(1).find(|(_, c)| *c == '/').map(|(at, _)| at + 1);
        match end.and_then(|end| path.get(..end)) {
            Some(start) => format!("{start}*").into(),
            None => path.clone(),
        }
    };
    let mut tops: Vec<Text> = list.iter().map(top).collect();
    tops.sort_unstable();
    tops.dedup();
    if tops.len() > MAX_RULES { vec!["*".into()] } else { tops }
}
