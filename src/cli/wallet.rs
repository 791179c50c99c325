//! `tilld wallet …`: a customer at the command line.

use std::fmt::Display;
use std::path::Path;

use serde_json::{Value, json};

use super::args::{Wallet as Args, WalletCommand};
use super::demo_folder::{EXCHANGE_FILE, demo_folder, kept};
use super::{Error, output, owner};
use playground::wallet::{
    Balance, Changed, Entry, Error as WalletError, Event, How, Paid, PayOptions, Refunded, Wallet,
};
use system::clock::Clock;
use taler::amount::Amount;
use taler::ids::SessionId;
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// Exchange of a demonstration that was started without options.
const USUAL_EXCHANGE: &str = "http://127.0.0.1:9966/sandbox-exchange/";

impl From<WalletError> for Error {
    fn from(error: WalletError) -> Self {
        Self::Wallet(error)
    }
}

/// The exit status of a wallet error.
pub(super) fn status(error: &WalletError) -> u8 {
    match error {
        error if error.is_unusable() => 4,
        WalletError::Uri(_) | WalletError::InvalidField(_) => 2,
        _ => 1,
    }
}

/// Output of `tilld wallet balance` before the first withdrawal.
const NO_MONEY: &str = "no money yet; get some with: tilld wallet withdraw KUDOS:20";

fn amount(text: &str) -> Result<Amount, Error> {
    Amount::parse(text)
        .map_err(|bad| Error::Usage(format!("\"{text}\": {bad}; it looks like KUDOS:20")))
}

/// `tilld wallet …`
pub(super) fn run(args: &Args) -> Result<(), Error> {
    let folder = args.data_dir.clone().map_or_else(demo_folder, Ok)?;
    let file = folder.join("wallet.sqlite");
    owner::become_owner(&file)?;
    // Printing the balance or the history must not create a wallet.
    let is_missing = std::fs::symlink_metadata(&file)
        .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    let say = Printer { json: args.json };
    match args.command {
        WalletCommand::Balance if is_missing => return say.balances(&[]),
        WalletCommand::History if is_missing => return say.history(&[]),
        _ => {}
    }
    let wallet = Wallet::open(&folder, Clock::system())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Other(error.to_string()))?;
    runtime.block_on(work(&wallet, &folder, args))
}

/// The exchange to withdraw from: that of `--exchange`, else that of the demonstration in the same
/// folder, else that of a demonstration at its default address.
fn exchange(folder: &Path, args: &Args) -> Result<BaseUrl, Error> {
    let bad = |bad| Error::Usage(format!("--exchange: {bad}"));
    if let Some(text) = &args.exchange {
        return BaseUrl::parse(text.as_str()).map_err(bad);
    }
    let kept = kept(&folder.join(EXCHANGE_FILE))?;
    BaseUrl::parse(kept.unwrap_or_else(|| USUAL_EXCHANGE.to_owned())).map_err(bad)
}

async fn work(wallet: &Wallet, folder: &Path, args: &Args) -> Result<(), Error> {
    let say = Printer { json: args.json };
    match &args.command {
        WalletCommand::Withdraw { amount: text } => {
            let amount = amount(text)?;
            let exchange = exchange(folder, args)?;
            let balance = wallet.withdraw(&exchange, amount).await?;
            let words = format_args!("withdrew {amount}; new balance {balance}");
            let json = || json!({ "withdrawn": amount, "balance": balance, "exchange": exchange });
            say.result(words, json)?;
        }
        WalletCommand::Balance => say.balances(&wallet.balance()?)?,
        WalletCommand::Pay { uri, session } => {
            let session = session
                .as_deref()
                .map(SessionId::parse)
                .transpose()
                .map_err(|bad| Error::Usage(format!("--session: {bad}")))?;
            say.payment(&wallet.pay(uri, PayOptions { session }).await?)?;
            update_quietly(wallet).await;
        }
        WalletCommand::UseTemplate { uri, amount: text, summary } => {
            let amount = text.as_deref().map(amount).transpose()?;
            say.payment(&wallet.use_template(uri, amount, summary.clone()).await?)?;
            update_quietly(wallet).await;
        }
        WalletCommand::Refund { uri } => {
            say.refund(&wallet.refund(uri).await?)?;
            update_quietly(wallet).await;
        }
        WalletCommand::Abort { uri } => {
            wallet.abort(uri).await?;
            say.result("payment aborted", || json!({ "aborted": uri }))?;
            update_quietly(wallet).await;
        }
        WalletCommand::Unclaim { uri } => {
            wallet.unclaim(uri).await?;
            say.result("order given back", || json!({ "unclaimed": uri }))?;
        }
        WalletCommand::History => say.history(&wallet.history()?)?,
        WalletCommand::Update => {
            wallet.finish_pending().await?;
            let refunds = wallet.collect_auto_refunds().await?;
            refunds.iter().try_for_each(|refunded| say.refund(refunded))?;
            let Changed { coins, refused } = wallet.refresh().await?;
            let words = match (coins, refused) {
                (0, 0) => "no coins to change".to_owned(),
                (_, 0) => format!("changed {coins} coins"),
                _ => format!("changed {coins} coins; the exchange does not change {refused}"),
            };
            say.result(words, || json!({ "changed": coins, "refused": refused }))?;
        }
    }
    Ok(())
}

/// Collects automatic refunds and changes partly spent coins. The command has done what it was for: what
/// fails here is tried again with the next one.
async fn update_quietly(wallet: &Wallet) {
    let refunded = wallet.collect_auto_refunds().await.map(|_| ());
    let changed = wallet.refresh().await.map(|_| ());
    if let Err(error) = refunded.and(changed) {
        log::warn!("wallet: not all coins are changed yet: {error}");
    }
}

