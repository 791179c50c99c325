//! What the file knows of refreshes: coins that are changed into others.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Transaction, named_params};

use super::{Error, coins, sql};
use taler::amount::Amount;
use taler::base32::{Bytes, HashCode};
use taler::coin::denomination::CoinSignature;
use taler::coin::refresh::RefreshSeed;
use taler::coin::rsa::RsaPublicKey;
use taler::exchange::Denomination;
use taler::sign::{PublicKey, SigningKey};
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// How an exchange is spoken to when coins are withdrawn or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// As up to protocol 25.
    Old,
    /// As since protocol 32.
    New,
}

impl Generation {
    const fn protocol(self) -> i64 {
        match self {
            Self::Old => 23,
            Self::New => 32,
        }
    }
}

impl ToSql for Generation {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.protocol().into())
    }
}

impl FromSql for Generation {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let protocol = value.as_i64()?;
        let all = [Self::Old, Self::New];
        all.into_iter().find(|one| one.protocol() == protocol).ok_or(FromSqlError::InvalidType)
    }
}

/// A coin of which something was spent, and something is left.
pub(super) struct DirtyCoin {
    pub(super) coin: i64,
    pub(super) remaining: Amount,
    pub(super) h_denom: HashCode,
    pub(super) exchange: BaseUrl,
}

/// A change that is planned.
pub(super) struct Planned {
    pub(super) coin: i64,
    pub(super) generation: Generation,
    pub(super) seed: RefreshSeed,
    /// What is taken off the coin, all fees included.
    pub(super) amount: Amount,
    /// The refresh fee in it.
    pub(super) fee: Amount,
    pub(super) kinds: Vec<Denomination>,
}

/// A change that is not finished.
pub(super) struct Refresh {
    pub(super) serial: i64,
    pub(super) exchange: BaseUrl,
    pub(super) coin: i64,
    pub(super) key: SigningKey,
    pub(super) coin_pub: PublicKey,
    pub(super) ub_sig: CoinSignature,
    pub(super) h_denom: HashCode,
    /// By which withdrawal the old coin, or the one that it comes of, came.
    withdrawal: i64,
    pub(super) generation: Generation,
    pub(super) seed: RefreshSeed,
    pub(super) amount: Amount,
    pub(super) fee: Amount,
    /// Which candidate stays hidden, once the exchange has said so.
    pub(super) noreveal_index: Option<u32>,
    pub(super) new: Vec<NewCoin>,
}

/// What one of the new coins is to be.
#[derive(Clone)]
pub(super) struct NewCoin {
    denomination: i64,
    pub(super) h_denom: HashCode,
    pub(super) key: RsaPublicKey,
    pub(super) value: Amount,
}

