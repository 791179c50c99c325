//! `tilld doctor`: checks everything that a shop depends on, and says what to fix.
//!
//! It changes nothing, sends each exchange and the daemon one request with a short time limit, and works
//! whether the daemon runs or not. This module gathers the facts; pure functions, one module a subject, say
//! them as a [`Line`]. What other places show too is judged by the till ([`Finding`]); the rest here.

mod accounts;
mod address;
mod clock;
mod daemon;
mod database;
mod disk;
mod exchanges;
mod transfers;
mod webhooks;

use std::fmt;
use std::time::Duration;

use super::output::{self, escaped};
use super::{Error, explained, listened, owner, with_rights_of};
use crate::config::Config;
use crate::model::webhook::Webhook;
use crate::server::policy;
use crate::store::transfers::TransferCounts;
use crate::store::{self, Inspection, storage_info};
use crate::till::{Finding, ListedExchange, Severity, listed};
use system::clock::{Clock, zone_problem};
use taler::exchange::Trusted;
use taler::ids::InstanceId;
use taler::time::Timestamp;

/// What is printed about one check: a sentence and, unless all is well, a second one that says what to do.
#[derive(Debug, Eq, PartialEq)]
enum Line {
    /// All is well.
    Ok(String),
    /// It works, but something should be improved.
    Warn(String, String),
    /// It does not work.
    Fail(String, String),
}

