//! Parameters of BACnet services (ASHRAE 135, clauses 13 to 17): which object, which value, and
//! what a device says of itself.

use cordon_model::{Object, Scheme, Text, Verb, operation::ControllerIdentity};

use super::bacnet_names::{self as names, DEVICE};
use super::bacnet_tag::{Tag, Value, character_string, object_identifier, skip_group, unsigned};
use super::{fixed, words};
use crate::{Out, Reader};

/// Operations told of one request at most: objects read or properties written.
const TOLD: usize = 16;
/// Properties looked at in one answer.
const PROPERTIES: usize = 64;

/// One thing that a request does.
#[derive(Default)]
pub struct Told {
    /// To what.
    pub object: Object,
    /// With which value.
    pub value: Option<Text>,
    /// The kind of act, where the parameters decide.
    pub verb: Option<Verb>,
}

/// What an answer or announcement says.
#[derive(Default)]
pub struct Answer {
    /// About what.
    pub object: Object,
    /// With which value.
    pub value: Option<Text>,
    /// What the device says of itself.
    pub identity: Option<Box<ControllerIdentity>>,
}

/// Reads the parameters of a confirmed request; at least one is told. Passwords go to `out`.
pub fn request(service: u8, parameters: &[u8], out: &mut Out<'_>) -> Vec<Told> {
    let mut told = Vec::new();
    let reader = Reader::new(parameters);
    let _ = match service {
        12 | 26 => read_property(reader, &mut told),
        14 => read_multiple(reader, &mut told),
        15 => write_property(reader, &mut told),
        16 => write_multiple(reader, &mut told),
        17 => communication_control(reader, &mut told, out),
        20 => reinitialize(reader, &mut told, out),
        0 | 1 | 2 | 5 | 28 | 31 => first_object(reader, service, &mut told),
        6 | 7 | 8 | 9 | 11 | 27 => any_object(reader, &mut told),
        18 => private_transfer(reader, &mut told),
        _ => None,
    };
    if told.is_empty() {
        told.push(Told::default());
    }
    told
}

/// Reads the result of a confirmed service.
pub fn answer(service: u8, parameters: &[u8]) -> Answer {
    let reader = Reader::new(parameters);
    match service {
        12 => property_answer(reader),
        14 => multiple_answer(reader),
        _ => None,
    }
    .unwrap_or_default()
}

/// Reads an unconfirmed service.
pub fn unconfirmed(service: u8, parameters: &[u8]) -> Answer {
    let reader = Reader::new(parameters);
    match service {
        0 => i_am(reader),
        1 => i_have(reader),
        2 | 3 => notified(reader),
        6 | 9 => time_synchronization(reader),
        7 => who_has(reader),
        8 => who_is(reader),
        _ => None,
    }
    .unwrap_or_default()
}

fn instance(kind: u16, instance: u32, property: Option<u32>) -> Object {
    Object::Instance {
        class: names::object_type(kind),
        instance,
        property: property.map(names::property),
    }
}

/// Object, property, perhaps an index.
fn read_property(mut reader: Reader<'_>, told: &mut Vec<Told>) -> Option<()> {
    let (kind, number) = object_identifier(Tag::read(&mut reader)?.context(0)?)?;
    let property = unsigned(Tag::read(&mut reader)?.context(1)?)?;
    told.push(Told { object: instance(kind, number, Some(property)), ..Told::default() });
    Some(())
}

/// Objects, each with a group of properties: one is told per object.
fn read_multiple(mut reader: Reader<'_>, told: &mut Vec<Told>) -> Option<()> {
    while !reader.is_empty() && told.len() < TOLD {
        let (kind, number) = object_identifier(Tag::read(&mut reader)?.context(0)?)?;
        if !Tag::read(&mut reader)?.opens(1) {
            return None;
        }
        let (mut first, mut count) = (None, 0);
        loop {
            let tag = Tag::read(&mut reader)?;
            if tag.closes(1) {
                break;
            }
            if let Some(property) = tag.context(0).and_then(unsigned) {
                first.get_or_insert(property);
                count += 1;
            }
        }
        let property = first.filter(|_| count == 1);
        told.push(Told { object: instance(kind, number, property), ..Told::default() });
    }
    Some(())
}

