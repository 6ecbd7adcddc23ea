//! The user to become, and the folder that is theirs.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown},
    path::Path,
};

/// A user of the machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// As in `cordon`.
    pub name: String,
    /// Its number.
    pub user: u32,
    /// The number of its group.
    pub group: u32,
}

/// A machine with more accounts keeps them elsewhere.
const LARGEST_LIST: u64 = 1 << 20;

impl Account {
    /// The account of this name in `/etc/passwd`, where system users are; `None` where there is
    /// none.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn find(name: &str) -> io::Result<Option<Account>> {
        use io::Read;
        let mut text = String::new();
        fs::File::open("/etc/passwd")?.take(LARGEST_LIST).read_to_string(&mut text)?;
        Ok(Account::in_text(&text, name))
    }

    /// The account of this name in a text such as `/etc/passwd` (passwd(5)).
    #[must_use]
    pub fn in_text(text: &str, name: &str) -> Option<Account> {
        let account = |line: &str| {
            let mut fields = line.split(':');
            let found = fields.next().filter(|found| *found == name)?.to_owned();
            let user = fields.nth(1)?.parse().ok()?;
            let group = fields.next()?.parse().ok()?;
            Some(Account { name: found, user, group })
        };
        text.lines().find_map(account)
    }
}

/// Makes sure that the folder exists, belongs to `owner` (`None` for who asks), and that nobody
/// else looks into it. What is in it keeps its owner.
///
/// # Errors
/// Where the system refuses, or the path is a link or a file.
pub fn prepare_folder(path: &Path, owner: Option<&Account>) -> io::Result<()> {
    /// Only for the owner.
    const MODE: u32 = 0o700;
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::DirBuilder::new().recursive(true).mode(MODE).create(path)?;
        }
        Err(error) => return Err(error),
        // A link could lead what is done as root to a place that somebody else chose.
        Ok(found) if !found.is_dir() => return Err(io::ErrorKind::NotADirectory.into()),
        Ok(_) => {}
    }
    let found = fs::symlink_metadata(path)?;
    if let Some(owner) = owner
        && (found.uid(), found.gid()) != (owner.user, owner.group)
    {
        chown(path, Some(owner.user), Some(owner.group))?;
    }
    if found.permissions().mode() & 0o777 != MODE {
        fs::set_permissions(path, fs::Permissions::from_mode(MODE))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let text = "root:x:0:0:root:/root:/bin/sh\ncordon2:x:7:8::/:/x\n\nbroken:x\n\
                    far:x:99999999999:1::/:/x\ncordon:x:998:997::/var/lib/cordon:/sbin/nologin\n";
        let cordon = Account::in_text(text, "cordon").unwrap();
        assert_eq!((cordon.user, cordon.group), (998, 997));
        for name in ["cord", "broken", "far", "", "x"] {
            assert_eq!(Account::in_text(text, name), None, "{name}");
        }
        assert_eq!(Account::find("root").unwrap().unwrap().user, 0);
    }

    #[test]
    fn a_folder_is_made_for_its_owner_alone_and_a_link_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("a/b");
        prepare_folder(&folder, None).unwrap();
        let mode = || fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o700);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        prepare_folder(&folder, None).unwrap();
        assert_eq!(mode(), 0o700);
        let link = place.path().join("link");
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        assert!(prepare_folder(&link, None).is_err());
    }
}
