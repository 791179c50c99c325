//! The list of a transfer, compared with what the shop knows, and kept.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::{book, schedule};
use crate::exchange::{ANSWERED, KnownDeposit, ReportedDeposit, TransferReport, TransferTarget};
use crate::model::order::OrderSerial;
use crate::store::coin_refunds::{self, CoinRefund, Outcome};
use crate::store::deposits::{self, Deposit, DepositSerial};
use crate::store::settlements::{self, ListedWire};
use crate::store::transfers::{self, ExpectedTransfer, Failure, ListRow};
use crate::store::{Read, instances};
use crate::till::{Error, Till};
use system::log_limit;
use taler::amount::Amount;
use taler::base32::HashCode;
use taler::exchange::Keys;
use taler::hash;
use taler::sign::PublicKey;

/// Most coins of a list that are kept in one change, for which payments wait. A list has a thousand or more.
const COINS_AT_ONCE: usize = 64;

/// Names a deposit: the contract, and the coin that paid for it.
type DepositName = (HashCode, PublicKey);

/// What the shop knows of a transfer.
struct Known {
    merchant_pub: PublicKey,
    /// Its deposits, as far as the list names them.
    deposits: HashMap<DepositName, KnownDeposit>,
    /// Where they are kept.
    rows: HashMap<DepositName, (OrderSerial, DepositSerial)>,
    /// Those that the exchange has named the transfer for.
    promised: Vec<DepositName>,
}

impl Till {
    /// Compares a signed list of a transfer with what the shop knows, and keeps it. The orders in it are wired
    /// then, unless it shows that the exchange is wrong about more than its own fee.
    pub(super) async fn compare(
        &self,
        keys: &Arc<Keys>,
        transfer: ExpectedTransfer,
        report: TransferReport,
    ) -> Result<(), Error> {
        let (wanted, listed) = (transfer.clone(), report.clone());
        let known = self.store.read(move |db| known(db, &wanted, &listed)).await?;
        let wire_fee = keys.wire_fee(transfer.payto_uri.wire_method(), report.execution_time);
        let verdict = report.check(&TransferTarget {
            merchant_pub: known.merchant_pub,
            h_payto: hash::payto_hash(transfer.payto_uri.as_str()),
            known: &known.deposits,
            promised: &known.promised,
            wire_fee: wire_fee.map(|fee| fee.wire_fee),
        });
        let fault = verdict.err();
        let is_paid = fault.is_none_or(|fault| fault.is_paid_all_the_same());
        let now = self.clock.now();
        let failure = fault.map(|fault| Failure {
            status: ANSWERED,
            code: fault.code(),
            detail: fault.to_string(),
        });
        if let Some(failure) = failure.as_ref().filter(|one| one.code != transfer.last_code) {
            let url = &transfer.exchange_url;
            let line = format_args!("{url}: transfer {}: {}", transfer.wtid, failure.detail);
            log_limit::warn("lists of transfers that do not fit", line);
        }
        let evidence = failure.as_ref().and_then(|_| serde_json::to_string(&report).ok());
        let list = ListRow {
            execution_time: report.execution_time,
            total: report.total,
            wire_fee: report.wire_fee,
            exchange_pub: report.exchange_pub,
            exchange_sig: report.exchange_sig,
            failure,
            is_paid,
            evidence,
            // Until all coins of it are kept it is asked for again, by the next daemon if this one ends.
            next_ask: Some(match is_paid {
                true => now,
                false => schedule::retry_at(transfer.tries, now),
            }),
            tries: if is_paid { 0 } else { transfer.tries.saturating_add(1) },
        };
        let serial = transfer.serial;
        self.store
            .write(move |tx| {
                transfers::record(tx, serial, &list)?;
                let orders: BTreeSet<_> = settlements::wires_of_transfer(tx, serial)?
                    .into_iter()
                    .map(|coin| coin.order)
                    .collect();
                // Those who show an order see what is wrong with its transfer.
                match list.is_paid {
                    true => Ok(()),
                    false => orders.into_iter().try_for_each(|order| book::announce(tx, order)),
                }
            })
            .await?;
        if !is_paid {
            return Ok(());
        }
        let mut coins: Vec<(OrderSerial, ListedWire)> = Vec::with_capacity(report.deposits.len());
        for (position, deposit) in (0..).zip(&report.deposits) {
            let Some((order, serial)) = known.rows.get(&name(deposit)) else { continue };
            let zero = Amount::zero(*deposit.deposit_value.currency());
            coins.push((
                *order,
                ListedWire {
                    deposit: *serial,
                    position,
                    deposit_value: deposit.deposit_value,
                    deposit_fee: deposit.deposit_fee,
                    refund_total: deposit.refund_total.unwrap_or(zero),
                },
            ));
        }
        // The coins of one order are kept together.
        coins.sort_by_key(|(order, wire)| (*order, wire.position));
        let at = report.execution_time;
        for chunk in coins.chunks(COINS_AT_ONCE) {
            let chunk = chunk.to_vec();
            let kept = self.store.write(move |tx| {
                let orders: BTreeSet<_> = chunk.iter().map(|(order, _)| *order).collect();
                for (_, wire) in &chunk {
                    settlements::list(tx, serial, at, wire)?;
                }
                for order in orders {
                    book::settle_order(tx, order, now)?;
                    book::announce(tx, order)?;
                }
                Ok::<_, Error>(())
            });
            kept.await?;
        }
        self.store.write::<_, Error>(move |tx| Ok(transfers::finish(tx, serial)?)).await
    }
}

