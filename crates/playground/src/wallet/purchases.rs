//! What the file knows of purchases: how far each one is, what pays for it, what came back.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

use super::contract::Contract;
use super::selection::Piece;
use super::{Error, coins, sql};
use taler::amount::Amount;
use taler::base32::{Bytes, HashCode};
use taler::coin::denomination::CoinSignature;
use taler::ids::{OrderId, SessionId};
use taler::payment::Part;
use taler::sign::exchange::RefundConfirmation;
use taler::sign::{PublicKey, Signature, SigningKey};
use taler::taler_uri::Pay;
use taler::time::Timestamp;
use taler::web::{BaseUrl, FulfillmentUrl};

/// How far a purchase is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The shop may have been asked for the contract.
    Claiming,
    /// The contract is there; no money is booked.
    Claimed,
    /// Money is booked, and may have been sent.
    Paying,
    /// There is a receipt.
    Paid,
    /// The shop has permanently refused, and is asked for what it has of the money.
    Aborting,
    /// What came back is back.
    Aborted,
}

const WORDS: [(State, &str); 6] = [
    (State::Claiming, "claiming"),
    (State::Claimed, "claimed"),
    (State::Paying, "paying"),
    (State::Paid, "paid"),
    (State::Aborting, "aborting"),
    (State::Aborted, "aborted"),
];

impl State {
    /// The word for it, in the file and for people.
    pub(super) fn word(self) -> &'static str {
        let word = WORDS.iter().find(|(state, _)| *state == self).map(|(_, word)| *word);
        word.unwrap_or_default()
    }
}

impl ToSql for State {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.word().into())
    }
}

impl FromSql for State {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        let state = WORDS.iter().find(|(_, word)| *word == text).map(|(state, _)| *state);
        state.ok_or(FromSqlError::InvalidType)
    }
}

/// An order that the wallet has claimed, or is about to.
#[derive(Clone, Debug)]
pub(super) struct Purchase {
    pub(super) serial: i64,
    pub(super) base: BaseUrl,
    pub(super) order: OrderId,
    pub(super) claim_token: Option<String>,
    pub(super) nonce: SigningKey,
    pub(super) state: State,
    pub(super) contract: Option<String>,
    /// The visitor to whom the payment is bound.
    pub(super) session: Option<SessionId>,
    pub(super) receipt: Option<Signature>,
    /// Why it is or was aborted.
    pub(super) reason: Option<String>,
}

impl Purchase {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let nonce: Bytes<32> = row.get("nonce_seed")?;
        Ok(Self {
            serial: row.get("serial")?,
            base: row.get("base_url")?,
            order: row.get("order_id")?,
            claim_token: row.get("claim_token")?,
            nonce: SigningKey::from_seed(*nonce.as_bytes()),
            state: row.get("state")?,
            contract: row.get("contract")?,
            session: row.get("session_id")?,
            receipt: row.get("receipt")?,
            reason: row.get("reason")?,
        })
    }

    /// The contract, which was checked when it came.
    pub(super) fn contract(&self) -> Result<Contract, Error> {
        let text = self.contract.clone().ok_or(Error::Damaged("a purchase has no contract"))?;
        Contract::read(text).map_err(|_| Error::Damaged("a contract"))
    }

    /// The address of something that belongs to the order.
    pub(super) fn url(&self, what: &str) -> String {
        self.base.join(&["orders", self.order.as_str(), what])
    }
}

/// A coin in a payment.
#[derive(Clone, Debug)]
pub(super) struct Spending {
    pub(super) serial: i64,
    pub(super) coin: i64,
    pub(super) contribution: Amount,
    pub(super) key: SigningKey,
    pub(super) coin_pub: PublicKey,
    pub(super) ub_sig: CoinSignature,
    pub(super) h_denom: HashCode,
    pub(super) fee: Amount,
    pub(super) exchange: BaseUrl,
}

impl Spending {
    pub(super) const fn part(&self) -> Part {
        Part { contribution: self.contribution, deposit_fee: self.fee }
    }
}

/// Keeps the key with which an order will be claimed.
pub(super) fn begin(tx: &Transaction<'_>, pay: &Pay, nonce: &SigningKey) -> Result<(), Error> {
    tx.prepare_cached(sql!("purchases/insert"))?.execute(named_params! {
        ":base_url": pay.base,
        ":order_id": pay.order,
        ":claim_token": pay.claim_token,
        ":nonce_seed": Bytes::new(*nonce.seed()),
        ":session_id": pay.session,
    })?;
    Ok(())
}

pub(super) fn find(
    db: &Connection,
    base: &BaseUrl,
    order: &OrderId,
) -> Result<Option<Purchase>, Error> {
    let name = named_params! { ":base_url": base, ":order_id": order };
    Ok(db
        .prepare_cached(sql!("purchases/columns" + "purchases/find"))?
        .query_row(name, Purchase::read)
        .optional()?)
}

