//! Bank accounts of merchants: whose they are, and how much they may be paid (crypto 14.6).
//!
//! All of it only where the sandbox has a limit on deposits. As the exchange of December 2024 did: a
//! merchant is paid nothing before a transfer from the very account, letter by letter, has named its
//! key; beyond the limit of a day its owner must identify.

use rusqlite::{Connection, OptionalExtension, Transaction, named_params};
use serde_json::{Value, json};

use super::failure::{Failure, Identification};
use super::{Error, Sandbox, sql};
use taler::amount::Amount;
use taler::base32::{self, ShortHash};
use taler::hash;
use taler::payto::Payto;
use taler::sign::merchant::KycQuestion;
use taler::sign::{PublicKey, Signature, Statement};
use taler::time::{RelativeTime, Timestamp};

/// The time within which the limit holds, in seconds.
const DAY_S: u64 = 86_400;

/// Who is to be paid, and where.
pub(super) struct Owner<'a> {
    pub(super) payto: &'a Payto,
    pub(super) merchant_pub: PublicKey,
}

/// What an exchange says of an account.
pub(super) enum KycChecked {
    /// No obstacle.
    Free(Value),
    /// Its owner must identify.
    Required(Value),
}

impl Sandbox {
    /// Keeps that a transfer from this account named this key: in a real bank, one of the smallest
    /// amount with `KYC:` and the key in its subject. Blocks.
    ///
    /// # Errors
    /// [`Error::Sqlite`].
    pub fn prove_account(&self, payto: &Payto, account_pub: &PublicKey) -> Result<(), Error> {
        self.0.file.change(|tx| {
            tx.prepare_cached(sql!("accounts/prove"))?.execute(named_params! {
                ":payto": payto.as_str(),
                ":h_payto": payto.normalized_hash(),
                ":account_pub": account_pub,
            })?;
            Ok(())
        })
    }

    /// Keeps that somebody wants to be paid to this account, whatever comes of it.
    pub(super) fn meet_owner(&self, owner: &Owner<'_>) -> Result<(), Failure> {
        if self.0.settings.deposit_limit.is_none() {
            return Ok(());
        }
        self.0.file.change(|tx| {
            tx.prepare_cached(sql!("accounts/insert"))?.execute(named_params! {
                ":payto": owner.payto.as_str(),
                ":h_payto": owner.payto.normalized_hash(),
            })?;
            Ok(())
        })
    }

    /// Whether the owner may be paid so much more.
    pub(super) fn allow<'a>(
        &self,
        tx: &Transaction<'_>,
        owner: &Owner<'_>,
        contributions: impl Iterator<Item = &'a Amount>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let Some(limit) = &self.0.settings.deposit_limit else { return Ok(()) };
        let h_payto = owner.payto.normalized_hash();
        let known: Option<Option<PublicKey>> = tx
            .prepare_cached(sql!("accounts/find"))?
            .query_row(named_params! { ":payto": owner.payto.as_str() }, |row| {
                row.get("account_pub")
            })
            .optional()?;
        if known.flatten() != Some(owner.merchant_pub) {
            return Err(Failure::KycAuth(h_payto));
        }
        let money = self.0.money;
        let mut sum = deposited(tx, owner.payto.as_str(), &owner.merchant_pub, now)?;
        for contribution in contributions {
            sum = sum.saturating_add(money.units(contribution)?);
        }
        match sum > money.units(limit)? {
            true => Err(Failure::Kyc(Box::new(Identification {
                h_payto,
                account_pub: Some(owner.merchant_pub),
            }))),
            false => Ok(()),
        }
    }

    /// KYC state of an account, for its owner. Blocks.
    pub(super) fn kyc_check(
        &self,
        h_payto: &ShortHash,
        signature: &Signature,
    ) -> Result<KycChecked, Failure> {
        let (now, settings) = (self.now(), &self.0.settings);
        self.0.file.look(|db| {
            let found = db
                .prepare_cached(sql!("accounts/by_hash"))?
                .query_row(named_params! { ":h_payto": h_payto }, |row| {
                    Ok((row.get::<_, String>("payto")?, row.get("account_pub")?))
                });
            let (payto, key): (_, Option<PublicKey>) =
                found.optional()?.ok_or(Failure::KycAccountUnknown)?;
            let key = key.ok_or(Failure::KycKeyUnknown)?;
            if !KycQuestion.verify(&key, signature) {
                return Err(Failure::KycSignature(key));
            }
            let Some(limit) = settings.deposit_limit else {
                return Ok(KycChecked::Free(Value::Null));
            };
            // A client that has it may open the page on which owners identify. There is none here.
            let access_token = hash::shorten(&hash::sha512_all([h_payto.as_ref(), key.as_ref()]));
            let limits = json!({
                "aml_review": false,
                "access_token": base32::encode(access_token.as_ref()),
                "limits": [{
                    "rule_name": "deposits",
                    "soft_limit": true,
                    "operation_type": "DEPOSIT",
                    "timeframe": RelativeTime::from_secs(DAY_S).unwrap_or(RelativeTime::FOREVER),
                    "threshold": limit,
                }],
            });
            let used = deposited(db, &payto, &key, now)?;
            Ok(match used < self.0.money.units(&limit)? {
                true => KycChecked::Free(limits),
                false => KycChecked::Required(limits),
            })
        })
    }
}

/// What the account was paid within the time of the limit, as a column.
fn deposited(
    db: &Connection,
    payto: &str,
    merchant: &PublicKey,
    now: Timestamp,
) -> Result<i64, Failure> {
    let since = now.secs().unwrap_or_default().saturating_sub(DAY_S);
    let since = Timestamp::from_secs(since).unwrap_or(Timestamp::ZERO);
    let deposited = db.prepare_cached(sql!("accounts/deposited_since"))?.query_row(
        named_params! { ":merchant_pub": merchant, ":payto": payto, ":since_s": since },
        |row| row.get("deposited"),
    );
    Ok(deposited?)
}
