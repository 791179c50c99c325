//! Checks that the trusted exchanges answer, and that their keys are valid.

use std::time::Duration;

use super::{Line, clock};
use crate::cli;
use crate::exchange::{Error, Exchange, Http, Inspection, Times};
use crate::till::{ExchangeKeys, Finding, ListedExchange};
use system::clock::{Clock, show};
use taler::amount::Currency;
use taler::exchange::BadKeys;
use taler::time::Timestamp;

/// Time limit for one exchange. It is short, because a person waits at the terminal.
const TIMES: Times = Times {
    connect: Duration::from_secs(3),
    request: Duration::from_secs(3),
    download: Duration::from_secs(6),
    overall: Duration::from_secs(6),
    attempts: 1,
    pause: Duration::ZERO,
};

/// An exchange with its answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) listed: ListedExchange,
    pub(super) answer: Result<Inspection, Error>,
    /// Seconds by which our clock is ahead of the exchange's, if known.
    pub(super) off_s: Option<i64>,
}

/// Asks all exchanges concurrently.
///
/// # Errors
/// When no HTTP client can be created.
pub(super) fn ask(trusted: &[ListedExchange], clock: &Clock) -> Result<Vec<Asked>, cli::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| cli::Error::Other(error.to_string()))?;
    let http = Http::new(TIMES);
    let asking: Vec<_> = trusted
        .iter()
        .map(|listed| {
            let trusted = listed.trusted.clone();
            let exchange = Exchange::new(trusted, http.clone(), clock.clone(), None, |_| {});
            let (listed, clock) = (listed.clone(), clock.clone());
            runtime.spawn(async move {
                let answer = exchange.inspect().await;
                let reported = answer.as_ref().ok();
                let off_s = reported.and_then(|reported| {
                    clock::off_s(clock.now(), reported.date, reported.keys.issued())
                });
                Asked { listed, answer, off_s }
            })
        })
        .collect();
    let mut asked = Vec::new();
    for one in asking {
        asked.push(runtime.block_on(one).map_err(|error| cli::Error::Other(error.to_string()))?);
    }
    // A name lookup in progress must not delay the end of the program.
    runtime.shutdown_background();
    Ok(asked)
}

/// Judges the exchanges, for settings whose default currency is `currency`.
pub(super) fn check(asked: &[Asked], currency: Option<Currency>, now: Timestamp) -> Vec<Line> {
    let Some(first) = asked.first() else {
        return vec![Line::of(
            &Finding::NoExchange,
            "exchanges: none is trusted, so no wallet can pay",
            "tilld exchange add URL, like https://exchange.taler-ops.ch/ for CHF; or in the back \
             office, under Exchanges",
        )];
    };
    let mut findings: Vec<_> = asked.iter().map(|asked| one(asked, now)).collect();
    findings.extend(asked.iter().filter_map(conflict));
    if let Some(currency) = currency
        && asked.iter().all(|asked| asked.listed.trusted.currency != currency)
    {
        findings.push(Line::Warn(
            format!(
                "currency: currency.default is {currency}, but no trusted exchange uses it, so prices \
                 are in {}",
                first.listed.trusted.currency
            ),
            format!("trust an exchange of {currency}, or set currency.default to another"),
        ));
    }
    findings
}

/// The settings file and the database have different master keys for an exchange.
fn conflict(asked: &Asked) -> Option<Line> {
    let (url, key) = (&asked.listed.trusted.base_url, asked.listed.other_key?);
    Some(Line::Warn(
        format!(
            "exchange {url}: its master key is {} in the settings file and {key} in the database; the \
             settings file is used",
            asked.listed.trusted.master_public_key
        ),
        format!("remove it from the database: tilld exchange remove {url}"),
    ))
}

