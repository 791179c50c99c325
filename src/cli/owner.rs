//! Commands that root runs take the rights of the data folder's owner before they touch
//! anything there.
//!
//! The daemon's user can put links into its folder. If root followed one, that user could have root
//! make, change or give away any file of the machine. With the user's own rights a link leads
//! nowhere that the user could not go anyway.
//!
//! The path decides whose rights: from its beginning, the first folder on it that does
//! not belong to root counts, because its owner can make the rest of the path lead anywhere. So a
//! link counts by the folder that it lies in, not by what it points to.

use std::collections::VecDeque;
use std::ffi::{CString, OsString};
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use nix::unistd::{
    Gid, Uid, User, getegid, geteuid, getgroups, initgroups, setegid, seteuid, setgroups,
    setresgid, setresuid,
};

use super::Error;

/// Most symbolic links on a path, as in Linux.
const MAX_LINKS: usize = 40;
/// Mode bits: others may write; the group may write; only owners may rename and remove.
const OTHERS_WRITE: u32 = 0o002;
const GROUP_WRITES: u32 = 0o020;
const STICKY: u32 = 0o1000;

/// A user of this machine who is not root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Owner {
    uid: Uid,
    gid: Gid,
    /// The user's name, if the machine knows it.
    name: Option<String>,
    /// The user's folder or link on the path.
    folder: PathBuf,
}

impl Owner {
    /// The user's folder or link on the path.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => f.write_str(name),
            None => write!(f, "user {}", self.uid),
        }
    }
}

/// Who can change where a path leads.
#[derive(Debug)]
enum Control {
    /// Only root.
    Root,
    /// The owner of this folder or link on the path.
    User(u32, u32, PathBuf),
    /// All users or a group: this folder of root's is writable by others.
    Others(PathBuf),
}

/// If root runs this program, takes the rights of the user who controls `path`, permanently, and returns
/// that user. Call it before anything at `path` is touched, and while there is one thread.
///
/// # Errors
/// [`Error::SharedFolder`] if several users control it; [`Error::Other`] if the system call fails.
pub(super) fn become_owner(path: &Path) -> Result<Option<Owner>, Error> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let owner = match control(path).map_err(at(path))? {
        Control::Root => return Ok(None),
        Control::Others(folder) => return Err(Error::SharedFolder(folder)),
        Control::User(uid, gid, folder) => owner(uid, gid, folder),
    };
    let failed = |error: nix::Error| {
        Error::Other(format!(
            "cannot take the rights of {owner}, who owns the data folder: {error}"
        ))
    };
    take_groups(&owner).map_err(failed)?;
    setresgid(owner.gid, owner.gid, owner.gid).map_err(failed)?;
    setresuid(owner.uid, owner.uid, owner.uid).map_err(failed)?;
    log::debug!("taking the rights of {owner}");
    Ok(Some(owner))
}

/// Opens the file at `path` for reading; if root runs this program, with the rights of the user who controls
/// the path. For files that root names and the data folder's owner may not read.
///
/// # Errors
/// The system's error.
pub(super) fn open_with_rights_of_its_owner(path: &Path) -> Result<File, Error> {
    let open = || File::open(path).map_err(at(path));
    if !geteuid().is_root() {
        return open();
    }
    let owner = match control(path).map_err(at(path))? {
        Control::Root => return open(),
        Control::Others(folder) => return Err(Error::SharedFolder(folder)),
        Control::User(uid, gid, folder) => owner(uid, gid, folder),
    };
    let failed = |error: nix::Error| {
        Error::Other(format!(
            "cannot take the rights of {owner} to read {}: {error}",
            path.display()
        ))
    };
    let (groups, group) = (getgroups().map_err(failed)?, getegid());
    take_groups(&owner).map_err(failed)?;
    setegid(owner.gid).map_err(failed)?;
    seteuid(owner.uid).map_err(failed)?;
    let opened = open();
    seteuid(Uid::from_raw(0)).map_err(failed)?;
    setegid(group).map_err(failed)?;
    setgroups(&groups).map_err(failed)?;
    opened
}

fn at(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |error| Error::Other(format!("{}: {error}", path.display()))
}

/// The user with this number; the group is that of the user database, else the folder's.
fn owner(uid: u32, gid: u32, folder: PathBuf) -> Owner {
    let uid = Uid::from_raw(uid);
    match User::from_uid(uid) {
        Ok(Some(user)) => Owner { uid, gid: user.gid, name: Some(user.name), folder },
        _ => Owner { uid, gid: Gid::from_raw(gid), name: None, folder },
    }
}

fn take_groups(owner: &Owner) -> nix::Result<()> {
    let name = owner.name.as_deref().and_then(|name| CString::new(name).ok());
    match name {
        Some(name) => initgroups(&name, owner.gid),
        None => setgroups(&[owner.gid]),
    }
}

/// Resolves `path` as the system would, and inspects each folder and link on the way.
fn control(path: &Path) -> io::Result<Control> {
    let mut folder = PathBuf::from("/");
    let mut left = parts(&std::path::absolute(path)?);
    let mut links = 0;
    while let Some(part) = left.pop_front() {
        let Part::Name(name) = part else {
            folder.pop();
            continue;
        };
        let entry = folder.join(&name);
        let found = match fs::symlink_metadata(&entry) {
            Ok(found) => Some(found),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        // Files in the data folder are created, replaced and removed; the folders above it are
        // only passed through.
        let is_data_folder = left.is_empty();
        let control = control_of(&folder, &entry, is_data_folder, found.as_ref())?;
        if !matches!(control, Control::Root) {
            return Ok(control);
        }
        match found {
            None => break,
            Some(found) if found.is_symlink() => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(io::Error::other("too many links"));
                }
                let target = fs::read_link(&entry)?;
                if target.is_absolute() {
                    folder = PathBuf::from("/");
                }
                let mut all = parts(&target);
                all.append(&mut left);
                left = all;
            }
            Some(_) => folder = entry,
        }
    }
    Ok(Control::Root)
}

