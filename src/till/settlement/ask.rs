//! One question to an exchange: what became of a coin, or what a transfer paid for.

use serde_json::json;

use super::{book, schedule};
use crate::exchange::{
    self, ANSWERED, DEPOSIT_UNKNOWN, DepositState, ErrorKind, Exchange, NO_SUCH_THING, NOT_YET,
    NotWired, WhichDeposit, WiredDeposit,
};
use crate::model::contract::PaymentTerms;
use crate::model::instance::InstanceSerial;
use crate::model::order::{Order, OrderSerial};
use crate::model::transfer::{
    AWAITING_LIST, AccountSerial, CONFLICTING_REPORTS, CONFLICTING_TRANSFERS, HARD_FAILURE,
    KYC_REQUIRED, RATE_LIMITED, SIGNING_KEY_UNKNOWN, SettlementState, TRANSFER_NOT_FOUND,
    TRANSIENT_FAILURE, Trouble,
};
use crate::store::deposits::Deposit;
use crate::store::kyc::{self, AccountAtExchange, KycRequest};
use crate::store::settlements::{self, CoinWire, DueSettlement, NamedWire};
use crate::store::transfers::{self, ExpectedTransfer, Failure, NamedBy, TransferName};
use crate::store::{Read, accounts, instances, orders};
use crate::till::exchange_error::ExchangeError;
use crate::till::pay::ledger::OrderLedger;
use crate::till::{Error, Till};
use system::log_limit;
use taler::base32::HashCode;
use taler::sign::SigningKey;
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// Most orders that are put off in one change, for which payments wait.
const PUT_OFF_AT_ONCE: u32 = 1_000;

/// An order about which an exchange is to be asked.
struct Question {
    order: OrderSerial,
    instance: InstanceSerial,
    /// The shop's key; `None` when the shop was deleted.
    key: Option<SigningKey>,
    h_contract: HashCode,
    h_wire: HashCode,
    account: AccountSerial,
    tries: u32,
    /// The first coin of which the exchange has not said by which transfer it is paid.
    coin: Option<Deposit>,
    /// Whether all that the exchange has of the order was refunded.
    is_refunded: bool,
}

impl Till {
    /// Asks the exchange the next thing that is due. Whether there was any.
    ///
    /// # Errors
    /// [`Error::Exchange`] when it does not answer, or not now; [`Error::Store`].
    pub(super) async fn ask_next(&self, exchange: &Exchange) -> Result<bool, Error> {
        let (url, now) = (exchange.trusted().base_url.clone(), self.clock.now());
        let due = self.store.read::<_, Error>(move |db| {
            if let Some(transfer) = transfers::due(db, &url, now)? {
                return Ok((Some(transfer), None));
            }
            let due = settlements::due(db, &url, now)?;
            Ok((None, due.map(|due| (due, question(db, &url, due)))))
        });
        let due = due.await?;
        match due {
            (Some(transfer), _) => self.ask_transfer(exchange, transfer).await?,
            (None, Some((_, Ok(question)))) => self.ask_deposit(exchange, question).await?,
            // One order that cannot be read keeps no other from being followed.
            (None, Some((due, Err(Error::Damaged(what))))) => {
                let line = format_args!("the money of an order cannot be followed: {what}");
                log_limit::warn("orders whose money cannot be followed", line);
                let (url, until) = (exchange.trusted().base_url.clone(), schedule::tomorrow(now));
                self.store
                    .write::<_, Error>(move |tx| {
                        let tries = due.tries.saturating_add(1);
                        Ok(settlements::postpone(tx, due.order, &url, until, tries, None)?)
                    })
                    .await?;
            }
            (None, Some((_, Err(error)))) => return Err(error),
            (None, None) => return Ok(false),
        }
        Ok(true)
    }

    /// Waits until the exchange may be asked again.
    async fn pace(&self, url: &BaseUrl) {
        tokio::time::sleep(self.settling.pace(url, self.clock.instant())).await;
    }