fn one(asked: &Asked, now: Timestamp) -> Line {
    let trusted = &asked.listed.trusted;
    let name = trusted.base_url.as_str();
    let reported = match &asked.answer {
        Ok(reported) => reported,
        Err(error) => {
            return Line::of(
                &Finding::Exchange(ExchangeKeys::Unusable),
                format!("exchange {name}: {error}"),
                remedy(&asked.listed, error),
            );
        }
    };
    let keys = &reported.keys;
    if !keys.can_sign(now) {
        return Line::of(
            &Finding::Exchange(ExchangeKeys::Unusable),
            format!("exchange {name}: all of its signing keys have expired"),
            format!("if this machine's clock is right, tell the operator of {name}"),
        );
    }
    let spendable = keys.denominations().filter(|denom| denom.is_spendable(now)).count();
    if spendable == 0 {
        return Line::of(
            &Finding::Exchange(ExchangeKeys::Unusable),
            format!("exchange {name}: it has no denomination that can be spent now"),
            format!("if this machine's clock is right, tell the operator of {name}"),
        );
    }
    let left_out = keys.left_out();
    if left_out > 0 {
        return Line::of(
            &Finding::Exchange(ExchangeKeys::Flawed),
            format!(
                "exchange {name}: {left_out} denominations have invalid signatures and are \
                 ignored; {spendable} are valid"
            ),
            format!("tell the operator of {name}; coins of the valid ones are accepted"),
        );
    }
    if !trusted.base_url.is_https() && !trusted.base_url.names_this_machine() {
        return Line::of(
            &Finding::Exchange(ExchangeKeys::Flawed),
            format!("exchange {name}: it answers without https, so others can read the traffic"),
            "if it has an https:// address, trust that instead",
        );
    }
    Line::of(
        &Finding::Exchange(ExchangeKeys::Usable),
        format!(
            "exchange {name}: {}, {spendable} spendable denominations, keys of {}",
            trusted.currency,
            show(keys.issued())
        ),
        "",
    )
}