impl Line {
    /// The line about `finding`.
    fn of(finding: &Finding, sentence: impl Into<String>, remedy: impl Into<String>) -> Self {
        match finding.severity() {
            Severity::Good => Self::Ok(sentence.into()),
            Severity::Warning => Self::Warn(sentence.into(), remedy.into()),
            Severity::Failure => Self::Fail(sentence.into(), remedy.into()),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (level, sentence, remedy) = match self {
            Self::Ok(sentence) => ("ok  ", sentence, None),
            Self::Warn(sentence, remedy) => ("warn", sentence, Some(remedy)),
            Self::Fail(sentence, remedy) => ("FAIL", sentence, Some(remedy)),
        };
        write!(f, "{level}  {}", escaped(sentence))?;
        match remedy {
            Some(remedy) => write!(f, "\n      {}", escaped(remedy)),
            None => Ok(()),
        }
    }
}

/// Number of findings of each kind.
#[derive(Debug, Default, Eq, PartialEq)]
struct Sum {
    ok: usize,
    warn: usize,
    fail: usize,
}

impl Sum {
    fn of(findings: &[Line]) -> Self {
        let count = |is: fn(&Line) -> bool| findings.iter().filter(|found| is(found)).count();
        Self {
            ok: count(|found| matches!(found, Line::Ok(_))),
            warn: count(|found| matches!(found, Line::Warn(..))),
            fail: count(|found| matches!(found, Line::Fail(..))),
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self {
            Self { warn: 0, fail: 0, .. } => "all is well",
            Self { fail: 0, .. } => "usable, with warnings",
            _ => "problems found",
        };
        write!(f, "{verdict}: {} ok, {} warnings, {} failed", self.ok, self.warn, self.fail)
    }
}

/// `tilld doctor`; with `slow`, the test request waits the longest time allowed.
///
/// # Errors
/// When any check fails; the store's own error if the file is not there or cannot be used.
pub(super) fn run(config: &Config, slow: bool) -> Result<(), Error> {
    let owner = owner::become_owner(&config.database.path)?;
    let path = &config.database.path;
    let (inspection, database) = match store::inspect_copy(path) {
        Ok(found) => (found, Finding::Database(None)),
        Err(error) => (None, Finding::Database(Some(error))),
    };
    let trusted = trusted(inspection.as_ref(), &policy(config)?.exchanges);
    let clock = Clock::system();
    let asked = exchanges::ask(&trusted, &clock)?;
    let now = clock.now();

    let server = &config.server;
    let listens = listened(config);
    let mut findings = vec![address::base_url(server.base_url.as_ref(), &listens)];
    let longest = Duration::from_secs(config.polls.max_wait_s);
    let wait = daemon::Wait::of(longest, slow);
    findings.push(match &server.base_url {
        Some(url) => daemon::of_database(daemon::check(url, wait)?, url, path),
        None => daemon::check_listening(&listens, wait)?,
    });
    let mut about_file = disk::check(path);
    about_file.extend(database::check(path, inspection.as_ref(), &database));
    if inspection.is_some() {
        about_file.push(database::backup(storage_info::around(path), now));
    }
    let (newest, shops, webhooks, counts) = match contents(inspection.as_ref(), &trusted) {
        Ok(contents) => contents,
        Err(error) => {
            about_file.extend(database::refused(&Finding::Database(Some(error))));
            Contents::default()
        }
    };
    let set_currency = config.currency.is_set.then_some(config.currency.default);
    let off: Vec<_> = asked.iter().filter_map(|asked| asked.off_s).collect();
    findings.push(clock::check(now, newest, &off));
    findings.extend(zone_problem().as_deref().map(clock::zone));
    findings.extend(about_file);
    findings.extend(exchanges::check(&asked, set_currency, now));
    if let Some(shops) = shops {
        findings.extend(accounts::check(&shops, &asked));
    }
    findings.extend(webhooks::check(config, &webhooks)?);
    findings.extend(transfers::check(counts));

    for finding in &findings {
        // A finding and its remedy are two lines, each escaped by `Display`.
        for text in finding.to_string().lines() {
            output::line(text)?;
        }
    }
    let sum = Sum::of(&findings);
    output::line(&sum)?;
    match (inspection, database) {
        (_, Finding::Database(Some(error))) if error.is_unusable() => {
            Err(with_rights_of(owner, error.into()))
        }
        // The same error as of every command that finds no database.
        (None, Finding::Database(None)) => {
            Err(explained(config, store::Error::Missing(path.clone())))
        }
        _ if sum.fail == 0 => Ok(()),
        _ => Err(Error::Other(format!("{} checks failed", sum.fail))),
    }
}

/// The exchanges that new orders offer, from the settings and, if it is readable, from the database.
fn trusted(inspection: Option<&Inspection>, settings: &[Trusted]) -> Vec<ListedExchange> {
    let kept = match inspection {
        Some(inspection) if inspection.version() == store::VERSION => {
            inspection.read(|db| store::exchanges::list(db))
        }
        _ => Ok(Vec::new()),
    };
    // The check of the database reports an unreadable file.
    let mut all = listed(settings, &kept.unwrap_or_default());
    all.retain(|listed| !listed.is_removed);
    all
}

/// The time of the newest entry, the shops with the KYC requirements of exchanges, their webhooks, and how
/// transfers stand, if the file is readable.
type Contents =
    (Option<Timestamp>, Option<Vec<accounts::Shop>>, Vec<(InstanceId, Webhook)>, TransferCounts);

fn contents(
    inspection: Option<&Inspection>,
    trusted: &[ListedExchange],
) -> store::Result<Contents> {
    match inspection {
        Some(inspection) if inspection.version() == store::VERSION => {
            let shops = inspection.read(|db| accounts::shops(db, trusted))?;
            let webhooks = inspection.read(webhooks::all)?;
            let counts = inspection.read(|db| store::transfers::counts(db))?;
            Ok((inspection.newest()?, Some(shops), webhooks, counts))
        }
        _ => Ok(Contents::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_and_what_to_do_another() {
        let said = |finding: Line| finding.to_string();
        assert_eq!(said(Line::Ok("the disk has room".into())), "ok    the disk has room");
        let warn = Line::Warn("little room".into(), "make some".into());
        assert_eq!(said(warn), "warn  little room\n      make some");
        let fail = Line::Fail("no\u{1b}[2Jroom\nat all".into(), "make\r\nsome".into());
        assert_eq!(said(fail), "FAIL  no\\u{1b}[2Jroom\\u{a}at all\n      make\\u{d}\\u{a}some");
    }

    #[test]
    fn the_sum_counts_each_kind() {
        let some = || String::from("x");
        let findings = [
            Line::Ok(some()),
            Line::Warn(some(), some()),
            Line::Ok(some()),
            Line::Fail(some(), some()),
        ];
        let sum = Sum::of(&findings);
        assert_eq!(sum, Sum { ok: 2, warn: 1, fail: 1 });
        assert_eq!(sum.to_string(), "problems found: 2 ok, 1 warnings, 1 failed");
        assert!(Sum::of(&findings[..2]).to_string().starts_with("usable, with warnings: "));
        assert!(Sum::of(&findings[..1]).to_string().starts_with("all is well: "));
    }
}
