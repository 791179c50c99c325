//! Transfers: what merchants were paid, and for which deposits (crypto 14.4 and 14.5).
//!
//! There is no bank, so a transfer is only a row. It is made when somebody asks for a deposit to an
//! account to which something is due, and takes along all to the same account whose time for refunds
//! is over: its own deadline may still be far. Nobody can see the difference.

use rusqlite::{Connection, OptionalExtension, Transaction, named_params};
use serde_json::{Value, json};

use super::coins::{self, Deposit, DepositKey};
use super::failure::Failure;
use super::faults::FaultAction;
use super::{Sandbox, sql};
use taler::amount::Amount;
use taler::base32::{HashCode, ShortHash};
use taler::hash;
use taler::sign::exchange::{TransferConfirmation, TransferredDeposit, WireConfirmation};
use taler::sign::merchant::DepositQuestion;
use taler::sign::{PublicKey, Signature, Statement};
use taler::time::Timestamp;

/// Most transfers that the sandbox's bank tells of.
const STATEMENT_LINES: i64 = 100;
/// Units of 10⁻⁸ in a hundredth.
const CENT: u32 = 1_000_000;
/// Most deposits that one transfer pays out.
const MAX_DEPOSITS: i64 = 1_000;

/// A merchant asks for the state of a deposit.
pub(super) struct Question {
    pub(super) h_wire: HashCode,
    pub(super) merchant_pub: PublicKey,
    pub(super) h_contract: HashCode,
    pub(super) coin_pub: PublicKey,
    pub(super) merchant_sig: Signature,
}

/// What became of it.
pub(super) enum Tracked {
    /// It will be paid out.
    Pending(Value),
    /// It was.
    Wired(Value),
}

impl Sandbox {
    /// The state of a deposit. Blocks.
    pub(super) fn track(&self, question: &Question, act: FaultAction) -> Result<Tracked, Failure> {
        let asked = DepositQuestion {
            h_contract: question.h_contract,
            h_wire: question.h_wire,
            coin_pub: question.coin_pub,
        };
        if !asked.verify(&question.merchant_pub, &question.merchant_sig) {
            return Err(Failure::TrackSignature);
        }
        if act == FaultAction::NotFound {
            return Err(Failure::DepositUnknown);
        }
        let (now, money, keys) = (self.now(), self.0.money, self.keys());
        let (deposit, wired) = self.0.file.change(|tx| {
            let deposit = find(tx, question)?;
            if act == FaultAction::KycRequired {
                return Ok((deposit, None));
            }
            let wired = match of_deposit(tx, deposit.serial)? {
                None => {
                    self.aggregate(tx, &question.merchant_pub, &deposit.payto, now)?;
                    of_deposit(tx, deposit.serial)?
                }
                known => known,
            };
            Ok::<_, Failure>((deposit, wired))
        })?;
        let Some((wtid, execution_time)) = wired else {
            // What is past due and yet here is too little to be worth a transfer.
            let execution_time = deposit.wire_deadline.max(now);
            let mut pending = json!({ "execution_time": execution_time, "kyc_ok": true });
            if act == FaultAction::KycRequired {
                pending = json!({
                    "execution_time": execution_time, "kyc_ok": false, "requirement_row": 1,
                    "account_pub": question.merchant_pub,
                });
            }
            return Ok(Tracked::Pending(pending));
        };
        let mut net = deposit.contribution.saturating_sub(deposit.fee);
        if act == FaultAction::WrongTotal {
            net = net.saturating_add(1);
        }
        let coin_contribution = money.amount(net)?;
        let statement = WireConfirmation {
            h_wire: question.h_wire,
            h_contract: question.h_contract,
            wtid,
            coin_pub: question.coin_pub,
            execution_time_us: execution_time.to_micros(),
            coin_contribution: coin_contribution.to_nbo(),
        };
        let signed = keys.signing_at(now)?.sign(&statement);
        let (exchange_pub, exchange_sig) = act.signed(&statement, signed)?;
        Ok(Tracked::Wired(json!({
            "wtid": wtid,
            "execution_time": execution_time,
            "coin_contribution": coin_contribution,
            "exchange_pub": exchange_pub,
            "exchange_sig": exchange_sig,
        })))
    }

