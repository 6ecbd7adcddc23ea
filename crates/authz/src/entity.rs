//! A request in Cedar's terms.

use std::collections::{BTreeMap, HashMap, HashSet};

use cedar_policy::{
    Context as CedarContext, Entities, Entity, EntityId, EntityTypeName, EntityUid,
    Request as CedarRequest, RestrictedExpression, Schema,
};
use cordon_model::record::{Action, PersonId, Role};

use crate::request::{
    Context, Principal, Request, Resource, bounded, criticality_name, scope_name,
};

/// Names that are parsed once.
#[derive(Debug)]
pub(crate) struct Names {
    actions: BTreeMap<Action, EntityUid>,
    roles: BTreeMap<Role, EntityUid>,
    person: EntityTypeName,
    token: EntityTypeName,
    local: EntityTypeName,
    device: EntityTypeName,
    approval: EntityTypeName,
    system: EntityUid,
    site: EntityUid,
}

impl Names {
    /// None where a name is no Cedar name, which a test excludes.
    pub(crate) fn new() -> Option<Self> {
        let name = |text: &str| text.parse::<EntityTypeName>().ok();
        let (action, role) = (name("Action")?, name("Role")?);
        Some(Names {
            actions: Action::ALL.iter().map(|each| (*each, uid(&action, each.name()))).collect(),
            roles: Role::ALL.iter().map(|each| (*each, uid(&role, each.name()))).collect(),
            person: name("Person")?,
            token: name("Token")?,
            local: name("Local")?,
            device: name("Device")?,
            approval: name("Approval")?,
            system: uid(&name("System")?, "cordon"),
            site: uid(&name("Site")?, "site"),
        })
    }

    /// The request and the entities that it mentions; an error means that it makes no sense, such
    /// as editing a person as if they were a device.
    pub(crate) fn translate(
        &self,
        request: &Request<'_>,
        schema: &Schema,
    ) -> Option<(CedarRequest, Entities)> {
        let (who, mut entities) = self.principal(&request.who)?;
        let (on, resource) = self.resource(&request.on)?;
        // Somebody who does something to themselves is one entity.
        entities.extend(resource.filter(|resource| resource.uid() != who));
        let action = self.actions.get(&request.action)?.clone();
        let context = context(&request.context)?;
        let request = CedarRequest::new(who, action, on, context, Some(schema)).ok()?;
        let entities = Entities::from_entities(entities, None).ok()?;
        Some((request, entities))
    }

    fn principal(&self, who: &Principal<'_>) -> Option<(EntityUid, Vec<Entity>)> {
        let entity = match who {
            Principal::Person { id, role } => self.person(id, *role),
            Principal::Token { id, owner, role, scope } => {
                let owner = RestrictedExpression::new_entity_uid(self.person_uid(owner));
                let scope = RestrictedExpression::new_string(scope_name(*scope).to_owned());
                let attributes =
                    HashMap::from([("owner".to_owned(), owner), ("scope".to_owned(), scope)]);
                let uid = uid(&self.token, &bounded(id));
                Entity::new(uid, attributes, self.parents(*role)).ok()?
            }
            Principal::Local { uid: number } => {
                Entity::new_no_attrs(uid(&self.local, &number.to_string()), HashSet::new())
            }
            Principal::System => Entity::new_no_attrs(self.system.clone(), HashSet::new()),
        };
        Some((entity.uid(), vec![entity]))
    }

    fn resource(&self, on: &Resource<'_>) -> Option<(EntityUid, Option<Entity>)> {
        let entity = match on {
            Resource::Site => return Some((self.site.clone(), None)),
            Resource::Person { id, role } => self.person(id, *role),
            Resource::Device { id, criticality, zone } => {
                let criticality = criticality_name(*criticality).to_owned();
                let attributes = HashMap::from([
                    ("criticality".to_owned(), RestrictedExpression::new_string(criticality)),
                    ("zone".to_owned(), RestrictedExpression::new_string(bounded(zone).into())),
                ]);
                Entity::new(uid(&self.device, &bounded(id)), attributes, HashSet::new()).ok()?
            }
            Resource::Approval { id, asked_by, action } => {
                let asked_by = RestrictedExpression::new_entity_uid(self.person_uid(asked_by));
                let action = RestrictedExpression::new_string(action.name().to_owned());
                let attributes = HashMap::from([
                    ("askedBy".to_owned(), asked_by),
                    ("action".to_owned(), action),
                ]);
                Entity::new(uid(&self.approval, &bounded(id)), attributes, HashSet::new()).ok()?
            }
        };
        Some((entity.uid(), Some(entity)))
    }

    fn person(&self, id: &PersonId, role: Role) -> Entity {
        Entity::new_no_attrs(self.person_uid(id), self.parents(role))
    }

    fn person_uid(&self, id: &PersonId) -> EntityUid {
        uid(&self.person, &bounded(&id.0))
    }

    fn parents(&self, role: Role) -> HashSet<EntityUid> {
        self.roles.get(&role).cloned().into_iter().collect()
    }
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn context(context: &Context) -> Option<CedarContext> {
    let Context {
        fresh,
        second_person,
        takes_admin,
        last_admin,
        gives_decider,
        criticality,
        blocks,
    } = *context;
    let pairs = [
        ("fresh", fresh),
        ("secondPerson", second_person),
        ("takesAdmin", takes_admin),
        ("lastAdmin", last_admin),
        ("givesDecider", gives_decider),
        ("criticality", criticality),
        ("blocks", blocks),
    ];
    CedarContext::from_pairs(
        pairs.map(|(name, value)| (name.to_owned(), RestrictedExpression::new_bool(value))),
    )
    .ok()
}