    async fn ask_transfer(
        &self,
        exchange: &Exchange,
        transfer: ExpectedTransfer,
    ) -> Result<(), Error> {
        let url = &exchange.trusted().base_url;
        let asked = async {
            let keys = exchange.keys().await?;
            self.pace(url).await;
            let report = exchange.transfer(&keys, &transfer.wtid).await?;
            Ok::<_, exchange::Error>((keys, report))
        };
        let error = match asked.await {
            Ok((keys, report)) => return self.compare(&keys, transfer, report).await,
            Err(error) => error,
        };
        let (now, code) = (self.clock.now(), code_of(&error));
        let is_silent = is_silence(&error);
        if !is_silent && transfer.last_code != code {
            let line = format_args!("{url}: transfer {} is not known yet: {error}", transfer.wtid);
            log_limit::warn("transfers that are not known yet", line);
        }
        let failure =
            Failure { status: error.status().unwrap_or(0), code, detail: error.to_string() };
        let (next, tries) = match is_silent {
            // The exchange as a whole is left alone for a while.
            true => (now, transfer.tries),
            false => (schedule::retry_at(transfer.tries, now), transfer.tries.saturating_add(1)),
        };
        let serial = transfer.serial;
        self.store
            .write::<_, Error>(move |tx| {
                Ok(transfers::postpone(tx, serial, next, tries, &failure)?)
            })
            .await?;
        match is_silent {
            true => Err(ExchangeError::at(url, error).into()),
            false => Ok(()),
        }
    }

    async fn ask_deposit(&self, exchange: &Exchange, question: Question) -> Result<(), Error> {
        let url = exchange.trusted().base_url.clone();
        let (Some(key), Some(coin)) = (&question.key, &question.coin) else {
            return self.end_or_put_off(url, question).await;
        };
        let which = WhichDeposit {
            coin_pub: coin.what.coin.coin_pub,
            h_contract: question.h_contract,
            h_wire: question.h_wire,
        };
        let asked = async {
            let keys = exchange.keys().await?;
            self.pace(&url).await;
            exchange.deposit_state(&keys, &which, key).await
        };
        let now = self.clock.now();
        match asked.await {
            Ok(DepositState::Wired(wired)) => self.name_coin(url, question, wired, now).await,
            Ok(DepositState::Waiting(waiting)) => self.wait_for(url, question, waiting, now).await,
            Ok(DepositState::Unknown) => {
                // It has signed that it has this coin.
                let (trouble, coin) = (CONFLICTING_REPORTS, which.coin_pub);
                if question.tries == 0 {
                    let line = format_args!(
                        "{url}: it confirmed the deposit of coin {coin} and now does not know it"
                    );
                    log_limit::warn("coins that an exchange denies", line);
                }
                let trouble = Trouble {
                    code: trouble,
                    coin: Some(coin),
                    status: Some(NO_SUCH_THING),
                    exchange_code: Some(DEPOSIT_UNKNOWN),
                };
                self.put_off(url, question, schedule::tomorrow(now), trouble).await
            }
            Err(error) if is_silence(&error) => Err(ExchangeError::at(&url, error).into()),
            Err(error) => {
                if question.tries == 0 {
                    let coin = which.coin_pub;
                    let line =
                        format_args!("{url}: it does not say what became of coin {coin}: {error}");
                    log_limit::warn("coins of which an exchange says nothing", line);
                }
                let trouble = Trouble {
                    code: code_of(&error),
                    coin: Some(which.coin_pub),
                    status: error.status(),
                    exchange_code: error.code(),
                };
                let due = schedule::retry_at(question.tries, now);
                self.put_off(url, question, due, trouble).await
            }
        }
    }

