//! The KYC state of each account at each exchange, from deposits and keys (merchant-api 6.5).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::exchange_error::ExchangeErrorKind;
use super::wait::WaitLimit;
use super::{Error, Principal, Till};
use crate::exchange::{Exchange, KEY_DIFFERS};
use crate::model::account::Account;
use crate::model::order::Topic;
use crate::store::kyc::{self, AccountAtExchange, KycRequest};
use crate::store::{accounts, instances};
use taler::amount::{Amount, Currency};
use taler::base32::HashCode;
use taler::exchange::{Keys, Limit, WireAccount};
use taler::payto::Payto;
use taler::sign::{PublicKey, SigningKey};
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// How often an exchange that wants to know more of a shop is asked whether it does so still: people wait for that.
const OPEN_CHECK: Duration = Duration::from_secs(600);
/// How often one that has limits for shops that it does not know is asked.
const DAILY_CHECK: Duration = Duration::from_secs(86_400);

/// When each account was checked at each exchange last. All clones of a till share it.
pub(super) type KycChecks = Arc<Mutex<HashMap<(HashCode, BaseUrl), Instant>>>;

/// An account that is to be checked at an exchange.
struct KycCheck {
    exchange: Exchange,
    pair: AccountAtExchange,
    payto_uri: Payto,
    key: SigningKey,
    /// Whether the exchange wants to know more, as far as is known.
    is_open: bool,
}

/// Refused because the key of the account is not yet proven by a transfer (crypto 14.2).
const BAD_KYC_AUTH: &str = "bad_kyc_auth";

/// KYC state of an account at an exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KycStatus {
    /// It pays.
    Ready,
    /// It wants to know whose the account is.
    Required,
    /// It wants a transfer from the account, to see whose it is.
    WireRequired,
    /// It can never pay to this account.
    WireImpossible,
    /// Its keys are not known, so it says nothing.
    NoKeys,
    /// It cannot be reached.
    Unreachable,
    /// It did not answer in time.
    Timeout,
    /// Its keys are invalid.
    ExchangeInternal,
}

impl KycStatus {
    /// Every way.
    pub const ALL: &[Self] = &[
        Self::Ready,
        Self::Required,
        Self::WireRequired,
        Self::WireImpossible,
        Self::NoKeys,
        Self::Unreachable,
        Self::Timeout,
        Self::ExchangeInternal,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Required => "kyc-required",
            Self::WireRequired => "kyc-wire-required",
            Self::WireImpossible => "kyc-wire-impossible",
            Self::NoKeys => "no-exchange-keys",
            Self::Unreachable => "exchange-unreachable",
            Self::Timeout => "exchange-gateway-timeout",
            Self::ExchangeInternal => "exchange-internal-error",
        }
    }

    /// KYC state of `account` at an exchange with these keys whose last requirement is `ask`.
    pub fn of(keys: &Keys, account: &Account, ask: Option<&KycRequest>) -> Self {
        match ask {
            _ if !keys.may_pay(&account.payto_uri) => Self::WireImpossible,
            Some(ask) if ask.reply.get(BAD_KYC_AUTH) == Some(&Value::Bool(true)) => {
                Self::WireRequired
            }
            // A transfer makes the shop's key the one that counts.
            Some(ask) if ask.code == Some(KEY_DIFFERS) => Self::WireRequired,
            Some(_) => Self::Required,
            None => Self::Ready,
        }
    }
}

/// A transfer by which a shop shows an exchange that an account and its key belong together: the
/// exchange pays nothing before. Its refusal says none of this (observed-exchange 4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KycTransfer {
    /// From which account: only this one counts, letter by letter, with the name of its holder.
    pub from: Payto,
    /// To which account of the exchange.
    pub to: Payto,
    /// The smallest amount that the exchange accepts.
    pub amount: Amount,
    /// With which subject: it has the shop's public key in it.
    pub subject: String,
}

impl KycTransfer {
    /// The transfers of which one must come from `account`, the exchange's favourite account first:
    /// one for each account of the exchange that takes money from there.
    pub fn all(keys: &Keys, account: &Account, merchant_pub: &PublicKey) -> Vec<Self> {
        let smallest = || {
            let values = keys.denominations().map(|denomination| denomination.value);
            values.min_by_key(|value| (value.value(), value.fraction()))
        };
        let Some(amount) = keys.tiny_amount().copied().or_else(smallest) else { return Vec::new() };
        let from = &account.payto_uri;
        let mut accounts: Vec<_> =
            keys.accounts().iter().filter(|to| to.may_be_paid_by(from)).collect();
        accounts.sort_by_key(|to| std::cmp::Reverse(to.priority));
        let transfer = |to: &WireAccount| Self {
            from: from.clone(),
            to: to.payto.clone(),
            amount,
            subject: format!("KYC:{merchant_pub}"),
        };
        accounts.into_iter().map(transfer).collect()
    }

