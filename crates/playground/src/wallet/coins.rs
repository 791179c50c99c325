//! What the file knows of exchanges, withdrawals and coins.

use rusqlite::{Connection, OptionalExtension, Transaction, named_params};

use super::refreshes::Generation;
use super::selection::SpendableCoin;
use super::{Error, sql};
use taler::amount::{Amount, Currency};
use taler::base32::{Bytes, HashCode};
use taler::coin::denomination::{CoinSignature, DenominationKey};
use taler::coin::rsa::{BlindingSecret, RsaPublicKey};
use taler::exchange::{Denomination, Trusted};
use taler::sign::{PublicKey, SigningKey};
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// A withdrawal that is not finished.
pub(super) struct Withdrawal {
    pub(super) exchange: BaseUrl,
    pub(super) reserve: SigningKey,
    /// What all its coins cost, their fees included.
    pub(super) price: Amount,
    pub(super) is_topped_up: bool,
    pub(super) generation: Generation,
}

/// A coin that nobody has signed yet.
pub(super) struct Planchet {
    pub(super) serial: i64,
    pub(super) coin: SigningKey,
    pub(super) secret: BlindingSecret,
    pub(super) h_denom: HashCode,
    pub(super) key: RsaPublicKey,
    pub(super) value: Amount,
    pub(super) fee_withdraw: Amount,
}

/// Secrets of a coin to be, fresh from the machine.
pub(super) struct Fresh {
    pub(super) denomination: Denomination,
    pub(super) coin: SigningKey,
    pub(super) blinding: [u8; 32],
}

fn key(seed: Bytes<32>) -> SigningKey {
    SigningKey::from_seed(*seed.as_bytes())
}

/// The exchange as it was when it was met, and its number.
pub(super) fn exchange(db: &Connection, url: &BaseUrl) -> Result<Option<(i64, Trusted)>, Error> {
    let found = db
        .prepare_cached(sql!("exchanges/find"))?
        .query_row(named_params! { ":base_url": url }, |row| {
            let currency: String = row.get("currency")?;
            Ok((row.get("serial")?, row.get("master_pub")?, currency))
        })
        .optional()?;
    let Some((serial, master_public_key, currency)) = found else { return Ok(None) };
    let currency = Currency::parse(currency).map_err(|_| Error::Damaged("a currency"))?;
    Ok(Some((serial, Trusted { base_url: url.clone(), master_public_key, currency })))
}

/// Remembers an exchange, if it is not known.
pub(super) fn insert_exchange(tx: &Transaction<'_>, exchange: &Trusted) -> Result<(), Error> {
    tx.prepare_cached(sql!("exchanges/insert"))?.execute(named_params! {
        ":base_url": exchange.base_url,
        ":master_pub": exchange.master_public_key,
        ":currency": exchange.currency.as_str(),
    })?;
    Ok(())
}

/// Keeps a withdrawal with all its secrets; its number.
pub(super) fn add_withdrawal(
    tx: &Transaction<'_>,
    exchange: i64,
    reserve: &SigningKey,
    price: &Amount,
    coins: &[Fresh],
    (generation, now): (Generation, Timestamp),
) -> Result<i64, Error> {
    tx.prepare_cached(sql!("withdrawals/insert"))?.execute(named_params! {
        ":exchange": exchange,
        ":reserve_seed": Bytes::new(*reserve.seed()),
        ":price": price,
        ":protocol": generation,
        ":made_at_s": now,
    })?;
    let withdrawal = tx.last_insert_rowid();
    for coin in coins {
        tx.prepare_cached(sql!("coins/insert"))?.execute(named_params! {
            ":withdrawal": withdrawal,
            ":denomination": denomination(tx, exchange, &coin.denomination)?,
            ":coin_pub": coin.coin.public_key(),
            ":coin_seed": Bytes::new(*coin.coin.seed()),
            ":blinding_seed": Bytes::new(coin.blinding),
        })?;
    }
    Ok(withdrawal)
}