/// Coins that can be changed: something of them was spent, and something is left.
pub(super) fn dirty(db: &Connection) -> Result<Vec<DirtyCoin>, Error> {
    let mut statement = db.prepare_cached(sql!("coins/dirty"))?;
    let rows = statement.query_map([], |row| {
        Ok(DirtyCoin {
            coin: row.get("serial")?,
            remaining: row.get("remaining")?,
            h_denom: row.get("h_denom")?,
            exchange: row.get("base_url")?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Takes the amount off the coin and keeps what it is to become; its number.
pub(super) fn begin(
    tx: &Transaction<'_>,
    exchange: i64,
    planned: &Planned,
    now: Timestamp,
) -> Result<i64, Error> {
    coins::debit(tx, planned.coin, &planned.amount)?;
    tx.prepare_cached(sql!("refreshes/insert"))?.execute(named_params! {
        ":coin": planned.coin,
        ":protocol": planned.generation,
        ":seed": planned.seed,
        ":amount": planned.amount,
        ":fee": planned.fee,
        ":made_at_s": now,
    })?;
    let serial = tx.last_insert_rowid();
    for (place, kind) in (0_i64..).zip(&planned.kinds) {
        tx.prepare_cached(sql!("refreshes/insert_coin"))?.execute(named_params! {
            ":refresh": serial,
            ":place": place,
            ":denomination": coins::denomination(tx, exchange, kind)?,
        })?;
    }
    Ok(serial)
}

/// The numbers of all refreshes that are not finished, the oldest first.
pub(super) fn open(db: &Connection) -> Result<Vec<i64>, Error> {
    let mut statement = db.prepare_cached(sql!("refreshes/open"))?;
    let serials = statement.query_map([], |row| row.get("serial"))?;
    Ok(serials.collect::<Result<_, _>>()?)
}

/// A refresh with all that is needed to go on with it.
pub(super) fn find(db: &Connection, serial: i64) -> Result<Refresh, Error> {
    let mut list = db.prepare_cached(sql!("refreshes/coins"))?;
    let mut rows = list.query(named_params! { ":refresh": serial })?;
    let mut new = Vec::new();
    while let Some(row) = rows.next()? {
        let rsa_pub: Vec<u8> = row.get("rsa_pub")?;
        new.push(NewCoin {
            denomination: row.get("denomination")?,
            h_denom: row.get("h_denom")?,
            key: RsaPublicKey::from_bytes(&rsa_pub)
                .map_err(|_| Error::Damaged("a denomination's key"))?,
            value: row.get("value")?,
        });
    }
    let mut statement = db.prepare_cached(sql!("refreshes/find"))?;
    let mut rows = statement.query(named_params! { ":serial": serial })?;
    let row = rows.next()?.ok_or(Error::Damaged("a refresh is gone"))?;
    let (coin_seed, ub_sig): (Bytes<32>, String) = (row.get("coin_seed")?, row.get("ub_sig")?);
    Ok(Refresh {
        serial: row.get("serial")?,
        exchange: row.get("base_url")?,
        coin: row.get("coin")?,
        key: SigningKey::from_seed(*coin_seed.as_bytes()),
        coin_pub: row.get("coin_pub")?,
        ub_sig: serde_json::from_str(&ub_sig).map_err(|_| Error::Damaged("a coin's signature"))?,
        h_denom: row.get("h_denom")?,
        withdrawal: row.get("withdrawal")?,
        generation: row.get("protocol")?,
        seed: row.get("seed")?,
        amount: row.get("amount")?,
        fee: row.get("fee")?,
        noreveal_index: row.get("noreveal_index")?,
        new,
    })
}

/// The exchange has taken the old coin, and said which candidate stays hidden.
pub(super) fn melted(tx: &Transaction<'_>, serial: i64, noreveal_index: u32) -> Result<(), Error> {
    let set = named_params! { ":serial": serial, ":noreveal_index": noreveal_index };
    tx.prepare_cached(sql!("refreshes/melted"))?.execute(set)?;
    Ok(())
}

/// The exchange has not taken the old coin and will not: what it was worth is there again.
pub(super) fn refused(tx: &Transaction<'_>, refresh: &Refresh) -> Result<(), Error> {
    let name = named_params! { ":serial": refresh.serial };
    if tx.prepare_cached(sql!("refreshes/refuse"))?.execute(name)? > 0 {
        coins::credit(tx, refresh.coin, &refresh.amount)?;
    }
    Ok(())
}

/// The new coins are signed.
pub(super) fn finish(
    tx: &Transaction<'_>,
    refresh: &Refresh,
    signed: &[(SigningKey, CoinSignature)],
) -> Result<(), Error> {
    let name = named_params! { ":serial": refresh.serial };
    if tx.prepare_cached(sql!("refreshes/finish"))?.execute(name)? == 0 {
        return Ok(());
    }
    for (new, (key, ub_sig)) in refresh.new.iter().zip(signed) {
        let ub_sig =
            serde_json::to_string(ub_sig).map_err(|_| Error::Nonsense("a coin is no JSON"))?;
        tx.prepare_cached(sql!("coins/insert_change"))?.execute(named_params! {
            ":withdrawal": refresh.withdrawal,
            ":refresh": refresh.serial,
            ":denomination": new.denomination,
            ":coin_pub": key.public_key(),
            ":coin_seed": Bytes::new(*key.seed()),
            ":ub_sig": ub_sig,
            ":remaining": new.value,
        })?;
    }
    Ok(())
}

/// What new coins are worth that are on their way, one by one, and from which exchange.
pub(super) fn expected(db: &Connection) -> Result<Vec<(BaseUrl, Amount)>, Error> {
    let mut statement = db.prepare_cached(sql!("refreshes/expected"))?;
    let rows = statement.query_map([], |row| Ok((row.get("base_url")?, row.get("value")?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
