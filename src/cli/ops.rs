//! Commands about the file and the settings: backup, restore, check, config.

use std::path::Path;

use super::Error;
use super::compare::{self, Compared};
use crate::config::{Config, Loaded};
use crate::server::{store_options, terms};
use crate::store::{self, Role, Store};

/// `tilld backup DEST`
pub(super) fn backup(config: &Config, dest: &Path) -> Result<(), Error> {
    store::backup(&config.database.path, dest)?;
    println!("{} is a verified copy of {}", dest.display(), config.database.path.display());
    Ok(())
}

/// `tilld restore SRC`
pub(super) fn restore(config: &Config, src: &Path) -> Result<(), Error> {
    let kept = store::restore(src, &config.database.path)?;
    println!("{} is in place of {}", src.display(), config.database.path.display());
    if let Some(kept) = kept {
        println!("what was there before is now {}", kept.display());
    }
    Ok(())
}

/// `tilld check`
pub(super) fn check(config: &Config, ask_exchanges: bool) -> Result<(), Error> {
    let store = Store::open(&config.database.path, Role::Guest, store_options(config))?;
    let findings = store::check(&store);
    let compared = match ask_exchanges {
        true => Some(compare::compare(&store, &terms(config)?.exchanges)),
        false => None,
    };
    store.close();
    let mut findings = findings?;
    if let Some(compared) = compared {
        let Compared { findings: more, agree, has_more } = compared?;
        println!("{agree} coins are at their exchanges as the books say");
        if has_more {
            println!("older coins were not asked for");
        }
        findings.extend(more);
    }
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("{}: whole, and its contents make sense", config.database.path.display());
            Ok(())
        }
        count => Err(Error::Other(format!(
            "{count} findings; keep the file, and restore a backup or ask for help"
        ))),
    }
}

/// `tilld config`
pub(super) fn show_config(loaded: &Loaded) {
    for (key, value, origin) in &loaded.effective {
        match value {
            Some(value) => println!("{key} = {value}  # {origin}"),
            None => println!("# {key} is not set"),
        }
    }
    for exchange in &loaded.config.exchange {
        println!(
            "[[exchange]] {} {} {}",
            exchange.base_url, exchange.currency, exchange.master_public_key
        );
    }
}