/// Purchases that are paid, of this shop and page, the newest first.
pub(super) fn bought(
    db: &Connection,
    base: &BaseUrl,
    merchant: &PublicKey,
    page: &FulfillmentUrl,
) -> Result<Vec<Purchase>, Error> {
    let mut statement = db.prepare_cached(sql!("purchases/columns" + "purchases/bought"))?;
    let rows = statement.query_map(
        named_params! { ":base_url": base, ":merchant_pub": merchant, ":fulfillment_url": page },
        Purchase::read,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Purchases whose money is somewhere on the way, the oldest first.
pub(super) fn open(db: &Connection) -> Result<Vec<Purchase>, Error> {
    let mut statement = db.prepare_cached(sql!("purchases/open"))?;
    let rows = statement.query_map([], Purchase::read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The purchases that were paid last, of whichever shop, the newest first.
pub(super) fn recent(db: &Connection, limit: i64) -> Result<Vec<Purchase>, Error> {
    let mut statement = db.prepare_cached(sql!("purchases/columns" + "purchases/recent"))?;
    let rows = statement.query_map(named_params! { ":limit": limit }, Purchase::read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The order was given back to the shop.
pub(super) fn forget(tx: &Transaction<'_>, purchase: i64) -> Result<(), Error> {
    let name = named_params! { ":serial": purchase };
    tx.prepare_cached(sql!("purchases/delete"))?.execute(name)?;
    Ok(())
}

/// The contract has come and was checked.
pub(super) fn claimed(
    tx: &Transaction<'_>,
    purchase: i64,
    contract: &Contract,
    sig: &Signature,
) -> Result<(), Error> {
    tx.prepare_cached(sql!("purchases/claim"))?.execute(named_params! {
        ":serial": purchase,
        ":contract": contract.text,
        ":h_contract": contract.hash,
        ":offer_sig": sig,
        ":merchant_pub": contract.terms.merchant_pub,
        ":fulfillment_url": contract.terms.fulfillment_url,
    })?;
    Ok(())
}

/// Changes how far a purchase is; without a reason the one that is there stays.
pub(super) fn set_state(
    tx: &Transaction<'_>,
    purchase: i64,
    state: State,
    reason: Option<&str>,
) -> Result<(), Error> {
    let set = named_params! { ":serial": purchase, ":state": state, ":reason": reason };
    tx.prepare_cached(sql!("purchases/set_state"))?.execute(set)?;
    Ok(())
}

pub(super) fn set_session(
    tx: &Transaction<'_>,
    purchase: i64,
    session: Option<&SessionId>,
) -> Result<(), Error> {
    let set = named_params! { ":serial": purchase, ":session_id": session };
    tx.prepare_cached(sql!("purchases/set_session"))?.execute(set)?;
    Ok(())
}

/// The shop has signed that it is paid.
pub(super) fn paid(tx: &Transaction<'_>, purchase: i64, receipt: &Signature) -> Result<(), Error> {
    let set = named_params! { ":serial": purchase, ":receipt": receipt };
    tx.prepare_cached(sql!("purchases/pay"))?.execute(set)?;
    Ok(())
}

/// Books these pieces of coins for a purchase: nobody can have them again.
pub(super) fn book(tx: &Transaction<'_>, purchase: i64, pieces: &[Piece]) -> Result<(), Error> {
    for piece in pieces {
        coins::debit(tx, piece.coin, &piece.contribution)?;
        tx.prepare_cached(sql!("spendings/insert"))?.execute(named_params! {
            ":purchase": purchase,
            ":coin": piece.coin,
            ":contribution": piece.contribution,
        })?;
    }
    Ok(())
}

/// The coins in a purchase, in the order in which they were booked.
pub(super) fn spendings(db: &Connection, purchase: i64) -> Result<Vec<Spending>, Error> {
    let mut statement = db.prepare_cached(sql!("spendings/list"))?;
    let mut rows = statement.query(named_params! { ":purchase": purchase })?;
    let mut spendings = Vec::new();
    while let Some(row) = rows.next()? {
        let seed: Bytes<32> = row.get("coin_seed")?;
        let ub_sig: String = row.get("ub_sig")?;
        spendings.push(Spending {
            serial: row.get("serial")?,
            coin: row.get("coin")?,
            contribution: row.get("contribution")?,
            key: SigningKey::from_seed(*seed.as_bytes()),
            coin_pub: row.get("coin_pub")?,
            ub_sig: serde_json::from_str(&ub_sig)
                .map_err(|_| Error::Damaged("a coin's signature"))?,
            h_denom: row.get("h_denom")?,
            fee: row.get("fee_deposit")?,
            exchange: row.get("base_url")?,
        });
    }
    Ok(spendings)
}

/// The coin never was spent: its value is there again, unless an exchange has said otherwise.
pub(super) fn release(tx: &Transaction<'_>, spending: &Spending) -> Result<(), Error> {
    let name = named_params! { ":serial": spending.serial };
    if tx.prepare_cached(sql!("spendings/delete"))?.execute(name)? > 0 {
        coins::credit(tx, spending.coin, &spending.contribution)?;
    }
    Ok(())
}

/// A shop was told that the coin is spent: it is taken out of the payment, and not used again.
pub(super) fn drop_coin(tx: &Transaction<'_>, spending: &Spending) -> Result<(), Error> {
    release(tx, spending)?;
    coins::mark_suspect(tx, spending.coin)
}

/// The exchange has confirmed a refund. Returns what arrived at the coin; nothing the second time.
pub(super) fn refunded(
    tx: &Transaction<'_>,
    spending: &Spending,
    confirmation: &RefundConfirmation,
    amount: &Amount,
    (signer, sig): (&PublicKey, &Signature),
    now: Timestamp,
) -> Result<Option<Amount>, Error> {
    let is_new = tx.prepare_cached(sql!("refunds/insert"))?.execute(named_params! {
        ":spending": spending.serial,
        ":rtransaction_id": confirmation.rtransaction_id.to_be_bytes(),
        ":amount": amount,
        ":exchange_pub": signer,
        ":exchange_sig": sig,
        ":made_at_s": now,
    })?;
    if is_new == 0 {
        return Ok(None);
    }
    let net = coins::net_refund(tx, spending.coin, amount)?;
    coins::credit(tx, spending.coin, &net)?;
    Ok(Some(net))
}
