//! Refunds: a merchant gives some of a deposit back to the coin (crypto 14.3).

use rusqlite::{Connection, OptionalExtension, Transaction, named_params};
use serde::{Deserialize, Serialize};

use super::coins::{self, Deposit, DepositKey};
use super::failure::Failure;
use super::faults::FaultAction;
use super::keys::Keys;
use super::{Sandbox, sql};
use taler::amount::Amount;
use taler::base32::HashCode;
use taler::payto::Payto;
use taler::sign::exchange::RefundConfirmation;
use taler::sign::merchant::RefundRequest;
use taler::sign::{PublicKey, Signature, Statement};

/// Most refunds of one deposit.
const MAX_REFUNDS: i64 = 64;

/// Asks for some of a deposit to be refunded.
#[derive(Deserialize)]
pub(super) struct Request {
    refund_amount: Amount,
    h_contract_terms: HashCode,
    rtransaction_id: u64,
    merchant_pub: PublicKey,
    merchant_sig: Signature,
}

/// The merchant's answer.
#[derive(Serialize)]
pub(super) struct Confirmed {
    exchange_pub: PublicKey,
    exchange_sig: Signature,
}

/// A refund that was made. The amount is a column.
struct RefundRow {
    amount: i64,
    reported: (PublicKey, Signature),
}

impl Sandbox {
    /// Gives some of a deposit back. The same request again changes nothing and gets the same answer.
    /// Blocks.
    pub(super) fn refund(
        &self,
        coin: &PublicKey,
        asked: &Request,
        act: FaultAction,
    ) -> Result<Confirmed, Failure> {
        let wish = RefundRequest {
            h_contract: asked.h_contract_terms,
            coin_pub: *coin,
            rtransaction_id: asked.rtransaction_id,
            amount: asked.refund_amount.to_nbo(),
        };
        if !wish.verify(&asked.merchant_pub, &asked.merchant_sig) {
            return Err(Failure::RefundSignature);
        }
        let statement = RefundConfirmation {
            h_contract: asked.h_contract_terms,
            coin_pub: *coin,
            merchant_pub: asked.merchant_pub,
            rtransaction_id: asked.rtransaction_id,
            amount: asked.refund_amount.to_nbo(),
        };
        let keys = self.keys();
        let signed = self.refund_coin(coin, asked, &statement, (&keys, act))?;
        let (exchange_pub, exchange_sig) = act.signed(&statement, signed)?;
        Ok(Confirmed { exchange_pub, exchange_sig })
    }

    fn refund_coin(
        &self,
        coin: &PublicKey,
        asked: &Request,
        statement: &RefundConfirmation,
        (keys, act): (&Keys, FaultAction),
    ) -> Result<(PublicKey, Signature), Failure> {
        let (now, money) = (self.now(), self.0.money);
        let amount = money.units(&asked.refund_amount);
        let amount = amount.map_err(|_| Failure::Field("refund_amount".into()))?;
        let id = asked.rtransaction_id.to_be_bytes();
        let signed = keys.signing_at(now)?.sign(statement);
        self.0.file.change(|tx| {
            // Said of a coin that was never seen: there is no code of its own for that.
            let unknown = || keys.unknown(&HashCode::ZERO, now).unwrap_or_else(|failure| failure);
            let known = coins::find(tx, coin)?.ok_or_else(unknown)?;
            let key = DepositKey {
                coin: known.serial,
                merchant_pub: asked.merchant_pub,
                h_contract: asked.h_contract_terms,
            };
            let deposits = coins::find_deposits(tx, &key)?;
            let first = deposits.first().ok_or(Failure::RefundDepositUnknown)?;
            let account = Payto::parse(first.payto.as_str());
            let account = account.map_err(|_| Failure::Bug("the file holds a bad account"))?;
            act.apply(account.normalized_hash(), Some(asked.merchant_pub))?;
            let denomination = keys.denominations.iter().find(|d| d.serial == known.denomination);
            let denomination = denomination.ok_or(Failure::Bug("a denomination is lost"))?;
            let (kind, h_denom) = (denomination.kind, denomination.h_denom);
            for deposit in &deposits {
                if let Some(kept) = find(tx, deposit.serial, id)? {
                    return match kept.amount == amount {
                        true => Ok(kept.reported),
                        false => Err(Failure::RefundOtherAmount(*coin, h_denom)),
                    };
                }
            }
            let fee = money.units(&kind.fee_refund)?;
            if amount < fee || amount == 0 {
                return Err(Failure::RefundBelowFee);
            }
            // From then on the money is on its way, whether or not anybody has asked.
            if deposits.iter().all(|deposit| deposit.is_wired || deposit.wire_deadline <= now) {
                return Err(Failure::RefundTooLate);
            }
            let deposit = taken_from(tx, &deposits, amount)?;
            let deposit = deposit.ok_or(Failure::RefundTooMuch(*coin, h_denom))?;
            let refunds: i64 = tx
                .prepare_cached(sql!("refunds/count"))?
                .query_row(named_params! { ":deposit": deposit.serial }, |row| row.get(0))?;
            if refunds >= MAX_REFUNDS {
                return Err(Failure::RefundTooMany);
            }
            tx.prepare_cached(sql!("coins/give_back"))?.execute(named_params! {
                ":serial": known.serial,
                ":amount": amount.saturating_sub(fee),
            })?;
            tx.prepare_cached(sql!("refunds/insert"))?.execute(named_params! {
                ":deposit": deposit.serial,
                ":rtransaction_id": id,
                ":amount": amount,
                ":fee": fee,
                ":exchange_pub": signed.0,
                ":exchange_sig": signed.1.as_bytes(),
                ":merchant_sig": asked.merchant_sig.as_bytes(),
            })?;
            coins::record(tx, known.serial, &coins::Event::Refund(tx.last_insert_rowid()))?;
            Ok(signed)
        })
    }
}

/// The first of these deposits that has as much left, which is taken back from it.
fn taken_from<'a>(
    tx: &Transaction<'_>,
    deposits: &'a [Deposit],
    amount: i64,
) -> Result<Option<&'a Deposit>, Failure> {
    let mut take_back = tx.prepare_cached(sql!("refunds/take_back"))?;
    for deposit in deposits {
        let params = named_params! { ":serial": deposit.serial, ":amount": amount };
        if take_back.execute(params)? > 0 {
            return Ok(Some(deposit));
        }
    }
    Ok(None)
}

fn find(db: &Connection, deposit: i64, id: [u8; 8]) -> Result<Option<RefundRow>, Failure> {
    let found = db.prepare_cached(sql!("refunds/find"))?.query_row(
        named_params! { ":deposit": deposit, ":rtransaction_id": id },
        |row| {
            Ok(RefundRow {
                amount: row.get("amount")?,
                reported: (row.get("exchange_pub")?, Signature::new(row.get("exchange_sig")?)),
            })
        },
    );
    Ok(found.optional()?)
}
