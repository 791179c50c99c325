//! Tokens, by the hash of their text.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use subtle::ConstantTimeEq;

use super::{Result, Tx, sql};
use crate::model::access::{NewToken, Token, TokenKind};
use crate::model::cashier::CashierSerial;
use crate::model::instance::InstanceSerial;
use taler::time::Timestamp;

/// A token, whose it is, and the hash by which it was found.
#[derive(Clone, Debug)]
pub struct TokenRow {
    /// SHA-256 of its text.
    pub hash: [u8; 32],
    /// The instance that it opens.
    pub instance: InstanceSerial,
    /// The token.
    pub token: Token,
}

impl TokenRow {
    /// Whether this is the hash by which it was found. The index found the row by comparing bytes as fast
    /// as it can; what is decided depends on this comparison, which takes the same time for all.
    pub fn is_of(&self, hash: &[u8; 32]) -> bool {
        self.hash.ct_eq(hash).into()
    }
}

/// The token whose text has this SHA-256, expired or not.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find(db: &Connection, hash: &[u8; 32]) -> Result<Option<TokenRow>> {
    let mut statement = db.prepare_cached(sql!("tokens/columns" + "tokens/find"))?;
    Ok(statement.query_row(named_params! { ":hash": hash }, read_found).optional()?)
}

/// Tokens of `instance` beyond `offset` (exclusive): older ones for a negative `limit`, newer ones
/// for a positive one, at most as many as it says.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(
    db: &Connection,
    instance: InstanceSerial,
    limit: i64,
    offset: Option<i64>,
) -> Result<Vec<Token>> {
    let (mut statement, offset) = if limit < 0 {
        (
            db.prepare_cached(sql!("tokens/columns" + "tokens/list_older"))?,
            offset.unwrap_or(i64::MAX),
        )
    } else {
        (db.prepare_cached(sql!("tokens/columns" + "tokens/list_newer"))?, offset.unwrap_or(0))
    };
    let limit = limit.saturating_abs();
    let params = named_params! { ":instance": instance, ":offset": offset, ":limit": limit };
    let rows = statement.query_map(params, |row| Ok(read_found(row)?.token))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn read_found(row: &Row<'_>) -> rusqlite::Result<TokenRow> {
    Ok(TokenRow {
        hash: row.get("hash")?,
        instance: row.get("instance_serial")?,
        token: Token {
            serial: row.get("serial")?,
            scope: row.get("scope")?,
            kind: read_kind(row)?,
            created_at: row.get("created_at_s")?,
            expires_at: row.get("expires_at_s")?,
            description: row.get("description")?,
            last_used_at: row.get("last_used_s")?,
        },
    })
}

fn read_kind(row: &Row<'_>) -> rusqlite::Result<TokenKind> {
    let index = row.as_ref().column_index("kind")?;
    match row.get_ref(index)?.as_str()? {
        "api" => Ok(TokenKind::Api),
        "static" => Ok(TokenKind::Static),
        "web" => Ok(TokenKind::Web {
            browser: row.get("browser")?,
            cashier: row.get::<_, Option<i64>>("cashier_serial")?.map(CashierSerial),
        }),
        other => {
            let what = format!("no kind of token: {other}").into();
            Err(rusqlite::Error::FromSqlConversionFailure(index, Type::Text, what))
        }
    }
}

/// Keeps that a token was used at `now`, unless it is known to have been used after `before`.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn touch(tx: &mut Tx<'_>, serial: i64, now: Timestamp, before: Timestamp) -> Result<()> {
    tx.prepare_cached(sql!("tokens/touch"))?.execute(named_params! {
        ":serial": serial,
        ":now_s": now,
        ":before_s": before,
    })?;
    Ok(())
}

/// Keeps a new token and answers its number; `None` if its text is in use already.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(tx: &mut Tx<'_>, instance: InstanceSerial, token: &NewToken) -> Result<Option<i64>> {
    let changed = tx.prepare_cached(sql!("tokens/insert"))?.execute(named_params! {
        ":instance": instance,
        ":hash": token.hash,
        ":scope": token.scope,
        ":kind": token.kind.as_str(),
        ":browser": token.kind.browser(),
        ":created_at_s": token.created_at,
        ":expires_at_s": token.expires_at,
        ":description": token.description,
        ":cashier": token.kind.cashier().map(|cashier| cashier.0),
    })?;
    Ok((changed > 0).then(|| tx.last_insert_rowid()))
}

/// Removes a token of `instance`; `false` if there is none of this number.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete(tx: &mut Tx<'_>, instance: InstanceSerial, serial: i64) -> Result<bool> {
    let params = named_params! { ":instance": instance, ":serial": serial };
    Ok(tx.prepare_cached(sql!("tokens/delete"))?.execute(params)? > 0)
}

/// Removes the fixed token of `instance`, if it has one.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete_static(tx: &mut Tx<'_>, instance: InstanceSerial) -> Result<()> {
    let params = named_params! { ":instance": instance };
    tx.prepare_cached(sql!("tokens/delete_static"))?.execute(params)?;
    Ok(())
}

/// Ends all web sessions of `instance` but the one of this number.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete_web_sessions(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    except: Option<i64>,
) -> Result<()> {
    let params = named_params! { ":instance": instance, ":except": except };
    tx.prepare_cached(sql!("tokens/delete_web_sessions"))?.execute(params)?;
    Ok(())
}

/// Removes all tokens that expired before `before`.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn forget_expired(tx: &mut Tx<'_>, before: Timestamp) -> Result<()> {
    let params = named_params! { ":before_s": before };
    tx.prepare_cached(sql!("tokens/forget_expired"))?.execute(params)?;
    Ok(())
}