    /// As an address that a bank's program can open (RFC 8905).
    pub fn payto_uri(&self) -> String {
        let to = self.to.as_str();
        let mark = if to.contains('?') { '&' } else { '?' };
        format!("{to}{mark}amount={}&message={}", self.amount, self.subject)
    }
}

/// KYC state of one account at one exchange.
#[derive(Debug)]
pub struct Kyc {
    /// How.
    pub status: KycStatus,
    /// The account.
    pub account: Account,
    /// The exchange.
    pub exchange_url: BaseUrl,
    /// Currency of its coins.
    pub currency: Currency,
    /// Its answer when it last refused a deposit.
    pub ask: Option<KycRequest>,
    /// Whether it knows the account under another key than the shop's.
    pub is_key_conflict: bool,
    /// Its limits.
    pub limits: Vec<Limit>,
    /// The transfers of which it wants one; none if it wants none.
    pub transfers: Vec<KycTransfer>,
}

/// The filter of accounts and exchanges, and the awaited state.
#[derive(Clone, Debug, Default)]
pub struct KycAsk {
    /// Only this account.
    pub h_wire: Option<HashCode>,
    /// Only this exchange.
    pub exchange_url: Option<BaseUrl>,
    /// Wait until one of them has this state.
    pub until: Option<String>,
    /// Wait until one of them has another state.
    pub until_not: Option<String>,
}

impl KycAsk {
    fn waits(&self) -> bool {
        self.until.is_some() || self.until_not.is_some()
    }

    fn is_met(&self, status: KycStatus) -> bool {
        let word = status.as_str();
        self.until.as_deref().is_none_or(|wanted| wanted == word)
            && self.until_not.as_deref().is_none_or(|unwanted| unwanted != word)
    }
}

impl Till {
    /// KYC state of each account in use at each exchange; only this account, only this exchange, if
    /// one is named. With a wait limit, as soon as one of them has the awaited state.
    ///
    /// What is known comes from deposits, so that a wait ends when coins are refused, or taken again.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn kyc(
        &self,
        principal: &Principal,
        ask: &KycAsk,
        wait_limit: WaitLimit,
    ) -> Result<Vec<Kyc>, Error> {
        self.wait_slowly(wait_limit, Topic::Kyc(principal.instance.serial), || async {
            let found = self.kyc_now(principal, ask.h_wire, ask.exchange_url.as_ref()).await?;
            let enough = !ask.waits() || found.iter().any(|kyc| ask.is_met(kyc.status));
            Ok((enough, found))
        })
        .await
    }

    async fn kyc_now(
        &self,
        principal: &Principal,
        h_wire: Option<HashCode>,
        exchange_url: Option<&BaseUrl>,
    ) -> Result<Vec<Kyc>, Error> {
        let instance = principal.instance.serial;
        let accounts = self.store.read(move |db| accounts::list(db, instance)).await?;
        let meant = |account: &Account| {
            account.active && h_wire.is_none_or(|h_wire| account.h_wire == h_wire)
        };
        let (mut found, offered) = (Vec::new(), self.offered_exchanges());
        for account in accounts.into_iter().filter(meant) {
            for exchange in &offered {
                let url = &exchange.trusted().base_url;
                if exchange_url.is_none_or(|wanted| wanted == url) {
                    found.push(self.kyc_of(principal, account.clone(), exchange).await?);
                }
            }
        }
        Ok(found)
    }

    async fn kyc_of(
        &self,
        principal: &Principal,
        account: Account,
        exchange: &Exchange,
    ) -> Result<Kyc, Error> {
        let keys = exchange.keys().await.map_err(|error| error.kind());
        self.kyc_by(principal, account, exchange, keys)
    }

    /// As [`Self::kyc`] for these accounts, as far as is known already: no exchange is waited for.
    pub(super) fn known_kyc(
        &self,
        principal: &Principal,
        accounts: &[Account],
    ) -> Result<Vec<Kyc>, Error> {
        let (mut found, offered) = (Vec::new(), self.offered_exchanges());
        for account in accounts {
            for exchange in &offered {
                let keys = exchange.known_keys().ok_or(ExchangeErrorKind::Keys);
                found.push(self.kyc_by(principal, account.clone(), exchange, keys)?);
            }
        }
        Ok(found)
    }

    fn kyc_by(
        &self,
        principal: &Principal,
        account: Account,
        exchange: &Exchange,
        keys: Result<Arc<Keys>, ExchangeErrorKind>,
    ) -> Result<Kyc, Error> {
        let trusted = exchange.trusted();
        let exchange_url = trusted.base_url.clone();
        let (instance, h_wire) = (principal.instance.serial, account.h_wire);
        let pair = AccountAtExchange { instance, h_wire, exchange_url: exchange_url.clone() };
        let ask = self.store.read_in_place::<_, Error>(|db| Ok(kyc::find(db, &pair)?))?;
        let status = status(keys.as_deref(), &account, ask.as_ref());
        let transfers = match (status, &keys) {
            (KycStatus::WireRequired, Ok(keys)) => {
                KycTransfer::all(keys, &account, &principal.instance.public_key)
            }
            _ => Vec::new(),
        };
        let limits = keys.map(|keys| keys.hard_limits().to_vec()).unwrap_or_default();
        let currency = trusted.currency;
        let is_key_conflict = ask.as_ref().is_some_and(|ask| ask.code == Some(KEY_DIFFERS));
        Ok(Kyc { status, account, exchange_url, currency, ask, is_key_conflict, limits, transfers })
    }
}

