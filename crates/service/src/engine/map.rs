//! Who talks to whom.

use std::collections::BTreeMap;

use cordon_model::Basis;
use cordon_pipeline::Talk;

use super::Engine;
use super::devices::zone;
use crate::view::{LinkView, MapView, NodeView, ZoneView};
use crate::{Answer, Caller};

impl Engine {
    pub(super) fn show_map(&self, caller: &Caller) -> Answer<MapView> {
        self.may_view(caller)?;
        let world = self.world.load();
        let open = world.open_by_device();
        let mut zones: BTreeMap<String, Vec<NodeView>> = BTreeMap::new();
        for record in world.register.records() {
            zones.entry(zone(record)).or_default().push(NodeView {
                id: record.id.to_string(),
                label: record.label(),
                kind: record.kind().map(|kind| kind.name().to_owned()),
                worst: open.get(&record.id).map(|(_, worst)| worst.name().to_owned()),
                online: world.is_online(record, self.options.online_within),
                routes: record.seen.routes,
            });
        }
        let zones = zones
            .into_iter()
            .map(|(name, mut nodes)| {
                nodes.sort_by_cached_key(|node| (node.label.to_lowercase(), node.id.clone()));
                ZoneView { name, nodes }
            })
            .collect();
        let talks = world.latest.as_ref().map(|latest| latest.talks.as_slice()).unwrap_or_default();
        Ok(MapView { zones, links: talks.iter().map(link).collect() })
    }
}

/// The applications of a talk; a guess is marked.
pub(super) fn apps(talk: &Talk) -> Vec<String> {
    talk.apps
        .iter()
        .map(|(app, basis)| match basis {
            Basis::Payload => app.name().to_owned(),
            Basis::Port => format!("port:{}", app.name()),
        })
        .collect()
}

fn link(talk: &Talk) -> LinkView {
    LinkView {
        from: talk.from.clone(),
        to: talk.to.clone(),
        outside: talk.outside,
        apps: apps(talk),
        flows: talk.flows,
        bytes: talk.bytes,
    }
}