/// Object, property, index, value, priority.
fn write_property(mut reader: Reader<'_>, told: &mut Vec<Told>) -> Option<()> {
    let (kind, number) = object_identifier(Tag::read(&mut reader)?.context(0)?)?;
    let property = unsigned(Tag::read(&mut reader)?.context(1)?)?;
    let mut tag = Tag::read(&mut reader)?;
    if tag.context(2).is_some() {
        tag = Tag::read(&mut reader)?;
    }
    let value = if tag.opens(3) { group_value(&mut reader) } else { None };
    let priority = Tag::read(&mut reader).and_then(|tag| tag.context(4)).and_then(unsigned);
    let value = with_priority(value, priority);
    told.push(Told { object: instance(kind, number, Some(property)), value, verb: None });
    Some(())
}

/// Objects, each with a group of properties and values: one is told per property.
fn write_multiple(mut reader: Reader<'_>, told: &mut Vec<Told>) -> Option<()> {
    while !reader.is_empty() && told.len() < TOLD {
        let (kind, number) = object_identifier(Tag::read(&mut reader)?.context(0)?)?;
        if !Tag::read(&mut reader)?.opens(1) {
            return None;
        }
        loop {
            let tag = Tag::read(&mut reader)?;
            if tag.closes(1) || told.len() >= TOLD {
                break;
            }
            if let Some(property) = tag.context(0).and_then(unsigned) {
                let object = instance(kind, number, Some(property));
                told.push(Told { object, ..Told::default() });
            } else if tag.opens(2) {
                let value = group_value(&mut reader);
                if let Some(last) = told.last_mut() {
                    last.value = value;
                }
            } else if let Some(priority) = tag.context(3)
                && let Some(last) = told.last_mut()
            {
                last.value = with_priority(last.value.take(), unsigned(priority));
            }
        }
    }
    Some(())
}

/// The first value of a group, whose opening tag was read; the rest is passed over.
fn group_value(reader: &mut Reader<'_>) -> Option<Text> {
    let tag = Tag::read(reader)?;
    match tag.value {
        Value::Closing => return None,
        Value::Opening => {
            skip_group(reader)?;
            skip_group(reader)?;
            return Some(fixed("constructed value"));
        }
        Value::Primitive(_) => {}
    }
    let before = reader.len();
    skip_group(reader)?;
    // Only the closing tag behind it: one byte.
    if before - reader.len() > 2 { Some(fixed("several values")) } else { tag.say() }
}

fn with_priority(value: Option<Text>, priority: Option<u32>) -> Option<Text> {
    match (value, priority) {
        (Some(value), Some(priority)) => Some(words(format_args!("{value}, priority {priority}"))),
        (value, _) => value,
    }
}

/// Duration, state, password (16.1).
fn communication_control(
    mut reader: Reader<'_>,
    told: &mut Vec<Told>,
    out: &mut Out<'_>,
) -> Option<()> {
    let mut minutes = None;
    while let Some(tag) = Tag::read(&mut reader) {
        if let Some(duration) = tag.context(0) {
            minutes = unsigned(duration);
        } else if let Some(state) = tag.context(1) {
            let (verb, name) = match unsigned(state)? {
                0 => (Verb::Configure, "enable"),
                1 => (Verb::DisableComms, "disable"),
                _ => (Verb::DisableComms, "disable initiation"),
            };
            let value = match minutes {
                Some(minutes) => words(format_args!("{name}, {minutes} min")),
                None => fixed(name),
            };
            told.push(Told { value: Some(value), verb: Some(verb), ..Told::default() });
        } else if let Some(password) = tag.context(2) {
            out.credential(Scheme::Controller, b"", password.get(1..).unwrap_or_default());
        }
    }
    Some(())
}

