//! Commands that root runs on a folder that belongs to the daemon's user, who may have put links there.
//!
//! Only root can try this. The gate runs as root and says so in `TILLD_TESTS_AS_ROOT`, so that there
//! nothing is left out.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tempfile::TempDir;

use crate::common::{Daemon, copy_program, tilld};
use crate::files::ends;

/// The daemon's user; no machine needs to know the number.
const SHOP: u32 = 47_001;

/// A machine: root's folder and the daemon's.
struct Machine {
    dir: TempDir,
}

/// Whether root runs the tests; says so if not.
fn is_root() -> bool {
    let dir = tempfile::tempdir().unwrap();
    let is_root = fs::metadata(dir.path()).unwrap().uid() == 0;
    if !is_root {
        assert!(std::env::var_os("TILLD_TESTS_AS_ROOT").is_none(), "this must run as root");
        eprintln!("NOT TESTED: only root can give files to others");
    }
    is_root
}

impl Machine {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        let machine = Self { dir };
        fs::create_dir(machine.data()).unwrap();
        fs::set_permissions(machine.data(), Permissions::from_mode(0o700)).unwrap();
        chown(machine.data(), Some(SHOP), Some(SHOP)).unwrap();
        fs::create_dir(machine.secrets()).unwrap();
        fs::set_permissions(machine.secrets(), Permissions::from_mode(0o700)).unwrap();
        fs::write(machine.secret(), "root's").unwrap();
        fs::set_permissions(machine.secret(), Permissions::from_mode(0o600)).unwrap();
        machine
    }

    /// With an instance in the database.
    fn with_shop() -> Self {
        let machine = Self::new();
        machine.ok(&["instance", "add", "admin", "--create"]);
        machine
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn db(&self) -> PathBuf {
        self.data().join("tilld.db")
    }

    fn secrets(&self) -> PathBuf {
        self.dir.path().join("secrets")
    }

    fn secret(&self) -> PathBuf {
        self.secrets().join("shadow")
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = tilld();
        command.arg("--database").arg(self.db()).args(args);
        ends(command)
    }

    fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {said}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn serve(&self) -> Daemon {
        let mut command = tilld();
        command.arg("--database").arg(self.db()).arg("serve");
        Daemon::start(command)
    }

    /// Root's files: what each is, whose, and what is in it.
    fn roots_files(&self) -> BTreeMap<PathBuf, (u32, u32, Vec<u8>)> {
        let entries = fs::read_dir(self.secrets()).unwrap().map(|entry| entry.unwrap().path());
        let told = |path: PathBuf| {
            let found = fs::metadata(&path).unwrap();
            let content = fs::read(&path).unwrap();
            (path, (found.uid(), found.mode(), content))
        };
        entries.map(told).collect()
    }

    /// Everything in the daemon's folder belongs to it.
    fn is_all_the_shops(&self, after: &str) {
        for entry in fs::read_dir(self.data()).unwrap() {
            let path = entry.unwrap().path();
            let owner = fs::symlink_metadata(&path).unwrap().uid();
            assert_eq!(owner, SHOP, "{} after {after}", path.display());
        }
    }

    /// A link of the daemon's user.
    fn plant(&self, name: &str, target: &Path) {
        let link = self.data().join(name);
        let _ = fs::remove_file(&link);
        symlink(target, &link).unwrap();
        lchown(&link, Some(SHOP), Some(SHOP)).unwrap();
    }
}

/// Every command that touches the data folder.
fn commands(machine: &Machine) -> Vec<Vec<String>> {
    let copy = |name: &str| machine.data().join(name).display().to_string();
    let list: &[&[&str]] = &[
        &["instance", "list"],
        &["instance", "add", "bar", "--create"],
        &["instance", "show", "admin"],
        &["account", "add", "admin", "payto://iban/DE75512108001245126199?receiver-name=A"],
        &["account", "list", "admin"],
        &["token", "create", "admin"],
        &["token", "list", "admin"],
        &["token", "revoke", "admin", "1"],
        &["backup", &copy("copy.db")],
        &["check"],
        &["doctor"],
        &["config"],
        &["restore", &copy("copy.db")],
        &["restore", &copy("good.db")],
        &["instance", "delete", "bar", "--purge"],
    ];
    list.iter().map(|args| args.iter().map(|&arg| arg.to_owned()).collect()).collect()
}

#[test]
fn whatever_root_runs_leaves_files_of_the_folders_owner() {
    if !is_root() {
        return;
    }
    let machine = Machine::new();
    let password = machine.secrets().join("password");
    fs::write(&password, "correct horse\n").unwrap();
    fs::set_permissions(&password, Permissions::from_mode(0o600)).unwrap();
    // The password is root's to read, the database is not root's to make.
    let said =
        machine.ok(&["passwd", "admin", "--create", "--password-file", password.to_str().unwrap()]);
    assert!(said.contains("created instance"), "{said}");
    machine.is_all_the_shops("passwd");
    machine.ok(&["backup", machine.data().join("good.db").to_str().unwrap()]);
    for args in commands(&machine) {
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        machine.run(&args);
        machine.is_all_the_shops(&args.join(" "));
    }
    let daemon = machine.serve();
    assert_eq!(daemon.get("/config").status, 200);
    machine.is_all_the_shops("serve");
    assert_eq!(daemon.stop(), 0);
    machine.is_all_the_shops("the end");
}