impl Till {
    /// Asks exchanges how the shops' accounts stand: those that want to know more, often; those that have limits for
    /// shops that they do not know, daily; no others. Done by the clock.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn check_kyc(&self) -> Result<(), Error> {
        let wanted: Vec<_> = self
            .offered_exchanges()
            .into_iter()
            .filter_map(|exchange| {
                let keys = exchange.known_keys()?;
                Some((exchange, keys))
            })
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let checks = self.store.read(move |db| {
            let mut checks = Vec::new();
            for shop in instances::list(db)? {
                let Some(key) = shop.signing_key.clone().filter(|_| !shop.is_deleted()) else {
                    continue;
                };
                for account in accounts::list(db, shop.serial)?.into_iter().filter(|one| one.active)
                {
                    for (exchange, keys) in &wanted {
                        let pair = AccountAtExchange {
                            instance: shop.serial,
                            h_wire: account.h_wire,
                            exchange_url: exchange.trusted().base_url.clone(),
                        };
                        let ask = kyc::find(db, &pair)?;
                        let is_new = ask.as_ref().is_some_and(|ask| is_new(ask, now));
                        if is_new || ask.is_none() && !has_limits(keys, &account) {
                            continue;
                        }
                        checks.push(KycCheck {
                            exchange: exchange.clone(),
                            pair,
                            payto_uri: account.payto_uri.clone(),
                            key: key.clone(),
                            is_open: ask.is_some(),
                        });
                    }
                }
            }
            Ok::<_, Error>(checks)
        });
        for check in self.due_checks(checks.await?) {
            self.check_account(check).await?;
        }
        Ok(())
    }

    /// Those of `checks` that are due, which are counted as done now.
    fn due_checks(&self, mut checks: Vec<KycCheck>) -> Vec<KycCheck> {
        let now = self.clock.instant();
        let mut done = self.kyc_checks.lock().unwrap_or_else(PoisonError::into_inner);
        let name = |check: &KycCheck| (check.pair.h_wire, check.pair.exchange_url.clone());
        let names: std::collections::HashSet<_> = checks.iter().map(name).collect();
        done.retain(|known, _| names.contains(known));
        checks.retain(|check| {
            let every = if check.is_open { OPEN_CHECK } else { DAILY_CHECK };
            let before = done.get(&name(check));
            let is_due =
                before.is_none_or(|before| now.saturating_duration_since(*before) >= every);
            if is_due {
                done.insert(name(check), now);
            }
            is_due
        });
        checks
    }

    async fn check_account(&self, check: KycCheck) -> Result<(), Error> {
        let KycCheck { exchange, pair, payto_uri, key, is_open } = check;
        let state = match exchange.kyc_state(&payto_uri, &key).await {
            Ok(state) => state,
            Err(error) => {
                log::debug!(
                    "{}: it does not say how an account stands: {error}",
                    pair.exchange_url
                );
                return Ok(());
            }
        };
        let now = self.clock.now();
        match state.open() {
            Some((status, code, reply)) => {
                let ask = KycRequest { status, code, reply, asked_at: now };
                self.store
                    .write::<_, Error>(move |tx| {
                        if instances::is_deleted(tx, pair.instance)? == Some(false) {
                            kyc::ask(tx, &pair, &ask)?;
                        }
                        Ok(())
                    })
                    .await
            }
            None if is_open => {
                self.store.write::<_, Error>(move |tx| Ok(kyc::clear(tx, &pair)?)).await
            }
            None => Ok(()),
        }
    }

    /// The transfers of which one shows an exchange whose an account is, and that the shop's key belongs to it.
    ///
    /// # Errors
    /// [`Error::AccountUnknown`]; [`super::Refusal::Untrusted`] for an exchange that the shop does not trust;
    /// [`Error::KycExchangeUnreachable`] if its keys are not known.
    pub async fn kyc_transfers(
        &self,
        principal: &Principal,
        h_wire: HashCode,
        exchange_url: &BaseUrl,
    ) -> Result<Vec<KycTransfer>, Error> {
        let instance = principal.instance.serial;
        let account = self.store.read_in_place(|db| accounts::find(db, instance, &h_wire))?;
        let account = account.filter(|account| account.active).ok_or(Error::AccountUnknown)?;
        let offered = self.offered_exchanges().into_iter();
        let exchange = offered.into_iter().find(|one| one.trusted().base_url == *exchange_url);
        let untrusted = || super::Refusal::Untrusted(exchange_url.clone());
        let keys = exchange.ok_or_else(untrusted)?.keys().await;
        let keys = keys.map_err(|_| Error::KycExchangeUnreachable)?;
        Ok(KycTransfer::all(&keys, &account, &principal.instance.public_key))
    }
}

