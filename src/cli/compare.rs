//! `tilld check --ask-exchanges`: do the exchanges have the coins that the books say they have? Each is
//! asked about each coin, and nothing is changed.

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

/// Most coins that are asked for, the newest first: an exchange is not ours to keep busy.
const MAX_COINS: u32 = 10_000;
/// Questions to one exchange at the same time.
const AT_A_TIME: usize = 4;
/// After so many questions without an answer, an exchange is not asked any more.
const MAX_SILENCE: usize = 3;
/// Nobody waits at a counter for the answer.
const TIMES: Times = Times {
    connect: Duration::from_secs(5),
    request: Duration::from_secs(15),
    download: Duration::from_secs(60),
    overall: Duration::from_secs(30),
    attempts: 2,
    pause: Duration::from_millis(500),
};

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// What does not agree, one sentence each.
    pub(super) findings: Vec<String>,
    /// What could not be compared, one sentence each. It says nothing about the books.
    pub(super) not_compared: Vec<String>,
    /// How many coins agree.
    pub(super) agree: usize,
    /// Is there more than was asked for?
    pub(super) has_more: bool,
}

/// Asks the exchanges that are trusted about the coins in the books.
///
/// # Errors
/// When the books cannot be read.
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
        compared.not_compared.push(not_asked(coins.len(), "it is not trusted (any more)"));
        return compared;
    };
    let told = match exchange.inspect().await {
        Ok(told) => told,
        Err(error) => {
            compared.not_compared.push(not_asked(coins.len(), &error.to_string()));
            return compared;
        }
    };
    let (exchange, keys) = (&exchange, &told.keys);
    // Nobody else can ask for these, and the exchange is not at fault.
    let (coins, keyless): (Vec<_>, Vec<_>) = coins
        .iter()
        .map(|coin| (coin, shops.get(&coin.instance)))
        .partition(|(_, key)| key.is_some());
    if !keyless.is_empty() {
        compared.not_compared.push(not_asked(keyless.len(), "their shop's key is gone"));
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
    let key = key.ok_or("the shop's key is gone")?;
    let which = WhichDeposit {
        coin_pub: coin.coin.coin_pub,
        h_contract: coin.h_contract,
        h_wire: coin.h_wire,
    };
    exchange.deposit_state(keys, &which, key).await.map_err(|error| error.to_string())
}

/// What is wrong, if the exchange says something else than the books.
fn verdict(url: &BaseUrl, sent: &Sent, state: DepositState) -> Option<String> {
    let (order, coin) = (&sent.order_id, &sent.coin.coin_pub);
    let net = sent.coin.contribution.checked_sub(&sent.deposit_fee);
    match (sent.is_confirmed, state) {
        (true, DepositState::Unknown) => Some(format!(
            "order {order}: {url} has confirmed the coin {coin}, and now knows nothing of it"
        )),
        (_, DepositState::Wired { coin_contribution }) if net != Ok(coin_contribution) => {
            Some(format!(
                "order {order}: the coin {coin} gave {}, and {url} has paid {coin_contribution}",
                sent.coin.contribution
            ))
        }
        (false, DepositState::Waiting | DepositState::Wired { .. }) => Some(format!(
            "order {order}: {url} has the coin {coin}, and its confirmation is missing; a running \
             daemon asks for it"
        )),
        (true, DepositState::Waiting | DepositState::Wired { .. })
        | (false, DepositState::Unknown) => None,
    }
}