    /// Nothing can be asked about the order: the exchange has named transfers for all coins, which are asked for
    /// themselves, or the shop's key is gone.
    async fn end_or_put_off(&self, url: BaseUrl, question: Question) -> Result<(), Error> {
        let now = self.clock.now();
        let Question { order, tries, key, .. } = question;
        self.store
            .write(move |tx| {
                if key.is_none() {
                    settlements::close(tx, order, &url, SettlementState::Nothing, now)?;
                    return Ok(());
                }
                book::settle_order(tx, order, now)?;
                let due = schedule::tomorrow(now);
                // Where it was ended, nothing changes.
                Ok::<_, Error>(settlements::postpone(tx, order, &url, due, tries, None)?)
            })
            .await
    }

    /// Keeps that the exchange is to be asked again at `due`, and what is wrong.
    async fn put_off(
        &self,
        url: BaseUrl,
        question: Question,
        due: Timestamp,
        trouble: Trouble,
    ) -> Result<(), Error> {
        let (order, tries) = (question.order, question.tries.saturating_add(1));
        let put_off = self.store.write(move |tx| {
            settlements::postpone(tx, order, &url, due, tries, Some(&trouble))?;
            book::announce(tx, order)
        });
        put_off.await
    }

    /// The exchange has not wired yet. The other orders of the account wait as well: it would wire them together.
    async fn wait_for(
        &self,
        url: BaseUrl,
        question: Question,
        waiting: NotWired,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Question { order, instance, h_wire, account, tries, coin, .. } = question;
        if question.is_refunded {
            // Nothing is left that it could wire.
            let ended = self.store.write(move |tx| {
                settlements::close(tx, order, &url, SettlementState::Nothing, now)?;
                book::announce(tx, order)
            });
            return ended.await;
        }
        let due = schedule::again(order, waiting.execution_time, tries, now);
        let trouble = Trouble {
            code: AWAITING_LIST,
            coin: coin.map(|coin| coin.what.coin.coin_pub),
            status: Some(NOT_YET),
            exchange_code: (!waiting.kyc_ok).then_some(KYC_REQUIRED),
        };
        // That it wires later than it must is no trouble the first time: it may be about to.
        let trouble = (tries > 0 || !waiting.kyc_ok).then_some(trouble);
        self.store
            .write(move |tx| {
                settlements::postpone(
                    tx,
                    order,
                    &url,
                    due,
                    tries.saturating_add(1),
                    trouble.as_ref(),
                )?;
                settlements::set_account(tx, order, &url, account)?;
                let until = schedule::account_rest(now);
                settlements::postpone_account(tx, account, &url, until, PUT_OFF_AT_ONCE)?;
                if !waiting.kyc_ok && instances::is_deleted(tx, instance)? == Some(false) {
                    let reply = json!({
                        "requirement_row": waiting.requirement_row,
                        "account_pub": waiting.account_pub,
                    });
                    let pair = AccountAtExchange { instance, h_wire, exchange_url: url };
                    let ask = KycRequest {
                        status: NOT_YET,
                        code: Some(KYC_REQUIRED),
                        reply,
                        asked_at: now,
                    };
                    kyc::ask(tx, &pair, &ask)?;
                }
                match trouble {
                    Some(_) => book::announce(tx, order),
                    None => Ok(()),
                }
            })
            .await
    }