/// State, password (16.4).
fn reinitialize(mut reader: Reader<'_>, told: &mut Vec<Told>, out: &mut Out<'_>) -> Option<()> {
    let state = unsigned(Tag::read(&mut reader)?.context(0)?)?;
    let (verb, name) = match state {
        0 => (Verb::Restart, "coldstart"),
        1 => (Verb::Restart, "warmstart"),
        2 => (Verb::File, "start backup"),
        3 => (Verb::File, "end backup"),
        4 => (Verb::File, "start restore"),
        5 => (Verb::File, "end restore"),
        6 => (Verb::File, "abort restore"),
        7 => (Verb::Restart, "activate changes"),
        _ => (Verb::Restart, "reinitialize"),
    };
    told.push(Told { value: Some(fixed(name)), verb: Some(verb), ..Told::default() });
    if let Some(password) = Tag::read(&mut reader).and_then(|tag| tag.context(1)) {
        out.credential(Scheme::Controller, b"", password.get(1..).unwrap_or_default());
    }
    Some(())
}

/// The first object identifier behind context tags; notifications have the sender in front.
fn first_object(reader: Reader<'_>, service: u8, told: &mut Vec<Told>) -> Option<()> {
    let number = if matches!(service, 1 | 2) { 2 } else { 1 };
    let object = context_object(reader, number)?;
    told.push(Told { object, ..Told::default() });
    Some(())
}

fn context_object(mut reader: Reader<'_>, number: u8) -> Option<Object> {
    for _ in 0..=number {
        if let Some(bytes) = Tag::read(&mut reader)?.context(number) {
            let (kind, number) = object_identifier(bytes)?;
            return Some(instance(kind, number, None));
        }
    }
    None
}

/// The object in front, as application value or first context value.
fn any_object(mut reader: Reader<'_>, told: &mut Vec<Told>) -> Option<()> {
    let tag = Tag::read(&mut reader)?;
    let bytes = tag.application(12).or_else(|| tag.context(0))?;
    let (kind, number) = object_identifier(bytes)?;
    told.push(Told { object: instance(kind, number, None), ..Told::default() });
    Some(())
}

fn private_transfer(mut reader: Reader<'_>, told: &mut Vec<Told>) -> Option<()> {
    let vendor = unsigned(Tag::read(&mut reader)?.context(0)?)?;
    let service = unsigned(Tag::read(&mut reader)?.context(1)?)?;
    let name = words(format_args!("{} service {service}", names::vendor(vendor)));
    told.push(Told { object: Object::Name(name), ..Told::default() });
    Some(())
}

fn property_answer(mut reader: Reader<'_>) -> Option<Answer> {
    let (kind, number) = object_identifier(Tag::read(&mut reader)?.context(0)?)?;
    let property = unsigned(Tag::read(&mut reader)?.context(1)?)?;
    let object = instance(kind, number, Some(property));
    let mut tag = Tag::read(&mut reader)?;
    if tag.context(2).is_some() {
        tag = Tag::read(&mut reader)?;
    }
    let mut identity = ControllerIdentity::default();
    if kind == DEVICE
        && tag.opens(3)
        && let Some(value) = Tag::read(&mut reader)
    {
        tell(property, value, &mut identity);
    }
    Some(Answer { object, value: None, identity: of_device(identity, number) })
}

fn multiple_answer(mut reader: Reader<'_>) -> Option<Answer> {
    let mut answer = Answer::default();
    let (mut identity, mut device) = (ControllerIdentity::default(), None);
    let mut property = None;
    for _ in 0..PROPERTIES * 4 {
        let Some(tag) = Tag::read(&mut reader) else { break };
        if let Some(bytes) = tag.context(0) {
            let Some((kind, number)) = object_identifier(bytes) else { break };
            if answer.object == Object::None {
                answer.object = instance(kind, number, None);
            }
            // One message speaks of one device; other objects in it are its own.
            device = (kind == DEVICE).then_some(number).or(device.filter(|_| kind != DEVICE));
            property = None;
            if kind != DEVICE && Tag::read(&mut reader).is_some_and(|tag| tag.opens(1)) {
                let _ = skip_group(&mut reader);
            }
        } else if let Some(bytes) = tag.context(2) {
            property = unsigned(bytes);
        } else if tag.opens(4) {
            let mut value = reader;
            if let (Some(property), Some(value)) = (property, Tag::read(&mut value)) {
                tell(property, value, &mut identity);
            }
            let Some(()) = skip_group(&mut reader) else { break };
        } else if tag.opens(5) {
            let Some(()) = skip_group(&mut reader) else { break };
        }
    }
    if let Some(device) = device {
        answer.identity = of_device(identity, device);
    }
    Some(answer)
}

