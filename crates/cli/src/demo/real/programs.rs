//! The programs that make a world, and whether this machine lets them.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use cordon_guard::is_root;

use super::OWN;

/// Where system programs are; the `PATH` of a root shell may lack half of them.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];
/// Each with the Debian package that has it.
const NEEDED: [(&str, &str); 4] =
    [("ip", "iproute2"), ("nft", "nftables"), ("unshare", "util-linux"), ("mount", "mount")];

/// What is missing for the kernel to block, and what to do about it, in one line; none where
/// nothing is.
pub fn missing() -> Option<String> {
    let (names, packages): (Vec<&str>, Vec<&str>) =
        NEEDED.into_iter().filter(|(name, _)| path(name).is_err()).unzip();
    let install = format!(
        "the program{} {} missing; on Debian: sudo apt install {}",
        if names.len() == 1 { "" } else { "s" },
        match names.as_slice() {
            [one] => format!("{one} is"),
            many => format!("{} are", many.join(", ")),
        },
        packages.join(" ")
    );
    match (is_root(), names.is_empty()) {
        (false, true) => Some(format!("this takes root; run: sudo {} demo --real", own_name())),
        (false, false) => Some(format!("this takes root, and {install}")),
        (true, false) => Some(install),
        (true, true) => refused(),
    }
}

/// How this program was called: from a build folder it is called by its path.
pub fn own_name() -> String {
    let called = std::env::args_os().next().map(|name| name.to_string_lossy().into_owned());
    called.filter(|name| name.contains('/')).unwrap_or_else(|| "cordon".to_owned())
}

/// Why root may not: a container often has neither namespaces nor rules.
fn refused() -> Option<String> {
    let tried = path("nft").and_then(|nft| {
        let mut words: Vec<&str> = OWN.to_vec();
        let nft = nft.display().to_string();
        words.extend(["--", nft.as_str(), "list", "ruleset"]);
        run("unshare", &words)
    });
    let why = match tried {
        Ok(done) if done.status.success() => return None,
        Ok(done) => first_line(&done.stderr),
        Err(error) => error.to_string(),
    };
    Some(format!(
        "the kernel lets root make no namespaces with rules here ({why}); in a container, start it with \
         --privileged, or run it on the machine itself"
    ))
}

/// Where a program is.
pub(super) fn path(program: &str) -> io::Result<PathBuf> {
    FOLDERS
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.is_file())
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("there is no {program}")))
}

/// Runs a program to its end.
#[allow(clippy::disallowed_methods, reason = "namespaces are made by programs of the system")]
pub(super) fn run(program: &str, arguments: &[&str]) -> io::Result<Output> {
    Command::new(path(program)?).args(arguments).env("LC_ALL", "C").stdin(Stdio::null()).output()
}

/// Runs a program that has to succeed.
pub(super) fn must(program: &str, arguments: &[&str]) -> io::Result<()> {
    let done = run(program, arguments)?;
    if done.status.success() {
        return Ok(());
    }
    let words = arguments.join(" ");
    Err(io::Error::other(format!("{program} {words}: {}", first_line(&done.stderr))))
}

fn first_line(text: &[u8]) -> String {
    String::from_utf8_lossy(text).lines().next().unwrap_or("no reason given").to_owned()
}
