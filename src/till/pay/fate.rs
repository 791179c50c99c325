//! Finds out whether an exchange has a coin that was sent to it and has no answer.
//!
//! | what is known | what is done |
//! | --- | --- |
//! | the exchange confirms | the coin counts |
//! | the answer to the only request with the coin is a refusal | the coin is dropped |
//! | there is no answer | it is sent again, alone, just as it was |
//! | it was sent again, and that is refused | the exchange is asked whether it has the coin |
//! | it has none, and no request can be on its way any more | the coin is dropped |
//! | anything else | unknown; it is retried later |
//!
//! A refusal of a coin that was sent before is no proof: an exchange may look at other things first
//! (what it knows of the shop, whether the denomination is still good) and refuse again what it has
//! taken before. That it has no such deposit is no proof either while a request may be on its way,
//! given up here and still to be carried out there.

use std::sync::Arc;
use std::time::Duration;

use super::ledger::OrderLedger;
use super::pending_deposit::{NotTaken, PendingDeposit};
use crate::exchange::{self, DepositState, Exchange, WhichDeposit};
use crate::store;
use crate::store::deposits::{self, Deposit};
use crate::till::exchange_error::ExchangeError;
use crate::till::{Error, Till};
use taler::exchange::Keys;
use taler::time::{RelativeTime, Timestamp};
use taler::web::BaseUrl;

/// How long a request may be on its way to an exchange, counted from when it was sent, whether or
/// not a client still waits for its answer. Here it lives four minutes at most (twice the longest
/// `exchanges.request_timeout_s`); a proxy in front of an exchange, and the exchange itself, give
/// up after a few minutes as well. The rest is for clocks that are set. It costs nothing but that a
/// coin in doubt stays in doubt for so long.
const ON_ITS_WAY: Duration = Duration::from_secs(15 * 60);

/// The fate of a coin.
#[derive(Debug)]
pub(super) enum Fate {
    /// The exchange has confirmed that it has it.
    Confirmed,
    /// The exchange does not have it, and the till has dropped it; why it was refused.
    Absent(ExchangeError),
    /// Unknown; why it was not confirmed.
    Unknown(ExchangeError),
}

/// The exchange's answer about a coin.
enum Whereabouts {
    /// The exchange has it.
    There,
    /// It does not have it, and nothing is on its way.
    Absent,
    /// Unknown; the reason why the exchange could not be asked, if any.
    Unknown(Option<ExchangeError>),
}

/// Whether a request that was sent then may still be in transit.
fn is_on_its_way(sent_at: Timestamp, now: Timestamp) -> bool {
    RelativeTime::from_secs(ON_ITS_WAY.as_secs())
        .is_ok_and(|longest| now.saturating_since(sent_at) < longest)
}

impl Till {
    /// Sends a coin again, alone and as it was sent before, and decides what its answer means.
    pub(super) async fn finish_coin(
        &self,
        pending: &PendingDeposit,
        coin: &Deposit,
    ) -> Result<Fate, Error> {
        let pending = pending.for_coin(&coin.what);
        let (exchange, keys) = match self.exchange_of(coin).await {
            Ok(found) => found,
            Err(exchange_error) => return Ok(Fate::Unknown(exchange_error)),
        };
        let (now, serial) = (self.clock.now(), coin.serial);
        let may = self.store.write(move |tx| deposits::send(tx, serial, now)).await;
        if !may.map_err(|error: store::Error| Error::from(error))? {
            // Its refund was decided, or its confirmation came: another task has finished it.
            let error = self.not_needed(&pending, &[coin])?;
            return Err(error.unwrap_or(Error::Store(store::Error::Busy)));
        }
        let taken = self.deposit(&pending, &exchange, &keys, &[coin], now).await?;
        let Err(NotTaken { exchange_error, is_refused }) = taken else {
            return Ok(Fate::Confirmed);
        };
        if is_refused && matches!(self.whereabouts(&pending, coin).await, Whereabouts::Absent) {
            self.drop_absent(coin).await?;
            return Ok(Fate::Absent(exchange_error));
        }
        Ok(Fate::Unknown(exchange_error))
    }