/// The number of a denomination, which is remembered if it is not known.
pub(super) fn denomination(
    tx: &Transaction<'_>,
    exchange: i64,
    kind: &Denomination,
) -> Result<i64, Error> {
    let DenominationKey::Rsa(key) = &kind.key else {
        return Err(Error::InvalidField("coins of this cipher cannot be withdrawn"));
    };
    tx.prepare_cached(sql!("denominations/insert"))?.execute(named_params! {
        ":exchange": exchange,
        ":h_denom": kind.h_denom,
        ":rsa_pub": key.as_bytes(),
        ":value": kind.value,
        ":fee_withdraw": kind.fees.withdraw,
        ":fee_deposit": kind.fees.deposit,
        ":fee_refund": kind.fees.refund,
        ":expire_deposit_s": kind.expire_deposit,
    })?;
    let name = named_params! { ":exchange": exchange, ":h_denom": kind.h_denom };
    Ok(tx.prepare_cached(sql!("denominations/find"))?.query_row(name, |row| row.get("serial"))?)
}

/// The numbers of all withdrawals that are not finished, the oldest first.
pub(super) fn open_withdrawals(db: &Connection) -> Result<Vec<i64>, Error> {
    let mut statement = db.prepare_cached(sql!("withdrawals/open"))?;
    let serials = statement.query_map([], |row| row.get("serial"))?;
    Ok(serials.collect::<Result<_, _>>()?)
}

pub(super) fn withdrawal(db: &Connection, serial: i64) -> Result<Withdrawal, Error> {
    let found = db.prepare_cached(sql!("withdrawals/find"))?.query_row(
        named_params! { ":serial": serial },
        |row| {
            Ok(Withdrawal {
                exchange: row.get("base_url")?,
                reserve: key(row.get("reserve_seed")?),
                price: row.get("price")?,
                is_topped_up: row.get("is_topped_up")?,
                generation: row.get("protocol")?,
            })
        },
    );
    Ok(found?)
}

/// The coins of a withdrawal that nobody has signed yet.
pub(super) fn planchets(db: &Connection, withdrawal: i64) -> Result<Vec<Planchet>, Error> {
    let mut statement = db.prepare_cached(sql!("coins/planchets"))?;
    let mut rows = statement.query(named_params! { ":withdrawal": withdrawal })?;
    let mut planchets = Vec::new();
    while let Some(row) = rows.next()? {
        let blinding: Bytes<32> = row.get("blinding_seed")?;
        let rsa_pub: Vec<u8> = row.get("rsa_pub")?;
        planchets.push(Planchet {
            serial: row.get("serial")?,
            coin: key(row.get("coin_seed")?),
            secret: BlindingSecret::new(*blinding.as_bytes()),
            h_denom: row.get("h_denom")?,
            key: RsaPublicKey::from_bytes(&rsa_pub)
                .map_err(|_| Error::Damaged("a denomination's key"))?,
            value: row.get("value")?,
            fee_withdraw: row.get("fee_withdraw")?,
        });
    }
    Ok(planchets)
}

/// The reserve has what the withdrawal costs.
pub(super) fn topped_up(tx: &Transaction<'_>, withdrawal: i64) -> Result<(), Error> {
    let name = named_params! { ":serial": withdrawal };
    tx.prepare_cached(sql!("withdrawals/top_up"))?.execute(name)?;
    Ok(())
}

/// No money ever went into the reserve, and none will: nothing is to come of the withdrawal.
pub(super) fn give_up(tx: &Transaction<'_>, withdrawal: i64) -> Result<(), Error> {
    let name = named_params! { ":serial": withdrawal };
    tx.prepare_cached(sql!("withdrawals/give_up"))?.execute(name)?;
    Ok(())
}

/// Planchets have become coins; the withdrawal is done with the last one.
pub(super) fn signed(
    tx: &Transaction<'_>,
    withdrawal: i64,
    coins: &[(i64, CoinSignature, Amount)],
) -> Result<(), Error> {
    for (serial, ub_sig, value) in coins {
        let ub_sig =
            serde_json::to_string(ub_sig).map_err(|_| Error::Nonsense("a coin is no JSON"))?;
        let coin = named_params! { ":serial": serial, ":ub_sig": ub_sig, ":value": value };
        tx.prepare_cached(sql!("coins/sign"))?.execute(coin)?;
    }
    let name = named_params! { ":serial": withdrawal };
    tx.prepare_cached(sql!("withdrawals/finish"))?.execute(name)?;
    Ok(())
}

