//! `tilld exchange …`: adds, lists and removes trusted exchanges.

use std::io::{self, BufRead, IsTerminal, Read};

use super::shop::with_till;
use super::{Error, output};
use crate::config::Config;
use crate::store::Role;
use crate::till::ExchangeRefusal;
use taler::exchange::{KNOWN_EXCHANGES, Trusted};
use taler::sign::PublicKey;
use taler::web::BaseUrl;

/// Longest answer of the user at the prompt, in bytes.
const MAX_ANSWER: u64 = 64;

impl From<ExchangeRefusal> for Error {
    fn from(refusal: ExchangeRefusal) -> Self {
        match refusal {
            ExchangeRefusal::Till(error) => Self::Till(error),
            refusal @ ExchangeRefusal::Insecure => Self::Usage(refusal.to_string()),
            refusal @ (ExchangeRefusal::Exchange(_)
            | ExchangeRefusal::InSettings
            | ExchangeRefusal::OtherKey(_)
            | ExchangeRefusal::Unfinished(_)
            | ExchangeRefusal::TooMany
            | ExchangeRefusal::Unknown) => Self::Other(refusal.to_string()),
        }
    }
}

/// Parses a base URL; adds a missing slash at the end.
fn address(text: &str) -> Result<BaseUrl, Error> {
    BaseUrl::parse(text).or_else(|_| BaseUrl::parse(format!("{text}/"))).map_err(|_| {
        Error::Usage(format!(
            "\"{text}\" is not the base URL of an exchange, like https://exchange.example.com/"
        ))
    })
}

/// `tilld exchange add URL`
pub(super) fn add(
    config: &Config,
    url: &str,
    yes: bool,
    master_key: Option<&str>,
) -> Result<(), Error> {
    let base_url = address(url)?;
    let expected = master_key.map(|text| {
        text.parse::<PublicKey>().map_err(|_| {
            Error::Usage(format!("\"{text}\" is not a master key, which has 52 characters"))
        })
    });
    let expected = expected.transpose()?;
    if config.exchange.iter().any(|known| known.base_url == base_url) {
        return Err(Error::Other(format!("{base_url} is already in the settings file")));
    }
    with_till(config, Role::Guest, |till| async move {
        let trusted = till.introduce_exchange(&base_url).await?;
        output::row(&[&"exchange", &trusted.base_url])?;
        output::row(&[&"currency", &trusted.currency])?;
        output::row(&[&"master key", &trusted.master_public_key])?;
        match expected {
            Some(expected) if expected != trusted.master_public_key => {
                return Err(Error::Other(format!(
                    "the exchange has another master key than the expected {expected}; nothing was changed"
                )));
            }
            Some(_) => {}
            None if yes => {}
            None => confirm(&trusted)?,
        }
        till.trust_exchange(trusted).await?;
        output::line(format_args!(
            "trusted {base_url}; a running daemon accepts its coins within 5 seconds"
        ))
    })
}

/// Asks whether the master key is the right one.
fn confirm(trusted: &Trusted) -> Result<(), Error> {
    let known = KNOWN_EXCHANGES.iter().find(|known| known.base_url == trusted.base_url.as_str());
    let place = known.map_or(String::new(), |known| format!(", like {}", known.operator));
    output::note(&format!(
        "\nCompare the master key with the one that the operator of the exchange publishes, by another \
         way than this{place}.\nWhoever has this key can make coins that you accept.\n\
         Trust this exchange? Type yes:"
    ));
    if !io::stdin().is_terminal() {
        return Err(Error::Usage(
            "no terminal to answer at; give the key that you have compared: --master-key KEY; \
             or trust any key: --yes"
                .into(),
        ));
    }
    let mut answer = String::new();
    io::stdin()
        .lock()
        .take(MAX_ANSWER)
        .read_line(&mut answer)
        .map_err(|error| Error::Other(format!("cannot read the answer: {error}")))?;
    match answer.trim().eq_ignore_ascii_case("yes") {
        true => Ok(()),
        false => Err(Error::Other("the exchange was not trusted; nothing was changed".into())),
    }
}

/// `tilld exchange list`
pub(super) fn list(config: &Config) -> Result<(), Error> {
    with_till(config, Role::Guest, |till| async move {
        for (listed, _) in till.listed_exchanges() {
            let trusted = &listed.trusted;
            let place = match (listed.is_in_settings, listed.is_removed) {
                (true, _) => "settings",
                (false, false) => "database",
                (false, true) => "removed",
            };
            let key = &trusted.master_public_key;
            output::row(&[&trusted.base_url, &trusted.currency, key, &place])?;
            if let Some(other) = listed.other_key {
                output::note(&format!(
                    "{}: the database has another master key, {other}; the settings file counts. To take \
                     it out of the database: tilld exchange remove {0}",
                    trusted.base_url
                ));
            }
        }
        Ok(())
    })
}

/// `tilld exchange remove URL`
pub(super) fn remove(config: &Config, url: &str) -> Result<(), Error> {
    let base_url = address(url)?;
    with_till(config, Role::Guest, |till| async move {
        match till.remove_exchange(&base_url).await {
            Ok(()) => output::line(format_args!(
                "removed {base_url}: new orders do not offer it; payments already begun are completed"
            )),
            Err(ExchangeRefusal::InSettings) => Err(Error::Other(format!(
                "{base_url} is in the settings file; remove its [[exchange]] there and restart the daemon"
            ))),
            Err(other) => Err(other.into()),
        }
    })
}
