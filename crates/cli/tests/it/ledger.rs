//! Whoever changes, removes or cuts off records is found out.

use std::fs;

use crate::cordon;
use crate::running::Running;

#[test]
fn a_ledger_that_was_changed_or_cut_is_told_apart_from_a_good_one() {
    let service = Running::new();
    service.rename("10.10.10.1", "first");
    service.rename("10.10.10.1", "second");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let export = file("ledger.ndjson");
    assert_eq!(service.cordon(&["ledger", "export", "-o", &export]).code, 0);
    let (saved, key) = (file("saved.txt"), file("key"));
    fs::write(&saved, service.says(&["ledger", "head", "--only", "checkpoint"])).unwrap();
    fs::write(&key, service.says(&["ledger", "head", "--only", "key"])).unwrap();
    assert!(service.says(&["ledger", "verify", "--checkpoint", &saved]).starts_with("good: "));

    let verify = |text: &str| {
        let other = file("other.ndjson");
        fs::write(&other, text).unwrap();
        let ran = cordon(&[
            "ledger",
            "verify",
            "--export",
            &other,
            "--checkpoint",
            &saved,
            "--key",
            &key,
        ]);
        (ran.code, ran.out)
    };
    let text = fs::read_to_string(&export).unwrap();
    assert_eq!(verify(&text).0, 0);
    let lines: Vec<&str> = text.lines().collect();
    let third = lines.iter().position(|line| line.contains("\"index\":2,")).unwrap();
    let without = |from: usize, to: usize| {
        let kept = lines.iter().enumerate().filter(|(at, _)| !(from..to).contains(at));
        kept.map(|(_, line)| format!("{line}\n")).collect::<String>()
    };
    let changed = verify(&text.replace("local:", "locaL:"));
    let removed = verify(&without(third, third + 1));
    let cut = verify(&without(lines.len() - 2, lines.len() - 1));
    assert_eq!((changed.0, removed.0, cut.0), (1, 1, 1));
    insta::assert_snapshot!("ledger_faults", [changed.1, removed.1, cut.1].concat());

    // In the folder of a service that does not run, with its own key.
    let data = service.data.clone();
    let _folder = service.stop();
    let rest = cordon(&["ledger", "verify", "--data", &data]);
    assert_eq!(rest.code, 0, "{}{}", rest.out, rest.err);
    let db = fs::read(format!("{data}/state.db")).unwrap();
    let actor = b"\"actor\":\"local:";
    let mut forged = db.clone();
    let places: Vec<usize> = (0..db.len() - actor.len())
        .filter(|at| db[*at..].starts_with(actor))
        .map(|at| at + actor.len() - 2)
        .collect();
    assert!(places.len() >= 2, "the records are in the database's file");
    places.iter().for_each(|at| forged[*at] = b'L');
    fs::write(format!("{data}/state.db"), &forged).unwrap();
    let forged = cordon(&["ledger", "verify", "--data", &data]);
    assert_eq!(forged.code, 1, "{}{}", forged.out, forged.err);
    assert!(forged.out.contains("was changed"), "{}", forged.out);
    fs::write(format!("{data}/state.db"), &db).unwrap();
    fs::remove_file(format!("{data}/ledger.key")).unwrap();
    let keyless = cordon(&["ledger", "verify", "--data", &data]);
    assert_eq!(keyless.code, 2);
    assert!(keyless.err.contains("--key"), "{}", keyless.err);
    assert_eq!(cordon(&["ledger", "verify", "--data", &data, "--key", &key]).code, 0);
}
