//! A site's own policies.

use cordon_authz::{Policies, PolicyError, Principal, Request, Resource};
use cordon_model::record::{Action, Criticality, PersonId, Role};

fn faults(text: &str) -> Vec<String> {
    match Policies::with_site("policies.cedar", text) {
        Ok(_) => Vec::new(),
        Err(PolicyError::Faults(faults)) => faults.iter().map(ToString::to_string).collect(),
        Err(error @ PolicyError::TooLong { .. }) => vec![error.to_string()],
    }
}

fn forget(zone: &str, policies: &Policies) -> (bool, Vec<String>) {
    let anna = PersonId("anna".into());
    let who = Principal::Person { id: &anna, role: Role::Operator };
    let on = Resource::Device { id: "d", criticality: Criticality::Normal, zone };
    let request = Request::new(who, Action::DeviceForget, on);
    let needs = policies.needs(&request).approval.into_iter().map(|because| because.id);
    (policies.decide(&request).allowed, needs.collect())
}

#[test]
fn a_site_forbids_asks_for_more_and_permits_more() {
    let text = r#"
        @id("no-forgetting-in-icu") @title("Nothing in intensive care is forgotten")
        forbid (principal, action == Action::"device.forget", resource is Device)
        when { resource.zone == "icu" };

        @id("two-in-the-hall") @title("In the hall two people forget") @needs("approval")
        permit (principal, action == Action::"device.forget", resource is Device)
        when { resource.zone == "hall" };

        permit (principal in Role::"viewer", action == Action::"flows.export", resource);
    "#;
    let policies = Policies::with_site("policies.cedar", text).unwrap();
    assert_eq!(forget("", &policies), (true, vec![]));
    assert_eq!(forget("hall", &policies), (true, vec!["site:two-in-the-hall".to_owned()]));
    assert!(!forget("icu", &policies).0);
    let anna = PersonId("anna".into());
    let viewer = Principal::Person { id: &anna, role: Role::Viewer };
    let export = Request::new(viewer, Action::FlowsExport, Resource::Site);
    assert!(policies.decide(&export).allowed);
    assert!(!Policies::shipped().unwrap().decide(&export).allowed);
}

#[test]
fn a_site_that_permits_everything_does_not_lift_what_is_never_permitted() {
    let policies =
        Policies::with_site("policies.cedar", "permit (principal, action, resource);").unwrap();
    let anna = PersonId("anna".into());
    let who = Principal::Person { id: &anna, role: Role::Admin };
    let own = Resource::Approval { id: "a", asked_by: &anna, action: Action::DeviceForget };
    assert!(!policies.decide(&Request::new(who, Action::ApprovalDecide, own)).allowed);
}

#[test]
fn a_fault_is_shown_with_line_and_column() {
    let text = "permit (principal, action, resource);\n\npermit (principal, action resource);\n";
    let shown = faults(text);
    assert_eq!(shown.len(), 1);
    assert!(shown[0].starts_with("policies.cedar:3:27: "), "{}", shown[0]);
}

#[test]
fn a_misspelt_action_role_or_attribute_is_shown_with_its_line() {
    let action = faults("\npermit (principal, action == Action::\"device.edti\", resource);");
    assert!(action[0].starts_with("policies.cedar:2:"), "{action:?}");
    assert!(action[0].contains("device.edit"), "names the nearest: {action:?}");
    let attribute = faults(
        "permit (principal, action == Action::\"device.edit\", resource)\nwhen { resource.zon == \"x\" };",
    );
    assert!(attribute[0].starts_with("policies.cedar:2:"), "{attribute:?}");
    assert!(attribute[0].contains("zone"), "{attribute:?}");
    let kind = faults("\n\npermit (principal in Rolle::\"admin\", action, resource);");
    assert!(kind[0].starts_with("policies.cedar:3:"), "{kind:?}");
}

#[test]
fn unknown_needs_second_ids_and_endless_files_are_refused() {
    let needs = faults("\n@needs(\"three\") permit (principal, action, resource);");
    assert_eq!(
        needs,
        ["policies.cedar:2:1: unknown @needs(\"three\"); it is \"approval\" or \"fresh\""]
    );
    let twice = "@id(\"a\") permit (principal, action, resource);\n".repeat(2);
    assert!(faults(&twice)[0].contains("a second policy with @id(\"a\")"));
    assert!(faults(&" ".repeat(300 * 1024))[0].contains("262144"));
    assert!(faults("").is_empty());
}

#[test]
fn a_file_that_nests_or_chains_without_end_is_an_answer_and_not_a_crash() {
    let rule =
        |condition: &str| format!("permit (principal, action, resource) when {{ {condition} }};");
    let nested = |n: usize| rule(&format!("{}true{}", "(".repeat(n), ")".repeat(n)));
    assert!(faults(&nested(20)).is_empty());
    assert!(faults(&nested(50_000))[0].starts_with("policies.cedar:1:"));
    let lists = rule(&format!("{}{}.isEmpty()", "[".repeat(200), "]".repeat(200)));
    assert!(faults(&lists)[0].contains("nested"));
    let long = rule(&format!("true{}", " && true".repeat(30_000)));
    assert!(faults(&long)[0].contains("too long"));
    // The most that is let through to the parser, of everything that chains.
    let fill =
        |first: &str, next: &str| rule(&format!("{first}{}", next.repeat(3_900 / next.len())));
    for text in [
        fill("true", "&&true"),
        fill("true", "||true"),
        fill("1", "+1"),
        fill("1", "-1"),
        fill("1", "*1"),
        fill("principal", ".a"),
        fill("principal", "[\"a\"]"),
        fill("!", "!"),
        fill("if true then ", "if true then "),
        fill("true", " else if true then true"),
    ] {
        let _ = faults(&text);
    }
    assert!(faults(&fill("true", "&&true")).is_empty());
    // Brackets in text and comments are no nesting.
    let text = format!(
        "// {}\n{}",
        "(".repeat(100),
        rule(&format!("\"{}\" == \"a;\\\"\"", "[".repeat(100)))
    );
    assert!(faults(&text).is_empty(), "{:?}", faults(&text));
}
