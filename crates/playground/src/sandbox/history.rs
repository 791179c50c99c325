//! What became of a coin, for its owner: deposits, refunds and melts in their order (refresh 5).
//!
//! A deposit and a melt are listed with all that they took, a refund with what arrived. Where nothing is
//! new the exchange of December 2024 aborts; here the answer has no body.

use rusqlite::{Connection, Row, named_params};
use serde_json::{Map, Value, json};

use super::coins;
use super::failure::Failure;
use super::keys::Keys;
use super::melts::Candidates;
use super::money::Money;
use super::{Sandbox, reveals, sql};
use taler::base32::HashCode;
use taler::coin::envelope::EnvelopeSignature;
use taler::sign::wallet::CoinHistory;
use taler::sign::{PublicKey, Signature, Statement};
use taler::time::Timestamp;

/// Most entries of one answer, of which one may have 64 signatures; the rest is got with another start.
const MAX_ENTRIES: i64 = 100;

/// A coin's history.
pub(super) struct History {
    /// The number of the newest entry: what tells whether anything is new.
    pub(super) newest: i64,
    /// Whether anything is newer than what was asked for.
    pub(super) has_news: bool,
    /// It, if it is.
    pub(super) body: Option<Value>,
}

impl Sandbox {
    /// What became of a coin after the entry `start`. Blocks.
    pub(super) fn history(
        &self,
        coin: &PublicKey,
        start: u64,
        signature: &Signature,
    ) -> Result<History, Failure> {
        if !(CoinHistory { start }).verify(coin, signature) {
            return Err(Failure::HistorySignature);
        }
        let (keys, money) = (self.keys(), self.0.money);
        let start = i64::try_from(start).unwrap_or(i64::MAX);
        self.0.file.look(|db| {
            let known = coins::find(db, coin)?.ok_or(Failure::CoinUnknown)?;
            let newest: i64 = db
                .prepare_cached(sql!("history/newest"))?
                .query_row(named_params! { ":coin": known.serial }, |row| row.get("newest"))?;
            let mut list = db.prepare_cached(sql!("history/list"))?;
            let mut rows = list.query(named_params! {
                ":coin": known.serial, ":start": start, ":limit": MAX_ENTRIES,
            })?;
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                let (paid, came_back): (Option<i64>, Option<i64>) =
                    (row.get("deposit")?, row.get("refund")?);
                entries.push(match (paid, came_back) {
                    (Some(_), _) => deposit(row, money)?,
                    (None, Some(_)) => refund(row, money)?,
                    (None, None) => melt(db, row, money)?,
                });
            }
            let body = (!entries.is_empty()).then(|| -> Result<Value, Failure> {
                Ok(json!({
                    "h_denom_pub": name_of(&keys, known.denomination)?,
                    "balance": money.amount(known.left())?,
                    "history": entries,
                }))
            });
            let body = body.transpose()?;
            Ok(History { newest, has_news: body.is_some(), body })
        })
    }
}

fn melt(db: &Connection, row: &Row<'_>, money: Money) -> Result<Value, Failure> {
    let mut entry = Map::from_iter([
        ("type".into(), json!("MELT")),
        ("amount".into(), json!(money.column(row, "melt_amount")?)),
        ("melt_fee".into(), json!(money.column(row, "melt_fee")?)),
        ("rc".into(), json!(row.get::<_, HashCode>("commitment")?)),
        ("coin_sig".into(), json!(Signature::new(row.get("melt_sig")?))),
    ]);
    // Since protocol 32 this is how an owner finds the new coins.
    if let Some(text) = row.get::<_, Option<String>>("candidates")? {
        let said: Candidates = serde_json::from_str(&text)
            .map_err(|_| Failure::Bug("the file holds candidates that are none"))?;
        entry.insert("noreveal_index".into(), json!(row.get::<_, u32>("noreveal_index")?));
        entry.insert("refresh_seed".into(), json!(said.refresh_seed));
        entry.insert("denoms_h".into(), json!(said.denoms_h));
        entry.insert("transfer_pubs".into(), json!(said.transfer_pubs));
        let signatures = reveals::kept(db, row.get("melt_serial")?)?;
        if !signatures.is_empty() {
            let wrap = |blinded_rsa_signature| EnvelopeSignature::Rsa { blinded_rsa_signature };
            let list: Vec<_> = signatures.into_iter().map(wrap).collect();
            entry.insert("ev_sigs".into(), json!(list));
        }
    }
    Ok(entry.into())
}

fn name_of(keys: &Keys, denomination: i64) -> Result<HashCode, Failure> {
    let found = keys.denominations.iter().find(|d| d.serial == denomination);
    Ok(found.ok_or(Failure::Bug("a denomination is lost"))?.h_denom)
}

fn deposit(row: &Row<'_>, money: Money) -> Result<Value, Failure> {
    let mut entry = json!({
        "type": "DEPOSIT",
        "amount": money.column(row, "contribution")?,
        "deposit_fee": money.column(row, "deposit_fee")?,
        "timestamp": row.get::<_, Timestamp>("timestamp_s")?,
        "merchant_pub": row.get::<_, PublicKey>("merchant_pub")?,
        "h_contract_terms": row.get::<_, HashCode>("h_contract")?,
        "h_wire": row.get::<_, HashCode>("h_wire")?,
        "coin_sig": Signature::new(row.get("coin_sig")?),
    });
    if let Some(entry) = entry.as_object_mut() {
        let until: Timestamp = row.get("refund_deadline_s")?;
        if until != Timestamp::ZERO {
            entry.insert("refund_deadline".into(), json!(until));
        }
        if let Some(hash) = row.get::<_, Option<HashCode>>("wallet_data_hash")? {
            entry.insert("wallet_data_hash".into(), json!(hash));
        }
    }
    Ok(entry)
}

fn refund(row: &Row<'_>, money: Money) -> Result<Value, Failure> {
    let (gross, fee): (i64, i64) = (row.get("refund_amount")?, row.get("refund_fee")?);
    let id: [u8; 8] = row.get("rtransaction_id")?;
    let mut entry = json!({
        "type": "REFUND",
        "amount": money.amount(gross.saturating_sub(fee))?,
        "refund_fee": money.amount(fee)?,
        "h_contract_terms": row.get::<_, HashCode>("h_contract")?,
        "merchant_pub": row.get::<_, PublicKey>("merchant_pub")?,
        "rtransaction_id": u64::from_be_bytes(id),
    });
    if let (Some(entry), Some(signature)) =
        (entry.as_object_mut(), row.get::<_, Option<[u8; 64]>>("merchant_sig")?)
    {
        entry.insert("merchant_sig".into(), json!(Signature::new(signature)));
    }
    Ok(entry)
}
