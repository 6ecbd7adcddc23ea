//! The table from outside: what it gives, and what it says of texts that are wrong.

use cordon_config::{
    Config, KEYS, Keep, Key, Origin, Problem, Problems, Reader, SECTIONS, check, default_file,
    help, keys_text, parse,
};
use proptest::prelude::*;

fn one(text: &str) -> Problem {
    let mut problems = check(text, "cordon.toml");
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

fn set(assignments: &[&str]) -> Result<Config, String> {
    let mut reader = Reader::new();
    assignments.iter().for_each(|assignment| reader.set(assignment));
    reader.finish().map(|settings| settings.config).map_err(|problems| problems.to_string())
}

#[test]
fn an_unknown_key_is_told_with_its_place_and_the_nearest() {
    let problem = one("[capture]\n\n  interfces = [\"eth0\"]\n");
    assert_eq!((problem.line, problem.column), (3, 3));
    let says = "cordon.toml:3:3: capture.interfces is no key; did you mean capture.interfaces?";
    assert_eq!(problem.to_string(), says);
    assert_eq!(one("[retenton]\nflows = '1d'\n").nearest, Some("retention"));
    assert_eq!(one("listen = '[::]:1'\n").nearest, Some("web.listen"));
    assert_eq!(one("[web.listen]\n").to_string().matches("address and port").count(), 1);
    assert_eq!(one("site = 3\n").to_string(), "cordon.toml:1:1: site is a section: write [site]");
}

#[test]
fn every_problem_is_told_at_once_and_in_the_order_of_the_text() {
    let text = "[web]\nsession_idle = \"1s\"\nlisten = 8443\nallow_from = []\n\
                [capture]\npromiscuous = \"yes\"\nring = \"64\"\ninterfaces = [\"a\", \"b\", \"a\"]\n\
                [inventory]\nmost_devices = -1\n[log]\nlevel = \"loud\"\nlevel = \"info\"\n[log\n";
    let lines: Vec<u32> = check(text, "x").iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 3, 4, 6, 7, 8, 10, 12, 13, 14, 14], "{:#?}", check(text, "x"));
}

#[test]
fn a_duplicate_is_a_problem_where_the_second_stands() {
    let problem = one("[log]\nlevel = \"info\"\nlevel = \"warn\"\n");
    assert_eq!(problem.to_string(), "cordon.toml:3:1: level stands here a second time");
}

#[test]
fn what_is_out_of_range_is_told_its_range() {
    let says = |text| one(text).to_string();
    assert!(says("[capture]\nring = '1MiB'").ends_with("must be 2MiB to 1GiB, not 1MiB"));
    assert!(says("[web]\nsession_idle = '9d'").ends_with("must be 1m to 1d, not 9d"));
    assert!(says("[inventory]\nmost_devices = 1").ends_with("must be 16 to 1000000, not 1"));
    assert!(says("[replay]\nspeed = 0").ends_with("must be 0.01 to 1000000, or \"max\""));
    assert!(says("[replay]\nspeed = nan").ends_with("must be 0.01 to 1000000, or \"max\""));
    assert!(says("[log]\nformat = 'xml'").ends_with("must be \"text\" or \"json\""));
    assert!(says("[data]\ndir = 'here'").contains("absolute"));
    assert!(says("[web]\nallow_from = []").ends_with("must name at least one"));
}

#[test]
fn a_problem_within_a_list_points_at_the_entry() {
    let problem = one("[web]\nallow_from = [\n  '10.0.0.0/8',\n  '10.0.0.1/8',\n]\n");
    assert_eq!((problem.line, problem.column), (4, 3));
    assert!(problem.says.ends_with("the network is 10.0.0.0/8"));
}

#[test]
fn the_file_of_defaults_is_commented_out_and_gives_the_defaults_when_it_is_not() {
    let file = default_file();
    assert_eq!(parse(&file, "x").unwrap().config, Config::default());
    let with_defaults: String = file
        .lines()
        .filter(|line| {
            let key = line.strip_prefix('#').and_then(|line| line.split_once(" = "));
            key.is_none_or(|(name, _)| {
                let of_name = |key: &&Key| key.name == name;
                KEYS.iter().find(of_name).is_none_or(|key| key.default_text().is_some())
            })
        })
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    assert!(with_defaults.matches(" = ").count() > 20);
    assert_eq!(parse(&with_defaults, "x").unwrap().config, Config::default());
}