/// What to do about an exchange whose keys could not be fetched.
fn remedy(listed: &ListedExchange, error: &Error) -> String {
    let trusted = &listed.trusted;
    let name = trusted.base_url.as_str();
    match error {
        Error::Keys(BadKeys::MasterKey(theirs)) if !listed.is_in_settings => format!(
            "ask the operator of {name} over another channel; only if they confirm the new key: tilld exchange \
             remove {name}; tilld exchange add {name} --master-key {theirs}"
        ),
        Error::Keys(BadKeys::Currency(_) | BadKeys::BaseUrl(_)) if !listed.is_in_settings => {
            format!(
                "tilld exchange remove {name}; then add it with the base URL that it reports, if you trust that"
            )
        }
        Error::Keys(BadKeys::MasterKey(theirs)) => format!(
            "ask the operator of {name} over another channel; only if they confirm the new key, set \
             master_public_key = \"{theirs}\" in its [[exchange]]"
        ),
        Error::Keys(BadKeys::Currency(_)) => format!(
            "set currency in the [[exchange]] of {name} to the exchange's, or remove the exchange"
        ),
        Error::Keys(BadKeys::BaseUrl(_)) => {
            "set base_url in its [[exchange]] to the one that it reports, if you trust that".into()
        }
        Error::Keys(BadKeys::Version(_)) => {
            "install a newer tilld, or ask the exchange's operator for an update".into()
        }
        Error::Timeout | Error::Unreachable(_) => {
            format!("check the network and base_url: curl {}", trusted.base_url.join(&["keys"]))
        }
        Error::NotJson { .. } => format!(
            "check base_url, and that no proxy answers instead: curl {}",
            trusted.base_url.join(&["keys"])
        ),
        Error::Refused { .. }
        | Error::TooLarge
        | Error::Malformed(_)
        | Error::UnknownSigningKey(_)
        | Error::Unconfirmed
        | Error::InvalidField(_)
        | Error::Keys(_) => {
            format!("check base_url, and tell the operator of {name}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use taler::exchange::Keys;
    use taler::exchange::sample::{Sample, after};

    fn asked(change: impl FnOnce(&mut serde_json::Value)) -> Asked {
        at("https://exchange.example/", change)
    }

    fn at(base_url: &str, change: impl FnOnce(&mut serde_json::Value)) -> Asked {
        let sample = Sample::at(base_url);
        let mut answer = sample.keys();
        change(&mut answer);
        let keys = Keys::read(&sample.trusted(), answer.to_string().as_bytes());
        let answer = keys.map(|keys| Inspection { keys, date: None }).map_err(Error::from);
        let listed = ListedExchange {
            trusted: sample.trusted(),
            is_in_settings: true,
            is_removed: false,
            other_key: None,
        };
        Asked { listed, answer, off_s: None }
    }

    #[test]
    fn an_exchange_that_answers_is_good_until_its_keys_are_out_of_date() {
        let good = asked(|_| {});
        let found = one(&good, after(60));
        assert!(matches!(&found, Line::Ok(_)), "{found:?}");
        let found = one(&good, Timestamp::NEVER);
        assert!(matches!(&found, Line::Fail(said, _) if said.contains("have expired")));
    }

    #[test]
    fn one_without_https_is_a_warning_unless_it_is_on_this_machine() {
        let found = one(&at("http://exchange.example/", |_| {}), after(60));
        assert!(matches!(found, Line::Warn(..)), "{found:?}");
        let found = one(&at("http://127.0.0.1:8081/", |_| {}), after(60));
        assert!(matches!(found, Line::Ok(_)), "{found:?}");
    }

    #[test]
    fn what_is_wrong_with_the_keys_is_told_with_what_to_do() {
        let other = Sample::at("https://exchange.example/").signing.public_key();
        let found =
            one(&asked(|keys| keys["master_public_key"] = other.to_string().into()), after(60));
        let Line::Fail(said, remedy) = found else { panic!("{found:?}") };
        assert!(said.contains(&other.to_string()), "{said}");
        assert!(remedy.contains(&format!("master_public_key = \"{other}\"")), "{remedy}");
        let found = one(&asked(|keys| keys["currency"] = "EUR".into()), after(60));
        assert!(matches!(&found, Line::Fail(said, _) if said.contains("EUR")), "{found:?}");
    }

    #[test]
    fn no_exchange_is_a_warning_and_so_is_none_of_the_currency() {
        let currency = |text: &str| Some(Currency::parse(text).unwrap());
        assert!(matches!(check(&[], currency("EUR"), after(60))[..], [Line::Warn(..)]));
        let all = [asked(|_| {})];
        let own = all[0].listed.trusted.currency;
        assert!(matches!(check(&all, Some(own), after(60))[..], [Line::Ok(_)]));
        // Who has set nothing has the exchange's currency.
        assert!(matches!(check(&all, None, after(60))[..], [Line::Ok(_)]));
        let found = check(&all, currency("ZZZ"), after(60));
        assert!(matches!(found[..], [Line::Ok(_), Line::Warn(..)]), "{found:?}");
    }

    #[test]
    fn what_is_wrong_with_an_exchange_of_the_database_is_mended_there() {
        let other = Sample::at("https://exchange.example/").signing.public_key();
        let mut changed = asked(|keys| keys["master_public_key"] = other.to_string().into());
        changed.listed.is_in_settings = false;
        let Line::Fail(_, remedy) = one(&changed, after(60)) else { panic!() };
        assert!(remedy.contains("tilld exchange remove https://exchange.example/"), "{remedy}");
        let mut twice = asked(|_| {});
        assert_eq!(conflict(&twice), None);
        twice.listed.other_key = Some(other);
        let Some(Line::Warn(said, remedy)) = conflict(&twice) else { panic!() };
        assert!(said.contains(&other.to_string()) && remedy.contains("exchange remove"), "{said}");
    }
}