#[test]
fn why_roots_own_folder_below_that_of_another_is_closed_is_said() {
    if !is_root() {
        return;
    }
    let machine = Machine::new();
    let own = machine.data().join("roots");
    fs::create_dir(&own).unwrap();
    fs::set_permissions(&own, Permissions::from_mode(0o700)).unwrap();
    for args in [
        &["instance", "add", "admin", "--create"][..],
        &["instance", "list"],
        &["doctor"],
        &["serve"],
    ] {
        let mut command = tilld();
        command.arg("--database").arg(own.join("tilld.db")).args(args);
        let output = ends(command);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{args:?}: {said}");
        let reason = format!("because {} belongs to user {SHOP}", machine.data().display());
        assert!(said.contains(&reason), "{args:?}: {said}");
    }
    assert_eq!(fs::read_dir(&own).unwrap().count(), 0);
}

#[test]
fn links_in_the_folder_lead_root_nowhere() {
    if !is_root() {
        return;
    }
    let names = [
        "tilld.db.lock",
        "tilld.db.last-backup",
        "tilld.db.last-backup.part",
        "tilld.db.new",
        "tilld.db.restored",
        "tilld.db.to-restore",
        "tilld.db-wal",
        "tilld.db-shm",
        "tilld.db-journal",
        "copy.db",
        "copy.db.part",
        "tilld.db",
    ];
    for name in names {
        for is_dangling in [false, true] {
            let machine = Machine::with_shop();
            machine.ok(&["backup", machine.data().join("good.db").to_str().unwrap()]);
            let target = match is_dangling {
                true => machine.secrets().join("nologin"),
                false => machine.secret(),
            };
            let before = machine.roots_files();
            for args in commands(&machine) {
                machine.plant(name, &target);
                let args: Vec<_> = args.iter().map(String::as_str).collect();
                machine.run(&args);
                let case = format!("{name} -> {}: {args:?}", target.display());
                assert_eq!(machine.roots_files(), before, "{case}");
                machine.is_all_the_shops(&case);
            }
            machine.plant(name, &target);
            let mut command = tilld();
            command.arg("--database").arg(machine.db()).args(["serve", "--listen", "192.0.2.1:1"]);
            ends(command);
            assert_eq!(machine.roots_files(), before, "{name}: serve");
            machine.is_all_the_shops(name);
        }
    }
}

#[test]
fn a_lock_that_is_a_link_is_refused_and_named() {
    let place = crate::common::Place::new();
    place.instance("admin");
    let target = place.dir.path().join("elsewhere");
    fs::remove_file(place.dir.path().join("tilld.db.lock")).unwrap();
    symlink(&target, place.dir.path().join("tilld.db.lock")).unwrap();
    let (status, said) = place.fails(&["serve"]);
    assert_eq!(status, 4, "{said}");
    assert!(said.contains("tilld.db.lock") && said.contains("symbolic link"), "{said}");
    assert!(!target.exists());
}

#[test]
fn a_link_counts_by_the_folder_that_it_lies_in() {
    if !is_root() {
        return;
    }
    let machine = Machine::with_shop();
    // The shop's link to root's folder: with the shop's rights there is nothing to see.
    machine.plant("out", &machine.secrets());
    let mut command = tilld();
    let db = machine.data().join("out/tilld.db");
    command.arg("--database").arg(db).args(["instance", "add", "bar", "--create"]);
    let before = machine.roots_files();
    assert_eq!(ends(command).status.code(), Some(4));
    assert_eq!(machine.roots_files(), before);
    // Root's link to the shop's database: what is made belongs to the shop.
    symlink(machine.db(), machine.dir.path().join("link.db")).unwrap();
    let mut command = tilld();
    command
        .arg("--database")
        .arg(machine.dir.path().join("link.db"))
        .args(["token", "create", "admin"]);
    assert!(ends(command).status.success());
    // So does what is made from within the folder.
    let mut command = tilld();
    command.current_dir(machine.data()).args(["--database", "tilld.db", "check"]);
    assert!(ends(command).status.success());
    machine.is_all_the_shops("links");
}