    /// The exchange has named a transfer for the coin: its list is asked for next.
    async fn name_coin(
        &self,
        url: BaseUrl,
        question: Question,
        wired: WiredDeposit,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Question { order, instance, h_wire, account, coin, tries, .. } = question;
        let Some(coin) = coin else { return Ok(()) };
        let net = coin.what.coin.contribution.checked_sub(&coin.what.deposit_fee);
        let coin_pub = coin.what.coin.coin_pub;
        let trouble = (net != Ok(wired.coin_contribution)).then_some(Trouble {
            code: CONFLICTING_TRANSFERS,
            coin: Some(coin_pub),
            status: Some(ANSWERED),
            exchange_code: None,
        });
        if trouble.is_some() {
            let line = format_args!(
                "{url}: it says that the coin {coin_pub} brought {}, which is not so",
                wired.coin_contribution
            );
            log_limit::warn("coins with another contribution", line);
        }
        let name = TransferName { instance, account, exchange_url: url.clone(), wtid: wired.wtid };
        self.store
            .write(move |tx| {
                let at = Some(wired.execution_time);
                let transfer = transfers::expect(tx, &name, NamedBy::Exchange, at, now)?;
                let wire = NamedWire {
                    execution_time: wired.execution_time,
                    coin_contribution: wired.coin_contribution,
                    exchange_pub: wired.exchange_pub,
                    exchange_sig: wired.exchange_sig,
                };
                settlements::name(tx, coin.serial, transfer, &wire)?;
                settlements::set_account(tx, order, &url, account)?;
                settlements::postpone(tx, order, &url, now, tries, trouble.as_ref())?;
                if trouble.is_none() {
                    let pair = AccountAtExchange { instance, h_wire, exchange_url: url };
                    kyc::clear(tx, &pair)?;
                }
                book::settle_order(tx, order, now)?;
                book::announce(tx, order)
            })
            .await
    }
}

/// What is to be asked about an order.
fn question(db: &Read<'_>, url: &BaseUrl, due: DueSettlement) -> Result<Question, Error> {
    let gone = || Error::Damaged("an order whose money is followed is gone".into());
    let order = orders::find_by_serial(db, due.order)?.ok_or_else(gone)?;
    let Order { instance, serial, .. } = order;
    let h_contract = order.claim.as_ref().map(|claim| claim.h_contract).ok_or_else(gone)?;
    let shop = instances::find_by_serial(db, instance)?.ok_or_else(gone)?;
    let terms = PaymentTerms::read(&orders::terms(db, serial)?);
    let h_wire = terms.map_err(|bad| Error::Damaged(bad.to_string()))?.h_wire;
    let account = match due.account {
        Some(account) => account,
        None => accounts::serial_of(db, instance, &h_wire)?.ok_or_else(gone)?,
    };
    let ledger = OrderLedger::of(db, order)?;
    let wires = settlements::wires_of_order(db, serial)?;
    let is_named = |deposit: &Deposit| wires.iter().any(|wire| is_of(wire, deposit));
    let coins = || ledger.collected().filter(|deposit| deposit.what.coin.exchange_url == *url);
    let mut is_refunded = true;
    for coin in coins() {
        is_refunded &= book::is_used_up(&ledger.refunds, coin)?;
    }
    Ok(Question {
        order: serial,
        instance,
        key: shop.signing_key,
        h_contract,
        h_wire,
        account,
        tries: due.tries,
        coin: coins().find(|deposit| !is_named(deposit)).cloned(),
        is_refunded,
    })
}

fn is_of(wire: &CoinWire, deposit: &Deposit) -> bool {
    wire.deposit == deposit.serial
}

/// Whether the exchange says nothing that is about the question itself: others would get the same answer.
fn is_silence(error: &exchange::Error) -> bool {
    match error.kind() {
        ErrorKind::Timeout
        | ErrorKind::Unreachable
        | ErrorKind::ExchangeInternal
        | ErrorKind::Keys
        | ErrorKind::MasterKey => true,
        // A proxy before it.
        ErrorKind::InvalidResponse => matches!(error, exchange::Error::NotJson { .. }),
        ErrorKind::DoubleSpend
        | ErrorKind::DenominationUnknown
        | ErrorKind::DenominationExpired
        | ErrorKind::Signature
        | ErrorKind::Legal
        | ErrorKind::Refused => false,
    }
}

/// Taler's code for a failed question (settlement 4).
fn code_of(error: &exchange::Error) -> u32 {
    match error {
        exchange::Error::UnknownSigningKey(_) => SIGNING_KEY_UNKNOWN,
        _ if error.is_rate_limit() => RATE_LIMITED,
        _ if error.is_denial() => TRANSFER_NOT_FOUND,
        _ if is_silence(error) => TRANSIENT_FAILURE,
        _ => HARD_FAILURE,
    }
}