/// Whether an exchange said so only now: it is left a while to change its mind.
fn is_new(ask: &KycRequest, now: Timestamp) -> bool {
    let since = now.saturating_since(ask.asked_at).duration();
    ask.asked_at <= now && since.is_some_and(|since| since < OPEN_CHECK)
}

/// Whether an exchange has limits for this account that go away once it knows whose it is.
fn has_limits(keys: &Keys, account: &Account) -> bool {
    let is_limited =
        keys.hard_limits().iter().any(|limit| limit.is_soft) || !keys.zero_limits().is_empty();
    is_limited && keys.may_pay(&account.payto_uri)
}

fn status(
    keys: Result<&Keys, &ExchangeErrorKind>,
    account: &Account,
    ask: Option<&KycRequest>,
) -> KycStatus {
    match keys {
        Err(ExchangeErrorKind::Timeout) => KycStatus::Timeout,
        Err(ExchangeErrorKind::Unreachable) => KycStatus::Unreachable,
        Err(ExchangeErrorKind::Keys | ExchangeErrorKind::MasterKey) => KycStatus::NoKeys,
        Err(_) => KycStatus::ExchangeInternal,
        Ok(keys) => KycStatus::of(keys, account, ask),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::AccountDetails;
    use taler::base32::Salt;
    use taler::exchange::sample::Sample;

    fn account(payto: &str) -> Account {
        let (payto_uri, salt) = (Payto::parse(payto).unwrap(), Salt::ZERO);
        let h_wire = payto_uri.h_wire(&salt);
        Account { h_wire, payto_uri, salt, active: true, details: AccountDetails::default() }
    }

    #[test]
    fn the_transfer_is_built_of_what_the_exchange_lists() {
        let sample = Sample::at("https://exchange.example/");
        let key = PublicKey::new([7; 32]);
        let transfers = |change: fn(&mut Value), payto: &str| {
            let mut list = sample.keys();
            change(&mut list);
            let keys = Keys::read(&sample.trusted(), list.to_string().as_bytes()).unwrap();
            KycTransfer::all(&keys, &account(payto), &key)
        };
        // The letters of the name are kept as they are.
        let own = "payto://iban/DE75512108001245126199?receiver-name=Tea+SHOP";
        let [transfer] = &transfers(|list| list["tiny_amount"] = "KUDOS:0.01".into(), own)[..]
        else {
            panic!()
        };
        assert_eq!(transfer.from.as_str(), own);
        assert_eq!(transfer.amount.to_string(), "KUDOS:0.01");
        assert_eq!(transfer.subject, format!("KYC:{key}"));
        let to = "payto://iban/DE75512108001245126199?receiver-name=Exchange";
        assert_eq!(transfer.to.as_str(), to);
        assert_eq!(transfer.payto_uri(), format!("{to}&amount=KUDOS:0.01&message=KYC:{key}"));
        // An exchange that does not say how little is enough takes the smallest coin's worth.
        let silent = transfers(|_| {}, own);
        assert_eq!(silent[0].amount.to_string(), "KUDOS:2");
        let foreign = transfers(|list| list["tiny_amount"] = "EUR:0.01".into(), own);
        assert_eq!(foreign[0].amount.to_string(), "KUDOS:2");
        // No account of the exchange takes money from such an account.
        assert_eq!(transfers(|_| {}, "payto://x-taler-bank/bank.example/a?receiver-name=A"), []);
    }
}
