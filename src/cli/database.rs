//! The commands `backup`, `restore`, `check` and `config`.

use std::ffi::OsString;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::compare::{self, Compared};
use super::owner::open_with_rights_of_its_owner;
use super::{Error, explained, open, output, prepare, with_rights_of};
use crate::config::{Config, Loaded};
use crate::server::policy;
use crate::store::{self, Role, exchanges};
use crate::till::listed;

/// `tilld backup DEST`
pub(super) fn backup(config: &Config, dest: &Path) -> Result<(), Error> {
    let owner = prepare(config, Role::Guest)?;
    let path = &config.database.path;
    store::backup(path, dest).map_err(|error| with_rights_of(owner, explained(config, error)))?;
    output::line(format_args!("{} is a verified copy of {}", dest.display(), path.display()))
}

/// `tilld restore SRC`
pub(super) fn restore(config: &Config, src: &Path) -> Result<(), Error> {
    let path = &config.database.path;
    // The database's owner may not have the right to read root's copy.
    let source = open_with_rights_of_its_owner(src);
    let log = open_with_rights_of_its_owner(&beside(src, "-wal")).ok();
    // On a new machine not even the folder is there.
    let owner = prepare(config, Role::Creator)?;
    let is_closed = File::open(src).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
    let kept = match source {
        Ok(mut source) if owner.is_some() && is_closed => {
            let staged = store::stage(&mut source, log, path)?;
            let kept =
                store::restore(&staged, path).map_err(|error| at_source(error, &staged, src));
            store::remove_staged(&staged)?;
            kept
        }
        _ => store::restore(src, path),
    };
    let kept = kept.map_err(|error| with_rights_of(owner, error.into()))?;
    output::line(format_args!("restored {} to {}", src.display(), path.display()))?;
    match kept {
        Some(kept) => output::line(format_args!("the previous database is now {}", kept.display())),
        None => Ok(()),
    }
}

/// `path` with `suffix` at its end.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Reports an error of a copy of `src` as an error of `src`.
fn at_source(error: store::Error, staged: &Path, src: &Path) -> store::Error {
    use store::Error::{Corrupt, Foreign, Newer, Open, Unreleased};
    let src = src.to_owned();
    match error {
        Foreign(path) if path == staged => Foreign(src),
        Newer(path, found, ours) if path == staged => Newer(src, found, ours),
        Unreleased(path) if path == staged => Unreleased(src),
        Corrupt(path, what) if path == staged => Corrupt(src, what),
        Open(path, what) if path == staged => Open(src, what),
        other => other,
    }
}

/// `tilld check`
pub(super) fn check(config: &Config, ask_exchanges: bool) -> Result<(), Error> {
    let store = open(config, Role::Guest)?;
    let findings = store::check(&store);
    let compared = match ask_exchanges {
        true => {
            let trusted =
                listed(&policy(config)?.exchanges, &store.read_in_place(|db| exchanges::list(db))?);
            let trusted: Vec<_> = trusted.into_iter().map(|listed| listed.trusted).collect();
            Some(compare::compare(&store, &trusted))
        }
        false => None,
    };
    store.close();
    let (mut findings, mut not_compared) = (findings?, Vec::new());
    if let Some(compared) = compared {
        let Compared { findings: more, not_compared: open, agree, has_more } = compared?;
        output::line(format_args!("{agree} deposits agree with their exchanges"))?;
        if has_more {
            output::line("older deposits were not compared")?;
        }
        findings.extend(more);
        not_compared = open;
    }
    for finding in findings.iter().chain(&not_compared) {
        output::line(finding)?;
    }
    match (findings.len(), not_compared.len()) {
        (0, 1..) => Err(Error::NotCompared(config.database.path.clone())),
        (0, 0) => {
            let path = config.database.path.display();
            output::line(format_args!("{path}: no errors found"))
        }
        (count, _) => Err(Error::Other(format!(
            "{count} errors; keep the file, and restore a backup or ask for help"
        ))),
    }
}

/// `tilld config`
pub(super) fn show_config(loaded: &Loaded) -> Result<(), Error> {
    for (key, value, origin) in &loaded.effective {
        match value {
            Some(value) => output::line(format_args!("{key} = {value}  # {origin}"))?,
            None => output::line(format_args!("# {key} is not set"))?,
        }
    }
    for exchange in &loaded.config.exchange {
        output::line(format_args!(
            "[[exchange]] {} {} {}",
            exchange.base_url, exchange.currency, exchange.master_public_key
        ))?;
    }
    Ok(())
}