#[test]
fn a_backup_that_root_keeps_is_restored_to_the_folders_owner() {
    if !is_root() {
        return;
    }
    let machine = Machine::with_shop();
    let inside = machine.data().join("copy.db");
    machine.ok(&["backup", inside.to_str().unwrap()]);
    let kept = machine.secrets().join("copy.db");
    fs::copy(&inside, &kept).unwrap();
    chown(&kept, Some(0), Some(0)).unwrap();
    fs::set_permissions(&kept, Permissions::from_mode(0o600)).unwrap();
    machine.ok(&["instance", "add", "later"]);

    let said = machine.ok(&["restore", kept.to_str().unwrap()]);

    assert!(said.contains(kept.to_str().unwrap()), "{said}");
    assert_eq!(machine.ok(&["instance", "list"]), "admin\tactive\tno account\tadmin");
    machine.is_all_the_shops("restore");
    assert!(!machine.data().join("tilld.db.to-restore").exists());
    // What is no backup is named as it was called.
    let output = machine.run(&["restore", machine.secret().to_str().unwrap()]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains(machine.secret().to_str().unwrap()), "{said}");
    // And nothing of root's is left where the shop can read it.
    assert!(!machine.data().join("tilld.db.to-restore").exists());
}

#[test]
fn a_place_that_the_owner_cannot_write_to_is_named_with_who_that_is() {
    if !is_root() {
        return;
    }
    let machine = Machine::with_shop();
    let dest = machine.secrets().join("copy.db");
    let output = machine.run(&["backup", dest.to_str().unwrap()]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains(&format!("user {SHOP}")) && said.contains("rights"), "{said}");
    assert!(!dest.exists());
}

#[test]
fn root_does_not_work_where_anybody_can_put_links() {
    if !is_root() {
        return;
    }
    for (mode, group) in [(0o777, 0), (0o1777, 0), (0o770, SHOP)] {
        let machine = Machine::new();
        let shared = machine.dir.path().join("shared");
        fs::create_dir(&shared).unwrap();
        chown(&shared, Some(0), Some(group)).unwrap();
        fs::set_permissions(&shared, Permissions::from_mode(mode)).unwrap();
        let db = shared.join("tilld.db");
        for args in
            [&["serve"][..], &["instance", "add", "bar", "--create"], &["check"], &["doctor"]]
        {
            let mut command = tilld();
            command.arg("--database").arg(&db).args(args);
            let output = ends(command);
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(4), "{mode:o} {args:?}: {said}");
            assert!(said.contains("chown") && said.contains("shared"), "{said}");
        }
        assert_eq!(fs::read_dir(&shared).unwrap().count(), 0);
    }
}

#[test]
fn a_customer_who_is_root_in_somebody_elses_folder_leaves_nothing_of_roots() {
    if !is_root() || !cfg!(feature = "demo") {
        return;
    }
    let machine = Machine::new();
    machine.plant("wallet.sqlite", &machine.secrets().join("nologin"));
    let before = machine.roots_files();
    let mut command = tilld();
    command.args(["wallet", "--data-dir"]).arg(machine.data()).arg("balance");
    ends(command);
    assert_eq!(machine.roots_files(), before);
    let folder = machine.data().join("wallet");
    let mut command = tilld();
    command.args(["wallet", "--data-dir"]).arg(&folder).arg("balance");
    assert!(ends(command).status.success());
    assert!(!folder.exists(), "to ask is not to make a wallet");
    let mut command = tilld();
    command.args(["wallet", "--exchange", "http://127.0.0.1:1/", "--data-dir"]).arg(&folder);
    command.args(["withdraw", "KUDOS:1"]);
    assert_eq!(ends(command).status.code(), Some(1));
    machine.is_all_the_shops("wallet");
    assert_eq!(fs::metadata(folder.join("wallet.sqlite")).unwrap().uid(), SHOP);
    let mut command = tilld();
    command
        .args(["demo", "--listen", "192.0.2.1:1", "--data-dir"])
        .arg(machine.data().join("demo"));
    ends(command);
    machine.is_all_the_shops("demo");
}

#[test]
fn the_nightly_script_run_by_root_works_as_the_folders_owner() {
    if !is_root() {
        return;
    }
    let machine = Machine::with_shop();
    let bin = Path::new(env!("CARGO_BIN_EXE_tilld")).parent().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/backup");
    // The owner can run both where this machine keeps sources for root only.
    let (tools, copy) = (machine.dir.path().join("bin"), machine.dir.path().join("backup"));
    fs::create_dir(&tools).unwrap();
    copy_program(&bin.join("tilld"), &tools.join("tilld"));
    copy_program(&script, &copy);
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    let run = || {
        let mut command = std::process::Command::new(&copy);
        command.env("PATH", &path).env("STATE_DIRECTORY", machine.data());
        command.env("TILLD_DATABASE__PATH", machine.db()).stdin(Stdio::null());
        ends(command)
    };
    machine.plant("backups", &machine.secrets());
    let before = machine.roots_files();
    assert!(!run().status.success());
    assert_eq!(machine.roots_files(), before);
    fs::remove_file(machine.data().join("backups")).unwrap();
    let output = run();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    machine.is_all_the_shops("the script");
    assert_eq!(fs::read_dir(machine.data().join("backups")).unwrap().count(), 1);
}