    /// What a transfer paid out. Blocks.
    pub(super) fn transfer(&self, wtid: &ShortHash, act: FaultAction) -> Result<Value, Failure> {
        if act == FaultAction::NotFound {
            return Err(Failure::TransferUnknown);
        }
        let (now, keys) = (self.now(), self.keys());
        let (mut transfer, mut paid) = self.0.file.look(|db| {
            let transfer = self.find_transfer(db, wtid)?;
            let paid = self.paid_out(db, transfer.serial)?;
            Ok::<_, Failure>((transfer, paid))
        })?;
        distort(&mut transfer, &mut paid, act)?;
        let deposits: Vec<_> = paid
            .iter()
            .map(|paid| TransferredDeposit {
                h_contract: paid.h_contract,
                coin_pub: paid.coin_pub,
                deposit_value: paid.value.to_nbo(),
                deposit_fee: paid.fee.to_nbo(),
            })
            .collect();
        let h_payto = hash::payto_hash(&transfer.payto);
        let statement = TransferConfirmation {
            total: transfer.total.to_nbo(),
            wire_fee: transfer.wire_fee.to_nbo(),
            merchant_pub: transfer.merchant_pub,
            h_payto,
            execution_time_us: transfer.execution_time.to_micros(),
            deposits: &deposits,
        };
        let signed = keys.signing_at(now)?.sign(&statement);
        let (exchange_pub, exchange_sig) = act.signed(&statement, signed)?;
        Ok(json!({
            "total": transfer.total,
            "wire_fee": transfer.wire_fee,
            "merchant_pub": transfer.merchant_pub,
            "h_payto": h_payto,
            "execution_time": transfer.execution_time,
            "deposits": paid.iter().map(PaidOut::written).collect::<Vec<_>>(),
            "exchange_pub": exchange_pub,
            "exchange_sig": exchange_sig,
        }))
    }

    /// The sandbox's bank: pays out what is due to anybody, and tells the newest transfers, those first. Blocks.
    pub(super) fn statement(&self) -> Result<Value, Failure> {
        let now = self.now();
        let rows = self.0.file.change(|tx| {
            let mut due = tx.prepare_cached(sql!("transfers/due_accounts"))?;
            let due = due
                .query_map(named_params! { ":now_s": now, ":limit": MAX_DEPOSITS }, |row| {
                    Ok((row.get("merchant_pub")?, row.get("payto")?))
                })?;
            let due: Vec<(PublicKey, String)> = due.collect::<Result<_, _>>()?;
            for (merchant, payto) in due {
                self.aggregate(tx, &merchant, &payto, now)?;
            }
            let mut newest = tx.prepare_cached(sql!("transfers/newest"))?;
            let mut rows = newest.query(named_params! { ":limit": STATEMENT_LINES })?;
            let mut told = Vec::new();
            while let Some(row) = rows.next()? {
                let (wtid, payto): (ShortHash, String) = (row.get("wtid")?, row.get("payto")?);
                let execution_time: Timestamp = row.get("execution_s")?;
                told.push(json!({
                    "wtid": wtid,
                    "credit_amount": self.0.money.column(row, "total")?,
                    "payto_uri": payto,
                    "exchange_url": self.base_url(),
                    "execution_time": execution_time,
                    // What the line of a real bank says.
                    "subject": format!("{wtid} {}", self.base_url()),
                }));
            }
            Ok::<_, Failure>(told)
        })?;
        Ok(json!({ "transfers": rows }))
    }

    /// Pays out what is due to an account, if anything is and it is worth a transfer.
    fn aggregate(
        &self,
        tx: &Transaction<'_>,
        merchant: &PublicKey,
        payto: &str,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let is_due: bool = tx.prepare_cached(sql!("transfers/is_due"))?.query_row(
            named_params! { ":merchant_pub": merchant, ":payto": payto, ":now_s": now },
            |row| row.get("is_due"),
        )?;
        if !is_due {
            return Ok(());
        }
        let mut due = tx.prepare_cached(sql!("transfers/due"))?;
        let due = due.query_map(
            named_params! {
                ":merchant_pub": merchant,
                ":payto": payto,
                ":now_s": now,
                ":limit": MAX_DEPOSITS,
            },
            |row| Ok((row.get("serial")?, row.get("net")?)),
        )?;
        let due: Vec<(i64, i64)> = due.collect::<Result<_, _>>()?;
        let wire_fee = self.0.money.units(&self.0.settings.wire_fee)?;
        let sum = due.iter().try_fold(0_i64, |sum, (_, net)| sum.checked_add(*net));
        let sum = sum.ok_or(Failure::Bug("a sum beyond all amounts"))?;
        let total = sum.saturating_sub(wire_fee);
        if total <= 0 {
            return Ok(());
        }
        tx.prepare_cached(sql!("transfers/insert"))?.execute(named_params! {
            ":wtid": system::random::<32>()?,
            ":merchant_pub": merchant,
            ":payto": payto,
            ":total": total,
            ":wire_fee": wire_fee,
            ":execution_s": now,
        })?;
        let transfer = tx.last_insert_rowid();
        let mut pay_out = tx.prepare_cached(sql!("transfers/pay_out"))?;
        for (serial, _) in due {
            pay_out.execute(named_params! { ":serial": serial, ":transfer": transfer })?;
        }
        Ok(())
    }

