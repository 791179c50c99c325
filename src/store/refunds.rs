//! Refunds, grant by grant. Their totals stand with the order.

use rusqlite::{Connection, named_params};

use super::{Result, Tx, coin_refunds, sql};
use crate::model::order::{OrderSerial, Refund, RefundSerial, RefundState};
use taler::time::Timestamp;

/// All refunds of an order, the oldest first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(db: &Connection, order: OrderSerial) -> Result<Vec<Refund>> {
    let mut statement = db.prepare_cached(sql!("refunds/list"))?;
    let rows = statement.query_map(named_params! { ":order_serial": order }, |row| {
        let state = match row.get::<_, Option<i64>>("taken_at_s")? {
            Some(_) => RefundState::Taken,
            None => RefundState::Pending,
        };
        let (serial, is_open): (RefundSerial, bool) = (row.get("serial")?, row.get("is_open")?);
        let refund = Refund {
            amount: row.get("amount")?,
            reason: row.get("reason")?,
            granted_at: row.get("granted_at_s")?,
            state,
        };
        Ok((serial, is_open, refund))
    })?;
    let refunds: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    if refunds.iter().all(|(_, is_open, refund)| *is_open || refund.state == RefundState::Taken) {
        return Ok(refunds.into_iter().map(|(.., refund)| refund).collect());
    }
    let refused = coin_refunds::refused(db, order)?;
    let with_state = |(serial, is_open, mut refund): (RefundSerial, bool, Refund)| {
        let refusal = refused.iter().find(|(of, _)| *of == serial);
        if let (false, Some((_, refusal))) = (is_open, refusal) {
            refund.state = RefundState::Refused(*refusal);
        }
        refund
    };
    Ok(refunds.into_iter().map(with_state).collect())
}

/// Keeps a refund; its number.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(tx: &mut Tx<'_>, order: OrderSerial, refund: &Refund) -> Result<RefundSerial> {
    let is_taken = refund.state == RefundState::Taken;
    let taken_at: Option<Timestamp> = is_taken.then_some(refund.granted_at);
    tx.prepare_cached(sql!("refunds/insert"))?.execute(named_params! {
        ":order_serial": order,
        ":amount": refund.amount,
        ":reason": refund.reason,
        ":granted_at_s": refund.granted_at,
        ":taken_at_s": taken_at,
    })?;
    Ok(RefundSerial(tx.last_insert_rowid()))
}

/// Keeps that the customer has a refund now.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn mark_collected(tx: &mut Tx<'_>, serial: RefundSerial, at: Timestamp) -> Result<()> {
    tx.prepare_cached(sql!("refunds/take"))?
        .execute(named_params! { ":serial": serial, ":taken_at_s": at })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::migrations::STEPS;
    use taler::amount::Amount;

    #[test]
    fn what_was_refused_before_it_was_kept_is_added_up() {
        let step = sql!("migrations/0013_refund_refused");
        let db = Connection::open_in_memory().unwrap();
        for earlier in STEPS.iter().take_while(|earlier| **earlier != step) {
            db.execute_batch(earlier).unwrap();
        }
        db.pragma_update(None, "foreign_keys", false).unwrap();
        let insert = |table: &str, values: &[(&str, &str)]| {
            let columns: Vec<_> = values.iter().map(|(column, _)| *column).collect();
            let values: Vec<_> = values.iter().map(|(_, value)| *value).collect();
            let (columns, values) = (columns.join(", "), values.join(", "));
            db.execute_batch(&format!("INSERT INTO {table} ({columns}) VALUES ({values})"))
                .unwrap();
        };
        for order in ["1", "2", "3"] {
            let id = format!("'O-{order}'");
            insert(
                "orders",
                &[
                    ("serial", order),
                    ("instance", "1"),
                    ("order_id", &id),
                    ("request_hash", "zeroblob(64)"),
                    ("timestamp_s", "1"),
                    ("created_at_s", "1"),
                    ("pay_deadline_s", "2"),
                    ("refund_deadline_s", "3"),
                    ("amount", "'KUDOS:9.5'"),
                    ("summary", "'x'"),
                    ("summary_folded", "'x'"),
                    ("base_url", "'https://x.example/'"),
                    ("nonce", "zeroblob(32)"),
                    ("h_contract", "zeroblob(64)"),
                    ("paid_at_s", "1"),
                    ("refund_granted", "'KUDOS:9.5'"),
                    ("refund_taken", "'KUDOS:0'"),
                    ("refunded", "2"),
                    ("wired", "0"),
                    ("terms", "'{}'"),
                ],
            );
            insert(
                "deposits",
                &[
                    ("serial", order),
                    ("order_serial", order),
                    ("coin_pub", "zeroblob(32)"),
                    ("coin", "'{}'"),
                    ("deposit_fee", "'KUDOS:0'"),
                    ("refund_fee", "'KUDOS:0'"),
                ],
            );
        }
        // Of the first order, three parts of two grants; of the second, a whole number; of the third,
        // nothing: its refunds are open, done, or of a payment that came to nothing.
        for (deposit, id, amount, refused, grant, sig) in [
            ("1", "1", "KUDOS:0.99999999", "410", "1", "NULL"),
            ("1", "2", "KUDOS:3", "410", "1", "NULL"),
            ("1", "3", "KUDOS:0.1", "404", "2", "NULL"),
            ("1", "4", "KUDOS:5", "NULL", "2", "NULL"),
            ("2", "1", "KUDOS:0.5", "410", "3", "NULL"),
            ("2", "2", "KUDOS:8.5", "413", "3", "NULL"),
            ("3", "1", "KUDOS:1", "NULL", "4", "NULL"),
            ("3", "2", "KUDOS:2", "410", "4", "zeroblob(64)"),
            ("3", "3", "KUDOS:4", "404", "NULL", "NULL"),
        ] {
            let (amount, key) = (format!("'{amount}'"), sig.replace("64", "32"));
            insert(
                "coin_refunds",
                &[
                    ("deposit_serial", deposit),
                    ("rtransaction_id", id),
                    ("amount", &amount),
                    ("made_at_s", "1"),
                    ("wanted", "1"),
                    ("refused_status", refused),
                    ("refund_serial", grant),
                    ("exchange_sig", sig),
                    ("exchange_pub", &key),
                ],
            );
        }
        db.execute_batch(step).unwrap();
        let refused = |order: i64| -> Option<Amount> {
            let statement = "SELECT refund_refused FROM orders WHERE serial = ?";
            db.query_row(statement, [order], |row| row.get(0)).unwrap()
        };
        let amount = |text: &str| Some(Amount::parse(text).unwrap());
        assert_eq!(refused(1), amount("KUDOS:4.09999999"));
        assert_eq!(refused(2), amount("KUDOS:9"));
        assert_eq!(refused(3), None);
    }
}
