//! Is the file whole, and does what it holds make sense?

use rusqlite::Connection;

use super::{Result, Store, sql};

/// Each finds rows that should not be, as one sentence a row.
const CHECKS: &[&str] = &[
    sql!("check/deleted_instance_with_password"),
    sql!("check/deleted_instance_with_token"),
    sql!("check/two_static_tokens"),
    sql!("check/unreadable_address"),
];

/// Everything that is wrong, one sentence each; none if all is well.
///
/// # Errors
/// When the file cannot be read at all.
pub fn check(store: &Store) -> Result<Vec<String>> {
    let connection = super::open::connect(store.path())?;
    let mut findings = sentences(&connection, "PRAGMA integrity_check")?;
    findings.retain(|finding| finding != "ok");
    let mut orphans = connection.prepare_cached("PRAGMA foreign_key_check")?;
    let rows = orphans.query_map([], |row| {
        let (table, row): (String, Option<i64>) = (row.get(0)?, row.get(1)?);
        Ok(format!("{table} row {} belongs to nothing", row.unwrap_or_default()))
    })?;
    for row in rows {
        findings.push(row?);
    }
    for check in CHECKS {
        findings.extend(sentences(&connection, check)?);
    }
    Ok(findings)
}

fn sentences(connection: &Connection, statement: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(statement)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}
