//! From paths to sources: files, folders, standard input, and what is refused.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use cordon_capture::{CaptureError, FileSource, InputPath, expand};

use crate::make::{ORDERS, classic, drain, packets, read};

/// An empty folder for one test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn capture() -> Vec<u8> {
    classic(ORDERS[0], 0xa1b2_c3d4, &packets())
}

#[test]
fn a_folder_stands_for_the_captures_in_it_whatever_their_names() {
    let root = folder("captures");
    fs::create_dir(root.join("b")).unwrap();
    fs::write(root.join("z.txt"), capture()).unwrap();
    fs::write(root.join("b/a"), crate::packed::gzip(&capture())).unwrap();
    fs::write(root.join("b/fake.pcap"), "not a capture").unwrap();
    fs::write(root.join("b/empty.pcap"), "").unwrap();
    std::os::unix::fs::symlink(&root, root.join("b/loop")).unwrap();
    std::os::unix::fs::symlink(root.join("z.txt"), root.join("b/link")).unwrap();
    let named = root.join("b/fake.pcap");
    let inputs = expand(&[root.clone(), "-".into(), named.clone()]).unwrap();
    let file = |name: &str| InputPath::File(root.join(name));
    let expected =
        [file("b/a"), file("b/link"), file("z.txt"), InputPath::Stdin, InputPath::File(named)];
    assert_eq!(inputs.paths, expected);
    assert_eq!((inputs.skipped, inputs.unreadable.len()), (3, 0));
    let source = FileSource::open(&inputs.paths[0], 3).unwrap();
    let progress = source.progress();
    assert_eq!(drain(source).unwrap().0, packets());
    assert_eq!(Some(progress.read()), progress.total());
}

#[test]
fn what_cannot_be_read_is_said_in_one_line() {
    let root = folder("refused");
    fs::write(root.join("empty"), "").unwrap();
    fs::write(root.join("eve.json"), "{\"timestamp\":\"2024\"}").unwrap();
    fs::write(root.join("three"), [0xd4, 0xc3, 0xb2]).unwrap();
    fs::write(root.join("sniffer.snoop"), b"snoop\0\0\0\0\0\0\x02\0\0\0\x04").unwrap();
    let say = |name: &str| {
        let line = match FileSource::open(&InputPath::File(root.join(name)), 0) {
            Ok(_) => panic!("{name} was opened"),
            Err(error) => error.to_string(),
        };
        assert!(!line.contains('\n') && line.contains(name), "{line}");
        line
    };
    assert!(say("empty").contains("is empty"));
    assert!(say("gone").contains("no such file"));
    assert!(say("eve.json").contains("JSON, perhaps a log of Suricata"));
    assert!(say("three").contains("not a packet capture (first bytes d4 c3 b2)"));
    assert!(say("sniffer.snoop").contains("editcap -F pcap"));
    let error = expand(&[root.join("gone")]).unwrap_err();
    assert!(matches!(error, CaptureError::NotFound { .. }));
    let error = expand(std::slice::from_ref(&root)).unwrap_err();
    assert!(matches!(error, CaptureError::NothingInside { skipped: 4, .. }), "{error}");
}

#[test]
fn a_file_that_may_not_be_read_is_no_missing_file() {
    let error = CaptureError::Permission { path: "x".into() };
    assert!(error.to_string().contains("no permission"));
    if Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n") {
        println!("skipped: root may read everything");
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let path = folder("forbidden").join("file");
    fs::write(&path, capture()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    let error = FileSource::open(&InputPath::File(path), 0).err().unwrap();
    assert!(matches!(error, CaptureError::Permission { .. }));
}

/// This test runs itself again as a child whose standard input is a pipe.
#[test]
fn standard_input_gives_the_same_packets() {
    const CHILD: &str = "CORDON_TEST_READS_STDIN";
    if std::env::var_os(CHILD).is_some() {
        let (got, status) = drain(FileSource::open(&InputPath::Stdin, 0).unwrap()).unwrap();
        assert_eq!((got, status.path.as_str(), status.cut_short), (packets(), "-", None));
        return;
    }
    for file in [capture(), crate::packed::gzip(&capture()), crate::packed::zstd(&capture())] {
        assert!(read(&file).is_ok());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "inputs::standard_input_gives_the_same_packets"])
            .env(CHILD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&file).unwrap();
        assert!(child.wait().unwrap().success());
    }
}