    fn find_transfer(&self, db: &Connection, wtid: &ShortHash) -> Result<Transfer, Failure> {
        let mut statement = db.prepare_cached(sql!("transfers/find"))?;
        let mut rows = statement.query(named_params! { ":wtid": wtid })?;
        let row = rows.next()?.ok_or(Failure::TransferUnknown)?;
        Ok(Transfer {
            serial: row.get("serial")?,
            merchant_pub: row.get("merchant_pub")?,
            payto: row.get("payto")?,
            total: self.0.money.column(row, "total")?,
            wire_fee: self.0.money.column(row, "wire_fee")?,
            execution_time: row.get("execution_s")?,
        })
    }

    fn paid_out(&self, db: &Connection, transfer: i64) -> Result<Vec<PaidOut>, Failure> {
        let mut statement = db.prepare_cached(sql!("transfers/deposits"))?;
        let mut rows = statement.query(named_params! { ":transfer": transfer })?;
        let mut paid = Vec::new();
        while let Some(row) = rows.next()? {
            paid.push(PaidOut {
                h_contract: row.get("h_contract")?,
                coin_pub: row.get("coin_pub")?,
                value: self.0.money.column(row, "value")?,
                fee: self.0.money.column(row, "fee")?,
                refunded: self.0.money.column(row, "refunded")?,
            });
        }
        Ok(paid)
    }
}

/// What is told of a transfer where it shall not be true.
fn distort(
    transfer: &mut Transfer,
    paid: &mut Vec<PaidOut>,
    act: FaultAction,
) -> Result<(), Failure> {
    let wrong = |_| Failure::Bug("an amount that cannot be");
    let cent = Amount::from_parts(*transfer.total.currency(), 0, CENT)
        .map_err(|_| Failure::Bug("a hundredth is no amount"))?;
    match act {
        FaultAction::WrongTotal => {
            transfer.total = transfer.total.checked_add(&cent).map_err(wrong)?;
        }
        FaultAction::WrongWireFee => {
            transfer.wire_fee = transfer.wire_fee.checked_add(&cent).map_err(wrong)?;
            transfer.total = transfer.total.checked_sub(&cent).map_err(wrong)?;
        }
        FaultAction::WrongDepositFee => {
            if let Some(first) = paid.first_mut() {
                first.fee = first.fee.checked_add(&cent).map_err(wrong)?;
            }
        }
        FaultAction::OmitDeposit if !paid.is_empty() => {
            let PaidOut { value, fee, .. } = paid.remove(0);
            let net = value.checked_sub(&fee).map_err(wrong)?;
            transfer.total = transfer.total.checked_sub(&net).map_err(wrong)?;
        }
        _ => {}
    }
    Ok(())
}

/// A transfer as it was made.
struct Transfer {
    serial: i64,
    merchant_pub: PublicKey,
    payto: String,
    total: Amount,
    wire_fee: Amount,
    execution_time: Timestamp,
}

/// A deposit that was paid out: its value after refunds, and of that the fee, as far as there is
/// enough for it.
struct PaidOut {
    h_contract: HashCode,
    coin_pub: PublicKey,
    value: Amount,
    fee: Amount,
    refunded: Amount,
}

impl PaidOut {
    fn written(&self) -> Value {
        let mut written = json!({
            "h_contract_terms": self.h_contract,
            "coin_pub": self.coin_pub,
            "deposit_value": self.value,
            "deposit_fee": self.fee,
        });
        if let Some(written) = written.as_object_mut().filter(|_| !self.refunded.is_zero()) {
            written.insert("refund_total".into(), json!(self.refunded));
        }
        written
    }
}

fn find(db: &Connection, question: &Question) -> Result<Deposit, Failure> {
    let known = coins::find(db, &question.coin_pub)?.ok_or(Failure::DepositUnknown)?;
    let key = DepositKey {
        coin: known.serial,
        merchant_pub: question.merchant_pub,
        h_contract: question.h_contract,
    };
    let deposits = coins::find_deposits(db, &key)?;
    let asked = deposits.into_iter().find(|deposit| deposit.h_wire == question.h_wire);
    asked.ok_or(Failure::DepositUnknown)
}

/// By which transfer a deposit was paid out, and when.
fn of_deposit(db: &Connection, deposit: i64) -> Result<Option<(ShortHash, Timestamp)>, Failure> {
    let found = db
        .prepare_cached(sql!("transfers/of_deposit"))?
        .query_row(named_params! { ":deposit": deposit }, |row| {
            Ok((row.get("wtid")?, row.get("execution_s")?))
        });
    Ok(found.optional()?)
}