    /// Finishes all coins of an order that were sent to the exchange at `url` without an answer. When
    /// the order is paid in another way, or its payment is being aborted, the exchange is asked
    /// first, and only what it has already is sent again.
    pub(super) async fn settle_sent(
        &self,
        pending: &PendingDeposit,
        ledger: &OrderLedger,
        url: &BaseUrl,
    ) -> Result<(), Error> {
        let is_off = ledger.order.paid.is_some() || ledger.is_being_called_off();
        let mut exchange_error = None;
        for coin in ledger.unconfirmed_at(url).filter(|coin| coin.sent_at.is_some()) {
            let known = match is_off {
                true => self.whereabouts(pending, coin).await,
                false => Whereabouts::There,
            };
            let fate = match known {
                Whereabouts::There => self.finish_coin(pending, coin).await?,
                Whereabouts::Absent => {
                    self.drop_absent(coin).await?;
                    continue;
                }
                Whereabouts::Unknown(Some(exchange_error)) => Fate::Unknown(exchange_error),
                Whereabouts::Unknown(None) => continue,
            };
            if let Fate::Unknown(why) = fate {
                let is_silent = why.cause.is_silence();
                exchange_error = Some(why);
                if is_silent {
                    // It will not answer for the others either.
                    break;
                }
            }
        }
        match exchange_error {
            None => Ok(()),
            Some(exchange_error) => Err(exchange_error.into()),
        }
    }

    /// Whether a request with this coin may still be in transit. As long as the clock may be wrong, one may.
    pub(in crate::till) fn may_be_on_its_way(&self, coin: &Deposit) -> bool {
        let now = self.clock.now();
        coin.sent_at.is_some_and(|sent_at| is_on_its_way(sent_at, now) || !self.is_time_sure())
    }

    /// Whether the exchange has a coin that was sent.
    async fn whereabouts(&self, pending: &PendingDeposit, coin: &Deposit) -> Whereabouts {
        let (exchange, keys) = match self.exchange_of(coin).await {
            Ok(found) => found,
            Err(exchange_error) => return Whereabouts::Unknown(Some(exchange_error)),
        };
        let which = WhichDeposit {
            coin_pub: coin.what.coin.coin_pub,
            h_contract: pending.context.h_contract,
            h_wire: pending.context.contract.h_wire,
        };
        match exchange.deposit_state(&keys, &which, &pending.key).await {
            Ok(DepositState::Unknown) => match self.may_be_on_its_way(coin) {
                true => Whereabouts::Unknown(None),
                false => Whereabouts::Absent,
            },
            Ok(DepositState::Waiting(_)) => Whereabouts::There,
            Ok(DepositState::Wired(wired)) => {
                let coin_contribution = wired.coin_contribution;
                let ours = coin.what.coin.contribution.checked_sub(&coin.what.deposit_fee);
                if ours != Ok(coin_contribution) {
                    log::debug!(
                        "{}: has another deposit of coin {}, with contribution {coin_contribution}",
                        coin.what.coin.exchange_url.as_str(),
                        coin.what.coin.coin_pub
                    );
                    return Whereabouts::Unknown(None);
                }
                Whereabouts::There
            }
            Err(error) => {
                let exchange_error = ExchangeError::at(&coin.what.coin.exchange_url, error);
                Whereabouts::Unknown(Some(exchange_error))
            }
        }
    }

    /// The exchange that issued a coin, and its keys.
    async fn exchange_of(&self, coin: &Deposit) -> Result<(Exchange, Arc<Keys>), ExchangeError> {
        let coin = &coin.what.coin;
        let Some(exchange) = self.exchange(&coin.exchange_url) else {
            // The exchange is no longer trusted; it is not asked until it is trusted again.
            let error = exchange::Error::Unreachable("not trusted".into());
            return Err(ExchangeError::at(&coin.exchange_url, error));
        };
        match exchange.keys_with(&[coin.h_denom]).await {
            Ok(keys) => Ok((exchange, keys)),
            Err(error) => Err(ExchangeError::at(&coin.exchange_url, error)),
        }
    }

    /// Drops a coin that the exchange does not have.
    async fn drop_absent(&self, coin: &Deposit) -> Result<(), Error> {
        let (serial, sent_at) = (coin.serial, coin.sent_at);
        let dropped = self.store.write(move |tx| deposits::drop(tx, serial, sent_at)).await;
        dropped.map_err(|error: store::Error| error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_request_of_ours_lives_as_long_as_one_is_taken_to_be_on_its_way() {
        // `exchanges.request_timeout_s` is 120 at most; a deposit is asked for twice at most.
        let longest = exchange::Times::default().overall.max(Duration::from_secs(120)) * 2;
        assert!(longest * 3 < ON_ITS_WAY);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nothing_certain() {
        let at = |secs| Timestamp::from_secs(secs).unwrap();
        assert!(is_on_its_way(at(1_000), at(1_000)));
        assert!(is_on_its_way(at(1_000), at(1_899)));
        assert!(!is_on_its_way(at(1_000), at(1_900)));
        assert!(is_on_its_way(at(1_000), at(5)));
    }
}