fn name(deposit: &ReportedDeposit) -> DepositName {
    (deposit.h_contract_terms, deposit.coin_pub)
}

/// What the shop knows of the deposits in a list.
fn known(
    db: &Read<'_>,
    transfer: &ExpectedTransfer,
    report: &TransferReport,
) -> Result<Known, Error> {
    let gone = || Error::Damaged("the instance of a transfer is gone".into());
    let shop = instances::find_by_serial(db, transfer.instance)?.ok_or_else(gone)?;
    let mut known = Known {
        merchant_pub: shop.public_key,
        deposits: HashMap::new(),
        rows: HashMap::new(),
        promised: Vec::new(),
    };
    for coin in settlements::wires_of_transfer(db, transfer.serial)? {
        let Some(h_contract) = coin.h_contract else { continue };
        known.promised.push((h_contract, coin.coin_pub));
        known.add(db, coin.order, h_contract)?;
    }
    let wanted: HashMap<HashCode, usize> =
        report.deposits.iter().fold(HashMap::new(), |mut wanted, deposit| {
            let count: &mut usize = wanted.entry(deposit.h_contract_terms).or_default();
            *count = count.saturating_add(1);
            wanted
        });
    let is_missing = |known: &Known| report.deposits.iter().any(|one| !known.has(&name(one)));
    // Exchanges wire what is due first, so that what a list names comes first, and the rest is not looked at.
    let mut left = wanted.len();
    if is_missing(&known) {
        let (instance, url) = (transfer.instance, &transfer.exchange_url);
        settlements::open_contracts::<Error>(db, instance, url, |order, h_contract| {
            if wanted.contains_key(&h_contract) {
                known.add(db, order, h_contract)?;
                left = left.saturating_sub(1);
            }
            Ok(left > 0)
        })?;
    }
    // A coin of a payment that came to nothing, and was not given back in time.
    if is_missing(&known) {
        let mut found = BTreeSet::new();
        settlements::all_coins(db, transfer.instance, |order, _, h_contract| {
            if wanted.contains_key(&h_contract) {
                found.insert((order, h_contract));
            }
        })?;
        for (order, h_contract) in found {
            known.add(db, order, h_contract)?;
        }
    }
    Ok(known)
}

impl Known {
    fn has(&self, name: &DepositName) -> bool {
        self.deposits.contains_key(name)
    }

    /// Adds all coins of an order.
    fn add(
        &mut self,
        db: &Read<'_>,
        order: OrderSerial,
        h_contract: HashCode,
    ) -> Result<(), Error> {
        let refunds = coin_refunds::of_order(db, order)?;
        for deposit in deposits::of_order(db, order)? {
            let name = (h_contract, deposit.what.coin.coin_pub);
            self.rows.insert(name, (order, deposit.serial));
            self.deposits.insert(name, known_deposit(&deposit, &refunds)?);
        }
        Ok(())
    }
}

fn known_deposit(deposit: &Deposit, refunds: &[CoinRefund]) -> Result<KnownDeposit, Error> {
    let damaged = |_| Error::Damaged("refunds of a coin cannot be added".into());
    let zero = Amount::zero(*deposit.what.coin.contribution.currency());
    let (mut refunded, mut refund_asked) = (zero, zero);
    for refund in refunds.iter().filter(|refund| refund.deposit == deposit.serial) {
        match refund.outcome {
            Outcome::Done { .. } => {
                refunded = refunded.checked_add(&refund.amount).map_err(damaged)?;
            }
            Outcome::Open if refund.wanted => {
                refund_asked = refund_asked.checked_add(&refund.amount).map_err(damaged)?;
            }
            Outcome::Open | Outcome::Refused { .. } => {}
        }
    }
    Ok(KnownDeposit {
        contribution: deposit.what.coin.contribution,
        deposit_fee: deposit.what.deposit_fee,
        refunded,
        refund_asked,
    })
}
