//! The page about roles, made from what the policies decide.

use std::fmt::Write;

use cordon_model::record::{Action, Criticality, PersonId, Role, Scope};

use crate::policies::{Needs, Policies};
use crate::request::{Context, Principal, Request, Resource};
use crate::usual::usual;

/// Whom the table asks about: every role, every scope under every role, root and the service.
fn columns<'a>(me: &'a PersonId) -> Vec<(String, Principal<'a>)> {
    let mut columns: Vec<(String, Principal<'a>)> = Role::ALL
        .iter()
        .map(|role| (role.name().to_owned(), Principal::Person { id: me, role: *role }))
        .collect();
    columns.push(("root".to_owned(), Principal::Local { uid: 0 }));
    columns.push(("service".to_owned(), Principal::System));
    columns
}

fn token_columns(me: &PersonId) -> Vec<(String, Principal<'_>)> {
    let mut columns = Vec::new();
    for (scope, name) in
        [(Scope::Metrics, "metrics"), (Scope::Read, "read"), (Scope::Write, "write")]
    {
        for role in Role::ALL {
            let principal = Principal::Token { id: "t", owner: me, role, scope };
            columns.push((format!("{name} of {}", role.name()), principal));
        }
    }
    columns
}

/// `docs/security/roles.md` as the policies give it.
#[must_use]
pub fn markdown(policies: &Policies) -> String {
    let mut page = String::from(
        "# Roles\n\n\
         <!-- Made from crates/authz/policies; a test fails where the two differ. -->\n\n\
         Who may do what, as the shipped policies decide it. **yes**: on anything. **own**: only \
         on oneself. **others**: only on what somebody else asked for. Empty: refused. A letter \
         says what it takes besides: **f** a sign-in within the last five minutes, **2** a \
         second person's approval where there is somebody who could give it.\n\n\
         A site may add rules of its own: `site.policies` in cordon.toml names the file. It can permit more and forbid \
         more; the rules under *Never* hold in any case.\n\n## People\n\n",
    );
    let (me, other) = (PersonId("me".into()), PersonId("other".into()));
    table(&mut page, policies, &columns(&me), &me, &other);
    page.push_str(
        "\n## Tokens\n\nA token is in its owner's role as it is now, and never may more than \
         that.\n\n",
    );
    table(&mut page, policies, &token_columns(&me), &me, &other);
    page.push_str("\n## Particular cases\n\n| case | answer |\n|---|---|\n");
    for (case, answer) in cases(policies, &me, &other) {
        let _ = writeln!(page, "| {case} | {answer} |");
    }
    rules(&mut page, policies);
    page
}

fn table(
    page: &mut String,
    policies: &Policies,
    columns: &[(String, Principal<'_>)],
    me: &PersonId,
    other: &PersonId,
) {
    page.push_str("| action |");
    for (name, _) in columns {
        let _ = write!(page, " {name} |");
    }
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(columns.len()));
    page.push('\n');
    for action in Action::ALL {
        let _ = write!(page, "| `{action}` |");
        for (_, who) in columns {
            let _ = write!(page, " {} |", cell(policies, *who, *action, me, other));
        }
        page.push('\n');
    }
}

fn cell(
    policies: &Policies,
    who: Principal<'_>,
    action: Action,
    me: &PersonId,
    other: &PersonId,
) -> String {
    let on = |mine: bool| usual(action, if mine { me } else { other });
    let context = Context { second_person: true, ..Context::default() };
    let ask = |mine| Request::new(who, action, on(mine)).with(context);
    let (own, others) = (ask(true), ask(false));
    let (own_yes, others_yes) = (policies.decide(&own).allowed, policies.decide(&others).allowed);
    let (word, request) = match (own_yes, others_yes) {
        (false, false) => return String::new(),
        (true, true) => ("yes", others),
        (true, false) => ("own", own),
        (false, true) => ("others", others),
    };
    format!("{word}{}", marks(&policies.needs(&request)))
}

fn marks(needs: &Needs) -> String {
    let mut marks = Vec::new();
    if !needs.fresh.is_empty() {
        marks.push("f");
    }
    if !needs.approval.is_empty() {
        marks.push("2");
    }
    if marks.is_empty() { String::new() } else { format!(" {}", marks.join(" ")) }
}

fn cases(
    policies: &Policies,
    me: &PersonId,
    other: &PersonId,
) -> Vec<(&'static str, &'static str)> {
    let admin = Principal::Person { id: me, role: Role::Admin };
    let root = Principal::Local { uid: 0 };
    let operator = Principal::Person { id: me, role: Role::Operator };
    let person = |id, role| Resource::Person { id, role };
    let vital = Resource::Device { id: "d", criticality: Criticality::LifeSafety, zone: "icu" };
    let fresh = Context { fresh: true, second_person: true, ..Context::default() };
    let alone = Context { second_person: false, ..fresh };
    let takes = Context { takes_admin: true, ..fresh };
    let last = Context { last_admin: true, ..takes };
    let gives = Context { gives_decider: true, ..fresh };
    let critical = Context { criticality: true, ..fresh };
    let plain = Resource::Device { id: "d", criticality: Criticality::Normal, zone: "" };
    let blocks = Context { blocks: true, ..fresh };
    let token = Principal::Token { id: "t", owner: me, role: Role::Operator, scope: Scope::Write };
    let change = Action::PersonChange;
    [
        ("an admin changes a viewer", admin, change, person(other, Role::Viewer), fresh),
        ("an admin makes a viewer an approver", admin, change, person(other, Role::Viewer), gives),
        ("an admin changes an approver", admin, change, person(other, Role::Approver), fresh),
        ("an admin changes another admin", admin, change, person(other, Role::Admin), takes),
        ("… where nobody else could approve it", admin, change, person(other, Role::Admin), alone),
        ("an admin gives up being admin", admin, change, person(me, Role::Admin), takes),
        ("an admin removes the last admin", admin, change, person(other, Role::Admin), last),
        ("root removes the last admin", root, change, person(other, Role::Admin), last),
        ("root changes an admin", root, change, person(other, Role::Admin), takes),
        (
            "an admin invites an admin",
            admin,
            Action::PersonInvite,
            person(other, Role::Admin),
            fresh,
        ),
        (
            "an admin invites a viewer",
            admin,
            Action::PersonInvite,
            person(other, Role::Viewer),
            fresh,
        ),
        ("root invites an admin", root, Action::PersonInvite, person(other, Role::Admin), fresh),
        ("an operator renames a life-safety device", operator, Action::DeviceEdit, vital, fresh),
        (
            "an operator changes the criticality of a life-safety device",
            operator,
            Action::DeviceEdit,
            vital,
            critical,
        ),
        ("… or takes such a change back", operator, Action::ChangeUndo, vital, critical),
        (
            "an operator enforces the contract of a camera",
            operator,
            Action::ContractStage,
            plain,
            blocks,
        ),
        ("… of a life-safety device", operator, Action::ContractStage, vital, blocks),
        ("an operator isolates a life-safety device", operator, Action::DeviceReach, vital, blocks),
        ("a token isolates a camera", token, Action::DeviceReach, plain, blocks),
        ("… or a life-safety device", token, Action::DeviceReach, vital, blocks),
        (
            "the service by itself isolates a camera",
            Principal::System,
            Action::DeviceReach,
            plain,
            blocks,
        ),
    ]
    .map(|(case, who, action, on, context)| {
        (case, answer(policies, &Request::new(who, action, on).with(context)))
    })
    .into()
}

fn answer(policies: &Policies, request: &Request<'_>) -> &'static str {
    let needs = policies.needs(request);
    match policies.decide(request).allowed {
        false => "refused",
        true if !needs.approval.is_empty() => "with a second person's approval",
        true if !needs.fresh.is_empty() => "after a fresh sign-in",
        true => "permitted",
    }
}

fn rules(page: &mut String, policies: &Policies) {
    for (heading, kind) in [("Permits", "permit"), ("Never", "forbid"), ("Takes more", "needs")] {
        let _ = write!(page, "\n## {heading}\n\n");
        for policy in policies.all().filter(|policy| policies.kind(policy) == kind) {
            let _ = writeln!(page, "- `{}`: {}.", policy.id, policy.title);
        }
    }
}
