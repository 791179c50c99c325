//! `tilld wallet …`: a customer at the command line.

use std::path::{Path, PathBuf};

use super::args::{Wallet as Args, WalletVerb};
use super::{Error, demo};
use crate::domain::amount::Amount;
use crate::domain::ids::SessionId;
use crate::domain::web::BaseUrl;
use crate::machine::Clock;
use crate::wallet::{How, Paid, PayOptions, Refunded, Wallet};

/// Where the exchange of a demonstration is that was started without options.
const USUAL_EXCHANGE: &str = "http://127.0.0.1:9966/sandbox-exchange/";

impl From<crate::wallet::Error> for Error {
    fn from(error: crate::wallet::Error) -> Self {
        Self::Wallet(error)
    }
}

/// Where the demonstration keeps its files, and the wallet with them: `tilld-demo` in the data
/// folder of whoever runs it.
pub(super) fn demo_folder() -> Result<PathBuf, Error> {
    let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = folder("XDG_DATA_HOME")
        .or_else(|| Some(folder("HOME")?.join(".local").join("share")))
        .ok_or_else(|| Error::Usage("there is no home folder; use --data-dir".into()))?;
    Ok(data.join("tilld-demo"))
}

fn amount(text: &str) -> Result<Amount, Error> {
    Amount::parse(text)
        .map_err(|bad| Error::Usage(format!("\"{text}\": {bad}; it looks like KUDOS:20")))
}

/// `tilld wallet …`
pub(super) fn run(args: &Args) -> Result<(), Error> {
    let folder = args.data_dir.clone().map_or_else(demo_folder, Ok)?;
    let wallet = Wallet::open(&folder, Clock::system())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Other(error.to_string()))?;
    runtime.block_on(work(&wallet, &folder, args))
}

/// The exchange to withdraw from: the one that was named, else that of the demonstration which keeps its
/// files in the same folder, else that of a demonstration with its usual address.
fn exchange(folder: &Path, args: &Args) -> Result<BaseUrl, Error> {
    let bad = |bad| Error::Usage(format!("--exchange: {bad}"));
    if let Some(text) = &args.exchange {
        return BaseUrl::parse(text.as_str()).map_err(bad);
    }
    let kept = demo::kept(&folder.join(demo::EXCHANGE_FILE))?;
    BaseUrl::parse(kept.unwrap_or_else(|| USUAL_EXCHANGE.to_owned())).map_err(bad)
}

async fn work(wallet: &Wallet, folder: &Path, args: &Args) -> Result<(), Error> {
    match &args.verb {
        WalletVerb::Withdraw { amount: text } => {
            let amount = amount(text)?;
            let exchange = exchange(folder, args)?;
            let balance = wallet.withdraw(&exchange, amount).await?;
            println!("withdrew {amount}; you have {balance} now");
        }
        WalletVerb::Balance => {
            let balances = wallet.balance()?;
            for balance in &balances {
                print!("{} of {}", balance.available, balance.exchange);
                match balance.expected.is_zero() {
                    true => println!(),
                    false => println!(", and {} on the way", balance.expected),
                }
            }
            if balances.is_empty() {
                println!("no money yet; get some with: tilld wallet withdraw KUDOS:20");
            }
        }
        WalletVerb::Pay { uri, session } => {
            let session = session
                .as_deref()
                .map(SessionId::parse)
                .transpose()
                .map_err(|bad| Error::Usage(format!("--session: {bad}")))?;
            told(&wallet.pay(uri, PayOptions { session }).await?);
        }
        WalletVerb::UseTemplate { uri, amount: text, summary } => {
            let amount = text.as_deref().map(amount).transpose()?;
            told(&wallet.use_template(uri, amount, summary.clone()).await?);
        }
        WalletVerb::Refund { uri } => {
            let Refunded { order, arrived, missing, .. } = wallet.refund(uri).await?;
            let late = match missing {
                0 => "",
                _ => "; the exchange has not confirmed all of it yet, so try again later",
            };
            match arrived.is_zero() {
                true => println!("nothing new came back for order {order}{late}"),
                false => println!("{arrived} came back for order {order}{late}"),
            }
        }
        WalletVerb::Abort { uri } => {
            wallet.abort(uri).await?;
            println!("called off");
        }
    }
    Ok(())
}

/// Says what is paid.
fn told(paid: &Paid) {
    let Paid { order, summary, amount, spent, fulfillment_url, how } = paid;
    // The summary is a stranger's text, and this a terminal.
    let summary: String = summary.chars().filter(|c| !c.is_control()).take(200).collect();
    match how {
        How::Now if spent == amount => print!("paid {amount} for \"{summary}\" (order {order})"),
        How::Now => print!("paid {amount} for \"{summary}\" (order {order}), with fees {spent}"),
        How::Before => print!("\"{summary}\" was paid before (order {order})"),
        How::Repurchase(old) => print!("\"{summary}\" was paid before, as order {old}"),
    }
    match fulfillment_url {
        Some(url) => println!(": {url}"),
        None => println!(),
    }
}