/// A step on a path.
enum Part {
    Name(OsString),
    Up,
}

fn parts(path: &Path) -> VecDeque<Part> {
    let part = |component: Component<'_>| match component {
        Component::Normal(name) => Some(Part::Name(name.to_owned())),
        Component::ParentDir => Some(Part::Up),
        _ => None,
    };
    path.components().filter_map(part).collect()
}

/// Who can replace the entry `found` of `folder`, whose path is `entry`.
fn control_of(
    folder: &Path,
    entry: &Path,
    is_data_folder: bool,
    found: Option<&Metadata>,
) -> io::Result<Control> {
    let above = fs::metadata(folder)?;
    if !is_trusted(above.uid(), "uid_map") {
        return Ok(Control::User(above.uid(), above.gid(), folder.to_owned()));
    }
    let others = || Ok(Control::Others(folder.to_owned()));
    let group_writes = above.mode() & GROUP_WRITES != 0 && !is_trusted(above.gid(), "gid_map");
    if is_data_folder && (above.mode() & OTHERS_WRITE != 0 || group_writes) {
        return others();
    }
    if above.mode() & OTHERS_WRITE != 0 {
        if above.mode() & STICKY == 0 {
            return others();
        }
        // Sticky, as /tmp: only an entry's owner can replace it. A folder that does not exist yet is inspected again
        // after it was created.
        if let Some(found) = found.filter(|found| !is_trusted(found.uid(), "uid_map")) {
            return Ok(Control::User(found.uid(), found.gid(), entry.to_owned()));
        }
    }
    Ok(Control::Root)
}

/// Whether `id` is root's, or is not mapped in this process's user namespace. In a user namespace
/// the files of the machine's root have an unmapped number.
fn is_trusted(id: u32, map: &str) -> bool {
    let Ok(map) = fs::read_to_string(Path::new("/proc/self").join(map)) else { return id == 0 };
    id == 0 || !is_mapped(id, &map)
}

/// Whether `id` is mapped in the namespace. Each line of `map`: the first number inside, its number
/// outside, and the count.
fn is_mapped(id: u32, map: &str) -> bool {
    map.lines().any(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u32>);
        let (Some(Ok(first)), Some(Ok(_)), Some(Ok(count))) =
            (numbers.next(), numbers.next(), numbers.next())
        else {
            return true;
        };
        id.checked_sub(first).is_some_and(|offset| offset < count)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    fn of(path: &Path) -> String {
        match control(path).unwrap() {
            Control::Root => "root".into(),
            Control::User(uid, ..) => uid.to_string(),
            Control::Others(folder) => {
                format!("others in {}", folder.file_name().unwrap().to_string_lossy())
            }
        }
    }

    /// Folders of several owners, which only root can make. The gate runs as root and says so in
    /// `TILLD_TESTS_AS_ROOT`, so that there nothing is left out.
    #[test]
    fn the_first_folder_that_is_not_roots_decides() {
        if !geteuid().is_root() {
            assert!(std::env::var_os("TILLD_TESTS_AS_ROOT").is_none(), "this must run as root");
            eprintln!("NOT TESTED: only root can make folders of others");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str, uid: u32, mode: u32| {
            let path = dir.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            chown(&path, Some(uid), Some(uid)).unwrap();
            path
        };
        let (root, shop) = (make("root", 0, 0o755), make("shop", 4001, 0o700));
        let (open, sticky) = (make("open", 0, 0o777), make("sticky", 0, 0o1777));
        let group = make("group", 0, 0o770);
        chown(&group, Some(0), Some(4001)).unwrap();
        // Links count where they lie, and lead on.
        symlink(&root, shop.join("out")).unwrap();
        symlink(shop.join("tilld.db"), root.join("in.db")).unwrap();
        symlink("../root/loop", root.join("loop")).unwrap();
        fs::create_dir(shop.join("deep")).unwrap();
        fs::create_dir(sticky.join("mine")).unwrap();
        fs::create_dir(sticky.join("theirs")).unwrap();
        chown(sticky.join("theirs"), Some(4002), Some(4002)).unwrap();
        for (path, expected) in [
            (root.join("tilld.db"), "root"),
            (root.join("to/come/tilld.db"), "root"),
            (shop.join("tilld.db"), "4001"),
            (shop.join("deep/tilld.db"), "4001"),
            (shop.join("out/tilld.db"), "4001"),
            (root.join("in.db"), "4001"),
            (root.join("../shop/x"), "4001"),
            // Whose the folder is does not change what lies above it.
            (shop.join("../root/x"), "root"),
            (open.join("tilld.db"), "others in open"),
            (open.join("to/come/tilld.db"), "others in open"),
            (sticky.join("tilld.db"), "others in sticky"),
            (sticky.join("mine/tilld.db"), "root"),
            (sticky.join("theirs/tilld.db"), "4002"),
            (sticky.join("to-come/tilld.db"), "root"),
            (group.join("tilld.db"), "others in group"),
        ] {
            assert_eq!(of(&path), expected, "{}", path.display());
        }
        assert!(control(&root.join("loop/tilld.db")).is_err());
    }

    #[test]
    fn a_number_belongs_to_a_namespace_or_not() {
        let (all, one) =
            ("         0          0 4294967295\n", "         0       1000          1\n");
        assert!(is_mapped(65534, all) && is_mapped(0, one));
        assert!(!is_mapped(65534, one) && !is_mapped(1, one));
    }
}
