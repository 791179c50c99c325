//! The demo wallet, for visitors without one of their own. Its actions complete even if
//! the browser goes away.

use std::future::Future;

use super::failure::Failure;
use crate::wallet::{self, PayOptions, Wallet};
use taler::amount::Amount;
use taler::web::BaseUrl;

/// A wallet, and where its money comes from.
pub(super) struct DemoWallet {
    wallet: Wallet,
    exchange: BaseUrl,
}

/// What is in the wallet.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// What can be spent; `None` if there never was anything.
    pub(super) available: Option<Amount>,
    /// What is on its way, if something is.
    pub(super) expected: Option<Amount>,
}

impl Contents {
    /// Whether there is enough to pay `price`, as far as is known before the exchange's fees.
    pub(super) fn covers(&self, price: &Amount) -> bool {
        let there = self.available.as_ref();
        there.is_some_and(|there| there.try_cmp(price).is_ok_and(|order| order.is_ge()))
    }
}

impl DemoWallet {
    pub(super) fn new(wallet: Wallet, exchange: BaseUrl) -> Self {
        Self { wallet, exchange }
    }

    /// What there is of our exchange's money.
    pub(super) async fn contents(&self) -> Result<Contents, Failure> {
        let wallet = self.wallet.clone();
        let balances = system::blocking(move || wallet.balance()).await;
        let balances = balances.unwrap_or(Err(wallet::Error::Stopping))?;
        let ours = balances.into_iter().find(|balance| balance.exchange == self.exchange);
        Ok(ours.map_or_else(Contents::default, |balance| Contents {
            available: Some(balance.available),
            expected: Some(balance.expected).filter(|amount| !amount.is_zero()),
        }))
    }

    /// Takes money out of the exchange's tap.
    pub(super) async fn withdraw(&self, amount: Amount) -> Result<(), Failure> {
        let (wallet, exchange) = (self.wallet.clone(), self.exchange.clone());
        done(async move { wallet.withdraw(&exchange, amount).await.map(|_| ()) }).await
    }

    /// Pays what a `taler://pay/…` address asks for.
    pub(super) async fn pay(&self, uri: String) -> Result<(), Failure> {
        let wallet = self.wallet.clone();
        done(async move { wallet.pay(&uri, PayOptions::default()).await.map(|_| ()) }).await
    }

    /// Pays by a `taler://pay-template/…` address.
    pub(super) async fn use_template(
        &self,
        uri: String,
        amount: Option<Amount>,
    ) -> Result<(), Failure> {
        let wallet = self.wallet.clone();
        done(async move { wallet.use_template(&uri, amount, None).await.map(|_| ()) }).await
    }

    /// Picks up what a `taler://refund/…` address announces.
    pub(super) async fn collect(&self, uri: String) -> Result<(), Failure> {
        let wallet = self.wallet.clone();
        done(async move { wallet.refund(&uri).await.map(|_| ()) }).await
    }
}

/// Has `work` done, whether or not anybody waits for it.
async fn done(
    work: impl Future<Output = Result<(), wallet::Error>> + 'static,
) -> Result<(), Failure> {
    actix_web::rt::spawn(work).await.unwrap_or(Err(wallet::Error::Stopping)).map_err(Failure::from)
}
