//! A live interface, in a network namespace of its own: heard, and nothing sent.

use std::process::Command;

/// Sets up two ends of a wire, listens on one while packets arrive from the other, prints the
/// result and the count of packets sent by the listening end.
const SCENE: &str = r#"
set -e
ip link add left type veth peer name right
for end in left right; do
  sysctl -qw net.ipv6.conf.$end.disable_ipv6=1 2>/dev/null || true
  ip link set $end up
done
sent() { awk '$1 == "left:" { print $11 }' /proc/self/net/dev; }
before=$(sent)
( sleep 1; tcpreplay -q -i right --pps 2000 "$2" >/dev/null 2>&1 ) &
"$1" look left --for 5s --format json
echo "sent $(($(sent) - before))" >&2
wait
"#;

#[test]
fn an_interface_is_heard_and_nothing_is_sent() {
    if Command::new("tcpreplay").arg("--version").output().is_err() {
        println!("skipped: no tcpreplay");
        return;
    }
    let capture = crate::LAB.text("wired.pcap");
    let output = Command::new("unshare")
        .args(["--net", "bash", "-c", SCENE, "scene", env!("CARGO_BIN_EXE_cordon"), &capture])
        .output();
    let Ok(output) = output else {
        println!("skipped: no unshare");
        return;
    };
    let ran = crate::ran(output);
    if ran.err.contains("Operation not permitted") || ran.err.contains("unshare failed") {
        println!("skipped: needs root: {}", ran.err);
        return;
    }
    assert_eq!(ran.code, 0, "{}", ran.err);
    let look: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert!(look["inputs"][0]["packets"].as_u64().unwrap() > 5_000, "{}", look["inputs"]);
    assert!(look["devices"].as_array().unwrap().len() > 3);
    assert!(ran.err.contains("sent 0"), "{}", ran.err);
}
