//! Checks the integrity and consistency of the database.

use rusqlite::{Connection, Row};

use super::coin_refunds::{self, Outcome};
use super::deposits::{self, Deposit};
use super::{Result, Store, logos, refunds, sql};
use crate::model::order::{OrderSerial, Refunded};
use taler::amount::Amount;
use taler::base32::HashCode;
use taler::ids::OrderId;
use taler::{canonical, contract};

/// Statements that find inconsistent rows, one sentence a row.
const CHECKS: &[&str] = &[
    sql!("check/deleted_instance_with_password"),
    sql!("check/deleted_instance_with_token"),
    sql!("check/payment_of_other_amount"),
    sql!("check/payment_of_unpaid_order"),
    sql!("check/refund_of_unpaid_order"),
    sql!("check/token_expired_when_made"),
    sql!("check/two_static_tokens"),
    sql!("check/unfinished_without_key"),
    sql!("check/unreadable_address"),
    sql!("check/unreadable_credentials"),
    sql!("check/unreadable_template"),
];

/// All errors found, one sentence each.
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
    orders(&connection, &mut findings)?;
    Ok(findings)
}

/// Checks that the ledger of every order adds up, and that its contract has the signed hash.
fn orders(connection: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let mut statement = connection.prepare_cached(sql!("check/orders"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let order_id: OrderId = row.get("order_id")?;
        if !has_its_hash(row)? {
            findings.push(format!("order {order_id} has a contract with another hash"));
        }
        if !adds_up(connection, row)? {
            findings.push(format!("order {order_id} has refunds that do not add up"));
        }
        if !coins_add_up(connection, row.get("serial")?)? {
            findings.push(format!("order {order_id} gives more of a coin back than it took"));
        }
    }
    Ok(())
}

fn has_its_hash(row: &Row<'_>) -> Result<bool> {
    let Ok(terms) = logos::terms(row) else { return Ok(false) };
    let signed: Option<HashCode> = row.get("h_contract")?;
    let hash = canonical::parse(&terms).and_then(|terms| contract::contract_hash(&terms));
    Ok(hash.is_ok_and(|hash| signed.is_none_or(|signed| signed == hash)))
}

fn adds_up(connection: &Connection, row: &Row<'_>) -> Result<bool> {
    let (amount, granted): (Amount, Amount) = (row.get("amount")?, row.get("refund_granted")?);
    let (serial, state): (OrderSerial, i64) = (row.get("serial")?, row.get("refunded")?);
    let steps = refunds::list(connection, serial)?;
    let sum = Amount::sum(*amount.currency(), steps.iter().map(|refund| &refund.amount));
    let should = Refunded::of(&granted, &amount);
    let within = granted.try_cmp(&amount).is_ok_and(std::cmp::Ordering::is_le);
    Ok(sum == Ok(granted) && within && state == i64::from(should))
}

/// Whether no coin has more refunds than deposits.
fn coins_add_up(connection: &Connection, order: OrderSerial) -> Result<bool> {
    let refunds = coin_refunds::of_order(connection, order)?;
    let fits = |deposit: &Deposit| {
        let given = refunds.iter().filter(|refund| {
            refund.deposit == deposit.serial && !matches!(refund.outcome, Outcome::Refused { .. })
        });
        let taken = deposit.what.coin.contribution;
        let sum = Amount::sum(*taken.currency(), given.map(|refund| &refund.amount));
        sum.and_then(|sum| sum.try_cmp(&taken)).is_ok_and(std::cmp::Ordering::is_le)
    };
    Ok(deposits::of_order(connection, order)?.iter().all(fits))
}

fn sentences(connection: &Connection, statement: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(statement)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::{Account, AccountDetails};
    use crate::store::tests::{fixture, order};
    use crate::store::{Error, Options, accounts, orders};
    use taler::base32::Salt;
    use taler::payto::Payto;

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

    #[actix_web::test]
    async fn ledgers_that_do_not_add_up_are_found() {
        let f = fixture(Options::default()).await;
        let instance = f.instance;
        let new = [order("A"), order("B"), order("C")];
        f.store
            .write::<(), Error>(move |tx| {
                for order in &new {
                    assert!(orders::insert(tx, instance, order)?);
                }
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(check(&f.store).unwrap(), [""; 0]);
        f.store
            .write::<(), Error>(|tx| {
                Ok(tx.execute_batch(
                    "UPDATE orders SET nonce = zeroblob(32), h_contract = zeroblob(64) WHERE order_id = 'A';
                     INSERT INTO payments (order_serial, method, amount, paid_at_s) VALUES (2, 'cash', 'KUDOS:4', 0);
                     INSERT INTO refunds VALUES (1, 3, 'KUDOS:1', '', 0, 0);",
                )?)
            })
            .await
            .unwrap();
        let coin = serde_json::json!({
            "coin_pub": "0".repeat(52), "coin_sig": "0".repeat(103), "h_denom": "0".repeat(103),
            "ub_sig": { "cipher": "RSA", "rsa_signature": "G40G" },
            "contribution": "KUDOS:1", "exchange_url": "https://exchange.example/",
        });
        f.store
            .write::<(), Error>(move |tx| {
                Ok(tx.execute_batch(&format!(
                    "INSERT INTO deposits (serial, order_serial, coin_pub, coin, deposit_fee, refund_fee)
                     VALUES (1, 2, zeroblob(32), '{coin}', 'KUDOS:0', 'KUDOS:0');
                     INSERT INTO coin_refunds (deposit_serial, rtransaction_id, amount, made_at_s, requested)
                     VALUES (1, 0, 'KUDOS:1', 0, 1), (1, 1, 'KUDOS:0.01', 0, 1);",
                ))?)
            })
            .await
            .unwrap();
        assert_eq!(
            check(&f.store).unwrap(),
            [
                "order B costs KUDOS:5 and was paid KUDOS:4",
                "order B has a payment and is not paid",
                "order C has a refund and is not paid",
                "order A has a contract with another hash",
                "order B gives more of a coin back than it took",
                "order C has refunds that do not add up",
            ]
        );
    }
}
