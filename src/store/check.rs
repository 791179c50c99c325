//! Is the file whole, and does what it holds make sense?

use rusqlite::Connection;

use super::{Result, Store, sql};

/// Each finds rows that should not be, as one sentence a row.
const CHECKS: &[&str] = &[
    sql!("check/deleted_instance_with_password"),
    sql!("check/deleted_instance_with_token"),
    sql!("check/token_expired_when_made"),
    sql!("check/two_static_tokens"),
    sql!("check/unreadable_address"),
    sql!("check/unreadable_credentials"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::{Account, AccountDetails};
    use crate::domain::payto::Payto;
    use crate::store::tests::fixture;
    use crate::store::{Error, Options, accounts};
    use crate::taler::base32::Salt;

    #[actix_web::test]
    async fn rows_that_make_no_sense_are_found() {
        let f = fixture(Options::default()).await;
        f.insert(1).await.unwrap();
        let payto_uri: Payto =
            "payto://iban/DE75512108001245126199?receiver-name=A".parse().unwrap();
        let salt = Salt::new([1; 16]);
        let account = Account {
            h_wire: payto_uri.h_wire(&salt),
            payto_uri,
            salt,
            active: true,
            details: AccountDetails::default(),
        };
        let instance = f.instance;
        f.store.write(move |tx| accounts::insert(tx, instance, &account)).await.unwrap();
        assert_eq!(check(&f.store).unwrap(), [""; 0]);
        f.store
            .write::<(), Error>(|tx| {
                Ok(tx.execute_batch(
                    "UPDATE accounts SET credit_facade_credentials = 'no';
                     UPDATE tokens SET expires_at_s = created_at_s - 1;",
                )?)
            })
            .await
            .unwrap();
        assert_eq!(
            check(&f.store).unwrap(),
            [
                "token 1 had expired before it was made",
                "instance admin has account \
                 payto://iban/DE75512108001245126199?receiver-name=A \
                 with credentials that are no JSON",
            ]
        );
    }
}