/// What can be spent, coin by coin, and of which exchange.
pub(super) fn balances(db: &Connection) -> Result<Vec<(BaseUrl, Amount)>, Error> {
    let mut statement = db.prepare_cached(sql!("coins/balances"))?;
    let rows = statement.query_map([], |row| Ok((row.get("base_url")?, row.get("remaining")?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What is on its way, coin by coin, and from which exchange.
pub(super) fn expected(db: &Connection) -> Result<Vec<(BaseUrl, Amount)>, Error> {
    let mut statement = db.prepare_cached(sql!("coins/expected"))?;
    let rows = statement.query_map([], |row| Ok((row.get("base_url")?, row.get("value")?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Coins of this exchange, and of no other one that calls itself so, that shops take now.
pub(super) fn spendable(
    db: &Connection,
    exchange: &BaseUrl,
    master: &PublicKey,
    currency: &Currency,
    now: Timestamp,
) -> Result<Vec<SpendableCoin>, Error> {
    let mut statement = db.prepare_cached(sql!("coins/spendable"))?;
    let mut rows = statement.query(named_params! {
        ":base_url": exchange, ":master_pub": master, ":currency": currency.as_str(),
    })?;
    let mut coins = Vec::new();
    while let Some(row) = rows.next()? {
        let until: Timestamp = row.get("expire_deposit_s")?;
        if now < until {
            coins.push(SpendableCoin {
                coin: row.get("serial")?,
                remaining: row.get("remaining")?,
                fee: row.get("fee_deposit")?,
            });
        }
    }
    Ok(coins)
}

/// What is known of a coin's value: what is left, what it was worth when new, what a refund costs.
struct Worth {
    remaining: Option<Amount>,
    value: Amount,
    fee_refund: Amount,
}

fn worth(db: &Connection, coin: i64) -> Result<Worth, Error> {
    let name = named_params! { ":serial": coin };
    Ok(db.prepare_cached(sql!("coins/find"))?.query_row(name, |row| {
        Ok(Worth {
            remaining: row.get("remaining")?,
            value: row.get("value")?,
            fee_refund: row.get("fee_refund")?,
        })
    })?)
}

fn set_remaining(tx: &Transaction<'_>, coin: i64, remaining: &Amount) -> Result<(), Error> {
    let remaining = (!remaining.is_zero()).then_some(remaining);
    let set = named_params! { ":serial": coin, ":remaining": remaining };
    tx.prepare_cached(sql!("coins/set_remaining"))?.execute(set)?;
    Ok(())
}

/// Takes `amount` off a coin.
pub(super) fn debit(tx: &Transaction<'_>, coin: i64, amount: &Amount) -> Result<(), Error> {
    let worth = worth(tx, coin)?;
    let left = worth.remaining.unwrap_or(Amount::zero(*worth.value.currency()));
    set_remaining(tx, coin, &left.checked_sub(amount)?)
}

/// Gives `amount` back to a coin, which is never worth more than when it was new.
pub(super) fn credit(tx: &Transaction<'_>, coin: i64, amount: &Amount) -> Result<(), Error> {
    let worth = worth(tx, coin)?;
    let left = worth.remaining.unwrap_or(Amount::zero(*worth.value.currency()));
    let sum = left.checked_add(amount)?;
    if sum.try_cmp(&worth.value)?.is_gt() {
        return Err(Error::Nonsense("more came back than the coin ever had"));
    }
    set_remaining(tx, coin, &sum)
}

/// What arrives at a coin of a refund of `amount`.
pub(super) fn net_refund(db: &Connection, coin: i64, amount: &Amount) -> Result<Amount, Error> {
    let fee = worth(db, coin)?.fee_refund;
    amount.checked_sub(&fee).map_err(|_| Error::Nonsense("a refund is less than its fee"))
}

/// A shop was told that the coin is spent: it is not used again.
pub(super) fn mark_suspect(tx: &Transaction<'_>, coin: i64) -> Result<(), Error> {
    let name = named_params! { ":serial": coin };
    tx.prepare_cached(sql!("coins/doubt"))?.execute(name)?;
    Ok(())
}