/// Prints results, for people or for programs.
struct Printer {
    json: bool,
}

impl Printer {
    /// One line: the words, or the value.
    fn result(&self, words: impl Display, json: impl FnOnce() -> Value) -> Result<(), Error> {
        if self.json { output::line(json()) } else { output::line(words) }
    }

    fn balances(&self, balances: &[Balance]) -> Result<(), Error> {
        if self.json {
            let list = balances.iter().map(|balance| {
                json!({
                    "exchange": balance.exchange,
                    "available": balance.available,
                    "pending": balance.expected,
                })
            });
            return output::line(Value::from_iter(list));
        }
        for balance in balances {
            let expected = match balance.expected.is_zero() {
                true => String::new(),
                false => format!(", {} pending", balance.expected),
            };
            output::line(format_args!("{} of {}{expected}", balance.available, balance.exchange))?;
        }
        if balances.is_empty() { output::line(NO_MONEY) } else { Ok(()) }
    }

    fn refund(&self, refunded: &Refunded) -> Result<(), Error> {
        let Refunded { order, granted, arrived, missing, refused, .. } = refunded;
        let late = match (missing, refused) {
            (0, 0) => "",
            (0, _) => "; the exchange refuses the rest permanently, so ask the shop for it",
            _ => "; the exchange has not confirmed all of it yet; try again later",
        };
        let words = match arrived.is_zero() {
            true => format!("no new refund for order {order}{late}"),
            false => format!("refunded {arrived} for order {order}{late}"),
        };
        self.result(words, || {
            json!({
                "order_id": order,
                "granted": granted,
                "arrived": arrived,
                "unconfirmed_coins": missing,
                "refused_coins": refused,
            })
        })
    }

    fn history(&self, history: &[Entry]) -> Result<(), Error> {
        if self.json {
            return output::line(Value::from_iter(history.iter().map(in_json)));
        }
        history.iter().try_for_each(|entry| output::line(in_words(entry)))
    }
}

/// A line of the history for people.
fn in_words(entry: &Entry) -> String {
    let Entry { at, amount, with, event } = entry;
    let at = at.and_then(Timestamp::secs).map_or_else(|| "                    ".into(), utc);
    let words = match event {
        Event::Withdrawal { is_pending } => {
            format!("withdrew {amount} from {with}{}", pending(*is_pending))
        }
        Event::Purchase { order, summary, state, reason } => {
            let summary: String = summary.chars().take(MAX_SUMMARY).collect();
            let reason = reason.as_ref().map_or_else(String::new, |why| format!(", {why}"));
            format!("{state} {amount} for \"{summary}\" (order {order} of {with}{reason})")
        }
        Event::Refund { order } => format!("refunded {amount} for order {order} of {with}"),
        Event::Change { is_refused: true, .. } => format!("{with} does not change {amount}"),
        Event::Change { is_pending, .. } => {
            format!("changed {amount} at {with}{}", pending(*is_pending))
        }
    };
    format!("{at}  {words}")
}

const fn pending(is_pending: bool) -> &'static str {
    if is_pending { ", pending" } else { "" }
}

/// A second, as people and programs read it.
fn utc(secs: u64) -> String {
    let time = i64::try_from(secs).ok().and_then(|secs| jiff::Timestamp::from_second(secs).ok());
    time.map_or_else(|| secs.to_string(), |time| time.to_string())
}

/// An entry of the history for programs.
fn in_json(entry: &Entry) -> Value {
    let mut value = json!({
        "timestamp": entry.at,
        "amount": entry.amount,
        "with": entry.with,
    });
    let more = match &entry.event {
        Event::Withdrawal { is_pending } => json!({ "type": "withdrawal", "pending": is_pending }),
        Event::Purchase { order, summary, state, reason } => json!({
            "type": "purchase",
            "order_id": order,
            "summary": summary,
            "state": state,
            "reason": reason,
        }),
        Event::Refund { order } => json!({ "type": "refund", "order_id": order }),
        Event::Change { is_pending, is_refused } => {
            json!({ "type": "change", "pending": is_pending, "refused": is_refused })
        }
    };
    if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more);
    }
    value
}

/// Longest part of a summary that is printed, in characters.
const MAX_SUMMARY: usize = 200;

impl Printer {
    /// Prints the result of a payment.
    fn payment(&self, paid: &Paid) -> Result<(), Error> {
        let Paid { order, summary, amount, spent, fulfillment_url, how } = paid;
        if self.json {
            let how = match how {
                How::Now => "now",
                How::Before => "before",
                How::Repurchase(_) => "repurchase",
            };
            return output::line(json!({
                "order_id": order,
                "summary": summary,
                "amount": amount,
                "spent": spent,
                "fulfillment_url": fulfillment_url,
                "paid": how,
            }));
        }
        let summary: String = summary.chars().take(MAX_SUMMARY).collect();
        let text = match how {
            How::Now if spent == amount => {
                format!("paid {amount} for \"{summary}\" (order {order})")
            }
            How::Now => {
                format!("paid {amount} for \"{summary}\" (order {order}), with fees {spent}")
            }
            How::Before => format!("\"{summary}\" was paid before (order {order})"),
            How::Repurchase(old) => format!("\"{summary}\" was paid before, as order {old}"),
        };
        match fulfillment_url {
            Some(url) => output::line(format_args!("{text}: {url}")),
            None => output::line(text),
        }
    }
}