/// Notes a property of a device object that says who it is.
fn tell(property: u32, value: Tag<'_>, identity: &mut ControllerIdentity) {
    let text = value.application(7).and_then(character_string);
    match property {
        12 => identity.software = text,
        28 if identity.location.is_none() => identity.location = text,
        44 => identity.firmware = text,
        58 => identity.location = text.or(identity.location.take()),
        70 => identity.model = text,
        77 => identity.name = text,
        120 if identity.vendor.is_none() => {
            identity.vendor = value.application(2).and_then(unsigned).map(names::vendor);
        }
        121 => identity.vendor = text.or(identity.vendor.take()),
        // Serial number, added in 2016.
        372 => identity.serial = text,
        _ => {}
    }
}

fn of_device(identity: ControllerIdentity, number: u32) -> Option<Box<ControllerIdentity>> {
    let says = identity != ControllerIdentity::default();
    says.then(|| Box::new(ControllerIdentity { instance: Some(number), ..identity }))
}

/// Device, longest APDU, segmentation, vendor (16.10).
fn i_am(mut reader: Reader<'_>) -> Option<Answer> {
    let (kind, number) = object_identifier(Tag::read(&mut reader)?.application(12)?)?;
    let (_apdu, _segmentation) = (Tag::read(&mut reader)?, Tag::read(&mut reader)?);
    let vendor = unsigned(Tag::read(&mut reader)?.application(2)?)?;
    let identity = ControllerIdentity {
        vendor: Some(names::vendor(vendor)),
        instance: Some(number),
        ..ControllerIdentity::default()
    };
    let object = instance(kind, number, None);
    Some(Answer { object, value: None, identity: Some(Box::new(identity)) })
}

/// Device, object, name (16.9).
fn i_have(mut reader: Reader<'_>) -> Option<Answer> {
    let (_, device) = object_identifier(Tag::read(&mut reader)?.application(12)?)?;
    let (kind, number) = object_identifier(Tag::read(&mut reader)?.application(12)?)?;
    let name = Tag::read(&mut reader)?.application(7).and_then(character_string);
    let named = ControllerIdentity { name: name.clone(), ..ControllerIdentity::default() };
    let identity = if kind == DEVICE { of_device(named, device) } else { None };
    Some(Answer { object: instance(kind, number, None), value: name, identity })
}

fn notified(reader: Reader<'_>) -> Option<Answer> {
    Some(Answer { object: context_object(reader, 2)?, ..Answer::default() })
}

fn time_synchronization(mut reader: Reader<'_>) -> Option<Answer> {
    let (date, time) = (Tag::read(&mut reader)?.say()?, Tag::read(&mut reader)?.say()?);
    Some(Answer { value: Some(words(format_args!("{date} {time}"))), ..Answer::default() })
}

/// Perhaps a range of devices, then an object or a name (16.9).
fn who_has(mut reader: Reader<'_>) -> Option<Answer> {
    for _ in 0..3 {
        let tag = Tag::read(&mut reader)?;
        if let Some((kind, number)) = tag.context(2).and_then(object_identifier) {
            return Some(Answer { object: instance(kind, number, None), ..Answer::default() });
        }
        if let Some(name) = tag.context(3).and_then(character_string) {
            return Some(Answer { object: Object::Name(name), ..Answer::default() });
        }
    }
    None
}

/// A range of device instances, or nobody in particular.
fn who_is(mut reader: Reader<'_>) -> Option<Answer> {
    let low = unsigned(Tag::read(&mut reader)?.context(0)?)?;
    let high = unsigned(Tag::read(&mut reader)?.context(1)?)?;
    let count = high.saturating_sub(low).saturating_add(1);
    let object = match count {
        1 => instance(DEVICE, low, None),
        _ => Object::Range { table: fixed("devices"), start: low, count },
    };
    Some(Answer { object, ..Answer::default() })
}
