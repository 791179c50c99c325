//! `tilld check --ask-exchanges`: compares the deposits in the database with the exchanges' records. Each
//! exchange is asked about each of its coins. Nothing is changed.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;

use super::Error;
use crate::exchange::{DepositState, Exchange, Http, Times, WhichDeposit};
use crate::model::instance::InstanceSerial;
use crate::store::deposits::{self, Sent};
use crate::store::{self, Store, instances};
use system::clock::Clock;
use taler::exchange::{Keys, Trusted};
use taler::sign::SigningKey;
use taler::web::BaseUrl;

/// Most coins to ask about, newest first; limits the load on exchanges.
const MAX_COINS: u32 = 10_000;
/// Concurrent requests to one exchange.
const AT_A_TIME: usize = 4;
/// After so many failed requests, the exchange is skipped.
const MAX_SILENCE: usize = 3;
/// Time limit for one request. It is long, because no customer waits.
const TIMES: Times = Times {
    connect: Duration::from_secs(5),
    request: Duration::from_secs(15),
    download: Duration::from_secs(60),
    overall: Duration::from_secs(30),
    attempts: 2,
    pause: Duration::from_millis(500),
};

/// The result of the comparison.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// Differences, one sentence each.
    pub(super) findings: Vec<String>,
    /// Deposits that could not be compared, with the reason, one sentence each. They are no errors.
    pub(super) not_compared: Vec<String>,
    /// Number of coins that agree.
    pub(super) agree: usize,
    /// Whether the database has more coins than were asked about.
    pub(super) has_more: bool,
}

/// Asks the trusted exchanges about the deposits in the database.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn compare(store: &Store, trusted: &[Trusted]) -> Result<Compared, Error> {
    let limit = MAX_COINS.saturating_add(1);
    let (mut coins, shops) = store.read_in_place::<_, store::Error>(|db| {
        Ok((deposits::newest(db, limit)?, instances::list(db)?))
    })?;
    let most = usize::try_from(MAX_COINS).unwrap_or(usize::MAX);
    let has_more = coins.len() > most;
    coins.truncate(most);
    let shops: HashMap<InstanceSerial, SigningKey> =
        shops.into_iter().filter_map(|shop| Some((shop.serial, shop.signing_key?))).collect();
    let mut groups: BTreeMap<BaseUrl, Vec<Sent>> = BTreeMap::new();
    for coin in coins {
        groups.entry(coin.coin.exchange_url.clone()).or_default().push(coin);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Other(error.to_string()))?;
    let mut all = Compared { has_more, ..Compared::default() };
    let http = Http::new(TIMES);
    let asking = groups.iter().map(|(url, coins)| {
        let trusted = trusted.iter().find(|trusted| trusted.base_url == *url);
        let exchange = trusted.map(|trusted| {
            Exchange::new(trusted.clone(), http.clone(), Clock::system(), None, |_| {})
        });
        ask(url, exchange, coins, &shops)
    });
    for compared in runtime.block_on(futures_util::future::join_all(asking)) {
        all.agree = all.agree.saturating_add(compared.agree);
        all.findings.extend(compared.findings);
        all.not_compared.extend(compared.not_compared);
    }
    Ok(all)
}

/// Asks one exchange about its coins.
async fn ask(
    url: &BaseUrl,
    exchange: Option<Exchange>,
    coins: &[Sent],
    shops: &HashMap<InstanceSerial, SigningKey>,
) -> Compared {
    let not_asked =
        |count: usize, why: &str| format!("{count} coins of {url} could not be compared: {why}");
    let mut compared = Compared::default();
    let Some(exchange) = exchange else {
        compared.not_compared.push(not_asked(coins.len(), "the exchange is not trusted"));
        return compared;
    };
    let reported = match exchange.inspect().await {
        Ok(reported) => reported,
        Err(error) => {
            compared.not_compared.push(not_asked(coins.len(), &error.to_string()));
            return compared;
        }
    };
    let (exchange, keys) = (&exchange, &reported.keys);
    // Only the shop's key can sign the question; without it the exchange cannot be asked.
    let (coins, keyless): (Vec<_>, Vec<_>) = coins
        .iter()
        .map(|coin| (coin, shops.get(&coin.instance)))
        .partition(|(_, key)| key.is_some());
    if !keyless.is_empty() {
        compared.not_compared.push(not_asked(keyless.len(), "the shop's key is deleted"));
    }
    let mut answers = stream::iter(&coins)
        .map(|(coin, key)| async move { (*coin, state(exchange, keys, coin, *key).await) })
        .buffered(AT_A_TIME);
    let (mut silent, mut done, mut last) = (0_usize, 0_usize, String::new());
    while silent < MAX_SILENCE
        && let Some((coin, answer)) = answers.next().await
    {
        match answer {
            Ok(state) => {
                done = done.saturating_add(1);
                match verdict(url, coin, state) {
                    Some(finding) => compared.findings.push(finding),
                    None => compared.agree = compared.agree.saturating_add(1),
                }
            }
            Err(why) => {
                silent = silent.saturating_add(1);
                last = why;
            }
        }
    }
    if silent > 0 {
        compared.not_compared.push(not_asked(coins.len().saturating_sub(done), &last));
    }
    compared
}

async fn state(
    exchange: &Exchange,
    keys: &Keys,
    coin: &Sent,
    key: Option<&SigningKey>,
) -> Result<DepositState, String> {
    let key = key.ok_or("the shop's key is deleted")?;
    let which = WhichDeposit {
        coin_pub: coin.coin.coin_pub,
        h_contract: coin.h_contract,
        h_wire: coin.h_wire,
    };
    exchange.deposit_state(keys, &which, key).await.map_err(|error| error.to_string())
}

/// The difference between the exchange's answer and the database, if there is one.
fn verdict(url: &BaseUrl, sent: &Sent, state: DepositState) -> Option<String> {
    let (order, coin) = (&sent.order_id, &sent.coin.coin_pub);
    let net = sent.coin.contribution.checked_sub(&sent.deposit_fee);
    match (sent.is_confirmed, state) {
        (true, DepositState::Unknown) => Some(format!(
            "order {order}: {url} confirmed the deposit of coin {coin} and now does not know it"
        )),
        (_, DepositState::Wired(wired)) if net != Ok(wired.coin_contribution) => Some(format!(
            "order {order}: coin {coin} paid {}, but {url} records {}",
            sent.coin.contribution, wired.coin_contribution
        )),
        (false, DepositState::Waiting(_) | DepositState::Wired(_)) => Some(format!(
            "order {order}: {url} has the deposit of coin {coin}, but its confirmation is missing here; a running \
             daemon asks for it again"
        )),
        (true, DepositState::Waiting(_) | DepositState::Wired(_))
        | (false, DepositState::Unknown) => None,
    }
}
