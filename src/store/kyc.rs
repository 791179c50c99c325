//! What exchanges want to know before they pay to an account.

use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::Value;

use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;
use crate::model::order::Topic;
use taler::base32::HashCode;
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// An account as an exchange sees it.
#[derive(Clone, Debug)]
pub struct AccountAtExchange {
    /// Whose account.
    pub instance: InstanceSerial,
    /// The account.
    pub h_wire: HashCode,
    /// The exchange.
    pub exchange_url: BaseUrl,
}

/// An exchange's refusal for legal reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct KycRequest {
    /// HTTP status.
    pub status: u16,
    /// Its own code.
    pub code: Option<u32>,
    /// Its own words.
    pub reply: Value,
    /// When it said so last.
    pub asked_at: Timestamp,
}

/// What the exchange asks of the account; `None` if nothing.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find(db: &Connection, pair: &AccountAtExchange) -> Result<Option<KycRequest>> {
    let mut statement = db.prepare_cached(sql!("kyc/find"))?;
    let params = named_params! {
        ":instance": pair.instance,
        ":h_wire": pair.h_wire,
        ":exchange_url": pair.exchange_url,
    };
    let read = |row: &rusqlite::Row<'_>| {
        Ok(KycRequest {
            status: row.get("status")?,
            code: row.get("code")?,
            reply: row.get("reply")?,
            asked_at: row.get("asked_at_s")?,
        })
    };
    Ok(statement.query_row(params, read).optional()?)
}

/// Keeps that the exchange asks something of the account.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn ask(tx: &mut Tx<'_>, pair: &AccountAtExchange, ask: &KycRequest) -> Result<()> {
    tx.prepare_cached(sql!("kyc/ask"))?.execute(named_params! {
        ":instance": pair.instance,
        ":h_wire": pair.h_wire,
        ":exchange_url": pair.exchange_url,
        ":status": ask.status,
        ":code": ask.code,
        ":reply": ask.reply,
        ":asked_at_s": ask.asked_at,
    })?;
    tx.announce([Topic::Kyc(pair.instance)]);
    Ok(())
}

/// Keeps that the exchange asks nothing of the account: it has taken coins for it.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn clear(tx: &mut Tx<'_>, pair: &AccountAtExchange) -> Result<()> {
    let cleared = tx.prepare_cached(sql!("kyc/clear"))?.execute(named_params! {
        ":instance": pair.instance,
        ":h_wire": pair.h_wire,
        ":exchange_url": pair.exchange_url,
    })?;
    if cleared > 0 {
        tx.announce([Topic::Kyc(pair.instance)]);
    }
    Ok(())
}
