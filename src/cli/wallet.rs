//! `tilld wallet …`: a customer at the command line.

use std::path::Path;

use super::args::{Wallet as Args, WalletCommand};
use super::demo_folder::{EXCHANGE_FILE, demo_folder, kept};
use super::{Error, output, owner};
use playground::wallet::{Error as WalletError, How, Paid, PayOptions, Refunded, Wallet};
use system::clock::Clock;
use taler::amount::Amount;
use taler::ids::SessionId;
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
    // Printing the balance must not create a wallet.
    let is_missing = std::fs::symlink_metadata(&file)
        .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    if is_missing && matches!(args.command, WalletCommand::Balance) {
        return output::line(NO_MONEY);
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
    match &args.command {
        WalletCommand::Withdraw { amount: text } => {
            let amount = amount(text)?;
            let exchange = exchange(folder, args)?;
            let balance = wallet.withdraw(&exchange, amount).await?;
            output::line(format_args!("withdrew {amount}; new balance {balance}"))?;
        }
        WalletCommand::Balance => {
            let balances = wallet.balance()?;
            for balance in &balances {
                let expected = match balance.expected.is_zero() {
                    true => String::new(),
                    false => format!(", {} pending", balance.expected),
                };
                output::line(format_args!(
                    "{} of {}{expected}",
                    balance.available, balance.exchange
                ))?;
            }
            if balances.is_empty() {
                output::line(NO_MONEY)?;
            }
        }
        WalletCommand::Pay { uri, session } => {
            let session = session
                .as_deref()
                .map(SessionId::parse)
                .transpose()
                .map_err(|bad| Error::Usage(format!("--session: {bad}")))?;
            print_payment(&wallet.pay(uri, PayOptions { session }).await?)?;
        }
        WalletCommand::UseTemplate { uri, amount: text, summary } => {
            let amount = text.as_deref().map(amount).transpose()?;
            print_payment(&wallet.use_template(uri, amount, summary.clone()).await?)?;
        }
        WalletCommand::Refund { uri } => {
            let Refunded { order, arrived, missing, refused, .. } = wallet.refund(uri).await?;
            let late = match (missing, refused) {
                (0, 0) => "",
                (0, _) => "; the exchange refuses the rest permanently, so ask the shop for it",
                _ => "; the exchange has not confirmed all of it yet; try again later",
            };
            match arrived.is_zero() {
                true => output::line(format_args!("no new refund for order {order}{late}")),
                false => output::line(format_args!("refunded {arrived} for order {order}{late}")),
            }?;
        }
        WalletCommand::Abort { uri } => {
            wallet.abort(uri).await?;
            output::line("payment aborted")?;
        }
    }
    Ok(())
}

/// Longest part of a summary that is printed, in characters.
const MAX_SUMMARY: usize = 200;

/// Prints the result of a payment.
fn print_payment(paid: &Paid) -> Result<(), Error> {
    let Paid { order, summary, amount, spent, fulfillment_url, how } = paid;
    let summary: String = summary.chars().take(MAX_SUMMARY).collect();
    let text = match how {
        How::Now if spent == amount => format!("paid {amount} for \"{summary}\" (order {order})"),
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