#[test]
fn every_row_is_whole() {
    for key in KEYS {
        assert_eq!(key.path, format!("{}.{}", key.section, key.name));
        assert!(key.help.ends_with('.') && !key.kind.is_empty(), "{}", key.path);
        assert!(!key.section.contains('_'), "a variable would be ambiguous: {}", key.path);
        assert!(SECTIONS.iter().any(|section| section.name == key.section));
        let reads = |value: &str| {
            check(&format!("[{}]\n{} = {value}\n", key.section, key.name), "x")
                .into_iter()
                .filter(|problem| !problem.says.contains("beside it"))
                .map(|problem| problem.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(reads(key.example), Vec::<String>::new());
        if let Some(text) = key.default_text() {
            assert_eq!(reads(&text), Vec::<String>::new());
        }
        assert!(keys_text().contains(key.path) && help().contains(key.path));
        assert!(help().lines().all(|line| line.chars().count() <= 120), "{}", help());
    }
}

#[test]
fn what_comes_later_wins_and_says_where_it_comes_from() {
    let mut reader = Reader::new();
    reader.file("[log]\nlevel = 'warn'\nformat = 'json'\n[site]\nname = 'a'\n", "cordon.toml");
    reader.environment([("CORDON_LOG_LEVEL", "error"), ("CORDON_SITE_NAME", "b"), ("HOME", "/")]);
    reader.set("site.name = c");
    let settings = reader.finish().unwrap();
    let origin = |path| settings.origin(Key::find(path).unwrap());
    assert_eq!(settings.config.site.name.as_str(), "c");
    assert_eq!(settings.config.log.level.as_str(), "error");
    assert_eq!(origin("site.name"), Origin::Set);
    assert_eq!(origin("log.level"), Origin::Variable("CORDON_LOG_LEVEL".to_owned()));
    let file = Origin::File { name: "cordon.toml".to_owned(), line: 3 };
    assert_eq!(origin("log.format"), file);
    assert_eq!(origin("web.listen"), Origin::Default);
}

#[test]
fn variables_and_set_take_plain_words() {
    let config = set(&[
        "capture.interfaces=eth0, eth1",
        "web.allow_from=['10.0.0.0/8']",
        "web.second_person=true",
        "inventory.most_devices=0x100",
        "site.name=42",
        "replay.speed=max",
        "retention.flows=forever",
        "run.user=",
        "web.listen=\"127.0.0.1:1\"",
    ])
    .unwrap();
    assert_eq!(config.capture.interfaces.len(), 2);
    assert_eq!(config.web.allow_from.len(), 1);
    assert!(config.web.second_person);
    assert_eq!(config.inventory.most_devices, 256);
    assert_eq!(config.site.name.as_str(), "42");
    assert_eq!(config.replay.speed.factor(), None);
    assert_eq!(config.retention.flows, Keep::Forever);
    assert_eq!(config.run.user, None);
    assert_eq!(config.web.listen.port(), 1);
    assert!(set(&["capture.interfaces="]).unwrap().capture.interfaces.is_empty());
}

#[test]
fn wrong_variables_and_sets_are_told_by_name() {
    let says = |assignment| set(&[assignment]).unwrap_err();
    assert_eq!(says("log.levl=info"), "--set: log.levl is no key; did you mean log.level?");
    assert_eq!(says("log.level"), "--set: must be given key=value, not log.level");
    assert!(says("inventory.most_devices=many").contains("whole number"));
    assert!(says("web.second_person=yes").contains("true or false"));
    assert!(says("web.allow_from=[").contains("is no TOML"));
    let mut reader = Reader::new();
    reader.environment([("CORDON_LOG_LEVL", "x"), ("CORDON_WRITE_DOCS", "1"), ("CORDON_", "")]);
    let Problems(problems) = reader.finish().unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!((problems[0].place.as_str(), problems[0].line), ("CORDON_LOG_LEVL", 0));
}

#[test]
fn keys_that_need_each_other_are_checked_together() {
    let problem = one("[web]\ncertificate = '/c'\n");
    assert_eq!(problem.to_string(), "cordon.toml:2:1: web.certificate needs web.key beside it");
    let text = "[web]\nsession_longest = '10m'\nsession_idle = '15m'\n";
    assert_eq!((one(text).line, one(text).key.as_str()), (3, "web.session_idle"));
    assert!(set(&["web.session_longest=10m"]).unwrap_err().starts_with("default: "));
}

#[test]
fn hostile_texts_are_bounded_and_shown_harmlessly() {
    let many: String = (0..5000).map(|n| format!("key{n} = 1\n")).collect();
    assert_eq!(check(&many, "x").len(), 100);
    assert_eq!(check(&"#".repeat(2 << 20), "x").len(), 1);
    let deep = format!("[capture]\ninterfaces = {}\n", "[".repeat(100_000));
    assert!(!check(&deep, "x").is_empty());
    let problem = one("\"\\u001b[31m\" = 1\n");
    assert!(!problem.to_string().contains('\u{1b}'), "{problem}");
    let long = one(&format!("{} = 1\n", "k".repeat(100_000)));
    assert!(long.to_string().len() < 200);
}

fn any_key() -> impl Strategy<Value = &'static Key> {
    proptest::sample::select(KEYS.iter().collect::<Vec<_>>())
}

fn keyed() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        "[0-9]{1,20}[a-zA-Z]{0,3}".prop_map(|text| format!("\"{text}\"")),
        "[-+0-9.eE_xob]{1,10}",
        "[ -~]{0,20}",
        Just("[\"eth0\", 3]".to_owned()),
    ];
    let row = (any_key(), value)
        .prop_map(|(key, value)| format!("[{}]\n{} = {value}\n", key.section, key.name));
    proptest::collection::vec(row, 0..6).prop_map(|rows| rows.concat())
}

proptest! {
    #[test]
    fn any_text_is_answered(text in ".*") {
        let problems = check(&text, "x");
        prop_assert_eq!(parse(&text, "x").is_ok(), problems.is_empty());
    }

    #[test]
    fn texts_that_resemble_a_configuration_are_answered(text in keyed()) {
        let problems = check(&text, "x");
        match parse(&text, "x") {
            Ok(settings) => {
                prop_assert!(problems.is_empty());
                // What is shown of it reads back to the same.
                let mut again = Reader::new();
                for key in KEYS {
                    if let Some(value) = key.text(&settings.config) {
                        again.set(&format!("{}={value}", key.path));
                    }
                }
                prop_assert_eq!(again.finish().unwrap().config, settings.config);
            }
            Err(Problems(told)) => prop_assert_eq!(told, problems),
        }
    }

    #[test]
    fn any_assignment_and_variable_is_answered(
        key in any_key(), value in ".*", text in ".*"
    ) {
        let mut reader = Reader::new();
        reader.set(&text);
        reader.set(&format!("{}={value}", key.path));
        reader.environment([(key.variable(), value), (format!("CORDON_WEB_{text}"), text)]);
        let _ = reader.finish();
    }
}
