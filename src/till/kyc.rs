//! Which accounts which exchanges pay to, as far as deposits and keys tell (merchant-api 6.5).

use std::sync::Arc;

use serde_json::Value;

use super::trouble::{Trouble, TroubleKind};
use super::wait::Patience;
use super::{Clerk, Error, Till};
use crate::domain::account::Account;
use crate::domain::amount::Currency;
use crate::domain::exchange::{Keys, Limit};
use crate::domain::order::Topic;
use crate::domain::web::BaseUrl;
use crate::exchange::Exchange;
use crate::store::accounts;
use crate::store::kyc::{self, Ask, Pair};
use crate::taler::base32::HashCode;

/// Refused because the key of the account is not yet proven by a transfer (crypto 14.2).
const BAD_KYC_AUTH: &str = "bad_kyc_auth";

/// How an exchange stands to an account.
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
    /// Its keys make no sense.
    Broken,
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
        Self::Broken,
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
            Self::Broken => "exchange-internal-error",
        }
    }

    /// How an exchange with these keys stands to `account`, if `ask` is what it asked last.
    pub fn of(keys: &Keys, account: &Account, ask: Option<&Ask>) -> Self {
        match ask {
            _ if !keys.may_pay(&account.payto_uri) => Self::WireImpossible,
            Some(ask) if ask.reply.get(BAD_KYC_AUTH) == Some(&Value::Bool(true)) => {
                Self::WireRequired
            }
            Some(_) => Self::Required,
            None => Self::Ready,
        }
    }
}

/// How one exchange stands to one account.
#[derive(Debug)]
pub struct Kyc {
    /// How.
    pub status: KycStatus,
    /// The account.
    pub account: Account,
    /// The exchange.
    pub exchange_url: BaseUrl,
    /// What its coins are in.
    pub currency: Currency,
    /// What it said when it refused last.
    pub ask: Option<Ask>,
    /// How much it lets pass.
    pub limits: Vec<Limit>,
}

/// What is asked of accounts and exchanges, and what is waited for.
#[derive(Clone, Debug, Default)]
pub struct KycAsk {
    /// Only this account.
    pub h_wire: Option<HashCode>,
    /// Only this exchange.
    pub exchange_url: Option<BaseUrl>,
    /// Wait until one of them stands so.
    pub until: Option<String>,
    /// Wait until one of them stands otherwise.
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
    /// How each exchange stands to each account in use; only this account, only this exchange, if
    /// one is named. With patience, as soon as one of them stands as is waited for.
    ///
    /// What is known comes from deposits, so that a wait ends when coins are refused, or taken again.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn kyc(
        &self,
        clerk: &Clerk,
        ask: &KycAsk,
        patience: Patience,
    ) -> Result<Vec<Kyc>, Error> {
        self.wait_slowly(patience, Topic::Kyc(clerk.instance.serial), || async {
            let found = self.kyc_now(clerk, ask.h_wire, ask.exchange_url.as_ref()).await?;
            let enough = !ask.waits() || found.iter().any(|kyc| ask.is_met(kyc.status));
            Ok((enough, found))
        })
        .await
    }

    async fn kyc_now(
        &self,
        clerk: &Clerk,
        h_wire: Option<HashCode>,
        exchange_url: Option<&BaseUrl>,
    ) -> Result<Vec<Kyc>, Error> {
        let instance = clerk.instance.serial;
        let accounts = self.store.read(move |db| accounts::list(db, instance)).await?;
        let meant = |account: &Account| {
            account.active && h_wire.is_none_or(|h_wire| account.h_wire == h_wire)
        };
        let mut found = Vec::new();
        for account in accounts.into_iter().filter(meant) {
            for exchange in self.exchanges.iter() {
                let url = &exchange.trusted().base_url;
                if exchange_url.is_none_or(|wanted| wanted == url) {
                    found.push(self.kyc_of(clerk, account.clone(), exchange).await?);
                }
            }
        }
        Ok(found)
    }

    async fn kyc_of(
        &self,
        clerk: &Clerk,
        account: Account,
        exchange: &Exchange,
    ) -> Result<Kyc, Error> {
        let url = &exchange.trusted().base_url;
        let keys = exchange.keys().await.map_err(|error| Trouble::at(url, error).kind);
        self.kyc_by(clerk, account, exchange, keys)
    }

    /// As [`Self::kyc`] for these accounts, as far as is known already: no exchange is waited for.
    pub(super) fn known_kyc(&self, clerk: &Clerk, accounts: &[Account]) -> Result<Vec<Kyc>, Error> {
        let mut found = Vec::new();
        for account in accounts {
            for exchange in self.exchanges.iter() {
                let keys = exchange.known_keys().ok_or(TroubleKind::Keys);
                found.push(self.kyc_by(clerk, account.clone(), exchange, keys)?);
            }
        }
        Ok(found)
    }

    fn kyc_by(
        &self,
        clerk: &Clerk,
        account: Account,
        exchange: &Exchange,
        keys: Result<Arc<Keys>, TroubleKind>,
    ) -> Result<Kyc, Error> {
        let trusted = exchange.trusted();
        let exchange_url = trusted.base_url.clone();
        let (instance, h_wire) = (clerk.instance.serial, account.h_wire);
        let pair = Pair { instance, h_wire, exchange_url: exchange_url.clone() };
        let ask = self.store.glance::<_, Error>(|db| Ok(kyc::find(db, &pair)?))?;
        let status = status(keys.as_deref(), &account, ask.as_ref());
        let limits = keys.map(|keys| keys.hard_limits().to_vec()).unwrap_or_default();
        Ok(Kyc { status, account, exchange_url, currency: trusted.currency, ask, limits })
    }
}

fn status(keys: Result<&Keys, &TroubleKind>, account: &Account, ask: Option<&Ask>) -> KycStatus {
    match keys {
        Err(TroubleKind::Timeout) => KycStatus::Timeout,
        Err(TroubleKind::Unreachable) => KycStatus::Unreachable,
        Err(TroubleKind::Keys | TroubleKind::MasterKey) => KycStatus::NoKeys,
        Err(_) => KycStatus::Broken,
        Ok(keys) => KycStatus::of(keys, account, ask),
    }
}
